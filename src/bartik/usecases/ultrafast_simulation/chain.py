"""All stages one behind the other, on any backend."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bartik.backends import prepare
from bartik.core import Array, Arrays, Session
from bartik.core.bundle import open_bundle
from bartik.usecases.ultrafast_simulation import truth
from bartik.usecases.ultrafast_simulation.columns import COMBINED, COVARIANCE, DLL, IS_MUON, MUON, QUALITY
from bartik.usecases.ultrafast_simulation.counters import ACCEPTANCE, EFFICIENCY, Places
from bartik.usecases.ultrafast_simulation.counters import IS_MUON as IS_MUON_PLACE
from bartik.usecases.ultrafast_simulation.objects import NeutralStage
from bartik.usecases.ultrafast_simulation.particles import Particles, identity_features, track_features, with_class
from bartik.usecases.ultrafast_simulation.photons import Photons

UNKNOWN, NOT_FINITE = -1, -2
"""In the place of a class: a species that no model knows; a position or momentum that is no number."""
STAGES = ("acceptance", "efficiency", "resolution", "covariance", "is_muon", "rich", "muon", "global_pid")
"""Of charged particles."""
EVERY = (*STAGES, "neutral")
IDENTITY_NAMES = tuple(column.name for column in (IS_MUON, *DLL, *MUON, *COMBINED))


class Chain:
    """The stages' bundles on a backend: the same particles, seed and counters give the same tracks."""

    def __init__(self, bundles: Mapping[str, Path], backend: str = "native") -> None:
        """Prepare the bundles of `EVERY` stage, on one thread each."""
        options = {"threads": 1} if backend in {"native", "onnxruntime"} else {}
        self.sessions: dict[str, Session] = {name: prepare(open_bundle(Path(bundles[name])), backend, **options) for name in STAGES}
        self._objects = NeutralStage(Path(bundles["neutral"]), backend)

    def objects(self, photons: Photons, places: Places) -> Arrays:
        """Neutral objects: as `NeutralStage.run`."""
        return self._objects.run(photons, places)

    def run(self, particles: Particles, places: Places) -> Arrays:
        """``class`` [rows], ``quality`` [rows, 9], ``covariance`` [rows, 15], ``identity`` [rows, 16]; NaN where there is none.

        The class is that of `bartik.simulation.response.tracking.CLASSES`, or `UNKNOWN` or `NOT_FINITE`. What is outside of the range
        that the chain was taught (`Particles.within`) is not reconstructed.
        """
        found = self._empty(particles)
        rows = np.flatnonzero((found["class"] == 0) & particles.within)
        inside, features = particles.take(rows), track_features(particles.take(rows))
        places = places.take(rows)
        kind = self._classes(features, places.noise("decisions", 4))
        found["class"][rows] = kind
        self._measure(found, rows, features, places, kind)
        chosen = np.flatnonzero(truth.identified(inside, kind))
        self._identify(found, rows[chosen], inside.take(chosen), places.take(chosen))
        return found

    def _empty(self, particles: Particles) -> Arrays:
        """Nothing is reconstructed yet."""
        finite = np.isfinite(particles.origin).all(1) & np.isfinite(particles.momentum).all(1) & np.isfinite(particles.charged)
        kind = np.where(finite, np.where(particles.known, 0, UNKNOWN), NOT_FINITE).astype(np.int32)
        widths = {"quality": len(QUALITY), "covariance": len(COVARIANCE), "identity": len(IDENTITY_NAMES)}
        return {"class": kind} | {name: np.full((len(kind), width), np.nan, np.float32) for name, width in widths.items()}

    def _classes(self, features: Array, decisions: Array) -> Array:
        accepted = decisions[:, ACCEPTANCE] < self._probability("acceptance", features)[:, 0]
        shares = self._probability("efficiency", features)
        passed = np.zeros(len(features), np.int32)
        limit = np.zeros(len(features), np.float32)
        for place in range(3):
            limit = limit + shares[:, place]
            passed += decisions[:, EFFICIENCY] >= limit
        return np.where(accepted, passed, 0).astype(np.int32)

    def _measure(self, found: Arrays, rows: Array, features: Array, places: Places, kind: Array) -> None:
        chosen = np.flatnonzero(kind > 0)
        track, places = with_class(features[chosen], kind[chosen]), places.take(chosen)
        quality = self._drawn("resolution", track, places)
        found["quality"][rows[chosen]] = quality
        found["covariance"][rows[chosen]] = self._drawn("covariance", np.concatenate([track, quality[:, 6:]], axis=1), places)

    def _identify(self, found: Arrays, rows: Array, tracks: Particles, places: Places) -> None:
        features = identity_features(tracks)
        decisions = places.noise("decisions", 4)
        passes = decisions[:, IS_MUON_PLACE] < self._probability("is_muon", features)[:, 0]
        rings = self._drawn("rich", features, places)
        muons = np.zeros((len(rows), len(MUON)), np.float32)
        muons[passes] = self._drawn("muon", features[passes], places.take(np.flatnonzero(passes)))
        known = np.concatenate([features, passes[:, np.newaxis].astype(np.float32), rings, muons], axis=1)
        combined = self._drawn("global_pid", known, places)
        found["identity"][rows] = np.concatenate([known[:, 9:], combined], axis=1)

    def _probability(self, stage: str, features: Array) -> Array:
        return self.sessions[stage].run({"features": features})["probability"]

    def _drawn(self, stage: str, features: Array, places: Places) -> Array:
        count = {"resolution": 9, "covariance": 15, "rich": 4, "muon": 2, "global_pid": 7}[stage]
        features = np.ascontiguousarray(features, np.float32)
        return self.sessions[stage].run({"features": features, "noise": places.noise(stage, count)})["drawn"]
