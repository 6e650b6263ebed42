"""What all fits have in common: the fit as a training, what it measured, how it is scored, what is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from bartik.core import Arrays, Column, Config, Dataset, Interval, Model, Progress, Signature, TensorSpec, UseCase
from bartik.core.files import read_json
from bartik.usecases.charm_fit.problem import Fitter
from bartik.usecases.charm_fit.result import Fit

LOST = "information lost"
_MOST_SHOWN = 14


def signature_of(*columns: Column) -> Signature:
    """``features`` in; ``score``, a probability, and ``log_density`` out, for each candidate."""
    outputs = tuple(TensorSpec(name, "float32", ("batch", 1)) for name in ("score", "log_density"))
    return Signature((TensorSpec("features", "float32", ("batch", len(columns)), columns),), outputs)


def dataset(rows: Any, target: Any, log_truth: Any, split: str, source: str) -> Dataset:
    """Rows of a toy or of a table; ``log_truth`` [rows] is the logarithm of the density they were drawn from, NaN where it is not known."""
    start = {"train": 0, "validation": 1, "test": 2}[split] * 10**9
    spectators: Arrays = {"event": start + np.arange(len(rows)), "log_truth": np.asarray(log_truth, np.float64)}
    return Dataset({"features": rows.astype(np.float32)}, target.astype(np.float32), None, spectators, source)


def events(split: str, config: Config) -> tuple[int, np.random.Generator]:
    """How many events a split has, and its random numbers: a tenth of the events to validate, a tenth, at most 100,000, to test."""
    number = int(config.data.events)
    sizes = {"train": number, "validation": max(100, min(number // 10, 10_000)), "test": max(1000, min(number // 10, 100_000))}
    order = ("train", "validation", "test").index(split)
    return sizes[split], np.random.default_rng([int(config.data.seed), order])


def train(usecase: UseCase, train: Dataset, _: Dataset, config: Config, checkpoint: Path, progress: Progress) -> Model:
    """The fit of the training events; the file ``checkpoint`` has values, covariance and projections."""
    problem = cast(Any, usecase).problem(config)
    rows = train.inputs["features"].astype(np.float64)
    fit = Fitter(problem, config.fit)(rows)
    known = bool(np.isfinite(train.spectators["log_truth"]).all())
    for name, interval in _first(fit, problem.interest).items():
        progress(f"{name} = {interval.value:.6g} ± {interval.high - interval.value:.2g}")
    progress(f"{len(rows)} events, {len(fit.names)} parameters, {fit.calls} evaluations of the likelihood with its gradient")
    truth = dict(problem.truth) if known else {}
    fit.write(checkpoint, {"truth": truth, "interest": list(problem.interest), "projections": problem.project(fit, rows)})
    return cast(Any, usecase).load(usecase, config, checkpoint)


def _first(fit: Fit, names: tuple[str, ...]) -> dict[str, Interval]:
    intervals = fit.intervals()
    return {name: intervals[name] for name in (names or fit.names)[:_MOST_SHOWN]}


def measured(checkpoint: Path) -> dict[str, Interval]:
    """Every parameter with its 68.3% interval."""
    return Fit.read(checkpoint).intervals()


def record(checkpoint: Path) -> dict[str, Any]:
    """Names, values and covariance, for the provenance."""
    values = read_json(checkpoint)
    return {"fit": {key: values[key] for key in ("names", "values", "covariance", "nll", "calls", "truth")}}


def score(outputs: Arrays, data: Dataset) -> dict[str, Interval]:
    """On events that were not fitted: what is lost, in nats an event, because the fitted density is not the true one; the mean log density.

    Lost is the mean of the logarithm of true over fitted density, the Kullback-Leibler divergence: about p / 2N after a fit of p parameters
    to N events. Intervals are 68.3%.
    """
    logs = outputs["log_density"][:, 0].astype(np.float64)
    truth = data.spectators["log_truth"]
    found = {LOST: _mean(truth - logs)} if np.isfinite(truth).all() else {}
    return found | {"mean log density": _mean(logs)}


def _mean(values: Any) -> Interval:
    middle, error = float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))
    return Interval(middle, middle - error, middle + error)


def training_figures(checkpoint: Path) -> list[tuple[str, str, object]]:
    """Projections with pulls, and the correlations of the parameters."""
    from bartik import plots

    fit, values = Fit.read(checkpoint), read_json(checkpoint)
    drawn = [_drawn(one) for one in values["projections"]]
    caption = f"{len(fit.names)} parameters; the inverse of the second derivatives at the minimum."
    return [*drawn, ("Correlations", caption, plots.correlations(fit.names, fit.correlation))]


def _drawn(values: Mapping[str, Any]) -> tuple[str, str, object]:
    from bartik import plots

    counts = np.array(values["counts"], np.float64)
    if values["kind"] == "plane":
        edges = [np.array(one) for one in values["edges"]]
        figure: object = plots.plane(edges, counts, np.array(values["expected"]), tuple(values["labels"]))
    else:
        parts = {name: np.array(one) for name, one in values["parts"].items()}
        figure = plots.projection(np.array(values["edges"]), counts, parts, values["label"], logarithmic=values["logarithmic"])
    return values["title"], values["caption"], figure


def line(title: str, label: str, counted: Any, edges: Any, parts: Mapping[str, Any], *, logarithmic: bool = False) -> dict[str, Any]:
    """A projection on one axis as plain values: ``counted`` [events] are put into bins, ``parts`` [bins] are expected."""
    counts, _ = np.histogram(counted, edges)
    total = np.sum(list(parts.values()), axis=0)
    some = total >= 5
    chi2 = float((((counts - total) ** 2)[some] / total[some]).sum())
    return {
        "kind": "line",
        "title": title,
        "label": label,
        "caption": f"Points: events; line: fit. Below: pulls. χ² of {int(some.sum())} bins with 5 or more events: {chi2:.1f}.",
        "edges": list(map(float, edges)),
        "counts": counts.tolist(),
        "parts": {name: np.asarray(values, np.float64).tolist() for name, values in parts.items()},
        "logarithmic": logarithmic,
    }


def spread(density: Callable[[Any], Any], edges: Any, total: float) -> Any:
    """Events expected in bins of ``edges``, of ``total``, for a density of any height: Simpson's rule in every bin."""
    low, high = edges[:-1], edges[1:]
    heights = (density(low) + 4 * density(0.5 * (low + high)) + density(high)) * np.diff(edges)
    return total * heights / heights.sum()
