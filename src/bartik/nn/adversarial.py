"""Conditional generative adversarial networks: I. Goodfellow et al., arXiv:1406.2661; M. Mirza and S. Osindero, arXiv:1411.1784."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

_LEAK = 0.1


def leaky(sizes: Sequence[int]) -> nn.Sequential:
    """Dense layers of these ``sizes``, the first that of the input, with leaky ReLU between."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.LeakyReLU(_LEAK)]
    return nn.Sequential(*layers[:-1])


@dataclass(frozen=True)
class Duel:
    """How both networks are trained."""

    epochs: int
    batch: int
    generator_rate: float
    discriminator_rate: float
    smoothing: float
    """How much less than 1 the discriminator is told of true rows (T. Salimans et al., arXiv:1606.03498)."""
    blur: float
    """Width of the Gaussian noise on what the discriminator sees."""


def train_adversarial(
    generator: Callable[[Tensor], Tensor],
    parameters: Sequence[nn.Parameter],
    discriminator: nn.Module,
    rows: tuple[Tensor, Tensor],
    duel: Duel,
    watch: Callable[[int, float, float], None],
) -> None:
    """Train ``parameters`` of a ``generator`` from conditions [batch, c] to numbers [batch, n] against a ``discriminator`` of both.

    ``rows`` are conditions and true numbers. Learning rates fall as half a cosine. ``watch`` is told each epoch's number and both losses.
    """
    conditions, true = rows
    steps = duel.epochs * max(1, len(true) // duel.batch)
    optimisers = [
        torch.optim.Adam(owned, lr=rate, betas=(0.5, 0.99))
        for owned, rate in ((parameters, duel.generator_rate), (list(discriminator.parameters()), duel.discriminator_rate))
    ]
    schedules = [torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps) for optimiser in optimisers]
    for epoch in range(duel.epochs):
        losses = torch.zeros(2)
        batches = torch.split(torch.randperm(len(true)), duel.batch)
        for chosen in batches[: max(1, len(true) // duel.batch)]:
            losses += torch.tensor(_step(generator, discriminator, conditions[chosen], true[chosen], optimisers, duel))
            for schedule in schedules:
                schedule.step()
        watch(epoch, *(losses / max(1, len(true) // duel.batch)).tolist())


def _step(
    generator: Callable[[Tensor], Tensor],
    discriminator: nn.Module,
    conditions: Tensor,
    true: Tensor,
    optimisers: Sequence[torch.optim.Optimizer],
    duel: Duel,
) -> tuple[float, float]:
    """Losses of the generator and of the discriminator."""
    entropy = nn.functional.binary_cross_entropy_with_logits

    def judged(numbers: Tensor) -> Tensor:
        return torch.as_tensor(discriminator(torch.cat([numbers + duel.blur * torch.randn_like(numbers), conditions], 1)))

    ones = torch.ones(len(true), 1)
    on_true, on_drawn = judged(true), judged(generator(conditions).detach())
    against = entropy(on_true, ones * (1 - duel.smoothing)) + entropy(on_drawn, torch.zeros_like(ones))
    optimisers[1].zero_grad(set_to_none=True)
    against.backward()  # type: ignore[no-untyped-call]
    optimisers[1].step()
    fooled = entropy(judged(generator(conditions)), ones)
    optimisers[0].zero_grad(set_to_none=True)
    fooled.backward()  # type: ignore[no-untyped-call]
    optimisers[0].step()
    return float(fooled.detach()), float(against.detach())
