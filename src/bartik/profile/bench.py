"""All backends side by side on one bundle: latency of a call from Python, time per candidate, share of the budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from bartik.backends import availability, prepare
from bartik.core import Arrays, BackendError, BuildError, Session, UnavailableError, UnknownNameError, UsageError
from bartik.core.bundle import Bundle
from bartik.core.plugins import backend_names, load_backend
from bartik.profile.budget import Budget
from bartik.profile.clock import Call, Timing, interleave, ratio
from bartik.profile.limit import LIMIT, Limit, build_limit
from bartik.profile.machine import machine
from bartik.profile.result import PEER, Benchmark, Row
from bartik.profile.table import format_table
from bartik.profile.work import multiply_adds

__all__ = ["BATCHES", "Benchmark", "bench", "format_table"]

BATCHES = (1, 16, 256, 4096)


def bench(
    bundle: Bundle,
    backends: Sequence[str] | None = None,
    batches: Sequence[int] = BATCHES,
    *,
    seconds: float = 2.0,
    candidates: float = 150,
) -> Benchmark:
    """Measure ``backends`` (all, unless named) for about ``seconds`` at each batch size, in turn, one thread each.

    Inputs are the bundle's reference rows, repeated. `UnknownNameError` for a backend nobody knows; one that is not
    installed or refuses the bundle is listed in ``skipped`` with its reason.
    """
    _check_call(bundle, backends, batches)
    sessions, skipped = _prepare(bundle, backends or backend_names())
    work = multiply_adds(bundle)
    limit = _limit(work, skipped)
    budget = Budget(candidates)
    rows = [row for batch in batches for row in _measure(bundle, sessions, limit, work, batch, seconds, budget)]
    return Benchmark(bundle.name, bundle.digest, candidates, work, tuple(rows), skipped, machine())


def _check_call(bundle: Bundle, backends: Sequence[str] | None, batches: Sequence[int]) -> None:
    known = backend_names()
    for name in backends or ():
        if name not in known:
            raise UnknownNameError("backend", name, known)
    if not batches or min(batches) < 1:
        raise UsageError(f"batches: wanted sizes of 1 or more, got {list(batches)}")
    if not all(spec.shape and isinstance(spec.shape[0], str) for spec in bundle.signature.inputs):
        raise UsageError(f"{bundle.path}: no batch axis comes first in every input", hint="bench measures models that take rows")


def _prepare(bundle: Bundle, names: Sequence[str]) -> tuple[dict[str, Session], dict[str, str]]:
    sessions, skipped = {}, {}
    for name in names:
        try:
            sessions[name] = prepare(bundle, name, **_one_thread(name))
        except BackendError as error:
            skipped[name] = f"{error.message} ({error.hint})" if error.hint else error.message
    return sessions, skipped


def _one_thread(name: str) -> dict[str, int]:
    """The option for it, of a backend that has one and is installed."""
    return {"threads": 1} if availability(name).ok and "threads" in getattr(load_backend(name), "OPTIONS", {}) else {}


def _limit(work: int, skipped: dict[str, str]) -> Limit | None:
    try:
        return build_limit() if work else None
    except (BuildError, UnavailableError) as error:
        skipped[LIMIT] = error.message
        return None


def _measure(
    bundle: Bundle, sessions: Mapping[str, Session], limit: Limit | None, work: int, batch: int, seconds: float, budget: Budget
) -> list[Row]:
    inputs = _repeated(bundle, batch)
    calls: dict[str, Call] = {name: partial(session.run, inputs) for name, session in sessions.items()}
    if limit is not None:
        calls[LIMIT] = limit.call(work * batch)
    timings = interleave(calls, seconds=seconds)
    if limit is not None:
        timings[LIMIT] = timings[LIMIT].divided(limit.repeats(work * batch))
    peer = timings.get(PEER)
    return [_row(name, batch, timing, peer, budget) for name, timing in timings.items()]


def _row(name: str, batch: int, timing: Timing, peer: Timing | None, budget: Budget) -> Row:
    each = timing.median / batch
    called = name != LIMIT
    return Row(
        backend=name,
        batch=batch,
        latency_p50=timing.quantile(0.5) if called else None,
        latency_p99=timing.quantile(0.99) if called else None,
        seconds_per_candidate=each,
        speedup=None if peer is None else ratio(peer, timing),
        share=budget.share(each),
    )


def _repeated(bundle: Bundle, batch: int) -> Arrays:
    """The first rows of the reference, over again until there are ``batch``."""
    inputs, _ = bundle.reference()
    return {name: array[np.arange(batch) % len(array)] for name, array in inputs.items()}
