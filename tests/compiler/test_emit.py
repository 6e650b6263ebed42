"""The stages of a small model as text: read the golden files."""

import numpy as np
import pytest
from onnx import helper

from bartik.compiler import stages


def _without_digest(bundle, text):
    return text.replace(bundle.digest, "0" * 64).replace(bundle.digest[:12].upper(), "0" * 12)


@pytest.mark.parametrize(
    ("stage", "file"), [("graph", "small.graph.txt"), ("loops", "small.loops.txt"), ("cxx", "small.hpp"), ("cuda", "small.cuh")]
)
def test_a_stage_is_as_reviewed(small_bundle, golden, stage, file):
    golden(file, _without_digest(small_bundle, stages(small_bundle)[stage]))


def test_the_same_bundle_gives_the_same_text(small_bundle):
    assert stages(small_bundle) == stages(small_bundle)


def test_the_text_names_the_bundle_and_its_provenance_in_comments_only(make_bundle):
    node = helper.make_node("Slice", ["features", "zero", "one", "one"], ["score"])
    provenance = {"seed": 7, "code": {"revision": 'abc"\n#error injected'}, "empty": ""}
    bundle = make_bundle([node], {"zero": np.array([0]), "one": np.array([1])}, name="two words", provenance=provenance)
    text = stages(bundle)["cxx"]
    assert "// seed: 7\n// code.revision: abc__#error injected".replace("#", "_") in text
    assert f"// bundle {bundle.digest}\n" in text
    assert "namespace bartik::two_words {" in text
    assert "empty" not in text.partition("#ifndef")[0]


def test_only_the_kernels_that_are_called_are_in_the_text(small_bundle):
    text = stages(small_bundle)["cxx"]
    assert "Lanes log(Lanes" in text
    assert "Lanes erf(Lanes" not in text
