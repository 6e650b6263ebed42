from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bartik.core import DataError, UsageError
from bartik.data.velo import MODULES, VeloEvent, event_from_dict
from bartik.simulation.velo import generate_velo_event
from bartik.simulation.velo_geometry import MODULE_Z
from bartik.usecases.ghost_probability.candidates import Candidates, candidates_from, find_candidates, match
from bartik.usecases.ghost_probability.features import CHI2_COLUMN, COLUMNS, LOGARITHMIC, signature, track_features
from bartik.usecases.ghost_probability.surroundings import neighbours, vertex_support

COLUMN = {column.name: k for k, column in enumerate(COLUMNS)}


def event_of(hits: list[tuple[int, float, float]], particles: list[list[int]] | None = None) -> VeloEvent:
    """An event from (module, x, y), on the upstream face of each module."""
    hits = sorted(hits)
    values: dict[str, Any] = {"x": [hit[1] for hit in hits], "y": [hit[2] for hit in hits]}
    values["z"] = [MODULE_Z[hit[0]] - 0.58 for hit in hits]
    values["module_prefix_sum"] = np.searchsorted([hit[0] for hit in hits], np.arange(MODULES + 1))
    if particles is not None:
        rows = [[1000.0 + k, 2.5, part] for k, part in enumerate(particles)]
        values["montecarlo"] = {"description": ["p", "eta", "hits"], "particles": rows}
    return event_from_dict(values, 0)


def straight(modules: range, tx: float = 0.05, ty: float = 0.02, x0: float = 0.0) -> list[tuple[int, float, float]]:
    return [(m, x0 + tx * (MODULE_Z[m] - 0.58), ty * (MODULE_Z[m] - 0.58)) for m in modules]


def of(features: np.ndarray, name: str) -> float:
    return float(features[0, COLUMN[name]])


def one(event: VeloEvent) -> Candidates:
    return candidates_from([np.arange(len(event))])


@given(tx=st.floats(-0.2, 0.2), ty=st.floats(-0.2, 0.2), x0=st.floats(-1, 1), first=st.integers(20, 30), count=st.integers(3, 8))
def test_a_straight_track_has_no_chi2_and_no_kink(tx: float, ty: float, x0: float, first: int, count: int) -> None:
    hits = straight(range(first, first + 2 * count, 2), tx, ty, x0)
    assume(max(max(abs(x), abs(y)) for _, x, y in hits) <= 60)
    event = event_of(hits)
    features = track_features(event, one(event))
    assert of(features, "n_hits") == count
    for name in ("chi2_per_dof", "first_kink", "largest_kink"):
        assert of(features, name) == pytest.approx(0, abs=1e-3)
    assert np.isfinite(features).all()


def test_a_displaced_hit_shows_in_chi2_and_kink() -> None:
    hits = straight(range(21, 31, 2))
    hits[2] = (hits[2][0], hits[2][1] + 0.12, hits[2][2])
    event = event_of(hits)
    features = track_features(event, one(event))
    assert of(features, "chi2_per_dof") == pytest.approx(100 * (1 - 1 / 5) / 6, rel=0.01)  # 10 sigma, less the share 1/5 of the fit
    assert of(features, "largest_kink") == pytest.approx(1e3 * 2 * 0.12 / 25, rel=0.01)
    assert of(features, "first_kink") == pytest.approx(0.12 / 25 / (0.012 * np.sqrt(6) / 25), rel=0.01)


@pytest.mark.parametrize("modules", [range(21, 33, 2), range(0, 8, 2)])
def test_a_track_from_the_beam_line_has_no_impact_parameter_forward_and_backward(modules: range) -> None:
    event = event_of(straight(modules))
    features = track_features(event, one(event))
    assert of(features, "impact_significance") == pytest.approx(0, abs=1e-3)
    nearest = event.z[np.argmin(np.abs(event.z))]
    assert of(features, "first_z") == pytest.approx(nearest, abs=1e-3)
    assert of(features, "last_radius") == pytest.approx(np.hypot(event.x, event.y).max(), rel=1e-6)


@given(first=st.integers(19, 27), count=st.integers(3, 5))
def test_the_error_of_the_impact_parameter_is_that_of_the_fitted_line_on_the_beam(first: int, count: int) -> None:
    event = event_of(straight(range(first, first + 2 * count, 2), 0.2, 0.0))
    design = np.stack([np.ones(count), event.z], axis=1)
    expected = 12 * np.sqrt(np.linalg.inv(design.T @ design)[0, 0])
    assert of(track_features(event, one(event)), "impact_error") == pytest.approx(expected, rel=1e-4)


def test_an_impact_parameter_is_measured_in_its_resolution() -> None:
    event = event_of([(m, x, y + 0.5) for m, x, y in straight(range(21, 33, 2), 0.1, 0.0)])
    features = track_features(event, one(event))
    step = abs(event.z[0])
    expected = 0.5 / np.hypot(of(features, "impact_error") / 1e3, 1e-3 * step)
    assert of(features, "impact_significance") == pytest.approx(expected, rel=1e-4)


def test_a_hit_left_out_is_found_beyond_the_end() -> None:
    event = event_of([(m, 6 + m / 5, 1.0) for m in range(15, 23, 2)])
    track = candidates_from([np.arange(3)])
    features = track_features(event, track)
    assert of(features, "next_hit_distance") < 20  # the fourth hit of the line; the face of the module is not known beforehand
    shifted = event_of([(m, 6 + m / 5, 1.0 + 0.3 * (m == 21)) for m in range(15, 23, 2)])
    assert of(track_features(shifted, track), "next_hit_distance") == pytest.approx(300, rel=0.01)
    assert of(track_features(shifted, one(shifted)), "next_hit_distance") in {-1.0, 20000.0}


