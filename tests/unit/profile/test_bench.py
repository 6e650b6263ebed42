import json

import numpy as np
import pytest
from onnx import helper, numpy_helper

from bartik.core import BuildError, Interval, Signature, TensorSpec, UnavailableError, UnknownNameError, UnsupportedError, UsageError
from bartik.profile import bench as module
from bartik.profile.bench import Benchmark, bench, format_table
from bartik.profile.budget import SECONDS_PER_EVENT, Budget
from bartik.profile.limit import build_limit
from bartik.profile.machine import machine
from bartik.profile.result import Row
from bartik.profile.work import multiply_adds
from bartik.testing.models import dense_bundle, model_bundle

MACHINE = {"cpu": "Abacus 3000", "load_1min": 0.5}
ROWS = (
    Row("onnxruntime", 1, 1e-5, 3e-5, 1e-5, Interval(1.0, 1.0, 1.0), 138.0),
    Row("native", 1, 4e-7, 5e-7, 4e-7, Interval(25.0, 24.5, 25.5), 5.5),
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


def test_backends_that_take_threads_get_one(bundle, monkeypatch):
    seen, real = {}, module.prepare
    monkeypatch.setattr(module, "prepare", lambda bundle, name, **options: (seen.setdefault(name, options) and None) or real(bundle, name))
    bench(bundle, ["onnxruntime", "reference"], (1,), seconds=0.01)
    assert seen == {"onnxruntime": {"threads": 1}, "reference": {}}


def test_an_unknown_backend_and_an_empty_batch_are_refused(bundle):
    with pytest.raises(UnknownNameError, match="did you mean 'torch'"):
        bench(bundle, ["torc"])
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
    assert lines[3].split() == ["1", "native", "0.40", "us", "0.50", "us", "400.0", "2.5e+06", "25.00", "(24.50", "to", "25.50)", "550.0%"]
    assert len({len(line) for line in lines[1:5]}) == 1
    assert lines[-1] == "tensorrt: not measured: no CUDA (get a GPU)"


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
