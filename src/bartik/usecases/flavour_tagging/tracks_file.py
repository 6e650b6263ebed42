"""Candidates with their tracks from a file of any format, and what a tagger says of each, as a table.

A file is one of two: a row a track, with the number of its ``candidate``; or, without that column, an entry a candidate, whose columns of
tracks are lists of one length (ROOT, Parquet). Columns are those of the networks' inputs, in their units; their order, that of rows, and
columns beside them do not matter.

Rules: a track with the charge 0 is none, so that a candidate without tracks can have a row. ``dll_*`` of -999 (or less than -900) were not
measured, and count as 0. NaN and infinite values, sentinels elsewhere, charges beside +1 and -1, momenta in MeV, angles in degrees, and
candidates whose own columns differ from row to row are refused, with the column and what to do. A column may be the same in all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Arrays, DataError, Session
from bartik.core.bundle import Bundle
from bartik.data.tables import read_optional, read_pieces, read_table, stack, write_table
from bartik.simulation.tagging import TaggingEvents
from bartik.usecases.flavour_tagging.columns import CANDIDATES, IDENTITY, TAGGERS, TRACKS

SIGNAL = tuple(column.name for column in CANDIDATES.columns)
TRACK = tuple(column.name for column in TRACKS.columns)
_MISSING = -900.0


class _Rule(NamedTuple):
    least: float
    most: float
    median: float
    otherwise: str


_GEV = "is it in MeV? the networks take GeV: divide by 1000"
_RULES = {
    "signal_pt": _Rule(0.0, 1e5, 500.0, _GEV),
    "signal_eta": _Rule(-10.0, 10.0, 10.0, "the networks take the pseudorapidity"),
    "collisions": _Rule(0.0, 1000.0, 1000.0, "the networks take the number of collisions that are seen in the event"),
    "charge": _Rule(-1.0, 1.0, 1.0, "1 or -1 in units of the proton's, 0 where there is no track"),
    "pt": _Rule(0.0, 1e5, 50.0, _GEV),
    "deta": _Rule(-20.0, 20.0, 20.0, "the networks take the pseudorapidity less that of the signal"),
    "dphi": _Rule(-6.2832, 6.2832, 3.2, "is it in degrees? the networks take radians, from -π to π"),
    "significance": _Rule(0.0, 1e9, 1e9, "the networks take the impact parameter over its error, without a sign"),
}
_WHOLE = ("charge", "collisions")


class _Read(NamedTuple):
    """Numbers of the candidates [candidates]; their own columns [candidates]; those of tracks, and each one's candidate [tracks]."""

    number: Array
    signal: Arrays
    track: Arrays
    owner: npt.NDArray[np.int64]


def read_candidates(path: Path) -> tuple[TaggingEvents, Array]:
    """Candidates with their tracks as the toy has them, flavours and times unknown (0), and the number of each in the file."""
    found = _rows(path) if read_optional(path, ("candidate",)) else _lists(path)
    if not len(found.number):
        raise DataError(f"{path}: no candidates")
    for name, values in (found.signal | found.track).items():
        _check(path, name, values)
    real = found.track["charge"] != 0
    return _events(found.signal, {name: values[real] for name, values in found.track.items()}, found.owner[real]), found.number


def write_candidates(path: Path, events: TaggingEvents) -> None:
    """Candidates of the toy as a table that `read_candidates` reads, a row a track; one of charge 0 for those without."""
    counts = np.maximum(np.diff(events.offsets), 1)
    owner = np.repeat(np.arange(len(events)), counts)
    real = np.concatenate([np.arange(count) < tracks for count, tracks in zip(counts, np.diff(events.offsets), strict=True)])
    table: Arrays = {"candidate": owner}
    table |= {name: values[owner] for name, values in zip(SIGNAL, (events.pt, events.eta, events.collisions), strict=True)}
    columns = [events.charge, np.exp(events.tracks["log_pt"]), events.tracks["deta"], events.tracks["dphi"]]
    columns += [np.exp(events.tracks["log_significance"]), *events.tracks["identity"].T]
    for name, values in zip(TRACK, columns, strict=True):
        table[name] = np.zeros(len(owner), np.asarray(values).dtype)
        table[name][real] = values
    write_table(path, table)


def predictions(inputs_of: Callable[[TaggingEvents], Arrays]) -> Callable[[Bundle, Session, Path, Path], int]:
    """What ``bartik predict`` calls for a tagger that takes ``inputs_of`` candidates."""

    def write_predictions(_: Bundle, session: Session, source: Path, target: Path) -> int:
        """Decision and mistag of each candidate of ``source`` to the table ``target``; the number of candidates."""
        events, number = read_candidates(source)
        outputs = session.run(inputs_of(events))
        columns: Arrays = {"candidate": number, "probability": outputs["score"][:, 0]} | _said("", outputs["score"][:, 0])
        for place, tagger in enumerate(TAGGERS if "taggers" in outputs else ()):
            columns |= _said(f"{tagger.replace(' ', '_')}_", outputs["taggers"][:, place])
        write_table(target, columns)
        return len(number)

    return write_predictions


