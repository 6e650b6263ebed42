"""The neutral stage on any backend, and objects compared: numbers, energies, positions, and the mass of neutral pions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from bartik.backends import prepare
from bartik.core import Array, Arrays, Config, Interval
from bartik.core.bundle import open_bundle
from bartik.metrics import auc, ks_distance
from bartik.simulation.response.clusters import FACE
from bartik.usecases.ultrafast_simulation.counters import Places
from bartik.usecases.ultrafast_simulation.photons import Photons, windows

MASSES = (0.06, 0.22)
"""GeV: the window of the peak."""
RESIDUALS = ("neutral energy over the photon's", "neutral x less the photon's", "neutral y less the photon's")
"""Of each object: the logarithm of the ratio, and distances in cells."""


class NeutralStage:
    """The bundle of ``neutral`` on a backend: the same photons, seed and counters give the same objects."""

    def __init__(self, bundle: Path, backend: str = "native") -> None:
        """Prepare it, on one thread."""
        options = {"threads": 1} if backend in {"native", "onnxruntime"} else {}
        self.session = prepare(open_bundle(Path(bundle)), backend, **options)

    def run(self, photons: Photons, places: Places) -> Arrays:
        """As `photons.full_toy_objects`; ``places.particle`` is the photon's place among the particles of its event."""
        if not len(photons):
            return {"kind": np.zeros(0, np.int32), "object": np.zeros((0, 3), np.float32)}
        found = self.session.run({"photons": windows(photons), "noise": places.noise("neutral", 3)})
        return decided(found["probability"], found["drawn"], places.noise("neutral decisions", 2))


def decided(probability: Array, drawn: Array, decisions: Array) -> Arrays:
    """Objects from probabilities [photons, 2] of an object and of a merged one, what was drawn [photons, 3], and uniform numbers."""
    there, merged = (decisions < probability).T
    return {"kind": np.where(there, 1 + merged, 0).astype(np.int32), "object": np.where(there[:, np.newaxis], drawn, np.float32(np.nan))}


def residual_table(photons: Photons, found: Arrays) -> npt.NDArray[np.float64]:
    """Of each object [objects, 4]: logarithm of energy over its photon's, distance along x and y in cells, and whether it is merged."""
    rows = np.flatnonzero(found["kind"] > 0)
    true, cell = photons.at[rows], photons.cell[rows]
    there = np.asarray(found["object"], float)[rows]
    moved = (there[:, :2] - true[:, :2]) / cell[:, np.newaxis]
    return np.column_stack([np.log(there[:, 2] / true[:, 2]), moved, found["kind"][rows] == 2])


def object_distances(photons: Photons, first: Arrays, second: Arrays) -> dict[str, Interval]:
    """Kolmogorov-Smirnov distances by name: objects in an event, energies, positions, all three against the photon's."""
    found = {"objects in an event": ks_distance(*(_counts(photons, sample) for sample in (first, second)))}
    for place, name in enumerate(("x", "y", "energy")):
        found[f"neutral {name}"] = ks_distance(*(_known(sample)[:, place] for sample in (first, second)))
    tables = [residual_table(photons, sample) for sample in (first, second)]
    for place, name in enumerate(RESIDUALS):
        found[name] = ks_distance(*(table[:, place] for table in tables))
    masses = [all_masses(photons, sample) for sample in (first, second)]
    if all(map(len, masses)):
        found["mass of pairs"] = ks_distance(*masses)
    return found


def object_columns(photons: Photons, found: Arrays) -> Arrays:
    """What object_distances looks at, by name."""
    table = residual_table(photons, found)
    columns = {"objects in an event": _counts(photons, found), "neutral energy": _known(found)[:, 2]}
    return columns | {name: table[:, place] for place, name in enumerate(RESIDUALS)}


def shares(found: Arrays) -> dict[str, tuple[float, int]]:
    """Share of the photons that lead an object, and of the objects that are merged, each with the number that it is of."""
    objects = int((found["kind"] > 0).sum())
    merged = int((found["kind"] == 2).sum()) / max(objects, 1)
    return {
        "photons with an object": (objects / len(found["kind"]), len(found["kind"])),
        "objects that are merged": (merged, max(objects, 1)),
    }


