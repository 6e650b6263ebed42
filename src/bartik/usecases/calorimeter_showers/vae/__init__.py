"""A variational autoencoder: a few hidden numbers, and noise on each number of a shower that they say."""

from bartik.usecases.calorimeter_showers.score import HEADLINE as HEADLINE
from bartik.usecases.calorimeter_showers.score import SMALLER_IS_BETTER as SMALLER_IS_BETTER
from bartik.usecases.calorimeter_showers.score import score as score
from bartik.usecases.calorimeter_showers.vae.data import data as data
from bartik.usecases.calorimeter_showers.vae.data import signature as signature
from bartik.usecases.calorimeter_showers.vae.model import loss as loss
from bartik.usecases.calorimeter_showers.vae.model import model as model
