"""All taggers on the same candidates: calibrated on the validation candidates, judged on the test candidates and against the optimum."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bartik.backends import prepare
from bartik.core import Array, Arrays, Config, Interval, Progress
from bartik.core.bundle import open_bundle
from bartik.metrics import combine, dilution
from bartik.simulation.tagging import TaggingEvents, optimal_probability
from bartik.usecases.flavour_tagging import toy
from bartik.usecases.flavour_tagging.columns import TAGGERS
from bartik.usecases.flavour_tagging.ftcalib import peer_mistag
from bartik.usecases.flavour_tagging.inclusive.data import inputs_of as inclusive_inputs
from bartik.usecases.flavour_tagging.judged import judged, single_taggers
from bartik.usecases.flavour_tagging.recurrent.data import inputs_of as recurrent_inputs
from bartik.usecases.flavour_tagging.taggers.data import inputs_of as taggers_inputs
from bartik.usecases.flavour_tagging.taggers.peers import tree_taggers

INCLUSIVE, RECURRENT, COMBINED, TREES, OPTIMUM = "deep sets", "recurrent", "single taggers", "single taggers, BDT", "optimum"
PARTS = {INCLUSIVE: "inclusive", RECURRENT: "recurrent", COMBINED: "taggers"}
INPUTS = {"inclusive": inclusive_inputs, "recurrent": recurrent_inputs, "taggers": taggers_inputs}


def whole(bundles: Mapping[str, Path], config: Config, progress: Progress) -> tuple[dict[str, dict[str, Interval]], Arrays]:
    """Tagging power, calibration and oscillation amplitude of each tagger on the test candidates; arrays for the figures."""
    control, test = toy.events_of("validation", config), toy.events_of("test", config)
    answers = {split: _answers(bundles, events, config) for split, events in (("control", control), ("test", test))}
    answers["control"][TREES], answers["test"][TREES] = _trees(control, test, config)
    best = answers["test"][OPTIMUM] = optimal_probability(test)
    answers["control"][OPTIMUM] = optimal_probability(control)
    metrics: dict[str, dict[str, Interval]] = {}
    arrays: Arrays = {}
    for name in (*PARTS, TREES, OPTIMUM):
        metrics[name], found = judged((answers["control"][name], control.flavour), answers["test"][name], test, best)
        arrays |= {f"{kind}|{name}": values for kind, values in found.items()}
        if config.together.peer and name != OPTIMUM:
            arrays[f"peer|{name}"] = _peer(config.together.peer, answers["control"][name], control.flavour, found["line"][0])
        progress(f"{name}: " + ", ".join(f"{key} {value.value:.4g}" for key, value in metrics[name].items()))
    return metrics, arrays | {"single": single_taggers(answers["test"], test)}


def _answers(bundles: Mapping[str, Path], events: TaggingEvents, config: Config) -> dict[str, Array]:
    """Probability of flavour +1 [candidates] by name of the tagger."""
    outputs = {part: _run(Path(bundles[part]), INPUTS[part](events), config.together.backend) for part in INPUTS}
    found = {name: outputs[part]["score"][:, 0] for name, part in PARTS.items()}
    return found | {tagger: outputs["taggers"]["taggers"][:, place] for place, tagger in enumerate(TAGGERS)}


def _run(bundle: Path, inputs: Arrays, backend: str) -> Arrays:
    options = {"threads": 1} if backend in {"native", "onnxruntime"} else {}
    return prepare(open_bundle(bundle), backend, **options).run(inputs)


def _peer(python: str, probability: Array, flavour: Array, grid: Array) -> Array:
    """The peer's calibration on the same candidates, both flavours averaged [2, points]."""
    signed = dilution(probability)
    made = signed != 0
    lines = peer_mistag(python, (1 - np.abs(signed[made])) / 2, np.sign(signed[made]), flavour[made], grid)
    return np.stack([grid, lines.mean(0)])


def _trees(control: TaggingEvents, test: TaggingEvents, config: Config) -> tuple[Array, Array]:
    """The peer of the single taggers, trained on the training candidates: combined probability for both samples."""
    train = toy.events_of("train", config)
    rows = np.concatenate([taggers_inputs(events)["features"] for events in (control, test)])
    single = tree_taggers(taggers_inputs(train)["features"], toy.target(train), rows, config)
    together = combine(list(single.T))
    return together[: len(control)], together[len(control) :]
