"""A model file of any kind becomes a bundle: the table of kinds, told apart by what is in the file, not by its name."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from bartik.core import Arrays, ExportError, Signature
from bartik.core.bundle import Bundle, write_bundle
from bartik.core.digest import digest_bytes
from bartik.exporters.imported import Imported, translate
from bartik.exporters.loading import load_exporter

MAX_BYTES = 512 * 2**20


@dataclass(frozen=True)
class Content:
    """What is in a file."""

    data: bytes

    def starts(self, *words: bytes) -> bool:
        """Whether the file begins so, white space and byte order mark aside."""
        return self.data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(words)

    @cached_property
    def json(self) -> Any:
        """The values where it is JSON, else None."""
        if not self.starts(b"{", b"["):
            return None
        try:
            return json.loads(self.data)
        except (ValueError, RecursionError):
            return None

    def has(self, *keys: str) -> bool:
        """Whether it is a JSON object with all of ``keys``."""
        return isinstance(self.json, dict) and all(key in self.json for key in keys)

    @property
    def is_xgboost_ubj(self) -> bool:
        """Whether it is XGBoost's binary JSON: an object whose first key, after a letter for the type of its length, is known."""
        return re.match(rb"\{[UiIlL]\x00*.(learner|version|Config|Model)", self.data[:40], re.DOTALL) is not None

    @property
    def is_old_xgboost(self) -> bool:
        """Whether it is what XGBoost wrote before JSON: 136 bytes, half of them kept free, then the length and name of the objective."""
        data = self.data[4:] if self.data[:4] == b"binf" else self.data
        length = int.from_bytes(data[136:144], "little")
        return data[24:136].count(0) > 100 and length < 64 and re.fullmatch(rb"[a-z]+:[a-z0-9]+", data[144 : 144 + length]) is not None

    @property
    def is_keras(self) -> bool:
        """Whether it is an archive with the parts of a Keras 3 model."""
        return self.data[:4] == b"PK\x03\x04" and b"metadata.json" in self.data and b"model.weights.h5" in self.data

    @property
    def is_onnx(self) -> bool:
        """Whether it is a serialised ONNX model."""
        return bool(self.data) and cast(bool, importlib.import_module("bartik.exporters.onnx_file").is_onnx(self.data))


@dataclass(frozen=True)
class Kind:
    """A kind of file: how to tell it, and ``module:function`` that reads it, or what to say and do instead."""

    name: str
    told_by: Callable[[Content], bool]
    reader: str = ""
    remedy: str = ""


_FROM_PYTHON = "load it in Python with its own framework and call bartik.export(model, signature, reference, path)"

_FROM_HDF5 = "load it in Python with the Keras that wrote it, and save it with Keras 3 as model.keras; or convert it to lwtnn or ONNX"
_OLD_XGBOOST = (
    "XGBoost reads it no longer: with an older one (pip install 'xgboost<3.1' in an environment of its own) call "
    "booster.load_model(FILE); booster.save_model('model.json'), and export model.json"
)
_OLDEST_XGBOOST = "XGBoost 3.0 cannot read it either: train again, or ask for booster.save_model('model.json')"

KINDS: tuple[Kind, ...] = (
    Kind("TMVA XML weights", lambda c: c.starts(b"<"), "tmva_xml:read_tmva_xml"),
    Kind("XGBoost JSON", lambda c: c.has("learner", "version"), "xgboost:read_xgboost"),
    Kind("XGBoost UBJSON", lambda c: c.is_xgboost_ubj, "xgboost:read_xgboost"),
    Kind("XGBoost's oldest binary format", lambda c: c.data[:4] == b"binf" and c.is_old_xgboost, remedy=_OLDEST_XGBOOST),
    Kind("XGBoost's old binary format", lambda c: c.is_old_xgboost, remedy=_OLD_XGBOOST),
    Kind("LightGBM text", lambda c: c.starts(b"tree\n", b"tree\r\n"), "lightgbm:read_lightgbm"),
    Kind("CatBoost JSON", lambda c: c.has("features_info", "model_info"), "catboost:read_catboost"),
    Kind("CatBoost binary", lambda c: c.data[:4] == b"CBM1", "catboost:read_catboost"),
    Kind("lwtnn JSON", lambda c: c.has("layers", "inputs", "outputs"), "lwtnn:read_lwtnn"),
    Kind("lwtnn variables", lambda c: c.has("inputs", "outputs"), remedy="give the network that lwtnn's converter wrote from them"),
    Kind(
        "Keras architecture", lambda c: c.has("class_name", "config"), remedy="it has no weights: convert it with its .h5 to lwtnn or ONNX"
    ),
    Kind("JSON of no known model", lambda c: c.json is not None, remedy="known: lwtnn networks"),
    Kind("broken JSON", lambda c: c.starts(b"{", b"["), remedy="is the file whole?"),
    Kind("TMVA text weights", lambda c: c.starts(b"#GEN", b"Method"), remedy="TMVA 4 and later write .weights.xml: train again"),
    Kind("ROOT file", lambda c: c.starts(b"root"), remedy="give the .weights.xml that TMVA wrote beside it"),
    Kind("HDF5 (Keras)", lambda c: c.starts(b"\x89HDF"), remedy=_FROM_HDF5),
    Kind("Keras archive", lambda c: c.is_keras, "keras:read_keras"),
    Kind("zip archive (torch, Keras or numpy)", lambda c: c.starts(b"PK\x03\x04"), remedy=_FROM_PYTHON),
    Kind("pickle", lambda c: c.data[:1] == b"\x80", remedy=f"loading one runs whatever is in it; {_FROM_PYTHON}"),
    Kind("gzip archive", lambda c: c.data[:2] == b"\x1f\x8b", remedy="unpack it first"),
    Kind("ONNX", lambda c: c.is_onnx, "onnx_file:read_onnx"),
)
"""The first that fits is it. A new format is a line here and a file with its reader."""


