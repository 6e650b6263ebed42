"""Whether a doublet is a piece of a track, among all doublets around it: the graph network."""

from bartik.usecases.velo_events import source as source
from bartik.usecases.velo_tracking.edges.data import data as data
from bartik.usecases.velo_tracking.edges.data import signature as signature
from bartik.usecases.velo_tracking.edges.model import loss as loss
from bartik.usecases.velo_tracking.edges.model import model as model
from bartik.usecases.velo_tracking.edges.score import HEADLINE as HEADLINE
from bartik.usecases.velo_tracking.edges.score import score as score
from bartik.usecases.velo_tracking.edges.score import working_points as working_points
