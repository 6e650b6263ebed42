"""Tracks to the density along the beam: what each track adds is learned, and summed over the tracks of an event."""

from bartik.usecases.vertex_finding.kde.data import data as data
from bartik.usecases.vertex_finding.kde.data import signature as signature
from bartik.usecases.vertex_finding.kde.model import loss as loss
from bartik.usecases.vertex_finding.kde.model import model as model
from bartik.usecases.vertex_finding.kde.score import HEADLINE as HEADLINE
from bartik.usecases.vertex_finding.kde.score import score as score
