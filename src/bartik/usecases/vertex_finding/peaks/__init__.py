"""Density along the beam to a histogram of vertices, and its peaks: a U-Net."""

from bartik.usecases.vertex_finding.peaks.data import data as data
from bartik.usecases.vertex_finding.peaks.data import signature as signature
from bartik.usecases.vertex_finding.peaks.model import loss as loss
from bartik.usecases.vertex_finding.peaks.model import model as model
from bartik.usecases.vertex_finding.score import HEADLINE as HEADLINE
from bartik.usecases.vertex_finding.score import score as score
from bartik.usecases.vertex_finding.score import working_points as working_points
