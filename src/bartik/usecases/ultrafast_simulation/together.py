"""The whole chain beside the full toy, on the same particles; and the full toy beside itself, which is as near as can be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bartik.core import Array, Arrays, Config, Interval, Progress, UnavailableError
from bartik.metrics import ks_distance, wilson
from bartik.usecases.ultrafast_simulation import judged
from bartik.usecases.ultrafast_simulation.chain import Chain
from bartik.usecases.ultrafast_simulation.counters import Places
from bartik.usecases.ultrafast_simulation.decay import Decays, make_decays, selected, width
from bartik.usecases.ultrafast_simulation.library import Library, build_chain
from bartik.usecases.ultrafast_simulation.objects import (
    all_masses,
    object_columns,
    object_distances,
    objects_told_apart,
    peak,
    pion_masses,
    shares,
)
from bartik.usecases.ultrafast_simulation.particles import Particles, taught
from bartik.usecases.ultrafast_simulation.photons import full_toy_objects, photons_taught
from bartik.usecases.ultrafast_simulation.truth import full_toy

FAST, FLOOR, FULL = "ultra-fast", "full toy, drawn again", "full toy"
_SHOWN = 30_000
"""Tracks of each sample whose columns are kept for the figures."""


def chain_on(bundles: Mapping[str, Path], backend: str) -> Chain | Library:
    """The chain as one C++ library, or on a backend by name."""
    return Library(build_chain(bundles)) if backend == "library" else Chain(bundles, backend)


def whole(bundles: Mapping[str, Path], config: Config, progress: Progress) -> tuple[dict[str, dict[str, Interval]], Arrays]:
    """Distances, cuts, correlations, classifier and mass peak of the chain, and of the full toy drawn again; arrays for the figures."""
    particles = taught("test", config, config.data.rows)
    rows = np.arange(len(particles))
    places = Places(config.data.seed, rows.astype(np.uint64), np.zeros(len(rows), np.uint32))
    chain = _chain(bundles, config, progress)
    progress(f"full toy of {len(particles)} particles, twice")
    truth, again = (judged.of_full_toy(full_toy(np.random.default_rng([config.data.seed, k]), particles)) for k in (1, 2))
    samples = {FAST: chain.run(particles, places), FLOOR: again}
    progress(f"ultra-fast: {int((samples[FAST]['class'] > 0).sum())} tracks, full toy: {int((truth['class'] > 0).sum())}")
    peaks, arrays = _peaks(chain, particles, config)
    neutral, drawn = neutral_comparison(chain, config)
    arrays |= drawn
    metrics: dict[str, dict[str, Interval]] = {}
    for name, sample in samples.items():
        metrics[name], found = _judged(particles, truth, sample, config)
        metrics[name] |= peaks[name] | {f"{key}, {FULL}": value for key, value in peaks[FULL].items()}
        metrics[name] |= neutral[name] | {f"{key}, {FULL}": value for key, value in neutral[FULL].items()}
        arrays |= {f"{key}|{name}": values for key, values in found.items()}
        progress(f"{name}: largest KS {metrics[name]['largest KS'].value:.4f}, AUC {metrics[name]['classifier AUC'].value:.3f}")
    shared = set.intersection(*(set(values) for values in metrics.values()))
    metrics = {name: {key: value for key, value in values.items() if key in shared} for name, values in metrics.items()}
    return metrics, arrays | _shown({FULL: truth} | {FAST: samples[FAST]})


def neutral_comparison(chain: Chain | Library, config: Config) -> tuple[dict[str, dict[str, Interval]], Arrays]:
    """Neutral objects of the chain and of the full toy drawn again beside those of the full toy, by sample; arrays for the figures."""
    photons, mother = photons_taught("test", config, config.together.photons)
    rng = np.random.default_rng([config.data.seed, 4])
    number = np.arange(len(photons))
    samples = {FAST: chain.objects(photons, Places(config.data.seed, photons.event.astype(np.uint64), number.astype(np.uint32)))}
    samples |= {name: full_toy_objects(rng, photons) for name in (FULL, FLOOR)}
    metrics, arrays = dict[str, dict[str, Interval]](), dict[str, Array]()
    for name, sample in samples.items():
        width = peak(masses := pion_masses(mother, sample))
        metrics[name] = {"pi0 mass [MeV]": width[0], "pi0 mass width [MeV]": width[1]}
        metrics[name] |= {key: wilson(share * total, float(total)) for key, (share, total) in shares(sample).items()}
        arrays |= {f"pi0|{name}": masses, f"pairs|{name}": all_masses(photons, sample)}
        arrays |= {f"{key}|{name}": values for key, values in object_columns(photons, sample).items()}
    for name in (FAST, FLOOR):
        metrics[name] |= {f"KS {key}": value for key, value in object_distances(photons, samples[FULL], samples[name]).items()}
        metrics[name]["KS mass of pi0"] = ks_distance(arrays[f"pi0|{FULL}"], arrays[f"pi0|{name}"])
        metrics[name]["neutral classifier AUC"] = objects_told_apart(photons, samples[FULL], samples[name], config)
    return metrics, arrays


def _chain(bundles: Mapping[str, Path], config: Config, progress: Progress) -> Chain | Library:
    try:
        return chain_on(bundles, config.together.backend)
    except UnavailableError as error:
        progress(f"{error.message}: the chain runs on onnxruntime")
        return Chain(bundles, "onnxruntime")


def _judged(particles: Particles, truth: Arrays, sample: Arrays, config: Config) -> tuple[dict[str, Interval], Arrays]:
    """Of a sample beside the full toy."""
    far, cuts = judged.distances(truth, sample), judged.cuts(particles, truth, sample)
    largest = {name: cut.largest for name, cut in cuts.items()}
    known = {name: value for name, value in largest.items() if np.isfinite(value.value)}
    nothing = Interval(0.0, 0.0, 0.0)
    metrics = {
        "largest KS": max(far.values(), key=lambda value: value.value),
        "largest cut difference": max(known.values(), key=lambda value: value.value, default=nothing),
        "classifier AUC": judged.told_apart(particles, truth, sample, config),
        "largest correlation difference": judged.correlation_difference(truth, sample),
    }
    metrics |= {f"KS {name}": value for name, value in far.items()} | {f"cut {name}": value for name, value in known.items()}
    arrays = {"distances": np.array([value.value for value in far.values()])}
    for name, cut in cuts.items():
        arrays[f"cut {name}"] = np.stack([cut.edges[:-1], cut.edges[1:], cut.first, cut.second, cut.error], axis=1)
    return metrics, arrays


def _peaks(chain: Chain | Library, particles: Particles, config: Config) -> tuple[dict[str, dict[str, Interval]], Arrays]:
    """Efficiency of each step and width of the mass peak, by sample."""
    rng = np.random.default_rng([config.data.seed, 3])
    decays = make_decays(rng, config.together.decays, particles.charged, config.data.seed)
    tracks = {FAST: chain.run(decays.particles, decays.places)}
    tracks |= {name: judged.of_full_toy(full_toy(rng, decays.particles)) for name in (FULL, FLOOR)}
    metrics, arrays = {}, {}
    for name, found in tracks.items():
        metrics[name], arrays[f"mass|{name}"] = _peak(decays, found)
    return metrics, arrays


def _peak(decays: Decays, tracks: Arrays) -> tuple[dict[str, Interval], Array]:
    steps = selected(decays, tracks)
    count = len(steps["mass"])
    names = {"found": "D0 both tracks long", "kept": "D0 selected", "named": "D0 selected and identified"}
    metrics = {text: wilson(float(steps[step].sum()), float(count)) for step, text in names.items()}
    masses = steps["mass"][steps["named"]]
    _, half = width(masses)
    error = half * np.sqrt(0.7 / max(len(masses), 1)) if np.isfinite(half) else 0.0
    half = half if np.isfinite(half) else 0.0
    return metrics | {"D0 mass width [MeV]": Interval(1e3 * half, 1e3 * (half - error), 1e3 * (half + error))}, masses


def _shown(samples: Mapping[str, Arrays]) -> Arrays:
    """Columns of some tracks of each sample."""
    found: Arrays = {}
    for name, sample in samples.items():
        rows = np.flatnonzero(np.isfinite(sample["identity"]).all(axis=1))[:_SHOWN]
        found |= {f"{group}|{name}": np.asarray(sample[group][rows], np.float32) for group in judged.GROUPS}
    return found
