"""What the best interpretation of an event could reach: `event_limits.py [--set KEY=VALUE ...]`.

Of events of `event_interpretation`, without any network: how near to a vertex tracks of b decays and others pass; how many tracks are
dropped where 99% of those of b decays are kept, by boosted trees that know some things from the truth; how many decays are perfect where
the truth of all pairs that are looked at is known.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from bartik.core import Array, BartikError, load_config
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.metrics import auc
from bartik.simulation.response.impact import impact_parameter, impact_resolution
from bartik.usecases.event_interpretation.classifier import at_threshold, threshold_for
from bartik.usecases.event_interpretation.columns import CLASSES
from bartik.usecases.event_interpretation.decays import Found
from bartik.usecases.event_interpretation.event import Event, generations
from bartik.usecases.event_interpretation.graph import LOOSE, MIDDLE, STRICT, candidate_pairs, impact, track_columns
from bartik.usecases.event_interpretation.judged import JOINS, KEPT, Interpreted, perfect_share
from bartik.usecases.event_interpretation.sources import events_of

_SIGNIFICANCE = (0.5, 1.0, 1.5, 2.0, 3.0)
_CUTS = {"three stages, first": STRICT, "one network": MIDDLE, "three stages, last": LOOSE, "nearly all": (0.0, 0.0, 5.0)}
_NONE = 50.0  # significance of an impact parameter to a vertex that is not there


def main(arguments: list[str]) -> int:
    """Print the tables."""
    options = _parser().parse_args(arguments)
    try:
        config = load_config(usecase_folder(load_usecase("event_interpretation")), settings=options.set)
        train, test = (events_of(split, config)[0] for split in ("train", "test"))
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(_passing(test), _dropped(train, test), _perfect(test), sep="\n\n")
    return 0


def _passing(events: Sequence[Event]) -> str:
    """How near to a vertex tracks pass."""
    nearest = np.concatenate([impact(event.tracks)[1] for event in events])
    signal = np.concatenate([event.signal for event in events])
    own = np.concatenate([_to_vertices(event)[event.vertex >= 0, event.vertex[event.vertex >= 0]] for event in events])
    known = np.concatenate([event.signal[event.vertex >= 0] for event in events])
    lines = ["| impact parameter below | b tracks, nearest vertex | b tracks, own vertex | other tracks |", "|---|---|---|---|"]
    for least in _SIGNIFICANCE:
        shares = (nearest[signal] < least, own[known] < least, nearest[~signal] < least)
        lines.append(f"| {least} sigma | " + " | ".join(f"{100 * share.mean():.1f}%" for share in shares) + " |")
    with_b = np.concatenate([np.isin(event.vertex, event.vertex[event.signal]) for event in events])
    return "\n".join([*lines, "", f"{100 * with_b[~signal].mean():.1f}% of the other tracks are of a collision with a b decay"])


def _dropped(train: Sequence[Event], test: Sequence[Event]) -> str:
    """By trees that know more and more."""
    rows = [[np.concatenate(part) for part in zip(*map(_columns, events), strict=True)] for events in (train, test)]
    true = [np.concatenate([event.signal for event in events]) for events in (train, test)]
    number = np.repeat(np.arange(len(test)), [len(event) for event in test])
    lines = ["| trees know | AUC | dropped |", "|---|---|---|"]
    for end, name in enumerate(
        ("a track and how isolated it is", "impact to the next vertex", "which vertices have a b decay", "whose tracks are whose"), 1
    ):
        learnt, seen = (np.concatenate(part[:end], axis=1) for part in rows)
        trees = HistGradientBoostingClassifier(max_iter=150, max_leaf_nodes=15, learning_rate=0.08, early_stopping=False, random_state=1)
        score = trees.fit(learnt, true[0]).predict_proba(seen)[:, 1]
        _, share = at_threshold(score, true[1], number, threshold_for(score, true[1], KEPT))
        area = auc(score[true[1]], score[~true[1]])
        lines.append(f"| {name} | {area.value:.4f} | {100 * share.value:.1f}% |")
    return "\n".join(lines)


def _columns(event: Event) -> tuple[Array, ...]:
    """What trees are told of the tracks of an event: each part [tracks, any] is told with those before it."""
    every = _to_vertices(event)
    with_b = np.unique(event.vertex[event.signal & (event.vertex >= 0)])
    to_b, to_others = _least(every[:, with_b]), _least(np.delete(every, with_b, axis=1))
    second = np.sort(every, axis=1)[:, 1] if every.shape[1] > 1 else np.full(len(event), _NONE)
    truth = np.isin(event.vertex, with_b)
    nearness = np.log(np.stack([to_b, to_others], axis=1) + 1e-3)
    return track_columns(event.tracks), np.log(second + 1e-3)[:, np.newaxis], nearness, truth[:, np.newaxis].astype(float)


def _to_vertices(event: Event) -> Array:
    """Significance of the impact parameter of each track to each vertex [tracks, vertices]."""
    origin, momentum = event.tracks[:, :3].astype(np.float64), event.tracks[:, 3:6].astype(np.float64)
    found = [impact_parameter(origin, momentum, np.broadcast_to(vertex, origin.shape)) for vertex in event.vertices.astype(np.float64)]
    sigma = impact_resolution(np.hypot(momentum[:, 0], momentum[:, 1])) / 1000
    return np.stack(found, axis=1) / sigma[:, np.newaxis] if found else np.zeros((len(event), 0))


def _least(values: Array) -> Array:
    return values.min(axis=1, initial=_NONE)


def _perfect(events: Sequence[Event]) -> str:
    """Where the truth of pairs is known."""
    lines = ["| pairs looked at | an event | of those of a decay | perfect |", "|---|---|---|---|"]
    for name, cuts in _CUTS.items():
        pairs = [candidate_pairs(event.tracks, cuts) for event in events]
        true = [generations(event.clusters, *some.T) for event, some in zip(events, pairs, strict=True)]
        every = sum(int((generations(event.clusters, *np.triu_indices(len(event), 1)) > 0).sum()) for event in events)
        found = [Found(event.signal.astype(float), *known) for event, *known in zip(events, pairs, map(_sure, true), strict=True)]
        known = Interpreted(events, found, np.zeros(len(events)))
        best = max(perfect_share(known, join) for join in JOINS)
        shares = f"{100 * sum((some > 0).sum() for some in true) / every:.1f}% | {100 * best:.1f}%"
        lines.append(f"| {name} | {np.mean([len(some) for some in pairs]):.0f} | {shares} |")
    return "\n".join(lines)


def _sure(true: Array) -> Array:
    return np.asarray(np.eye(CLASSES)[true])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="of the configuration")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
