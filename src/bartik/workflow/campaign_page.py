"""A campaign's trials as the contents of its page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from optuna.study import Study

from bartik.core.files import read_json
from bartik.core.plugins import usecase_name
from bartik.plots import campaign_front, campaign_history, importance, parallel_coordinates, to_svg
from bartik.report import DataRow, Facts, Figure, Registered, Report, Snippet, Verdict
from bartik.tune.campaign import Campaign
from bartik.tune.results import Done, Results, importances, setting_words
from bartik.workflow.run import Run

_SHOWN = 10


def page_of(results: Results, study: Study, winner: Run, cost: str) -> Report:
    """Best trials, front, what mattered, cost, and the winner's place."""
    campaign, best, name = results.campaign, results.best, usecase_name(results.campaign.usecase)
    return Report(
        title=name,
        kind="Campaign",
        summary=f"{len(results.done)} trials for the best {campaign.metric} on the validation split.",
        verdicts=tuple(_verdicts(results, cost)),
        card=_table(results),
        card_title="Best trials",
        metrics_note="All scores are of the validation split. Times are of one thread, by the native backend.",
        figures=tuple(_figures(results, study)),
        data=tuple(DataRow(split, v["rows"], v["source"], v["digest"]) for split, v in read_json(campaign.data_record).items()),
        provenance=_facts(campaign),
        registered=_registered(winner),
        usage=(Snippet("The winner again", f"bartik run {name} {_words(best)}"),) if best else (),
    )


def _verdicts(results: Results, cost: str) -> Iterator[Verdict]:
    best, stopped = results.best, len(results.done) - len(results.complete)
    if best is not None and best.score is not None:
        time = f", {best.us_per_event:.2f} µs an event" if best.us_per_event is not None else ""
        yield Verdict("What is the best?", f"{best.score:.5g}", f"{results.campaign.metric}, trial {best.number}{time}", "good")
        first = next((trial for trial in results.complete if trial.number == 0), None)
        if first is not None and first.score is not None:
            yield Verdict("Before?", f"{first.score:.5g}", "the first trial, the configuration as it was where the space has it")
    again = f", {results.lost} cut off and tried again" if results.lost else ""
    yield Verdict("How many trials?", str(len(results.done)), f"{stopped} of them stopped early{again}")
    yield Verdict("What did it cost?", cost.partition(",")[0].partition(" ")[0], cost.partition(" ")[2])


def _figures(results: Results, study: Study) -> Iterator[Figure]:
    campaign, complete = results.campaign, results.complete
    scores = [float(trial.score or 0.0) for trial in complete]
    if not complete:
        return
    stopped = [trial.number for trial in results.done if trial.score is None]
    ways: dict[str, Any] = {"ylabel": campaign.metric, "smaller": campaign.smaller}
    history = campaign_history([trial.number for trial in complete], scores, stopped, **ways)
    yield Figure("Course", to_svg(history, "page"), "Every finished trial. The vertical axis leaves out the worst tenth.")
    timed = [trial for trial in complete if trial.us_per_event is not None]
    times, theirs = [float(trial.us_per_event or 0.0) for trial in timed], [float(trial.score or 0.0) for trial in timed]
    front = [(float(trial.us_per_event or 0.0), float(trial.score or 0.0)) for trial in results.front]
    caption = (
        f"{len(front)} trials that no other beats in both, of {len(timed)} that were timed; a network that a smaller one beats is not. "
    )
    caption += "Time of an event of 150 candidates, compiled by Bartik, one thread."
    yield Figure("Score against time", to_svg(campaign_front(times, theirs, front, **ways), "page"), caption)
    shares = importances(campaign, study)
    if shares:
        caption = "fANOVA over finished trials; only what every trial has."
        yield Figure("What mattered", to_svg(importance(shares), "page"), caption)
    rows = [_numbers(trial) for trial in complete]
    turned = [-score for score in scores] if campaign.smaller else scores
    logarithmic = [parameter.key for parameter in campaign.space.parameters if parameter.log]
    drawn = parallel_coordinates(rows, turned, logarithmic=logarithmic)
    yield Figure("All values side by side", to_svg(drawn, "page"), "One line a finished trial, the best above the others.")


def _numbers(trial: Done) -> dict[str, float]:
    """What can be drawn on an axis; choices that are no numbers have none."""
    return {key: float(value) for key, value in trial.suggested.items() if isinstance(value, int | float)}


def _table(results: Results) -> str:
    """The best trials, Markdown."""
    sign = 1 if results.campaign.smaller else -1
    best = sorted(results.complete, key=lambda trial: sign * float(trial.score or 0.0))[:_SHOWN]
    lines = [f"| trial | {results.campaign.metric} | µs/event | values |", "|---|---|---|---|"]
    lines += [f"| {t.number} | {t.score:.5g} | {_time(t)} | `{_words(t)}` |" for t in best]
    return "\n".join(lines)


def _time(trial: Done) -> str:
    return "" if trial.us_per_event is None else f"{trial.us_per_event:.2f}"


def _facts(campaign: Campaign) -> tuple[Facts, ...]:
    plan = campaign.plan
    how: dict[str, Any] = {"sampler": plan.sampler, "pruner": plan.pruner, "objectives": ", ".join(plan.objectives), "seed": plan.seed}
    space = tuple((key, ", ".join(f"{word} {value}" for word, value in words.items())) for key, words in campaign.declared["keys"].items())
    search = (*((name, str(value)) for name, value in how.items()), ("campaign", campaign.key))
    return Facts("Search", search), Facts("Space", space)


def _registered(winner: Run) -> Registered | None:
    if not winner.registered.exists():
        return None
    found = read_json(winner.registered)
    return Registered(found["name"], found["number"], tuple(found["aliases"]), found["run"])


def _words(trial: Done) -> str:
    return " ".join(f'--set "{word}"' for word in setting_words(trial.settings))
