"""What goes into the network and what comes out."""

from __future__ import annotations

from bartik.core import Signature, TensorSpec
from bartik.simulation.runs import BINS

MEMORY = 10
"""Good runs that the reference is made of."""
signature = Signature(
    (
        TensorSpec("context", "float32", ("batch", MEMORY, BINS)),
        TensorSpec("age", "float32", ("batch", MEMORY)),
        TensorSpec("run", "float32", ("batch", BINS)),
    ),
    (
        TensorSpec("score", "float32", ("batch", 1)),
        TensorSpec("reference", "float32", ("batch", BINS)),
        TensorSpec("sigma", "float32", ("batch", BINS)),
        TensorSpec("pull", "float32", ("batch", BINS)),
    ),
)
"""``context``: entries of the last good runs, the latest last, all zero where there were fewer; ``age``: how many runs ago each was;
``run``: entries of the run to be judged. ``score``: logarithm of the reduced χ²; ``reference``, ``sigma``: share of the entries expected in
each bin and how well that is known; ``pull``: by how many standard deviations each bin has more or less than expected."""
