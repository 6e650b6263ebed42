"""A likelihood as machine code: its density and the derivatives that autograd finds, traced, exported and compiled in float64."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import local
from typing import TYPE_CHECKING

import numpy as np

from bartik.core import Array, Signature, TensorSpec

if TYPE_CHECKING:
    from bartik.nn.likelihood import Density

CHUNK = 4096
"""Events of a piece: inputs and outputs, some ten doubles each, stay in a core's second cache."""


def compiled(density: Density, rows: Array, parameters: Array) -> Callable[[Array, Array], tuple[float, Array]]:
    """What sums logarithms and their derivatives over columns [events, columns]: C++ of our compiler, for this processor.

    What is compiled is compared with what was traced on the few ``rows`` [events, columns] at ``parameters`` [p].

    Errors: `UnavailableError` without a C++ compiler, `UnsupportedError` where the density has an operation that is not compiled.
    """
    import torch

    from bartik.backends import prepare
    from bartik.exporters import export
    from bartik.nn.likelihood import traced

    rows = np.asarray(rows, np.float64)
    with torch.no_grad():
        given = density.coefficients(torch.from_numpy(np.asarray(parameters, np.float64)))[0].numpy()
    columns, coefficients = rows.shape[1], len(given)
    inputs = TensorSpec("columns", "float64", ("batch", columns)), TensorSpec("coefficients", "float64", ("batch", coefficients))
    signature = Signature(inputs, (TensorSpec("answers", "float64", ("batch", 1 + coefficients)),))
    reference = {"columns": np.resize(rows, (3, columns)), "coefficients": np.tile(given, (3, 1))}
    with TemporaryDirectory() as folder:
        bundle = export(traced(density, columns, coefficients), signature, reference, Path(folder) / "likelihood", name="likelihood")
        session = prepare(bundle, "native")
    kept = local()

    def evaluate(rows: Array, given: Array) -> tuple[float, Array]:
        size = len(rows)
        if getattr(kept, "size", -1) != size:
            kept.size, kept.given = size, np.empty((size, coefficients))
            kept.out, kept.ones = {"answers": np.empty((size, 1 + coefficients))}, np.ones(size)
        kept.given[:] = given
        answers = session.run({"columns": rows, "coefficients": kept.given}, kept.out)["answers"]
        sums = kept.ones @ answers
        return float(sums[0]), sums[1:]

    return evaluate
