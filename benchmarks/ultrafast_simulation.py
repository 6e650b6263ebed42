"""Ultra-fast simulation: speed, stability of the adversarial training, numbers of the validation, and models where they have not learnt.

python benchmarks/ultrafast_simulation.py speed RUN [--json FILE]       # RUN: a folder of bartik run ultrafast_simulation
python benchmarks/ultrafast_simulation.py seeds [--seeds N] [--set key=value ...] [--json FILE]
python benchmarks/ultrafast_simulation.py table RUN                     # numbers of the validation, for the model card
python benchmarks/ultrafast_simulation.py period RUN --set data.conditions=NAME     # models of RUN on tracks of another period
python benchmarks/ultrafast_simulation.py pythia RUN [--events N]       # and on all charged particles of Pythia's events, as they come
python benchmarks/ultrafast_simulation.py neutral [--set key=value ...] # the transformer and the recurrent network on the same photons
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bartik.backends import prepare
from bartik.core import BartikError, Config, load_config
from bartik.core.bundle import open_bundle
from bartik.core.files import read_json, write_json
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.profile.machine import machine
from bartik.simulation.conditions import conditions_of
from bartik.simulation.generate import Order, make_events
from bartik.train import run_model, train_model
from bartik.usecases.ultrafast_simulation.chain import EVERY, Chain
from bartik.usecases.ultrafast_simulation.counters import Places
from bartik.usecases.ultrafast_simulation.judged import distances, of_full_toy, told_apart
from bartik.usecases.ultrafast_simulation.library import Library, build_chain
from bartik.usecases.ultrafast_simulation.particles import Particles, charged_of, taught
from bartik.usecases.ultrafast_simulation.photons import photons_taught
from bartik.usecases.ultrafast_simulation.rich_gan.duel import binned_distance
from bartik.usecases.ultrafast_simulation.truth import full_toy

NAME = "ultrafast_simulation"
MLP = ("acceptance", "efficiency", "is_muon")


def cpu_seconds(call: Callable[[], object], repeats: int = 5) -> float:
    """Least time of this thread on the processor: what others do on the machine counts little."""
    call()
    found = []
    for _ in range(repeats):
        before = time.process_time()
        call()
        found.append(time.process_time() - before)
    return min(found)


def speed(run: Path) -> dict[str, float]:
    """Particles and tracks per second and core."""
    bundles = bundles_of(run)
    config = load_config(usecase_folder(load_usecase(NAME)))
    particles = taught("test", config, 40_000)
    places = Places(1, np.arange(len(particles), dtype=np.uint64), np.zeros(len(particles), np.uint32))
    library, peer = Library(build_chain(bundles)), Chain(bundles, "onnxruntime")
    tracks = int((library.run(particles, places)["class"] > 0).sum())
    ours, theirs = (cpu_seconds(lambda chain=chain: chain.run(particles, places)) for chain in (library, peer))
    found = {"particles": float(len(particles)), "tracks": float(tracks), "cpu seconds, library": ours, "cpu seconds, onnxruntime": theirs}
    found |= {"particles per second and core, library": len(particles) / ours, "tracks per second and core, library": tracks / ours}
    found |= {"tracks per second and core, onnxruntime": tracks / theirs, "ratio": theirs / ours}
    photons, _ = photons_taught("test", config, 20_000)
    places = Places(1, photons.event.astype(np.uint64), np.arange(len(photons), dtype=np.uint32))
    ours, theirs = (cpu_seconds(lambda chain=chain: chain.objects(photons, places)) for chain in (library, peer))
    found |= {
        "photons per second and core, library": len(photons) / ours,
        "photons per second and core, onnxruntime": len(photons) / theirs,
    }
    return found | {"ratio, photons": theirs / ours} | stages(bundles)


def bundles_of(run: Path) -> dict[str, Path]:
    """Bundles of all stages of a run."""
    return {stage: run / stage / "bundle" for stage in EVERY}


def neutral(settings: list[str], folder: Path) -> dict[str, object]:
    """Metrics of both kinds of sequence model, trained on the same photons."""
    usecase = load_usecase(f"{NAME}.neutral")
    config = load_config(usecase_folder(usecase), settings=settings)
    data = {split: usecase.data(split, config) for split in ("train", "validation", "test")}
    found: dict[str, object] = {}
    for kind in ("transformer", "rnn"):
        mine, started = config.replace({"model": {"kind": kind}}), time.process_time()
        model = train_model(usecase, data["train"], data["validation"], mine, folder / f"neutral-{kind}.pt", lambda _: None)
        metrics = usecase.score(run_model(model, usecase.signature, data["test"].inputs), data["test"])
        numbers = {name: value.value for name, value in metrics.items()} | {"training, seconds": time.process_time() - started}
        found[kind] = numbers | {"parameters": sum(weights.numel() for weights in model.parameters())}
        print(kind, *(f"{name}: {value:.4g}" for name, value in found[kind].items()), sep="\n  ", flush=True)
    return found


def period(run: Path, settings: list[str]) -> dict[str, float]:
    """`apart` for particles as they are taught."""
    config = load_config(usecase_folder(load_usecase(NAME)), settings=settings)
    return apart(Library(build_chain(bundles_of(run))), taught("test", config, config.data.rows), config)


def pythia(run: Path, settings: list[str], events: int) -> dict[str, float]:
    """`apart` for all charged particles of inelastic collisions of Pythia, with its species, momenta and places."""
    config = load_config(usecase_folder(load_usecase(NAME)), settings=settings)
    library = Library(build_chain(bundles_of(run)))  # before the events, which take minutes
    order = Order("minbias", conditions_of(config.data.conditions), config.data.seed, "pythia")
    particles, _, _ = charged_of(make_events(order, events, progress=lambda line: print(line, file=sys.stderr)))
    return {"events": float(events), "particles": float(len(particles))} | apart(library, particles, config)


def apart(library: Library, particles: Particles, config: Config) -> dict[str, float]:
    """Distance of every marginal of tracks from the full toy, of the library and of the full toy drawn again, and the classifier's AUC."""
    places = Places(config.data.seed, np.arange(len(particles), dtype=np.uint64), np.zeros(len(particles), np.uint32))
    truth, again = (of_full_toy(full_toy(np.random.default_rng([config.data.seed, k]), particles)) for k in (1, 2))
    found: dict[str, float] = {"tracks": float((truth["class"] > 0).sum())}
    for name, sample in (("library", library.run(particles, places)), ("floor", again)):
        found |= {f"KS {key}, {name}": value.value for key, value in distances(truth, sample).items()}
        found[f"classifier AUC, {name}"] = told_apart(particles, truth, sample, config).value
        shares = [np.mean(one["class"] == kind) for one in (sample, truth) for kind in (1, 2, 3)]
        found |= {f"share of class {kind} less the truth's, {name}": shares[kind - 1] - shares[kind + 2] for kind in (1, 2, 3)}
    return found


