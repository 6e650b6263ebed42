"""Delta A_CP: the difference of the CP asymmetries of D0 -> K- K+ and D0 -> pi- pi+, by a simultaneous fit of 16 categories."""

from bartik.usecases.charm_fit.asymmetry.data import data as data
from bartik.usecases.charm_fit.asymmetry.data import signature as signature
from bartik.usecases.charm_fit.asymmetry.model import load as load
from bartik.usecases.charm_fit.asymmetry.model import problem as problem
from bartik.usecases.charm_fit.common import measured as measured
from bartik.usecases.charm_fit.common import record as record
from bartik.usecases.charm_fit.common import score as score
from bartik.usecases.charm_fit.common import train as train
from bartik.usecases.charm_fit.common import training_figures as training_figures

HEADLINE = "Delta A_CP"
MODEL = "fit"
