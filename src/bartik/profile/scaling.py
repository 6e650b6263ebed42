"""What more threads, or more copies of a model at once, bring: every backend with every number of them, in turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np

from bartik.backends import prepare
from bartik.core import Arrays, BartikError, Session
from bartik.core.bundle import Bundle
from bartik.core.plugins import load_backend
from bartik.profile.clock import Call, CallFailedError, Timing, block_size, interleave, named, ratio
from bartik.profile.result import Kind, Scaling
from bartik.profile.together import Together, together

Sessions = Mapping[str, Mapping[int, Sequence[Session]]]
"""By backend and number: the sessions that run at once."""


def sessions_with_threads(bundle: Bundle, names: Sequence[str], numbers: Sequence[int], skipped: dict[str, str]) -> Sessions:
    """One session for each number of threads, of the backends that take that option for a session of its own."""
    found: dict[str, dict[int, list[Session]]] = {}
    for name in names:
        backend = load_backend(name)
        if "threads" not in getattr(backend, "OPTIONS", {}):
            skipped[f"{name} with threads"] = "a call runs on the thread that makes it"
        elif "threads" in getattr(backend, "PROCESS_OPTIONS", ()):
            skipped[f"{name} with threads"] = "it has one number of threads for the whole process"
        else:
            _try(skipped, f"{name} with threads", lambda n=name: found.update({n: {k: [prepare(bundle, n, threads=k)] for k in numbers}}))
    return found


def sessions_of_copies(
    bundle: Bundle, options: Mapping[str, Mapping[str, Any]], numbers: Sequence[int], skipped: dict[str, str]
) -> Sessions:
    """As many sessions as the largest number, of each backend with its ``options``."""
    found: dict[str, dict[int, list[Session]]] = {}
    for name, chosen in options.items():

        def make(name: str = name, chosen: Mapping[str, Any] = chosen) -> None:
            copies = [prepare(bundle, name, **chosen) for _ in range(max(numbers))]
            found[name] = {number: copies[:number] for number in numbers}

        _try(skipped, f"{name} in copies", make)
    return found


def measure_scaling(sessions: Sessions, kind: Kind, inputs: Arrays, batch: int, seconds: float, skipped: dict[str, str]) -> list[Scaling]:
    """Every backend and number in turn, against the same backend with one; a backend that raises is left out."""
    left = dict(sessions)
    while left:
        try:
            timings, cores = _timed(left, inputs, seconds)
        except CallFailedError as error:
            name, _, number = error.name.rpartition(" ")
            skipped[f"{name} with {number} {kind}"] = f"batch {batch}: {failure(error)}"
            del left[name]
            continue
        keys = [(name, number) for name, numbers in left.items() for number in numbers]
        return [
            Scaling(key[0], batch, kind, key[1], timings[key].median / batch, ratio(timings[key[0], 1], timings[key]), cores[key])
            for key in keys
        ]
    return []


def failure(error: CallFailedError) -> str:
    """Kind and first line of what a call raised."""
    cause = error.__cause__
    if isinstance(cause, BartikError):
        return cause.message
    return f"{type(cause).__name__}: {str(cause).strip().partition(chr(10))[0]}"


_Key = tuple[str, int]


def _timed(sessions: Sessions, inputs: Arrays, seconds: float) -> tuple[dict[_Key, Timing], dict[_Key, float]]:
    """By backend and number: time of one call when so many run at once, and the cores that were used."""
    with ExitStack() as stack:
        groups: dict[_Key, Together] = {}
        for name, numbers in sessions.items():
            for number, copies in numbers.items():
                calls: list[Call] = [partial(session.run, inputs) for session in copies]
                groups[name, number] = stack.enter_context(together(calls, named(f"{name} {number}", block_size, calls[0])))
        found = interleave({f"{name} {number}": group for (name, number), group in groups.items()}, seconds=seconds)
    timings = {key: found[f"{key[0]} {key[1]}"].divided(group.parts) for key, group in groups.items()}
    return timings, {key: float(np.median(group.cores)) for key, group in groups.items()}


def _try(skipped: dict[str, str], what: str, make: Any) -> None:
    try:
        make()
    except Exception as error:  # noqa: BLE001 - one runtime's fault must not end the others' measurement
        skipped[what] = error.message if isinstance(error, BartikError) else f"{type(error).__name__}: {error}"
