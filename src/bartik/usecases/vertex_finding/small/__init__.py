"""Tracks to a histogram of vertices, and its peaks, with little work: for the first trigger stage."""

from bartik.usecases.vertex_finding.score import HEADLINE as HEADLINE
from bartik.usecases.vertex_finding.score import score as score
from bartik.usecases.vertex_finding.score import working_points as working_points
from bartik.usecases.vertex_finding.small.data import data as data
from bartik.usecases.vertex_finding.small.data import signature as signature
from bartik.usecases.vertex_finding.small.model import loss as loss
from bartik.usecases.vertex_finding.small.model import model as model