def stages(bundles: dict[str, Path]) -> dict[str, float]:
    """Nanoseconds a row of each stage, compiled and on ONNX Runtime, and rows per second of the plain networks together."""
    found: dict[str, float] = {}
    for stage, path in bundles.items():
        bundle = open_bundle(path)
        inputs, _ = bundle.reference()
        rows = 16_384
        many = {name: np.ascontiguousarray(np.resize(array[:32], (rows, *array.shape[1:]))) for name, array in inputs.items()}
        for backend in ("native", "onnxruntime"):
            session = prepare(bundle, backend, threads=1)
            found[f"ns a row, {stage}, {backend}"] = 1e9 * cpu_seconds(lambda session=session, many=many: session.run(many)) / rows
    for backend in ("native", "onnxruntime"):
        found[f"rows per second and core, MLP stages together, {backend}"] = 1e9 / sum(found[f"ns a row, {s}, {backend}"] for s in MLP)
    return found


def seeds(count: int, settings: list[str], folder: Path) -> dict[str, object]:
    """Distance of the adversarial generator from the test rows, by seed of its training; the flow, on rows drawn for it, beside it."""
    found: dict[str, object] = {}
    for part, many in (("rich_gan", count), ("rich", 1)):
        usecase = load_usecase(f"{NAME}.{part}")
        shared = [setting for setting in settings if part == "rich_gan" or setting.startswith("data.")]
        config = load_config(usecase_folder(usecase), settings=shared)
        config = config.replace(
            {"data": {"rows": load_config(usecase_folder(load_usecase(f"{NAME}.rich_gan")), settings=settings).data.rows}}
        )
        data = {split: usecase.data(split, config) for split in ("train", "validation", "test")}
        distances, largest, curves = [], [], []
        for seed in range(1, many + 1):
            mine = config.replace({"train": {"seed": seed}})
            checkpoint = folder / f"{part}-{seed}.pt"
            model = train_model(usecase, data["train"], data["validation"], mine, checkpoint, lambda _: None)
            drawn = run_model(model, usecase.signature, data["test"].inputs)
            distances.append(binned_distance(data["test"].inputs["features"], drawn["drawn"], data["test"].spectators["truth"]))
            largest.append(usecase.score(drawn, data["test"])["largest KS"].value)
            if hasattr(model, "history"):
                curves.append(model.history.numpy()[:, 2].tolist())
            print(f"{part}, seed {seed}: mean distance in bins {distances[-1]:.4f}, largest KS {largest[-1]:.4f}", flush=True)
        for name, values in (("mean distance in bins", distances), ("largest KS", largest)):
            best, middle, worst = min(values), statistics.median(values), max(values)
            found[f"{part}, {name}"] = {"best": best, "median": middle, "worst": worst, "all": values}
            print(f"{part}, {name}: best {best:.4f}, median {middle:.4f}, worst {worst:.4f} of {many}")
        found[f"{part}, distance by epoch"] = curves
    return found


