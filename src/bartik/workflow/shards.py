"""A sample of events made in shards, each a job: the same events whatever the number of shards, since each event has a stream of its own.

A shard is done when its record is there, which has the digest of its events; the shards are read again and compared before they are joined.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from bartik.core import BartikError, DataError, Progress
from bartik.core.digest import digest_values
from bartik.core.files import read_json, remove, write_json
from bartik.data.events import read_columns, write_columns
from bartik.simulation.record import EventSample, joined
from bartik.workflow.engine import as_job, execute_rules, only_one


@dataclass(frozen=True)
class Shard:
    """Events ``first`` to ``first + events`` of a sample that ``words``, options of ``bartik generate``, describe."""

    folder: Path
    words: tuple[str, ...]
    first: int
    events: int

    @property
    def name(self) -> str:
        """By the numbers of its events."""
        return f"events_{self.first}_{self.first + self.events - 1}"

    @property
    def path(self) -> Path:
        """Its events."""
        return self.folder / f"{self.name}.h5"

    @property
    def record(self) -> Path:
        """Digests of what was asked for and of what was made, written last."""
        return self.folder / f"{self.name}.json"

    @property
    def asked(self) -> str:
        """Digest of what was asked for."""
        return digest_values([list(self.words), self.first, self.events])

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


def divided(folder: Path, words: Sequence[str], first: int, events: int, shards: int) -> list[Shard]:
    """Shards of nearly the same size, in order, no event in two of them."""
    bounds = [first + events * place // shards for place in range(shards + 1)]
    pairs = pairwise(bounds)
    return [Shard(folder.resolve(), tuple(words), begin, end - begin) for begin, end in pairs if end > begin]


def write_record(path: Path, asked: str, made: EventSample) -> None:
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


def merge(shards: Sequence[Shard], output: Path) -> EventSample:
    """Join the shards in ``output`` and remove them; `DataError` names one that is not what its record says, to be made again."""
    made = joined([_verified(shard) for shard in shards])
    made = replace(made, about={**made.about, "first event": str(shards[0].first)})
    write_columns(output, made.to_arrays(), made.about)
    remove(shards[0].folder)
    return made


def _verified(shard: Shard) -> EventSample:
    try:
        found = EventSample.from_arrays(*read_columns(shard.path))
        right = found.digest == read_json(shard.record)["digest"]
    except DataError:
        right = False
    if not right:
        remove(shard.record)
        raise DataError(f"{shard.path}: not the events that were made", hint="the same command makes this shard again")
    return found
