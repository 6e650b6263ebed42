"""Single taggers, each from the one track it chooses (or the vertex), their combination and its calibration."""

from bartik.usecases.flavour_tagging.score import HEADLINE as HEADLINE
from bartik.usecases.flavour_tagging.score import score as score
from bartik.usecases.flavour_tagging.score import working_points as working_points
from bartik.usecases.flavour_tagging.taggers.data import data as data
from bartik.usecases.flavour_tagging.taggers.data import inputs_of as inputs_of
from bartik.usecases.flavour_tagging.taggers.data import signature as signature
from bartik.usecases.flavour_tagging.taggers.model import loss as loss
from bartik.usecases.flavour_tagging.taggers.model import model as model
from bartik.usecases.flavour_tagging.taggers.peers import peers as peers
from bartik.usecases.flavour_tagging.tracks_file import predictions

write_predictions = predictions(inputs_of)
