"""How near a sample of showers is to a reference: the metrics of the CaloChallenge (arXiv:2410.21611)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bartik.core import Array, Arrays, Config, Interval
from bartik.core.voxels import Binning
from bartik.metrics import fpd, kpd, neighbourhoods, two_sample_auc
from bartik.metrics.shower_observables import GROUPS, high_level, low_level, observables, separation_powers

_HIGH = 0.4
"""Share of the highest energy from which on energies are high."""


@dataclass(frozen=True)
class Sample:
    """Showers [showers, voxels] in MeV, incident energies [showers] in MeV, and observables."""

    showers: Array
    incident: Array
    observables: Arrays

    @classmethod
    def of(cls, showers: Array, incident: Array, binning: Binning) -> Sample:
        """With the observables computed."""
        return cls(showers, incident, observables(showers, incident, binning))


def judged(reference: Sample, sample: Sample, threshold: float, options: Config) -> dict[str, Interval]:
    """All metrics; ``options`` are those of the table ``judge``. The low level is that of the better of two classifiers."""
    real, made = (high_level(one.observables, one.incident) for one in (reference, sample))
    real_voxels, made_voxels = (low_level(one.showers, one.incident, threshold) for one in (reference, sample))
    powers = separation_powers((reference.showers, reference.observables), (sample.showers, sample.observables))
    around = neighbourhoods(real, made, rows=options.neighbours)
    hidden = tuple(options.hidden)
    network = two_sample_auc(real_voxels, made_voxels, "network", hidden=hidden, epochs=options.epochs)
    trees = two_sample_auc(real_voxels, made_voxels, "trees")
    return {
        "AUC, low level": max(network, trees, key=lambda found: found.value),
        "AUC, low level, network": network,
        "AUC, low level, trees": trees,
        "AUC, high level": two_sample_auc(real, made, "network", hidden=hidden, epochs=options.epochs),
        "FPD": fpd(real, made, batches=options.draws),
        "KPD": kpd(real, made),
        **{name: Interval(value, value, value) for name, value in around.items()},
        "resolution": _resolution(sample),
        **{f"separation, {name}": Interval(powers[name], powers[name], powers[name]) for name in GROUPS},
    }


def resolution_at_high_energies(seen: Array, incident: Array, highest: float) -> float:
    """Spread of ``seen`` over ``incident`` energies [showers] in units of its mean, from 0.4 of the ``highest`` on."""
    ratio = (seen / incident)[incident > _HIGH * highest]
    return float(ratio.std() / ratio.mean())


def _resolution(sample: Sample) -> Interval:
    """Spread of E_tot / E_inc times the root of the energy in GeV: near the stochastic term."""
    pulls = (sample.observables["E_tot / E_inc"][:, 0] - 1) * np.sqrt(sample.incident / 1000)
    low = pulls[sample.incident < np.quantile(sample.incident, 0.3)]
    value, error = float(low.std()), float(low.std() / np.sqrt(2 * max(len(low), 1)))
    return Interval(value, value - error, value + error)
