"""What a campaign will take, from one short training, and what it took."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bartik.core import Config
from bartik.train import fit
from bartik.tune.campaign import Campaign
from bartik.tune.results import Results
from bartik.tune.worker import split_of

_JOURNAL_BYTES = 4000
"""A trial's lines in the journal, about; those of its epochs are a tenth of that each."""
_ENERGY = Path("/sys/class/powercap")


@dataclass(frozen=True)
class Estimate:
    """``training`` and ``measuring``: seconds of one trial's training to its last epoch, and of compiling and timing one network."""

    trials: int
    jobs: int
    threads: int
    training: float
    measuring: float
    megabytes: float

    @property
    def core_hours(self) -> float:
        """At most: nothing stopped early, no two networks alike."""
        return self.trials * (self.training + self.measuring) * self.threads / 3600

    @property
    def seconds(self) -> float:
        """Until the end, at most; networks are timed one after another."""
        return max(self.trials * (self.training + self.measuring) / self.jobs, self.trials * self.measuring)

    def __str__(self) -> str:
        """One line."""
        each = f"{self.training:.2g} s of training and {self.measuring:.2g} s to time a new network"
        total = f"at most {duration(self.seconds)} in {self.jobs} jobs, {self.core_hours:.2g} core-hours, {self.megabytes:.0f} MB"
        return f"{self.trials} trials left, each {each}: {total}"


def estimate(campaign: Campaign, left: int, jobs: int, speed: Callable[[Config], float]) -> Estimate:
    """Measure two epochs and one network of the configuration as it is."""
    config, epochs = campaign.config, campaign.config.train.epochs
    train, validation = split_of(campaign, "train"), split_of(campaign, "validation")
    ticks: list[float] = []
    with TemporaryDirectory() as scratch:
        checkpoint = Path(scratch) / "checkpoint.pt"
        short = config.replace({"train": {"epochs": min(2, epochs)}})
        fit(campaign.usecase, train, validation, short, checkpoint, lambda _: None, watch=lambda _, __: ticks.append(time.monotonic()))
        size = checkpoint.stat().st_size
    begun = time.monotonic()
    speed(config)
    measuring = time.monotonic() - begun
    data = sum(path.stat().st_size for path in (campaign.candidate / "data").iterdir())
    megabytes = (data + size * jobs + left * _JOURNAL_BYTES * (1 + epochs / 10)) / 1e6
    return Estimate(left, jobs, config.train.threads, epochs * (ticks[-1] - ticks[0]), measuring, megabytes)


def core_hours(results: Results) -> float:
    """Of all counted trainings."""
    return sum(trial.seconds for trial in results.done) * float(results.campaign.config.train.threads) / 3600


def joules() -> float | None:
    """What this machine's processors have used so far, where it tells (Intel's and AMD's RAPL counters, readable by root as a rule)."""
    try:
        found = [float((zone / "energy_uj").read_text()) / 1e6 for zone in _ENERGY.glob("intel-rapl:[0-9]")]
    except OSError:
        return None
    return sum(found) if found else None


def duration(seconds: float) -> str:
    """For people.

    >>> duration(42), duration(600), duration(9000)
    ('42 s', '10 min', '2.5 h')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
