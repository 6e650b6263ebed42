"""A transformer, or a recurrent network, that reads a photon's neighbours and the photon, and draws the object that this leads."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from bartik.core import Array, Config, UnknownNameError
from bartik.nn.flows import AutoregressiveQuantiles
from bartik.nn.interaction import dense
from bartik.nn.marginals import MarginalTables
from bartik.simulation.response.clusters import FACE, ZONES
from bartik.usecases.ultrafast_simulation.photons import SLOTS

KINDS = ("transformer", "rnn")
_TOKEN = 19
_HIDE = 1e4


class Objects(nn.Module):
    """Photons to words, a reader of them, and of what it has read two probabilities and a flow of three numbers."""

    def __init__(self, sizes: Config) -> None:
        """``sizes``: kind, width, heads, layers and inner of the reader, hidden of what follows; `UnknownNameError` for a kind."""
        super().__init__()
        if sizes.kind not in KINDS:
            raise UnknownNameError("kind of model", sizes.kind, KINDS)
        self.words = Words()
        transformer = sizes.kind == "transformer"
        self.reader = Transformer(sizes.width, sizes.heads, sizes.layers, sizes.inner) if transformer else Recurrent(sizes.width)
        known = sizes.width + _TOKEN
        self.decide = dense([known, *sizes.hidden, 2])
        self.tables, self.flow = MarginalTables(3), AutoregressiveQuantiles(known, 3, sizes.hidden)

    def learn_marginals(self, _: Array, target: Array) -> None:
        """Learn the tables from the objects among the training rows."""
        there = target[:, 0] > 0
        self.tables.adapt([column[there] for column in target[:, 2:].T])

    def read(self, photons: Tensor) -> Tensor:
        """What is known of the last photon [rows, known] of photons [rows, slots, 3]."""
        words = self.words(photons)
        return torch.cat([self.reader(words), words[:, -1]], 1)

    def forward(self, photons: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities [rows, 2] of an object and of a merged one; its x, y in mm and energy in GeV [rows, 3], were there one."""
        known, last = self.read(photons), photons[:, -1]
        numbers = self.tables(self.flow(noise, known))
        place = last[:, :2] + numbers[:, 1:] * cell_of(last[:, :1], last[:, 1:2])
        return torch.sigmoid(torch.clamp(self.decide(known), -30.0, 30.0)), torch.cat([place, last[:, 2:] * torch.exp(numbers[:, :1])], 1)


class Words(nn.Module):
    """Raw photons to numbers of order one: distances from the last in its cells, logarithms of energies, places within cells."""

    def forward(self, photons: Tensor) -> Tensor:
        """[rows, slots, 3] to [rows, slots, `_TOKEN`], 0 where nothing is."""
        x, y, energy = photons[:, :, 0:1], photons[:, :, 1:2], photons[:, :, 2:3]
        there = (energy > 0).to(photons.dtype)
        cell = cell_of(x, y)
        own = cell[:, -1:]
        shift = [(v - v[:, -1:]) / own for v in (x, y)]
        phases = [f(2 * math.pi / cell * v) for v in (x, y) for f in (torch.sin, torch.cos)]
        square = x * x + y * y
        log, slope = torch.log(energy + 0.01), 0.5 * torch.log(square / (square + FACE**2) + 1e-6)
        ratio = torch.clamp(energy / torch.clamp(energy[:, -1:], min=0.01), max=8.0)
        near = torch.exp(-0.5 * (shift[0] * shift[0] + shift[1] * shift[1]))
        zones = [(cell == zone.cell).to(photons.dtype) for zone in ZONES]
        words = [there, *shift, *phases, 0.5 * log, log + slope + 1, 0.5 * (ratio - 1), near, near * ratio, (cell == own).to(photons.dtype)]
        return torch.cat([*words, *zones, x / 2000, y / 2000, torch.abs(x) / 2000 - 0.5], 2) * there


def cell_of(x: Tensor, y: Tensor) -> Tensor:
    """Size in mm of the cells where these positions in mm are."""
    across, up = torch.abs(x), torch.abs(y)
    inner, middle = (((across < zone.width) & (up < zone.height)).to(x.dtype) for zone in ZONES[:2])
    return ZONES[2].cell + middle * (ZONES[1].cell - ZONES[2].cell) + inner * (ZONES[0].cell - ZONES[1].cell)


class Recurrent(nn.Module):
    """A gated recurrent unit that reads from the farthest to the photon itself."""

    def __init__(self, width: int) -> None:
        """``width`` of the memory."""
        super().__init__()
        self.steps = nn.GRU(_TOKEN, width, batch_first=True)

    def forward(self, words: Tensor) -> Tensor:
        """What is remembered [rows, width] after the last word."""
        every, _ = self.steps(words)
        return torch.as_tensor(every[:, -1])


class Transformer(nn.Module):
    """Layers of attention among all words; the last one asks for the photon itself alone."""

    def __init__(self, width: int, heads: int, layers: int, inner: int) -> None:
        """``width`` of a token, ``inner`` of the dense layers."""
        super().__init__()
        self.entry = nn.Linear(_TOKEN, width)
        self.layers = nn.ModuleList(_Layer(width, heads, inner) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, words: Tensor) -> Tensor:
        """What is known [rows, width] of the last word among all."""
        tokens = self.entry(words)
        hidden = _HIDE * (words[:, :, 0].reshape(-1, 1, 1, SLOTS) - 1)
        for layer in self.layers[:-1]:
            tokens = layer(tokens, tokens, hidden)
        return torch.as_tensor(self.norm(self.layers[-1](tokens[:, -1:], tokens, hidden)).squeeze(1))


class _Layer(nn.Module):
    """Some look at all that are there; then a dense layer each (norms first)."""

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.dense = nn.Sequential(nn.Linear(width, inner), nn.ReLU(), nn.Linear(inner, width))

    def forward(self, some: Tensor, everything: Tensor, hidden: Tensor) -> Tensor:
        few, normed = some.shape[1], self.before(everything)
        asked = self._split(self.ask(normed[:, SLOTS - few :]), few)
        keys, values = self._split(self.key(normed), SLOTS), self._split(self.value(normed), SLOTS)
        weights = torch.softmax(asked @ keys.transpose(2, 3) / math.sqrt(self.size) + hidden, 3)
        found = some + self.out((weights @ values).transpose(1, 2).reshape(-1, few, self.heads * self.size))
        return torch.as_tensor(found + self.dense(self.between(found)))

    def _split(self, values: Tensor, tokens: int) -> Tensor:
        """[rows, heads, tokens, size]."""
        return values.reshape(-1, tokens, self.heads, self.size).transpose(1, 2)


def object_loss(network: Objects, inputs: Mapping[str, Tensor], target: Tensor, weights: Tensor) -> Tensor:
    """Cross entropies of both decisions and the negative log density of the object; the last two where there is one."""
    known, there = network.read(inputs["photons"]), target[:, 0]
    logits = network.decide(known)
    entropy = nn.functional.binary_cross_entropy_with_logits(logits, target[:, :2], reduction="none")
    density = network.flow.negative_log_density(network.tables.inverse(target[:, 2:]), known).sum(1)
    each = entropy[:, 0] + there * (entropy[:, 1] + density)
    return (each * weights).sum() / weights.sum().clamp(min=1e-6)
