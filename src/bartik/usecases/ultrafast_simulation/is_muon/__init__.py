"""The muon system's binary decision isMuon of long tracks."""

from bartik.usecases.ultrafast_simulation.is_muon.data import data as data
from bartik.usecases.ultrafast_simulation.is_muon.data import signature as signature
from bartik.usecases.ultrafast_simulation.is_muon.model import loss as loss
from bartik.usecases.ultrafast_simulation.is_muon.model import model as model
from bartik.usecases.ultrafast_simulation.score import PROBABILITY as HEADLINE
from bartik.usecases.ultrafast_simulation.score import probability_score as score

__all__ = ["HEADLINE", "data", "loss", "model", "score", "signature"]
