"""What there is to see: species told apart, kept and taken for another in bins, whether probabilities are true, unseen channels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from matplotlib.figure import Figure

from bartik import plots
from bartik.core import Array, Arrays, Interval
from bartik.metrics import BinnedEfficiency
from bartik.simulation.identification import SPECIES
from bartik.usecases.particle_identification.lhcb import CUT, TUNES
from bartik.usecases.particle_identification.robustness import sign
from bartik.usecases.particle_identification.together import TREES

Drawn = tuple[str, str, Figure]
_WORDS = {"e": "electron", "mu": "muon", "pi": "pion", "K": "kaon", "p": "proton", "ghost": "ghost"}
_ALONG = {"p": ("momentum p [GeV]", True), "eta": ("pseudorapidity η", False), "n_tracks": ("tracks in the event", False)}
_DLL_EDGES = [-60.0, -50.0, -40.0, -30.0, -20.0, -10.0, -5.0, 0.0, 5.0, 10.0, 20.0, 30.0, 40.0, 60.0]
_SHOWN = ("multi-class", "robust", TREES, "combined DLL")


def figures(arrays: Arrays, metrics: dict[str, Any]) -> Iterator[Drawn]:
    """ROC of every species; kaons and pions in bins; calibration; sign test; what LHCb's own data say, where they were there."""
    yield "Species told apart", "Others: all five other species, as many of each. Lower is better.", _roc(arrays, list(metrics))
    for variable in _ALONG:
        yield _bins(arrays, variable)
    for model in ("multi-class", "one against rest"):
        yield _calibration(arrays, model)
    yield _robustness(arrays["robustness"])
    if "lhcb protons" in arrays:
        yield from _lhcb(arrays)


def _roc(arrays: Arrays, models: list[str]) -> Figure:
    curves = {name: {model: arrays[f"roc {name}|{model}"] for model in models} for name in SPECIES}
    return plots.species_roc(curves, _WORDS)


def _bins(arrays: Arrays, variable: str) -> Drawn:
    xlabel, log = _ALONG[variable]
    found = [{model: arrays[f"bins {variable} {name}|{model}"] for model in _SHOWN} for name in ("K", "pi")]
    figure = plots.kept_in_bins(found[0], found[1], xlabel, names=("kaons kept", "pions kept"), log=log)
    caption = "At the cut on the kaon's number that 5% of all pions pass. Intervals are 68.3%."
    return f"Kaons and pions against {xlabel.split(' [')[0]}", caption, figure


def _calibration(arrays: Arrays, model: str) -> Drawn:
    points = {_WORDS[name]: arrays[f"calibration {name}|{model}"] for name in SPECIES}
    caption = "Test tracks, as many of each species, in ten bins of the probability. Dotted: as it should be."
    return f"Calibration, {model}", caption, plots.reliability(points)


def _robustness(table: Array) -> Drawn:
    wins, p = sign(table)
    lost = table[:, 0] - table[:, 1], table[:, 2] - table[:, 3]
    caption = (
        f"Mean AUC lost on channels that training has not seen, a point a seed. With decomposition less is lost in {wins} of {len(table)} "
        f"(sign test, p = {p:.2g})."
    )
    figure = plots.paired_losses(*lost, names=("ordinary", "robust"), what="AUC lost on unseen channels")
    return "Robustness", caption, figure


def _lhcb(arrays: Arrays) -> Iterator[Drawn]:
    """Protons in bins of momentum, tunes on Z muons, pions and kaons of B -> D K* candidates."""
    low, high, value, error = arrays["lhcb protons"].T
    bins = [Interval(*ends) for ends in zip(value, value - error, value + error, strict=True)]
    binned = BinnedEfficiency((*(low / 1000), high[-1] / 1000), tuple(bins), (0,) * len(bins))
    figure = plots.efficiency_in_bins({"protons": binned}, "momentum p [GeV]", ylabel="DLLp > 5", capped=False)
    yield "LHCb: protons of Run 3", "Sums of sWeights, errors from their squares: values above 100% are as they should be.", figure
    rows = [(tune.rstrip("_") or "default", *pair) for tune, pair in zip(TUNES, arrays["lhcb tunes"], strict=True)]
    caption = "Probes of 2012 beside a tagged muon, sidebands of the mass subtracted. How many others pass is not known."
    yield "LHCb: muons of Z decays", caption, plots.named_intervals(rows, f"Z muons with ProbNNmu > {CUT}")
    samples = {"pions of K_S": arrays["lhcb pions"][:, 0], "kaon candidates of K*": arrays["lhcb kaons"][:, 0]}
    caption = "Real tracks of 2012: pions known by the mass of the K_S; kaon candidates, already selected with ProbNNk above 0.3."
    yield "LHCb: log-likelihoods of B -> D K* candidates", caption, plots.distributions(samples, _DLL_EDGES, "DLL(K - pi)", ratio=False)
