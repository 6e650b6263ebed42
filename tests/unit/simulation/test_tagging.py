from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik.core import UsageError
from bartik.simulation.tagging import MIXED, generate_tagging, optimal_probability
from bartik.simulation.tagging_sources import OPPOSITE, ORIGINS, SIGNALS, STRANGE_DECAYS, UNDERLYING, draw, log_density

SOURCES = (*UNDERLYING, *STRANGE_DECAYS, *OPPOSITE, *SIGNALS["B0"].companions)


@pytest.mark.parametrize("signal", list(SIGNALS))
def test_the_optimal_probability_is_true(signal):
    events = generate_tagging(30_000, (3,), signal)
    p = optimal_probability(events)
    for low, high in ((0.0, 0.35), (0.35, 0.45), (0.45, 0.55), (0.55, 0.65), (0.65, 1.0)):
        mine = (p >= low) & (p < high)
        expected = p[mine].mean()
        assert (events.flavour[mine] > 0).mean() == pytest.approx(expected, abs=4 * np.sqrt(0.25 / mine.sum()))


@given(st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_turning_every_charge_turns_the_optimal_probability(seed):
    events = generate_tagging(50, (seed,))
    turned = replace(events, charge=-events.charge)
    assert optimal_probability(turned) == pytest.approx(1 - optimal_probability(events), abs=1e-9)


def test_the_optimal_probability_of_a_candidate_does_not_depend_on_others():
    events = generate_tagging(300, (1,))
    alone = generate_tagging(300, (1,))
    stop = events.offsets[10]
    few = replace(
        alone,
        flavour=alone.flavour[:10],
        pt=alone.pt[:10],
        eta=alone.eta[:10],
        collisions=alone.collisions[:10],
        offsets=alone.offsets[:11],
        charge=alone.charge[:stop],
        tracks={name: values[:stop] for name, values in alone.tracks.items()},
    )
    assert optimal_probability(few) == pytest.approx(optimal_probability(events)[:10], abs=1e-12)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_tracks_are_drawn_from_the_density_that_is_said(source):
    # the mean of the log density of samples is minus the entropy, known in closed form for normal quantities
    random = np.random.default_rng(1)
    pt = np.full(20_000, 11.0)
    tracks = draw(source, pt, random)
    look = source.look
    angles = np.linspace(-np.pi, np.pi, 20_001)[:-1]
    density = np.exp(look.focus * np.cos(angles)) / (2 * np.pi * np.i0(look.focus))
    spreads = [look.pt[1], look.eta, look.significance[1], 2.0, 2.2, 7.0, 7.0]
    entropy = sum(0.5 + np.log(s * np.sqrt(2 * np.pi)) for s in spreads) - (density * np.log(density)).mean() * 2 * np.pi
    assert log_density(source, tracks, pt).mean() == pytest.approx(-entropy, abs=0.06)


def test_tracks_fall_in_momentum_and_say_nothing_by_their_order():
    events = generate_tagging(2000, (5,))
    pt, owner = events.tracks["log_pt"], np.repeat(np.arange(2000), np.diff(events.offsets))
    assert (np.diff(pt)[np.diff(owner) == 0] <= 0).all()
    assert len(events.charge) == events.offsets[-1]


def test_shares_of_oscillated_hadrons_and_of_flavours_are_as_set():
    events = generate_tagging(40_000, (7,))
    accepted = events.state > 0
    assert accepted.mean() == pytest.approx(0.42, abs=0.01)
    assert (events.state[accepted] == MIXED).mean() == pytest.approx(0.126, abs=0.01)
    assert (events.flavour > 0).mean() == pytest.approx(0.5, abs=0.01)
    integrated = 0.5 * (1 - 1 / (1 + (SIGNALS["B0"].frequency * SIGNALS["B0"].lifetime) ** 2))
    assert (events.decayed_as != events.flavour).mean() == pytest.approx(integrated, abs=0.01)


def test_muons_of_the_opposite_side_carry_its_flavour():
    events = generate_tagging(40_000, (8,))
    owner = np.repeat(np.arange(len(events)), np.diff(events.offsets))
    muons = (events.origin == ORIGINS.index("muon")) & (events.state[owner] != MIXED)
    assert (events.charge[muons] == -events.flavour[owner[muons]]).all()


def test_the_same_seed_gives_the_same_and_another_does_not():
    one, same, other = (generate_tagging(100, (seed,)) for seed in (1, 1, 2))
    assert (one.charge == same.charge).all()
    assert len(one.charge) != len(other.charge) or (one.charge != other.charge).any()


@pytest.mark.parametrize(("candidates", "signal"), [(0, "B0"), (10, "B+")])
def test_what_cannot_be_generated_is_refused(candidates, signal):
    with pytest.raises(UsageError, match="of the tagging toy"):
        generate_tagging(candidates, (1,), signal)
