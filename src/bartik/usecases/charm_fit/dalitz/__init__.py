"""The Dalitz plot of D0 -> K_S pi+ pi-: couplings of 13 resonances by an amplitude fit."""

from bartik.usecases.charm_fit.common import measured as measured
from bartik.usecases.charm_fit.common import record as record
from bartik.usecases.charm_fit.common import score as score
from bartik.usecases.charm_fit.common import train as train
from bartik.usecases.charm_fit.common import training_figures as training_figures
from bartik.usecases.charm_fit.dalitz.data import data as data
from bartik.usecases.charm_fit.dalitz.data import signature as signature
from bartik.usecases.charm_fit.dalitz.model import load as load
from bartik.usecases.charm_fit.dalitz.model import problem as problem

HEADLINE = "information lost"
MODEL = "fit"
