"""The generation of the lowest common ancestor of two tracks: the third of the three stages."""

from bartik.usecases.event_interpretation.ancestors.data import data as data
from bartik.usecases.event_interpretation.ancestors.data import signature as signature
from bartik.usecases.event_interpretation.ancestors.model import loss as loss
from bartik.usecases.event_interpretation.ancestors.model import model as model
from bartik.usecases.event_interpretation.ancestors.score import HEADLINE as HEADLINE
from bartik.usecases.event_interpretation.ancestors.score import score as score
from bartik.usecases.event_interpretation.sources import source as source
