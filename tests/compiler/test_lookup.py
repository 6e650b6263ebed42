"""Elements of a table that all rows share, at places that are values: read where they lie, never copied for each row."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from bartik.backends import prepare
from bartik.compiler.pipeline import compiled
from bartik.core import Signature, TensorSpec
from bartik.core.bundle import write_bundle
from bartik.exporters.imported import evaluate

N = helper.make_node
SIGNATURE = Signature((TensorSpec("features", "float32", ("batch", 2)),), (TensorSpec("score", "float32", ("batch", 3)),))
_TYPES = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE}


def bundle(folder, table, axis=0):
    """Rows of ``table`` at the place that the sum of two features, cut to whole numbers, is."""
    nodes = [N("ReduceSum", ["features", "one"], ["sum"], keepdims=0), N("Cast", ["sum"], ["place"], to=TensorProto.INT64)]
    nodes += [N("Gather", ["table", "place"], ["found"], axis=axis)]
    nodes += [N("Transpose", ["found"], ["turned"], perm=[1, 0]) if axis else N("Identity", ["found"], ["turned"])]
    nodes += [N("Cast", ["turned"], ["score"], to=TensorProto.FLOAT)]
    constants = [numpy_helper.from_array(np.array([1]), "one"), numpy_helper.from_array(table, "table")]
    x = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", 2])
    y = helper.make_tensor_value_info("score", TensorProto.FLOAT, ["batch", 3])
    model = helper.make_model(helper.make_graph(nodes, "g", [x], [y], constants), opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    inputs = {"features": np.random.default_rng(1).uniform(0, 10, (37, 2)).astype(np.float32)}
    content = model.SerializeToString()
    return write_bundle(folder, content, SIGNATURE, (inputs, evaluate(content, SIGNATURE, inputs)), name="lookup")


@pytest.mark.parametrize("dtype", list(_TYPES))
def test_rows_of_a_table_are_those_that_the_reference_finds(tmp_path, dtype):
    table = np.random.default_rng(2).normal(size=(20, 3)).astype(dtype)
    made = bundle(tmp_path / "a", table)
    inputs, wanted = made.reference()
    assert np.array_equal(prepare(made, "native").run(inputs)["score"], wanted["score"])


def test_a_large_table_is_not_copied_for_every_row(tmp_path):
    tables = {rows: np.random.default_rng(2).normal(size=(rows, 3)).astype(np.float32) for rows in (20, 20_000)}
    small, large = (compiled(bundle(tmp_path / str(rows), table)) for rows, table in tables.items())
    assert "lookup<3, 1>" in large.header
    assert large.columns.scratch == small.columns.scratch < 1000
