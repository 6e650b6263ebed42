"""What a candidate must pass."""

import pytest

from bartik.checks import Parity
from bartik.core import Config, ConfigError, Interval
from bartik.metrics import Paired
from bartik.profile.result import Benchmark, Row
from bartik.workflow.gates import Limits, parity_gate, physics_gates, size_gate, time_gate

LIMITS = Limits({"AUC": 0.01, "ghost rate": 0.02}, 10.0, 5.0)


def _paired(new, old):
    exact = [Interval(v, v - 0.001, v + 0.001) for v in (new, old, new - old)]
    return Paired(*exact)


def _physics(auc, rate):
    found = {"AUC": _paired(auc, 0.9), "ghost rate": _paired(rate, 0.1)}
    return {gate.name: gate for gate in physics_gates("new rows", found, LIMITS, {"ghost rate"})}


def test_a_metric_may_be_worse_by_its_tolerance_and_not_by_more():
    assert _physics(0.891, 0.1)["AUC, new rows"].passed
    assert not _physics(0.889, 0.1)["AUC, new rows"].passed
    assert _physics(0.99, 0.1)["AUC, new rows"].passed


def test_of_some_metrics_less_is_better():
    assert _physics(0.9, 0.119)["ghost rate, new rows"].passed
    assert not _physics(0.9, 0.121)["ghost rate, new rows"].passed
    assert _physics(0.9, 0.01)["ghost rate, new rows"].passed
    assert "<= 0.12000 (champion 0.10000, tolerance 0.02)" in _physics(0.9, 0.1)["ghost rate, new rows"].wanted


def test_a_gate_says_what_was_wanted_and_found_with_its_interval():
    gate = _physics(0.889, 0.1)["AUC, new rows"]
    assert str(gate) == (
        "FAILED AUC, new rows: wanted >= 0.89000 (champion 0.90000, tolerance 0.01), found 0.88900, difference -0.01100 -0.00100 +0.00100"
    )


def test_a_tolerance_for_a_metric_that_there_is_not_is_refused():
    with pytest.raises(ConfigError, match=r"gates\.tolerance: no metric ghost rate"):
        physics_gates("new rows", {"AUC": _paired(0.9, 0.9)}, LIMITS)


def test_a_wrong_backend_fails_parity_and_so_does_the_lack_of_ours():
    same, wrong, missing = Parity("native", "same"), Parity("torch", "wrong"), Parity("sofie", "unavailable")
    assert parity_gate([same, missing]).passed
    assert not parity_gate([same, wrong]).passed
    assert not parity_gate([Parity("torch", "same"), missing]).passed


def _speed(nanoseconds, backend="native"):
    rows = tuple(Row(backend, batch, None, None, 1e-9 * nanoseconds / (batch > 1 or 100), None, 0.1) for batch in (1, 4096))
    return Benchmark("b", "d", 150, 945, rows, {"native": "no compiler"}, {"cpu": "test"})


def test_the_time_is_that_of_native_at_the_largest_batch():
    [fast], [slow] = time_gate(_speed(60), LIMITS), time_gate(_speed(70), LIMITS)
    assert fast.passed
    assert not slow.passed
    assert slow.found == "10.50 us by native on one thread of test"


def test_a_time_that_was_not_measured_fails():
    [gate] = time_gate(_speed(60, "torch"), LIMITS)
    assert not gate.passed
    assert "no compiler" in gate.found


def test_a_model_that_ours_does_not_take_is_judged_by_another():
    refused, same = Parity("native", "refused"), Parity("onnxruntime", "same")
    assert parity_gate([refused, same], "onnxruntime").passed
    assert not parity_gate([refused, same]).passed
    [gate] = time_gate(_speed(60, "onnxruntime"), LIMITS, "onnxruntime")
    assert gate.passed
    assert gate.found == "9.00 us by onnxruntime on one thread of test"


def test_the_size_is_that_of_the_onnx_file(tmp_path):
    from bartik.testing.models import dense_bundle

    [small], [large] = (size_gate(dense_bundle(tmp_path / f"b{n}", (n, n, 1)), LIMITS) for n in (5, 50))
    assert small.passed
    assert not large.passed


def test_a_use_case_without_limits_asks_for_parity_alone():
    limits = Limits.of(Config({"train": {"epochs": 1}}))
    assert limits == Limits({}, 0.0, 0.0)
    assert physics_gates("x", {"AUC": _paired(0.1, 0.9)}, limits) == time_gate(_speed(1), limits) == []


def test_limits_below_zero_are_refused():
    with pytest.raises(ConfigError, match="0 or more"):
        Limits.of(Config({"gates": {"us_per_event": -1.0}}))
