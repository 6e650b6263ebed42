"""Ultra-fast simulation: every cut efficiency in bins of momentum, of so many particles that its errors are small.

python benchmarks/ultrafast_cuts.py RUN [--rows N] [--seed N] [--conditions NAME] [--state FILE.json] [--figure FILE.png]

RUN is a folder of bartik run ultrafast_simulation; with conditions of another period its models are judged where they have not learnt.

The library beside the full toy, and the full toy drawn again beside it. Particles are those of fresh events in each piece, more in the bins
where fewer are identified; what was counted is kept after each piece, so that the same command goes on where it was stopped, or adds to it
with more rows.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bartik import plots
from bartik.core import Array, Arrays, BartikError, UsageError, load_config
from bartik.core.bundle import open_bundle
from bartik.core.digest import digest_values
from bartik.core.files import read_json, write_json
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.core.provenance import revision
from bartik.profile.machine import machine
from bartik.usecases.ultrafast_simulation.chain import EVERY
from bartik.usecases.ultrafast_simulation.counters import Places
from bartik.usecases.ultrafast_simulation.judged import MOMENTA, cut_list, of_full_toy
from bartik.usecases.ultrafast_simulation.library import Library, build_chain
from bartik.usecases.ultrafast_simulation.particles import Particles, drawn_anew, taught
from bartik.usecases.ultrafast_simulation.truth import full_toy

NAME = "ultrafast_simulation"
SAMPLES = ("full toy", "ultra-fast", "full toy, drawn again")
EDGES = np.concatenate([[1.0], MOMENTA])
SHARES = np.array([0.8, 1.0, 1.0, 1.0, 1.0, 1.0, 1.3, 2.0, 3.5]) / 12.6
"""Of the particles, by bin: errors of all bins are then nearly alike."""
PIECE, WANTED, LEAST = 180_000, 0.01, 200
Counts = dict[str, list[list[list[int]]]]
"""Of each cut, sample by sample: tracks that are looked at and tracks that pass, in bins of `EDGES`."""


@dataclass(frozen=True)
class Difference:
    """Of a cut's efficiency in two samples, in bins of `EDGES`, NaN where there are few tracks; with its error."""

    apart: Array
    error: Array

    @property
    def worst(self) -> int:
        """Bin of the largest difference."""
        return int(np.nanargmax(np.abs(self.apart)))

    def beyond(self, errors: float) -> int:
        """Bins whose difference is more than `WANTED` by so many errors; negative: not safely less."""
        return int(np.nansum(np.abs(self.apart) - errors * self.error > WANTED))


