"""Muon likelihoods of tracks that pass isMuon."""

from bartik.usecases.ultrafast_simulation.muon.data import data as data
from bartik.usecases.ultrafast_simulation.muon.data import signature as signature
from bartik.usecases.ultrafast_simulation.muon.model import loss as loss
from bartik.usecases.ultrafast_simulation.muon.model import model as model
from bartik.usecases.ultrafast_simulation.score import KS as HEADLINE
from bartik.usecases.ultrafast_simulation.score import drawn_score as score
from bartik.usecases.ultrafast_simulation.training import train as train
from bartik.usecases.ultrafast_simulation.training import training_figures as training_figures

__all__ = ["HEADLINE", "data", "loss", "model", "score", "signature", "train", "training_figures"]
