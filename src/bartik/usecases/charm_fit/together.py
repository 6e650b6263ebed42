"""Pulls: each fit again and again on toys of its own density, whose parameters are known."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import numpy as np

from bartik.core import Array, Arrays, BartikError, Config, Interval, Progress
from bartik.core.bundle import open_bundle
from bartik.core.plugins import load_part, load_usecase
from bartik.usecases.charm_fit.problem import Fitter
from bartik.usecases.charm_fit.result import Fit

_COVERED = 1.0
"""Standard deviations of an interval that is right 68.3% of the times."""


def whole(bundles: Mapping[str, Path], config: Config, progress: Progress) -> tuple[dict[str, dict[str, Interval]], Arrays]:
    """For each fit mean and width of the pulls, how often the 68.3% interval is right, how many fits failed; arrays for figures."""
    metrics: dict[str, dict[str, Interval]] = {}
    arrays: Arrays = {}
    for part in ("mass", "asymmetry", "dalitz", "mixing"):
        names, pulls, failed = toys(part, open_bundle(Path(bundles[part])).provenance["configuration"], config)
        metrics[part] = summary(pulls, failed)
        arrays |= {f"pulls|{part}": pulls, f"names|{part}": np.array(names)}
        progress(f"{part}: {len(pulls)} toys, " + ", ".join(f"{key} {value}" for key, value in metrics[part].items()))
    return metrics, arrays


def toys(part: str, configuration: Mapping[str, Any], config: Config) -> tuple[tuple[str, ...], Array, int]:
    """Names of the parameters, their pulls [toys, p], and how many fits failed; ``config.toys``: number, events, threads, engine, seed."""
    options, usecase = config.toys, cast(Any, load_part(load_usecase("charm_fit"), part))
    size = int(options.events[part])
    own = Config(configuration).replace({"data": {"events": size}, "fit": {"threads": 1, "engine": options.engine[part]}})
    problem = usecase.problem(own)
    fitter, names = Fitter(problem, own.fit), tuple(problem.truth)

    truth = np.array([problem.truth[name] for name in names])

    def one(number: int, near: tuple[Array, Array] | None = None) -> Fit | None:
        rows = problem.draw(np.random.default_rng([int(options.seed), number]), size)
        try:
            return fitter(rows, near)
        except BartikError:
            return None

    first = one(0)  # its covariance is about that of the others, which start at the truth
    near = None if first is None else (truth, first.covariance)
    with ThreadPoolExecutor(int(options.threads), "bartik-toys") as pool:
        found = [first, *pool.map(lambda number: one(number, near), range(1, int(options.number)))]
    good = [fit.pulls(problem.truth) for fit in found if fit is not None]
    if len(good) < 2:
        raise BartikError(
            f"{part}: {len(found) - len(good)} of {len(found)} toys could not be fitted", hint="raise toys.events or toys.number"
        )
    return names, np.array(good), len(found) - len(good)


def summary(pulls: Array, failed: int) -> dict[str, Interval]:
    """Of pulls [toys, p]: mean, width, share within one standard deviation, with 68.3% intervals by toys; and the share of failed fits."""
    total = len(pulls) + failed
    mean, square = _over_toys(pulls), _over_toys((pulls - pulls.mean(0)) ** 2 * (len(pulls) / (len(pulls) - 1)))
    width = Interval(*(float(np.sqrt(max(0.0, value))) for value in (square.value, square.low, square.high)))
    share = failed / total
    spread = float(np.sqrt(share * (1 - share) / total))
    return {
        "mean of pulls": mean,
        "width of pulls": width,
        "coverage of 68.3%": _over_toys((np.abs(pulls) < _COVERED).astype(np.float64)),
        "failed fits": Interval(share, max(0.0, share - spread), share + spread),
    }


def _over_toys(values: Array) -> Interval:
    """Mean over parameters and toys; parameters of one toy are correlated, toys are not."""
    each = values.mean(1)
    middle, error = float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each)))
    return Interval(middle, middle - error, middle + error)