def particles_of(piece: int, seed: int, conditions: str, rows: int = PIECE) -> Particles:
    """Particles of events that no other piece has, of each bin its share."""
    settings = ["data.repeat=1", f"data.seed={seed + piece}", f"data.conditions={conditions}"]
    config = load_config(usecase_folder(load_usecase(NAME)), settings=settings)
    pool, rng = taught("test", config, rows // 4), np.random.default_rng([seed, piece])
    place = np.digitize(pool.p, EDGES) - 1
    chosen = [rng.choice(np.flatnonzero(place == number), int(rows * share)) for number, share in enumerate(SHARES)]
    return drawn_anew(rng, pool.take(np.concatenate(chosen)))


def piece_counts(chain: Library, piece: int, seed: int, conditions: str) -> Counts:
    """Of one piece."""
    particles = particles_of(piece, seed, conditions)
    number = np.arange(len(particles))
    places = Places(seed + piece, number.astype(np.uint64), np.zeros(len(number), np.uint32))
    truth, again = (of_full_toy(full_toy(np.random.default_rng([seed, piece, drawn]), particles)) for drawn in (1, 2))
    samples = dict(zip(SAMPLES, (truth, chain.run(particles, places), again), strict=True))
    return counted(particles, samples)


def counted(particles: Particles, samples: Mapping[str, Arrays]) -> Counts:
    """Tracks that every cut looks at, and that pass it."""
    found: Counts = {}
    for name, cut in cut_list(particles).items():
        found[name] = []
        for sample in samples.values():
            passed, looked = cut(sample)
            found[name].append([np.histogram(particles.p[rows], EDGES)[0].tolist() for rows in (looked, looked & passed)])
    return found


def differences(counts: Counts, sample: int) -> dict[str, Difference]:
    """Of a sample, by its place in `SAMPLES`, from the full toy."""
    found = {}
    for name, values in counts.items():
        every, kept = np.array([values[0], values[sample]], float).transpose(1, 0, 2)
        share, smoothed = np.where(every >= LEAST, kept / np.maximum(every, 1), np.nan), (kept + 0.5) / (every + 1)
        error = np.sqrt((smoothed * (1 - smoothed) / np.maximum(every, 1)).sum(0))
        found[name] = Difference(share[1] - share[0], error)
    return found


def measured(run: Path, rows: int, seed: int, conditions: str, state: Path) -> Counts:
    """Counts of all pieces, those that are in the file ``state`` and those that are missing."""
    if rows < 1:
        raise UsageError(f"--rows {rows}: wanted 1 or more")
    bundles = {stage: run / stage / "bundle" for stage in EVERY}
    digests = [open_bundle(path).digest for path in bundles.values()]
    of = digest_values([*digests, seed, PIECE, conditions, EDGES.tolist(), SHARES.tolist()])
    known: Any = read_json(state) if state.is_file() else {"of": of, "pieces": 0, "counts": {}}
    if not isinstance(known, dict) or known.get("of") != of:
        raise UsageError(f"{state}: not of these models, conditions and seed", hint="name another file with --state")
    chain, wanted, started, first = Library(build_chain(bundles)), -(-rows // PIECE), time.monotonic(), known["pieces"]
    for piece in range(first, wanted):
        new = piece_counts(chain, piece, seed, conditions)
        added = {name: (np.array(known["counts"].get(name, 0)) + new[name]).tolist() for name in new}
        known = {"of": of, "pieces": piece + 1, "counts": added, "machine": machine(), "code": revision(Path(__file__).parent)}
        write_json(state, known)
        left = (time.monotonic() - started) / (piece + 1 - first) * (wanted - piece - 1)
        print(f"piece {piece + 1} of {wanted}, {left:.0f} s left", file=sys.stderr, flush=True)
    counts: Counts = known["counts"]
    return counts


def report(counts: Counts) -> None:
    """The table of all cuts, and how many are within what is wanted."""
    fast, floor = (differences(counts, sample) for sample in (1, 2))
    print("| cut | ultra-fast, % | at p [GeV] | largest error | floor |\n|---|---|---|---|---|")
    for name, cut in fast.items():
        worst, most = cut.worst, 100 * np.max(cut.error[np.isfinite(cut.apart)])
        value, other = f"{100 * abs(cut.apart[worst]):.2f} ± {100 * cut.error[worst]:.2f}", floor[name]
        print(
            f"| {name} | {value} | {EDGES[worst]:.0f} to {EDGES[worst + 1]:.0f} | {most:.2f} | {100 * abs(other.apart[other.worst]):.2f} |"
        )
    for name, cuts in (("ultra-fast", fast), ("floor", floor)):
        within, surely, maybe = (sum(cut.beyond(errors) == 0 for cut in cuts.values()) for errors in (0, -2, 2))
        print(
            f"\n{name}: of {len(cuts)} cuts {within} are within 1% in every bin, {surely} with two errors added, {maybe} with two taken off"
        )
        bins = [
            f"{name} {EDGES[k]:.0f} to {EDGES[k + 1]:.0f}: {100 * cut.apart[k]:+.2f} ± {100 * cut.error[k]:.2f}"
            for name, cut in cuts.items()
            for k in np.flatnonzero(np.abs(cut.apart) > WANTED)
        ]
        print("bins beyond 1%: " + ("; ".join(bins) or "none"))


def draw(counts: Counts, path: Path) -> None:
    """All differences of all bins, the full toy drawn again beside them."""
    values = {}
    for sample in (1, 2):
        found = differences(counts, sample).values()
        values[SAMPLES[sample]] = (100 * np.array([cut.apart for cut in found]), 100 * np.array([cut.error for cut in found]))
    plots.save(plots.cut_differences(list(counts), values, 100 * WANTED), path)


def main() -> int:
    """Count, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="?", type=Path, default=Path("runs") / NAME)
    parser.add_argument("--rows", type=int, default=6_000_000, help="particles, in pieces of 180,000 (6000000)")
    parser.add_argument("--seed", type=int, default=100_000, help="of the particles; another one is another sample (100000)")
    parser.add_argument("--conditions", default="run3", help="of the collisions (run3)")
    parser.add_argument("--figure", type=Path, help="PNG or SVG of all differences")
    parser.add_argument("--state", type=Path, default=Path("cuts.json"), help="what was counted so far (cuts.json)")
    options = parser.parse_args()
    try:
        counts = measured(options.run, options.rows, options.seed, options.conditions, options.state)
        report(counts)
        if options.figure:
            draw(counts, options.figure)
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
