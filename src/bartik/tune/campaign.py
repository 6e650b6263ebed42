"""A campaign: one use case, one space, one folder, and where everything in that folder is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bartik.core import Config, UnknownNameError, UsageError, UseCase
from bartik.core.digest import digest_values
from bartik.core.files import read_json, write_json
from bartik.core.secrets import without_password
from bartik.tune.space import Space, space_of

SAMPLERS = ("tpe", "cmaes", "random")
PRUNERS = ("asha", "hyperband", "none")
OBJECTIVES = ("score", "time")
LOSS = "validation loss"
"""A metric that every use case has."""


@dataclass(frozen=True)
class Plan:
    """How a campaign searches. ``trials`` counts finished and pruned ones; ``storage`` is a database's URL, empty for the journal."""

    trials: int = 100
    objectives: tuple[str, ...] = ("score",)
    metric: str = ""
    sampler: str = "tpe"
    pruner: str = "asha"
    seed: int = 1
    together: int = 1
    storage: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        for name, known in ((self.sampler, SAMPLERS), (self.pruner, PRUNERS), *((one, OBJECTIVES) for one in self.objectives)):
            if name not in known:
                raise UnknownNameError("way to search", name, known)
        if self.objectives not in {("score",), OBJECTIVES}:
            raise UsageError(f"objectives: wanted score, or score,time, got {','.join(self.objectives)}")
        if without_password(self.storage) != self.storage:
            raise UsageError(
                "--storage: the address holds a password, which would lie in the campaign's folder",
                hint="leave it out; PostgreSQL takes it from ~/.pgpass or PGPASSWORD",
            )
        if len(self.objectives) > 1 and self.sampler == "cmaes":
            raise UsageError("sampler cmaes: makes one number good, not two", hint="--sampler tpe, or --objectives score")


@dataclass(frozen=True)
class Campaign:
    """What all who take part in a campaign share; ``declared`` is the space as tables."""

    folder: Path
    usecase: UseCase
    config: Config
    declared: Mapping[str, Any]
    plan: Plan

    @property
    def space(self) -> Space:
        """What is searched."""
        return space_of(self.declared, self.config)

    @property
    def metric(self) -> str:
        """What is made good, on the validation split."""
        return self.plan.metric or self.space.metric or getattr(self.usecase, "HEADLINE", LOSS)

    @property
    def smaller(self) -> bool:
        """Whether less of the metric is better."""
        return self.metric == LOSS or self.metric in getattr(self.usecase, "SMALLER_IS_BETTER", ())

    @property
    def key(self) -> str:
        """Digest of what makes its trials comparable."""
        shared = [self.config.to_dict(), dict(self.declared), list(self.plan.objectives), self.metric]
        return digest_values([*shared, {split: record["digest"] for split, record in read_json(self.data_record).items()}])[:16]

    @property
    def candidate(self) -> Path:
        """The folder of the winner's run; the data in it are those of all trials."""
        return self.folder / "candidate"

    @property
    def data_record(self) -> Path:
        """Digest, rows and source of every split."""
        return self.candidate / "data" / "data.json"

    @property
    def journal(self) -> Path:
        """What happened, line by line."""
        return self.folder / "journal.log"

    @property
    def report(self) -> Path:
        """The page."""
        return self.folder / "report.html"

    def checkpoint(self, settings: Mapping[str, Any]) -> Path:
        """Where a training with these values stands: a trial that is tried again goes on from there."""
        return self.folder / "trials" / f"{digest_values(dict(settings))[:16]}.pt"

    def save(self) -> None:
        """Leave in the folder what those who join need; `UsageError` where the folder holds another campaign."""
        record = self.folder / "campaign.json"
        if record.exists() and read_json(record)["key"] != self.key:
            raise UsageError(
                f"{self.folder}: holds a campaign with another configuration, space, metric or data", hint="choose another --out"
            )
        plan = asdict(self.plan)
        write_json(record, {"key": self.key, "config": self.config.to_dict(), "space": dict(self.declared), "plan": plan})


def join(folder: Path, usecase: UseCase) -> Campaign:
    """The campaign of ``folder``."""
    record = folder / "campaign.json"
    if not record.is_file():
        raise UsageError(f"{folder}: no campaign here", hint="bartik tune USECASE --out DIR starts one")
    found = read_json(record)
    plan = Plan(**(found["plan"] | {"objectives": tuple(found["plan"]["objectives"])}))
    return Campaign(folder, usecase, Config(found["config"]), found["space"], plan)
