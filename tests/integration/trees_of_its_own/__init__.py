"""A decision of boosted trees: the smallest use case that trains in its own way, and not with torch."""

from trees_of_its_own.data import data as data
from trees_of_its_own.data import signature as signature
from trees_of_its_own.model import load as load
from trees_of_its_own.model import train as train
from trees_of_its_own.model import training_figures as training_figures
from trees_of_its_own.score import score as score
from trees_of_its_own.score import working_points as working_points

MODEL = "trees"
HEADLINE = "AUC"
