"""The kinematics of a candidate."""

from bartik.core import Column, Config, Dataset, Split, table
from two_steps_of_selection.model import loss as loss
from two_steps_of_selection.model import model as model
from two_steps_of_selection.model import score as score
from two_steps_of_selection.rows import KINEMATICS, rows

signature = table((Column("pt"), Column("eta")))


def data(split: Split, config: Config) -> Dataset:
    """Rows of one split."""
    features, target = rows(split, config.data.rows, config.data.seed)
    return Dataset({"features": features[:, KINEMATICS]}, target, source="generated rows")
