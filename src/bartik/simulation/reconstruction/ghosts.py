"""Ghosts: long tracks that no particle made, to stand among those that are real."""

from __future__ import annotations

import numpy as np

from bartik.core import Array, Arrays

SHARE = 0.04
"""Ghosts among long tracks: one in ten, of which a classifier has removed 60% (LHCb-PUB-2017-011); how they are drawn is of this toy."""
_MATCHED = 0.7
"""Share of ghosts that are a real segment of the vertex locator with the momentum of another track; others go where chance has it."""
_DISPLACED = 0.3  # mm, mean distance of a random ghost from the beam line
_SLOPES = (0.02, 0.25)


def with_ghosts(rng: np.random.Generator, tracks: Arrays, share: float = SHARE) -> Arrays:
    """The ``tracks`` of many events, sorted by event, with ghosts behind those of each, whose ``particle`` is -1."""
    count = rng.binomial(len(tracks["event"]), share / (1 - share)) if share else 0
    if not count:
        return tracks
    chosen = rng.integers(len(tracks["event"]), size=count)
    event = tracks["event"][chosen]
    other = rng.integers(len(tracks["event"]), size=count)
    way = np.stack([tracks[name][chosen] / tracks["pz"][chosen] for name in ("px", "py")], axis=1)
    point = np.stack([tracks[name][chosen] for name in "xyz"], axis=1)
    random = rng.random(count) > _MATCHED
    way[random], point[random] = _chance(rng, point[random])
    p = np.sqrt(tracks["px"][other] ** 2 + tracks["py"][other] ** 2 + tracks["pz"][other] ** 2)
    pz = p / np.sqrt(1 + (way**2).sum(axis=1))
    ghosts: Arrays = {"particle": np.full(count, -1), "event": event, "px": way[:, 0] * pz, "py": way[:, 1] * pz, "pz": pz}
    ghosts |= {name: point[:, axis] for axis, name in enumerate("xyz")}
    both = {name: np.concatenate([tracks[name], values]) for name, values in ghosts.items()}
    sorting = np.argsort(both["event"], kind="stable")
    return {name: values[sorting] for name, values in both.items()}


def _chance(rng: np.random.Generator, near: Array) -> tuple[Array, Array]:
    """Slopes evenly in the acceptance, and points at some distance from those ``near``."""
    count = len(near)
    slope, phi = rng.uniform(*_SLOPES, count), rng.uniform(-np.pi, np.pi, count)
    away, turn = rng.exponential(_DISPLACED, count), rng.uniform(-np.pi, np.pi, count)
    point = near + np.stack([away * np.cos(turn), away * np.sin(turn), np.zeros(count)], axis=1)
    return np.stack([slope * np.cos(phi), slope * np.sin(phi)], axis=1), point
