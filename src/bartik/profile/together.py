"""Several calls at once: one thread each, let go together and waited for together.

Threads of one process, and not processes, because that is how the trigger's frameworks use a model: many threads, caches
and memory shared. Every copy is a session of its own. A runtime gives Python's lock away while it works; what Python itself
does around a call is done by one thread at a time, and for small batches that is what is measured.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bartik.profile.clock import Call


class Together:
    """Calls it lets run ``count`` times each, all at once; calling it waits until the last one is done."""

    def __init__(self, calls: Sequence[Call], count: int) -> None:
        """Start a thread for every call; `together` ends them."""
        self.parts = len(calls) * count
        """Calls made in one go."""
        self.cores: list[float] = []
        """Processor seconds of this process for each second of every go: what ran at once, or what a busy machine let it have."""
        self._count, self._over = count, False
        self._error: Exception | None = None
        self._start, self._end = threading.Barrier(len(calls) + 1), threading.Barrier(len(calls) + 1)
        self._threads = [threading.Thread(target=self._work, args=(call,), daemon=True) for call in calls]
        for thread in self._threads:
            thread.start()

    def __call__(self) -> None:
        """One go; raises what one of the calls raised."""
        clock, spent = time.perf_counter(), time.process_time()
        self._start.wait()
        self._end.wait()
        self.cores.append((time.process_time() - spent) / (time.perf_counter() - clock))
        error, self._error = self._error, None
        if error is not None:
            raise error

    def close(self) -> None:
        """End the threads."""
        self._over = True
        self._start.wait()
        for thread in self._threads:
            thread.join()

    def _work(self, call: Call) -> None:
        while True:
            self._start.wait()
            if self._over:
                return
            try:
                for _ in range(self._count):
                    call()
            except Exception as error:  # noqa: BLE001 - raised again by the one who waits
                self._error = error
            self._end.wait()


@contextmanager
def together(calls: Sequence[Call], count: int) -> Iterator[Together]:
    """``calls`` at once, ``count`` times each: enough that waking threads up (some 50 us) is little beside it."""
    made = Together(calls, count)
    try:
        yield made
    finally:
        made.close()
