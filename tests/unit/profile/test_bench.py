import json
from dataclasses import replace

import numpy as np
import pytest
from onnx import helper, numpy_helper
from threadpoolctl import threadpool_info

from bartik.core import (
    BuildError,
    DigestError,
    Interval,
    Signature,
    TensorSpec,
    UnavailableError,
    UnknownNameError,
    UnsupportedError,
    UsageError,
)
from bartik.profile import bench as module
from bartik.profile import scaling
from bartik.profile.bench import Benchmark, bench, format_table
from bartik.profile.budget import SECONDS_PER_EVENT, Budget
from bartik.profile.limit import build_limit
from bartik.profile.machine import machine
from bartik.profile.result import Row, Scaling
from bartik.profile.work import multiply_adds
from bartik.testing.models import dense_bundle, model_bundle

MACHINE = {"cpu": "Abacus 3000", "load_1min": 0.5}
ROWS = (
    Row("onnxruntime", 1, 1e-5, 3e-5, 1e-5, Interval(1.0, 1.0, 1.0), 138.0),
    Row("native", 1, 4e-7, 5e-7, 4e-7, Interval(25.0, 24.5, 25.5), 5.5, Interval(0.04, 0.03, 0.05)),
    Row("limit", 1, None, None, 1.65e-8, None, 0.2276),
)
MEASURED = Benchmark("ghosts", "0123456789abcdef", 150, 945, ROWS, {"tensorrt": "no CUDA (get a GPU)"}, MACHINE)


@pytest.fixture
def bundle(tmp_path):
    return dense_bundle(tmp_path / "bundle")


def test_every_backend_has_a_row_at_every_batch_and_a_ratio_to_onnxruntime(bundle):
    measured = bench(bundle, ["onnxruntime", "reference"], (1, 7), seconds=0.01)
    assert {(r.backend, r.batch) for r in measured.rows} == {(b, n) for b in ("onnxruntime", "reference", "limit") for n in (1, 7)}
    for row in measured.rows:
        assert row.seconds_per_candidate > 0
        assert row.throughput == 1 / row.seconds_per_candidate
        assert row.share == pytest.approx(row.seconds_per_candidate * 150 / SECONDS_PER_EVENT)
        assert row.speedup.low <= row.speedup.value <= row.speedup.high
        assert (row.latency_p50 is None) == (row.backend == "limit")
    assert all(r.speedup == Interval(1, 1, 1) for r in measured.rows if r.backend == "onnxruntime")
    assert (measured.digest, measured.multiply_adds, measured.skipped) == (bundle.digest, 17 * 25 + 25 * 20 + 20, {})


def test_without_onnxruntime_there_is_no_ratio(bundle):
    assert all(row.speedup is None for row in bench(bundle, ["reference"], (1,), seconds=0.01).rows)


def test_what_refuses_or_cannot_be_built_is_listed_with_its_reason(bundle, monkeypatch):
    real = module.prepare

    def prepare(bundle, name, **options):
        if name == "torch":
            raise UnsupportedError("lacks Frobnicate", hint="use another")
        return real(bundle, name, **options)

    def no_compiler():
        raise BuildError("no C++ compiler")

    monkeypatch.setattr(module, "prepare", prepare)
    monkeypatch.setattr(module, "build_limit", no_compiler)
    measured = bench(bundle, ["reference", "torch"], (1,), seconds=0.01)
    assert measured.skipped == {"torch": "lacks Frobnicate (use another)", "limit": "no C++ compiler"}
    assert [row.backend for row in measured.rows] == ["reference"]


def raising(monkeypatch, name, error, *, batch):
    """The backend ``name`` raises ``error`` for calls of so many rows, wherever it is prepared."""

    class Session:
        def __init__(self, session):
            self.session = session

        def run(self, inputs, out=None):
            if len(inputs["features"]) == batch:
                raise error
            return self.session.run(inputs, out)

    real = module.prepare

    def prepare(bundle, which, **options):
        session = real(bundle, which, **options)
        return Session(session) if which == name else session

    for place in (module, scaling):
        monkeypatch.setattr(place, "prepare", prepare)


