"""A run: one use case, one configuration, one folder, and where everything in that folder is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from bartik.core import Config, Dataset, OutputError, Progress, Split, UsageError, UseCase
from bartik.core.files import read_arrays, read_json
from bartik.core.plugins import parts, usecase_folder, usecase_name, whole_of


@dataclass(frozen=True)
class Run:
    """What a step is given."""

    usecase: UseCase
    config: Config
    folder: Path
    progress: Progress
    made_with: Mapping[str, Path] = field(default_factory=dict)
    """Bundles to use in place of those of this run, by the model's name."""

    @property
    def name(self) -> str:
        """The use case's name."""
        return usecase_name(self.usecase)

    @property
    def code(self) -> Path:
        """The use case's folder."""
        return usecase_folder(self.usecase)

    @property
    def part(self) -> str:
        """Which model of a use case of several this is; empty where there is one."""
        return self.code.name if whole_of(self.usecase) is not None else ""

    @property
    def needs(self) -> dict[str, Path]:
        """Bundles of other models that this one is made with: for a part those it names, for the whole of several all."""
        whole = whole_of(self.usecase)
        around = self.folder if whole is None else self.folder.parent
        names = parts(self.usecase) if whole is None else parts(whole)[self.part]
        return {part: self.made_with.get(part, around / part / "bundle") for part in names}

    def split_path(self, split: Split) -> Path:
        """Rows of one split."""
        return self.folder / "data" / f"{split}.npz"

    @property
    def data_record(self) -> Path:
        """Digest, rows and source of every split."""
        return self.folder / "data" / "data.json"

    @property
    def checkpoint(self) -> Path:
        """The training's state, the best weights among it."""
        return self.folder / "checkpoint.pt"

    @property
    def scores(self) -> Path:
        """Scores of the model and its peers on the test split."""
        return self.folder / "scores.npz"

    @property
    def whole(self) -> Path:
        """Arrays for the figures of a use case of several models."""
        return self.folder / "whole.npz"

    @property
    def metrics(self) -> Path:
        """Metrics of the model and its peers, working points."""
        return self.folder / "metrics.json"

    @property
    def bundle(self) -> Path:
        """The bundle."""
        return self.folder / "bundle"

    @property
    def parity(self) -> Path:
        """What `check` found."""
        return self.folder / "check.json"

    @property
    def benchmark(self) -> Path:
        """What `bench` measured."""
        return self.folder / "bench.json"

    @property
    def registered(self) -> Path:
        """Which version of the registry this run became."""
        return self.folder / "registered.json"

    @property
    def report(self) -> Path:
        """The page."""
        return self.folder / "report.html"

    def split(self, split: Split) -> Dataset:
        """Rows of one split, as the data step left them."""
        if not self.split_path(split).exists():
            raise UsageError(f"{self.split_path(split)}: no data here yet", hint=f"bartik data build {self.name} --out {self.folder}")
        record = read_json(self.data_record)
        return Dataset.from_arrays(read_arrays(self.split_path(split)), record[split]["source"])


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for this process; `OutputError` where another run is in it or it cannot be written."""
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise OutputError(f"{folder}: another run is using this folder", hint="wait for it, or choose another --out") from error
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror})", hint="choose another --out") from error
    try:
        yield
    finally:
        lock.release()
