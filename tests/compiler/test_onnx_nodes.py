"""ONNX's own tests of its operators: every case of an operator that we claim gives what ONNX says, interpreted and as machine code."""

import ctypes
import re

import numpy as np
import pytest
from onnx_cases import WRONG, cases, compare, first_that_compiles

from bartik.compiler import supported
from bartik.compiler.build import FLAGS, build_shared
from bartik.compiler.frontend import read_graph
from bartik.compiler.library import library_source
from bartik.compiler.operators import ILLEGAL
from bartik.compiler.passes import optimise
from bartik.compiler.pipeline import compiled
from bartik.compiler.semantics import interpret
from bartik.core import BartikError

_EACH = 40
"""Models in one compilation."""
_NAMES = sorted(cases().keys() - WRONG.keys())


@pytest.mark.parametrize("first", range(0, len(_NAMES), 100))
def test_what_the_compiler_reads_means_what_onnx_says(first, tmp_path):
    for name in _NAMES[first : first + 100]:
        case = cases()[name]
        try:
            bundle, graph = first_that_compiles(case, tmp_path, read_graph)
        except BartikError as refusal:
            assert ILLEGAL not in str(refusal), name  # noqa: PT017 - a refusal is right, but not this one
            continue
        inputs, outputs = bundle.reference()
        compare(interpret(graph, inputs), outputs, case)
        compare(interpret(optimise(graph), inputs), outputs, case)


def _chosen():
    """For the quick run one case in ten; the slow run has all."""
    return [pytest.param(_NAMES[k::37], id=str(k), marks=[] if k % 10 == 0 else pytest.mark.slow) for k in range(37)]


@pytest.mark.parametrize("names", _chosen())
def test_the_machine_code_gives_what_onnx_says(names, tmp_path):
    done = []
    for name in names:
        try:
            done.append((cases()[name], *first_that_compiles(cases()[name], tmp_path, compiled)))
        except BartikError:
            continue
    text = "".join(_renamed(library_source(made), place) for place, (_, _, made) in enumerate(done))
    flags = [flag if flag != "-O3" else "-O1" for flag in FLAGS]
    library = ctypes.CDLL(str(build_shared(text, name="onnx_nodes", flags=[*flags, "-Wall", "-Wextra", "-Werror"])))
    for place, (case, bundle, _) in enumerate(done):
        inputs, outputs = bundle.reference()
        compare(_call(library[f"bartik_run_{place}"], inputs, outputs), outputs, case)


def _renamed(source, place):
    """One of several models in one library."""
    return re.sub(r"\b(bartik_run|bartik_digest|bartik_multiply_adds|Workspace|workspace)\b(?=[ ({])", rf"\1_{place}", source)


def _call(run, inputs, outputs):
    found = {name: np.zeros(array.shape, array.dtype) for name, array in outputs.items()}
    sources = [np.ascontiguousarray(array) for array in inputs.values()]
    pointers = [(ctypes.c_void_p * len(side))(*(array.ctypes.data for array in side)) for side in (sources, list(found.values()))]
    run.restype = None
    run(pointers[0], pointers[1], ctypes.c_size_t(1))
    return found


def test_every_operator_that_is_claimed_has_a_case_of_onnx_or_of_ours():
    with_cases = {node.op_type for case in cases().values() for node in case.model.graph.node}
    ours = {"GlobalLpPool", "LinearClassifier", "LinearRegressor", "Normalizer", "Scaler"}
    ours |= {"TreeEnsembleClassifier", "TreeEnsembleRegressor", "ZipMap"}
    assert set(supported()) - with_cases - ours == set()