def test_a_backend_that_raises_in_a_call_leaves_the_others_measured(bundle, monkeypatch):
    raising(monkeypatch, "torch", RuntimeError("core dumped\nat 0x7f"), batch=7)
    measured = bench(bundle, ["reference", "torch"], (1, 7, 8), seconds=0.01)
    assert measured.skipped == {"torch": "batch 7: RuntimeError: core dumped"}
    assert [(r.backend, r.batch) for r in measured.rows if r.backend != "limit"] == [
        ("reference", 1), ("torch", 1), ("reference", 7), ("reference", 8),
    ]  # fmt: skip


def test_a_backend_that_raises_in_prepare_is_listed_and_a_broken_bundle_is_no_backends_fault(bundle, monkeypatch):
    monkeypatch.setattr(module, "prepare", lambda *_, **__: 1 / 0)
    assert bench(bundle, ["torch"], (1,), seconds=0.01).skipped == {"torch": "ZeroDivisionError: division by zero"}

    def altered(*_, **__):
        raise DigestError("altered")

    monkeypatch.setattr(module, "prepare", altered)
    with pytest.raises(DigestError):
        bench(bundle, ["torch"], (1,), seconds=0.01)


def test_threads_and_copies_are_compared_with_one_of_each(bundle):
    measured = bench(bundle, ["onnxruntime", "reference", "torch"], (4,), seconds=0.01, threads=(2,), copies=(2, 3))
    found = [(s.kind, s.backend, s.number) for s in measured.scaling]
    assert found == [("threads", "onnxruntime", n) for n in (1, 2)] + [
        ("copies", name, n) for name in ("onnxruntime", "reference", "torch") for n in (1, 2, 3)
    ]
    assert all(s.seconds_per_candidate > 0 and s.cores > 0 and s.gain.low <= s.gain.value <= s.gain.high for s in measured.scaling)
    assert all(s.gain == Interval(1, 1, 1) for s in measured.scaling if s.number == 1)
    assert measured.skipped == {
        "reference with threads": "a call runs on the thread that makes it",
        "torch with threads": "it has one number of threads for the whole process",
    }


def test_a_backend_that_raises_in_copies_leaves_the_others_measured(bundle, monkeypatch):
    raising(monkeypatch, "reference", ValueError("no"), batch=4)
    measured = bench(bundle, ["onnxruntime", "reference"], (4,), seconds=0.01, copies=(2,))
    assert {s.backend for s in measured.scaling} == {"onnxruntime"}
    assert measured.skipped == {"reference": "batch 4: ValueError: no"}


