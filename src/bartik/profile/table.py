"""A benchmark as plain text."""

from __future__ import annotations

from collections.abc import Sequence

from bartik.core import Interval
from bartik.profile.budget import SECONDS_PER_EVENT
from bartik.profile.result import PEER, Benchmark, Row, Scaling

_AT = 0.05
"""The share of the event's time that the second column of the budget is about."""
_WHOLE = 0.9
"""Cores that one thread at work uses, less what waking it takes."""
_MORE = 1.2
"""Cores below which nothing ran at the same time as anything else."""
_COLUMNS = (
    "batch", "backend", "call p50", "call p99", "ns/candidate", "candidates/s", f"x {PEER}", "of limit", "us/event",
    f"of {SECONDS_PER_EVENT * 1e6:.1f} us", f"of {_AT * SECONDS_PER_EVENT * 1e6:.2g} us",
)  # fmt: skip
_SCALING = ("batch", "backend", "", "", "ns/candidate", "candidates/s", "x one", "cores")


def format_table(benchmark: Benchmark) -> str:
    """Fastest first at each batch size, then threads and copies; below, the backends that did not take part, with the reason."""
    ordered = sorted(benchmark.rows, key=lambda row: (row.batch, row.seconds_per_candidate))
    lines = [_title(benchmark), *aligned([_COLUMNS, *(_cells(row, benchmark.candidates) for row in ordered)]), _foot(benchmark)]
    if benchmark.scaling:
        lines += ["", *aligned([_SCALING, *map(_scaling_cells, benchmark.scaling)]), _SCALING_FOOT, *_busy(benchmark)]
    return "\n".join(lines + [f"{name}: not measured: {reason}" for name, reason in benchmark.skipped.items()])


def _title(benchmark: Benchmark) -> str:
    machine = benchmark.machine
    arithmetic = f"{benchmark.multiply_adds} multiply-adds a candidate"
    return f"{benchmark.bundle} {benchmark.digest[:12]}, {arithmetic}, one thread of {machine['cpu']}, load {machine['load_1min']}"


def _foot(benchmark: Benchmark) -> str:
    return (
        f"budget: {SECONDS_PER_EVENT * 1e6:.1f} us of a GPU for an event of {benchmark.candidates:g} candidates, and {_AT:.0%} of it; "
        "what a processor takes of it ranks runtimes and predicts no GPU. limit: the multiply-adds and nothing else"
    )


_SCALING_FOOT = (
    "threads: within one call. copies: sessions of their own, one thread each, at once in this process; Python's own part of a call "
    "is done by one thread at a time. cores: processor seconds for each second meanwhile"
)


def _busy(benchmark: Benchmark) -> list[str]:
    """Warnings where the machine did not have the cores free that the comparison needs."""
    notes = []
    low = [row for row in benchmark.scaling if row.number == 1 and row.cores < _WHOLE]
    if low:
        worst = min(low, key=lambda row: row.cores)
        where = f"{len(low)} ran on less than a core where they were alone (least: {worst.backend}, batch {worst.batch}, {worst.cores:.2f})"
        notes.append(f"BUSY: {where}; their gains say more of the machine than of them, unless they work on a GPU")
    most = max((row.cores for row in benchmark.scaling if row.number > 1), default=None)
    if most is not None and most < _MORE:
        notes.append(f"BUSY: never more than {most:.2f} cores were had: what a second core would bring cannot be seen on this machine now")
    return notes


def _cells(row: Row, candidates: float) -> tuple[str, ...]:
    times = (_time(row.latency_p50), _time(row.latency_p99), f"{row.seconds_per_candidate * 1e9:.1f}")
    budget = (f"{row.seconds_per_candidate * candidates * 1e6:.3g}", _part(row.share), _part(row.share / _AT))
    return (str(row.batch), row.backend, *times, f"{row.throughput:.3g}", _spread(row.speedup), _spread(row.of_limit), *budget)


def _scaling_cells(row: Scaling) -> tuple[str, ...]:
    kind = row.kind if row.number > 1 else {"threads": "thread", "copies": "copy"}[row.kind]
    each = row.seconds_per_candidate
    return (
        str(row.batch),
        row.backend,
        str(row.number),
        kind,
        f"{each * 1e9:.1f}",
        f"{1 / each:.3g}",
        _spread(row.gain),
        f"{row.cores:.2f}",
    )


def _spread(ratio: Interval | None) -> str:
    return "" if ratio is None else f"{ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"


def _part(share: float) -> str:
    """A share of the budget: in percent up to ten times of it, then how many times."""
    return f"{share:.1%}" if share < 10 else f"{share:.3g} x"


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1e6:.2f} us"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns under one another: the backend's name to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(_pad(cell, width, left=column == 1) for column, (cell, width) in enumerate(zip(row, widths, strict=True))) for row in rows
    ]


def _pad(cell: str, width: int, *, left: bool) -> str:
    return cell.ljust(width) if left else cell.rjust(width)
