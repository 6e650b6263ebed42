"""What there is to see of all fits: their pulls, together and parameter by parameter."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from bartik import plots
from bartik.core import Arrays

Drawn = tuple[str, str, Figure]


def figures(arrays: Arrays, metrics: dict[str, Any]) -> list[Drawn]:
    """The distribution of all pulls of each fit, and mean and width of each parameter's."""
    pulls = {name: arrays[f"pulls|{name}"] for name in metrics}
    toys = ", ".join(f"{name} {len(values)}" for name, values in pulls.items())
    caption = f"All parameters of all toys of a fit; numbers of toys: {toys}. What is beyond ±4 is in the outermost bins."
    return [("Pulls", caption, plots.pull_distributions(pulls)), *(_by_parameter(name, arrays) for name in metrics)]


def _by_parameter(name: str, arrays: Arrays) -> Drawn:
    pulls = arrays[f"pulls|{name}"]
    mean, width, toys = pulls.mean(0), pulls.std(0, ddof=1), len(pulls)
    errors = width / np.sqrt(toys), width / np.sqrt(2 * max(1, toys - 1))
    figure = plots.pulls_by_parameter([str(one) for one in arrays[f"names|{name}"]], mean, width, errors)
    return f"Pulls of {name}", f"{toys} toys. Wanted are a mean of 0 and a width of 1 (dashed); bars are 68.3% errors.", figure
