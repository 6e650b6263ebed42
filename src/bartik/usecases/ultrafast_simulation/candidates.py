"""Generated events in, reconstructed tracks and primary vertices out: what ``bartik generate --with ultrafast_simulation`` adds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bartik.core import Array, Arrays
from bartik.core.bundle import open_bundle
from bartik.simulation.record import EventSample
from bartik.usecases.ultrafast_simulation.chain import IDENTITY_NAMES, NOT_FINITE, UNKNOWN, Chain
from bartik.usecases.ultrafast_simulation.columns import COVARIANCE, QUALITY
from bartik.usecases.ultrafast_simulation.counters import Places
from bartik.usecases.ultrafast_simulation.decay import measured
from bartik.usecases.ultrafast_simulation.library import Library
from bartik.usecases.ultrafast_simulation.particles import charged_of
from bartik.usecases.ultrafast_simulation.photons import photons_of
from bartik.usecases.ultrafast_simulation.together import chain_on
from bartik.usecases.ultrafast_simulation.vertices import smeared


def reconstruct(bundles: Mapping[str, Path], sample: EventSample, seed: int, first: int, backend: str) -> tuple[Arrays, list[str]]:
    """Columns ``track.*``, ``neutral.*`` and ``vertex.*`` with offsets, and lines that say what was left out.

    ``track.particle`` is the place of the particle in its event, ``neutral.particle`` that of the photon that leads a cluster;
    ``neutral.kind`` is 1 of one photon, 2 of a merged cluster of several. ``first`` is the number of the first event, which with ``seed``
    decides the random numbers. Charged particles of a species that no stage knows (light nuclei, long-lived hyperons) are left out and
    counted; so are those whose momentum or position is no number.
    """
    particles, rows, event = charged_of(sample)
    place = (rows - sample.particle_offsets[event]).astype(np.uint32)
    chain = chain_on(bundles, backend)
    tracks = chain.run(particles, Places(seed, (event + first).astype(np.uint64), place))
    kept = np.flatnonzero(tracks["class"] > 0)
    momentum, point = measured(particles.take(kept), tracks["quality"][kept])
    found: Arrays = {"track.particle": place[kept].astype(np.int32), "track.class": tracks["class"][kept]}
    found |= {"track.charge": particles.charge[kept].astype(np.int8)}
    found |= {f"track.{name}": values.astype(np.float32) for name, values in zip(("px", "py", "pz"), momentum.T, strict=True)}
    found |= {f"track.{name}": values for name, values in zip("xyz", point.T, strict=True)}
    found |= _columns("quality", [column.name for column in QUALITY], tracks, kept)
    found |= _columns("covariance", [column.name for column in COVARIANCE], tracks, kept)
    found |= _columns("identity", list(IDENTITY_NAMES), tracks, kept)
    found["track_offsets"] = np.searchsorted(event[kept], np.arange(len(sample) + 1)).astype(np.int64)
    found |= _neutrals(chain, sample, seed, first) | _vertices(sample, seed, first)
    return found, [*_left_out(particles.pdg, tracks["class"]), *_other_period(bundles, sample)]


def _columns(group: str, names: list[str], tracks: Arrays, kept: Array) -> Arrays:
    wanted = [(place, name) for place, name in enumerate(names) if name[0] != "d"]
    return {f"track.{name}": np.ascontiguousarray(tracks[group][kept, place]) for place, name in wanted}


def _neutrals(chain: Chain | Library, sample: EventSample, seed: int, first: int) -> Arrays:
    photons, rows = photons_of(sample)
    place = (rows - sample.particle_offsets[photons.event]).astype(np.uint32)
    objects = chain.objects(photons, Places(seed, (photons.event + first).astype(np.uint64), place))
    kept = np.flatnonzero(objects["kind"] > 0)
    found: Arrays = {"neutral.particle": place[kept].astype(np.int32), "neutral.kind": objects["kind"][kept].astype(np.int8)}
    found |= {f"neutral.{name}": objects["object"][kept, axis].astype(np.float32) for axis, name in enumerate(("x", "y", "energy"))}
    found["neutral_offsets"] = np.searchsorted(photons.event[kept], np.arange(len(sample) + 1)).astype(np.int64)
    return found


def _other_period(bundles: Mapping[str, Path], sample: EventSample) -> list[str]:
    """A line where the stages have learnt other conditions than those of the events."""
    learnt = {str(open_bundle(Path(path)).provenance["configuration"]["data"]["conditions"]) for path in bundles.values()}
    given = sample.about.get("conditions", "")
    if not given or learnt == {given}:
        return []
    words = f"the events are of {given}, the stages have learnt {', '.join(sorted(learnt))}"
    return [f"{words}: give --models of a run with data.conditions={given}"]


def _vertices(sample: EventSample, seed: int, first: int) -> Arrays:
    event = np.repeat(np.arange(len(sample)), np.diff(sample.collision_offsets))
    number = np.arange(len(event)) - sample.collision_offsets[event]
    true = np.stack([sample.collisions[axis] for axis in "xyz"], axis=1)
    found = smeared(true, event + first, seed, number)
    return {f"vertex.{name}": values for name, values in zip("xyz", found.T, strict=True)} | {"vertex_offsets": sample.collision_offsets}


def _left_out(pdg: Array, kind: Array) -> list[str]:
    unknown, counts = np.unique(np.abs(pdg[kind == UNKNOWN]), return_counts=True)
    numbers = ", ".join(f"{number} ({count})" for number, count in zip(unknown.tolist(), counts.tolist(), strict=True))
    lines = [f"left out, as no stage knows the species: {numbers}"] if len(unknown) else []
    bad = int((kind == NOT_FINITE).sum())
    return [*lines, f"left out, as position or momentum is no number: {bad}"] if bad else lines
