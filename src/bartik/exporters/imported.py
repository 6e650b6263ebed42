"""What a reader of model files hands over: the same for every format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

from bartik.core import Array, Arrays, ExportError, Signature
from bartik.core.compare import Difference, Tolerance, compare, worst
from bartik.core.evaluator import misjudged
from bartik.exporters.canonical import canonical_bytes, check_signature

Build = Callable[[], onnx.ModelProto]


@dataclass(frozen=True)
class Imported:
    """A model file, read.

    ``reference`` are rows for it, edge cases among them; ``run`` computes its outputs as its own framework does, apart from
    every graph; ``graphs`` are its translations by precision, the preferred one first; ``about`` goes into the provenance;
    ``source`` is the library's own model by name, for the bundle to carry; ``tolerance`` is the bundle's, where not the usual;
    ``path`` is what messages call it.
    """

    path: Path | str
    signature: Signature
    reference: Arrays
    run: Callable[[Arrays], Arrays]
    graphs: Mapping[str, Build]
    about: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, bytes] = field(default_factory=dict)
    tolerance: Tolerance | None = None


def translate(source: Imported, inputs: Arrays) -> bytes:
    """The first graph of ``source`` that reproduces it on ``inputs``, as bytes.

    A graph in float32 is preferred; where rounding alone parts it from its source (sums of large terms that cancel), the one
    in float64 stands in. `ExportError` names the file, the first row that differs and both values.
    """
    batched = all(spec.shape[:1] == ("batch",) for spec in source.signature.inputs)
    if not inputs or (batched and (len({len(array) for array in inputs.values()}) != 1 or not all(map(len, inputs.values())))):
        raise ExportError(f"{source.path}: no reference rows to compare with")
    wanted = source.run(inputs)
    faults: list[str] = []
    for build in source.graphs.values():
        try:
            model = build()
        except ExportError:
            if not faults:
                raise
            break
        check_signature(model, source.signature)
        content = canonical_bytes(model)
        try:
            found = evaluate(content, source.signature, inputs)
        except Exception as error:  # noqa: BLE001 - each operator of the evaluator raises its own
            faults.append((str(error).splitlines() or [type(error).__name__])[0])
            continue
        if worst(compare(wanted, found)).ok:
            return content
        difference, row = _first(wanted, found)
        faults.append(str(difference).replace(" row 0", f" row {row}"))
    raise ExportError(
        f"{source.path}: the graph does not reproduce its source: {faults[0]}", hint="this is a fault of the exporter: report it"
    )


def evaluate(content: bytes, signature: Signature, inputs: Arrays) -> Arrays:
    """Outputs by name of the graph in ``content``, by its `judge`."""
    names = [spec.name for spec in signature.outputs]
    model = onnx.load_from_string(content)
    if misjudged(model):
        return by_onnxruntime(content, names, inputs)
    with np.errstate(all="ignore"):
        values = cast(list[Array], ReferenceEvaluator(model).run(names, inputs))
    return dict(zip(names, values, strict=True))


def judge(model: onnx.ModelProto) -> str:
    """Whose answers count: those of ONNX's reference evaluator, or of ONNX Runtime where that is known to be wrong."""
    return "ONNX Runtime" if misjudged(model) else "ONNX's reference evaluator"


def by_onnxruntime(content: bytes, names: list[str], inputs: Arrays) -> Arrays:
    """Outputs of these ``names`` by ONNX Runtime; whatever that raises."""
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    session = onnxruntime.InferenceSession(content, settings, providers=["CPUExecutionProvider"])
    return dict(zip(names, cast(list[Array], session.run(names, inputs)), strict=True))


def usable(rows: Arrays, run: Callable[[Arrays], Arrays]) -> Arrays:
    """``rows`` without those for which the framework itself gives an infinity or no number."""
    outputs = run(rows)
    finite = np.all([np.isfinite(array).reshape(len(array), -1).all(axis=1) for array in outputs.values()], axis=0)
    return {name: np.ascontiguousarray(array[finite]) for name, array in rows.items()}


def _first(wanted: Arrays, found: Arrays) -> tuple[Difference, int]:
    for row in range(len(next(iter(wanted.values())))):
        here = slice(row, row + 1)
        difference = worst(compare({k: v[here] for k, v in wanted.items()}, {k: v[here] for k, v in found.items()}))
        if not difference.ok:
            return difference, row
    return worst(compare(wanted, found)), 0
