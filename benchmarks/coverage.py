"""Which models of other experiments our compiler takes: every ONNX file under a folder, compiled, run and compared.

    python benchmarks/coverage.py FOLDER [--axes n_pf=50,n_sv=5] [--markdown FILE]

Each file is read as it is: free axes after the first get the size that ``--axes`` says, or 20; the first stays free where every input
has one, and is fixed where the model is refused with it. Inputs are normal numbers, whole ones from 0 to 2. A file is *equal* when our
answers are ONNX Runtime's within 2e-4 (relative) and 2e-5; where ONNX Runtime refuses a file, or answers otherwise, ONNX's reference
evaluator is asked, and the table says so.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

import bartik
from bartik.core import Array, BartikError, Signature, TensorSpec
from bartik.core.bundle import Bundle, write_bundle

_ROWS, _SIZE = 3, 20
_CLOSE = {"rtol": 2e-4, "atol": 2e-5}


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    path: Path
    kind: str
    reason: str = ""


def main(arguments: list[str]) -> int:
    """Run, print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--axes", default="", help="sizes of free axes by name")
    parser.add_argument("--markdown", type=Path, help="write the table to this file")
    options = parser.parse_args(arguments)
    sizes = {name: int(size) for name, _, size in (part.partition("=") for part in options.axes.split(",") if part)}
    found = [outcome(path, sizes) for path in sorted(options.folder.rglob("*.onnx"))]
    text = show(found, options.folder)
    print(text)
    if options.markdown:
        options.markdown.write_text(text + "\n", encoding="utf-8")
    return int(any(each.kind == "different" for each in found))


def show(found: list[Outcome], folder: Path) -> str:
    """A line for each file that is not equal, and how many are."""
    counts = Counter(each.kind for each in found)
    lines = [f"{len(found)} files: " + ", ".join(f"{count} {kind}" for kind, count in counts.most_common()), ""]
    lines += ["| file | outcome | reason |", "|---|---|---|"]
    equal = [str(each.path.relative_to(folder)) for each in found if each.kind == "equal"]
    lines += [
        f"| {each.path.relative_to(folder)} | {each.kind} | {each.reason.replace(f'{folder}/', '')} |"
        for each in found
        if each.kind != "equal"
    ]
    return "\n".join([*lines, "", "Equal: " + ", ".join(equal) + "."])


def outcome(path: Path, sizes: Mapping[str, int]) -> Outcome:
    """Compile, run and compare one file."""
    try:
        model = onnx.load(path, load_external_data=False)
        inputs = {value.name: _array(value, sizes) for value in _fed(model)}
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the file, it is what the table says
        return Outcome(path, "not readable", _first_line(error))
    answers = {name: _asked(ask, inputs) for name, ask in (("ONNX Runtime", _onnxruntime(path)), ("reference", _reference(model)))}
    runs = {name: answer for name, answer in answers.items() if not isinstance(answer, str)}
    if not runs:
        return Outcome(path, "runs nowhere", str(answers["ONNX Runtime"]))
    try:
        found, fixed = _native(model, inputs, next(iter(runs.values())))
    except BartikError as error:
        return Outcome(path, "refused", _first_line(error))
    same = {name: _equal(found, wanted) for name, wanted in runs.items()}
    if same.get("ONNX Runtime"):
        return Outcome(path, "equal with its batch fixed", fixed) if fixed else Outcome(path, "equal")
    if same.get("reference"):
        why = "which answers otherwise" if "ONNX Runtime" in runs else f"which refuses it: {answers['ONNX Runtime']}"
        return Outcome(path, "equal to the reference", f"not to ONNX Runtime, {why}")
    return Outcome(path, "different", f"from {' and '.join(runs)}")


Arrays = dict[str, Any]


def _asked(ask: Callable[[Arrays], Arrays], inputs: Arrays) -> Arrays | str:
    """What a runtime answers, or why it does not."""
    try:
        with np.errstate(all="ignore"):
            return ask(inputs)
    except Exception as error:  # noqa: BLE001 - each raises its own
        return _first_line(error)


def _equal(found: Arrays, wanted: Arrays) -> bool:
    return all(
        found[name].shape == value.shape and np.allclose(found[name].astype(np.float64), value, equal_nan=True, **_CLOSE)
        for name, value in wanted.items()
    )


def _native(model: onnx.ModelProto, inputs: Arrays, outputs: Arrays) -> tuple[Arrays, str]:
    """Our answers, and why the batch had to be fixed, if it had."""
    why = ""
    for free in (True, False) if _is_free(model) else (False,):
        with tempfile.TemporaryDirectory() as folder:
            try:
                bundle = _bundle(Path(folder) / "bundle", model, inputs, outputs, free=free)
                return bartik.prepare(bundle, "native").run(inputs), why
            except BartikError as error:
                why = why or _first_line(error)
                if not free:
                    raise
    raise AssertionError(why)


def _bundle(path: Path, model: onnx.ModelProto, inputs: Mapping[str, Array], outputs: Mapping[str, Array], *, free: bool) -> Bundle:
    given, made = _specs(inputs, free=free), _specs(outputs, free=free)
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return write_bundle(path, copy.SerializeToString(), Signature(given, made), (dict(inputs), dict(outputs)), name=path.stem)


def _is_free(model: onnx.ModelProto) -> bool:
    return all(value.type.tensor_type.shape.dim and not value.type.tensor_type.shape.dim[0].dim_value for value in _fed(model))


def _specs(arrays: Mapping[str, Array], *, free: bool) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(name, str(a.dtype), ("batch", *a.shape[1:]) if free else a.shape) for name, a in arrays.items())


def _fed(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    constants = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in constants]


def _array(value: onnx.ValueInfoProto, sizes: Mapping[str, int]) -> Array:
    tensor = value.type.tensor_type
    shape = [d.dim_value or (_ROWS if place == 0 else sizes.get(d.dim_param, _SIZE)) for place, d in enumerate(tensor.shape.dim)]
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
    rng = np.random.default_rng(7)
    return (rng.normal(size=shape) if np.dtype(dtype).kind == "f" else rng.integers(0, 2, shape)).astype(dtype)


def _onnxruntime(path: Path) -> Callable[[Arrays], Arrays]:
    def run(inputs: Arrays) -> Arrays:
        settings = onnxruntime.SessionOptions()
        settings.log_severity_level = 4
        session = onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])
        return dict(zip((o.name for o in session.get_outputs()), session.run(None, inputs), strict=True))

    return run


def _reference(model: onnx.ModelProto) -> Callable[[Arrays], Arrays]:
    def run(inputs: Arrays) -> Arrays:
        names = [output.name for output in model.graph.output]
        return dict(zip(names, ReferenceEvaluator(model).run(names, inputs), strict=True))

    return run


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].replace("|", "/")[:160]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
