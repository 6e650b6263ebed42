"""Mixing and CP violation of D0 mesons: D0 -> K_S pi+ pi- in phase space and decay time, with resolution."""

from bartik.usecases.charm_fit.common import record as record
from bartik.usecases.charm_fit.common import score as score
from bartik.usecases.charm_fit.common import train as train
from bartik.usecases.charm_fit.common import training_figures as training_figures
from bartik.usecases.charm_fit.mixing.data import data as data
from bartik.usecases.charm_fit.mixing.data import signature as signature
from bartik.usecases.charm_fit.mixing.model import load as load
from bartik.usecases.charm_fit.mixing.model import measured as measured
from bartik.usecases.charm_fit.mixing.model import problem as problem

HEADLINE = "x_CP"
MODEL = "fit"
