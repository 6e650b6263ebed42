"""Networks with and without decomposition on channels they have not seen, many seeds at once: a sign test.

Each seed draws the bias of every channel and the first weights anew. One body is trained in the ordinary
way; its ordinary last layer and the common part of a decomposed one are compared on tracks of the seen and of the unseen channels.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Arrays, Config, ConfigError, Progress
from bartik.metrics import auc
from bartik.simulation.calibration_channels import CHANNELS
from bartik.simulation.identification import SHIFT, SPECIES, identified_tracks
from bartik.usecases.particle_identification.columns import NAMES
from bartik.usecases.particle_identification.toy import TRAINED, UNSEEN, features

MEAN_BIASES, SPREAD_BIAS = (0.8, 0.0), 1.0
"""Of channels that are seen and of others, in units of `SHIFT`: the selections of calibration channels push the same way, and differ."""
HIDDEN = (32, 16)
WITHIN, ORTHOGONALITY = 20.0, 5.0
"""Chosen with seeds from 100 on; those of the test begin at 0."""
_BATCH, _RATE = 256, 0.003
_CHARGE = NAMES.index("velo_charge")


def sign_test(config: Config, progress: Progress) -> Arrays:
    """``robustness`` [seeds, 4]: mean AUC of the ordinary network on seen and unseen channels, of the robust one on both."""
    options = config.robustness
    for key in ("seeds", "tracks", "epochs"):
        if options[key] < 1:
            raise ConfigError(f"robustness.{key}: wanted 1 or more, got {options[key]}")
    seeds = range(options.first, options.first + options.seeds)
    rng = np.random.default_rng((config.data.seed, 77))
    sizes = {"train": (options.tracks, TRAINED), "seen": (options.tracks // 2, TRAINED), "unseen": (options.tracks // 2, UNSEEN)}
    samples = {name: identified_tracks(rng, size, channels, np.zeros(len(CHANNELS))) for name, (size, channels) in sizes.items()}
    answers = _trained(samples, [_biases(seed) for seed in seeds], seeds, options.epochs)
    columns = [[_mean_auc(one, samples[sample]["species"]) for one in answers[sample][layer]] for layer, sample in _COLUMNS]
    table = np.array(columns).T
    wins, p = sign(table)
    progress(f"robust: degrades less on unseen channels in {wins} of {len(seeds)} seeds (p = {p:.2g})")
    return {"robustness": table}


_COLUMNS = ((0, "seen"), (0, "unseen"), (1, "seen"), (1, "unseen"))


def sign(table: Array) -> tuple[int, float]:
    """In how many rows [seeds, 4] the robust network degrades less, and how probable so many or more are where neither is better.

    >>> sign(np.array([[0.98, 0.94, 0.97, 0.95]] * 5))
    (5, 0.03125)
    """
    from scipy.stats import binomtest

    gained = (table[:, 0] - table[:, 1]) - (table[:, 2] - table[:, 3])
    wins, counted = int((gained > 0).sum()), int((gained != 0).sum())
    return wins, float(binomtest(wins, counted, alternative="greater").pvalue) if counted else 1.0


def _biases(seed: int) -> npt.NDArray[np.float64]:
    mean = np.repeat(MEAN_BIASES, (len(TRAINED), len(UNSEEN)))
    return mean + SPREAD_BIAS * np.random.default_rng((77, seed)).standard_normal(len(CHANNELS))


def _mean_auc(answers: Array, species: Array) -> float:
    return float(np.mean([auc(answers[species == k, k], answers[species != k, k]).value for k in range(len(SPECIES))]))


def _shifted(tracks: Arrays, biases: Array) -> Array:
    """Features [tracks, 14] with the biases [channels] of a seed."""
    found = features(tracks)
    found[:, _CHARGE] += biases[tracks["channel"]] * SHIFT[tracks["species"]]
    return found


def _trained(samples: Mapping[str, Arrays], biases: list[Array], seeds: range, epochs: int) -> dict[str, Array]:
    """Answers of both last layers [2, seeds, tracks, 6] by sample of networks trained on the sample ``train``."""
    import torch

    from bartik.nn.decomposed import Decomposition
    from bartik.usecases.particle_identification.stacked_network import Training, answers, train_stack

    rows = {name: np.stack([_shifted(tracks, bias) for bias in biases]) for name, tracks in samples.items()}
    target = (samples["train"]["species"], samples["train"]["channel"])
    how = Training(HIDDEN, epochs, _BATCH, _RATE, Decomposition(WITHIN, ORTHOGONALITY))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        stack = train_stack(rows["train"], target, seeds, how)
        return {name: answers(stack, rows[name]) for name in ("seen", "unseen")}
    finally:
        torch.set_num_threads(before)
