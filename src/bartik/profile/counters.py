"""Hardware counters of this thread, where Linux gives them: instructions, cycles, misses of the last cache.

By ``perf_event_open`` (its manual page), through ctypes: no privileges beyond ``/proc/sys/kernel/perf_event_paranoid`` of 2, no
package. Many virtual machines have none.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Callable
from contextlib import ExitStack

from bartik.core import UnavailableError

EVENTS = {"cycles": 0, "instructions": 1, "cache_misses": 3}
"""``PERF_TYPE_HARDWARE`` by name."""
_NUMBER = {"x86_64": 298, "aarch64": 241}
"""Of the system call, by architecture."""
_SIZE, _USER_ONLY = 128, 1 << 5 | 1 << 6
_REMEDY = "run on a machine that is not virtual, or one whose host passes its counters on; sysctl kernel.perf_event_paranoid=2"


def count(call: Callable[[], object], calls: int) -> dict[str, float]:
    """Events of one call, the mean of ``calls``; `UnavailableError` where this machine has no counters."""
    with ExitStack() as stack:
        files = {name: _opened(code) for name, code in EVENTS.items()}
        for file in files.values():
            stack.callback(os.close, file)
        before = {name: _read(file) for name, file in files.items()}
        for _ in range(calls):
            call()
        return {name: (_read(file) - before[name]) / calls for name, file in files.items()}


def _opened(code: int) -> int:
    number = _NUMBER.get(platform.machine())
    if number is None or platform.system() != "Linux":
        raise UnavailableError(f"no counters on {platform.system()} {platform.machine()}", hint="Linux on x86_64 or aarch64 has them")
    attributes = ctypes.create_string_buffer(_SIZE)
    struct.pack_into("=IIQ", attributes, 0, 0, _SIZE, code)
    struct.pack_into("=Q", attributes, 40, _USER_ONLY)
    library = ctypes.CDLL(None, use_errno=True)
    file = int(library.syscall(number, attributes, 0, -1, -1, 0))
    if file < 0:
        raise UnavailableError(f"no counters here: {os.strerror(ctypes.get_errno())}", hint=_REMEDY)
    return file


def _read(file: int) -> int:
    return int.from_bytes(os.read(file, 8), "little")
