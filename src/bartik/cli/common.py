"""What several verbs share: their arguments, progress, opening a bundle, printing for pipes."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from bartik.core import Config, DataError, Progress, UnknownNameError, UsageError, UseCase, load_config
from bartik.core.addresses import file_name, without_secrets
from bartik.core.plugins import usecase_folder, usecase_name
from bartik.core.secrets import without_password

UseCaseName = Annotated[str, typer.Argument(metavar="USECASE", help="A name from `bartik list`, or the folder of a use case.")]
BundlePath = Annotated[str, typer.Argument(metavar="BUNDLE", help="Folder of a bundle, or a registered NAME@ALIAS or NAME/VERSION.")]
ConfigLayer = Annotated[
    str, typer.Option("--config", metavar="NAME|FILE", help="Lay another configuration over the defaults: tiny, or a .toml file.")
]
Settings = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one value, for example train.epochs=20.")]
DataPath = Annotated[
    Path | None, typer.Option("--data", metavar="PATH", help="Where the samples are, or a version of bartik data; sets data.path.")
]
OutFolder = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="The run's folder; default runs/USECASE.")]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Leave out events that cannot be, and say how many.")]
Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON a result.")]


def configure(usecase: UseCase, layer: str, settings: list[str] | None, data: Path | None) -> Config:
    """A use case's configuration with the command line's changes."""
    config = load_config(usecase_folder(usecase), layer=layer, settings=list(settings or ()))
    return config if data is None else config.replace({"data": {"path": place_of(data)}})


def place_of(data: Path) -> str:
    """A path as it is; the name of a version of data with its digest, so that a run's record says which it was."""
    if data.exists():
        return str(data)
    if found := re.match(r"([A-Za-z][A-Za-z0-9+.-]+):/+(.*)", str(data)):  # a Path keeps one slash of two
        address = without_secrets(f"{found[1]}://{found[2]}")
        hint = f"bartik data add ADDRESS makes it a version, whose name is then given here: --data {file_name(address).partition('.')[0]}"
        raise UsageError(f"{address}: is an address, and what lies there may change", hint=hint)
    from bartik.registry import datasets

    try:
        return datasets.find(str(data)).reference
    except UnknownNameError:
        return str(data)


def run_folder(usecase: UseCase, out: Path | None) -> Path:
    """Where a run leaves its files."""
    return out if out is not None else Path("runs", *usecase_name(usecase).split("."))


class ConsoleProgress:
    """Prints lines; a line that begins like the one before it takes its place on a terminal, and is thinned out elsewhere."""

    def __init__(self, *, log: Path | None = None) -> None:
        """Write to stderr, and every line to ``log`` where one is named."""
        self._log = log
        self._last, self._word = 0.0, ""
        self._terminal = sys.stderr.isatty()

    def __call__(self, line: str) -> None:
        """Take one line."""
        line = without_password(line)
        word, now = line.split(" ", 1)[0], time.monotonic()
        repeats = word == self._word and word == "epoch"
        self._write_log(line)
        if repeats and not self._terminal and now - self._last < 5 and not line.endswith("done"):
            return
        start = "\x1b[1A\x1b[2K" if repeats and self._terminal else ""
        print(f"{start}{line}", file=sys.stderr, flush=True)
        self._word, self._last = word, now

    def _write_log(self, line: str) -> None:
        if self._log is not None:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            with self._log.open("a", encoding="utf-8") as file:
                file.write(line + "\n")


def progress_for(folder: Path) -> Progress:
    """Progress on the terminal and in the run's log."""
    return ConsoleProgress(log=folder / "run.log")


def emit(values: dict[str, Any]) -> None:
    """One line of JSON on stdout."""
    print(json.dumps(values, ensure_ascii=False))


def next_step(text: str) -> None:
    """Tell the user what to do next, on stderr so that pipes stay clean."""
    print(f"next: {text}", file=sys.stderr)


def say_skipped(skipped: list[DataError] | None) -> None:
    """How many events were left out and why the first, on stderr."""
    if skipped:
        print(f"{len(skipped)} bad events left out; the first: {skipped[0].message}", file=sys.stderr)
