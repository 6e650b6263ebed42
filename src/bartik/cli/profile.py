"""``bartik profile``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bartik.cli.common import BundlePath, next_step

if TYPE_CHECKING:
    from bartik.profile.profiler import Profile

Backend = Annotated[str, typer.Option("--backend", metavar="NAME", help="What runs it; native, or onnxruntime where a row is an event.")]
Batch = Annotated[int, typer.Option("--batch", metavar="N", min=1, help="Candidates of a call.")]
Layers = Annotated[int, typer.Option("--layers", metavar="N", min=1, help="At most so many layers; those with little work are joined.")]
JsonFile = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write the machine file, to be compared elsewhere.")]
Against = Annotated[Path | None, typer.Option("--against", metavar="FILE", help="Compare with the machine file of another machine.")]
PlotFile = Annotated[Path | None, typer.Option("--plot", metavar="FILE", help="Also draw the roofline (.png or .svg).")]
Seconds = Annotated[float, typer.Option("--seconds", help="Time spent on measuring.")]
Again = Annotated[bool, typer.Option("--again", help="Measure the machine's limits anew.")]


def profile(
    bundle: BundlePath,
    backend: Backend = "",
    batch: Batch = 256,
    layers: Layers = 12,
    json: JsonFile = None,
    against: Against = None,
    plot: PlotFile = None,
    seconds: Seconds = 3.0,
    again: Again = False,
) -> None:
    """Show where a bundle's time goes, layer by layer, against what this machine can do, and what limits each.

    Example: bartik profile runs/ghost_probability/bundle --plot roofline.png
    """
    import bartik
    from bartik.core.files import write_json
    from bartik.profile.profile_table import format_comparison, format_profile
    from bartik.profile.profiler import profile as measure

    other = _read(against) if against is not None else None
    found = measure(bartik.load(bundle), backend, batch, layers=layers, seconds=seconds, again=again)
    print(format_profile(found))
    if other is not None:
        print(f"\n{format_comparison(found, other)}")
    if json is not None:
        write_json(json, found.to_dict())
    if plot is not None:
        _draw(found, plot)
    next_step(f"bartik bench {bundle} compares backends and batch sizes; bartik advise {bundle} says what fits a budget")


def _read(path: Path) -> Profile:
    """A machine file; one clear message where it is none."""
    from bartik.core import DataError
    from bartik.core.files import read_json
    from bartik.profile.profiler import Profile

    try:
        return Profile.from_dict(read_json(path))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path}: no machine file ({error})", hint="write one with bartik profile BUNDLE --json FILE") from error


def _draw(found: Profile, path: Path) -> None:
    """The roofline of a profile."""
    from bartik.plots import save
    from bartik.plots.roofline import Point, roofline

    points = [
        Point(
            part.name,
            part.work.intensity(found.batch),
            2e-9 * part.work.multiply_adds * found.batch / part.seconds,
            whole=part is found.whole,
        )
        for part in (*found.layers, found.whole)
    ]
    sizes = sorted(found.limits.bandwidth)
    names = {sizes[0]: "first cache", sizes[len(sizes) // 2]: f"{sizes[len(sizes) // 2] >> 20} MiB", sizes[-1]: "memory"}
    bandwidths = {name: found.limits.bandwidth[size] / 1e9 for size, name in names.items()}
    save(roofline(points, 2e-9 * found.limits.multiply_adds, bandwidths), path)
