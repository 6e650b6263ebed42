"""``bartik generate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bartik.cli.common import ConsoleProgress, next_step

if TYPE_CHECKING:
    from bartik.simulation.generate import Order
    from bartik.workflow.shards import Kind, Sample

_Sample = Annotated[str, typer.Option("--sample", metavar="NAME", help="minbias; bbbar or ccbar: the first collision has such a hadron.")]
_Events = Annotated[int, typer.Option("--events", metavar="N", min=1, help="How many.")]
_Output = Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="A .h5, .parquet or .root file.")]
_Generator = Annotated[str, typer.Option("--generator", metavar="NAME", help="pythia, or parametric: faster, without Pythia.")]
_Decay = Annotated[str, typer.Option("--decay", metavar="DECAY", help="Of one heavy hadron: a name, or as 'B+ -> (J/psi -> mu+ mu-) K+'.")]
_Conditions = Annotated[
    str, typer.Option("--conditions", metavar="NAME", help="run3, run3_low_pile_up, run3_moved, run3_worn, run3_open or central.")
]
_Seed = Annotated[int, typer.Option("--seed", min=0, help="The same seed and conditions give the same events.")]
_First = Annotated[int, typer.Option("--first", metavar="N", min=0, help="Number of the first event, to go on where another file ends.")]
_Processes = Annotated[int, typer.Option("--processes", metavar="N", min=1, help="At once; the events do not depend on it.")]
_Shards = Annotated[
    int, typer.Option("--shards", metavar="N", min=1, help="Made as so many jobs, then joined; the events do not depend on it.")
]
_On = Annotated[
    str, typer.Option("--on", metavar="PLACE", help="Where shards are made: local, htcondor, slurm, ray, or a Snakemake profile.")
]
_Jobs = Annotated[int, typer.Option("--jobs", metavar="N", min=0, help="Shards at once, at most; 0: as many as the place has.")]
_Record = Annotated[str, typer.Option("--record", hidden=True)]
_With = Annotated[str, typer.Option("--with", metavar="USECASE", help="Reconstruct with this use case: ultrafast_simulation.")]
_Models = Annotated[
    Path | None, typer.Option("--models", metavar="DIR", help="Its run, with the bundles of its models; default runs/USECASE.")
]
_Backend = Annotated[
    str,
    typer.Option("--backend", metavar="NAME", help="Runs models: library (one compiled chain, native for --from) or a backend."),
]
_From = Annotated[str, typer.Option("--from", metavar="BUNDLE", help="Showers that this trained generator draws, in place of collisions.")]
_Energies = Annotated[str, typer.Option("--energies", metavar="LOW,HIGH", help="MeV, of --from; default what it was trained for.")]
_Hits = Annotated[bool, typer.Option("--hits/--no-hits", help="In the vertex locator, with the particles that made them.")]


def generate(
    output: _Output,
    sample: _Sample = "minbias",
    events: _Events = 100,
    decay: _Decay = "",
    generator: _Generator = "pythia",
    conditions: _Conditions = "run3",
    seed: _Seed = 1,
    first: _First = 0,
    processes: _Processes = 1,
    hits: _Hits = True,
    shards: _Shards = 1,
    on: _On = "local",
    jobs: _Jobs = 0,
    record: _Record = "",
    reconstruct: _With = "",
    models: _Models = None,
    backend: _Backend = "library",
    source: _From = "",
    energies: _Energies = "",
) -> None:
    """Make proton collisions: particles with their mothers, vertices and momenta, and hits in the vertex locator.

    With --from, make calorimeter showers with a trained model instead, in the layout of the CaloChallenge.

    Example: bartik generate --sample bbbar --events 1000 --processes 2 -o bbbar.parquet

    Example: bartik generate --generator parametric --events 1000 --with ultrafast_simulation -o tracks.root

    Example: bartik generate --events 1000000 --shards 500 --on slurm -o minbias.h5

    Example: bartik generate --from runs/showers/flow/bundle --events 1000000 --shards 100 -o showers.hdf5
    """
    from bartik.core import UsageError
    from bartik.data.events import FORMATS, write_columns
    from bartik.simulation.conditions import conditions_of
    from bartik.simulation.generate import Order, make_events
    from bartik.workflow.lifeline import end_with_run

    end_with_run()
    if source:
        if reconstruct or decay or sample != "minbias":
            raise UsageError("--from beside --with, --decay or --sample", hint="showers are no collisions: leave one of them away")
        _showers(source, output, (first, events, seed), shards, (on, jobs), "native" if backend == "library" else backend, energies, record)
        return
    if energies:
        raise UsageError("--energies without --from", hint="collisions have the energy of their --conditions")
    if output.suffix not in FORMATS:
        raise UsageError(f"{output}: cannot tell the format from {output.suffix or 'no ending'!r}", hint=f"wanted {', '.join(FORMATS)}")
    order = Order(sample, conditions_of(conditions), seed, generator, decay, hits and not reconstruct)
    if reconstruct and shards > 1:
        raise UsageError("--with and --shards together", hint="reconstruct each of several files made with --first")
    if reconstruct:
        from bartik.workflow.reconstructed import reconstructed

        write = reconstructed(reconstruct, models, backend, ConsoleProgress())
        made = make_events(order, events, first=first, processes=processes, progress=ConsoleProgress())
        write(output, made, seed, first)
    elif shards > 1:
        _in_shards(order, output, events, first, shards, on, jobs)
    else:
        made = make_events(order, events, first=first, processes=processes, progress=ConsoleProgress())
        write_columns(output, made.to_arrays(), made.about)
        if record:
            _done(output, record, made)
    print(output)
    look = f"bartik display {output} --event {first}; " if order.hits else ""
    next_step(f"{look}read it with awkward, pandas or ROOT; more of it: --first {first + events}")


def _in_shards(order: Order, output: Path, events: int, first: int, shards: int, on: str, jobs: int) -> None:
    from bartik.workflow.shards import EVENTS

    words = ["--sample", order.sample, "--generator", order.generator, "--conditions", order.conditions.name, "--seed", str(order.seed)]
    words += [*(["--decay", order.decay] if order.decay else []), "--hits" if order.hits else "--no-hits"]
    _made_by_jobs(EVENTS, words, output, (first, events), shards, (on, jobs))


def _made_by_jobs(
    kind: Kind, words: list[str], output: Path, numbers: tuple[int, int], shards: int, place: tuple[str, int], model: str = ""
) -> None:
    from bartik.workflow.engine import require_place
    from bartik.workflow.shards import divided, make_shards, merge

    require_place(place[0])
    parts = divided(output.with_name(f"{output.name}.shards"), words, *numbers, shards, kind, model)
    make_shards(parts, on=place[0], jobs=place[1], progress=ConsoleProgress())
    merge(parts, output)


def _showers(
    source: str,
    output: Path,
    numbers: tuple[int, int, int],
    shards: int,
    place: tuple[str, int],
    backend: str,
    energies: str,
    record: str,
) -> None:
    """Draw showers ``numbers`` (first, how many, seed), here or in shards."""
    import bartik
    from bartik.core import UsageError
    from bartik.workflow.drawn import ENDINGS, SHOWERS, drawer, write

    if output.suffix not in ENDINGS:
        raise UsageError(f"{output}: showers are written as {' or '.join(ENDINGS)}", hint=f"-o {output.stem}.hdf5")
    (first, events, seed), bundle = numbers, bartik.load(source)
    draw = drawer(bundle, backend, energies, seed)
    if shards > 1:
        words = ["--from", str(bundle.path.resolve()), "--seed", str(seed), "--backend", backend]
        words += ["--energies", energies] if energies else []
        _made_by_jobs(SHOWERS, words, output, (first, events), shards, place, bundle.digest)
    else:
        made = draw(first, events)
        write(output, made)
        if record:
            _done(output, record, made)
    print(output)
    next_step(f"bartik run calorimeter_showers --set data.path={output}; more of it: --first {first + events}")


def _done(output: Path, asked: str, made: Sample) -> None:
    from bartik.workflow.shards import write_record

    write_record(output, asked, made)
