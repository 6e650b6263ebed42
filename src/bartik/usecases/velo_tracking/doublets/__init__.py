"""Whether two hits, by their positions alone, look like a piece of a track."""

from bartik.usecases.velo_events import source as source
from bartik.usecases.velo_tracking.doublets.data import data as data
from bartik.usecases.velo_tracking.doublets.data import signature as signature
from bartik.usecases.velo_tracking.doublets.model import loss as loss
from bartik.usecases.velo_tracking.doublets.model import model as model
from bartik.usecases.velo_tracking.doublets.score import HEADLINE as HEADLINE
from bartik.usecases.velo_tracking.doublets.score import score as score
from bartik.usecases.velo_tracking.doublets.score import working_points as working_points
