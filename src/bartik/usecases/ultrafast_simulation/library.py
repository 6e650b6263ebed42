"""The whole chain as one C++ library with a C ABI, and its binding."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bartik.compiler.build import FLAGS, build_shared
from bartik.compiler.emit.functions import is_wide
from bartik.compiler.pipeline import Compiled, compiled
from bartik.core import Array, Arrays, UnsupportedError
from bartik.core.bundle import open_bundle
from bartik.core.digest import digest_values
from bartik.simulation.response import clusters
from bartik.simulation.response.tracking import SLOWEST
from bartik.usecases.ultrafast_simulation.chain import EVERY, IDENTITY_NAMES
from bartik.usecases.ultrafast_simulation.columns import COVARIANCE, QUALITY
from bartik.usecases.ultrafast_simulation.counters import Places
from bartik.usecases.ultrafast_simulation.particles import LAST, WIDEST, Particles
from bartik.usecases.ultrafast_simulation.photons import REACH, SLOTS, Photons
from bartik.usecases.ultrafast_simulation.truth import IDENTIFIED

_TEMPLATE = Path(__file__).with_name("chain.cpp")


def library_source(bundles: Mapping[str, Path]) -> str:
    """One C++17 file that needs nothing but a compiler: every stage as `bartik.compiler` writes it, then the chain."""
    done = {stage: compiled(open_bundle(Path(bundles[stage]))) for stage in EVERY}
    for stage, stage_done in done.items():
        _check(stage, stage_done)
    limits = {"WIDEST": WIDEST, "SLOWEST": SLOWEST, "LAST": LAST, "SOFTEST": IDENTIFIED[0], "HARDEST": IDENTIFIED[1]}
    words = {name: repr(float(value)) for name, value in limits.items()}
    words |= {"FACE": repr(clusters.FACE), "REACH": repr(REACH), "SOFTEST_PHOTON": repr(clusters.SOFTEST), "SLOTS": str(SLOTS)}
    words |= {"HOLE_X": repr(clusters.HOLE[0]), "HOLE_Y": repr(clusters.HOLE[1])}
    words["ZONES"] = ", ".join("{" + ", ".join(map(repr, zone)) + "}" for zone in clusters.ZONES)
    words |= {stage: f"bartik::{found.unit.word}" for stage, found in done.items()}
    words["DIGEST"] = digest_values([found.unit.digest for found in done.values()])
    text = _TEMPLATE.read_text(encoding="utf-8")
    for name, value in words.items():
        text = text.replace(f"@{name}@", value)
    return "\n".join([*(found.header for found in done.values()), text])


def _check(stage: str, done: Compiled) -> None:
    if is_wide(done.columns):
        raise UnsupportedError(f"{stage}: a row needs more memory than the chain keeps on the stack", hint="take smaller layers")


def build_chain(bundles: Mapping[str, Path], flags: Sequence[str] = FLAGS) -> Path:
    """The shared library, from the cache where it was built before."""
    return build_shared(library_source(bundles), name="bartik_ultrafast", flags=flags)


class Library:
    """The compiled chain called by ctypes, which lets go of Python's lock: as `Chain` on ``native``, bit by bit."""

    def __init__(self, path: Path) -> None:
        """Open the shared library that `build_chain` made."""
        library, pointer = ctypes.CDLL(str(path)), ctypes.c_void_p
        self._run, self._neutral = library.bartik_ultrafast_run, library.bartik_ultrafast_neutral
        self._at_face = library.bartik_ultrafast_at_face
        self._at_face.argtypes, self._at_face.restype = [pointer, pointer, ctypes.c_size_t, pointer], None
        self._run.argtypes = [*[pointer] * 6, ctypes.c_uint64, ctypes.c_size_t, *[pointer] * 4]
        self._neutral.argtypes = [*[pointer] * 2, ctypes.c_size_t, *[pointer] * 2, ctypes.c_uint64, *[pointer] * 2]
        self._run.restype = self._neutral.restype = None

    def run(self, particles: Particles, places: Places) -> Arrays:
        """As `Chain.run`."""
        rows = len(particles)
        given: list[Array] = [
            np.ascontiguousarray(particles.origin, np.float64),
            np.ascontiguousarray(particles.momentum, np.float64),
            np.ascontiguousarray(particles.pdg, np.int32),
            np.ascontiguousarray(particles.charged, np.float32),
            np.ascontiguousarray(places.event, np.uint64),
            np.ascontiguousarray(places.particle, np.uint32),
        ]
        found = {"class": np.empty(rows, np.int32)}
        widths = {"quality": len(QUALITY), "covariance": len(COVARIANCE), "identity": len(IDENTITY_NAMES)}
        found |= {name: np.empty((rows, width), np.float32) for name, width in widths.items()}
        every: list[Array] = [*given, *found.values()]
        addresses = [array.ctypes.data for array in every]
        self._run(*addresses[:6], places.seed, rows, *addresses[6:])
        return found

    def at_face(self, origin: Array, momentum: Array) -> Array:
        """As `Photons.at` [rows, 3] of photons from ``origin`` (mm) with ``momentum`` (GeV) [rows, 3]; 0 where one leaves nothing."""
        found = np.empty((len(origin), 3))
        given = [np.ascontiguousarray(array, np.float64) for array in (origin, momentum)]
        self._at_face(given[0].ctypes.data, given[1].ctypes.data, len(found), found.ctypes.data)
        return found

    def objects(self, photons: Photons, places: Places) -> Arrays:
        """As `Chain.objects`."""
        starts = np.flatnonzero(np.diff(photons.event, prepend=-1))
        offsets = np.append(starts, len(photons)).astype(np.uint64)
        at = np.ascontiguousarray(photons.at, np.float64)
        event, particle = np.ascontiguousarray(places.event, np.uint64), np.ascontiguousarray(places.particle, np.uint32)
        found = {"kind": np.empty(len(photons), np.int32), "object": np.empty((len(photons), 3), np.float32)}
        given = [array.ctypes.data for array in (at, offsets, event, particle, found["kind"], found["object"])]
        self._neutral(*given[:2], len(starts), *given[2:4], places.seed, *given[4:])
        return found
