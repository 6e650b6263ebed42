"""The ONNX graph in torch, operator by operator: a second opinion that shares no code with the other runtimes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor
from torch.nn import functional

from bartik.backends import bind_inputs, check_graph, deliver, read_options
from bartik.core import Array, Arrays, Availability, BackendError, Options, Session, Signature, UnsupportedError
from bartik.core.bundle import Bundle

OPTIONS: dict[str, Any] = {"compiled": False, "threads": 0}
"""``compiled`` runs the graph through ``torch.compile``; ``threads`` sets torch's one number of threads for the whole
process, 0 leaves it as it is."""

_Function = Callable[..., Any]
Value = Any
"""A tensor; or, for what must be known before the call, a list of whole numbers; or nothing, for an input left out."""


def available() -> Availability:
    """Always where this file imports: it is a dependency of the package."""
    return Availability(ok=True, version=torch.__version__)


def prepare(bundle: Bundle, options: Options) -> Session:
    """Bind the graph; options ``compiled`` (False; takes a minute and a C++ compiler) and ``threads`` (0)."""
    chosen = read_options("torch", options, OPTIONS)
    if chosen["threads"] > 0:
        torch.set_num_threads(chosen["threads"])
    program = _read_program(bundle)
    session = _Session(program, bundle.signature)
    return _compile(session, program, bundle) if chosen["compiled"] else session


class _Session:
    def __init__(self, program: _Program, signature: Signature, run: Callable[..., tuple[Tensor, ...]] | None = None) -> None:
        self._run, self._signature = run or program.run, signature
        self._inputs = [spec.name for spec in signature.inputs]
        self._outputs = [spec.name for spec in signature.outputs]
        self._check = bind_inputs(signature)
        self._shared = frozenset(_place(value) for value in program.constants.values() if isinstance(value, Tensor))

    def run(self, inputs: Arrays, out: Arrays | None = None) -> Arrays:
        """Outputs by name."""
        self._check(inputs)
        with torch.inference_mode():
            tensors = [_tensor(inputs[name]) for name in self._inputs]
            values = self._run(*tensors)
            owned = _own(values, self._shared.union(map(_place, tensors)))
        return deliver(self._signature, {name: value.numpy() for name, value in zip(self._outputs, owned, strict=True)}, out)


def _compile(eager: Session, program: _Program, bundle: Bundle) -> Session:
    """Compile for a free batch size, and for one row, which torch takes as a case of its own; compare with ``eager``."""
    session = _Session(program, bundle.signature, torch.compile(program.run, dynamic=True))
    inputs, _ = bundle.reference()
    batched = all(spec.shape and isinstance(spec.shape[0], str) for spec in bundle.signature.inputs)
    try:
        for count in (None, 1, 2) if batched else (None,):
            rows = {name: array[:count] for name, array in inputs.items()}
            eager.run(rows)
            session.run(rows)
    except Exception as error:  # the compiler raises many kinds
        hint = "see that a C++ compiler is installed, or use compiled=False"
        raise BackendError(f"{bundle.model_path}: torch.compile failed ({_first_line(error)})", hint=hint) from error
    return session


def _tensor(array: Array) -> Tensor:
    """The same memory as a tensor; a copy where torch cannot look at it (read-only, negative or odd strides)."""
    shared = array.flags.writeable and all(stride >= 0 and stride % array.itemsize == 0 for stride in array.strides)
    return torch.from_numpy(array if shared else array.copy())


def _own(values: Sequence[Tensor], shared: frozenset[int]) -> list[Tensor]:
    """Outputs in memory of their own, each in one piece."""
    taken, owned = set(shared), []
    for value in values:
        owned.append(value.clone(memory_format=torch.contiguous_format) if _place(value) in taken else value.contiguous())
        taken.add(_place(value))
    return owned


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


@dataclass(frozen=True)
class _Step:
    """One node made ready: a function, its arguments (a name, or a list known beforehand), the names it fills."""

    function: Callable[..., Value]
    arguments: tuple[str | list[int] | None, ...]
    results: tuple[str, ...]


@dataclass(frozen=True)
class _Program:
    """A graph made ready: steps in order over values by name."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    constants: Mapping[str, Tensor]
    steps: tuple[_Step, ...]

    def run(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Outputs in the order of the signature."""
        values: dict[str, Value] = {**self.constants, **dict(zip(self.inputs, inputs, strict=True))}
        for step in self.steps:
            found = step.function(*(values[a] if isinstance(a, str) else a for a in step.arguments))
            values.update(zip(step.results, found if isinstance(found, tuple) else (found,), strict=True))
        return tuple(values[name] for name in self.outputs)


def _read_program(bundle: Bundle) -> _Program:
    try:
        model = bundle.model()
        onnx.checker.check_model(model)
        constants = {tensor.name: _constant(tensor) for tensor in model.graph.initializer}
    except Exception as error:  # protobuf, the checker and numpy each raise their own
        raise BackendError(f"{bundle.model_path}: not a model torch can read ({_first_line(error)})", hint="export it again") from error
    _check_opset(bundle, model)
    graph = model.graph
    check_graph(bundle, [v.name for v in graph.input if v.name not in constants], [v.name for v in graph.output])
    constants |= {node.output[0]: _constant_node(node) for node in graph.node if node.op_type == "Constant"}
    steps = tuple(_read_node(node, constants) for node in graph.node if node.op_type != "Constant")
    inputs = tuple(spec.name for spec in bundle.signature.inputs)
    return _Program(inputs, tuple(spec.name for spec in bundle.signature.outputs), constants, steps)


def _check_opset(bundle: Bundle, model: onnx.ModelProto) -> None:
    for entry in model.opset_import:
        if entry.domain in {"", "ai.onnx"} and not _OPSETS[0] <= entry.version <= _OPSETS[1]:
            hint = "export with another opset, or use the backend onnxruntime"
            raise UnsupportedError(f"{bundle.model_path}: opset {entry.version}, wanted {_OPSETS[0]} to {_OPSETS[1]}", hint=hint)


def _read_node(node: onnx.NodeProto, constants: Mapping[str, Tensor]) -> _Step:
    operator = _OPERATORS.get(node.op_type) if node.domain in {"", "ai.onnx"} else None
    if operator is None:
        raise _lacks(node, "is not supported")
    attributes = {a.name: _attribute(a) for a in node.attribute}
    for name, value in attributes.items():
        if name not in operator.attributes | operator.only.keys() or value not in operator.only.get(name, (value,)):
            raise _lacks(node, f"with attribute {name}={value!r} is not supported")
    results = tuple(name for name in node.output if name)
    if operator.one_result and len(results) != 1:
        raise _lacks(node, f"with {len(results)} outputs is not supported")
    arguments = tuple(_argument(name, constants, listed=place in operator.lists) for place, name in enumerate(node.input))
    return _Step(_bound(operator, attributes, len(results)), arguments, results)


def _bound(operator: _Operator, attributes: Mapping[str, Any], results: int) -> Callable[..., Value]:
    chosen = {name: value for name, value in attributes.items() if name in operator.attributes}
    if "results" in operator.attributes:
        chosen["results"] = results
    function = operator.function
    return (lambda *arguments: function(*arguments, **chosen)) if chosen else function


def _argument(name: str, constants: Mapping[str, Tensor], *, listed: bool) -> str | list[int] | None:
    if not name:
        return None
    return _whole(constants[name]) if listed and name in constants else name


def _lacks(node: onnx.NodeProto, what: str) -> UnsupportedError:
    kind = f"{node.domain}:{node.op_type}" if node.domain else node.op_type
    return UnsupportedError(
        f"backend torch: operator {kind} of node {node.name or node.output[0]!r} {what}", hint="use the backend onnxruntime or reference"
    )


def _attribute(attribute: onnx.AttributeProto) -> Any:
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, onnx.TensorProto):
        return _constant(value)
    return value.decode() if isinstance(value, bytes) else value


def _constant(tensor: onnx.TensorProto) -> Tensor:
    return torch.from_numpy(np.array(numpy_helper.to_array(tensor)))


def _constant_node(node: onnx.NodeProto) -> Tensor:
    value = _attribute(node.attribute[0])
    if isinstance(value, str) or node.attribute[0].name.startswith(("sparse", "value_string")):
        raise _lacks(node, f"with attribute {node.attribute[0].name} is not supported")
    if isinstance(value, Tensor):
        return value
    return torch.tensor(value, dtype=torch.int64 if node.attribute[0].name.startswith("value_int") else torch.float32)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


# --- the operators: one function each; what follows the star are its attributes with ONNX's defaults ----------------

_OPSETS = (13, onnx.defs.onnx_opset_version())
"""Since 13 softmax works on one axis and axes come as inputs; what a later opset adds is refused by its attribute."""


@dataclass(frozen=True)
class _Operator:
    """How to run one kind of node.

    ``attributes`` it takes; ``only`` the values it can do, for attributes of which it cannot do all; ``lists`` the inputs
    it wants as whole numbers; ``one_result`` unless it may have several.
    """

    function: Callable[..., Value]
    attributes: frozenset[str] = frozenset()
    only: Mapping[str, Collection[Any]] = field(default_factory=dict)
    lists: frozenset[int] = frozenset()
    one_result: bool = True


def _variadic(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    return lambda *values: reduce(function, values)


_PLAIN: dict[str, Callable[..., Tensor]] = {
    "Abs": torch.abs, "Acos": torch.acos, "Acosh": torch.acosh, "Add": torch.add, "And": torch.logical_and, "Asin": torch.asin,
    "Asinh": torch.asinh, "Atan": torch.atan, "Atanh": torch.atanh, "Ceil": torch.ceil, "Cos": torch.cos, "Cosh": torch.cosh,
    "Equal": torch.eq, "Erf": torch.erf, "Exp": torch.exp, "Floor": torch.floor, "Greater": torch.gt, "GreaterOrEqual": torch.ge,
    "HardSwish": functional.hardswish, "Identity": lambda x: x, "IsNaN": torch.isnan, "Less": torch.lt, "LessOrEqual": torch.le,
    "Log": torch.log, "MatMul": torch.matmul, "Max": _variadic(torch.maximum), "Min": _variadic(torch.minimum), "Mish": functional.mish,
    "Mul": torch.mul, "Neg": torch.neg, "Not": torch.logical_not, "Or": torch.logical_or, "Reciprocal": torch.reciprocal,
    "Relu": torch.relu, "Round": torch.round, "Sigmoid": torch.sigmoid, "Sign": lambda x: torch.where(x.isnan(), x, torch.sign(x)),
    "Sin": torch.sin, "Sinh": torch.sinh, "Softplus": functional.softplus, "Softsign": functional.softsign, "Sqrt": torch.sqrt,
    "Sub": torch.sub, "Sum": _variadic(torch.add), "Tan": torch.tan, "Tanh": torch.tanh, "Where": torch.where, "Xor": torch.logical_xor,
}  # fmt: skip

_OPERATORS = {name: _Operator(function) for name, function in _PLAIN.items()}

_DTYPES = {1: torch.float32, 2: torch.uint8, 3: torch.int8, 5: torch.int16, 6: torch.int32, 7: torch.int64, 9: torch.bool,
           10: torch.float16, 11: torch.float64}  # fmt: skip
"""TensorProto.DataType by number: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto."""


def _operator(
    *kinds: str, lists: tuple[int, ...] = (), only: Mapping[str, Collection[Any]] | None = None, one_result: bool = True
) -> Callable[[_Function], _Function]:
    def register(function: _Function) -> _Function:
        parameters = inspect.signature(function).parameters.values()
        attributes = frozenset(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
        for kind in kinds:
            _OPERATORS[kind] = _Operator(function, attributes, only or {}, frozenset(lists), one_result)
        return function

    return register


def _whole(value: Tensor | list[int]) -> list[int]:
    return value if isinstance(value, list) else [int(number) for number in value.reshape(-1).tolist()]


@_operator("Div")
def _div(left: Tensor, right: Tensor) -> Tensor:
    return torch.div(left, right, rounding_mode=None if left.is_floating_point() else "trunc")


@_operator("Mod")
def _mod(left: Tensor, right: Tensor, *, fmod: int = 0) -> Tensor:
    return torch.fmod(left, right) if fmod else torch.remainder(left, right)


@_operator("Pow")
def _pow(base: Tensor, exponent: Tensor) -> Tensor:
    return torch.pow(base, exponent).to(base.dtype)


@_operator("Mean")
def _mean(*values: Tensor) -> Tensor:
    return reduce(torch.add, values) / len(values)


@_operator("Clip")
def _clip(x: Tensor, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:
    return x if low is None and high is None else torch.clamp(x, low, high)


@_operator("Cast", only={"saturate": (1,), "to": _DTYPES})
def _cast(x: Tensor, *, to: int) -> Tensor:
    return x.to(_DTYPES[to])


@_operator("CastLike", only={"saturate": (1,)})
def _cast_like(x: Tensor, like: Tensor) -> Tensor:
    return x.to(like.dtype)


@_operator("LeakyRelu")
def _leaky_relu(x: Tensor, *, alpha: float = 0.01) -> Tensor:
    return functional.leaky_relu(x, alpha)


@_operator("PRelu")
def _prelu(x: Tensor, slope: Tensor) -> Tensor:
    return torch.where(x < 0, slope * x, x)


@_operator("Elu")
def _elu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    return functional.elu(x, alpha)


@_operator("Celu")
def _celu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    return functional.celu(x, alpha)


@_operator("Selu")
def _selu(x: Tensor, *, alpha: float = 1.67326319217681884765625, gamma: float = 1.05070102214813232421875) -> Tensor:
    return gamma * functional.elu(x, alpha)


@_operator("ThresholdedRelu")
def _thresholded_relu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    return torch.where(x > alpha, x, torch.zeros_like(x))


@_operator("HardSigmoid")
def _hard_sigmoid(x: Tensor, *, alpha: float = 0.2, beta: float = 0.5) -> Tensor:
    return torch.clamp(alpha * x + beta, 0, 1)


@_operator("Gelu")
def _gelu(x: Tensor, *, approximate: str = "none") -> Tensor:
    return functional.gelu(x, approximate=approximate)


@_operator("Swish")
def _swish(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    return x * torch.sigmoid(alpha * x)


@_operator("Softmax")
def _softmax(x: Tensor, *, axis: int = -1) -> Tensor:
    return torch.softmax(x, axis)


@_operator("LogSoftmax")
def _log_softmax(x: Tensor, *, axis: int = -1) -> Tensor:
    return torch.log_softmax(x, axis)


@_operator("Gemm")
def _gemm(
    a: Tensor, b: Tensor, c: Tensor | None = None, *, alpha: float = 1.0, beta: float = 1.0, transA: int = 0, transB: int = 0  # noqa: N803 - ONNX's names
) -> Tensor:  # fmt: skip
    a, b = a.t() if transA else a, b.t() if transB else b
    return alpha * (a @ b) if c is None else torch.addmm(c, a, b, alpha=alpha, beta=beta)


@_operator("LayerNormalization", only={"stash_type": (1,)})
def _layer_norm(x: Tensor, scale: Tensor, bias: Tensor | None = None, *, axis: int = -1, epsilon: float = 1e-5) -> Tensor:
    normalised = functional.layer_norm(x, x.shape[axis:], eps=epsilon) * scale
    return normalised if bias is None else normalised + bias


@_operator("BatchNormalization", only={"training_mode": (0,)})
def _batch_norm(
    x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, *, epsilon: float = 1e-5, momentum: float = 0.9  # noqa: ARG001 - for training only
) -> Tensor:  # fmt: skip
    return functional.batch_norm(x, mean, variance, scale, bias, training=False, eps=epsilon)


@_operator("Shape")
def _shape(x: Tensor, *, start: int = 0, end: int | None = None) -> Tensor:
    return torch.tensor(list(x.shape)[start:end], dtype=torch.int64)


@_operator("ConstantOfShape", lists=(0,))
def _constant_of_shape(shape: Tensor | list[int], *, value: Tensor | None = None) -> Tensor:
    return torch.zeros(_whole(shape)) if value is None else value.expand(_whole(shape))


@_operator("Reshape", lists=(1,))
def _reshape(x: Tensor, shape: Tensor | list[int], *, allowzero: int = 0) -> Tensor:
    sizes = _whole(shape)
    return x.reshape(sizes if allowzero else [size or x.shape[axis] for axis, size in enumerate(sizes)])


@_operator("Flatten")
def _flatten(x: Tensor, *, axis: int = 1) -> Tensor:
    lead = x.shape[:axis].numel()
    return x.reshape(lead, x.shape[axis:].numel())


@_operator("Transpose")
def _transpose(x: Tensor, *, perm: Sequence[int] | None = None) -> Tensor:
    return x.permute(*(reversed(range(x.dim())) if perm is None else perm))


@_operator("Concat")
def _concat(*values: Tensor, axis: int) -> Tensor:
    return torch.cat(values, axis)


@_operator("Split", lists=(1,), one_result=False)
def _split(
    x: Tensor, sizes: Tensor | list[int] | None = None, *, axis: int = 0, num_outputs: int = 0, results: int = 0  # noqa: ARG001 - as many as results
) -> tuple[Tensor, ...]:  # fmt: skip
    if sizes is not None:
        return torch.split(x, _whole(sizes), axis)
    each = -(-x.shape[axis] // results)
    return torch.split(x, each, axis)


@_operator("Slice", lists=(1, 2, 3, 4))
def _slice(x: Tensor, starts: Value, ends: Value, axes: Value = None, steps: Value = None) -> Tensor:
    first, last = _whole(starts), _whole(ends)
    along = list(range(len(first))) if axes is None else _whole(axes)
    for axis, start, end, step in zip(along, first, last, [1] * len(first) if steps is None else _whole(steps), strict=True):
        x = _slice_axis(x, axis, slice(start, end, step))
    return x


def _slice_axis(x: Tensor, axis: int, where: slice) -> Tensor:
    """One axis; torch has no negative steps, so those pick by index. ONNX's far ends mean what a slice's open ends do."""
    size, step = x.shape[axis], where.step
    if step > 0:
        return x[(slice(None),) * (axis % x.dim()) + (where,)]
    start = min(where.start + size if where.start < 0 else where.start, size - 1)
    end = max(where.stop + size if where.stop < 0 else where.stop, -1)
    return x.index_select(axis, torch.tensor(range(start, end, step), dtype=torch.int64))


@_operator("Gather")
def _gather(x: Tensor, index: Tensor, *, axis: int = 0) -> Tensor:
    axis %= x.dim()
    found = x.index_select(axis, torch.where(index < 0, index + x.shape[axis], index).reshape(-1))
    return found.reshape(x.shape[:axis] + index.shape + x.shape[axis + 1 :])


@_operator("Squeeze", lists=(1,))
def _squeeze(x: Tensor, axes: Value = None) -> Tensor:
    return x.squeeze() if axes is None else x.squeeze(_whole(axes))


@_operator("Unsqueeze", lists=(1,))
def _unsqueeze(x: Tensor, axes: Value) -> Tensor:
    places = _whole(axes)
    for axis in sorted(place % (x.dim() + len(places)) for place in places):
        x = x.unsqueeze(axis)
    return x


@_operator("Expand", lists=(1,))
def _expand(x: Tensor, shape: Value) -> Tensor:
    return x.expand(torch.broadcast_shapes(x.shape, tuple(_whole(shape))))  # type: ignore[no-untyped-call]


@_operator("Tile", lists=(1,))
def _tile(x: Tensor, repeats: Value) -> Tensor:
    return x.tile(_whole(repeats))


_REDUCTIONS: dict[str, Callable[[Tensor, list[int], bool], Tensor]] = {
    "ReduceL1": lambda x, axes, keep: x.abs().sum(axes, keep),
    "ReduceL2": lambda x, axes, keep: (x * x).sum(axes, keep).sqrt(),
    "ReduceLogSumExp": torch.logsumexp,
    "ReduceMax": torch.amax,
    "ReduceMean": torch.mean,
    "ReduceMin": torch.amin,
    "ReduceSum": torch.sum,
    "ReduceSumSquare": lambda x, axes, keep: (x * x).sum(axes, keep),
}


def _reduction(reduce_over: Callable[[Tensor, list[int], bool], Tensor]) -> Callable[..., Tensor]:
    def run(
        x: Tensor, along: Value = None, *, axes: Sequence[int] | None = None, keepdims: int = 1, noop_with_empty_axes: int = 0
    ) -> Tensor:  # fmt: skip
        chosen = _whole(along) if along is not None else list(axes or ())
        if not chosen and noop_with_empty_axes:
            return x
        return reduce_over(x, chosen or list(range(x.dim())), bool(keepdims))

    return run


for _name, _function in _REDUCTIONS.items():
    _operator(_name, lists=(1,))(_reduction(_function))
