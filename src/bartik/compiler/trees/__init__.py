"""Ensembles of decision trees: one form for all of ONNX's ways to write them, and the tables that the kernels read."""

from bartik.compiler.trees.forest import Forest as Forest
from bartik.compiler.trees.forest import evaluate as evaluate
