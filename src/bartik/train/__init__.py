"""One training loop for every torch model, with exact resume."""

from bartik.train.loop import fit as fit
from bartik.train.loop import load_trained as load_trained
from bartik.train.loop import read_history as read_history
from bartik.train.loop import run_model as run_model
