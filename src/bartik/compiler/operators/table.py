"""The table of operators, and the decorator that fills it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Operator: TypeAlias = Callable[..., Any]

OPERATORS: dict[str, Operator] = {}

ML = "ai.onnx.ml"
ML_OPERATORS = frozenset(
    {
        "LinearClassifier",
        "LinearRegressor",
        "Normalizer",
        "Scaler",
        "TreeEnsemble",
        "TreeEnsembleClassifier",
        "TreeEnsembleRegressor",
        "ZipMap",
    }
)
"""Operators of the domain `ML`; all others are ONNX's own."""

BATCH_FIRST = frozenset({
    "AveragePool", "BatchNormalization", "Conv", "ConvTranspose", "DepthToSpace", "Expand", "Flatten", "GatherElements", "Gemm",
    "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool", "GroupNormalization", "InstanceNormalization", "LinearClassifier",
    "LinearRegressor", "LpPool", "MaxPool", "MeanVarianceNormalization", "Normalizer", "Resize", "Scaler", "Scatter",
    "ScatterElements", "ScatterND", "SpaceToDepth", "TreeEnsemble", "TreeEnsembleClassifier", "TreeEnsembleRegressor",
})  # fmt: skip
"""Operators whose rows must have the batch axis first. Others take it anywhere: torch writes ``x[:, [2, 0]]`` as a Gather or GatherND
between two Transposes, and a recurrent layer has its steps before the batch."""


def operator(*names: str) -> Callable[[Operator], Operator]:
    """Enter a function under ONNX's names for it."""

    def enter(function: Operator) -> Operator:
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return enter
