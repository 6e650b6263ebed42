"""A benchmark as plain text."""

from __future__ import annotations

from collections.abc import Sequence

from bartik.profile.budget import SECONDS_PER_EVENT
from bartik.profile.result import PEER, Benchmark, Row

_COLUMNS = ("batch", "backend", "call p50", "call p99", "ns/candidate", "candidates/s", f"x {PEER}", "of budget")


def format_table(benchmark: Benchmark) -> str:
    """Fastest first at each batch size; below, the backends that did not take part, with the reason."""
    ordered = sorted(benchmark.rows, key=lambda row: (row.batch, row.seconds_per_candidate))
    lines = [_title(benchmark), *_aligned([_COLUMNS, *(_cells(row) for row in ordered)]), _foot(benchmark)]
    return "\n".join(lines + [f"{name}: not measured: {reason}" for name, reason in benchmark.skipped.items()])


def _title(benchmark: Benchmark) -> str:
    machine = benchmark.machine
    arithmetic = f"{benchmark.multiply_adds} multiply-adds a candidate"
    return f"{benchmark.bundle} {benchmark.digest[:12]}, {arithmetic}, one thread of {machine['cpu']}, load {machine['load_1min']}"


def _foot(benchmark: Benchmark) -> str:
    return (
        f"budget: {SECONDS_PER_EVENT * 1e6:.1f} us of a GPU for an event of {benchmark.candidates:g} candidates; "
        "what a processor takes of it ranks runtimes and predicts no GPU. limit: the multiply-adds and nothing else"
    )


def _cells(row: Row) -> tuple[str, ...]:
    speedup = "" if row.speedup is None else f"{row.speedup.value:.2f} ({row.speedup.low:.2f} to {row.speedup.high:.2f})"
    times = (_time(row.latency_p50), _time(row.latency_p99), f"{row.seconds_per_candidate * 1e9:.1f}")
    return (str(row.batch), row.backend, *times, f"{row.throughput:.3g}", speedup, f"{row.share:.1%}")


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1e6:.2f} us"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns under one another: the backend's name to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(_pad(cell, width, left=column == 1) for column, (cell, width) in enumerate(zip(row, widths, strict=True))) for row in rows
    ]


def _pad(cell: str, width: int, *, left: bool) -> str:
    return cell.ljust(width) if left else cell.rjust(width)
