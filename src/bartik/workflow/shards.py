"""A sample made in shards, each a job: the same events whatever the number of shards, since each event has a stream of its own.

A shard is done when its record is there, which has the digest of its events; the shards are read again and compared before they are joined.
Collisions are one `Kind` of sample, showers that a trained model draws another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

from bartik.core import BartikError, DataError, Progress
from bartik.core.digest import digest_values
from bartik.core.files import read_json, remove, write_json
from bartik.data.events import read_columns, write_columns
from bartik.simulation.record import EventSample, joined
from bartik.workflow.engine import as_job, execute_rules, only_one


class Sample(Protocol):
    """Events, showers: what can be counted and has a digest."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 of the contents."""
        ...


@dataclass(frozen=True)
class Kind:
    """A kind of sample: how its shards are called and end, and how they are read, joined and written."""

    name: str
    ending: str
    read: Callable[[Path], Any]
    joined: Callable[[Sequence[Any], int], Any]
    write: Callable[[Path, Any], None]


def _joined_events(samples: Sequence[EventSample], first: int) -> EventSample:
    made = joined(samples)
    return replace(made, about={**made.about, "first event": str(first)})


EVENTS = Kind(
    "events",
    ".h5",
    lambda path: EventSample.from_arrays(*read_columns(path)),
    _joined_events,
    lambda path, made: write_columns(path, made.to_arrays(), made.about),
)
"""Collisions of `bartik.simulation`."""


@dataclass(frozen=True)
class Shard:
    """Events ``first`` to ``first + events`` of a sample that ``words``, options of ``bartik generate``, describe."""

    folder: Path
    words: tuple[str, ...]
    first: int
    events: int
    kind: Kind = EVENTS
    model: str = ""
    """Digest of the model that draws them, if one does: shards of another are not taken for these."""

    @property
    def name(self) -> str:
        """By the numbers of its events."""
        return f"{self.kind.name}_{self.first}_{self.first + self.events - 1}"

    @property
    def path(self) -> Path:
        """Its events."""
        return self.folder / f"{self.name}{self.kind.ending}"

    @property
    def record(self) -> Path:
        """Digests of what was asked for and of what was made, written last."""
        return self.folder / f"{self.name}.json"

    @property
    def asked(self) -> str:
        """Digest of what was asked for."""
        return digest_values([list(self.words), self.first, self.events, *([self.model] if self.model else [])])

    @property
    def done(self) -> bool:
        """Whether what was asked for is there."""
        return self.record.is_file() and self.path.is_file() and read_json(self.record)["asked"] == self.asked

    @property
    def command(self) -> list[str]:
        """What makes it."""
        return [
            "generate",
            *self.words,
            "--first",
            str(self.first),
            "--events",
            str(self.events),
            "-o",
            str(self.path),
            "--record",
            self.asked,
        ]


def divided(folder: Path, words: Sequence[str], first: int, events: int, shards: int, kind: Kind = EVENTS, model: str = "") -> list[Shard]:
    """Shards of nearly the same size, in order, no event in two of them."""
    bounds = [first + events * place // shards for place in range(shards + 1)]
    pairs = pairwise(bounds)
    return [Shard(folder.resolve(), tuple(words), begin, end - begin, kind, model) for begin, end in pairs if end > begin]


def write_record(path: Path, asked: str, made: Sample) -> None:
    """Say that the shard in ``path`` is done."""
    write_json(path.with_suffix(".json"), {"asked": asked, "digest": made.digest, "events": len(made)})


def make_shards(shards: Sequence[Shard], *, on: str, jobs: int, progress: Progress) -> None:
    """Make those that are not done; the same call goes on where it was stopped."""
    folder = shards[0].folder
    with only_one(folder):
        late = [shard for shard in shards if not shard.done]
        for shard in late:
            remove(shard.record)
        progress(f"{len(shards) - len(late)} of {len(shards)} shards kept")
        rules = [
            {"name": shard.name, "record": shard.record.name, "after": [], "command": as_job(shard.command), "threads": 1, "resources": {}}
            for shard in late
        ]
        if rules:
            execute_rules(rules, folder, on=on, late=[shard.name for shard in late], most=jobs)
    failed = [shard.name for shard in shards if not shard.done]
    if failed:
        raise BartikError(f"{folder}: not made: {', '.join(failed[:5])}", hint="the reason is above; the same command continues")


def merge(shards: Sequence[Shard], output: Path) -> None:
    """Join the shards in ``output`` and remove them; `DataError` names one that is not what its record says, to be made again."""
    kind = shards[0].kind
    kind.write(output, kind.joined([_verified(shard) for shard in shards], shards[0].first))
    remove(shards[0].folder)


def _verified(shard: Shard) -> Any:
    try:
        found = shard.kind.read(shard.path)
        right = found.digest == read_json(shard.record)["digest"]
    except DataError:
        right = False
    if not right:
        remove(shard.record)
        raise DataError(f"{shard.path}: not the events that were made", hint="the same command makes this shard again")
    return found
