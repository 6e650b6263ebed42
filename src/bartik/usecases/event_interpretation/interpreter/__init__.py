"""All at once, and which vertex each track is from: the one network that came after the three stages."""

from bartik.usecases.event_interpretation.interpreter.data import data as data
from bartik.usecases.event_interpretation.interpreter.data import signature as signature
from bartik.usecases.event_interpretation.interpreter.model import loss as loss
from bartik.usecases.event_interpretation.interpreter.model import model as model
from bartik.usecases.event_interpretation.interpreter.score import HEADLINE as HEADLINE
from bartik.usecases.event_interpretation.interpreter.score import score as score
from bartik.usecases.event_interpretation.interpreter.score import working_points as working_points
from bartik.usecases.event_interpretation.interpreter.written import write_predictions as write_predictions
from bartik.usecases.event_interpretation.sources import source as source
