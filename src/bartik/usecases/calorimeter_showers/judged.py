"""How near a sample of showers is to a reference: the metrics of the CaloChallenge (arXiv:2410.21611)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from bartik.core import Array, Arrays, Config, Interval
from bartik.core.voxels import Binning
from bartik.metrics import bootstrap, fpd, kpd, neighbourhoods, two_sample_auc
from bartik.metrics.shower_observables import GROUPS, high_level, low_level, observables, separation_powers

_EDGES = (0.003, 0.02, 0.1, 0.4)
"""Shares of the highest energy between which showers are looked at together: from the last on energies are high."""
_FEWEST = 10
"""Showers that have a spread."""


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


def by_energy(sample: Sample, energies: tuple[float, float]) -> dict[str, Interval]:
    """Mean of E_tot / E_inc and its spread over its mean in percent, in bins of energy; ``energies`` in MeV, lowest and highest.

    Showers of other energies are left out, and bins with fewer than `_FEWEST`.
    """
    low, high = energies
    edges = [low, *(share * high for share in _EDGES if low < share * high), high]
    ratio, found = sample.observables["E_tot / E_inc"][:, 0], {}
    place = np.digitize(sample.incident, edges) - (sample.incident == high)
    for number, (least, most) in enumerate(pairwise(edges), 1):
        inside = ratio[place == number]
        if len(inside) >= _FEWEST:
            where = f"{least / 1000:g} to {most / 1000:g} GeV"
            found[f"response, {where}"] = bootstrap(partial(_mean, inside), np.arange(len(inside)))
            found[f"resolution in percent, {where}"] = _percent(_relative_spread(inside))
    return found


def resolution_at_high_energies(seen: Array, incident: Array, highest: float) -> Interval:
    """Spread of ``seen`` over ``incident`` energies [showers] in units of its mean, in percent, from 0.4 of the ``highest`` on."""
    chosen = (seen / incident)[incident >= _EDGES[-1] * highest]
    return _percent(_relative_spread(chosen)) if len(chosen) >= _FEWEST else Interval(np.nan, np.nan, np.nan)


def _relative_spread(values: Array) -> Interval:
    """Spread of ``values`` [showers] over their mean; the interval is that of values drawn again."""
    return bootstrap(partial(_spread_over_mean, np.asarray(values, np.float64)), np.arange(len(values)))


def _mean(values: Array, drawn: Array) -> float:
    return float(drawn @ values / drawn.sum())


def _spread_over_mean(values: Array, drawn: Array) -> float:
    mean = _mean(values, drawn)
    return float(np.sqrt(drawn @ (values - mean) ** 2 / drawn.sum()) / mean)


def _percent(found: Interval) -> Interval:
    return Interval(100 * found.value, 100 * found.low, 100 * found.high)


def _resolution(sample: Sample) -> Interval:
    """Spread of E_tot / E_inc times the root of the energy in GeV: near the stochastic term."""
    pulls = (sample.observables["E_tot / E_inc"][:, 0] - 1) * np.sqrt(sample.incident / 1000)
    low = pulls[sample.incident < np.quantile(sample.incident, 0.3)]
    value, error = float(low.std()), float(low.std() / np.sqrt(2 * max(len(low), 1)))
    return Interval(value, value - error, value + error)
