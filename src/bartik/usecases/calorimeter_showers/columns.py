"""What goes into the models and what comes out, and the shape of a shower."""

from __future__ import annotations

from bartik.core import Column, Signature, TensorSpec

LAYERS, RINGS, SECTORS = 15, 5, 4
"""Of the calorimeters that the models know; their sizes, materials and angles may be others."""
VOXELS = LAYERS * RINGS * SECTORS
CHANNELS = RINGS * SECTORS
"""Numbers by which a layer is known: one divides energy among layers, the others divide the layer."""
ENERGY = TensorSpec("energy", "float32", ("showers", 1), (Column("energy", "MeV", "kinetic energy of the particle"),))
SHOWERS = TensorSpec("showers", "float32", ("showers", VOXELS))
"""Energies of the voxels in MeV: rings run fastest, then sectors, then layers."""


def signature_of(noise: int) -> Signature:
    """Energy of the particle and ``noise`` independent Gaussian numbers of width 1 to voxels."""
    return Signature((ENERGY, TensorSpec("noise", "float32", ("showers", noise))), (SHOWERS,))
