"""One training loop for every torch model, with exact resume; a use case may bring its own training."""

from bartik.train.loop import fit as fit
from bartik.train.loop import load_trained as load_trained
from bartik.train.loop import read_history as read_history
from bartik.train.loop import run_model as run_model
from bartik.train.own import load_model as load_model
from bartik.train.own import train_model as train_model
from bartik.train.own import trains_itself as trains_itself
from bartik.train.state import save_weights as save_weights
