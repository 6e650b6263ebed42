"""The record of simulated events: what it says, what it refuses, and that files keep it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik.core import DataError, UsageError
from bartik.data.events import FORMATS, read_columns, write_columns
from bartik.simulation.record import (
    COLLISIONS,
    PARTICLES,
    EventSample,
    decay_vertices,
    descends_from,
    is_beauty,
    is_charm,
    joined,
)


def sample_of(chains, seed=0):
    """A sample with events of given mothers, everything else at random."""
    rng = np.random.default_rng(seed)
    rows = sum(map(len, chains))
    particles = {name: rng.normal(size=rows).astype(kind) for name, kind in PARTICLES.items()}
    particles["mother"] = np.array([mother for chain in chains for mother in chain], "i4")
    particles["collision"] = np.zeros(rows, "i4")
    collisions = {name: rng.normal(size=len(chains)).astype(kind) for name, kind in COLLISIONS.items()}
    offsets = np.arange(len(chains) + 1), np.cumsum([0, *map(len, chains)])
    return EventSample(collisions, offsets[0], particles, offsets[1], {"sample": "toy", "seed": str(seed)})


_CHAINS = st.lists(st.lists(st.integers(-1, 6), max_size=7).map(lambda c: [m if m < k else -1 for k, m in enumerate(c)]), max_size=5)


@pytest.mark.parametrize("ending", FORMATS)
@settings(max_examples=15, deadline=None)
@given(chains=_CHAINS.filter(len))
def test_every_format_gives_back_what_was_written(tmp_path_factory, ending, chains):
    sample, path = sample_of(chains), tmp_path_factory.mktemp("events") / f"events{ending}"
    write_columns(path, sample.to_arrays(), sample.about)
    found = EventSample.from_arrays(*read_columns(path))
    assert found.digest == sample.digest
    assert found.about == sample.about


@pytest.mark.parametrize("ending", FORMATS)
def test_a_file_that_is_torn_or_something_else_is_one_clear_message(tmp_path, ending):
    sample = sample_of([[-1, 0, 0]] * 50)
    write_columns(tmp_path / f"whole{ending}", sample.to_arrays(), sample.about)
    content = (tmp_path / f"whole{ending}").read_bytes()
    (tmp_path / f"torn{ending}").write_bytes(content[: len(content) // 2])
    (tmp_path / f"text{ending}").write_text("no events here")
    for name in ("torn", "text"):
        with pytest.raises(DataError, match=f"{name}\\{ending}: truncated or no sample of events"):
            read_columns(tmp_path / f"{name}{ending}")
    with pytest.raises(DataError, match="no such file"):
        read_columns(tmp_path / f"nowhere{ending}")
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["text", "torn", "whole"]


def test_a_format_nobody_knows_is_refused():
    with pytest.raises(UsageError, match=r"events\.txt: cannot tell the format"):
        write_columns(Path("events.txt"), {}, {})


def test_who_descends_from_whom_and_where_it_decayed():
    sample = sample_of([[-1, 0, 1, -1, 3], [-1, 0]])
    ancestor = np.array([True, False, False, False, False, False, False])
    assert descends_from(sample, ancestor).tolist() == [False, True, True, False, False, False, False]
    ends = decay_vertices(sample)
    np.testing.assert_array_equal(ends[0, 0], sample.particles["x"][1])
    assert np.isnan(ends[2]).all()
    assert np.isnan(ends[6]).all()


def test_events_are_joined_and_cut_again():
    first, second = sample_of([[-1, 0], [-1]], 1), sample_of([[-1, 0, 1]], 2)
    whole = joined([first, second])
    assert len(whole) == 3
    assert whole.event(2).to_arrays().keys() == second.to_arrays().keys()
    assert whole.event(2).digest == second.digest
    assert whole.between(0, 2).digest == first.digest


def test_quarks_are_read_from_the_numbers_of_hadrons():
    numbers = np.array([511, -521, 531, 5122, 541, 553, 421, 4122, 443, 211, 5, 4, 22, 310, 100553, 20413])
    assert is_beauty(numbers).tolist() == [True] * 6 + [False] * 8 + [True, False]
    assert is_charm(numbers).tolist() == [False] * 6 + [True] * 3 + [False] * 6 + [True]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a: a.pop("particle.px"), "no particle.px"),
        (lambda a: a.update({"particle.mother": np.array([7, -1], "i4")}), "mother points outside of its event"),
        (lambda a: a.update({"particle.collision": np.array([1, 0], "i4")}), "collision points outside of its event"),
        (lambda a: a.update({"particle.px": np.zeros(5)}), r"column px has \(5,\) entries for 2 rows"),
        (lambda a: a.update({"particle_offsets": np.array([0, 3, 2])}), "offsets do not rise"),
        (lambda a: a.update({"particle_offsets": np.array([0, 1, 2])}), "different numbers of events"),
    ],
)
def test_a_record_that_cannot_be_is_refused(change, said):
    arrays = sample_of([[-1, 0]]).to_arrays()
    change(arrays)
    with pytest.raises(DataError, match=said):
        EventSample.from_arrays(arrays, {})
