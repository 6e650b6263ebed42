import doctest
import subprocess
import sys
import xml.etree.ElementTree as ET
from functools import cache

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik import plots
from bartik.core import Interval, UsageError
from bartik.metrics import efficiency_in_bins, roc_curve
from bartik.plots import times
from bartik.plots.palette import DARK, GRID, INK, MUTED, PAPER, SERIES, VARIABLES, css_variables
from bartik.report.page import embed

RANDOM = np.random.default_rng(1)
SIGNAL, BACKGROUND = RANDOM.normal(3, 1, 3000), RANDOM.normal(0, 1, 1000)
VARIABLE = RANDOM.uniform(2, 5, 3000)


def roc():
    curve = roc_curve(SIGNAL, BACKGROUND)
    return plots.roc({"network": (curve.signal_efficiency, curve.background_rejection)}, working_points={"99%": (0.99, 0.9)})


def binned():
    return plots.efficiency_in_bins({"network": efficiency_in_bins(SIGNAL > 1, VARIABLE, [2, 3, 4, 5])}, r"$\eta$")


def scores():
    return plots.score_histogram(np.r_[SIGNAL, BACKGROUND] / 9, np.r_[np.ones(3000), np.zeros(1000)], 0.3)


def history():
    return plots.training_history({"train": [0.5, 0.3, 0.2], "validation": [0.6, 0.4, 0.35]}, best=3)


def speed():
    times = [plots.Measured("native", 1, 300.0), plots.Measured("native", 4096, 33.0), plots.Measured("torch", 1, 21000.0)]
    return plots.benchmark(times, candidates_per_event=60)


def lineage():
    boxes = {"data": plots.Box(0, ("data", "b5cff40573fe"), 2), "model": plots.Box(1, ("a$b^model", "x" * 60)), "none": plots.Box(1, ("",))}
    return plots.lineage(boxes, [("data", "model")])


def compared():
    return plots.distributions({"toy": SIGNAL, "LHCb": BACKGROUND, "empty": np.zeros(0)}, [0, 1, 2, 3], "hits")


def side_by_side():
    return plots.distributions({"toy": SIGNAL, "LHCb": BACKGROUND}, [0, 1, 2, 3], "hits", ratio=False)


BINS = np.array([[0.1, 0.2, 0.16, 0.14, 0.18], [0.2, 0.5, 0.33, 0.31, 0.35]])
LINE = np.array([[0.1, 0.5], [0.12, 0.48]])


def flavours():
    curve = roc_curve(SIGNAL, BACKGROUND)
    return plots.tagging_roc({"network": np.stack([curve.signal_efficiency, curve.background_rejection])})


def calibrated():
    return plots.tagging_calibration(np.c_[BINS, [0.17, 0.3]], LINE, LINE + 0.01, "peer")


def powers():
    return plots.tagging_powers({"network": (0.05, 0.04, 0.06), "nothing": (0.0, 0.0, 0.0)}, best=0.07)


def oscillating():
    return plots.oscillation({"network": BINS}, {"network": LINE})


def judged_run():
    share, zero = np.full(20, 0.05), np.zeros(20)
    pull = np.where(np.arange(20) == 7, -12, 0.5)
    references = {"network": (share, 0.1 * share, pull), "template": (share, zero, pull)}
    return plots.run_against_reference(np.linspace(-1, 1, 21), np.arange(20.0), references, "x")


def judged_runs():
    bad, jumped = np.arange(50) % 10 == 0, np.arange(50) == 22
    values = np.sin(np.arange(50)) / 9 + bad
    return plots.scores_in_time({"network": (values, 0.5), "template": (values, 0.4)}, bad, jumped, "score", first=1000)


def jumped():
    return plots.after_jump({"network": (np.array([1.0, 0.1]), np.array([0.1, 0.05])), "template": (np.ones(2), np.zeros(2))})


def plane_of_events():
    counts = 5 + np.arange(30.0).reshape(6, 5)
    return plots.plane([np.linspace(0, 3, 7), np.linspace(0, 2, 6)], counts, np.full((6, 5), 20.0), ("m+", "m-"))


def correlated():
    return plots.correlations(["mean", "width", "yield"], np.array([[1, 0.5, -0.9], [0.5, 1, 0], [-0.9, 0, 1]]))


def vertices_in_time():
    points = {"big": (0.968, 0.002, 8000.0), "small": (0.964, 0.002, 800.0)}
    return plots.vertex_efficiency_against_time({"ONNX Runtime": points, "native": points})


def cut_by_cut():
    apart = np.array([[0.3, -1.2, np.nan], [0.1, 0.2, 0.0]])
    return plots.cut_differences(["PIDK > 0, K", "isMuon, mu"], {"chain": (apart, 0 * apart + 0.1), "floor": (apart / 9, apart * 0)}, 1.0)


FIGURES = [roc, binned, scores, history, speed, lineage, compared, side_by_side, flavours, calibrated, powers, oscillating]
FIGURES += [judged_run, judged_runs, jumped, plane_of_events, correlated, vertices_in_time, cut_by_cut]


@cache
def svg(draw, theme="light"):
    """Each figure once a theme, for the tests that only read it."""
    return plots.to_svg(draw(), theme)