def objects_told_apart(photons: Photons, first: Arrays, second: Arrays, config: Config) -> Interval:
    """AUC of boosted trees that know the photon, its neighbours and the object; half of the events to learn, the others to judge."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    seen = windows(photons).astype(float)
    seen[:, :-1, :2] = np.where(seen[:, :-1, 2:] > 0, (seen[:, :-1, :2] - seen[:, -1:, :2]) / photons.cell[:, np.newaxis, np.newaxis], 99.0)
    tables = [np.column_stack([seen[:, 4:].reshape(len(photons), -1)[s["kind"] > 0], residual_table(photons, s)]) for s in (first, second)]
    learns = [(photons.event % 2 == 0)[sample["kind"] > 0] for sample in (first, second)]
    rows = np.concatenate([table[part] for table, part in zip(tables, learns, strict=True)])
    trees = HistGradientBoostingClassifier(
        max_iter=config.together.trees, learning_rate=0.1, max_leaf_nodes=31, early_stopping=False, random_state=config.train.seed
    ).fit(rows, np.repeat([0, 1], [part.sum() for part in learns]))
    one, other = (trees.predict_proba(table[~part])[:, 1] for table, part in zip(tables, learns, strict=True))
    return auc(other, one)


def pion_masses(mother: Array, found: Arrays) -> npt.NDArray[np.float64]:
    """Masses in GeV of objects of which none is merged and whose photons are of one π⁰ (``mother`` [photons])."""
    rows = np.flatnonzero((found["kind"] == 1) & (mother >= 0))
    rows = rows[np.argsort(mother[rows], kind="stable")]
    pairs = np.flatnonzero(mother[rows][1:] == mother[rows][:-1])
    return _mass(np.asarray(found["object"], float)[rows[pairs]], np.asarray(found["object"], float)[rows[pairs + 1]])


def all_masses(photons: Photons, found: Arrays, most: int = 400) -> npt.NDArray[np.float64]:
    """Masses within `MASSES` of all pairs of objects of the first ``most`` events, with a transverse momentum over 1 GeV."""
    rows = np.flatnonzero((found["kind"] == 1) & (photons.event < most))
    table, event, made = np.asarray(found["object"], float)[rows], photons.event[rows], []
    for start, stop in zip(*_ranges(event), strict=True):
        one, other = np.triu_indices(stop - start, 1)
        first, second = table[start + one], table[start + other]
        pt = np.hypot(*(_way(first) + _way(second))[:, :2].T)
        mass = _mass(first, second)
        made.append(mass[(pt > 1.0) & (mass > MASSES[0]) & (mass < MASSES[1])])
    return np.concatenate([np.zeros(0), *made])


def peak(masses: Array) -> tuple[Interval, Interval]:
    """Middle and half of the central 68.3% of the masses within `MASSES`, in MeV, with statistical errors."""
    inside = masses[(masses > MASSES[0]) & (masses < MASSES[1])]
    low, middle, high = 1e3 * np.quantile(inside, [0.1585, 0.5, 0.8415]) if len(inside) else np.zeros(3)
    half = float(high - low) / 2
    error = half / np.sqrt(max(len(inside), 1))
    return tuple(Interval(float(v), float(v - e), float(v + e)) for v, e in ((middle, 1.25 * error), (half, 0.84 * error)))  # type: ignore[return-value]


def _counts(photons: Photons, found: Arrays) -> Array:
    return np.bincount(photons.event[found["kind"] > 0], minlength=int(photons.event.max(initial=0)) + 1)


def _known(found: Arrays) -> Array:
    return np.asarray(found["object"], float)[found["kind"] > 0]


def _ranges(event: Array) -> tuple[Array, Array]:
    starts = np.flatnonzero(np.diff(event, prepend=-1))
    return starts, np.append(starts[1:], len(event)) if len(starts) else starts


def _way(objects: Array) -> npt.NDArray[np.float64]:
    """Momenta in GeV of photons from the middle of the detector."""
    place = np.column_stack([objects[:, :2], np.full(len(objects), FACE)])
    return np.asarray(place / np.linalg.norm(place, axis=1, keepdims=True) * objects[:, 2:3])


def _mass(first: Array, second: Array) -> npt.NDArray[np.float64]:
    one, other = _way(first), _way(second)
    return np.asarray(np.sqrt(np.maximum(2 * (first[:, 2] * second[:, 2] - (one * other).sum(axis=1)), 0.0)))
