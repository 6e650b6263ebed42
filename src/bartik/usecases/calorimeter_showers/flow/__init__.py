"""A normalising flow of the hidden numbers of a shower: a spline behind couplings that shift and stretch."""

from bartik.usecases.calorimeter_showers.flow.data import data as data
from bartik.usecases.calorimeter_showers.flow.data import signature as signature
from bartik.usecases.calorimeter_showers.flow.model import loss as loss
from bartik.usecases.calorimeter_showers.flow.model import model as model
from bartik.usecases.calorimeter_showers.score import HEADLINE as HEADLINE
from bartik.usecases.calorimeter_showers.score import SMALLER_IS_BETTER as SMALLER_IS_BETTER
from bartik.usecases.calorimeter_showers.score import score as score
