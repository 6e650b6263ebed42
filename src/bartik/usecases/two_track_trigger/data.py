"""Pairs of tracks: from a table of candidates, or from the toy's crossings and decays."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bartik.core import Arrays, Config, DataError, Dataset, Split
from bartik.simulation.reconstruction.combinations import pairs_of
from bartik.simulation.reconstruction.vertices import Indices, fit_vertices, lines_of, variables
from bartik.usecases.candidate_table import read_candidates
from bartik.usecases.trigger_events import Block, events_of, origin_of
from bartik.usecases.two_track_trigger.columns import COLUMNS

_TRACK_PT, _TRACK_IP_CHI2 = 0.2, 4.0
_VERTEX_CHI2, _PT, _MASS, _ETA = 20.0, 1.0, 1.0, (2.0, 5.0)
_ACROSS = 4.0
"""Millimetres that a vertex may be from the beam: behind them begin foil and modules, and strange hadrons would fill the rate."""
_PER_EVENT = ("event", "mode", "time", "crossings", "candidates", "origin")


def data(split: Split, config: Config) -> Dataset:
    """Candidates of one split: those of crossings as they come have the target 0, those from a signal hadron 1, and no others are kept.

    Spectators: ``event``; ``mode`` (place in `MODES`, -1 of crossings); ``time`` of the hadron in ps, 0 of crossings; ``origin`` (place in
    `ORIGINS`); ``candidates`` of the row's event; ``crossings`` of the split, with a candidate or not.
    """
    options = config.data
    if options.path:
        return read_candidates(Path(options.path), COLUMNS, split, options.crossings[split])
    parts = [candidates(block) for block in events_of(split, config)]
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if len(np.unique(rows["target"])) < 2:
        raise DataError(f"{split}: candidates of one class only", hint="raise data.crossings and data.signal")
    rows["crossings"] = np.full(len(rows["event"]), options.crossings[split], np.int64)
    return Dataset(
        inputs={"features": np.stack([rows[column.name] for column in COLUMNS], axis=1).astype(np.float32)},
        target=rows["target"],
        spectators={name: rows[name] for name in _PER_EVENT},
        source=f"toy, {options.crossings[split]} crossings and {options.signal[split]} decays of each mode, seed {options.seed}",
    )


def candidates(block: Block) -> Arrays:
    """Columns of all pairs that pass the selection before the network; of decays only those of the signal hadron's tracks."""
    kept = (block.tracks["pt"] > _TRACK_PT) & (block.tracks["ip_chi2"] > _TRACK_IP_CHI2)
    if block.mode >= 0:
        kept &= block.tracks["signal"]
    chosen = block.select(kept)
    tracks = chosen.tracks
    members = pairs_of(tracks["event"])
    members = members[fit_vertices(lines_of(tracks, members)).chi2 < _VERTEX_CHI2]
    found = _columns(chosen, members)
    passed = (found["pt"] > _PT) & (found["m_corrected"] > _MASS) & (found["dira"] > 0)
    passed &= (found["eta"] > _ETA[0]) & (found["eta"] < _ETA[1]) & (found["across"] < _ACROSS)
    found = {name: values[passed] for name, values in found.items()}
    return found | {"candidates": np.bincount(found["event"] - block.number[0])[found["event"] - block.number[0]]}


def _columns(block: Block, members: Indices) -> Arrays:
    tracks, event = block.tracks, block.tracks["event"][members[:, 0]]
    lines = lines_of(tracks, members)
    vertices = fit_vertices(lines)
    found: Arrays = dict(variables(lines, vertices, event, block.primaries))
    found |= {"vertex_chi2": vertices.chi2, "min_ip_chi2": tracks["ip_chi2"][members].min(axis=1), "event": block.number[event]}
    found |= {"mode": np.full(len(members), block.mode), "time": np.nan_to_num(block.time[event])}
    found["origin"] = origin_of(block, members, found["primary"])
    return found | {"target": np.full(len(members), block.mode >= 0, np.float32)}
