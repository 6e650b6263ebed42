"""Tracks to a histogram of vertices, and its peaks: both networks in one, trained on from where they are."""

from bartik.usecases.vertex_finding.joined.data import data as data
from bartik.usecases.vertex_finding.joined.data import signature as signature
from bartik.usecases.vertex_finding.joined.model import loss as loss
from bartik.usecases.vertex_finding.joined.model import model as model
from bartik.usecases.vertex_finding.score import HEADLINE as HEADLINE
from bartik.usecases.vertex_finding.score import score as score
from bartik.usecases.vertex_finding.score import working_points as working_points
