"""Recurrent layers as a kernel: GRU, LSTM and the plain RNN, one direction of one layer, all its steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bartik.core import Array

Cell = Literal["rnn", "gru", "gru_reset_after", "lstm", "lstm_peepholes", "lstm_coupled", "lstm_coupled_peepholes"]
ALIGNMENT = 16
"""Units are padded to a multiple of it: the most lanes there are."""
_ONE = np.float32(1)


@dataclass(frozen=True)
class Squash:
    """An activation of a recurrent layer, with ONNX's alpha and beta."""

    kind: str
    alpha: float = 0.0
    beta: float = 0.0

    def __call__(self, x: Array) -> Array:
        """The activation."""
        return np.asarray(SQUASHES[self.kind](x, np.float32(self.alpha), np.float32(self.beta)), x.dtype)


SQUASHES: Mapping[str, Callable[[Array, np.float32, np.float32], Array]] = {
    "affine": lambda x, a, b: a * x + b,
    "elu": lambda x, a, _: np.where(x > 0, x, a * np.expm1(np.minimum(x, 0))),
    "hard_sigmoid": lambda x, a, b: np.clip(a * x + b, 0, 1),
    "leaky_relu": lambda x, a, _: np.where(x < 0, a * x, x),
    "relu": lambda x, *_: np.maximum(x, 0),
    "scaled_tanh": lambda x, a, b: a * np.tanh(b * x),
    "sigmoid": lambda x, *_: _ONE / (_ONE + np.exp(-x)),
    "softplus": lambda x, *_: np.logaddexp(x, np.float32(0)),
    "softsign": lambda x, *_: x / (_ONE + np.abs(x)),
    "tanh": lambda x, *_: np.tanh(x),
    "thresholded_relu": lambda x, a, _: np.where(x > a, x, np.where(np.isnan(x), x, 0)),
}
"""What each activation means; names are those of ``Squash`` in ``kernels/recurrent.hpp``."""


