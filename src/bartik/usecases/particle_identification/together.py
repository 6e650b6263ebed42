"""All models on the same test tracks, of channels they learnt from and of others, beside boosted trees and combined likelihoods."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bartik.backends import prepare
from bartik.core import Array, Arrays, Config, Dataset, Interval, Progress
from bartik.core.bundle import open_bundle
from bartik.usecases.particle_identification import toy
from bartik.usecases.particle_identification.judged import curves, judged
from bartik.usecases.particle_identification.lhcb import on_lhcb
from bartik.usecases.particle_identification.peers import dll_scores, tree_scores

PARTS = {"multi-class": "multiclass", "one against rest": "one_vs_rest", "robust": "robust"}
TREES, DLL = "BDT", "combined DLL"


def whole(bundles: Mapping[str, Path], config: Config, progress: Progress) -> tuple[dict[str, dict[str, Interval]], Arrays]:
    """AUC of each species, efficiencies at fixed misidentification, AUC on channels not trained on; arrays for the figures."""
    from bartik.usecases.particle_identification.robustness import sign_test

    samples = [toy.dataset("test", config), toy.dataset("test", config, toy.UNSEEN)]
    answers = _answers(bundles, samples, config)
    metrics: dict[str, dict[str, Interval]] = {}
    arrays: Arrays = {}
    for name, (seen, unseen) in answers.items():
        metrics[name] = judged(seen, unseen, *samples)
        arrays |= {f"{kind}|{name}": values for kind, values in curves(seen, samples[0]).items()}
        progress(f"{name}: " + ", ".join(f"{key} {value.value:.4g}" for key, value in metrics[name].items()))
    arrays |= sign_test(config, progress)
    return metrics, arrays | on_lhcb(progress)


def _answers(bundles: Mapping[str, Path], samples: list[Dataset], config: Config) -> dict[str, list[Array]]:
    """Of each model its answers [tracks, 6] on each sample."""
    inputs = [sample.inputs["features"] for sample in samples]
    found = {}
    for name, part in PARTS.items():
        options = {"threads": 1} if config.together.backend in {"native", "onnxruntime"} else {}
        session = prepare(open_bundle(Path(bundles[part])), config.together.backend, **options)
        found[name] = [session.run({"features": rows})["score"] for rows in inputs]
    train = toy.dataset("train", config)
    return found | {TREES: tree_scores(train, inputs, config), DLL: dll_scores(train, inputs)}
