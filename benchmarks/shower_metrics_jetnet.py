"""Fréchet and kernel physics distances: ours beside those of jetnet, on the same features.

    python benchmarks/shower_metrics_jetnet.py --peer PYTHON [--showers N] [--json FILE]

PYTHON is one that has jetnet (many packages: `python -m venv ~/jetnet && ~/jetnet/bin/pip install jetnet 'numpy<2'`). Two samples of
parametric showers are compared, and one of them with showers whose energies are 2% higher.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bartik.core import BartikError, UsageError
from bartik.core.files import write_arrays, write_json
from bartik.metrics import fpd, kpd
from bartik.metrics.shower_observables import high_level, observables
from bartik.simulation.shower_geometry import geometry
from bartik.simulation.showers import generate_showers, log_uniform

_PEER = """
import json, sys, warnings
warnings.simplefilter("ignore")
import numpy as np
from jetnet.evaluation import fpd, kpd
arrays = np.load(sys.argv[1])
sizes = {"min_samples": int(sys.argv[2]), "max_samples": int(sys.argv[3])}
print(json.dumps({name: [*map(float, fpd(arrays["one"], arrays[name], num_batches=5, **sizes)),
                         *map(float, kpd(arrays["one"], arrays[name], num_batches=5, batch_size=2000))] for name in ("other", "higher")}))
"""


def main(arguments: list[str]) -> int:
    """Run, print the table, and write the JSON where asked."""
    options = _parser().parse_args(arguments)
    try:
        found = measure(options.peer, options.showers)
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(table(found))
    if options.json:
        write_json(options.json, found)
    return 0


def measure(python: str, showers: int) -> dict[str, Any]:
    """FPD and KPD with their errors, by pair of samples and by program."""
    features = _features(showers)
    least = max(2, showers // 3)
    ours = {}
    for name in ("other", "higher"):
        far = fpd(features["one"], features[name], least=least, most=showers, batches=5)
        near = kpd(features["one"], features[name], batches=5, size=2000)
        ours[name] = [far.value, far.value - far.low, near.value, near.value - near.low]
    return {"ours": ours, "jetnet": _peer(python, features, least, showers)}


def table(found: dict[str, Any]) -> str:
    """Markdown."""
    lines = ["| samples | program | FPD | KPD |", "|---|---|---|---|"]
    for name, title in (("other", "same population"), ("higher", "energies 2% higher")):
        for program in ("ours", "jetnet"):
            far, error, near, width = found[program][name]
            lines.append(f"| {title} | {program} | {far:.6g} ± {error:.2g} | {near:.6g} ± {width:.2g} |")
    return "\n".join(lines)


def _features(count: int) -> dict[str, np.ndarray]:
    where = geometry("tungsten_silicon")
    found = {}
    for place, name in enumerate(("one", "other")):
        energies = log_uniform(np.random.default_rng((place, 9)), count, 1e3, 1e6)
        made = generate_showers(energies, where, (place, 10))
        found[name] = high_level(observables(made.voxels, made.incident, where.binning), made.incident)
        if name == "other":
            found["higher"] = high_level(observables(1.02 * made.voxels, made.incident, where.binning), made.incident)
    return found


def _peer(python: str, features: dict[str, np.ndarray], least: int, most: int) -> dict[str, list[float]]:
    with tempfile.TemporaryDirectory() as folder:
        write_arrays(Path(folder) / "features.npz", features)
        words = [python, "-c", _PEER, str(Path(folder) / "features.npz"), str(least), str(most)]
        done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode:
        raise UsageError(
            f"{python}: no jetnet there ({done.stderr.strip().splitlines()[-1:]})", hint="pip install jetnet in its environment"
        )
    found: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peer", required=True, metavar="PYTHON")
    parser.add_argument("--showers", type=int, default=6000, metavar="N", help="of each sample")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
