"""GRU, LSTM and RNN: one kernel a direction, and its result put where ONNX wants it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bartik.compiler.operators.builder import FLOATS, Builder, Constant, Shape, Tensor, Value
from bartik.compiler.operators.table import operator
from bartik.compiler.recurrent import Cell, Recurrent, Squash
from bartik.core import Array

_DIRECTIONS = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}
_SQUASHES: dict[str, tuple[str, float, float]] = {
    "affine": ("affine", 1.0, 0.0),
    "elu": ("elu", 1.0, 0.0),
    "hardsigmoid": ("hard_sigmoid", 0.2, 0.5),
    "leakyrelu": ("leaky_relu", 0.01, 0.0),
    "relu": ("relu", 0.0, 0.0),
    "scaledtanh": ("scaled_tanh", 1.0, 1.0),
    "sigmoid": ("sigmoid", 0.0, 0.0),
    "softplus": ("softplus", 0.0, 0.0),
    "softsign": ("softsign", 0.0, 0.0),
    "tanh": ("tanh", 0.0, 0.0),
    "thresholdedrelu": ("thresholded_relu", 1.0, 0.0),
}
"""Activations by ONNX's name: ours, and the defaults of alpha and beta."""
_TAKES = {"affine": 2, "elu": 1, "hard_sigmoid": 2, "leaky_relu": 1, "scaled_tanh": 2, "thresholded_relu": 1}
"""How many of alpha and beta an activation takes from the attributes' lists."""


@dataclass(frozen=True, eq=False)
class _Layer:
    """What a node says, directions first: ``weights`` W [D, gates * H, I], R [D, gates * H, H], B [D, 2 * gates * H]."""

    x: Tensor
    steps: int
    entries: int
    inputs: int
    hidden: int
    layout: int
    reversals: tuple[bool, ...]
    weights: tuple[Array, Array, Array]

    def result(self, kind: str) -> Shape:
        """Shape of Y (``every``) or of a last state."""
        batch = None if None in self.x.shape else self.entries
        directions = len(self.reversals)
        if kind == "every":
            return (self.steps, directions, batch, self.hidden) if self.layout == 0 else (batch, self.steps, directions, self.hidden)
        return (directions, batch, self.hidden) if self.layout == 0 else (batch, directions, self.hidden)


@operator("GRU")
def _gru(  # noqa: PLR0913 - ONNX's arguments
    b: Builder, x: Value, weight: Value, recurrent: Value, bias: Value | None = None, lengths: Value | None = None,
    initial: Value | None = None, *,
    activations: Sequence[str] | None = None, activation_alpha: Sequence[float] = (), activation_beta: Sequence[float] = (),
    clip: float = 0.0, direction: str = "forward", hidden_size: int | None = None, layout: int = 0, linear_before_reset: int = 0,
) -> list[Value]:  # fmt: skip
    layer = _layer(b, x, (weight, recurrent, bias), 3, direction, hidden_size, layout)
    squashes = _squashes(b, layer, activations, activation_alpha, activation_beta, ("Sigmoid", "Tanh"))
    cell: Cell = "gru_reset_after" if linear_before_reset else "gru"
    return _results(b, layer, cell, squashes, clip, lengths, [initial])


@operator("RNN")
def _rnn(  # noqa: PLR0913 - ONNX's arguments
    b: Builder, x: Value, weight: Value, recurrent: Value, bias: Value | None = None, lengths: Value | None = None,
    initial: Value | None = None, *,
    activations: Sequence[str] | None = None, activation_alpha: Sequence[float] = (), activation_beta: Sequence[float] = (),
    clip: float = 0.0, direction: str = "forward", hidden_size: int | None = None, layout: int = 0,
) -> list[Value]:  # fmt: skip
    layer = _layer(b, x, (weight, recurrent, bias), 1, direction, hidden_size, layout)
    squashes = _squashes(b, layer, activations, activation_alpha, activation_beta, ("Tanh",))
    return _results(b, layer, "rnn", squashes, clip, lengths, [initial])


@operator("LSTM")
def _lstm(  # noqa: PLR0913, PLR0917 - ONNX's arguments
    b: Builder, x: Value, weight: Value, recurrent: Value, bias: Value | None = None, lengths: Value | None = None,
    initial: Value | None = None, initial_cell: Value | None = None, peepholes: Value | None = None, *,
    activations: Sequence[str] | None = None, activation_alpha: Sequence[float] = (), activation_beta: Sequence[float] = (),
    clip: float = 0.0, direction: str = "forward", hidden_size: int | None = None, input_forget: int = 0, layout: int = 0,
) -> list[Value]:  # fmt: skip
    layer = _layer(b, x, (weight, recurrent, bias), 4, direction, hidden_size, layout)
    squashes = _squashes(b, layer, activations, activation_alpha, activation_beta, ("Sigmoid", "Tanh", "Tanh"))
    holes = None if peepholes is None else _table(b, peepholes, (len(layer.reversals), 3 * layer.hidden))
    cell: Cell = "lstm_coupled" if input_forget else "lstm"
    if holes is not None:
        cell = "lstm_coupled_peepholes" if input_forget else "lstm_peepholes"
    return _results(b, layer, cell, squashes, clip, lengths, [initial, initial_cell], holes)


