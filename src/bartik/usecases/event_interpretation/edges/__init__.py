"""Whether two tracks are of one b decay: edge pruning, the second of the three stages."""

from bartik.usecases.event_interpretation.edges.data import data as data
from bartik.usecases.event_interpretation.edges.data import signature as signature
from bartik.usecases.event_interpretation.edges.model import loss as loss
from bartik.usecases.event_interpretation.edges.model import model as model
from bartik.usecases.event_interpretation.edges.score import HEADLINE as HEADLINE
from bartik.usecases.event_interpretation.edges.score import score as score
from bartik.usecases.event_interpretation.edges.score import working_points as working_points
from bartik.usecases.event_interpretation.sources import source as source
