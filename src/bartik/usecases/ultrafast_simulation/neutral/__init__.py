"""Neutral objects: the clusters that photons lead in the calorimeter, by a sequence model of each photon and those around it."""

from bartik.usecases.ultrafast_simulation.neutral.data import data as data
from bartik.usecases.ultrafast_simulation.neutral.data import edge_cases as edge_cases
from bartik.usecases.ultrafast_simulation.neutral.data import signature as signature
from bartik.usecases.ultrafast_simulation.neutral.model import loss as loss
from bartik.usecases.ultrafast_simulation.neutral.model import model as model
from bartik.usecases.ultrafast_simulation.neutral.score import score as score
from bartik.usecases.ultrafast_simulation.score import KS as HEADLINE
from bartik.usecases.ultrafast_simulation.training import train as train
from bartik.usecases.ultrafast_simulation.training import training_figures as training_figures

__all__ = ["HEADLINE", "data", "edge_cases", "loss", "model", "score", "signature", "train", "training_figures"]
