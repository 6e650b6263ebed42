"""What a fit is made of, and how it is done: the same for all densities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bartik.core import Array, Config, DataError
from bartik.usecases.charm_fit.result import Fit, Parameter

if TYPE_CHECKING:
    from bartik.nn.likelihood import Density, Evaluate

ENGINES = ("torch", "compiled")
PART, LEAST_PARTS = 50_000, 4
"""Events of the part that is fitted first, where there are at least so many times as many."""
_COMPARED = 21
"""Rows on which the compiler's result is compared with torch's: more than a block and no whole number of them."""


@dataclass(frozen=True)
class Problem:
    """A density, where its parameters start, and a toy.

    ``start`` gives the parameters for rows [events, columns]; ``categories`` divides rows into those of each category, in the columns that
    the density (or ``prepare``, a method of it) takes; ``draw`` makes rows of ``truth`` with about so many events. ``project`` is what is
    shown of a fit. ``interest`` names the parameters that are measured, all where it is empty.
    """

    density: Density
    columns: tuple[str, ...]
    start: Callable[[Array], list[Parameter]]
    categories: Callable[[Array], list[Array]]
    draw: Callable[[np.random.Generator, int], Array]
    truth: Mapping[str, float]
    project: Callable[[Fit, Array], list[dict[str, Any]]]
    prepare: Callable[[Any], Any] | None = None
    interest: tuple[str, ...] = ()


class Fitter:
    """Fits a problem to any rows; what is compiled is compiled once."""

    def __init__(self, problem: Problem, options: Config) -> None:
        """``options``: engine, threads, device, calls, keep."""
        if options.engine not in ENGINES:
            raise DataError(f"fit.engine: unknown engine {options.engine!r}", hint=f"known: {', '.join(ENGINES)}")
        self.problem, self._options = problem, options
        self._evaluate: Evaluate | None = None

    def __call__(self, rows: Array, near: tuple[Array, Array] | None = None) -> Fit:
        """Fit ``rows`` [events, columns]; `DataError` where they cannot be fitted, `BartikError` where the fit fails.

        ``near`` are values [p] near the minimum and about its covariance [p, p], where they are known.
        """
        from bartik.usecases.charm_fit.minimise import minimise

        check_rows(self.problem.columns, rows)
        parameters = self.problem.start(rows)
        start = np.array([parameter.start for parameter in parameters])
        every = len(rows) // PART
        part = None if near is not None or every < LEAST_PARTS else self.likelihood(rows, start, every=every).value_and_gradient
        whole = self.likelihood(rows, start).value_and_gradient
        return minimise(whole, parameters, most_calls=self._options.calls, part=part, near=near)

    def likelihood(self, rows: Array, start: Array, *, every: int = 1) -> Any:
        """The likelihood of ``rows``, or of one in ``every`` of each category, which counts for as many.

        ``start`` [p] is where the compiler's result is compared with torch's.
        """
        import torch

        from bartik.nn.likelihood import CHUNK, Likelihood
        from bartik.usecases.charm_fit import compiled

        torch.set_num_threads(1)  # ours share the pieces; those of torch within a piece would wait for one another
        options, columns = self._options, [some[::every] for some in self.problem.categories(rows)]
        faster = options.engine == "compiled"
        if faster and self._evaluate is None:
            self._evaluate = compiled.compiled(self.problem.density, np.concatenate(columns)[:_COMPARED], start)
        found = Likelihood(
            self.problem.density,
            columns,
            threads=options.threads,
            device=options.device,
            prepare=self.problem.prepare,
            keep=options.keep,
            evaluate=self._evaluate if faster else None,
            chunk=compiled.CHUNK if faster else CHUNK,
        )
        found.weight = float(every)
        return found


def check_rows(names: Sequence[str], rows: Array) -> None:
    """`DataError` for no rows, and for a column that is not finite or the same in all rows, where it is measured (its name has a unit)."""
    if not len(rows):
        raise DataError("there are no events to fit", hint="is the selection or the range too narrow?")
    for place, name in enumerate(names):
        bad = int((~np.isfinite(rows[:, place])).sum())
        if bad:
            raise DataError(f"column {name!r} is not finite in {bad} of {len(rows)} events", hint="leave those events out")
        if place == 0 and rows[:, 0].min() == rows[:, 0].max():
            raise DataError(f"column {name!r} is {rows[0, 0]:g} in all {len(rows)} events", hint="a constant has no shape to fit")
