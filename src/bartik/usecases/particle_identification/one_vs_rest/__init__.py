"""Six networks, each one species against all others."""

from bartik.usecases.particle_identification.columns import signature as signature
from bartik.usecases.particle_identification.one_vs_rest.model import data as data
from bartik.usecases.particle_identification.one_vs_rest.model import loss as loss
from bartik.usecases.particle_identification.one_vs_rest.model import model as model
from bartik.usecases.particle_identification.score import HEADLINE as HEADLINE
from bartik.usecases.particle_identification.score import score as score
from bartik.usecases.particle_identification.score import working_points as working_points
from bartik.usecases.particle_identification.table import source as source
