"""Where each hit is in a space in which the hits of one track are near one another: which doublets are worth a look."""

from bartik.usecases.velo_events import source as source
from bartik.usecases.velo_tracking.embedding.data import data as data
from bartik.usecases.velo_tracking.embedding.data import signature as signature
from bartik.usecases.velo_tracking.embedding.model import loss as loss
from bartik.usecases.velo_tracking.embedding.model import model as model
from bartik.usecases.velo_tracking.embedding.score import HEADLINE as HEADLINE
from bartik.usecases.velo_tracking.embedding.score import score as score
from bartik.usecases.velo_tracking.embedding.score import working_points as working_points
