"""All models on the same incident energies, judged against one half of the test showers; the other half is the floor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bartik.backends import prepare
from bartik.core import Array, Arrays, Config, Interval, Progress
from bartik.core.bundle import Bundle, open_bundle
from bartik.core.voxels import Binning
from bartik.data.calochallenge import warn_outside
from bartik.usecases.calorimeter_showers.judged import Sample, by_energy, judged
from bartik.usecases.calorimeter_showers.published import published
from bartik.usecases.calorimeter_showers.sample import energies_of, geometry_of, noise_of, showers_of
from bartik.usecases.calorimeter_showers.speed import parameters, times

FLOW, MATCHING, GAN, VAE, FLOOR = "flow", "flow matching", "GAN", "VAE", "floor"
PARTS = {FLOW: "flow", MATCHING: "flow_matching", GAN: "gan", VAE: "vae"}
REFERENCE = "simulation"
_NOISE = 77


def whole(bundles: Mapping[str, Path], config: Config, progress: Progress) -> tuple[dict[str, dict[str, Interval]], Arrays]:
    """Metrics of every model and of the floor; for the figures the showers' observables, times by batch and runtime, published results."""
    where, test = geometry_of(config), showers_of("test", config)
    binning, half = where.binning, len(test) // 2
    reference = Sample.of(test.voxels[:half], test.incident[:half], binning)
    metrics: dict[str, dict[str, Interval]] = {}
    arrays: Arrays = published() | shown(REFERENCE, reference, binning)
    samples = {name: Sample.of(made_by(open_bundle(Path(bundles[part])), test.incident[:half], config), test.incident[:half], binning)
               for name, part in PARTS.items()}  # fmt: skip
    samples[FLOOR] = Sample.of(test.voxels[half : 2 * half], test.incident[half : 2 * half], binning)
    for name, sample in samples.items():
        metrics[name] = judged(reference, sample, where.response.threshold, config.judge) | by_energy(sample, energies_of(config))
        arrays |= shown(name, sample, binning)
        progress(f"{name}: " + ", ".join(f"{key} {metrics[name][key].value:.4g}" for key in ("AUC, low level", "AUC, high level", "FPD")))
    metrics[REFERENCE] = by_energy(reference, energies_of(config))
    for name, part in PARTS.items():
        bundle = open_bundle(Path(bundles[part]))
        arrays[f"times|{name}"] = times(bundle, test.incident, config.bench)
        arrays[f"parameters|{name}"] = np.asarray([parameters(bundle)])
        progress(f"{name}: {parameters(bundle)} parameters; ms a shower [batch, native, onnxruntime] {arrays[f'times|{name}'].tolist()}")
    return metrics, arrays


def made_by(bundle: Bundle, incident: Array, config: Config) -> Array:
    """Showers [showers, voxels] in MeV of the model for incident energies in MeV [showers]; a warning for energies it does not know."""
    warn_outside(bundle.name, incident, *energies_of(config))
    options = {"threads": 1} if config.judge.backend in {"native", "onnxruntime"} else {}
    session = prepare(bundle, config.judge.backend, **options)
    width = int(bundle.signature.inputs[1].shape[1])
    energy = np.asarray(incident, np.float32).reshape(-1, 1)
    noise = noise_of(len(energy), width, (config.data.seed, _NOISE))
    parts = [
        session.run({"energy": energy[at : at + 1000], "noise": noise[at : at + 1000]})["showers"] for at in range(0, len(energy), 1000)
    ]
    return np.concatenate(parts)


def shown(name: str, sample: Sample, binning: Binning) -> Arrays:
    """What the figures show of a sample."""
    found = sample.observables
    middle = len(binning.filled) // 3
    profile = found["E_layer"] / sample.incident[:, None]
    rings = sample.showers.reshape(len(sample.showers), len(binning.layers), -1, binning.layers[0].rings).sum(2)
    voxels = sample.showers[sample.showers > 0]
    return {
        f"total|{name}": found["E_tot / E_inc"][:, 0],
        f"incident|{name}": sample.incident,
        f"profile|{name}": np.stack([profile.mean(0), profile.std(0)]),
        f"rings|{name}": (rings / sample.incident[:, None, None]).mean(0),
        f"centre|{name}": found["centre x"][:, middle],
        f"width|{name}": found["width r"][:, middle],
        f"sparsity|{name}": found["sparsity"].mean(1),
        f"voxels|{name}": np.log10(voxels[:: max(1, len(voxels) // 200_000)]),
    }
