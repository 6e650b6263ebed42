"""Events of a split: of the toy, of a file that ``bartik generate`` wrote, or in the published format."""

from __future__ import annotations

from pathlib import Path

from bartik.core import Config, DataError, Split
from bartik.core.digest import digest_file, digest_values
from bartik.core.files import read_arrays, write_arrays
from bartik.core.places import cache
from bartik.core.provenance import code_digest
from bartik.data.events import FORMATS, read_columns
from bartik.simulation.conditions import conditions_of
from bartik.simulation.generate import Order, make_events
from bartik.simulation.record import EventSample
from bartik.usecases.event_interpretation.event import Event, packed, unpacked
from bartik.usecases.event_interpretation.generated import sample_of_hepmc
from bartik.usecases.event_interpretation.public import read_public_events
from bartik.usecases.event_interpretation.truth import events_of_sample

_PACKAGE = Path(__file__).resolve().parents[2]
_BLOCK = 200
"""Events that are made at a time: their hadrons and photons fill memory, their tracks do not."""


def split_of(number: int) -> Split:
    """The split an event belongs to, by its number alone."""
    if number % 4 == 3:
        return "test"
    return "validation" if number % 8 == 1 else "train"


def source(config: Config) -> str:
    """What the rows depend on beside the configuration: name, size and time of every file that is read."""
    path = Path(config.data.path)
    files = [] if not config.data.path else sorted(path.glob("*.npy")) if path.is_dir() else [path]
    return "; ".join(f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files if file.exists())


def events_of(split: Split, config: Config) -> tuple[list[Event], str]:
    """Events of one split that have a b decay of two tracks or more, and where they are from.

    Every fourth event (number 3, 7, 11 ...) is a test event, every eighth (1, 9 ...) validates. `DataError` where there is none.
    """
    events, words = _every(config)
    kept = [event for event in events if split_of(event.number) == split and event.decays]
    if not kept:
        raise DataError(f"{words}: no event with a b decay of two tracks in the {split} split", hint="give more events")
    return kept, f"{words} ({len(kept)} events)"


def read_events(path: Path, config: Config) -> list[Event]:
    """All events of a file or folder, with whatever truth it has; `DataError` for a file that cannot be read."""
    if path.is_dir():
        return read_public_events(path, config.data.momentum_scale)
    if path.suffix in {".hepmc", ".hepmc2", ".mc2"}:
        return list(events_of_sample(sample_of_hepmc(path), config.data.seed, 0))
    if path.suffix not in FORMATS:
        raise DataError(
            f"{path}: no events to interpret", hint=f"wanted a folder of input_0.npy ..., .mc2, or {', '.join(FORMATS)} of bartik generate"
        )
    sample = EventSample.from_arrays(*read_columns(path))
    return list(events_of_sample(sample, config.data.seed, int(sample.about.get("first event", "0"))))


def _every(config: Config) -> tuple[list[Event], str]:
    if config.data.path:
        path = Path(config.data.path)
        return read_events(path, config), path.name
    words = f"the toy, {config.data.generator}, {config.data.conditions}, seed {config.data.seed}"
    return _generated(config), words


def _generated(config: Config) -> list[Event]:
    """Events of the toy that have a b decay of two tracks, made once and kept in the cache for the models that follow."""
    order = Order("bbbar", conditions_of(config.data.conditions), config.data.seed, config.data.generator)
    code = [code_digest(_PACKAGE / "simulation"), *(digest_file(Path(__file__).with_name(name)) for name in ("event.py", "truth.py"))]
    place = cache() / "events" / f"{digest_values([order.about(), config.data.generate, *code])}.npz"
    if place.is_file():
        return unpacked(read_arrays(place))
    events = []
    for first in range(0, config.data.generate, _BLOCK):
        sample = make_events(order, min(_BLOCK, config.data.generate - first), first=first, progress=lambda _: None)
        events += [event for event in events_of_sample(sample, config.data.seed, first) if event.decays]
    place.parent.mkdir(parents=True, exist_ok=True)
    write_arrays(place, packed(events))
    return events
