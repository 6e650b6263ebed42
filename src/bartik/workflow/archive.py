"""A registered model in one file that a reader without Bartik can understand, verify and run."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from string import Template

from bartik.core import OutputError
from bartik.core.bundle import Bundle
from bartik.core.files import atomic_path
from bartik.core.plugins import recorded_usecase
from bartik.core.secrets import without_password, without_passwords
from bartik.registry import artifact
from bartik.workflow.retrain import TEST
from bartik.workflow.sources import source_digest, source_files

_TEMPLATES = Path(__file__).with_name("archive_templates")


def write_archive(bundle: Bundle, reference: str, path: Path) -> list[str]:
    """Write ``path`` (``.tar.gz``), whole or not at all; the names in it. The same model gives the same bytes.

    Inside: how to read it, a program that needs numpy and ONNX Runtime alone, the bundle, the configuration, the record of the data and
    the test rows, the packages it was made with, the use case's code and its revision, and the SHA-256 of every file.
    """
    if not path.name.endswith((".tar.gz", ".tgz")):
        raise OutputError(f"{path}: wanted a name that ends in .tar.gz")
    name = reference.replace("/", "-")
    files = _files(bundle, reference)
    files["SHA256SUMS"] = "".join(f"{hashlib.sha256(files[key]).hexdigest()}  {key}\n" for key in sorted(files)).encode()
    with atomic_path(path) as temporary:
        temporary.write_bytes(_packed(name, files))
    return sorted(files)


def _files(bundle: Bundle, reference: str) -> dict[str, bytes]:
    provenance = without_passwords(dict(bundle.provenance))
    found = {f"bundle/{file.relative_to(bundle.path)}": file.read_bytes() for file in sorted(bundle.path.rglob("*")) if file.is_file()}
    found |= {
        "configuration.json": _json(provenance.get("configuration", {})),
        "data.json": _json(provenance.get("data", {})),
        "environment.json": _json(provenance.get("environment", {})),
        "requirements.txt": "".join(f"{n}=={v}\n" for n, v in sorted(provenance.get("packages", {}).items())).encode(),
        "run.py": (_TEMPLATES / "run.py.in").read_bytes(),
    }
    test = artifact(reference, TEST)
    if test is not None:
        found["test.npz"] = test.read_bytes()
    found |= _code(bundle)
    found["README.md"] = _readme(bundle, reference, provenance, has_test=test is not None).encode()
    return found


def _code(bundle: Bundle) -> dict[str, bytes]:
    """The use case's files, if they are still those that made the model."""
    name, wanted = bundle.provenance.get("use_case", ""), bundle.provenance.get("code", {}).get("digest", "")
    usecase = recorded_usecase(name)
    if usecase is None or source_digest(usecase) != wanted:
        return {}
    return {f"code/{file}": path.read_bytes() for file, path in source_files(usecase).items()}


def _readme(bundle: Bundle, reference: str, provenance: Mapping[str, object], *, has_test: bool) -> str:
    code = bundle.provenance.get("code", {})
    rows = [f"| `{spec.name}` | {spec.dtype} | {list(spec.shape)} |" for spec in (*bundle.signature.inputs, *bundle.signature.outputs)]
    columns = [f"| {k} | {c.name} | {c.unit} | {c.description} |" for s in bundle.signature.inputs for k, c in enumerate(s.columns)]
    words = {
        "reference": reference,
        "digest": bundle.digest,
        "model_digest": bundle.model_digest,
        "use_case": str(provenance.get("use_case", "")) or "unknown",
        "tensors": "\n".join(rows),
        "columns": "\n".join(columns) or "| | not recorded | | |",
        "points": "\n".join(f"- {name}: {value!r}" for name, value in bundle.working_points.items()) or "- none",
        "revision": str(code.get("revision", "")) or "unknown",
        "code": "in `code/`" if _code(bundle) else "not in this archive: it had changed since",
        "test": "`test.npz` holds the rows it was judged on." if has_test else "The rows it was judged on were not kept.",
        "relative": repr(bundle.tolerance.relative),
        "absolute": repr(bundle.tolerance.absolute),
    }
    return without_password(Template((_TEMPLATES / "README.md.in").read_text(encoding="utf-8")).substitute(words))


def _json(values: object) -> bytes:
    return (json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _packed(folder: str, files: Mapping[str, bytes]) -> bytes:
    """A tar without dates, users and order of a disk, compressed without a date."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mode = len(files[name]), 0o644
            archive.addfile(entry, io.BytesIO(files[name]))
    return gzip.compress(plain.getvalue(), mtime=0)