def test_rivals_share_hits_and_the_longer_one_counts() -> None:
    event = event_of(straight(range(21, 33, 2)))
    three = candidates_from([np.arange(6), np.array([3, 4, 5]), np.array([0, 1, 2])])
    features = track_features(event, three)
    rows = {int(size): row for size, row in zip(three.sizes, features, strict=True)}
    assert rows[3][COLUMN["rival_hits"]] == 3
    assert rows[6][COLUMN["rival_hits"]] == -3
    assert rows[3][COLUMN["shared_hits"]] == 1
    several = candidates_from([np.arange(6), np.array([2, 3, 4, 5]), np.array([3, 4, 5])])
    middle, short = (track_features(event, several)[several.sizes == size] for size in (4, 3))
    assert of(middle, "rival_hits") == 2
    assert of(short, "rival_hits") == 3
    alone = track_features(event, candidates_from([np.arange(3)]))
    assert (of(alone, "rival_hits"), of(alone, "rival_chi2"), of(alone, "shared_hits")) == (-3, -5, 0)


def test_features_do_not_depend_on_the_order_of_candidates() -> None:
    event = event_from_dict(generate_velo_event(1, 4), 4)
    found = find_candidates(event, 0.1, 3)
    tracks = np.split(found.hits, found.offsets[1:-1])
    turned = Candidates(np.cumsum([0, *(len(track) for track in tracks[::-1])]), np.concatenate(tracks[::-1]))
    assert np.allclose(track_features(event, found), track_features(event, turned)[::-1], rtol=1e-4, atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(number=st.integers(0, 10**6))
def test_features_of_generated_events_are_finite(number: int) -> None:
    event = event_from_dict(generate_velo_event(1, number), number)
    found = find_candidates(event, 0.1, 3)
    features = track_features(event, found)
    assert features.shape == (len(found), 17)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


@pytest.mark.parametrize("hits", [[], [(30, 10.0, 3.0)], [(30, 10.0, 3.0), (30, 10.0, 3.0)]])
def test_an_event_with_hardly_a_hit_gives_no_candidate(hits: list[tuple[int, float, float]]) -> None:
    event = event_of(hits, particles=[])
    found = find_candidates(event, 0.1, 3)
    assert len(found) == len(match(event, found).particle) == 0
    assert track_features(event, found).shape == (0, 17)


def test_a_track_is_found_in_an_event_with_empty_modules() -> None:
    event = event_of(straight(range(21, 33, 2)))
    found = find_candidates(event)
    assert found.hits.tolist() == list(range(6))


@settings(max_examples=20, deadline=None)
@given(number=st.integers(0, 10**6))
def test_candidates_are_three_or_more_hits_of_the_event_each_once(number: int) -> None:
    event = event_from_dict(generate_velo_event(2, number), number)
    found = find_candidates(event, 0.1, 3)
    for low, high in zip(found.offsets[:-1], found.offsets[1:], strict=True):
        hits = found.hits[low:high]
        assert len(np.unique(hits)) == len(hits) >= 3
        assert 0 <= hits.min() <= hits.max() < len(event)


@pytest.mark.parametrize(
    ("made", "size", "real"), [(10, 10, True), (7, 10, True), (6, 10, False), (0, 10, False), (2, 3, False), (3, 4, True)]
)
def test_a_candidate_is_real_from_seventy_percent_of_its_hits(made: int, size: int, *, real: bool) -> None:
    event = event_of(straight(range(20, 20 + size), 0.1), particles=[[], list(range(made))])
    found = match(event, one(event))
    assert found.particle.tolist() == [1 if real else -1]
    assert found.purity[0] == pytest.approx(made / size)
    assert (found.p[0] == 1001.0) == real
    assert np.isnan(found.eta[0]) == (not real)


def test_a_shared_hit_counts_for_each_of_its_particles() -> None:
    event = event_of(straight(range(20, 23)), particles=[[0, 1], [0, 1, 2]])
    assert match(event, one(event)).particle.tolist() == [1]


def test_matching_needs_truth() -> None:
    event = event_of(straight(range(20, 23)))
    with pytest.raises(DataError, match="no truth"):
        match(event, one(event))


@pytest.mark.parametrize(("scatter", "length"), [(0.0, 3), (-1.0, 3), (0.1, 2)])
def test_a_senseless_search_is_refused(scatter: float, length: int) -> None:
    with pytest.raises(UsageError, match="search"):
        find_candidates(event_of([]), scatter, length)


def test_neighbours_are_those_of_the_same_module() -> None:
    event = event_of([(20, 10.0, 0.0), (20, 13.0, 0.0), (20, 30.0, 0.0), (22, 10.0, 0.0)])
    found = neighbours(event)
    assert found.nearest.tolist() == [3, 3, 17, 20]
    assert np.allclose(found.density * np.pi * 25, [1, 1, 0, 0])


def test_a_track_does_not_support_its_own_vertex() -> None:
    z, error = np.array([0.0, 0.1, 50.0]), np.full(3, 0.2)
    support = vertex_support(z, error, np.array([True, True, True]))
    assert support[0] == support[1] > 0.25
    assert support[2] == pytest.approx(0, abs=1e-9)


def test_columns_have_distinct_names_and_descriptions_and_fit_the_signature() -> None:
    assert len({column.name for column in COLUMNS}) == len(COLUMNS) == len(LOGARITHMIC) == signature.inputs[0].width == 17
    assert all(column.description for column in COLUMNS)
    assert COLUMNS[CHI2_COLUMN].name == "chi2_per_dof"
