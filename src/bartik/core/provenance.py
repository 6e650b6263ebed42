"""Where a model came from: the code that made it and the machine and packages it was made with."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

from bartik.core.digest import digest_bytes, digest_values

_NONE = "not installed"
_PACKAGES = ("bartik", "numpy", "torch", "onnx", "onnxruntime", "onnxscript", "scikit-learn")
_TRAINERS = {"xgboost": ("xgboost", "xgboost-cpu"), "lightgbm": ("lightgbm",), "catboost": ("catboost",), "keras": ("keras",)}
"""What may train a model beside torch and scikit-learn: by the name that is imported, the packages that have it."""


def environment(code: Path | None = None) -> dict[str, str]:
    """Python, processor and the versions of the packages that decide a model's numbers, with those that the files of ``code`` import."""
    versions = {name: _version(name) for name in (*_PACKAGES, *(_trainers(code) if code else ()))}
    return {"python": platform.python_version(), "system": platform.system(), "machine": platform.machine(), "cpu": cpu_model()} | versions


def _trainers(folder: Path) -> list[str]:
    text = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in folder.rglob("*.py"))
    named = set(re.findall(rf"^\s*(?:import|from)\s+({'|'.join(_TRAINERS)})\b", text, re.MULTILINE))
    return [next((package for package in _TRAINERS[name] if _version(package) != _NONE), name) for name in sorted(named)]


def packages() -> dict[str, str]:
    """Every installed package and its version: what a lock file says."""
    found = {(dist.metadata["Name"] or "").lower(): dist.version for dist in distributions()}
    return {name: found[name] for name in sorted(found) if name}


def revision(folder: Path) -> str:
    """Git revision of the checkout that holds ``folder``, ``+changes`` where it has any; empty outside of one."""
    git = shutil.which("git")
    if git is None:
        return ""
    head = _git(git, folder, "rev-parse", "HEAD")
    return f"{head}+changes" if head and _git(git, folder, "status", "--porcelain", "--untracked-files=no") else head


def code_digest(folder: Path) -> str:
    """SHA-256 over the Python files of ``folder``, by relative name."""
    files = sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)
    return digest_values({str(path.relative_to(folder)): digest_bytes(path.read_bytes()) for path in files})


def cpu_model() -> str:
    """The processor's own name."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return _NONE


def _git(git: str, folder: Path, *arguments: str) -> str:
    done = subprocess.run([git, "-C", str(folder), *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - fixed words, no shell
    return done.stdout.strip() if done.returncode == 0 else ""
