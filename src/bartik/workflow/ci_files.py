"""``bartik ci init``: a use case tested, trained, judged and published by GitLab's or GitHub's runners."""

from __future__ import annotations

from pathlib import Path
from string import Template

from bartik.core import OutputError, UsageError
from bartik.core.files import write_text

_TEMPLATES = Path(__file__).with_name("ci")
FILES = {".gitlab-ci.yml": "gitlab-ci.yml.in", ".github/workflows/bartik.yml": "github.yml.in"}
"""Where each goes within a repository, and from which template."""


def ci_files(name: str) -> dict[str, str]:
    """Text by path for the use case ``name``, which must be an identifier: it stands in commands."""
    if not (name.isidentifier() and name.isascii() and name.islower()):
        raise UsageError(f"{name!r} cannot be the name of a use case", hint="use small letters, digits and _")
    return {path: Template((_TEMPLATES / source).read_text(encoding="utf-8")).substitute(name=name) for path, source in FILES.items()}


def write_ci(name: str, folder: Path, *, force: bool = False) -> list[Path]:
    """Write both into ``folder``; `OutputError` where one is there already, unless ``force``."""
    texts = ci_files(name)
    there = [str(folder / path) for path in texts if (folder / path).exists()]
    if there and not force:
        raise OutputError(f"{', '.join(there)}: exists already", hint="--force replaces it")
    for path, text in texts.items():
        write_text(folder / path, text)
    return [folder / path for path in texts]
