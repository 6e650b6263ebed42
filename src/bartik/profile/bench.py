"""All backends side by side on one bundle: latency of a call from Python, throughput, share of the budget, threads, copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from threadpoolctl import threadpool_limits

from bartik.backends import availability, prepare
from bartik.core import BartikError, BuildError, BundleError, Interval, Session, UnavailableError, UnknownNameError, UsageError
from bartik.core.bundle import Bundle
from bartik.core.plugins import backend_names, load_backend
from bartik.core.ragged import is_ragged
from bartik.profile.budget import Budget
from bartik.profile.clock import Call, CallFailedError, Timing, interleave, ratio
from bartik.profile.limit import LIMIT, Limit, build_limit
from bartik.profile.machine import machine
from bartik.profile.result import PEER, Benchmark, Row, Scaling
from bartik.profile.scaling import failure, measure_scaling, sessions_of_copies, sessions_with_threads
from bartik.profile.table import format_table
from bartik.profile.work import multiply_adds, repeated

__all__ = ["BATCHES", "Benchmark", "bench", "format_table"]

BATCHES = (1, 16, 256, 4096)
EVENTS = (1, 4)


def bench(
    bundle: Bundle,
    backends: Sequence[str] | None = None,
    batches: Sequence[int] | None = None,
    *,
    seconds: float = 2.0,
    candidates: float | None = None,
    threads: Sequence[int] = (),
    copies: Sequence[int] = (),
) -> Benchmark:
    """Measure ``backends`` (all, unless named) for about ``seconds`` at each batch size, in turn, one thread each.

    ``threads`` and ``copies`` are numbers of threads in a call, and of sessions called at once, to compare with one; each
    takes ``seconds`` more a batch size. Inputs are the bundle's reference rows, repeated. Without
    ``batches`` and ``candidates`` an event has 150 candidates and `BATCHES` are measured; where a row is an event, that is the
    candidate, and `EVENTS` are measured. `UnknownNameError` for a backend
    nobody knows; one that is not installed, refuses the bundle or raises is listed in ``skipped`` with its reason.
    """
    events = is_ragged(bundle.signature)
    if batches is None:
        batches = EVENTS if events else BATCHES
    candidates = candidates or (1 if events else 150)
    _check_call(bundle, backends, batches, (*threads, *copies))
    skipped: dict[str, str] = {}
    work = multiply_adds(bundle)
    with threadpool_limits(1, user_api="blas"):  # numpy's, under the reference evaluator, would take every core
        sessions = _prepare(bundle, backends or backend_names(), skipped)
        limit = _limit(work, skipped)
        budget = Budget(candidates)
        rows = [row for batch in batches for row in _measure(bundle, sessions, limit, work, batch, seconds, budget, skipped)]
        scaling = _scaling(bundle, list(sessions), batches, threads, copies, seconds, skipped)
    return Benchmark(bundle.name, bundle.digest, candidates, work, tuple(rows), skipped, machine(), tuple(scaling))


def _check_call(bundle: Bundle, backends: Sequence[str] | None, batches: Sequence[int], numbers: Sequence[int]) -> None:
    known = backend_names()
    for name in backends or ():
        if name not in known:
            raise UnknownNameError("backend", name, known)
    if not batches or min(batches) < 1:
        raise UsageError(f"batches: wanted sizes of 1 or more, got {list(batches)}")
    if numbers and min(numbers) < 1:
        raise UsageError(f"threads and copies: wanted 1 or more, got {list(numbers)}")
    if not all(spec.shape and isinstance(spec.shape[0], str) for spec in bundle.signature.inputs):
        raise UsageError(f"{bundle.path}: no batch axis comes first in every input", hint="bench measures models that take rows")


def _prepare(bundle: Bundle, names: Sequence[str], skipped: dict[str, str]) -> dict[str, Session]:
    sessions = {}
    for name in names:
        try:
            sessions[name] = prepare(bundle, name, **_one_thread(name))
        except BundleError:
            raise
        except BartikError as error:
            skipped[name] = f"{error.message} ({error.hint})" if error.hint else error.message
        except Exception as error:  # noqa: BLE001 - one runtime's fault must not end the others' measurement
            skipped[name] = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
    return sessions


def _one_thread(name: str) -> dict[str, Any]:
    """The option for it, of a backend that has one and is installed."""
    return {"threads": 1} if availability(name).ok and "threads" in getattr(load_backend(name), "OPTIONS", {}) else {}


def _limit(work: int, skipped: dict[str, str]) -> Limit | None:
    try:
        return build_limit() if work else None
    except (BuildError, UnavailableError) as error:
        skipped[LIMIT] = error.message
        return None


def _measure(
    bundle: Bundle,
    sessions: dict[str, Session],
    limit: Limit | None,
    work: int,
    batch: int,
    seconds: float,
    budget: Budget,
    skipped: dict[str, str],
) -> list[Row]:
    """One row for every backend, and for the limit; what raises leaves ``sessions`` for good."""
    inputs = repeated(bundle, batch)
    while True:
        calls: dict[str, Call] = {name: partial(session.run, inputs) for name, session in sessions.items()}
        if limit is not None:
            calls[LIMIT] = limit.call(work * batch)
        try:
            timings = interleave(calls, seconds=seconds)
            break
        except CallFailedError as error:
            del sessions[error.name]
            skipped[error.name] = f"batch {batch}: {failure(error)}"
    if limit is not None:
        timings[LIMIT] = timings[LIMIT].divided(limit.repeats(work * batch))
    return [_row(name, batch, timing, timings, budget) for name, timing in timings.items()]


def _row(name: str, batch: int, timing: Timing, timings: Mapping[str, Timing], budget: Budget) -> Row:
    each = timing.median / batch
    called = name != LIMIT
    return Row(
        backend=name,
        batch=batch,
        latency_p50=timing.quantile(0.5) if called else None,
        latency_p99=timing.quantile(0.99) if called else None,
        seconds_per_candidate=each,
        speedup=_against(timings.get(PEER), timing),
        share=budget.share(each),
        of_limit=_against(timings.get(LIMIT), timing) if called else None,
    )


def _against(other: Timing | None, timing: Timing) -> Interval | None:
    return None if other is None else ratio(other, timing)


def _scaling(
    bundle: Bundle,
    names: Sequence[str],
    batches: Sequence[int],
    threads: Sequence[int],
    copies: Sequence[int],
    seconds: float,
    skipped: dict[str, str],
) -> list[Scaling]:
    found: list[Scaling] = []
    if threads:
        sessions = sessions_with_threads(bundle, names, sorted({1, *threads}), skipped)
        found += [row for n in batches for row in measure_scaling(sessions, "threads", repeated(bundle, n), n, seconds, skipped)]
    if copies:
        sessions = sessions_of_copies(bundle, {name: _one_thread(name) for name in names}, sorted({1, *copies}), skipped)
        found += [row for n in batches for row in measure_scaling(sessions, "copies", repeated(bundle, n), n, seconds, skipped)]
    return found
