"""XGBoost itself, for bundles that were exported from it: the library's own model, kept beside the graph, on its own predictor."""

from __future__ import annotations

from typing import Any

import numpy as np

from bartik.backends import read_options
from bartik.backends._booster import import_library, library_available, prepare_booster
from bartik.core import Array, Availability, BackendError, Options, Session, UsageError
from bartik.core.bundle import Bundle

OPTIONS: dict[str, Any] = {"threads": 1}
"""Threads of one call."""


def available() -> Availability:
    """Where the library is installed."""
    return library_available("xgboost")


def prepare(bundle: Bundle, options: Options) -> Session:
    """Load the library's own model; option ``threads`` (1). `UnsupportedError` for a bundle without one, or one that gives other values."""
    threads = read_options("xgboost", options, OPTIONS)["threads"]
    if threads < 1:
        raise UsageError(f"option threads of backend xgboost: wanted 1 or more, got {threads}")

    def load(content: bytes) -> dict[str, Any]:
        xgboost = import_library("xgboost")
        try:
            booster = xgboost.Booster()
            booster.load_model(bytearray(content))
        except xgboost.core.XGBoostError as error:
            raise BackendError(f"XGBoost refused its own model ({str(error).strip().splitlines()[0]})", hint="export it again") from error
        booster.set_param({"nthread": threads, "device": "cpu"})

        def predict(features: Array, kind: str) -> Array:
            return np.asarray(booster.inplace_predict(features, missing=np.nan, predict_type=kind, validate_features=False))

        return {kind: lambda features, kind=kind: predict(features, kind) for kind in ("value", "margin")}

    return prepare_booster(bundle, "xgboost.json", "xgboost", load)
