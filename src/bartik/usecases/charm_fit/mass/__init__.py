"""The mass of D0 -> K- pi+ candidates: signal with two tails over a background, an extended unbinned fit of ten parameters."""

from bartik.usecases.candidate_table import source as source
from bartik.usecases.charm_fit.common import measured as measured
from bartik.usecases.charm_fit.common import record as record
from bartik.usecases.charm_fit.common import score as score
from bartik.usecases.charm_fit.common import train as train
from bartik.usecases.charm_fit.common import training_figures as training_figures
from bartik.usecases.charm_fit.mass.data import data as data
from bartik.usecases.charm_fit.mass.data import signature as signature
from bartik.usecases.charm_fit.mass.model import load as load
from bartik.usecases.charm_fit.mass.model import problem as problem

HEADLINE = "information lost"
MODEL = "fit"