@dataclass(frozen=True, eq=False)
class Recurrent:
    """One direction of a recurrent layer, as `Kernel`.

    ``weight`` [gates, hidden, inputs] and ``recurrent`` [gates, hidden, hidden] in ONNX's order of gates; ``bias`` [rows, hidden]: one for
    each gate, then of ``gru_reset_after`` the new gate's second bias, of an LSTM with peepholes those of input, output and forget gate.
    Arguments: x [entries, steps, inputs]; then, if ``lengths``, how many steps of each entry count, as floats [entries] (or they are
    known, in ``fixed_lengths``); then, if ``initial`` is None, the first state [entries, states, hidden]: hidden units and, of an LSTM,
    cells. The result is, for each entry, the hidden units of each step if ``every``, then the last state.
    """

    cell: Cell
    weight: Array
    recurrent: Array
    bias: Array
    activations: tuple[Squash, Squash, Squash]
    steps: int
    entries: int = 1
    reverse: bool = False
    every: bool = True
    lengths: bool = False
    fixed_lengths: Array | None = None
    clip: float | None = None
    initial: Array | None = None

    header = "recurrent"
    lanes = True

    @property
    def function(self) -> str:
        """The C++ template."""
        return "recurrent_of_lengths" if self.bounded else "recurrent"

    @property
    def bounded(self) -> bool:
        """Whether not all steps count."""
        return self.lengths or self.fixed_lengths is not None

    @property
    def hidden(self) -> int:
        """Hidden units."""
        return int(self.recurrent.shape[2])

    @property
    def inputs(self) -> int:
        """Inputs of one step."""
        return int(self.weight.shape[2])

    @property
    def states(self) -> int:
        """Values that one step hands to the next, in units of ``hidden``."""
        return 2 if self.cell.startswith("lstm") else 1

    @property
    def padded(self) -> int:
        """``hidden`` as the tables have it."""
        return -(-self.hidden // ALIGNMENT) * ALIGNMENT

    @property
    def width(self) -> int:
        """Values of the result."""
        return self.entries * ((self.steps if self.every else 0) + self.states) * self.hidden

    @property
    def scratch(self) -> int:
        """Two states, and of a GRU its gates."""
        return (2 * self.states + (2 if self.cell == "gru" else 0)) * self.padded

    def parameters(self) -> tuple[int | str, ...]:
        """Of the template."""
        squashes = tuple(f"Squash::{squash.kind}" for squash in self.activations)
        flags = (int(self.reverse), int(self.every))
        return (f"Cell::{self.cell}", *squashes, int(self.clip is not None), self.inputs, self.hidden, self.steps, self.entries, *flags)

    def constants(self) -> Mapping[str, Array]:
        """Tables in the order of the template's arguments."""
        squash = [self.clip or 0.0, *(value for s in self.activations for value in (s.alpha, s.beta))]
        tables = {
            "weight": self._padded(self.weight.transpose(2, 0, 1)),
            "recurrent": self._padded(self.recurrent.transpose(2, 0, 1)),
            "bias": self._padded(self.bias),
            "squash": np.array(squash, np.float32),
        }
        first = {"lengths": self.fixed_lengths, "initial": self.initial}
        return {name: np.ascontiguousarray(v).reshape(-1) for name, v in first.items() if v is not None} | tables

    def multiply_adds(self) -> int:
        """Of one row."""
        return self.entries * self.steps * (self.weight.size + self.recurrent.size)

    def narrowed(self, places: Sequence[int]) -> tuple[Recurrent, list[int]] | None:
        """A kernel that computes these places of the result and less beside, and where they are in its result; None if there is none.

        Only the last step: where all steps count it is the state.
        """
        if not self.every:
            return None
        each, kept = self.width // self.entries, self.states * self.hidden
        last = (0 if self.reverse else self.steps - 1) * self.hidden
        found = []
        for entry, place in (divmod(place, each) for place in places):
            if place >= self.steps * self.hidden:
                found.append(entry * kept + place - self.steps * self.hidden)
            elif last <= place < last + self.hidden and not self.bounded:
                found.append(entry * kept + place - last)
            else:
                return None
        return replace(self, every=False), found

    def evaluate(self, args: Sequence[Array]) -> Array:
        """The layer in numpy, on rows [rows, ...] of each argument."""
        rest = list(args)
        x = rest.pop(0)
        rows = len(x)
        x = x.reshape(rows, self.entries, self.steps, self.inputs)
        lengths = (
            rest.pop(0) if self.lengths else np.full((rows, self.entries), self.steps if self.fixed_lengths is None else self.fixed_lengths)
        )
        first = rest.pop(0) if self.initial is None else self.initial
        each = (self.entries, self.states, self.hidden)
        state = np.broadcast_to(first.reshape(-1, *each), (rows, *each))
        found = np.zeros((rows, self.entries, self.steps, self.hidden), x.dtype)
        with np.errstate(all="ignore"):
            for step in reversed(range(self.steps)) if self.reverse else range(self.steps):
                within = (np.float32(step) < lengths)[:, :, None]
                state = np.where(within[..., None], self._step(x[:, :, step], state), state)
                found[:, :, step] = np.where(within, state[:, :, 0], np.float32(0))
        parts = [found.reshape(rows, self.entries, -1)] if self.every else []
        return np.concatenate([*parts, state.reshape(rows, self.entries, -1)], axis=2).reshape(rows, -1)

    def __str__(self) -> str:
        """For example ``gru_reset_after[16 -> 32] x 20``."""
        return f"{self.cell}[{self.inputs} -> {self.hidden}] x {self.steps}{' reversed' if self.reverse else ''}"

    def _step(self, x: Array, state: Array) -> Array:
        """The next state [rows, entries, states, hidden]."""
        h = state[:, :, 0]
        given = [x @ weight.T + bias for weight, bias in zip(self.weight, self.bias, strict=False)]
        return np.stack(_STEPS[self.cell.partition("_")[0]](self, given, h, state), axis=2)

    def fed_back(self, gate: int, h: Array) -> Array:
        """What the hidden units add to a gate."""
        return np.asarray(h @ self.recurrent[gate].T)

    def clipped(self, squash: Squash, x: Array) -> Array:
        """An activation of what is cut to plus and minus ``clip``."""
        return squash(x if self.clip is None else np.clip(x, -np.float32(self.clip), np.float32(self.clip)))

    def _padded(self, table: Array) -> Array:
        widths = [(0, 0)] * (table.ndim - 1) + [(0, self.padded - self.hidden)]
        return np.ascontiguousarray(np.pad(table, widths)).reshape(-1)


def _rnn(layer: Recurrent, given: list[Array], h: Array, state: Array) -> list[Array]:
    del state
    return [layer.clipped(layer.activations[0], given[0] + layer.fed_back(0, h))]


def _gru(layer: Recurrent, given: list[Array], h: Array, state: Array) -> list[Array]:
    del state
    f, g, _ = layer.activations
    update, reset = (layer.clipped(f, given[gate] + layer.fed_back(gate, h)) for gate in (0, 1))
    if layer.cell == "gru_reset_after":
        fresh = given[2] + reset * (layer.fed_back(2, h) + layer.bias[3])
    else:
        fresh = given[2] + layer.fed_back(2, reset * h)
    return [(_ONE - update) * layer.clipped(g, fresh) + update * h]


def _lstm(layer: Recurrent, given: list[Array], h: Array, state: Array) -> list[Array]:
    f, g, squash = layer.activations
    old, (input_, output, forget, cell) = state[:, :, 1], [value + layer.fed_back(gate, h) for gate, value in enumerate(given)]
    peepholes = layer.bias[4:] if layer.cell.endswith("peepholes") else np.zeros((3, layer.hidden), np.float32)
    input_ = layer.clipped(f, input_ + peepholes[0] * old)
    forget = _ONE - input_ if "coupled" in layer.cell else layer.clipped(f, forget + peepholes[2] * old)
    new = forget * old + input_ * layer.clipped(g, cell)
    return [layer.clipped(f, output + peepholes[1] * new) * squash(new), new]


_STEPS: Mapping[str, Callable[[Recurrent, list[Array], Array, Array], list[Array]]] = {"rnn": _rnn, "gru": _gru, "lstm": _lstm}
