"""A variational autoencoder: a few hidden numbers, Gaussian as they are drawn, and the spots that they let voxels expect."""

from bartik.usecases.calorimeter_showers.score import HEADLINE as HEADLINE
from bartik.usecases.calorimeter_showers.score import SMALLER_IS_BETTER as SMALLER_IS_BETTER
from bartik.usecases.calorimeter_showers.score import score as score
from bartik.usecases.calorimeter_showers.vae.data import data as data
from bartik.usecases.calorimeter_showers.vae.data import signature as signature
from bartik.usecases.calorimeter_showers.vae.model import loss as loss
from bartik.usecases.calorimeter_showers.vae.model import model as model