@pytest.mark.parametrize("draw", FIGURES)
@pytest.mark.parametrize("theme", ["light", "dark", "page"])
def test_a_figure_is_the_same_svg_whenever_it_is_drawn(draw, theme):
    first, again = svg(draw, theme), plots.to_svg(draw(), theme)
    assert first == again
    assert first.startswith("<svg")
    ET.fromstring(first)


@pytest.mark.parametrize("draw", FIGURES)
def test_an_svg_needs_nothing_but_itself(draw):
    text = svg(draw)
    assert "<text" not in text
    assert "<metadata" not in text
    for address in ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"):
        text = text.replace(address, "")
    assert "http" not in text


@pytest.mark.parametrize("draw", FIGURES)
def test_a_page_takes_every_figure(draw):
    assert embed(svg(draw, "page"), draw.__name__, 1).startswith("<svg")


@pytest.mark.parametrize("draw", FIGURES)
def test_every_colour_follows_the_theme(draw):
    light, dark, page = (svg(draw, theme) for theme in ("light", "dark", "page"))
    used = [colour for colour in VARIABLES if colour in light]
    assert INK in used
    for colour in used:
        assert colour not in dark
        assert page.count(colour) == page.count(f"var(--plot-{VARIABLES[colour]}, {colour})")


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def contrast(one, other):
    bright, dim = sorted([luminance(one), luminance(other)], reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("theme", [dict(zip(DARK, DARK, strict=True)), DARK])
def test_colours_stand_out_from_their_page(theme):
    for colour in SERIES:
        assert contrast(theme[colour], theme[PAPER]) >= 3
    for colour in (INK, MUTED):
        assert contrast(theme[colour], theme[PAPER]) >= 4.5
    assert contrast(theme[GRID], theme[PAPER]) < 2


def test_pages_are_given_every_colour():
    assert set(VARIABLES) == set(DARK)
    for name in VARIABLES.values():
        assert f"--plot-{name}:" in css_variables("dark")


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_saved_figure_is_the_same_file_twice(tmp_path, suffix):
    for name in ("a", "b"):
        plots.save(history(), tmp_path / f"{name}.{suffix}")
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", ["figure.pdf", "figure"])
def test_other_formats_are_refused(tmp_path, name):
    with pytest.raises(UsageError, match=r"wanted a name that ends in \.png or \.svg"):
        plots.save(history(), tmp_path / name)


def test_drawing_leaves_the_users_settings_alone():
    before = dict(mpl.rcParams)
    plots.to_svg(roc())
    assert dict(mpl.rcParams) == before


def test_the_users_settings_leave_the_drawing_alone():
    wanted = plots.to_svg(history())
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "none"}):
        assert plots.to_svg(history()) == wanted


def test_drawing_opens_no_window_and_keeps_no_figure():
    code = "import sys, bartik.plots as p; p.to_svg(p.training_history({'a': [1]})); sys.exit(len(sys.modules[PYPLOT].get_fignums()))"
    code = code.replace("PYPLOT", "'matplotlib.pyplot'")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_importing_the_room_and_the_report_imports_no_matplotlib():
    code = "import sys, bartik.plots, bartik.report; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_unknown_figure_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'rock'"):
        plots.rock  # noqa: B018 - asking is the test
    assert sorted(plots._FILES) == dir(plots)
    assert all(hasattr(plots, name) for name in dir(plots))


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(times) == doctest.TestResults(0, 1)


def test_roc_shows_the_share_that_is_kept_in_the_window_asked_for():
    axes = roc().axes[0]
    x, y = axes.get_lines()[0].get_data()
    assert axes.get_xlim() == (0.9, 1.0)
    assert x.size < 500
    curve = roc_curve(SIGNAL, BACKGROUND)
    at = np.searchsorted(curve.signal_efficiency, 0.95)
    assert y[np.searchsorted(x, 0.95)] == pytest.approx(1 - curve.background_rejection[at], rel=0.2)


def test_a_perfect_classifier_can_be_drawn():
    curve = roc_curve(np.ones(50), np.zeros(50))
    plots.to_svg(plots.roc({"perfect": (curve.signal_efficiency, curve.background_rejection)}))


def test_empty_bins_are_left_out():
    class Binned:
        edges = (0.0, 1.0, 2.0, 3.0)
        values = (Interval(0.5, 0.4, 0.6), None, Interval(0.7, 0.6, 0.8))

    figure = plots.efficiency_in_bins({"a": Binned()}, "x")
    points = figure.axes[0].get_lines()[0].get_xdata()
    np.testing.assert_allclose(points, [0.5, 2.5])


def test_budget_lines_are_shares_of_an_events_time_for_each_candidate():
    lines = [line.get_xdata()[0] for line in speed().axes[0].get_lines()]
    np.testing.assert_allclose(lines, [10900 / 60, 10900 / 60 * 0.05, 10900 / 60 * 0.01])
    assert plots.benchmark([plots.Measured("native", 1, 300.0)]).axes[0].get_lines() == []


@given(st.floats(1e-3, 1e12))
@settings(max_examples=50)
def test_times_are_short_and_right(value):
    text = times.nanoseconds(value)
    number, unit = text.split()
    assert float(number) * {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9}[unit] == pytest.approx(value, rel=6e-3)