def _layer(
    b: Builder, x: Value, weights: tuple[Value, Value, Value | None], gates: int, direction: str, hidden_size: int | None, layout: int
) -> _Layer:
    rows = b.tensor(x)
    batch = 0 if layout == 1 else 1
    if len(rows.shape) != 3 or any(axis is None for place, axis in enumerate(rows.shape) if place != batch) or rows.dtype not in FLOATS:
        raise b.refuse(f"an input of {len(rows.shape)} axes of type {rows.dtype} with the batch elsewhere is not compiled")
    if direction not in _DIRECTIONS or layout not in (0, 1):
        raise b.refuse(f"attributes direction={direction!r}, layout={layout} are not compiled")
    reversals = _DIRECTIONS[direction]
    steps, inputs, entries = int(rows.shape[1 - batch] or 0), int(rows.shape[2] or 0), int(rows.shape[batch] or 1)
    recurrent = _floats(b, weights[1])
    hidden = recurrent.shape[-1]
    if hidden_size not in (None, hidden) or hidden < 1:
        raise b.refuse(f"attribute hidden_size={hidden_size} does not fit weights of shape {list(recurrent.shape)}")
    count = len(reversals)
    tables = (
        _table(b, weights[0], (count, gates * hidden, inputs)),
        _table(b, weights[1], (count, gates * hidden, hidden)),
        np.zeros((count, 2 * gates * hidden), np.float32) if weights[2] is None else _table(b, weights[2], (count, 2 * gates * hidden)),
    )
    return _Layer(rows, steps, entries, inputs, hidden, layout, reversals, tables)


def _squashes(
    b: Builder, layer: _Layer, names: Sequence[str] | None, alphas: Sequence[float], betas: Sequence[float], usual: tuple[str, ...]
) -> list[tuple[Squash, Squash, Squash]]:
    """Activations f, g, h of each direction."""
    chosen = list(names) if names else list(usual) * len(layer.reversals)
    if len(chosen) != len(usual) * len(layer.reversals):
        raise b.refuse(f"{len(chosen)} activations are not compiled, {len(usual)} a direction are")
    alpha, beta, found = list(alphas), list(betas), list[Squash]()
    for name in chosen:
        if name.lower() not in _SQUASHES:
            raise b.refuse(f"activation {name!r} is not compiled")
        kind, first, second = _SQUASHES[name.lower()]
        takes = _TAKES.get(kind, 0)
        first = alpha.pop(0) if takes >= 1 and alpha else first
        second = beta.pop(0) if takes == 2 and beta else second
        found.append(Squash(kind, first, second))
    each = [found[k : k + len(usual)] for k in range(0, len(found), len(usual))]
    return [(squash[0], squash[min(1, len(squash) - 1)], squash[-1]) for squash in each]


def _results(
    b: Builder, layer: _Layer, cell: Cell, squashes: list[tuple[Squash, Squash, Squash]], clip: float,
    lengths: Value | None, states: list[Value | None], peepholes: Array | None = None,
) -> list[Value]:  # fmt: skip
    """Y, Y_h and, of an LSTM, Y_c: a kernel for each direction, and picks from what they make."""
    x, (fixed, given) = _by_entry(b, layer), _lengths(b, layer, lengths)
    made, kernels = list[Tensor](), list[Recurrent]()
    for place, reverse in enumerate(layer.reversals):
        known, state = _initial(b, layer, states, place)
        kernel = Recurrent(
            cell, *_tables(layer, cell, place, peepholes), squashes[place], layer.steps, layer.entries, reverse,
            lengths=given is not None, fixed_lengths=fixed, clip=clip or None, initial=known,
        )  # fmt: skip
        arguments = [value for value in (x, given, state) if value is not None]
        made.append(b.kernel(kernel, arguments, (None, kernel.width)))
        kernels.append(kernel)
    joined = made[0] if len(made) == 1 else b.concat(made, (sum(kernel.width for kernel in kernels),), layer.x.dtype)
    return [_part(b, layer, joined, kind) for kind in ("every", "last", "cell")[: 1 + len(states)]]


def _tables(layer: _Layer, cell: Cell, place: int, peepholes: Array | None) -> tuple[Array, Array, Array]:
    """Weights, recurrent weights and biases of one direction; ONNX's two biases are one, but where a gate stands between them."""
    weight, recurrent, bias = (table[place] for table in layer.weights)
    hidden, gates = layer.hidden, len(recurrent) // layer.hidden
    ours, theirs = bias.reshape(2, gates, hidden)
    rows = ours + theirs
    if cell == "gru_reset_after":
        rows = np.concatenate([ours[:2] + theirs[:2], ours[2:], theirs[2:]])
    if peepholes is not None:
        rows = np.concatenate([rows, peepholes[place].reshape(3, hidden)])
    return weight.reshape(gates, hidden, -1), recurrent.reshape(gates, hidden, hidden), rows


