"""The loop: deterministic, resumable, stops early, tells how long it will still take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bartik.core import Arrays, BartikError, Config, ConfigError, Dataset, Progress, Signature, UseCase
from bartik.core.digest import digest_file, digest_values
from bartik.train.place import Place
from bartik.train.rows import Part, rows_of
from bartik.train.state import State, read_state, resume_state, save_state
from bartik.train.team import Team

Loss = Callable[[nn.Module, Mapping[str, Tensor], Tensor, Tensor], Tensor]
Watch = Callable[[int, float], None]
_SAVE_EVERY = 2.0
"""Seconds between checkpoints: what an interruption may cost."""


def fit(
    usecase: UseCase,
    train: Dataset,
    validation: Dataset,
    config: Config,
    checkpoint: Path,
    progress: Progress,
    *,
    code: str = "",
    watch: Watch | None = None,
) -> nn.Module:
    """Train to the lowest validation loss and return the model with those weights, on the CPU.

    Reads ``config.train``: ``seed``, ``threads``, ``epochs``, ``patience`` (epochs without a new best), ``batch``,
    ``learning_rate`` (peak of a one-cycle schedule), ``weight_decay``, ``balance`` (classes weighted equally).
    The same seed, threads and data give the same weights, whether or not the training was interrupted: batches are
    drawn from (seed, epoch), and ``checkpoint`` holds everything else. ``start``, where it is set, is a checkpoint with whose weights the
    training begins. ``accumulate``, where it is set, is the number of pieces in which a batch is done, to need less memory;
    ``device`` and ``precision`` are those of `bartik.train.place`.
    Started by ``torchrun`` in several processes, each does its share of every batch, and the first writes: a loss must be a mean
    in which each row has its weight. A checkpoint of other data, configuration or ``code``
    (a digest of what trains) starts the training afresh. ``watch`` is told each epoch's number and validation loss; what it raises
    ends the training.
    """
    options = validated(config.train)
    named = options.to_dict().get("start", "")
    start = Path(named) if named else None
    key = digest_values([config.to_dict(), train.digest, validation.digest, code, digest_file(start) if start else ""])
    with deterministic(options.seed, options.threads):
        model = new_model(usecase, config, train)
        if start:
            _begin_with(model, start)
            _adapt_to(model, train)
        trainer = _Trainer(usecase, model, train, validation, options, resume_state(checkpoint, key))
        trainer.run(checkpoint, progress, watch)
        model.cpu().load_state_dict(trainer.state.best)
    return model.eval()


def _begin_with(model: nn.Module, start: Path) -> None:
    try:
        model.load_state_dict(read_state(start).best)
    except RuntimeError as error:
        raise ConfigError(f"train.start: {start} holds another network ({_first_line(error)})", hint="train from scratch") from error


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def load_trained(usecase: UseCase, config: Config, checkpoint: Path) -> nn.Module:
    """The model with the best weights of ``checkpoint``, ready for inference."""
    state = read_state(checkpoint)
    model: nn.Module = usecase.model(config)
    model.load_state_dict(state.best)
    return model.eval()


def read_history(checkpoint: Path) -> Arrays:
    """Losses by epoch: ``train`` and ``validation``, and ``best``, the epoch that was kept."""
    state = read_state(checkpoint)
    losses = np.array(state.history, dtype=np.float64).reshape(-1, 2)
    return {"train": losses[:, 0], "validation": losses[:, 1], "best": np.array(state.best_epoch)}


def run_model(model: nn.Module, signature: Signature, inputs: Arrays) -> Arrays:
    """Outputs by name of a torch model for named arrays, in float32 on the CPU."""
    with torch.inference_mode():
        outputs = model(*(torch.from_numpy(inputs[spec.name]) for spec in signature.inputs))
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    return {spec.name: output.numpy() for spec, output in zip(signature.outputs, outputs, strict=True)}


class _Trainer:
    """One training: model, optimiser and data in memory; `State` is all that changes."""

    def __init__(self, usecase: UseCase, model: nn.Module, train: Dataset, validation: Dataset, options: Config, state: State) -> None:
        self.place = Place(options)
        self.model, self.options, self.state = model.to(self.place.device), options, state
        self.loss: Loss = loss_of(usecase)
        self.train, self.validation = (rows_of(data, usecase, balance=options.balance) for data in (train, validation))
        self.optimiser = torch.optim.AdamW(model.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
        self.steps = math.ceil(self.train.count / options.batch)
        self.team, self.pieces = Team(self.place), int(options.to_dict().get("accumulate", 1))
        if state.epoch:
            model.load_state_dict(state.weights)
            self.optimiser.load_state_dict(state.optimiser)

    def run(self, checkpoint: Path, progress: Progress, watch: Watch | None = None) -> None:
        """Train until the last epoch or until patience ends."""
        started, first, saved = time.monotonic(), self.state.epoch, time.monotonic()
        if first:
            progress(f"goes on after epoch {first} of {self.options.epochs}")
        while not self.state.finished:
            self._epoch()
            if self.team.rank:
                continue
            progress(self._line(time.monotonic() - started, self.state.epoch - first))
            if self.state.finished or time.monotonic() - saved > _SAVE_EVERY:
                self._save(checkpoint)
                saved = time.monotonic()
            if watch is not None:
                watch(self.state.epoch, self.state.history[-1][1])

    def _epoch(self) -> None:
        state, options = self.state, self.options
        stream = [options.seed, state.epoch, *([self.team.rank] if self.team.rank else [])]
        torch.manual_seed(int(np.random.SeedSequence(stream).generate_state(1)[0]))
        self.model.train()
        losses = [self._step(step, rows) for step, rows in enumerate(self._batches())]
        self.model.eval()
        with torch.no_grad():
            validation = self._validation_loss()
        if not (math.isfinite(validation) and np.isfinite(losses).all()):
            raise BartikError(f"training diverged in epoch {state.epoch + 1}: the loss is not finite", hint="lower train.learning_rate")
        state.epoch += 1
        state.history.append((float(np.mean(losses)), validation))
        state.note_best(validation, self.model.state_dict())
        state.finished = state.epoch >= options.epochs or state.epoch - state.best_epoch >= options.patience

    def _validation_loss(self) -> float:
        """Mean over the parts in which the validation rows come, each with the weight of its rows."""
        losses, weights = zip(*((float(self._loss(part)), float(part[2].sum())) for part in self.validation.parts()), strict=True)
        return losses[0] if len(losses) == 1 else float(np.average(losses, weights=weights))

    def _step(self, step: int, rows: Tensor) -> float:
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate(self.state.epoch * self.steps + step)
        self.optimiser.zero_grad(set_to_none=True)
        if self.team.size * self.pieces == 1:
            loss = self._loss(self.train.some(rows))
            loss.backward()  # type: ignore[no-untyped-call]
        else:
            loss = self._in_pieces(rows)
        self.optimiser.step()
        return float(loss.detach())

    def _loss(self, part: Part) -> Tensor:
        with self.place.precision():
            return self.loss(self.model, *self.place.moved(part))

    def _in_pieces(self, rows: Tensor) -> Tensor:
        """Mean loss of all rows and its gradient, from pieces of which each worker has its own; each piece has the weight of its rows."""
        sums = torch.zeros(2, device=self.place.device)
        for piece in self.team.share(rows, self.pieces):
            part = self.train.some(piece)
            weight = part[2].sum().to(self.place.device)
            loss = self._loss(part) * weight
            loss.backward()  # type: ignore[no-untyped-call]
            sums += torch.stack([loss.detach(), weight])
        return self.team.mean([parameter for parameter in self.model.parameters() if parameter.requires_grad], sums)

    def _rate(self, step: int) -> float:
        return float(self.options.learning_rate * cycle(step, self.options.epochs * self.steps))

    def _batches(self) -> Iterator[Tensor]:
        return iter(torch.split(order(self.options.seed, self.state.epoch, self.train.count), self.options.batch))

    def _save(self, checkpoint: Path) -> None:
        self.state.weights, self.state.optimiser = self.model.state_dict(), self.optimiser.state_dict()
        save_state(self.state, checkpoint)

    def _line(self, seconds: float, epochs: int) -> str:
        state, total = self.state, self.options.epochs
        left = seconds / epochs * (total - state.epoch)
        train, validation = state.history[-1]
        ending = "done" if state.finished else f"at most {left:.0f} s left"
        return f"epoch {state.epoch}/{total}  loss {train:.5f}  validation {validation:.5f}  best {state.best_loss:.5f}  {ending}"


def loss_of(usecase: UseCase) -> Loss:
    """The use case's own, else binary cross entropy."""
    found: Loss = getattr(usecase, "loss", _cross_entropy)
    return found


