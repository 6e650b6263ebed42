import json
from dataclasses import replace

import pytest

from bartik.cli.main import run_command
from bartik.core import UnavailableError, UsageError
from bartik.plots.roofline import Point, roofline
from bartik.profile import counters
from bartik.profile.limits import Limits, limits
from bartik.profile.nodes import Work
from bartik.profile.profile_table import format_comparison, format_profile
from bartik.profile.profiler import Profile, profile
from bartik.profile.verdict import judge
from bartik.testing.models import dense_bundle

LIMITS = Limits(1e11, 1e9, 8e10, 4e9, {1 << 14: 1e11, 1 << 20: 1e10}, 1e-7)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return profile(dense_bundle(tmp_path_factory.mktemp("bundle") / "a"), "onnxruntime", 64, seconds=0.05)


@pytest.mark.parametrize(
    ("work", "seconds", "bound"),
    [
        (Work(multiply_adds=10_000), 1.2e-7, "compute"),
        (Work(series=100), 2e-7, "functions"),
        (Work(moved=16_000), 3e-7, "memory"),
        (Work(multiply_adds=10), 1.1e-7, "dispatch"),
        (Work(multiply_adds=10, steps=20), 1e-5, "latency"),
    ],
)
def test_what_takes_most_of_the_time_at_its_limit_bounds_a_layer(work, seconds, bound):
    verdict = judge(work, 1, seconds, LIMITS, 1e-7)
    assert verdict.bound == bound
    assert "%" in verdict.sentence
    assert all(0 <= share <= 1 for share in verdict.shares.values())


def test_a_layer_that_nothing_limits_says_what_it_waits_for():
    assert "20 steps" in judge(Work(multiply_adds=10, steps=20), 1, 1e-5, LIMITS, 1e-7).sentence
    assert "7 comparisons" in judge(Work(comparisons=7), 1, 1e-5, LIMITS, 1e-7).sentence


def test_bandwidth_is_that_of_the_nearest_sizes_and_never_beyond_them():
    assert LIMITS.bandwidth_of(1) == pytest.approx(1e11)
    assert LIMITS.bandwidth_of(1 << 17) == pytest.approx(10**10.5)
    assert LIMITS.bandwidth_of(1e12) == pytest.approx(1e10)


def test_the_limits_of_this_machine_are_positive_and_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("BARTIK_CACHE", str(tmp_path))
    first = limits(seconds=0.05)
    assert min(first.multiply_adds, first.series, first.dense, first.comparisons, first.call, *first.bandwidth.values()) > 0
    assert limits() == first == Limits.from_dict(json.loads(json.dumps(first.to_dict())))


def test_every_layer_is_measured_and_work_adds_up(found):
    assert [part.name for part in found.layers] == ["1 Gemm", "2 Gemm", "3 Gemm"]
    assert sum(part.work.multiply_adds for part in found.layers) == found.whole.work.multiply_adds == 945
    assert min(part.seconds for part in (*found.layers, found.whole)) > 0
    assert found.whole.work.moved == 4 * 18


def test_a_machine_file_comes_back_as_it_was(found):
    assert Profile.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_the_table_has_a_line_and_a_sentence_for_each_layer(found):
    text = format_profile(found)
    assert text.count("1 Gemm") == 2 + bool(not found.no_counters)
    assert "GFLOP/s" in text
    assert "fusion" in text


def test_two_machines_are_compared_layer_by_layer_and_other_models_refused(found):
    slower = replace(found, layers=tuple(replace(part, seconds=2 * part.seconds) for part in found.layers))
    assert format_comparison(slower, found).count("2.00") == 3
    with pytest.raises(UsageError, match="not the model that was profiled here"):
        format_comparison(found, replace(found, digest="other"))


def test_counters_count_where_the_machine_has_them():
    try:
        found = counters.count(lambda: sum(range(1000)), 10)
    except UnavailableError as error:
        pytest.skip(error.message)
    assert found["instructions"] > 1000
    assert found["cycles"] > 0


def test_an_architecture_without_counters_is_said(monkeypatch):
    monkeypatch.setattr(counters.platform, "machine", lambda: "abacus")
    with pytest.raises(UnavailableError, match="abacus"):
        counters.count(lambda: None, 1)


def test_the_roofline_leaves_out_what_has_no_products():
    figure = roofline([Point("a", 1.0, 10.0), Point("none", 0.0, 0.0), Point("whole", 5.0, 50.0, whole=True)], 100, {"memory": 20})
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["memory: 20 GB/s", "a", "whole"]


def test_the_verb_prints_draws_and_compares_with_its_own_file(tmp_path, capsys):
    bundle = dense_bundle(tmp_path / "bundle", (5, 4, 1))
    call = ["profile", str(bundle.path), "--backend", "onnxruntime", "--seconds", "0.05"]
    assert run_command([*call, "--json", str(tmp_path / "a.json"), "--plot", str(tmp_path / "a.svg")]) == 0
    assert run_command([*call, "--against", str(tmp_path / "a.json")]) == 0
    assert "times faster there" in capsys.readouterr().out
    assert (tmp_path / "a.svg").read_text().startswith("<svg")


def test_a_file_that_is_no_machine_file_is_refused(tmp_path, capsys):
    bundle = dense_bundle(tmp_path / "bundle", (5, 4, 1))
    (tmp_path / "a.json").write_text("{}")
    assert run_command(["profile", str(bundle.path), "--against", str(tmp_path / "a.json")]) == 1
    assert "no machine file" in capsys.readouterr().err
