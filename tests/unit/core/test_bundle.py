import json
import shutil

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from bartik.core import BundleError, Column, DigestError, table
from bartik.core.bundle import open_bundle, write_bundle

SIGNATURE = table((Column("x", "mm"), Column("y", "mm")))


def identity_model() -> bytes:
    node = helper.make_node("ReduceSum", ["features", "axes"], ["score"], keepdims=1)
    axes = helper.make_tensor("axes", TensorProto.INT64, [1], [1])
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", 2])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["batch", 1])],
        [axes],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]).SerializeToString()


@pytest.fixture
def bundle(tmp_path):
    x = np.arange(6, dtype=np.float32).reshape(3, 2)
    reference = ({"features": x}, {"score": x.sum(1, keepdims=True)})
    return write_bundle(tmp_path / "bundle", identity_model(), SIGNATURE, reference, name="sum", working_points={"99%": 0.2})


def test_a_bundle_gives_back_what_was_written(bundle):
    opened = open_bundle(bundle.path)
    assert opened == bundle
    assert opened.signature == SIGNATURE
    assert opened.working_points == {"99%": 0.2}
    inputs, outputs = opened.reference()
    np.testing.assert_array_equal(outputs["score"][:, 0], inputs["features"].sum(1))
    onnx.checker.check_model(opened.model())


def test_a_bundle_put_aside_by_a_replacement_that_was_killed_is_found(bundle):
    bundle.path.rename(bundle.path.with_name(".bundle.0123456789abcdef.old"))
    assert open_bundle(bundle.path).digest == bundle.digest


@pytest.mark.parametrize("part", ["model.onnx", "reference.npz", "metrics.json"])
def test_one_altered_byte_is_refused_with_the_file_named(bundle, part):
    path = bundle.path / part
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(DigestError, match=f"{part}: was altered"):
        open_bundle(bundle.path)


def test_an_altered_manifest_is_refused(bundle):
    path = bundle.path / "bundle.json"
    manifest = json.loads(path.read_text())
    manifest["working_points"]["99%"] = 0.9
    path.write_text(json.dumps(manifest))
    with pytest.raises(DigestError, match=r"bundle\.json: was altered"):
        open_bundle(bundle.path)


def test_a_missing_part_is_named(bundle):
    (bundle.path / "model.onnx").unlink()
    with pytest.raises(BundleError, match=r"model\.onnx: is missing"):
        open_bundle(bundle.path)


def test_a_folder_without_manifest_is_no_bundle(tmp_path):
    with pytest.raises(BundleError, match="no bundle here"):
        open_bundle(tmp_path)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"format": 99}', '{"format": 1, "files": {"../../etc/passwd": "0"}}', '{"format": 1, "files": []}']
)
def test_a_broken_manifest_is_refused(bundle, content):
    (bundle.path / "bundle.json").write_text(content)
    with pytest.raises(BundleError):
        open_bundle(bundle.path)


def test_a_constant_in_another_file_is_refused_wherever_it_hides(tmp_path):
    model = onnx.load_from_string(identity_model())
    hidden = helper.make_tensor("secret", TensorProto.FLOAT, [1], [0.0])
    hidden.ClearField("float_data")
    hidden.data_location = TensorProto.EXTERNAL
    hidden.external_data.add(key="location", value="../secret.bin")
    model.graph.node.append(helper.make_node("Constant", [], ["s"], value=hidden))
    x = np.zeros((1, 2), np.float32)
    made = write_bundle(tmp_path / "b", model.SerializeToString(), SIGNATURE, ({"features": x}, {"score": x[:, :1]}), name="bad")
    with pytest.raises(BundleError, match="lies in another file, which is not followed"):
        made.model()


def test_writing_again_replaces_the_bundle_and_leaves_nothing_behind(bundle):
    copy = shutil.copytree(bundle.path, bundle.path.parent / "copy")
    write_bundle(bundle.path, identity_model(), SIGNATURE, open_bundle(copy).reference(), name="again")
    assert open_bundle(bundle.path).name == "again"
    assert sorted(p.name for p in bundle.path.parent.iterdir()) == ["bundle", "copy"]


@pytest.fixture
def with_source(tmp_path):
    x = np.zeros((1, 2), np.float32)
    return write_bundle(
        tmp_path / "sourced", identity_model(), SIGNATURE, ({"features": x}, {"score": x[:, :1]}), name="s", source={"xgboost.json": b"{}"}
    )


def test_a_librarys_own_model_is_kept_beside_the_graph_and_counts_for_the_digest(bundle, with_source):
    assert with_source.source("xgboost.json").read_bytes() == b"{}"
    assert with_source.source("lightgbm.txt") is None
    assert bundle.source("xgboost.json") is None
    assert not (bundle.path / "source").exists()
    assert "source/xgboost.json" in json.loads((with_source.path / "bundle.json").read_text())["files"]


def test_an_altered_library_model_is_refused(with_source):
    (with_source.path / "source" / "xgboost.json").write_bytes(b"[]")
    with pytest.raises(DigestError, match=r"xgboost\.json: was altered"):
        open_bundle(with_source.path)


def test_a_library_model_that_no_digest_speaks_of_is_refused(bundle):
    (bundle.path / "source").mkdir()
    (bundle.path / "source" / "lightgbm.txt").write_text("tree")
    with pytest.raises(DigestError, match=r"lightgbm\.txt: is not listed"):
        open_bundle(bundle.path)


@pytest.mark.parametrize("name", ["model.pkl", "../model.onnx", "source/xgboost.json"])
def test_only_known_library_models_have_a_place(tmp_path, name):
    x = np.zeros((1, 2), np.float32)
    with pytest.raises(BundleError, match="has no place in a bundle"):
        write_bundle(tmp_path / "b", identity_model(), SIGNATURE, ({"features": x}, {"score": x[:, :1]}), name="s", source={name: b""})
    assert not (tmp_path / "b").exists()
