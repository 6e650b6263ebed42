"""Generated events with what a use case's models reconstruct of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bartik.core import Progress, UsageError
from bartik.core.bundle import open_bundle
from bartik.core.plugins import find_usecase
from bartik.data.events import write_columns
from bartik.workflow.predict import bundles_of

if TYPE_CHECKING:
    from bartik.simulation.record import EventSample


def reconstructed(name: str, models: Path | None, backend: str, progress: Progress) -> Callable[[Path, EventSample, int, int], None]:
    """A function that writes events to a file with the tracks that use case ``name`` makes of them; what is missing is refused now.

    The use case has ``reconstruct(bundles, sample, seed, first, backend) -> (columns, lines for the user)``; ``models`` is the folder of
    a run of it.
    """
    usecase = find_usecase(name)
    make = getattr(usecase, "reconstruct", None)
    if make is None:
        raise UsageError(f"--with {name}: this use case does not reconstruct generated events", hint="wanted ultrafast_simulation")
    folder = Path("runs") / name if models is None else models
    bundles = bundles_of(usecase, folder)
    digests = {f"model {part}": open_bundle(path).digest for part, path in bundles.items()}

    def write(output: Path, sample: EventSample, seed: int, first: int) -> None:
        columns, lines = cast(Any, make)(bundles, sample, seed, first, backend)
        for line in lines:
            progress(line)
        write_columns(output, sample.to_arrays() | columns, dict(sample.about) | {"reconstructed with": name} | digests)

    return write