def _by_entry(b: Builder, layer: _Layer) -> Tensor:
    """The input as [entries, steps, inputs]."""
    if layer.layout == 1 or None in layer.x.shape:
        return layer.x
    places = np.arange(layer.x.width).reshape(layer.steps, layer.entries, layer.inputs).swapaxes(0, 1)
    return b.pick(layer.x, places, places.shape)


def _lengths(b: Builder, layer: _Layer, lengths: Value | None) -> tuple[Array | None, Tensor | None]:
    """How many steps count: known, or a value of the graph, or neither where all do."""
    if lengths is None:
        return None, None
    if isinstance(lengths, Tensor):
        raise b.refuse("sequence_lens that depend on the inputs are not compiled")
    values = lengths.array.reshape(-1)
    if values.dtype.kind != "i":
        raise b.refuse(f"sequence_lens of type {values.dtype} are not compiled, int32 is")
    if values.size and not 0 <= values.min() <= values.max() <= layer.steps:
        raise b.refuse(f"sequence_lens outside of 0 to {layer.steps} are not compiled")
    if bool((values == layer.steps).all()):
        return None, None
    if len(values) != layer.entries:
        raise b.refuse("sequence_lens known before it runs, of a batch that is not, are not compiled")
    return values.astype(np.float32), None


def _initial(b: Builder, layer: _Layer, states: list[Value | None], place: int) -> tuple[Array | None, Tensor | None]:
    """The first state of one direction, [entries, states, hidden]: known, or a value of the graph."""
    known = [_known(b, layer, value) for value in states]
    if all(value is not None for value in known):
        return np.stack([value[place] for value in known if value is not None], axis=1), None
    if any(isinstance(value, Constant) or value is None for value in states):
        raise b.refuse("one initial state that depends on the inputs beside one that does not is not compiled")
    parts = [_of_direction(b, layer, value, place) for value in states if isinstance(value, Tensor)]
    if len(parts) == 1:
        return None, parts[0]
    flat = b.concat(parts, (sum(part.width for part in parts),), parts[0].dtype)
    order = np.arange(flat.width).reshape(len(parts), layer.entries, layer.hidden).swapaxes(0, 1)
    return None, b.pick(flat, order, (flat.width,))


def _known(b: Builder, layer: _Layer, value: Value | None) -> Array | None:
    """A state that is known now, [directions, entries, hidden]."""
    shape = (len(layer.reversals), layer.entries, layer.hidden)
    if value is None:
        return np.zeros(shape, np.float32)
    if isinstance(value, Constant):
        values = b.floats(value)
    else:
        found = _values(b, value.name)
        if found is None:
            return None
        values = found.reshape([1 if axis is None else axis for axis in value.shape])
    values = values.swapaxes(0, 1) if layer.layout == 1 and values.ndim == 3 else values
    if values.shape != shape:
        raise b.refuse(f"an initial state of shape {list(values.shape)} is not compiled")
    return values


def _values(b: Builder, name: str) -> Array | None:
    """The values of an operator that is a constant, or places of one."""
    op = next(op for op in b.ops if op.name == name)
    if op.values is not None:
        return op.values
    source = _values(b, op.args[0]) if op.kind in ("pick", "identity") else None
    return source if source is None or op.kind == "identity" else source[list(op.places)]


def _of_direction(b: Builder, layer: _Layer, value: Tensor, place: int) -> Tensor:
    wanted = layer.result("last")
    if value.shape != wanted or value.dtype != layer.x.dtype:
        raise b.refuse(f"an initial state of shape {list(value.row)} is not compiled")
    numbers = np.arange(value.width).reshape([1 if axis is None else axis for axis in wanted])
    numbers = numbers[:, place] if layer.layout == 1 else numbers[place]
    return b.pick(value, numbers, (numbers.size,))


def _part(b: Builder, layer: _Layer, joined: Tensor, kind: str) -> Tensor:
    """Y, Y_h or Y_c from the kernels' results, one after the other."""
    entries, hidden, steps = layer.entries, layer.hidden, layer.steps
    places = np.arange(joined.width).reshape(len(layer.reversals), entries, -1)  # [directions, entries, ...]
    if kind == "every":
        each = places[:, :, : steps * hidden].reshape(-1, entries, steps, hidden)
        ordered = each.transpose(2, 0, 1, 3) if layer.layout == 0 else each.transpose(1, 2, 0, 3)
    else:
        start = (steps + (kind == "cell")) * hidden
        each = places[:, :, start : start + hidden]
        ordered = each if layer.layout == 0 else each.swapaxes(0, 1)
    shape = layer.result(kind)
    return Tensor(b.pick(joined, ordered, [axis for axis in shape if axis is not None]).name, shape, layer.x.dtype)


def _table(b: Builder, value: Value, shape: tuple[int, ...]) -> Array:
    found = _floats(b, value)
    if found.shape != shape or np.isnan(found).any():
        raise b.refuse(f"weights of shape {list(found.shape)} are not compiled, {list(shape)} without NaN are")
    return found


def _floats(b: Builder, value: Value) -> Array:
    if not isinstance(value, Constant):
        raise b.refuse("weights that depend on the inputs are not compiled")
    return b.floats(value)
