"""What LHCb's own data say, where they are there: protons of Run 3, muons of Z decays and the tracks of B -> D K* candidates of 2012.

None of these has a truth: efficiencies are of what a mass or an sWeight tells, and what a selection has cut on is not measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Arrays, DataError, Interval, Progress
from bartik.core.places import samples
from bartik.data.tables import read_table
from bartik.metrics import EfficiencyTable, efficiency, efficiency_table, pidcalib_edges, weighted_efficiency

FOLDER = "01_pid"
PROTONS, WIDE, MUONS = "pidcalib_run3_proton_Lc.npz", "Collision12-ANNPID.root", "lhcb2012_Zmumu_candidates_batch*.root"
TUNES = ("", "MC12TuneV2_", "MC12TuneV3_", "MC12TuneV4_", "MC15TuneV1_")
"""Of ProbNN, as its columns begin; the first is the one that the program took without being asked."""
CUT = 0.5
"""On ProbNNmu."""
_TAG = 4.0  # difference of log-likelihoods of a muon and a pion
_WINDOW, _SIDES, _LOW = (85e3, 97e3), ((70e3, 80e3), (102e3, 115e3)), (40e3, 60e3)  # MeV
_K_SHORT, _HALF = 497.611, 8.0  # MeV


class Probes(NamedTuple):
    """Muon candidates [probes] beside a tag: mass of the pair and momentum in MeV, weight of Z decays, answers by tune."""

    mass: Array
    p: Array
    weights: Array
    answers: Mapping[str, Array]


def on_lhcb(progress: Progress) -> Arrays:
    """Arrays for figures of `proton_table`, `tune_efficiencies` and `kaons_and_pions`; none where ``BARTIK_DATA`` has no such files."""
    folder = samples()
    folder = folder / FOLDER if folder else None
    if folder is None or not (folder / PROTONS).is_file():
        progress("no LHCb data here: BARTIK_DATA names no folder with 01_pid")
        return {}
    table = proton_table(folder / PROTONS, 5.0, {"P": pidcalib_edges("P")})
    rows = table.rows()
    found: Arrays = {"lhcb protons": np.stack([rows[name] for name in ("P_low", "P_high", "efficiency", "error")], axis=1)}
    probes = read_probes(sorted(folder.glob(MUONS)))
    tunes = tune_efficiencies(probes)
    found["lhcb tunes"] = np.array([[one.value, one.high - one.value] for one in tunes.values()])
    progress(f"Z muons with ProbNNmu above {CUT}: " + ", ".join(f"{tune or 'default'} {one.value:.3f}" for tune, one in tunes.items()))
    return found | {f"lhcb {name}": values for name, values in kaons_and_pions(folder / WIDE).items()}


def proton_table(path: Path, cut: float, edges: Mapping[str, Array]) -> EfficiencyTable:
    """Protons whose ``DLLp`` is above a cut, with sWeights, in bins of columns of the file (``P`` in MeV, ``ETA``, ``nLongTracks``)."""
    table = read_table(path, ["sWeight", "DLLp", *edges])
    return efficiency_table(
        table["DLLp"] > cut, table, {name: np.asarray(values).tolist() for name, values in edges.items()}, table["sWeight"]
    )


def read_probes(paths: list[Path]) -> Probes:
    """Both muons of every Z candidate in turn, where the other is a tag by its log-likelihood and all tunes have an answer.

    Weights are 1 in the peak and negative in the sidebands, such that what is linear in the mass cancels.
    """
    if not paths:
        raise DataError("no files of Z candidates", hint=f"wanted {MUONS}")
    parts = [_probes(path, *legs) for path in paths for legs in ((1, 2), (2, 1))]
    mass, p = (np.concatenate([getattr(part, name) for part in parts]) for name in ("mass", "p"))
    answers = {tune: np.concatenate([part.answers[tune] for part in parts]) for tune in TUNES}
    return Probes(mass, p, _sideband_weights(mass), answers)


def tune_efficiencies(probes: Probes, cut: float = CUT) -> dict[str, Interval]:
    """Of each tune the share of Z muons above the ``cut``.

    How many others pass the same cut is not known: all candidates have passed isMuon, and those of low mass are muons for the most part.
    """
    return {tune: weighted_efficiency(answers > cut, probes.weights) for tune, answers in probes.answers.items()}


def low_mass_shares(probes: Probes, cut: float = CUT) -> dict[str, Interval]:
    """The share of candidates of low mass above the ``cut``, softer muons and hadrons together, of each tune."""
    low = (probes.mass > _LOW[0]) & (probes.mass < _LOW[1])
    return {tune: efficiency(answers[low] > cut) for tune, answers in probes.answers.items()}


def muons_in_bins(probes: Probes, tune: str, edges: list[float], cut: float = CUT) -> EfficiencyTable:
    """Efficiency of one tune as in `tune_efficiencies`, in bins of the momentum in GeV."""
    return efficiency_table(probes.answers[tune] > cut, {"p": probes.p / 1000}, {"p": edges}, probes.weights)


def kaons_and_pions(path: Path) -> Arrays:
    """Of pions of K_S decays [tracks, 2] and of kaon candidates of K* [tracks, 2]: PIDK and ProbNNk.

    A pion of a K_S is known by the mass alone. Kaon candidates were selected with ProbNNk > 0.3: they say nothing of its efficiency.
    Each track counts once, however many candidates have it.
    """
    names = [f"{track}_{value}" for track in ("KsPim", "KsPip", "KstK") for value in ("PIDK", "ProbNNk", "P")]
    table = read_table(path, [*names, "Ks_M"])
    peak = np.abs(table["Ks_M"] - _K_SHORT) < _HALF
    pions = np.concatenate([_tracks(table, track, peak) for track in ("KsPim", "KsPip")])
    return {"pions": pions, "kaons": _tracks(table, "KstK", np.ones(len(peak), bool))}


def _tracks(table: Arrays, track: str, kept: npt.NDArray[np.bool_]) -> Array:
    """PIDK and ProbNNk [tracks, 2] of those that have a log-likelihood, each momentum once."""
    kept = kept & (table[f"{track}_PIDK"] > -900)
    first = np.unique(table[f"{track}_P"][kept], return_index=True)[1]
    return np.stack([table[f"{track}_{value}"][kept][first] for value in ("PIDK", "ProbNNk")], axis=1)


def _probes(path: Path, tag: int, probe: int) -> Probes:
    names = [f"muon{probe}_{tune}ProbNNmu" for tune in TUNES]
    table = read_table(path, ["Z_MM", f"muon{tag}_PIDmu", f"muon{probe}_P", *names])
    kept = (table[f"muon{tag}_PIDmu"] > _TAG) & np.all([table[name] >= 0 for name in names], axis=0)
    mass = table["Z_MM"][kept]
    answers = {tune: table[name][kept] for tune, name in zip(TUNES, names, strict=True)}
    return Probes(mass, table[f"muon{probe}_P"][kept], np.zeros(len(mass)), answers)


def _sideband_weights(mass: Array) -> npt.NDArray[np.float64]:
    inside = (mass > _WINDOW[0]) & (mass < _WINDOW[1])
    beside = np.any([(mass > low) & (mass < high) for low, high in _SIDES], axis=0)
    width = sum(high - low for low, high in _SIDES)
    return np.where(inside, 1.0, np.where(beside, -(_WINDOW[1] - _WINDOW[0]) / width, 0.0))
