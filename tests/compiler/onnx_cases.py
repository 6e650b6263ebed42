"""ONNX's own node tests as bundles. The package makes them; it ships no files."""

import functools
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from bartik.core import BartikError, Signature, TensorSpec, UnsupportedError
from bartik.core.bundle import Bundle, write_bundle
from bartik.core.spec import DTYPES

WRONG = {
    "test_averagepool_2d_ceil_last_window_starts_on_pad": "its expected values are rounded to four digits",
}
"""Cases that are not followed, and why."""


@functools.lru_cache(maxsize=1)
def cases():
    """All node tests by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        return {case.name: case for case in collect_testcases()}


def arrays(case):
    """Inputs and outputs by name of the case's first data set; nothing where they are not arrays of a type that a bundle holds."""
    inputs, outputs = (
        [numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value for value in side] for side in case.data_sets[0]
    )
    graph = case.model.graph
    if len(inputs) != len(graph.input) or not all(isinstance(value, np.ndarray | np.generic) for value in [*inputs, *outputs]):
        return None
    found = [
        {entry.name: np.asarray(array) for entry, array in zip(entries, values, strict=True)}
        for entries, values in ((graph.input, inputs), (graph.output, outputs))
    ]
    return found if all(str(array.dtype) in DTYPES for side in found for array in side.values()) else None


def forms(case, folder: Path) -> Iterator[Bundle]:
    """The case as it is; then with its whole numbers (sizes, axes, places) known beforehand; then with all but its first input known."""
    found = arrays(case)
    if found is None:
        return
    inputs, outputs = found
    first = next(iter(inputs), None)
    known = [set(), {n for n, a in inputs.items() if a.dtype.kind in "iub"}, {n for n in inputs if n != first}]
    for place, names in enumerate(known):
        if len(names) < len(inputs) and names not in known[:place]:
            yield _bundle(case, names, inputs, outputs, folder / f"{case.name}_{place}")


def first_that_compiles(case, folder: Path, read):
    """The first form that ``read`` takes and what it made of it; `UnsupportedError` of the first where none is."""
    refusals = []
    for bundle in forms(case, folder):
        try:
            return bundle, read(bundle)
        except BartikError as error:
            refusals.append(error)
    raise refusals[0] if refusals else UnsupportedError("no input and outputs that a bundle holds")


def _bundle(case, names, inputs, outputs, path):
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    fed = [entry for entry in model.graph.input if entry.name not in names]
    del model.graph.input[:]
    model.graph.input.extend(fed)
    model.graph.initializer.extend([numpy_helper.from_array(inputs[name], name) for name in sorted(names)])
    live = {name: array for name, array in inputs.items() if name not in names}
    signature = Signature(_specs(live), _specs(outputs))
    return write_bundle(path, model.SerializeToString(), signature, (live, outputs), name=case.name)


def _specs(values):
    return tuple(TensorSpec(name, str(array.dtype), array.shape) for name, array in values.items())


def compare(found, outputs, case):
    """Every output of the case, within its own tolerance."""
    for name, wanted in outputs.items():
        np.testing.assert_allclose(
            found[name].astype(np.float64),
            wanted.astype(np.float64),
            rtol=case.rtol,
            atol=max(case.atol, 1e-6),
            err_msg=f"{case.name} {name}",
        )
