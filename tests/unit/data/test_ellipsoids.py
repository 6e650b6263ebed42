import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartik.core import DataError
from bartik.data.ellipsoids import BEAM_WIDTH, ellipsoids, sigma_z
from bartik.data.vertex_event import VertexEvent


def way(theta: float, phi: float) -> np.ndarray:
    return np.array([[np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)]])


def matrix(features: np.ndarray) -> np.ndarray:
    a, b, c, d, e, f = features[3:].astype(float)
    return np.array([[a, d, e], [d, b, f], [e, f, c]])


@given(st.floats(0.01, 3.1), st.floats(-3, 3), st.floats(-5, 5), st.floats(0.01, 0.2))
def test_the_centre_is_the_point_of_closest_approach_and_the_axes_are_those_of_track_and_beam(theta, phi, shift, sigma):
    direction = way(theta, phi)
    beam = np.array([0.3, -0.2])
    origin = np.array([[0.5, 0.1, 10.0]])
    found = ellipsoids(origin + shift * direction, direction, np.array([sigma]), beam)[0]
    offset = found[[1, 2]] - beam
    assert abs(offset @ direction[0, :2]) < 1e-3 * np.hypot(*direction[0, :2]) + 1e-5
    along = direction[0] @ matrix(found) @ direction[0]
    assert along == pytest.approx(np.sin(theta) ** 2 / BEAM_WIDTH**2, rel=1e-2, abs=1e-2)
    assert np.linalg.eigvalsh(matrix(found)).min() > -1e-2


def test_a_forward_track_knows_z_less_well():
    steep, flat = (ellipsoids(np.zeros((1, 3)), way(theta, 0.3), np.array([0.04]), np.zeros(2)) for theta in (0.3, 0.03))
    assert sigma_z(steep)[0] == pytest.approx(0.04 / np.sin(0.3), rel=1e-3)
    assert sigma_z(flat)[0] == pytest.approx(0.04 / np.sin(0.03), rel=1e-3)


def test_a_track_along_the_beam_is_refused():
    with pytest.raises(DataError, match="along the beam"):
        ellipsoids(np.zeros((1, 3)), np.array([[0.0, 0.0, 1.0]]), np.array([0.04]), np.zeros(2))


def test_a_resolution_of_nothing_is_refused():
    with pytest.raises(DataError, match="not positive"):
        ellipsoids(np.zeros((1, 3)), way(0.1, 0), np.array([0.0]), np.zeros(2))


def event(**changed: np.ndarray) -> VertexEvent:
    arrays = {
        "tracks": np.ones((2, 9), np.float32), "beam": np.zeros(2, np.float32), "z": np.zeros(1), "count": np.ones(1, np.int64),
    } | changed  # fmt: skip
    return VertexEvent(7, **arrays)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"tracks": np.ones((2, 8), np.float32)}, r"event 7: wanted tracks \[tracks, 9\]"),
        ({"tracks": np.full((2, 9), np.nan, np.float32)}, "event 7: a track, a vertex or the beam line is not finite"),
        ({"z": np.zeros(3)}, "event 7: "),
        ({"beam": np.array([np.inf, 0], np.float32)}, "not finite"),
    ],
)
def test_an_event_that_is_none_is_refused_with_its_number(changed, message):
    with pytest.raises(DataError, match=message):
        event(**changed)
