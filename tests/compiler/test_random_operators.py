"""Random graphs of every operator that we have, with the attributes it may have: as read, after the passes, and as machine code."""

import ctypes
from collections import Counter

import numpy as np
import pytest
from graph_layers import STEPS
from graph_strategies import by_seed

from bartik.compiler import supported
from bartik.compiler.build import FLAGS, build_shared
from bartik.compiler.frontend import read_graph
from bartik.compiler.library import library_source
from bartik.compiler.passes import optimise
from bartik.compiler.pipeline import compiled
from bartik.compiler.semantics import interpret
from bartik.core import UnsupportedError

ELSEWHERE = {
    "LinearClassifier": "tests/unit/exporters compares scikit-learn's own",
    "TreeEnsemble": "tests/compiler/test_trees.py",
    "TreeEnsembleClassifier": "tests/compiler/test_trees.py",
    "TreeEnsembleRegressor": "tests/compiler/test_trees.py",
    "ZipMap": "gives no tensor",
}
"""Operators that no random graph has, and why."""
KINDS = sorted({step.kind for step in STEPS})


def test_every_operator_is_in_random_graphs_or_says_where_else_it_is_tested():
    assert set(KINDS) | set(ELSEWHERE) == set(supported())
    assert not set(KINDS) & set(ELSEWHERE)


def _graphs(kind, count, start=0):
    wanted = [step for step in STEPS if step.kind == kind]
    for number in range(start, start + count):
        yield by_seed([number, KINDS.index(kind)], STEPS, wanted[number % len(wanted)])


def _require_meaning(made, folder, name):
    """Whether it is compiled; its meaning, before and after the passes, must be ONNX's."""
    bundle = made.bundle(folder / name)
    try:
        graph = read_graph(bundle)
    except UnsupportedError:
        return False
    for stage, what in ((graph, "as read"), (optimise(graph), "after the passes")):
        with np.errstate(all="ignore"):
            found = interpret(stage, made.inputs)
        shaped = {n: np.asarray(found[n]).reshape(made.outputs[n].shape).astype(made.outputs[n].dtype) for n in made.outputs}
        made.check(shaped, f"{name}, {what}")
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_graphs_with_this_operator_mean_what_onnx_says(kind, tmp_path):
    seen = 0
    for number, made in enumerate(_graphs(kind, 40)):
        seen += _require_meaning(made, tmp_path, f"graph {number}") and kind in made.kinds
        if number >= 7 and seen:
            return
    pytest.fail(f"no graph with {kind} is compiled")


def _machine_code(graphs, folder):
    """All in one library; how many of each operator were compared, and how many graphs were refused."""
    done, refused, seen = [], 0, Counter()
    for number, made in enumerate(graphs):
        bundle = made.bundle(folder / f"g{number}", name=f"graph_{number}")
        try:
            done.append((made, compiled(bundle)))
        except UnsupportedError:
            refused += 1
    source = "".join(library_source(one).replace("bartik_", f"bartik_{k}_") for k, (_, one) in enumerate(done))
    library = ctypes.CDLL(str(build_shared(source, name="random_operators", flags=FLAGS)))
    for k, (made, _) in enumerate(done):
        run = getattr(library, f"bartik_{k}_run")
        run.argtypes, run.restype = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t), None
        whole = _called(run, made, slice(None))
        made.check(whole, f"machine code {k}")
        if made.free:
            for row in range(made.rows):
                alone = _called(run, made, slice(row, row + 1))
                assert all(np.array_equal(alone[name], whole[name][row : row + 1], equal_nan=True) for name in whole), (k, row, made.kinds)
        seen.update(made.kinds)
    return seen, refused


def _called(run, made, rows):
    inputs = [np.ascontiguousarray(array[rows] if made.free else array) for array in made.inputs.values()]
    wanted = {name: array[rows] if made.free else array for name, array in made.outputs.items()}
    outputs = {name: np.zeros(array.shape, array.dtype) for name, array in wanted.items()}
    count = len(inputs[0]) if made.free else 1
    run(_addresses(inputs), _addresses(list(outputs.values())), count)
    return outputs


def _addresses(arrays):
    return (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))


def test_the_machine_code_of_random_graphs_gives_what_onnx_says_and_a_row_alone_the_same_bits(tmp_path):
    graphs = [made for kind in KINDS[::2] for made in _graphs(kind, 1, start=100)]
    seen, refused = _machine_code(graphs, tmp_path)
    assert refused <= len(graphs) // 8
    assert len(seen) > 60


@pytest.mark.slow
@pytest.mark.parametrize("part", range(30))
def test_the_machine_code_of_thousands_of_random_graphs(part, tmp_path):
    graphs = [made for kind in KINDS for made in _graphs(kind, 1, start=1000 + part)]
    seen, refused = _machine_code(graphs, tmp_path)
    assert refused <= len(graphs) // 8
    assert len(seen) > 90