def _said(name: str, probability: Array) -> Arrays:
    """Decision +1, -1, or 0 for none, and the chance that it is wrong, from the probability [candidates] of flavour +1."""
    tag = np.sign(probability.astype(np.float64) - 0.5).astype(np.int64)
    return {f"{name}tag": tag, f"{name}mistag": np.minimum(probability, 1 - probability)}


def _rows(path: Path) -> _Read:
    """A row a track."""
    table = read_table(path, ["candidate", *SIGNAL, *TRACK])
    number, first, owner = np.unique(table["candidate"], return_index=True, return_inverse=True)
    owner = owner.reshape(-1)
    for name in SIGNAL:
        differs = table[name] != table[name][first][owner]
        if (differs & ~np.isnan(table[name].astype(np.float64))).any():
            hint = "it belongs to the candidate: give each candidate one value, and a number of its own"
            raise DataError(f"{path}: column {name!r} differs between rows of one candidate in {differs.sum()} rows", hint=hint)
    return _Read(number, {name: table[name][first] for name in SIGNAL}, {name: table[name] for name in TRACK}, owner)


def _lists(path: Path) -> _Read:
    """An entry a candidate."""
    parts = [columns for _, columns in read_pieces(path)]
    missing = [name for name in (*SIGNAL, *TRACK) if any(name not in part for part in parts)]
    if missing:
        hint = "a row a track with a column 'candidate', or an entry a candidate with lists of tracks; columns: "
        raise DataError(f"{path}: no column {missing[0]!r}", hint=hint + ", ".join((*SIGNAL, *TRACK)))
    lengths = {name: np.concatenate([_lengths(path, name, part[name].lengths) for part in parts]) for name in TRACK}
    for name in TRACK[1:]:
        if not np.array_equal(lengths[name], lengths[TRACK[0]]):
            raise DataError(f"{path}: columns {TRACK[0]!r} and {name!r} have lists of different lengths", hint="one value a track in each")
    items = {name: np.concatenate([part[name].items for part in parts]) for name in (*SIGNAL, *TRACK)}
    for name in SIGNAL:
        if len(items[name]) != len(lengths[TRACK[0]]) or any(part[name].lengths for part in parts):
            raise DataError(f"{path}: column {name!r} is not one number a candidate", hint="only columns of tracks are lists")
    count = len(lengths[TRACK[0]])
    owner = np.repeat(np.arange(count), lengths[TRACK[0]])
    return _Read(np.arange(count), {name: items[name] for name in SIGNAL}, {name: items[name] for name in TRACK}, owner)


def _lengths(path: Path, name: str, lengths: Sequence[Array]) -> Array:
    if len(lengths) != 1:
        raise DataError(f"{path}: column {name!r} is no list of numbers", hint="or a row a track, and a column 'candidate'")
    return lengths[0]


def _check(path: Path, name: str, values: Array) -> None:
    """`DataError` that names the column and what to do."""
    stack(path, {name: values}, [name])
    numbers, of = values.astype(np.float64), f"{path}: column {name!r}"
    rule = _RULES.get(name)
    if rule is None or not len(numbers):
        return
    absent = numbers <= _MISSING
    if absent.any():
        raise DataError(f"{of} is {numbers[absent][0]:g} in {absent.sum()} of {len(numbers)} rows", hint="leave those rows out")
    worst = numbers.min() if numbers.min() < rule.least else numbers.max()
    if not rule.least <= worst <= rule.most:
        raise DataError(f"{of} has a value of {worst:g}, wanted {rule.least:g} to {rule.most:g}", hint=rule.otherwise)
    if name in _WHOLE and not np.array_equal(np.round(numbers), numbers):
        raise DataError(f"{of} has values that are no whole numbers", hint=rule.otherwise)
    middle = float(np.median(np.abs(numbers)))
    if middle > rule.median:
        raise DataError(f"{of} has a median of {middle:g}, wanted {rule.median:g} at most", hint=rule.otherwise)


def _events(signal: Arrays, track: Arrays, owner: npt.NDArray[np.int64]) -> TaggingEvents:
    """As the toy's: tracks of a candidate fall in transverse momentum, what nobody knows is 0."""
    count, order = len(signal["signal_pt"]), np.lexsort((-track["pt"].astype(np.float64), owner))
    values = {name: column[order].astype(np.float64) for name, column in track.items()}
    identity = np.stack([values[name] for name in IDENTITY], axis=1)
    nothing, tracks = np.zeros(count, np.int64), np.zeros(len(order), np.int64)
    return TaggingEvents(
        signal="B0",
        flavour=nothing,
        decayed_as=nothing,
        time=nothing.astype(np.float64),
        pt=signal["signal_pt"].astype(np.float64),
        eta=signal["signal_eta"].astype(np.float64),
        collisions=signal["collisions"].astype(np.int64),
        state=nothing,
        offsets=np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=count))]),
        charge=values["charge"].astype(np.int64),
        origin=tracks - 1,
        tracks={
            "log_pt": np.log(np.maximum(values["pt"], 1e-9)),
            "deta": values["deta"],
            "dphi": (values["dphi"] + np.pi) % (2 * np.pi) - np.pi,
            "log_significance": np.log(np.maximum(values["significance"], 1e-9)),
            "identity": np.where(identity > _MISSING, identity, 0.0),
        },
    )
