"""What came out of a campaign, as plain values."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.importance import get_param_importances
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from bartik.tune.campaign import Campaign
from bartik.tune.claim import COUNTED

_FEWEST = 8
"""Finished trials below which an importance means nothing."""


@dataclass(frozen=True)
class Done:
    """A counted trial; one that was stopped early has no ``score``, one that a smaller network beats no time.

    ``us_per_event`` is that of the native backend, other times are in seconds.
    """

    number: int
    settings: Mapping[str, Any]
    score: float | None
    metrics: Mapping[str, float]
    us_per_event: float | None
    seconds: float
    begun: float
    ended: float
    why: str = ""
    suggested: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Results:
    """Counted trials in the order of their numbers, those under way, and those that were lost and tried again."""

    campaign: Campaign
    done: tuple[Done, ...]
    running: int
    lost: int

    @property
    def complete(self) -> tuple[Done, ...]:
        """Those with a score."""
        return tuple(trial for trial in self.done if trial.score is not None)

    @property
    def best(self) -> Done | None:
        """The one with the best score; of equals the fastest."""
        return min(self.complete, key=lambda trial: (self._loss(trial), trial.us_per_event or math.inf, trial.number), default=None)

    @property
    def front(self) -> tuple[Done, ...]:
        """Those that no other beats in both score and time, fastest first."""
        found: list[Done] = []
        timed = [trial for trial in self.complete if trial.us_per_event is not None and math.isfinite(trial.us_per_event)]
        for trial in sorted(timed, key=lambda t: (t.us_per_event, self._loss(t), t.number)):
            if not found or self._loss(trial) < self._loss(found[-1]):
                found.append(trial)
        return tuple(found)

    def _loss(self, trial: Done) -> float:
        assert trial.score is not None  # noqa: S101 - only those are asked
        return trial.score if self.campaign.smaller else -trial.score


def results_of(campaign: Campaign, study: Study) -> Results:
    """Read the trials of a study."""
    trials = study.get_trials(deepcopy=False)
    running, lost = (sum(trial.state == state for trial in trials) for state in (TrialState.RUNNING, TrialState.FAIL))
    return Results(campaign, tuple(_done(campaign, trial) for trial in trials if trial.state in COUNTED), running, lost)


def importances(campaign: Campaign, study: Study) -> dict[str, float]:
    """Share of each key in how the scores differ (fANOVA, Hutter et al., ICML 2014), largest first."""
    finished = [trial for trial in study.get_trials(deepcopy=False) if trial.state == TrialState.COMPLETE]
    if len(finished) < _FEWEST:
        return {}
    place = list(campaign.plan.objectives).index("score")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=1)
        try:
            found = get_param_importances(study, evaluator=evaluator, target=lambda trial: trial.values[place])
        except (RuntimeError, ValueError):  # all scores alike
            return {}
    return {name: float(share) for name, share in found.items()}


def _done(campaign: Campaign, trial: FrozenTrial) -> Done:
    noted = trial.user_attrs
    metrics: Mapping[str, float] = noted.get("metrics", {})
    complete = trial.state == TrialState.COMPLETE
    return Done(
        number=trial.number,
        settings=noted.get("settings", {}),
        score=metrics[campaign.metric] if complete else None,
        metrics=metrics,
        us_per_event=noted.get("us_per_event"),
        seconds=float(noted.get("seconds", 0.0)),
        begun=trial.datetime_start.timestamp() if trial.datetime_start else 0.0,
        ended=trial.datetime_complete.timestamp() if trial.datetime_complete else 0.0,
        why=noted.get("why", ""),
        suggested=trial.params,
    )


def line_of(results: Results, since: float, before: int) -> str:
    """How far it is: best so far, trials a second since this start, and what is left at that rate."""
    plan, done, best = results.campaign.plan, len(results.done), results.best
    rate = (done - before) / since if since > 0 else 0.0
    left = f"at most {(plan.trials - done) / rate:.0f} s left" if rate > 0 and done < plan.trials else "done" if done >= plan.trials else ""
    found = f"best {results.campaign.metric} {best.score:.5g} (trial {best.number})" if best is not None else "none finished yet"
    return "  ".join(filter(None, [f"trial {done}/{plan.trials}", found, f"{rate:.2g} trials/s", left]))


def setting_words(settings: Mapping[str, Any]) -> list[str]:
    """As ``--set`` takes them.

    >>> setting_words({"model.hidden": [5, 10], "train.balance": True})
    ['model.hidden=[5, 10]', 'train.balance=true']
    """
    return [f"{key}={_toml(value)}" for key, value in settings.items()]


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(_toml, value))}]"
    return repr(value) if not isinstance(value, str) else value
