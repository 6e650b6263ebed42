"""A transformer that reads the last good runs and says what the next one should look like."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from bartik.simulation.runs import BINS
from bartik.usecases.data_quality.columns import MEMORY

_QUARTER = 0.375  # Anscombe: 2 sqrt(n + 3/8) of a Poisson number has a standard deviation of 1
_HIDE = 1e4
_FAR = 5.0
_CLEAR = 20.0


class ReferenceNetwork(nn.Module):
    """Templates of a run's possible states, of which the run itself chooses.

    Upstream of them: a token for each good run (roots of its shares, its size, its age), a token to answer with, and layers of attention.
    """

    def __init__(self, width: int, heads: int, layers: int, inner: int, states: int, dropout: float) -> None:
        """``width`` of a token; ``inner`` of the dense layers; ``states`` in which a good run can be."""
        super().__init__()
        self.states = states
        self.entry = nn.Linear(BINS + 3, width)
        self.answer = nn.Parameter(torch.randn(1, 1, width) / math.sqrt(width))
        self.layers = nn.ModuleList(_Layer(width, heads, inner, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.shape = nn.Sequential(nn.Linear(width, inner), nn.ReLU(), nn.Linear(inner, states * BINS))
        self.spread = nn.Sequential(nn.Linear(width, inner), nn.ReLU(), nn.Linear(inner, BINS))
        self.apart = nn.Parameter(0.3 * torch.randn(1, states, BINS))
        self.noise = nn.Parameter(torch.full((1, 1, BINS), 0.5413))
        self.prior = nn.Parameter(torch.zeros(1, states))
        self.halves: Tensor  # a product: OpenVINO 2026.4 joins a sum and the difference after it to something else
        self.register_buffer("halves", torch.full((BINS, 1), -0.5))

    def forward(self, context: Tensor, age: Tensor, run: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Score [batch, 1]; reference, sigma and pull [batch, bins]."""
        shares, known = self.templates(context, age)
        pulls, log_spread = self.pulls(shares, known, run)
        bounded = torch.clamp(pulls, -_FAR, _FAR)  # a bin that is far off in every state tells nothing of the state
        weight = self.chosen(self.log_likelihood(bounded, log_spread))  # [batch, states]
        chi2 = (weight * (pulls * pulls).mean(2)).sum(1, keepdim=True)
        mixed = [(weight.unsqueeze(2) * each).sum(1) for each in (shares, shares * known, pulls)]
        return torch.log(chi2 + 1e-4), mixed[0], mixed[1], mixed[2]

    def chosen(self, log_likelihood: Tensor) -> Tensor:
        """Weight of each state: 1 and 0 where one is clearly more likely, in between by a straight line, which forgives rounding."""
        weight = torch.relu(1 + (log_likelihood - log_likelihood.amax(1, keepdim=True)) / _CLEAR)
        return weight / weight.sum(1, keepdim=True)

    def templates(self, context: Tensor, age: Tensor) -> tuple[Tensor, Tensor]:
        """Shares of the entries [batch, states, bins], and their relative uncertainty [batch, 1, bins].

        The uncertainty is that of all states: a state of its own for whatever is unexpected would find nothing wrong with bad runs.
        """
        read = self._read(context, age)
        logits = self.shape(read).reshape(-1, self.states, BINS) + self.apart
        return torch.softmax(logits, 2), 0.1 * softplus(self.spread(read).unsqueeze(1) - 2.0)

    def pulls(self, shares: Tensor, known: Tensor, run: Tensor) -> tuple[Tensor, Tensor]:
        """Of each bin in each state, and the logarithm of the variance they are of; [batch, states, bins] each."""
        expected = shares * run.sum(1, keepdim=True).unsqueeze(2)
        distance = 2 * (torch.sqrt(run + _QUARTER).unsqueeze(1) - torch.sqrt(expected + _QUARTER))
        variance = softplus(self.noise) + expected * known * known
        return distance / torch.sqrt(variance), torch.log(variance)

    def log_likelihood(self, pulls: Tensor, log_variance: Tensor) -> Tensor:
        """Of the run in each state, with the state's own probability, [batch, states]."""
        return torch.log_softmax(self.prior, 1) + ((pulls * pulls + log_variance) @ self.halves).squeeze(2)

    def _read(self, context: Tensor, age: Tensor) -> Tensor:
        entries = context.sum(2, keepdim=True)
        there = torch.clamp(entries, max=1.0)  # [batch, memory, 1]
        shares = torch.sqrt(context / torch.clamp(entries, min=1.0))
        words = [5 * shares, 0.1 * torch.log(entries + 1), 0.1 * age.unsqueeze(2), there]
        tokens = self.entry(torch.cat(words, 2))
        hidden = _HIDE * (torch.cat([torch.ones_like(there[:, :1]), there], 1).reshape(-1, 1, 1, MEMORY + 1) - 1)
        both = torch.cat([self.answer + 0 * tokens[:, :1], tokens], 1)
        for layer in self.layers[:-1]:
            both = layer(both, both, hidden)
        return torch.as_tensor(self.norm(self.layers[-1](both[:, :1], both, hidden)).squeeze(1))


def reference_loss(network: ReferenceNetwork, inputs: Mapping[str, Tensor], target: Tensor, weights: Tensor) -> Tensor:
    """Logarithm of minus the log-likelihood of good runs, a bin; bad runs (target 1) teach nothing.

    The logarithm, as nobody can foresee the first run after a jump, and it would teach as much as a hundred others.
    """
    pulls, log_variance = network.pulls(*network.templates(inputs["context"], inputs["age"]), inputs["run"])
    missed = -torch.logsumexp(network.log_likelihood(pulls, log_variance), 1) / BINS
    good = weights * (1 - target)
    return (good * torch.log(2 + missed.clamp(min=-1.0))).sum() / good.sum().clamp(min=1e-6)


class _Layer(nn.Module):
    """Some look at all that are there; then a dense layer each (norms first)."""

    def __init__(self, width: int, heads: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.dense = nn.Sequential(nn.Linear(width, inner), nn.ReLU(), nn.Dropout(dropout), nn.Linear(inner, width))

    def forward(self, some: Tensor, everything: Tensor, hidden: Tensor) -> Tensor:
        """``some`` are the first of ``everything`` [batch, 1 + memory, width]; ``hidden`` is large and negative where nothing is."""
        few, normed = some.shape[1], self.before(everything)
        asked = self._split(self.ask(normed[:, :few]), few)
        keys, values = self._split(self.key(normed), MEMORY + 1), self._split(self.value(normed), MEMORY + 1)
        weights = torch.softmax(asked @ keys.transpose(2, 3) / math.sqrt(self.size) + hidden, 3)
        found = some + self.out((weights @ values).transpose(1, 2).reshape(-1, few, self.heads * self.size))
        return torch.as_tensor(found + self.dense(self.between(found)))

    def _split(self, values: Tensor, tokens: int) -> Tensor:
        """[batch, heads, tokens, size]."""
        return values.reshape(-1, tokens, self.heads, self.size).transpose(1, 2)
