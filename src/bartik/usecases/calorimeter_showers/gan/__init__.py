"""A generative adversarial network: a generator against a Wasserstein critic, with an auxiliary regressor of the energy."""

from bartik.usecases.calorimeter_showers.gan.data import data as data
from bartik.usecases.calorimeter_showers.gan.data import signature as signature
from bartik.usecases.calorimeter_showers.gan.model import MODEL as MODEL
from bartik.usecases.calorimeter_showers.gan.model import model as model
from bartik.usecases.calorimeter_showers.gan.model import train as train
from bartik.usecases.calorimeter_showers.gan.model import training_figures as training_figures
from bartik.usecases.calorimeter_showers.score import HEADLINE as HEADLINE
from bartik.usecases.calorimeter_showers.score import SMALLER_IS_BETTER as SMALLER_IS_BETTER
from bartik.usecases.calorimeter_showers.score import score as score
