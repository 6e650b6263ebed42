"""RICH by a generative adversarial network: the same task as ``rich``, in Lamarr's own form, to be compared with."""

from bartik.usecases.ultrafast_simulation.rich_gan.data import data as data
from bartik.usecases.ultrafast_simulation.rich_gan.data import signature as signature
from bartik.usecases.ultrafast_simulation.rich_gan.duel import train as train
from bartik.usecases.ultrafast_simulation.rich_gan.duel import training_figures as training_figures
from bartik.usecases.ultrafast_simulation.rich_gan.model import model as model
from bartik.usecases.ultrafast_simulation.score import KS as HEADLINE
from bartik.usecases.ultrafast_simulation.score import drawn_score as score

__all__ = ["HEADLINE", "data", "model", "score", "signature", "train", "training_figures"]
