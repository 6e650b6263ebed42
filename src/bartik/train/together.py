"""Many small networks trained at once: their weights are stacked, each step is a few batched products instead of many small ones.

Each network has its own values of what does not change the shape of a step (learning rate, weight decay, seed, patience), and its own
widths where its class says that nodes without weights change nothing (`grows`): smaller ones are filled up with zeros, which stay zeros.
Batches, rates, stopping and optimiser are those of `bartik.train.fit`; each network comes out as if it had been trained alone, to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from bartik.core import Config, ConfigError, Dataset, UseCase
from bartik.core.digest import digest_values
from bartik.train.loop import Loss, cycle, deterministic, loss_of, new_model, order, validated
from bartik.train.rows import Part, Rows
from bartik.train.stacked_rows import bare, entries_in, rows_for

FREE = ("learning_rate", "weight_decay", "seed", "patience")
"""Keys of ``train`` in which networks trained together may differ; those of events, which all see the same batches, share their seed."""
_BETAS, _EPSILON = (0.9, 0.999), 1e-8  # of torch.optim.AdamW
_ROWS_AT_ONCE = 8192
"""Rows times networks that are in work at once: more do not fit into the cache."""


@dataclass
class Trained:
    """One network of a stack: the weights of its best epoch, its losses by epoch; ``diverged`` where a loss was not finite."""

    model: nn.Module
    best_loss: float = math.inf
    best_epoch: int = 0
    history: list[tuple[float, float]] = field(default_factory=list)
    diverged: bool = False


def groups(usecase: UseCase, configs: Sequence[Config], *, events: bool = False) -> list[list[int]]:
    """Places in ``configs`` of networks that can be trained together, on rows or on ``events`` of different sizes."""
    free = set(FREE) - ({"seed"} if events else set())
    found: dict[str, list[int]] = {}
    for place, config in enumerate(configs):
        model: nn.Module = usecase.model(config)
        shapes = [[name, value.dim() if _grows(model) else list(value.shape)] for name, value in model.named_parameters()]
        shared = {key: value for key, value in config.train.to_dict().items() if key not in free}
        found.setdefault(digest_values([shapes, shared, type(model).__name__]), []).append(place)
    return list(found.values())


def fit_together(usecase: UseCase, train: Dataset, validation: Dataset, configs: Sequence[Config]) -> list[Trained]:
    """Train one of the `groups`: a network for each of ``configs``, on the CPU, in evaluation mode."""
    for config in configs:
        validated(config.train)
    options = configs[0].train
    if options.to_dict().get("start", ""):
        raise ConfigError("networks that start from a checkpoint are trained one by one", hint="--together 1")
    models: list[nn.Module] = []
    for config in configs:
        with deterministic(config.train.seed, options.threads):
            models.append(_new_model(usecase, config, train, models))
    with deterministic(options.seed, options.threads):
        rows, judged = (rows_for(models[0], usecase, data, balance=options.balance) for data in (train, validation))
        stack = _Stack(models, bare(models[0], train), [config.train for config in configs], loss_of(usecase))
        stack.run(rows, judged)
    return stack.done()


def _new_model(usecase: UseCase, config: Config, train: Dataset, before: Sequence[nn.Module]) -> nn.Module:
    """As `new_model`; a part that `prepares`, has no weights and has learnt of the data is the first model's."""
    if not (before and getattr(before[0], "prepares", {})):
        return new_model(usecase, config, train)
    model: nn.Module = usecase.model(config)
    for part in cast(Any, before[0]).prepares.values():
        setattr(model, part, getattr(before[0], part))
    return model


