"""The bundle: an immutable folder that is a trained model, whole.

``model.onnx`` the graph, pre- and post-processing included; ``bundle.json`` signature, working points, provenance and
the digest of every file; ``reference.npz`` inputs and the outputs any backend must reproduce; ``metrics.json``. Where the graph
is a tree library's model and nothing else, ``source/`` may hold that model in the library's own text, for a backend that runs it.
``sketch.json`` may hold counts of inputs and scores of the test rows, for a monitor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import onnx

from bartik.core.compare import Tolerance
from bartik.core.digest import digest_file, digest_values
from bartik.core.errors import BundleError, DataError, DigestError, UsageError
from bartik.core.files import atomic_folder, read_arrays, read_json, recover, write_arrays, write_json
from bartik.core.secrets import without_passwords
from bartik.core.spec import Arrays, Signature, TensorSpec

FORMAT = 1
MODEL, MANIFEST, REFERENCE, METRICS = "model.onnx", "bundle.json", "reference.npz", "metrics.json"
_PARTS = (MODEL, REFERENCE, METRICS)
SOURCE, SOURCES = "source", ("lightgbm.txt", "xgboost.json")
SKETCH = "sketch.json"
"""The folder of a library's own model, and the names that may be in it; and what a monitor compares with, where the bundle has it."""


@dataclass(frozen=True)
class Bundle:
    """A bundle on disk, verified when it was opened."""

    path: Path
    name: str
    signature: Signature
    digest: str
    working_points: Mapping[str, float] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    tolerance: Tolerance = field(default_factory=Tolerance)
    """How far a backend's outputs may be from the reference: wider than rounding only where the model itself rounds (8 bits)."""
    examples: tuple[Arrays, Arrays] | None = field(default=None, compare=False, repr=False)
    """A reference in place of the folder's: of a bundle whose axes were given sizes."""

    @property
    def model_path(self) -> Path:
        """Where the ONNX file is."""
        return self.path / MODEL

    @property
    def model_digest(self) -> str:
        """SHA-256 of the ONNX file."""
        return digest_file(self.model_path)

    def model(self) -> onnx.ModelProto:
        """The ONNX graph."""
        try:
            model = onnx.load(self.model_path, load_external_data=False)
        except Exception as error:  # protobuf raises its own, and onnx's file layer others
            raise BundleError(f"{self.model_path}: not an ONNX file ({type(error).__name__})") from error
        refuse_external_data(model, self.model_path)
        return model

    def reference(self) -> tuple[Arrays, Arrays]:
        """Reference inputs and outputs by name."""
        if self.examples is not None:
            return self.examples
        arrays = read_arrays(self.path / REFERENCE)
        inputs = {spec.name: arrays[f"input.{spec.name}"] for spec in self.signature.inputs}
        return inputs, {spec.name: arrays[f"output.{spec.name}"] for spec in self.signature.outputs}

    def source(self, name: str) -> Path | None:
        """Where the library's own model of this name (one of `SOURCES`) is; nothing where the bundle was written without it."""
        path = self.path / SOURCE / name
        return path if name in SOURCES and path.is_file() else None

    def sketch(self) -> dict[str, Any] | None:
        """What a monitor compares new data with (`bartik.monitor.Reference`); nothing where the bundle was written without it."""
        path = self.path / SKETCH
        return dict(read_json(path)) if path.is_file() else None

    def metrics(self) -> dict[str, Any]:
        """Metrics by name, each with ``value``, ``low`` and ``high``."""
        return dict(read_json(self.path / METRICS))


def fixed(bundle: Bundle, sizes: Mapping[str, int]) -> Bundle:
    """The bundle as if its free axes of these names had these sizes; `UsageError` for a name that no input has."""
    free = {axis for spec in bundle.signature.inputs for axis in spec.shape if isinstance(axis, str)}
    if unknown := sorted(set(sizes) - free):
        raise UsageError(f"{bundle.path}: no input has a free axis {unknown[0]!r}", hint=f"free are: {', '.join(sorted(free)) or 'none'}")
    if not sizes:
        return bundle

    def of(specs: tuple[TensorSpec, ...]) -> tuple[TensorSpec, ...]:
        shapes = [tuple(sizes.get(axis, axis) if isinstance(axis, str) else axis for axis in spec.shape) for spec in specs]
        return tuple(replace(spec, shape=shape) for spec, shape in zip(specs, shapes, strict=True))

    return replace(bundle, signature=Signature(of(bundle.signature.inputs), of(bundle.signature.outputs)))


def sizes_of(text: str, option: str) -> dict[str, int]:
    """``"n=50,batch=1"`` as sizes by name; `UsageError` that names the ``option`` for another text.

    >>> sizes_of("n=50, batch=1", "--axes")
    {'n': 50, 'batch': 1}
    """
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if any(not size.strip().isdigit() or int(size) < 1 for _, _, size in pairs):
        raise UsageError(f"{option}: wanted NAME=SIZE,..., got {text!r}")
    return {name.strip(): int(size) for name, _, size in pairs}


def refuse_external_data(model: onnx.ModelProto, path: Path) -> None:
    """Raise `BundleError` where any constant, however deep, lies in another file: reading it would follow a path of the model's."""
    for tensor in _tensors(model):
        if tensor.external_data or tensor.data_location == onnx.TensorProto.EXTERNAL:
            hint = "save the model with its weights inside"
            raise BundleError(f"{path}: a constant lies in another file, which is not followed", hint=hint)


