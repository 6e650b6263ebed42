"""What a measurement was made on."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from bartik.core.provenance import environment

_SIMD = ("sse4_2", "avx", "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "amx_tile", "asimd", "sve")


def machine() -> dict[str, Any]:
    """Processor, cores, vector instructions, caches, compiler, versions of packages, and how busy it was: plain values."""
    return {
        **environment(),
        "cores": os.cpu_count() or 0,
        "cores_of_this_process": _usable_cores(),
        "simd": [flag for flag in _SIMD if flag in _flags()],
        "caches": _caches(),
        "memory_gib": round(_memory() / 2**30, 1),
        "kernel": os.uname().release,
        "compiler": _compiler(),
        "load_1min": round(os.getloadavg()[0], 2),
    }


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0


def _flags() -> set[str]:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.is_file() else []
    marked = [line.partition(":")[2] for line in lines if line.lower().startswith(("flags", "features"))]
    return set(marked[0].split()) if marked else set()


def _caches() -> dict[str, str]:
    """Sizes as the kernel writes them, by level and type: ``{"L1 Data": "32K", ...}``."""
    found = {}
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = (_word(folder / name) for name in ("level", "type", "size"))
        found[f"L{level} {kind}"] = size
    return found


def _word(path: Path) -> str:
    return path.read_text(encoding="ascii").strip() if path.is_file() else ""


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _compiler() -> str:
    path = shutil.which(os.environ.get("CXX") or "g++")
    if path is None:
        return "none"
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - fixed words, no shell
    return done.stdout.partition("\n")[0]
