"""Both scores in, one out."""

import numpy as np

import bartik
from bartik.core import Column, Config, Dataset, Split, table
from two_steps_of_selection.model import loss as loss
from two_steps_of_selection.model import model as model
from two_steps_of_selection.model import score as score
from two_steps_of_selection.rows import KINEMATICS, VERTEX, rows

signature = table((Column("kinematics"), Column("vertex")))


def data(split: Split, config: Config) -> Dataset:
    """The scores of the two bundles for the rows of one split."""
    features, target = rows(split, config.data.rows, config.data.seed)
    single = {"kinematics": features[:, KINEMATICS], "vertex": features[:, VERTEX]}
    sessions = {name: bartik.prepare(bartik.load(config.bundles[name]), "native") for name in single}
    scores = [sessions[name].run({"features": np.ascontiguousarray(values)})["score"] for name, values in single.items()]
    return Dataset({"features": np.hstack(scores)}, target, source="scores of two bundles")
