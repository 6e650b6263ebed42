"""Toy events for the selections of the trigger: crossings as they come, and decays of beauty and charm that it should keep.

Of each kind of events, blocks of some hundred; a block belongs to one split, and its number fixes its random numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bartik.core import SPLITS, Array, Arrays, Config, ConfigError, Split
from bartik.simulation.bulk import many_events
from bartik.simulation.conditions import conditions_of
from bartik.simulation.decays import decay_of
from bartik.simulation.generate import Order
from bartik.simulation.interactions import with_interactions
from bartik.simulation.particles import LIGHT, values_of
from bartik.simulation.reconstruction.ghosts import with_ghosts
from bartik.simulation.reconstruction.primary import Primaries, least_impact, primary_vertices
from bartik.simulation.record import EventSample, decay_vertices, descends_from, is_beauty, is_charm
from bartik.simulation.response.detector import measured_tracks

BEAUTY = (
    "Bd_Kpi", "Bd_KstMuMu", "Bd_JpsiKS", "Bd_DPi", "Bd_DstMuNu", "Bu_JpsiK", "Bu_D0Pi", "Bs_PhiPhi", "Bs_JpsiPhi", "Bs_DsPi", "Bs_MuMu",
    "Lb_LcPi", "Lb_LcMuNu",
)  # fmt: skip
CHARM = ("D0_Kpi", "Dp_Kpipi", "Ds_KKpi", "Lc_pKpi")
MODES = (*BEAUTY, *CHARM)
"""Decays that are signal, as `bartik.simulation.decays` names them; a row's ``mode`` is the place here, -1 of a crossing as it comes."""
CROSSINGS = 30_000.0
"""Collisions of bunches in a second, in kHz: what the first stage of the trigger sees."""
ORIGINS = ("chance", "beauty", "charm", "strange", "ghost", "material", "wrong PV")
"""What two or more of a candidate's tracks come from: a hadron, or an interaction in the material of the vertex locator. ``ghost`` where
one of them is none; ``wrong PV`` where all are of one collision, whose primary vertex is not the candidate's; ``chance`` all others."""
LEAST_PT, LEAST_TIME = 2.0, 0.2
"""GeV and ps: a signal hadron must have as much to count (LHCb's training of the two-track selection, niklasnolte/HLT_2Track)."""
_STREAMS = {"": 0, **{name: k for k, name in enumerate(BEAUTY, 1)}, "D0_Kpi": 14, "Dp_Kpipi": 16, "Ds_KKpi": 17, "Lc_pKpi": 18}
"""Of random numbers, one for each kind of events: fixed, so that a kind more or less leaves the others as they are."""
_BLOCK = 250
_MOST_BLOCKS = 100_000
_RESPONSE = 0x7E57


@dataclass(frozen=True)
class Block:
    """Some events of one kind, as the trigger has them.

    ``tracks`` are sorted by event: columns as `measured_tracks` has them, with ghosts, ``pt`` in GeV and ``ip_chi2``; ``signal``,
    ``source`` and ``family`` say of each whether it comes from the signal hadron, the place in `ORIGINS` of the hadron it is from (0: the
    collision itself), and which that is; ``collision`` of the event, -1 of ghosts. ``number`` [events] names each event; ``time``
    [events] of the signal hadron is in ps, NaN where there is none to keep.
    """

    mode: int
    tracks: Arrays
    primaries: Primaries
    number: npt.NDArray[np.int64]
    time: npt.NDArray[np.float64]

    def select(self, kept: npt.NDArray[np.bool_]) -> Block:
        """The block with those tracks alone."""
        return Block(self.mode, {name: values[kept] for name, values in self.tracks.items()}, self.primaries, self.number, self.time)


def events_of(split: Split, config: Config, modes: Sequence[str] = MODES, *, material: bool = False) -> Iterator[Block]:
    """Blocks of a split: crossings as they come, then each of the ``modes``.

    With ``material`` crossings have what hard particles made in the vertex locator's.

    Reads ``config.data``: ``conditions``, ``seed``, ``crossings`` and ``signal`` (of each mode), both tables with a number for each split.
    """
    options = config.data
    for name in ("crossings", "signal"):
        if options[name][split] < 1:
            raise ConfigError(f"data.{name}.{split}: wanted 1 or more events, got {options[name][split]}")
    for mode in (-1, *(MODES.index(name) for name in modes)):
        wanted = options.crossings[split] if mode < 0 else options.signal[split]
        for k, start in enumerate(range(0, wanted, _BLOCK)):
            stream = _STREAMS[MODES[mode] if mode >= 0 else ""]
            place = (stream * len(SPLITS) + SPLITS.index(split)) * _MOST_BLOCKS + k
            yield _block(config, mode, place, min(_BLOCK, wanted - start), material=material)


