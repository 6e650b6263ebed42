"""Data quality: is this run's histogram as it should be, while what it should be drifts and jumps?

wip
"""

from bartik.usecases.data_quality.columns import signature as signature
from bartik.usecases.data_quality.data import data as data
from bartik.usecases.data_quality.model import loss as loss
from bartik.usecases.data_quality.model import model as model
