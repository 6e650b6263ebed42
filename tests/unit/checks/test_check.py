import json
import math
import re

import numpy as np
import pytest

from bartik.checks import Parity, Tolerance, against_reference, check, require
from bartik.core import Availability, BackendError, CheckError, DataError, DigestError, UnknownNameError, UnsupportedError
from bartik.testing.models import dense_bundle


@pytest.fixture
def bundle(tmp_path):
    return dense_bundle(tmp_path / "bundle", (5, 4, 1))


class Wrong:
    """The right scores, except where ``spoil`` has its way with them."""

    def __init__(self, reference, spoil):
        inputs, outputs = reference
        self.known = {row.tobytes(): score for row, score in zip(inputs["features"], outputs["score"], strict=True)}
        self.spoil = spoil

    def run(self, inputs, out=None):
        unknown = np.ones(1, np.float32)
        return {"score": self.spoil(np.array([self.known.get(row.tobytes(), unknown) for row in inputs["features"]]))}


def pretend(monkeypatch, bundle, *, available=None, spoil=None, refusal=None):
    """Put a backend that behaves so in the place of ``torch``."""
    real_availability, real_prepare = against_reference.availability, against_reference.prepare

    def availability(name):
        return (available or Availability(ok=True, version="1")) if name == "torch" else real_availability(name)

    def prepare(bundle, name):
        if name != "torch":
            return real_prepare(bundle, name)
        if refusal:
            raise refusal
        return Wrong(bundle.reference(), spoil)

    monkeypatch.setattr(against_reference, "availability", availability)
    monkeypatch.setattr(against_reference, "prepare", prepare)


def spoil_row(scores):
    scores[3:4] += np.float32(0.01)
    return scores


def spoil_single(scores):
    return scores + 0.01 if len(scores) == 1 else scores


def test_every_backend_that_is_right_is_the_same(bundle):
    parities = check(bundle, ["onnxruntime", "reference", "torch"])
    assert [(p.backend, p.status, p.ok, p.nan) for p in parities] == [
        ("onnxruntime", "same", True, "same"),
        ("reference", "same", True, "same"),
        ("torch", "same", True, "same"),
    ]
    assert all(p.max_abs < 1e-6 and p.max_ulp < 64 and p.version for p in parities)
    require(parities)


def test_a_backend_that_is_wrong_in_one_row_is_refused_by_backend_output_row_and_values(bundle, monkeypatch):
    pretend(monkeypatch, bundle, spoil=spoil_row)
    parities = check(bundle, ["reference", "torch"])
    assert [p.status for p in parities] == ["same", "wrong"]
    assert parities[1].max_abs == pytest.approx(0.01, rel=1e-3)
    score = bundle.reference()[1]["score"][3, 0]
    words = f"backend 'torch' does not reproduce the bundle: output 'score' row 3: wanted {score:.9g}, got {score + np.float32(0.01):.9g}"
    with pytest.raises(CheckError, match=re.escape(words)):
        require(parities)


def test_a_backend_that_is_wrong_for_one_row_alone_is_found(bundle, monkeypatch):
    pretend(monkeypatch, bundle, spoil=spoil_single)
    found = check(bundle, ["torch"])[0]
    assert found.status == "wrong"
    assert "row 0: wanted" in found.reason
    assert re.search(r"when rows (\d) to \1 of the reference are a batch of their own", found.reason)


def test_a_wider_tolerance_lets_more_pass(bundle, monkeypatch):
    pretend(monkeypatch, bundle, spoil=spoil_row)
    assert check(bundle, ["torch"], Tolerance(absolute=0.02))[0].ok


def test_a_backend_that_drops_nan_is_told_but_not_wrong(bundle, monkeypatch):
    pretend(monkeypatch, bundle, spoil=lambda scores: scores)
    found = check(bundle, ["torch"])[0]
    assert (found.status, found.nan) == ("same", "other")
    assert "NaN" in str(found)


def test_a_backend_that_is_not_installed_is_listed_with_its_remedy(bundle, monkeypatch):
    pretend(monkeypatch, bundle, available=Availability(ok=False, reason="no libtorch", remedy="install torch"))
    parities = check(bundle, ["reference", "torch"])
    assert (parities[1].status, parities[1].reason, parities[1].remedy) == ("unavailable", "no libtorch", "install torch")
    assert "no libtorch (install torch)" in str(parities[1])
    require(parities)
    with pytest.raises(CheckError, match="backend 'torch' does not reproduce the bundle: no libtorch\n  install torch"):
        require(parities, needed=["torch"])


def test_a_backend_that_lacks_an_operator_is_refused_and_one_that_breaks_is_wrong(bundle, monkeypatch):
    pretend(monkeypatch, bundle, refusal=UnsupportedError("lacks Frobnicate", hint="use another"))
    assert check(bundle, ["torch"])[0].status == "refused"
    require(check(bundle, ["torch", "reference"]))
    pretend(monkeypatch, bundle, refusal=BackendError("broke"))
    assert check(bundle, ["torch"])[0].status == "wrong"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("core dumped\nat 0x7f"), "RuntimeError: core dumped"),
        (UnsupportedError("no Conv"), "no Conv"),
        (DataError("input 'x': wanted 3 columns"), "input 'x': wanted 3 columns"),
    ],
)
def test_whatever_a_backend_raises_is_its_own_failure_and_the_others_are_still_checked(bundle, monkeypatch, error, words):
    def explode(scores):
        raise error

    pretend(monkeypatch, bundle, spoil=explode)
    parities = check(bundle, ["torch", "reference"])
    assert [(p.backend, p.status) for p in parities] == [("torch", "wrong"), ("reference", "same")]
    assert parities[0].reason == words


def test_a_backend_that_raises_in_prepare_is_wrong(bundle, monkeypatch):
    pretend(monkeypatch, bundle, refusal=TypeError("what?"))
    assert check(bundle, ["torch"])[0].reason == "TypeError: what?"


def test_what_is_wrong_with_the_bundle_itself_is_no_backends_fault(bundle, monkeypatch):
    pretend(monkeypatch, bundle, refusal=DigestError("altered"))
    with pytest.raises(DigestError, match="altered"):
        check(bundle, ["torch"])


def test_no_result_at_all_is_no_success(bundle, monkeypatch):
    pretend(monkeypatch, bundle, refusal=UnsupportedError("lacks Frobnicate"))
    with pytest.raises(CheckError, match="no result from any backend"):
        require(check(bundle, ["torch"]))
    with pytest.raises(CheckError, match="no result from native"):
        require(check(bundle, ["reference"]), needed=["native"])


def test_an_unknown_backend_is_refused_with_the_nearest_name(bundle):
    with pytest.raises(UnknownNameError, match="did you mean 'reference'"):
        check(bundle, ["referenc"])


@pytest.mark.parametrize(
    "parity", [Parity("a", "same", 1e-7, 2.0, version="1", nan="same"), Parity("b", "wrong", math.inf, math.inf, "r", "do")]
)
def test_a_parity_goes_through_json(parity):
    assert Parity.from_dict(json.loads(json.dumps(parity.to_dict(), allow_nan=False))) == parity


def test_a_bundle_without_rows_in_its_reference_is_compared_all_the_same(tmp_path):
    bundle = dense_bundle(tmp_path / "bundle", (5, 4, 1), rows=0)
    assert [p.status for p in check(bundle, ["reference", "torch"])] == ["same", "same"]
    assert np.size(bundle.reference()[1]["score"]) == 0
