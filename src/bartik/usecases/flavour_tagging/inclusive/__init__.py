"""The fast inclusive tagger: deep sets over all tracks of the event, odd under charge conjugation by construction."""

from bartik.usecases.flavour_tagging.inclusive.data import data as data
from bartik.usecases.flavour_tagging.inclusive.data import inputs_of as inputs_of
from bartik.usecases.flavour_tagging.inclusive.data import signature as signature
from bartik.usecases.flavour_tagging.inclusive.model import loss as loss
from bartik.usecases.flavour_tagging.inclusive.model import model as model
from bartik.usecases.flavour_tagging.score import HEADLINE as HEADLINE
from bartik.usecases.flavour_tagging.score import score as score
from bartik.usecases.flavour_tagging.score import working_points as working_points
from bartik.usecases.flavour_tagging.tracks_file import predictions

write_predictions = predictions(inputs_of)
