"""Candidates of two, three and four tracks: from a table, or from the toy's crossings and decays."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bartik.core import Arrays, Config, ConfigError, DataError, Dataset, Split
from bartik.simulation.reconstruction.combinations import extended, pairs_of
from bartik.simulation.reconstruction.vertices import Indices, fit_vertices, largest_doca, lines_of, variables
from bartik.usecases.candidate_table import read_candidates
from bartik.usecases.topological_trigger.columns import COLUMNS
from bartik.usecases.trigger_events import BEAUTY, ORIGINS, Block, events_of, origin_of

BODIES = (2, 3, 4)
_TRACK_PT, _TRACK_P, _TRACK_IP_CHI2 = 0.5, 5.0, 4.0
_DOCA, _MASS, _FD_CHI2 = 0.2, 7.0, 100.0
_SUM_PT = {2: 3.0, 3: 4.0, 4: 4.0}
_GOOD_PT, _GOOD_IP_CHI2 = 1.5, 16.0
_PER_ROW = ("event", "mode", "time", "crossings", "candidates", "origin", "bodies", "held_out", "across")


def data(split: Split, config: Config) -> Dataset:
    """Candidates of one split: those of crossings without a beauty hadron in them have the target 0, those of beauty decays 1.

    A candidate of a crossing as it comes that is from a beauty hadron is in the test split alone. The modes of
    ``config.data.held_out`` are in the test split alone. Spectators: as of `two_track_trigger`, and ``bodies``, ``held_out`` (1 or 0),
    ``across``, the distance in mm from the beam.
    """
    options = config.data
    if options.path:
        return _with_bodies(read_candidates(Path(options.path), COLUMNS, split, options.crossings[split]))
    held = _held_out(config)
    modes = [mode for mode in BEAUTY if split == "test" or mode not in held]
    blocks = events_of(split, config, modes, material=options.material)
    parts = [candidates(block, beauty=split == "test", veto=options.veto) for block in blocks]
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if len(np.unique(rows["target"])) < 2:
        raise DataError(f"{split}: candidates of one class only", hint="raise data.crossings and data.signal")
    rows["crossings"] = np.full(len(rows["event"]), options.crossings[split], np.int64)
    rows["held_out"] = np.isin(rows["mode"], [BEAUTY.index(mode) for mode in held]).astype(np.int64)
    return Dataset(
        inputs={"features": np.stack([rows[column.name] for column in COLUMNS], axis=1).astype(np.float32)},
        target=rows["target"],
        spectators={name: rows[name] for name in _PER_ROW},
        source=f"toy, {options.crossings[split]} crossings, {options.signal[split]} decays of {len(modes)} modes each, seed {options.seed}",
    )


def candidates(block: Block, *, beauty: bool, veto: float) -> Arrays:
    """Columns of all candidates that pass the selection before the trees; of decays only those of the signal hadron's tracks.

    Of crossings as they come those from a beauty hadron are among them where ``beauty`` says so. Vertices lie less than ``veto`` mm across
    the beam; 0: anywhere.
    """
    tracks = block.tracks
    p = np.sqrt(tracks["px"] ** 2 + tracks["py"] ** 2 + tracks["pz"] ** 2)
    kept = (tracks["pt"] > _TRACK_PT) & (p > _TRACK_P) & (tracks["ip_chi2"] > _TRACK_IP_CHI2)
    chosen = block.select(kept & tracks["signal"] if block.mode >= 0 else kept)
    rows = len(chosen.tracks["event"])
    pairs = pairs_of(chosen.tracks["event"])
    pairs = pairs[largest_doca(lines_of(chosen.tracks, pairs)) < _DOCA] if len(pairs) else pairs
    parts, sets = [], pairs
    for bodies in BODIES:
        sets = sets if bodies == BODIES[0] else extended(sets, pairs, rows)
        parts.append(_columns(chosen, sets))
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    kept = np.ones(len(found["origin"]), bool) if beauty or block.mode >= 0 else found["origin"] != ORIGINS.index("beauty")
    kept &= (found["across"] < veto) | (veto == 0)
    found = {name: values[kept] for name, values in found.items()}
    place = found["event"] - block.number[0]
    return found | {"candidates": np.bincount(place, minlength=1)[place]}


def _columns(block: Block, members: Indices) -> Arrays:
    tracks, event = block.tracks, block.tracks["event"][members[:, 0]]
    lines, bodies = lines_of(tracks, members), members.shape[1]
    found: Arrays = dict(variables(lines, fit_vertices(lines), event, block.primaries))
    good = (tracks["pt"][members] > _GOOD_PT) & (tracks["ip_chi2"][members] > _GOOD_IP_CHI2)
    found |= {"event": block.number[event], "time": np.nan_to_num(block.time[event])}
    found["origin"] = origin_of(block, members, found["primary"])
    found |= {"doca": largest_doca(lines), "bodies": np.full(len(members), bodies), "mode": np.full(len(members), block.mode)}
    found["target"] = np.full(len(members), block.mode >= 0, np.float32)
    passed = (found["sum_pt"] > _SUM_PT[bodies]) & (found["m"] < _MASS) & (found["dira"] > 0) & (found["fd_chi2"] > _FD_CHI2)
    passed &= good.any(axis=1)
    return {name: values[passed] for name, values in found.items()}


def _held_out(config: Config) -> list[str]:
    held = list(config.data.held_out)
    unknown = [mode for mode in held if mode not in BEAUTY]
    if unknown or len(held) >= len(BEAUTY):
        raise ConfigError(f"data.held_out: {', '.join(unknown) or 'nothing is left to train with'}", hint=f"modes: {', '.join(BEAUTY)}")
    return held


def _with_bodies(data: Dataset) -> Dataset:
    zeros = np.zeros(data.rows, np.int64)
    more = {"bodies": zeros, "held_out": zeros, "across": np.zeros(data.rows)}
    return Dataset(data.inputs, data.target, data.weights, data.spectators | more, data.source)
