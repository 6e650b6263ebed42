"""Figures of the ghost classifier."""

from __future__ import annotations

import numpy as np
import pytest

from bartik.core import Dataset, Interval
from bartik.metrics import BinnedEfficiency
from bartik.plots import efficiency_in_bins
from bartik.usecases.ghost_probability.figures import figures


@pytest.fixture(scope="module")
def rows() -> Dataset:
    rng = np.random.default_rng(1)
    target = (rng.random(4000) < 0.25).astype(np.float32)
    spectators = {"p": 1e3 * rng.lognormal(1, 1, 4000), "eta": rng.uniform(-5, 5, 4000), "hits": rng.integers(3, 20, 4000)}
    spectators["event"] = np.arange(4000) // 100
    return Dataset({"features": np.zeros((4000, 17), np.float32)}, target, spectators=spectators)


def test_momentum_is_drawn_on_a_logarithmic_axis_and_all_else_on_a_plain_one(rows: Dataset) -> None:
    rng = np.random.default_rng(2)
    drawn = figures({name: rows.target + rng.normal(0, 0.3, rows.rows) for name in ("network", "BDT")}, rows)
    scales = {title: figure.axes[0].get_xscale() for title, _, figure in drawn}
    assert [title for title, scale in scales.items() if scale == "log"] == ["Efficiency against momentum p"]
    assert all(title and caption.endswith(".") for title, caption, _ in drawn)


@pytest.mark.parametrize(("scale", "middle"), [("linear", 55.0), ("log", np.sqrt(10 * 100))])
def test_a_marker_sits_in_the_middle_of_its_bin_as_it_is_drawn(scale: str, middle: float) -> None:
    binned = BinnedEfficiency((10.0, 100.0), (Interval(0.9, 0.8, 1.0),), (10,))
    axes = efficiency_in_bins({"network": binned}, "p", xscale=scale).axes[0]  # type: ignore[arg-type]
    assert axes.get_lines()[0].get_xdata() == pytest.approx([middle])


def test_markers_of_several_models_stay_side_by_side_inside_their_bin() -> None:
    binned = BinnedEfficiency((1.0, 10.0), (Interval(0.9, 0.8, 1.0),), (10,))
    axes = efficiency_in_bins(dict.fromkeys("abc", binned), "p", xscale="log").axes[0]
    places = [float(container[0].get_xdata()[0]) for container in axes.containers]
    assert 1 < places[0] < places[1] < places[2] < 10
