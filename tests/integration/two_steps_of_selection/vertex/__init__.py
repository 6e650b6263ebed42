"""The vertex of a candidate."""

from bartik.core import Column, Config, Dataset, Split, table
from two_steps_of_selection.model import loss as loss
from two_steps_of_selection.model import model as model
from two_steps_of_selection.model import score as score
from two_steps_of_selection.rows import VERTEX, rows

signature = table((Column("doca"), Column("flight")))


def data(split: Split, config: Config) -> Dataset:
    """Rows of one split."""
    features, target = rows(split, config.data.rows, config.data.seed)
    return Dataset({"features": features[:, VERTEX]}, target, source="generated rows")
