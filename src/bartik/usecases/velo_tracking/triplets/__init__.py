"""Whether two doublets that share a hit are of one track."""

from bartik.usecases.velo_events import source as source
from bartik.usecases.velo_tracking.triplets.data import data as data
from bartik.usecases.velo_tracking.triplets.data import signature as signature
from bartik.usecases.velo_tracking.triplets.model import loss as loss
from bartik.usecases.velo_tracking.triplets.model import model as model
from bartik.usecases.velo_tracking.triplets.score import HEADLINE as HEADLINE
from bartik.usecases.velo_tracking.triplets.score import score as score
from bartik.usecases.velo_tracking.triplets.score import working_points as working_points
