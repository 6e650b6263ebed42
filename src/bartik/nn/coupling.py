"""Coupling flows on tokens that share their networks (L. Dinh et al., arXiv:1605.08803), fast in both directions.

Numbers are [rows, tokens, channels], what they depend on is [rows, tokens, context]. A coupling changes every second token as the others
say, or every second channel of each token as its others say; all tokens have the same network, which knows which token it is of from the
context alone. So a flow of many dimensions has few weights, and every token of a row trains them. Numbers are changed by splines or, many
times cheaper, shifted and stretched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from bartik.nn.interaction import dense
from bartik.nn.spline import BOUND, SLOPE, inverse_spline, parameters

KINDS = ("all", "even tokens", "odd tokens", "even channels", "odd channels")
"""What moves; all numbers do as the context alone says."""


class Coupling(nn.Module):
    """Changes the numbers that move as those that stay say. ``bins`` of a spline; 0: shifted and stretched."""

    moved: Tensor
    stay: Tensor
    back: Tensor

    def __init__(self, kind: str, tokens: int, channels: int, context: int, hidden: Sequence[int], summary: int, bins: int) -> None:
        """``kind`` of `KINDS`; ``summary`` numbers tell every token what all that stays is like."""
        super().__init__()
        self.bins, self.by_token, self.by_channel = bins, kind.endswith("tokens"), kind.endswith("channels")
        count = tokens if self.by_token else channels
        moved = torch.arange(int(kind.startswith("odd")), count, 1 if kind == "all" else 2)
        stay = torch.tensor([place for place in range(count) if place not in moved.tolist()], dtype=torch.long)
        self.register_buffer("moved", moved)
        self.register_buffer("stay", stay)
        self.register_buffer("back", torch.argsort(torch.cat([moved, stay])))
        self.tokens = len(moved) if self.by_token else tokens
        self.out = channels if self.by_token else len(moved)
        fixed = len(stay) * (channels if self.by_token else tokens)
        summary = summary if fixed else 0
        self.summary = nn.Sequential(nn.Linear(fixed, summary), nn.ReLU()) if summary else None
        own = len(stay) if self.by_channel else 0
        self.network = dense([own + context + summary, *hidden, self.out * (parameters(bins) if bins else 2)])
        with torch.no_grad():
            for values in self.network[-1].parameters():
                values.mul_(0.1)

    def forward(self, x: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Data to noise, splines by zuko: the numbers, and the logarithm of the volume [rows]."""
        moved, stay = self._parts(x)
        raw = self._raw(stay, context)
        if not self.bins:
            shift, stretch = _affine(raw)
            return self._joined(moved * torch.exp(stretch) + shift, stay), stretch.sum((1, 2))
        from zuko.transforms import MonotonicRQSTransform  # noqa: PLC0415 - who samples only need not have it

        widths, heights, slopes = torch.split(raw, [self.bins, self.bins, self.bins - 1], -1)
        changed, volume = MonotonicRQSTransform(widths, heights, slopes, bound=BOUND, slope=SLOPE).call_and_ladj(moved)
        return self._joined(changed, stay), volume.sum((1, 2))

    def inverse(self, u: Tensor, context: Tensor) -> Tensor:
        """Noise to data."""
        moved, stay = self._parts(u)
        raw = self._raw(stay, context)
        if self.bins:
            return self._joined(inverse_spline(moved, raw, self.bins), stay)
        shift, stretch = _affine(raw)
        return self._joined((moved - shift) * torch.exp(-stretch), stay)

    def _raw(self, stay: Tensor, context: Tensor) -> Tensor:
        known = [context.index_select(1, self.moved) if self.by_token else context]
        if self.by_channel:
            known.append(stay)
        if self.summary is not None:
            told = self.summary(stay.reshape(stay.shape[0], -1))
            known.append(told.unsqueeze(1).expand(-1, self.tokens, -1))
        raw = self.network(torch.cat(known, 2))
        return torch.as_tensor(raw.reshape(raw.shape[0], self.tokens, self.out, -1))

    def _parts(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if not len(self.stay):
            return x, x
        axis = 1 if self.by_token else 2
        return x.index_select(axis, self.moved), x.index_select(axis, self.stay)

    def _joined(self, moved: Tensor, stay: Tensor) -> Tensor:
        if not len(self.stay):
            return moved
        axis = 1 if self.by_token else 2
        return torch.cat([moved, stay], axis).index_select(axis, self.back)


class CouplingFlow(nn.Module):
    """Couplings one behind the other; the density of noise is a standard Gaussian's."""

    def __init__(self, couplings: Sequence[Coupling]) -> None:
        """In the order from data to noise."""
        super().__init__()
        self.couplings = nn.ModuleList(couplings)

    def log_density(self, x: Tensor, context: Tensor) -> Tensor:
        """Of data [rows], constants left out."""
        total = torch.zeros(x.shape[0])
        for coupling in self.couplings:
            x, volume = coupling(x, context)
            total = total + volume
        return total - 0.5 * (x**2).sum((1, 2))

    def sample(self, noise: Tensor, context: Tensor) -> Tensor:
        """Data from Gaussian noise of the same shape."""
        for coupling in list(self.couplings)[::-1]:
            noise = cast(Coupling, coupling).inverse(noise, context)
        return noise


def _affine(raw: Tensor) -> tuple[Tensor, Tensor]:
    """Shift and logarithm of the stretch, bounded."""
    return raw[..., 0], 2 * torch.tanh(0.5 * raw[..., 1])
