"""Rows from the full toy: a photon and those around it, and the cluster that it leads."""

from __future__ import annotations

import numpy as np

from bartik.core import SPLITS, Arrays, Column, Config, Dataset, Signature, Split, TensorSpec
from bartik.usecases.ultrafast_simulation.columns import NOISE_DESCRIPTION
from bartik.usecases.ultrafast_simulation.photons import SLOTS, full_toy_objects, photons_taught, windows

_PHOTON = (Column("x", "mm", "at the calorimeter"), Column("y", "mm", "at the calorimeter"), Column("energy", "GeV", "0: nothing here"))
_OBJECT = (Column("x", "mm", "of the cluster"), Column("y", "mm", "of the cluster"), Column("energy", "GeV", "of the cluster"))
_ANSWERS = (Column("p_object", "", "that the last photon leads a cluster"), Column("p_merged", "", "that this is one of several photons"))
_NOISE = tuple(Column(f"u{number}", "", NOISE_DESCRIPTION) for number in range(3))
signature = Signature(
    (TensorSpec("photons", "float32", ("batch", SLOTS, 3), _PHOTON), TensorSpec("noise", "float32", ("batch", 3), _NOISE)),
    (TensorSpec("probability", "float32", ("batch", 2), _ANSWERS), TensorSpec("drawn", "float32", ("batch", 3), _OBJECT)),
)
_SHARE = {"train": 1.0, "validation": 0.2, "test": 0.5}
_LEAST = 300


def data(split: Split, config: Config) -> Dataset:
    """Photons of whole events of one split.

    The target [rows, 5] is whether there is an object, whether it is merged, and what the flow draws (0 where there is none): the
    logarithm of energy over the photon's, and distances along x and y in cells. Spectators: ``kind`` and ``object`` of the full toy, the
    same of it drawn ``again`` (of the test split), the ``decisions``' random numbers, the ``photon`` itself, its ``event`` and ``mother``.
    """
    photons, mother = photons_taught(split, config, max(_LEAST, int(_SHARE[split] * config.data.rows)))
    rng = np.random.default_rng([config.data.seed, SPLITS.index(split), 10])
    found = full_toy_objects(rng, photons)
    again = full_toy_objects(rng, photons) if split == "test" else found
    noise, decisions = (_uniform(rng, (len(photons), width)) for width in (3, 2))
    there = found["kind"] > 0
    apart = (found["object"] - photons.at) / photons.cell[:, np.newaxis]
    numbers = np.column_stack([np.log(found["object"][:, 2] / photons.at[:, 2]), apart[:, :2]])
    target = np.column_stack([there, found["kind"] == 2, np.where(there[:, np.newaxis], numbers, 0.0)])
    beside: Arrays = {"event": 10**9 * SPLITS.index(split) + photons.event, "mother": mother, "photon": photons.at, "decisions": decisions}
    beside |= found | {f"again {name}": values for name, values in again.items()}
    source = f"the full toy, {len(photons)} photons of parametric collisions"
    return Dataset({"photons": windows(photons), "noise": noise}, target.astype(np.float32), spectators=beside, source=source)


def edge_cases() -> Arrays:
    """A photon alone in each zone, one of very much energy, one at the edge of the hole, and eight in one place."""
    photons = np.zeros((6, SLOTS, 3), np.float32)
    photons[:, -1] = [(500, 0, 10), (1500, 900, 5), (3000, -2000, 2), (-3878, 3151, 5000), (324, 0, 30), (700, 300, 4)]
    photons[5] = photons[5, -1]
    return {"photons": photons, "noise": np.full((6, 3), 0.3, np.float32)}


def _uniform(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return np.asarray((rng.integers(0, 2**23, shape) + 0.5).astype(np.float32) * np.float32(2.0**-23))