def table(run: Path) -> None:
    """The validation, as rows of a table."""
    models = read_json(run / "metrics.json")["models"]
    names = list(models)
    print("| quantity | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
    for key in models[names[0]]:
        cells = [f"{models[name][key]['value']:.4g}" if key in models[name] else "" for name in names]
        print(f"| {key} | " + " | ".join(cells) + " |")


def main() -> int:
    """Measure what the command line asks for."""
    try:
        asked()
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def asked() -> None:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("speed", "seeds", "table", "neutral", "period", "pythia"))
    parser.add_argument("run", nargs="?", type=Path, default=Path("runs") / NAME, help="folder of bartik run (runs/ultrafast_simulation)")
    parser.add_argument("--seeds", type=int, default=5, help="of seeds: how many trainings (5)")
    parser.add_argument("--events", type=int, default=1000, help="of pythia: bunch crossings (1000)")
    parser.add_argument("--set", action="append", default=[], help="KEY=VALUE of the configuration, as of bartik run")
    parser.add_argument("--json", type=Path, help="file to write all numbers to")
    parser.add_argument("--scratch", type=Path, default=Path("seeds"), help="folder of checkpoints (seeds)")
    options = parser.parse_args()
    if options.what == "table":
        table(options.run)
        return
    if options.what in {"seeds", "neutral"}:
        options.scratch.mkdir(parents=True, exist_ok=True)
    if options.what == "neutral":
        found = neutral(options.set, options.scratch)
    elif options.what == "seeds":
        found = seeds(options.seeds, options.set, options.scratch)
    else:
        calls = {
            "speed": lambda: speed(options.run),
            "period": lambda: period(options.run, options.set),
            "pythia": lambda: pythia(options.run, options.set, options.events),
        }
        found = calls[options.what]()
        print("\n".join(f"{key}: {value:,.4g}" if abs(value) < 1 else f"{key}: {value:,.1f}" for key, value in found.items()))
    if options.json:
        write_json(options.json, {"machine": machine(), "measured": json.loads(json.dumps(found))})


if __name__ == "__main__":
    sys.exit(main())
