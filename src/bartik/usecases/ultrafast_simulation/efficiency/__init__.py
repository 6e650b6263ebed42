"""Tracking efficiency: whether a particle in the acceptance is reconstructed, and as a long, upstream or downstream track."""

from bartik.usecases.ultrafast_simulation.efficiency.data import data as data
from bartik.usecases.ultrafast_simulation.efficiency.data import signature as signature
from bartik.usecases.ultrafast_simulation.efficiency.model import loss as loss
from bartik.usecases.ultrafast_simulation.efficiency.model import model as model
from bartik.usecases.ultrafast_simulation.score import PROBABILITY as HEADLINE
from bartik.usecases.ultrafast_simulation.score import probability_score as score

__all__ = ["HEADLINE", "data", "loss", "model", "score", "signature"]
