"""One layer at a time: its meaning as the compiler reads it, and what other implementations of ONNX make of it."""

from math import prod

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from bartik.compiler.frontend import _plain
from bartik.compiler.operators import conv, pool, resize  # noqa: F401 - each fills the table
from bartik.compiler.operators.builder import Builder, Constant, Tensor
from bartik.compiler.operators.table import OPERATORS
from bartik.compiler.semantics import elementwise


class Recorder(Builder):
    """A builder that keeps the kernels it is given, and can evaluate them."""

    def kernel(self, kernel, args, shape):
        assert kernel.width == prod(n for n in shape if n is not None)
        made = self.__dict__.setdefault("made", {})
        made[f"k{len(made)}"] = (kernel, args)
        return Tensor(f"k{len(made) - 1}", tuple(shape), "float32")

    def kernel_of(self, x):
        return self.__dict__.get("made", {}).get(x.name, (None,))[0]

    def arguments_of(self, x):
        return self.made[x.name][1]

    def unary(self, kind, x, alpha=0.0):
        made = self.__dict__.setdefault("made", {})
        made[f"u{len(made)}"] = (kind, [x])
        return Tensor(f"u{len(made) - 1}", x.shape, x.dtype)

    def value(self, x, row):
        if x.name == "x":
            return row
        kernel, args = self.made[x.name]
        values = [self.value(arg, row) for arg in args]
        return elementwise(kernel, values, 0.0) if isinstance(kernel, str) else kernel.evaluate(values)


def read(node, x, constants, *, fixed=False):
    """The layer's result and the builder that read it; ``fixed``: all images in one row."""
    builder = Recorder(node=_plain(node))
    values = {"": None, "x": Tensor("x", x.shape if fixed else (None, *x.shape[1:]), "float32")}
    values |= {name: Constant(np.asarray(array)) for name, array in constants.items()}
    result = OPERATORS[node.op_type](builder, *(values[name] for name in node.input), **builder.node.attributes)
    return builder, result


def meaning(node, x, constants, *, fixed=False):
    """What the compiler takes the layer for, in numpy."""
    builder, result = read(node, x, constants, fixed=fixed)
    found = builder.value(result, x.reshape(1 if fixed else len(x), -1))
    return found.reshape([len(x) if n is None else n for n in result.shape])


def model(node, x, constants, opset=20):
    """A model of this one layer."""
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    tables = [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()]
    graph = helper.make_graph([node], "layer", inputs, outputs, tables)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def by_reference(node, x, constants, opset=20):
    """ONNX's reference evaluator."""
    return ReferenceEvaluator(model(node, x, constants, opset)).run(None, {"x": x})[0]


def by_onnxruntime(node, x, constants, opset=20):
    """ONNX Runtime: where the reference evaluator is wrong or refuses."""
    content = model(node, x, constants, opset).SerializeToString()
    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


def layer(kind, *inputs, **attributes):
    """A node from ``x`` and others to ``y``."""
    return onnx.helper.make_node(kind, ["x", *inputs], ["y"], name="layer", **attributes)
