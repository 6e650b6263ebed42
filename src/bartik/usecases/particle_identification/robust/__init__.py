"""All species at once, from what holds in every decay channel: common-specific decomposition."""

from bartik.usecases.particle_identification.columns import signature as signature
from bartik.usecases.particle_identification.robust.model import data as data
from bartik.usecases.particle_identification.robust.model import model as model
from bartik.usecases.particle_identification.robust.model import train as train
from bartik.usecases.particle_identification.score import HEADLINE as HEADLINE
from bartik.usecases.particle_identification.score import score as score
from bartik.usecases.particle_identification.score import working_points as working_points
from bartik.usecases.particle_identification.table import source as source
