"""Flow matching: a velocity that carries noise to showers, integrated in few steps within the graph."""

from bartik.usecases.calorimeter_showers.flow_matching.data import data as data
from bartik.usecases.calorimeter_showers.flow_matching.data import signature as signature
from bartik.usecases.calorimeter_showers.flow_matching.model import loss as loss
from bartik.usecases.calorimeter_showers.flow_matching.model import model as model
from bartik.usecases.calorimeter_showers.score import HEADLINE as HEADLINE
from bartik.usecases.calorimeter_showers.score import SMALLER_IS_BETTER as SMALLER_IS_BETTER
from bartik.usecases.calorimeter_showers.score import score as score