def write_bundle(  # noqa: PLR0913 - the parts of a bundle
    path: Path,
    model: bytes,
    signature: Signature,
    reference: tuple[Arrays, Arrays],
    *,
    name: str,
    metrics: Mapping[str, Any] | None = None,
    working_points: Mapping[str, float] | None = None,
    provenance: Mapping[str, Any] | None = None,
    tolerance: Tolerance | None = None,
    source: Mapping[str, bytes] | None = None,
    sketch: Mapping[str, Any] | None = None,
) -> Bundle:
    """Write a bundle whole or not at all, and open it; ``source`` are a library's own models by name, of `SOURCES`."""
    inputs, outputs = reference
    sources = dict(sorted((source or {}).items()))
    if unknown := [name for name in sources if name not in SOURCES]:
        raise BundleError(f"{path}: source {unknown[0]!r} has no place in a bundle", hint=f"known: {', '.join(SOURCES)}")
    with atomic_folder(path) as folder:
        (folder / MODEL).write_bytes(model)
        arrays = {f"input.{k}": v for k, v in inputs.items()} | {f"output.{k}": v for k, v in outputs.items()}
        write_arrays(folder / REFERENCE, arrays)
        write_json(folder / METRICS, dict(metrics or {}))
        if sketch is not None:
            write_json(folder / SKETCH, dict(sketch))
        parts = (*_PARTS, *([SKETCH] if sketch is not None else []), *(f"{SOURCE}/{part}" for part in sources))
        if sources:
            (folder / SOURCE).mkdir()
        for part, content in sources.items():
            (folder / SOURCE / part).write_bytes(content)
        manifest: dict[str, Any] = {
            "format": FORMAT,
            "name": name,
            "signature": signature.to_dict(),
            "working_points": dict(working_points or {}),
            "files": {part: digest_file(folder / part) for part in parts},
            "provenance": without_passwords(provenance or {}),
        }
        if tolerance is not None:
            manifest["tolerance"] = asdict(tolerance)
        write_json(folder / MANIFEST, manifest | {"digest": digest_values(manifest)})
    return open_bundle(path)


def open_bundle(path: Path) -> Bundle:
    """Open a bundle folder and verify every digest; `DigestError` names the file that was altered."""
    manifest = _read_manifest(path)
    claimed = manifest.pop("digest", None)
    if claimed != digest_values(manifest):
        raise DigestError(f"{path / MANIFEST}: was altered: its digest does not match", hint="export the model again")
    for part, digest in manifest["files"].items():
        _verify(path, part, digest)
    _refuse_unlisted(path, manifest["files"])
    try:
        signature = Signature.from_dict(manifest["signature"])
        tolerance = Tolerance(**manifest.get("tolerance", {}))
        points, provenance = manifest["working_points"], manifest["provenance"]
        return Bundle(path, str(manifest["name"]), signature, str(claimed), points, provenance, tolerance)
    except (KeyError, TypeError, AttributeError) as error:
        raise BundleError(f"{path / MANIFEST}: lacks a part or has one of another kind ({error})", hint="export the model again") from error


def _tensors(message: Any) -> Iterator[onnx.TensorProto]:
    """All tensors of a model, those of attributes, subgraphs and functions included."""
    for kind, value in message.ListFields():
        if kind.message_type is None:
            continue
        for part in [value] if hasattr(value, "ListFields") else value:
            if isinstance(part, onnx.TensorProto):
                yield part
            else:
                yield from _tensors(part)


def _read_manifest(path: Path) -> dict[str, Any]:
    if not path.exists():
        recover(path)
    if not (path / MANIFEST).is_file():
        hint = "a bundle is a folder with model.onnx, bundle.json, reference.npz and metrics.json"
        raise BundleError(f"{path}: no bundle here ({MANIFEST} is missing)", hint=hint)
    try:
        manifest: Any = read_json(path / MANIFEST)
    except DataError as error:
        raise BundleError(error.message) from error
    files = manifest.get("files") if isinstance(manifest, dict) and manifest.get("format") == FORMAT else None
    known = {SKETCH, *(f"{SOURCE}/{name}" for name in SOURCES)}
    if not isinstance(files, dict) or not set(_PARTS) <= set(files) <= {*_PARTS, *known}:
        raise BundleError(f"{path / MANIFEST}: not a bundle of format {FORMAT}", hint="export the model again with this version of bartik")
    return dict(manifest)


def _refuse_unlisted(path: Path, files: Mapping[str, str]) -> None:
    """What no digest speaks of is nobody's."""
    for name in (SKETCH, *(f"{SOURCE}/{name}" for name in SOURCES)):
        if name not in files and (path / name).exists():
            raise DigestError(f"{path / name}: is not listed in {MANIFEST}", hint="remove it, or export the model again")


def _verify(path: Path, part: str, digest: str) -> None:
    if not (path / part).is_file():
        raise BundleError(f"{path / part}: is missing from the bundle", hint="copy the bundle again, or export the model again")
    if digest_file(path / part) != digest:
        raise DigestError(f"{path / part}: was altered: its digest does not match", hint="copy the bundle again, or export the model again")
