"""Acceptance: whether the trackers could see this charged particle at all."""

from bartik.usecases.ultrafast_simulation.acceptance.data import data as data
from bartik.usecases.ultrafast_simulation.acceptance.data import signature as signature
from bartik.usecases.ultrafast_simulation.acceptance.model import loss as loss
from bartik.usecases.ultrafast_simulation.acceptance.model import model as model
from bartik.usecases.ultrafast_simulation.acceptance.peers import peers as peers
from bartik.usecases.ultrafast_simulation.score import PROBABILITY as HEADLINE
from bartik.usecases.ultrafast_simulation.score import probability_score as score

__all__ = ["HEADLINE", "data", "loss", "model", "peers", "score", "signature"]