def test_the_reference_evaluator_has_one_thread_too_while_it_is_measured(bundle, monkeypatch):
    seen, real = set(), module.interleave

    def interleave(calls, **options):
        seen.update(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
        return real(calls, **options)

    monkeypatch.setattr(module, "interleave", interleave)
    bench(bundle, ["reference"], (1,), seconds=0.01)
    assert seen <= {1}


def test_backends_that_take_threads_get_one(bundle, monkeypatch):
    seen, real = {}, module.prepare
    monkeypatch.setattr(module, "prepare", lambda bundle, name, **options: (seen.setdefault(name, options) and None) or real(bundle, name))
    bench(bundle, ["onnxruntime", "reference"], (1,), seconds=0.01)
    assert seen == {"onnxruntime": {"threads": 1}, "reference": {}}


def test_an_unknown_backend_and_an_empty_batch_are_refused(bundle):
    with pytest.raises(UnknownNameError, match="did you mean 'torch'"):
        bench(bundle, ["torc"])
    with pytest.raises(UsageError, match="threads and copies: wanted 1 or more"):
        bench(bundle, ["reference"], (1,), copies=(0,))
    for batches in ((), (0,), (4, -1)):
        with pytest.raises(UsageError, match="wanted sizes of 1 or more"):
            bench(bundle, ["reference"], batches)


def test_a_benchmark_goes_through_json_and_keys_of_others_do_not_matter():
    values = json.loads(json.dumps(MEASURED.to_dict() | {"date": "2026-01-01"}, allow_nan=False))
    assert Benchmark.from_dict(values) == MEASURED


def test_the_table_has_the_fastest_first_and_says_who_is_missing():
    lines = format_table(MEASURED).splitlines()
    assert lines[0] == "ghosts 0123456789ab, 945 multiply-adds a candidate, one thread of Abacus 3000, load 0.5"
    assert [line.split()[1] for line in lines[2:5]] == ["limit", "native", "onnxruntime"]
    assert lines[3].split()[:11] == ["1", "native", "0.40", "us", "0.50", "us", "400.0", "2.5e+06", "25.00", "(24.50", "to"]
    assert lines[3].split()[-5:] == ["0.05)", "60", "550.0%", "110", "x"]
    assert len({len(line) for line in lines[1:5]}) == 1
    assert lines[-1] == "tensorrt: not measured: no CUDA (get a GPU)"


def scaled(*cores):
    rows = tuple(Scaling("native", 256, "copies", n, 2e-8 / n, Interval(n, n - 0.1, n + 0.1), c) for n, c in enumerate(cores, 1))
    return replace(MEASURED, scaling=rows)


def test_threads_and_copies_have_a_table_of_their_own_and_go_through_json():
    measured = scaled(1.0, 1.97)
    text = format_table(measured)
    assert "256  native   2  copies          10.0         1e+08  2.00 (1.90 to 2.10)   1.97" in text
    assert "BUSY" not in text
    assert Benchmark.from_dict(json.loads(json.dumps(measured.to_dict()))) == measured


def test_gains_that_are_the_machines_doing_are_marked():
    assert "BUSY: 1 ran on less than a core where they were alone (least: native, batch 256, 0.35)" in format_table(scaled(0.35, 1.9))
    assert "BUSY: never more than 1.00 cores were had" in format_table(scaled(1.0, 1.0))


def test_a_benchmark_written_before_there_was_scaling_can_be_read():
    values = MEASURED.to_dict()
    del values["scaling"]
    for row in values["rows"]:
        del row["of_limit"]
    assert Benchmark.from_dict(values).rows[0] == MEASURED.rows[0]


def test_the_budget_is_what_30_mhz_leave_to_one_of_326_gpus():
    assert pytest.approx(10.87e-6, rel=1e-3) == SECONDS_PER_EVENT
    budget = Budget(150)
    assert budget.seconds_per_candidate(0.05) == pytest.approx(3.62e-9, rel=1e-2)
    assert budget.share(budget.seconds_per_candidate(0.01)) == pytest.approx(0.01)


def test_multiply_adds_of_matrices_and_convolutions_are_counted(tmp_path):
    def weights(name, *shape):
        return numpy_helper.from_array(np.zeros(shape, np.float32), name)

    nodes = [
        helper.make_node("Conv", ["features", "kernel"], ["a"], pads=[1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "matrix"], ["score"]),
    ]
    inputs, outputs = ("batch", 2, 10), ("batch", 4, 3)
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("features", 1, inputs)], [helper.make_tensor_value_info("score", 1, outputs)],
        [weights("kernel", 4, 2, 3), weights("matrix", 10, 3)],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    signature = Signature((TensorSpec("features", "float32", inputs),), (TensorSpec("score", "float32", outputs),))
    bundle = model_bundle(tmp_path / "bundle", model, signature, {"features": np.zeros((5, 2, 10), np.float32)})
    assert multiply_adds(bundle) == 4 * 10 * (2 * 3) + 4 * 3 * 10


def test_the_limit_does_as_many_multiply_adds_as_asked_and_computes_them(monkeypatch):
    limit = build_limit()
    assert limit._width % 4 == 0
    # x -> 0.5 x + 1 from x = 0, 1, ..., 11 in each lane: one step gives the sum of 0.5 x + 1
    lanes = limit._width // 12
    assert limit._run(1, 0.5, 1.0) == lanes * (0.5 * 66 + 12)
    done = []
    monkeypatch.setattr(limit, "_run", lambda steps, *_: done.append(steps))
    for work in (945, 10_000_000):
        limit.call(work)()
        assert done.pop() * limit._width == pytest.approx(work * limit.repeats(work), rel=1e-4)


def test_without_a_compiler_there_is_no_limit(monkeypatch, tmp_path):
    monkeypatch.setenv("BARTIK_CACHE", str(tmp_path))
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(UnavailableError, match=r"no C\+\+ compiler"):
        build_limit()
    assert not list(tmp_path.rglob("*.so"))


def test_the_machine_is_plain_values():
    found = machine()
    assert json.loads(json.dumps(found)) == found
    assert found["cores"] >= found["cores_of_this_process"] >= 1
    assert {"cpu", "simd", "compiler", "onnxruntime", "load_1min"} <= found.keys()