class _Stack:
    """The networks that still learn: weights [networks, all of them], of which each layer sees its own part."""

    def __init__(self, models: Sequence[nn.Module], template: nn.Module, options: Sequence[Config], loss: Loss) -> None:
        self.loss, self.options, self.trained = loss, list(options), [Trained(model) for model in models]
        self.shapes = [{name: value.shape for name, value in model.named_parameters()} for model in models]
        self.largest = {name: torch.Size(np.max([shapes[name] for shapes in self.shapes], axis=0).tolist()) for name in self.shapes[0]}
        self.template = template
        self.alive = list(range(len(models)))
        self.flat = torch.stack([self._padded(model) for model in models])
        self.first, self.second = torch.zeros_like(self.flat), torch.zeros_like(self.flat)
        self.peak, self.decay = (torch.tensor([[float(one[key])] for one in options]) for key in ("learning_rate", "weight_decay"))
        self.best = self.flat.clone()
        self.takes_stacks = False

    def run(self, rows: Rows, judged: Rows) -> None:
        """Epoch by epoch, until the last of them stops."""
        options, count = self.options[0], rows.count
        steps = math.ceil(count / options.batch)
        self.takes_stacks = self._takes_stacks(next(judged.parts()))
        for epoch in range(options.epochs):
            losses = []
            for step, chosen in enumerate(torch.split(self._order(epoch, count), options.batch, dim=-1)):
                now = epoch * steps + step
                losses.append(self._step(rows, chosen, now + 1, cycle(now, options.epochs * steps)))
            self._note(epoch + 1, torch.stack(losses).mean(0).tolist(), self._judge(judged).tolist())
            if not self.alive:
                return

    def done(self) -> list[Trained]:
        """All of them, each with the weights of its best epoch."""
        for place, trained in enumerate(self.trained):
            weights = dict(self._parts(self.best[place : place + 1]))
            own = {name: weights[name][0][tuple(slice(size) for size in shape)] for name, shape in self.shapes[place].items()}
            trained.model.load_state_dict(own, strict=False)
            trained.model.eval()
        return self.trained

    def _step(self, rows: Rows, chosen: Tensor, number: int, rate: float) -> Tensor:
        """One step of AdamW (Loshchilov and Hutter, arXiv:1711.05101) for each; their losses before it."""
        same = chosen.dim() == 1
        common = rows.some(chosen) if same else None
        losses, gradients = [], []
        for some, weights in self._pieces(entries_in(common) if common else chosen.shape[-1]):
            found = self._losses(weights, common or rows.some(chosen[some]), same=same)
            gradients.append(torch.autograd.grad(found.sum(), list(weights.values())))
            losses.append(found.detach())
        gradient = torch.cat([torch.cat([part.reshape(len(part), -1) for part in piece], 1) for piece in gradients])
        rates = rate * self.peak
        self.flat.mul_(1 - rates * self.decay)
        self.first.lerp_(gradient, 1 - _BETAS[0])
        self.second.mul_(_BETAS[1]).addcmul_(gradient, gradient, value=1 - _BETAS[1])
        denominator = self.second.sqrt().div_(math.sqrt(1 - _BETAS[1] ** number)).add_(_EPSILON)
        self.flat.sub_(self.first / denominator * (rates / (1 - _BETAS[0] ** number)))
        return torch.cat(losses)

    def _losses(self, weights: Mapping[str, Tensor], part: Part, *, same: bool) -> Tensor:
        """Loss of each network [networks]; where they see the ``same`` rows, those have no axis of networks."""
        if self.takes_stacks:
            return self.loss(_stacked(self.template, weights), *part)
        along = None if same else 0

        def one(weights: Mapping[str, Tensor], inputs: Mapping[str, Tensor], target: Tensor, each: Tensor) -> Tensor:
            return self.loss(_Called(self.template, weights), inputs, target, each)  # type: ignore[arg-type]

        return vmap(one, in_dims=(0, along, along, along))(weights, *part)

    def _takes_stacks(self, part: Part) -> bool:
        """Whether network and loss know stacks by themselves, which is faster than what `vmap` makes of them: tried once."""
        if not hasattr(self.template, "stacked"):
            return False
        _, weights = next(self._pieces(entries_in(part)))
        try:
            found = self.loss(_stacked(self.template, weights), *part)
        except (RuntimeError, ValueError, AttributeError):
            return False
        return found.shape == (len(next(iter(weights.values()))),)

    def _judge(self, rows: Rows) -> Tensor:
        """Validation losses of all rows: the mean over their parts, each with the weight of its rows."""
        with torch.no_grad():
            found = [(self._judge_part(part), float(part[2].sum())) for part in rows.parts()]
        if len(found) == 1:
            return found[0][0]
        losses, weights = torch.stack([loss for loss, _ in found]), torch.tensor([[weight] for _, weight in found])
        return (losses * weights).sum(0) / weights.sum()

    def _judge_part(self, part: Part) -> Tensor:
        return torch.cat([self._losses(weights, part, same=True) for _, weights in self._pieces(entries_in(part))])

    def _order(self, epoch: int, count: int) -> Tensor:
        """Rows in the order of an epoch: of each network [networks, rows], or [rows] where their seeds are the same."""
        seeds = [self.options[place].seed for place in self.alive]
        return order(seeds[0], epoch, count) if len(set(seeds)) == 1 else torch.stack([order(seed, epoch, count) for seed in seeds])

    def _pieces(self, rows: int) -> Iterator[tuple[slice, dict[str, Tensor]]]:
        """A few networks at a time, and their layers' weights [networks, ...], which change when `flat` does."""
        few = max(1, _ROWS_AT_ONCE // rows)
        for begin in range(0, len(self.alive), few):
            some = slice(begin, begin + few)
            yield some, {name: value.requires_grad_() for name, value in self._parts(self.flat[some].detach())}

    def _note(self, epoch: int, losses: Sequence[float], validations: Sequence[float]) -> None:
        """Histories, best weights, and who goes on."""
        going = []
        for row, place in enumerate(self.alive):
            trained, options = self.trained[place], self.options[place]
            if not (math.isfinite(losses[row]) and math.isfinite(validations[row])):
                trained.diverged = True
                continue
            trained.history.append((losses[row], validations[row]))
            if validations[row] < trained.best_loss:
                trained.best_loss, trained.best_epoch = validations[row], epoch
                self.best[place] = self.flat[row]
            if epoch < options.epochs and epoch - trained.best_epoch < options.patience:
                going.append(row)
        if len(going) < len(self.alive):
            self.alive = [self.alive[row] for row in going]
            self.flat, self.first, self.second, self.peak, self.decay = (
                value[going].clone() for value in (self.flat, self.first, self.second, self.peak, self.decay)
            )

    def _parts(self, flat: Tensor) -> Iterator[tuple[str, Tensor]]:
        begin = 0
        for name, shape in self.largest.items():
            yield name, flat[:, begin : begin + shape.numel()].view(len(flat), *shape)
            begin += shape.numel()

    def _padded(self, model: nn.Module) -> Tensor:
        """All weights of a network in one row, zeros where others have more."""
        filled = []
        for name, value in model.named_parameters():
            large = value.new_zeros(self.largest[name])
            large[tuple(slice(size) for size in value.shape)] = value.detach()
            filled.append(large.reshape(-1))
        return torch.cat(filled)


class _Called:
    """The template with the weights of one network of the stack, as a loss calls it: as a whole, or one of its methods."""

    def __init__(self, template: nn.Module, weights: Mapping[str, Tensor]) -> None:
        self._template, self._weights = template, {f"model.{name}": value for name, value in weights.items()}

    def __call__(self, *arguments: Tensor) -> Tensor:
        return self.__getattr__("forward")(*arguments)

    def __getattr__(self, name: str) -> Callable[..., Tensor]:
        def call(*arguments: Tensor) -> Tensor:
            found: Tensor = functional_call(_Method(self._template, name), self._weights, arguments)
            return found

        return call


class _Method(nn.Module):
    """A method of a module, called as a module."""

    def __init__(self, model: nn.Module, name: str) -> None:
        super().__init__()
        self.model, self._name = model, name

    def forward(self, *arguments: Tensor) -> Tensor:
        found: Tensor = getattr(self.model, self._name)(*arguments)
        return found


def _stacked(template: nn.Module, weights: Mapping[str, Tensor]) -> nn.Module:
    """What the network's class makes of many sets of weights."""
    return cast(nn.Module, cast(Any, template).stacked(weights))


def _grows(model: nn.Module) -> bool:
    return bool(getattr(model, "grows", False))