def origin_of(block: Block, members: Array, primary: Array) -> npt.NDArray[np.int64]:
    """Place in `ORIGINS` [candidates] of sets of tracks [candidates, bodies] with these primary vertices, numbers [candidates]."""
    source, family, collision = (block.tracks[name][members] for name in ("source", "family", "collision"))
    ghost = (source == ORIGINS.index("ghost")).any(axis=1)
    found = np.zeros(len(members), np.int64)
    for i in range(members.shape[1]):
        for j in range(i):
            shared = (family[:, i] == family[:, j]) & (family[:, i] >= 0)
            found = np.where(shared & (found == 0), source[:, i], found)
    own = block.primaries.collision[block.tracks["event"][members[:, 0]], primary]
    wrong = (found == 0) & (collision == collision[:, :1]).all(axis=1) & (collision[:, 0] != own)
    return np.where(ghost, ORIGINS.index("ghost"), np.where(wrong, ORIGINS.index("wrong PV"), found))


def _block(config: Config, mode: int, place: int, events: int, *, material: bool) -> Block:
    name = MODES[mode] if mode >= 0 else ""
    sample_name = "minbias" if mode < 0 else "bbbar" if name in BEAUTY else "ccbar"
    conditions = conditions_of(config.data.conditions)
    sample = many_events(Order(sample_name, conditions, config.data.seed, "parametric", name), events, place)
    number, born = place * _BLOCK + np.arange(events), np.zeros(len(sample.particles["pdg"]), bool)
    if material and mode < 0:
        sample, born = with_interactions(sample, conditions, config.data.seed, number.tolist())
    rng = np.random.default_rng([config.data.seed, _RESPONSE, place])
    tracks = with_ghosts(rng, measured_tracks(rng, sample))
    primaries = primary_vertices(rng, sample)
    head = _signal_hadrons(sample, name) if name else np.full(events, -1)
    source, family = _sources(sample, born)
    columns = (("source", source, ORIGINS.index("ghost")), ("family", family, -1), ("collision", sample.particles["collision"], -1))
    for column, values, missing in columns:
        tracks[column] = np.where(tracks["particle"] >= 0, values[tracks["particle"]], missing)
    own = descends_from(sample, np.isin(np.arange(len(source)), head[head >= 0])) & ~born
    tracks |= {"signal": (tracks["particle"] >= 0) & own[tracks["particle"]], "pt": np.hypot(tracks["px"], tracks["py"])}
    tracks["ip_chi2"] = least_impact(tracks, primaries)
    return Block(mode, tracks, primaries, number, _proper_time(sample, head))


def _signal_hadrons(sample: EventSample, name: str) -> npt.NDArray[np.int64]:
    """Row [events] of the hadron that decayed as asked for, in the first collision; -1 where it is not to be counted."""
    wanted = decay_of(name)
    below = Counter(abs(daughter.pdg) for daughter in wanted.daughters)
    mothers = sample.mothers
    rows = np.flatnonzero(mothers >= 0)
    bodies = np.bincount(mothers[rows], minlength=len(mothers))
    summed = np.bincount(mothers[rows], np.abs(sample.particles["pdg"][rows]), len(mothers))
    alike = (np.abs(sample.particles["pdg"]) == abs(wanted.pdg)) & (sample.particles["collision"] == 0)
    alike &= (bodies == below.total()) & (summed == sum(number * times for number, times in below.items()))
    found = np.flatnonzero(alike & (sample.pt > LEAST_PT))
    event = np.searchsorted(sample.particle_offsets, found, side="right") - 1
    head = np.full(len(sample), -1)
    head[event[::-1]] = found[::-1]
    return np.where(_proper_time(sample, head) > LEAST_TIME, head, -1)


def _proper_time(sample: EventSample, head: Array) -> npt.NDArray[np.float64]:
    """Proper time [events] in ps of the particles in rows ``head``, NaN where that is -1."""
    ends = decay_vertices(sample)[head, :3] - np.stack([sample.particles[axis][head] for axis in "xyz"], axis=1)
    p = np.sqrt(sum(sample.particles[name][head] ** 2 for name in ("px", "py", "pz")))
    time = np.linalg.norm(ends, axis=1) * values_of(sample.particles["pdg"][head], "mass") / np.maximum(p, 1e-9) / LIGHT * 1000
    return np.where(head >= 0, time, np.nan)


def _sources(sample: EventSample, born: Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Of each particle the place in `ORIGINS` and the row of the heaviest weakly decaying hadron above it; 0 and -1 without one.

    Of particles ``born`` in material (a mask) that of their mother, which interacted there.
    """
    number = np.abs(sample.particles["pdg"])
    strange = np.isin(number, (310, 3122, 3112, 3222, 3312, 3322, 3334))
    kinds = {"beauty": is_beauty(number), "charm": is_charm(number), "strange": strange}
    source, family = np.zeros(len(number), np.int64), np.full(len(number), -1)
    mothers = above = sample.mothers
    while (above >= 0).any():
        for name, mask in kinds.items():
            here = (above >= 0) & mask[above] & (source != ORIGINS.index("beauty"))
            lighter = here & ((source == 0) | (source >= ORIGINS.index(name)))
            source, family = np.where(lighter, ORIGINS.index(name), source), np.where(lighter, above, family)
        above = np.where(above >= 0, mothers[above], -1)
    return np.where(born, ORIGINS.index("material"), source), np.where(born, mothers, family)
