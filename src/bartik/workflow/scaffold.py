"""``bartik new``: a use case that works, to change into one's own."""

from __future__ import annotations

import keyword
from pathlib import Path
from string import Template

from bartik.core import OutputError, UsageError
from bartik.core.files import atomic_folder
from bartik.core.plugins import usecase_names
from bartik.workflow.ci_files import write_ci

_TEMPLATE = Path(__file__).with_name("template")


def write_usecase(name: str, parent: Path = Path()) -> list[Path]:
    """Write the folder ``parent/name``, whole or not at all; the files in it."""
    _check_name(name, parent)
    with atomic_folder(parent / name) as folder:
        for source in sorted(_TEMPLATE.glob("*.in")):
            text = Template(source.read_text(encoding="utf-8")).substitute(name=name, title=name.replace("_", " "))
            (folder / source.name.removesuffix(".in").replace("NAME", name)).write_text(text, encoding="utf-8")
        write_ci(name, folder)
    return sorted(path for path in (parent / name).rglob("*") if path.is_file())


def _check_name(name: str, parent: Path) -> None:
    if not name.isidentifier() or keyword.iskeyword(name) or not name.islower():
        raise UsageError(f"{name!r} cannot be the name of a use case", hint="use small letters, digits and _, for example two_body_decay")
    if name in usecase_names():
        raise UsageError(f"there is a use case {name!r} already", hint="choose another name")
    if (parent / name).exists():
        raise OutputError(f"{parent / name}: exists already", hint="choose another name, or remove it")