def cycle(step: int, total: int) -> float:
    """One cycle: linear rise over the first tenth, then half a cosine down to a thousandth (Smith, arXiv:1708.07120)."""
    rise = max(1, total // 10)
    if step < rise:
        return (step + 1) / rise
    return max(0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, total - rise))), 1e-3)


def order(seed: int, epoch: int, count: int) -> Tensor:
    """The rows in the order of an epoch."""
    return torch.from_numpy(np.random.default_rng([seed, epoch]).permutation(count))


def _cross_entropy(model: nn.Module, inputs: Mapping[str, Tensor], target: Tensor, weights: Tensor) -> Tensor:
    scores = model(*inputs.values()).squeeze(1)
    return nn.functional.binary_cross_entropy(scores, target, weights, reduction="sum") / weights.sum()


def new_model(usecase: UseCase, config: Config, train: Dataset) -> nn.Module:
    """An untrained model that has seen the training inputs where it wants to, and their targets where it wants to (``adapt_to``)."""
    model: nn.Module = usecase.model(config)
    adapt = getattr(model, "adapt", None)
    if adapt is not None:
        adapt(train.inputs)
    _adapt_to(model, train)
    return model


def _adapt_to(model: nn.Module, train: Dataset) -> None:
    """What is learnt of targets is learnt anew where a training begins with weights of another: a generator's scales are its data's."""
    adapt_to = getattr(model, "adapt_to", None)
    if adapt_to is not None:
        adapt_to(train.inputs, train.target)


@contextmanager
def deterministic(seed: int, threads: int) -> Iterator[None]:
    """The same seed and threads give the same bits inside."""
    before, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(mode=True)
    try:
        with torch.random.fork_rng(devices=[]):
            _seed(seed)
            yield
    finally:
        torch.set_num_threads(before)
        torch.use_deterministic_algorithms(mode=strict)


def _seed(seed: int) -> None:
    """Of the generators that are there: `torch.manual_seed` takes milliseconds to note down what GPUs that are not there would be told."""
    if torch.cuda.is_available():
        torch.manual_seed(seed)
    else:
        torch.default_generator.manual_seed(seed)


def validated(options: Config) -> Config:
    """The options, if they can be; `ConfigError` where not."""
    given = Config({"workers": 1, "accumulate": 1} | options.to_dict())
    for key in ("epochs", "batch", "patience", "threads", "learning_rate", "workers", "accumulate"):
        if not given[key] > 0:
            raise ConfigError(f"train.{key}: wanted a positive number, got {given[key]!r}")
    return options
