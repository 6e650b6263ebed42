"""LightGBM itself, for bundles that were exported from it: the library's own model, kept beside the graph, on its own predictor."""

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
    return library_available("lightgbm")


def prepare(bundle: Bundle, options: Options) -> Session:
    """Load the library's own model; option ``threads`` (1). `UnsupportedError` for a bundle without one, or one that gives other values."""
    threads = read_options("lightgbm", options, OPTIONS)["threads"]
    if threads < 1:
        raise UsageError(f"option threads of backend lightgbm: wanted 1 or more, got {threads}")

    def load(content: bytes) -> dict[str, Any]:
        lightgbm = import_library("lightgbm")
        try:
            booster = lightgbm.Booster(model_str=content.decode())
        except (lightgbm.basic.LightGBMError, UnicodeDecodeError) as error:
            raise BackendError(f"LightGBM refused its own model ({str(error).strip().splitlines()[0]})", hint="export it again") from error

        def predict(features: Array, *, raw: bool) -> Array:
            return np.asarray(booster.predict(features, raw_score=raw, num_threads=threads, validate_features=False))

        return {"value": lambda features: predict(features, raw=False), "margin": lambda features: predict(features, raw=True)}

    return prepare_booster(bundle, "lightgbm.txt", "lightgbm", load)
