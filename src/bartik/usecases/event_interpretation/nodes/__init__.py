"""Whether a track is of a b decay: node pruning, the first of the three stages."""

from bartik.usecases.event_interpretation.nodes.data import data as data
from bartik.usecases.event_interpretation.nodes.data import signature as signature
from bartik.usecases.event_interpretation.nodes.model import loss as loss
from bartik.usecases.event_interpretation.nodes.model import model as model
from bartik.usecases.event_interpretation.nodes.score import HEADLINE as HEADLINE
from bartik.usecases.event_interpretation.nodes.score import score as score
from bartik.usecases.event_interpretation.nodes.score import working_points as working_points
from bartik.usecases.event_interpretation.sources import source as source
