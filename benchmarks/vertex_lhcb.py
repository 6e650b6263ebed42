"""Vertices in LHCb's own simulated events: `vertex_lhcb.py RUN MINBIAS`.

RUN is the folder of `bartik run vertex_finding`, MINBIAS that of Allen's inputs (`banks/VP`, `MC_info/PVs`). Tracks are found in the raw
hits by our search; networks and thresholds are those of the run, which has seen the toy alone.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from bartik.backends import prepare
from bartik.core import BartikError
from bartik.core.bundle import open_bundle
from bartik.core.files import read_arrays
from bartik.metrics.vertices import false_vertices, match_vertices, vertex_efficiency, vertex_resolution
from bartik.usecases.vertex_finding.found import read_lhcb_events
from bartik.usecases.vertex_finding.targets import FEWEST
from bartik.usecases.vertex_finding.together import searches

_LOW, _HIGH = -200.0, 200.0  # mm


def main(arguments: list[str]) -> int:
    """Print what each search finds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("events", type=Path, metavar="MINBIAS")
    options = parser.parse_args(arguments)
    try:
        print(table(options.run, options.events))
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def table(run: Path, folder: Path) -> str:
    """In Markdown."""
    events = read_lhcb_events(folder)
    wanted = np.concatenate([(event.count >= FEWEST) & (event.z > _LOW) & (event.z < _HIGH) for event in events])
    sessions = {part: prepare(open_bundle(run / part / "bundle"), "onnxruntime") for part in ("kde", "peaks", "joined", "small")}
    thresholds = read_arrays(run / "whole.npz")
    lines = [f"{len(events)} events, {sum(map(len, events))} tracks found.", "", "| | found | false | resolution mm |", "|---" * 4 + "|"]
    for name, search in searches(sessions).items():
        threshold = float(thresholds[f"threshold|{name}"])
        vertices = match_vertices([search(event) for event in events], [event.z for event in events])
        found = round(vertex_efficiency(vertices, wanted, threshold).value * int(wanted.sum()))
        false = round(false_vertices(vertices, threshold).value * len(events))
        lines.append(f"| {name} | {found} of {wanted.sum()} | {false} | {vertex_resolution(vertices, wanted, threshold).value:.3f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
