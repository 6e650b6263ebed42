"""Choices for one machine: no bit changes, the best is remembered, and a file that is not ours is not believed."""

import numpy as np
import pytest
from onnx import helper

from bartik.backends import native, prepare
from bartik.compiler import generate, tuning
from bartik.compiler.tuning import CHOICES, DEFAULT, Tuning, remember, remembered, variants
from bartik.profile import tune as tuner
from bartik.profile.clock import Timing
from bartik.testing.models import dense_bundle

N = helper.make_node


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    monkeypatch.setenv("BARTIK_CACHE", str(tmp_path / "cache"))
    return dense_bundle(tmp_path / "bundle", (17, 25, 20, 1))


def test_variants_are_every_combination_and_the_first_is_what_it_began_with():
    found = variants(Tuning(tile=6), "lanes", "tile")
    assert found[0] == Tuning(tile=6)
    assert {(one.lanes, one.tile) for one in found} == {(lanes, tile) for lanes in CHOICES["lanes"] for tile in (*CHOICES["tile"], 6)}
    assert len(found) == len(set(found))


@pytest.mark.parametrize("one", [Tuning(tile=4), Tuning(tile=16), Tuning(lanes=8, tile=6), Tuning(alone=0), Tuning(alone=11)])
def test_no_choice_changes_a_bit(bundle, one):
    rows = {"features": np.random.default_rng(0).normal(size=(77, 17)).astype(np.float32)}
    assert np.array_equal(native.session_of(bundle, one).run(rows)["score"], native.session_of(bundle, DEFAULT).run(rows)["score"])


@pytest.mark.parametrize("blocks", CHOICES["blocks"])
def test_trees_give_the_same_bits_with_any_number_of_blocks(blocks, tmp_path, monkeypatch):
    xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")
    from bartik.core import Column, table
    from bartik.exporters import export

    monkeypatch.setenv("BARTIK_CACHE", str(tmp_path / "cache"))
    rows = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    model = xgboost.XGBRegressor(n_estimators=20, max_depth=4).fit(rows, rows.sum(1))
    made = export(model, table(tuple(Column(name) for name in "abcd")), {"features": rows}, tmp_path / "trees")
    [name] = [spec.name for spec in made.signature.outputs]
    wanted = native.session_of(made, DEFAULT).run({"features": rows})[name]
    assert np.array_equal(native.session_of(made, Tuning(blocks=blocks)).run({"features": rows})[name], wanted)


def test_what_was_found_best_is_taken_by_the_backend_native_and_by_no_other_model(bundle, tmp_path, monkeypatch):
    assert remembered(bundle) == DEFAULT
    remember(bundle, Tuning(tile=4, alone=5))
    assert remembered(bundle) == Tuning(tile=4, alone=5)
    assert remembered(dense_bundle(tmp_path / "other", (17, 3, 1))) == DEFAULT
    built = []
    monkeypatch.setattr("bartik.compiler.library.compiled", lambda b, t: built.append(t) or _compiled(b, t))
    prepare(bundle, "native")
    assert built == [Tuning(tile=4, alone=5)]


def _compiled(bundle, chosen):
    from bartik.compiler.pipeline import compiled

    return compiled(bundle, chosen)


@pytest.mark.parametrize("text", ["{}", "[]", '{"tuning": {"tile": 1e9, "lanes": 0, "blocks": 4, "alone": 3}}', "{", '{"tuning": 3}'])
def test_a_file_in_the_cache_that_makes_no_sense_is_not_believed(bundle, text):
    remember(bundle, Tuning(tile=4)).write_text(text)
    assert remembered(bundle) == DEFAULT


def test_the_text_of_a_target_depends_on_the_bundle_and_on_what_it_is_told_alone(bundle, tmp_path):
    generate(bundle, "cxx", tmp_path / "before")
    remember(bundle, Tuning(tile=4))
    generate(bundle, "cxx", tmp_path / "after")
    generate(bundle, "cxx", tmp_path / "told", Tuning(tile=4))
    texts = [next((tmp_path / name).glob("made*.hpp")).read_text() for name in ("before", "after", "told")]
    assert texts[0] == texts[1] != texts[2]


def test_the_fastest_is_kept_if_it_is_faster_by_more_than_the_noise(bundle, monkeypatch):
    times = {Tuning(): 1.0, Tuning(tile=6): 0.9, Tuning(tile=10): 0.95, Tuning(tile=6, alone=5): 0.89}
    monkeypatch.setattr(tuner, "_distinct", lambda _b, tunings, _m, _p: {one: one for one in tunings if one in times})
    monkeypatch.setattr(tuner, "_call", lambda session, _rows: times[session])

    def interleave(calls, *, seconds):
        del seconds
        spread = np.random.default_rng(0).normal(1, 0.001, 20)
        return {name: Timing(seconds * spread, seconds * spread) for name, seconds in calls.items()}

    monkeypatch.setattr(tuner, "interleave", interleave)
    best, tried = tuner.tune(bundle)
    assert best == remembered(bundle) == Tuning(tile=6)
    assert {str(one.tuning) for one in tried} >= {"default", "tile=6", "tile=10", "tile=6 alone=5"}


def test_a_model_is_tuned_here_for_real(bundle, monkeypatch):
    monkeypatch.setattr(tuner, "_STAGES", ((("tile",), (64,)),))
    monkeypatch.setitem(tuning.CHOICES, "tile", (4, 8))
    said = []
    best, tried = tuner.tune(bundle, seconds=0.1, progress=said.append)
    assert [one.tuning for one in tried] == [Tuning(), Tuning(tile=4)]
    assert tried[1].gain.low <= tried[1].gain.value <= tried[1].gain.high
    assert best in {Tuning(), Tuning(tile=4)}
    assert "compiled 2 of 2" in said


def test_a_model_of_fixed_shape_is_tuned_as_it_is(tmp_path, monkeypatch):
    from onnx import TensorProto

    from bartik.core import Signature, TensorSpec
    from bartik.core.bundle import write_bundle

    monkeypatch.setenv("BARTIK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tuner, "_STAGES", ((("tile",), (64,)),))
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3]) for name in ("x", "y")]
    model = helper.make_model(
        helper.make_graph([N("Tanh", ["x"], ["y"])], "g", ends[:1], ends[1:]), opset_imports=[helper.make_opsetid("", 20)]
    )
    x = np.ones((2, 3), np.float32)
    signature = Signature((TensorSpec("x", "float32", (2, 3)),), (TensorSpec("y", "float32", (2, 3)),))
    made = write_bundle(tmp_path / "b", model.SerializeToString(), signature, ({"x": x}, {"y": np.tanh(x)}), name="fixed")
    best, tried = tuner.tune(made, seconds=0.1)
    assert best == DEFAULT
    assert [one.batches for one in tried] == [(1,)]
