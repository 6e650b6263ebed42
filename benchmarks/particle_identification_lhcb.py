"""LHCb's own data: protons of Run 3 with sWeights, ProbNN's tunes on Z muons, kaons and pions of B -> D K* candidates.

    python benchmarks/particle_identification_lhcb.py --folder 01_pid [--table TABLE.json]

FOLDER holds `pidcalib_run3_proton_Lc.npz`, `lhcb2012_Zmumu_candidates_batch*.root` and `Collision12-ANNPID.root`. TABLE gets the
efficiency of protons in PIDCalib2's bins of momentum and pseudorapidity.
"""

from __future__ import annotations

import argparse
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

from bartik.core import BartikError
from bartik.data.tables import read_table
from bartik.metrics import auc, efficiency, pidcalib_edges
from bartik.usecases.particle_identification.lhcb import (
    MUONS,
    PROTONS,
    WIDE,
    kaons_and_pions,
    low_mass_shares,
    muons_in_bins,
    proton_table,
    read_probes,
    tune_efficiencies,
)

_WHOLE = {"P": np.array([0.0, 1e9])}


def main(arguments: list[str]) -> int:
    """Print the tables."""
    options = _parser().parse_args(arguments)
    try:
        _protons(options.folder / PROTONS, options.table)
        _muons(sorted(options.folder.glob(MUONS)))
        _wide(options.folder / WIDE)
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _protons(path: Path, target: Path | None) -> None:
    print("| protons, DLLp above | efficiency | P 3 to 9.3 GeV | 15.6 to 19 GeV | 46 to 51.4 GeV | 94.6 to 100 GeV |")
    print("|---|---|---|---|---|---|")
    for cut in (0.0, 5.0, 10.0):
        whole, binned = proton_table(path, cut, _WHOLE), proton_table(path, cut, {"P": pidcalib_edges("P")})
        places = [f"{100 * binned.values[k]:.2f} ± {100 * binned.errors[k]:.2f}%" for k in (0, 2, 8, 17)]
        print(f"| {cut:g} | {100 * whole.values[0]:.2f} ± {100 * whole.errors[0]:.2f}% | {' | '.join(places)} |")
    if target:
        proton_table(path, 5.0, {name: pidcalib_edges(name) for name in ("P", "ETA")}).write(target)
    table = read_table(path, ["sWeight", "DLLp"])
    near = np.corrcoef(table["sWeight"][1:], table["sWeight"][:-1])[0, 1]
    print(f"\nsWeights of neighbouring rows are correlated: {near:.3f}; of sWeight and DLLp: {np.corrcoef(*table.values())[0, 1]:.3f}\n")


def _muons(paths: list[Path]) -> None:
    probes = read_probes(paths)
    edges = [10.0, 100.0, 250.0, 600.0, 2000.0]
    head = " | ".join(f"{low:g} to {high:g} GeV" for low, high in pairwise(edges))
    print(f"{len(probes.mass)} probes\n")
    print(f"| tune of ProbNNmu | Z muons above 0.1 | 0.5 | 0.8 | low masses above 0.5 | Z muons above 0.5, {head} |")
    print(f"|{'---|' * (4 + len(edges))}")
    found, low = [tune_efficiencies(probes, cut) for cut in (0.1, 0.5, 0.8)], low_mass_shares(probes)
    for tune in probes.answers:
        binned = muons_in_bins(probes, tune, edges)
        cells = [f"{100 * one[tune].value:.1f} ± {100 * (one[tune].high - one[tune].value):.1f}%" for one in [*found, low]]
        cells += [f"{100 * value:.1f} ± {100 * error:.1f}%" for value, error in zip(binned.values, binned.errors, strict=True)]
        print(f"| {tune.rstrip('_') or 'default'} | {' | '.join(cells)} |")


def _wide(path: Path) -> None:
    tracks = kaons_and_pions(path)
    print("\n| cut | pions of K_S that pass |\n|---|---|")
    for place, cut, name in ((0, 0.0, "PIDK > 0"), (0, 5.0, "PIDK > 5"), (1, 0.1, "ProbNNk > 0.1"), (1, 0.3, "ProbNNk > 0.3")):
        found = efficiency(tracks["pions"][:, place] > cut)
        print(f"| {name} | {100 * found.value:.1f} (-{100 * (found.value - found.low):.1f} +{100 * (found.high - found.value):.1f})% |")
    areas = [auc(tracks["kaons"][:, place], tracks["pions"][:, place]) for place in (0, 1)]
    shown = [f"{name} {one.value:.3f} ({one.low:.3f} to {one.high:.3f})" for name, one in zip(("PIDK", "ProbNNk"), areas, strict=True)]
    counts = f"{len(tracks['pions'])} pions, {len(tracks['kaons'])} kaon candidates"
    print(f"\n{counts}, AUC: {', '.join(shown)} (the candidates are cut on ProbNNk)")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--table", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
