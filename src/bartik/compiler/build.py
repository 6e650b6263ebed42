"""Compile C++ and keep what came out, by the digest of all it depends on."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from bartik.core import BuildError, OutputError, UnavailableError
from bartik.core.digest import digest_bytes, digest_values
from bartik.core.files import atomic_path
from bartik.core.places import cache

FLAGS = ("-std=c++17", "-O3", "-march=native", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-fno-plt")
"""Nothing here lets the compiler assume that there is no NaN, no infinity or no minus zero."""
_SHARED = ("-shared", "-fPIC", "-fvisibility=hidden")
_SHOWN = 5
"""Lines of a compiler's complaint that are shown."""
_REMEDY = "install g++ (Debian: apt install g++), or name a C++17 compiler with CXX"


def find_compiler() -> Path | None:
    """The C++ compiler: ``$CXX``, else ``g++``, else ``clang++``."""
    chosen = os.environ.get("CXX")
    found = next((path for name in ([chosen] if chosen else ["g++", "clang++"]) if (path := shutil.which(name))), None)
    return Path(found) if found else None


def compiler() -> Path:
    """The C++ compiler; `UnavailableError` where there is none."""
    found = find_compiler()
    if found is None:
        raise UnavailableError(f"no C++ compiler: {os.environ.get('CXX') or 'g++'} is not found", hint=_REMEDY)
    return found


@functools.lru_cache(maxsize=8)
def compiler_version(path: Path) -> str:
    """First line of what the compiler says of itself."""
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - a list, no shell
    return done.stdout.partition("\n")[0].strip()


def build_shared(source: str, *, name: str, flags: Sequence[str] = FLAGS, suffix: str = ".so") -> Path:
    """The shared library of ``source``, from the cache where it was built before.

    Safe when several processes ask at once: one builds, the others wait. `BuildError` shows the compiler's first lines.
    """
    program = compiler()
    key = digest_values([source, [*flags, *_SHARED], str(program), compiler_version(program), machine(), suffix])
    library = cache() / "native" / f"{name}-{key[:24]}{suffix}"
    if library.is_file():
        return library
    try:
        library.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(library.with_suffix(".lock")):
            if not library.is_file():
                _compile(program, source, library, flags)
    except OSError as error:
        hint = "set BARTIK_CACHE to a folder that can be written"
        raise OutputError(f"{library.parent}: compiled code cannot be kept there ({error.strerror or error})", hint=hint) from error
    return library


def python_includes() -> tuple[str, ...] | None:
    """Flags to compile an extension of this Python; nothing where its headers are not installed."""
    folder = Path(sysconfig.get_paths()["include"])
    return (f"-I{folder}",) if (folder / "Python.h").is_file() else None


def _compile(program: Path, source: str, library: Path, flags: Sequence[str]) -> None:
    with atomic_path(library) as temporary:
        command = [str(program), *flags, *_SHARED, "-x", "c++", "-", "-o", str(temporary)]
        done = subprocess.run(command, input=source, capture_output=True, text=True, check=False)  # noqa: S603 - a list, no shell
        if done.returncode:
            raise BuildError(
                f"{program.name} refused generated code ({library.stem}):\n{_first_errors(done.stderr)}", hint=_hint(done.stderr)
            )


def _first_errors(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line] or lines
    return "\n".join(f"  {line[:200]}" for line in errors[:_SHOWN])


def _hint(text: str) -> str:
    if "unrecognized" in text or "unknown" in text:
        return "this compiler lacks a flag: use g++ 11 or later, or clang++ 14 or later, by setting CXX"
    return "see that the compiler itself works and that the disk is not full, or try another one by setting CXX"


def machine() -> str:
    """What ``-march=native`` means here: a digest of the processor's name and list of instructions."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.is_file() else []
    kinds = {line for line in lines if line.startswith(("flags", "Features", "model name", "cpu family", "model\t"))}
    return digest_bytes("\n".join(sorted(kinds)).encode())
