"""How many numbers a shower of the flow and of flow matching is made of; without torch."""

from __future__ import annotations

from bartik.usecases.calorimeter_showers.columns import VOXELS

LATENT = 8
"""Hidden numbers of a shower."""
NOISE = LATENT + VOXELS
"""Gaussian numbers that a shower is made of."""
