"""Where the candidates of the trigger's selections come from, and what passes at a rate."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik.core import Dataset, load_config
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.simulation.reconstruction.primary import Primaries
from bartik.usecases.topological_trigger.backgrounds import SOURCES, by_source, kept_of_sources
from bartik.usecases.topological_trigger.data import candidates
from bartik.usecases.trigger_events import ORIGINS, Block, events_of, origin_of
from bartik.usecases.trigger_rates import crossings_of, cut_at, events_by_class

BEAUTY, CHARM, STRANGE, GHOST, MATERIAL, WRONG = range(1, 7)


def block(source, family, collision):
    event = np.zeros(len(source), np.int64)
    ones = np.ones((1, 2))
    primaries = Primaries(np.zeros((1, 2, 3)), ones, ones, np.ones((1, 2), bool), np.array([[0, 1]]))
    tracks = {"event": event, "source": np.array(source), "family": np.array(family), "collision": np.array(collision)}
    return Block(-1, tracks, primaries, np.zeros(1, np.int64), np.zeros(1))


@pytest.mark.parametrize(
    ("source", "family", "collision", "origin"),
    [
        ([0, 0], [-1, -1], [0, 1], 0),
        ([0, 0], [-1, -1], [0, 0], 0),
        ([0, 0], [-1, -1], [1, 1], WRONG),
        ([CHARM, CHARM], [7, 7], [0, 0], CHARM),
        ([CHARM, CHARM], [7, 8], [0, 1], 0),
        ([MATERIAL, MATERIAL], [3, 3], [0, 0], MATERIAL),
        ([MATERIAL, MATERIAL, 0], [3, 3, -1], [0, 0, 1], MATERIAL),
        ([STRANGE, GHOST], [5, -1], [0, -1], GHOST),
        ([BEAUTY, BEAUTY, GHOST], [5, 5, -1], [0, 0, -1], GHOST),
    ],
)
def test_a_candidate_is_from_what_two_of_its_tracks_share(source, family, collision, origin):
    found = origin_of(block(source, family, collision), np.arange(len(source))[np.newaxis], np.array([0]))
    assert ORIGINS[found[0]] == ORIGINS[origin]


def config(*settings_):
    return load_config(usecase_folder(load_usecase("topological_trigger")), layer="tiny", settings=settings_)


@pytest.fixture(scope="module")
def crossings():
    return next(events_of("train", config(), (), material=True))


def test_material_gives_tracks_that_begin_in_it(crossings):
    mine = crossings.tracks["source"] == ORIGINS.index("material")
    assert mine.sum() > 20
    assert np.median(np.hypot(crossings.tracks["x"], crossings.tracks["y"])[mine]) > 4
    assert np.median(np.hypot(crossings.tracks["x"], crossings.tracks["y"])[~mine]) < 1
    assert not crossings.tracks["signal"].any()


@given(veto=st.floats(0.5, 50))
@settings(max_examples=5, deadline=None)
def test_a_veto_removes_what_is_beyond_and_nothing_else(crossings, veto):
    every, some = (candidates(crossings, beauty=True, veto=limit) for limit in (0.0, veto))
    near = every["across"] < veto
    assert np.array_equal(some["m"], every["m"][near])
    assert np.array_equal(some["origin"], every["origin"][near])


def rows(rng, count=400):
    target = (rng.random(count) < 0.3).astype(np.float32)
    event = np.sort(rng.integers(0, 150, count)) + 1000 * target.astype(int)
    sizes = np.bincount(event)[event]
    origin = np.where(target > 0.5, BEAUTY, rng.integers(0, len(ORIGINS), count))
    spectators = {"event": event, "candidates": sizes, "origin": origin, "crossings": np.full(count, 3000)}
    return Dataset({}, target, spectators=spectators | {"mode": np.where(target > 0.5, 2, -1)})


@given(seed=st.integers(0, 50))
@settings(max_examples=10, deadline=None)
def test_crossings_given_on_are_shared_out_among_the_sources(seed):
    rng = np.random.default_rng(seed)
    data = rows(rng)
    scores = rng.permutation(data.rows) / data.rows
    found = by_source(scores, data, 100.0)
    allowed = 100.0 / 30_000 * crossings_of(data)
    assert sum(one.kept for one in found.values()) == int(allowed)
    assert all(one.kept <= one.crossings <= one.candidates for one in found.values())
    kept = kept_of_sources({"x": scores}, {"x": 0.0}, data)["x"]
    assert [one.value for one in kept if one is not None] == [1.0] * sum(found[name].candidates > 0 for name in SOURCES)


@given(seed=st.integers(0, 50))
@settings(max_examples=10, deadline=None)
def test_a_cut_lets_no_more_than_its_rate_pass(seed):
    rng = np.random.default_rng(seed)
    data = rows(rng)
    events, decays = events_by_class(rng.random(data.rows), data)
    cut = cut_at(200.0, events, data)
    assert (events.score >= cut).sum() == int(200.0 / 30_000 * crossings_of(data))
    assert len(events.number) + len(decays.number) == len(np.unique(data.spectators["event"]))
