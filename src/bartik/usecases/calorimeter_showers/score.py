"""How near showers of a model are to those of the target, in a few numbers: for one model; `together` compares all."""

from __future__ import annotations

import numpy as np

from bartik.core import Arrays, Dataset, Interval
from bartik.metrics import fpd, two_sample_auc
from bartik.metrics.shower_observables import between, high_level, observables, separation_powers
from bartik.usecases.calorimeter_showers.sample import geometry_named

HEADLINE = "Fréchet physics distance"
SMALLER_IS_BETTER = ("Fréchet physics distance", "separation power", "separation power, E_tot", "AUC of a classifier, high level")


def score(outputs: Arrays, data: Dataset) -> dict[str, Interval]:
    """Of voxels [showers, voxels] in MeV for the incident energies of ``data``, whose target are simulated showers."""
    binning = geometry_named().binning
    energy = data.inputs["energy"][:, 0]
    made, real = outputs["showers"], data.target
    found, wanted = observables(made, energy, binning), observables(real, energy, binning)
    powers = separation_powers((real, wanted), (made, found))
    features = high_level(wanted, energy), high_level(found, energy)
    return {
        "Fréchet physics distance": fpd(*features, batches=2, points=4),
        "separation power": between(list(powers.values())),
        "separation power, E_tot": between([powers["E_tot / E_inc"]]),
        "AUC of a classifier, high level": two_sample_auc(*features, "trees"),
        "response": between(list(made.sum(1) / np.maximum(energy, 1e-9))),
    }