def export_file(path: Path, out: Path, *, name: str = "") -> Bundle:
    """Write the model in the file ``path`` as a bundle at ``out``, compared with its own framework's arithmetic.

    ``name`` is taken from the file where none is given. `ExportError` names the file and what in it no bundle can say.
    """
    content = _content(path)
    source = _read(path, content)
    model = translate(source, source.reference)
    about = dict(source.about) | {"sha256": digest_bytes(content)}
    reference = source.reference, source.run(source.reference)
    name = name or model_name(path)
    more: dict[str, Any] = {"provenance": {"file": about}, "source": source.source, "tolerance": source.tolerance}
    return write_bundle(out, model, source.signature, reference, name=name, **more)


def export_path(path: Path, signature: Signature, reference: Arrays) -> bytes:
    """ONNX bytes of the model in ``path``, which must have ``signature``, compared on ``reference``."""
    source = read_file(path)
    _check_signature(source, signature)
    signature.check_inputs(reference)
    return translate(source, reference)


def path_outputs(path: Path, signature: Signature, inputs: Arrays) -> Arrays:
    """Outputs by name of the model in ``path`` by its own framework's arithmetic."""
    source = read_file(path)
    _check_signature(source, signature)
    return source.run(inputs)


def read_file(path: Path) -> Imported:
    """The model in ``path``, read by the first of `KINDS` that fits."""
    return _read(path, _content(path))


def model_name(path: Path) -> str:
    """A model's name after its file: without endings, in letters, digits and ``_``."""
    stem = re.sub(r"(\.weights)?\.(xml|json|onnx|ubj|txt|cbm|keras|model)$", "", path.name, flags=re.IGNORECASE)
    return re.sub(r"[^A-Za-z0-9]+", "_", stem).strip("_")[:80] or "model"


def _content(path: Path) -> bytes:
    if not path.exists():
        raise ExportError(f"{path}: no such file")
    if not path.is_file():
        raise ExportError(f"{path}: is no regular file")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ExportError(f"{path}: {size} bytes, more than the {MAX_BYTES} we read")
    content = path.read_bytes()
    if not content.strip():
        raise ExportError(f"{path}: is empty", hint="copy it again from where it was trained")
    return content


def _read(path: Path, data: bytes) -> Imported:
    content = Content(data)
    kind = next((kind for kind in KINDS if kind.told_by(content)), None)
    if kind is None:
        known = ", ".join(kind.name for kind in KINDS if kind.reader)
        raise ExportError(f"{path}: is of no kind of model file we know", hint=f"known: {known}; or is the file whole?")
    if not kind.reader:
        raise ExportError(f"{path}: {kind.name} cannot be exported", hint=kind.remedy)
    module, _, function = kind.reader.partition(":")
    read = getattr(load_exporter(module), function)
    return cast(Imported, read(path, data))


def _check_signature(source: Imported, signature: Signature) -> None:
    for kind, wanted, came in (
        ("input", signature.inputs, source.signature.inputs),
        ("output", signature.outputs, source.signature.outputs),
    ):
        shapes = [[(s.name, s.dtype, s.shape) for s in specs] for specs in (wanted, came)]
        if shapes[0] != shapes[1]:
            text = [", ".join(f"{n} {d}[{', '.join(map(str, shape))}]" for n, d, shape in specs) for specs in shapes]
            raise ExportError(f"{source.path}: the file's {kind}s are {text[1]}; the signature has {text[0]}")
