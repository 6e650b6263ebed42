"""Files of all kinds: told by what is in them, exported from Python and the command line, or refused in one clear line."""

import json
import os
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bartik.checks import check, require
from bartik.cli.main import run_command
from bartik.core import ExportError, Signature, TensorSpec
from bartik.core.bundle import open_bundle
from bartik.exporters import export
from bartik.exporters.files import KINDS, export_file, model_name, read_file
from bartik.testing.models import custom_operator_model, dense_model

STUMP = (
    '<MethodSetup Method="BDT::b"><GeneralInfo><Info name="TMVA Release" value="4.2.1 [262657]"/></GeneralInfo>'
    '<Options><Option name="BoostType">AdaBoost</Option></Options>'
    '<Variables NVar="1"><Variable VarIndex="0" Expression="x" Min="0" Max="1"/></Variables><Transformations/>'
    '<Weights NTrees="1" AnalysisType="0"><BinaryTree boostWeight="1"><Node IVar="0" Cut="0.5" cType="1" nType="0">'
    '<Node pos="l" nType="-1"/><Node pos="r" nType="1"/></Node></BinaryTree></Weights></MethodSetup>'
)
LAYER = {"architecture": "dense", "weights": [1, 2], "bias": [0], "activation": "tanh"}
VARIABLES = [{"name": n, "offset": 0, "scale": 1} for n in "ab"]
NETWORK = json.dumps({"inputs": VARIABLES, "layers": [LAYER], "outputs": ["y"]})


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def onnx_bytes(nodes, inputs=(("x", TensorProto.FLOAT, ("batch", 2)),), outputs=(("y", TensorProto.FLOAT, ("batch", 2)),), weights=()):
    values = [[helper.make_tensor_value_info(*v) for v in group] for group in (inputs, outputs)]
    model = helper.make_model(helper.make_graph(nodes, "g", *values, weights), opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return model.SerializeToString()


def relu(**more):
    return onnx_bytes([helper.make_node("Relu", ["x"], ["y"])], **more)


CONTENTS = {"TMVA XML": STUMP, "lwtnn": NETWORK, "ONNX": dense_model((3, 4, 1)).SerializeToString()}


@pytest.mark.parametrize("kind", CONTENTS)
def test_a_file_is_told_by_its_content_whatever_its_name(kind, tmp_path):
    bundle = export_file(write(tmp_path / "model.dat", CONTENTS[kind]), tmp_path / "bundle")
    assert bundle.provenance["file"]["format"] == kind
    require(check(bundle, ("reference", "onnxruntime")), needed=("reference", "onnxruntime"))
    assert len(bundle.provenance["file"]["sha256"]) == 64


def test_white_space_and_a_byte_order_mark_hide_nothing(tmp_path):
    assert read_file(write(tmp_path / "a", b"\xef\xbb\xbf\n " + NETWORK.encode())).about["format"] == "lwtnn"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n ", "is empty"),
        (b"hello", "is of no kind of model file we know"),
        (np.random.default_rng(0).bytes(5000), "is of no kind of model file we know"),
        (b"\x00" * 5000, "is of no kind of model file we know"),
        (CONTENTS["ONNX"][:100], "is of no kind of model file we know"),
        (STUMP[:-20], "not well-formed XML"),
        (NETWORK[:-20], "broken JSON cannot be exported"),
        ("[1, 2]", "JSON of no known model cannot be exported"),
        ("{" * 100_000, "broken JSON cannot be exported"),
        (json.dumps({"inputs": [], "outputs": []}), "lwtnn variables cannot be exported"),
        (json.dumps({"class_name": "Model", "config": {}}), r"Keras architecture cannot be exported\n.*no weights"),
        (b"\x89HDF\r\n\x1a\n", r"HDF5 \(Keras\) cannot be exported"),
        (b"PK\x03\x04rest", r"zip archive \(torch, Keras or numpy\) cannot be exported"),
        (b"\x80\x04K\x01.", r"pickle cannot be exported\n.*runs whatever is in it"),
        (b"\x1f\x8b\x08", "gzip archive cannot be exported"),
        (b"root\x00\x00", "ROOT file cannot be exported"),
        ("#GEN -*-*-", "TMVA text weights cannot be exported"),
    ],
)
def test_other_files_are_refused_in_words(content, message, tmp_path):
    file = write(tmp_path / "file", content)
    with pytest.raises(ExportError, match=message) as error:
        export_file(file, tmp_path / "bundle")
    assert error.value.message.startswith(f"{file}: ")
    assert len(str(error.value).splitlines()) <= 2
    assert not (tmp_path / "bundle").exists()


def test_a_missing_file_a_folder_and_a_huge_file_are_refused(tmp_path, monkeypatch):
    with pytest.raises(ExportError, match="nowhere: no such file"):
        read_file(tmp_path / "nowhere")
    with pytest.raises(ExportError, match="is no regular file"):
        read_file(tmp_path)
    monkeypatch.setattr("bartik.exporters.files.MAX_BYTES", 10)
    with pytest.raises(ExportError, match="more than the 10 we read"):
        read_file(write(tmp_path / "file", STUMP))


def test_every_kind_is_read_or_has_a_remedy():
    assert all(bool(kind.reader) != bool(kind.remedy) for kind in KINDS)


def test_a_real_zip_is_not_taken_for_a_model(tmp_path):
    with zipfile.ZipFile(tmp_path / "model.onnx", "w") as archive:
        archive.writestr("data.pkl", b"")
    with pytest.raises(ExportError, match="zip archive"):
        read_file(tmp_path / "model.onnx")


def cumulative(reverse):
    """A sum over the rows up to this one: the first row, or the last, is right alone."""
    zero = numpy_helper.from_array(np.array(0), "zero")
    return onnx_bytes([helper.make_node("CumSum", ["x", "zero"], ["y"], reverse=reverse)], weights=[zero])


def shifted_in_the_middle():
    """The first and the last row are their own, those between get the next one's."""
    bounds = {"one": [1], "two": [2], "last": [-1], "most": [2**31], "axis": [0], "zero": [0]}
    weights = [numpy_helper.from_array(np.array(values), name) for name, values in bounds.items()]
    parts = [("zero", "one"), ("two", "most"), ("last", "most")]
    nodes = [helper.make_node("Slice", ["x", start, end, "axis"], [f"p{k}"]) for k, (start, end) in enumerate(parts)]
    rows = [helper.make_node("Shape", ["x"], ["size"]), helper.make_node("Concat", ["p0", "p1", "p2"], ["all"], axis=0)]
    starts = helper.make_node("Slice", ["all", "zero", "count", "axis"], ["y"])
    count = helper.make_node("Slice", ["size", "zero", "one", "axis"], ["count"])
    return onnx_bytes([*nodes, *rows, count, starts], weights=weights)


def within_a_condition(node):
    """The node in both branches of an If."""
    value = helper.make_tensor_value_info("z", TensorProto.FLOAT, ["batch", 2])
    branch = helper.make_graph([node], "branch", [], [value])
    condition = numpy_helper.from_array(np.ones((), bool), "c")
    return onnx_bytes([helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)], weights=[condition])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (relu(inputs=(("x", TensorProto.FLOAT, ("batch", 3_000_000)),)), "no size to try"),
        (relu(inputs=(("x", TensorProto.STRING, ("batch", 2)),)), "'x' holds string, which no bundle holds"),
        (relu(inputs=(("x", TensorProto.FLOAT, None),)), "no legal ONNX"),
        (onnx_bytes([helper.make_node("Relu", ["who"], ["y"])]), "no legal ONNX"),
        (onnx_bytes([helper.make_node("RandomNormalLike", ["x"], ["y"], name="dice")]), "node 'dice' is a RandomNormalLike"),
        (onnx_bytes([helper.make_node("Softmax", ["x"], ["y"], axis=0)]), "a row's answer depends on the rows beside it"),
        (cumulative(reverse=0), "a row's answer depends on the rows beside it"),
        (cumulative(reverse=1), "a row's answer depends on the rows beside it"),
        (shifted_in_the_middle(), "a row's answer depends on the rows beside it"),
        (within_a_condition(helper.make_node("RandomNormalLike", ["x"], ["z"], name="dice")), "node 'dice' is a RandomNormalLike"),
        (custom_operator_model((3, 1)).SerializeToString(), "reference evaluator cannot run it|no legal ONNX"),
        (
            onnx_bytes([helper.make_node("Identity", ["c"], ["y"])], inputs=(), weights=[numpy_helper.from_array(np.ones(2), "c")]),
            "has no input",
        ),
    ],
)
def test_an_onnx_file_that_answers_no_rows_is_refused(content, message, tmp_path):
    with pytest.raises(ExportError, match=message):
        export_file(write(tmp_path / "model.onnx", content), tmp_path / "bundle")


FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


@pytest.mark.parametrize(
    ("content", "inputs", "outputs"),
    [
        (relu(inputs=(("x", FLOAT, (4, 2)),), outputs=(("y", FLOAT, (4, 2)),)), [(4, 2)], [(4, 2)]),
        (relu(inputs=(("x", FLOAT, ("N", "n")),), outputs=(("y", FLOAT, ("N", "n")),)), [("batch", "n")], [("batch", "n")]),
        (relu(inputs=(("x", FLOAT, ("N", 2, 3)),), outputs=(("y", FLOAT, ("N", 2, 3)),)), [("batch", 2, 3)], [("batch", 2, 3)]),
        (
            onnx_bytes(
                [helper.make_node("Cast", ["i"], ["f"], to=FLOAT), helper.make_node("Add", ["x", "f"], ["y"])],
                inputs=(("x", FLOAT, ("N", 2)), ("i", INT64, ("N", 2))),
            ),
            [("batch", 2), ("batch", 2)],
            [("batch", 2)],
        ),
        (
            onnx_bytes(
                [helper.make_node("Gather", ["x", "e"], ["g"], axis=0), helper.make_node("ReduceSum", ["g"], ["y"], keepdims=1)],
                inputs=(("x", FLOAT, ("nodes", 3)), ("e", INT64, (2, "edges"))),
                outputs=(("y", FLOAT, (1, 1, 1)),),
            ),
            [("nodes", 3), (2, "edges")],
            [(1, 1, 1)],
        ),
    ],
)
def test_an_onnx_file_keeps_its_axes(content, inputs, outputs, tmp_path):
    bundle = export_file(write(tmp_path / "model.onnx", content), tmp_path / "bundle")
    assert [spec.shape for spec in bundle.signature.inputs] == inputs
    assert [spec.shape for spec in bundle.signature.outputs] == outputs
    require(check(bundle, ("reference", "onnxruntime")), needed=("reference", "onnxruntime"))


def test_constants_that_are_inputs_too_are_no_inputs_of_the_bundle(tmp_path):
    """As files of IR version 3 had them."""
    weight = numpy_helper.from_array(np.array([[1.0], [2.0]], np.float32), "w")
    inputs = (("x", FLOAT, ("N", 2)), ("w", FLOAT, (2, 1)))
    content = onnx_bytes([helper.make_node("MatMul", ["x", "w"], ["y"])], inputs, (("y", FLOAT, ("N", 1)),), [weight])
    bundle = export_file(write(tmp_path / "model.onnx", content), tmp_path / "bundle")
    assert [spec.name for spec in bundle.signature.inputs] == ["x"]
    require(check(bundle, ("reference", "native")), needed=("reference", "native"))


LEFT_OUT = {
    "the clip": {"clip": 0.1},
    "the activations": {"activations": ["HardSigmoid", "Tanh"]},
    "": {"direction": "reverse"},
}


@pytest.mark.parametrize("left_out", LEFT_OUT)
def test_a_recurrent_layer_of_which_the_reference_evaluator_leaves_something_out_is_judged_by_onnx_runtime(tmp_path, left_out):
    rng = np.random.default_rng(0)
    weights = [numpy_helper.from_array(rng.normal(size=(1, 6, n)).astype(np.float32), name) for name, n in (("w", 3), ("r", 2))]
    weights += [numpy_helper.from_array(np.array([0]), "zero")]
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        helper.make_node("GRU", ["t", "w", "r"], ["", "h"], hidden_size=2, name="memory", **LEFT_OUT[left_out]),
        helper.make_node("Squeeze", ["h", "zero"], ["y"]),
    ]
    content = onnx_bytes(nodes, (("x", FLOAT, ("N", 4, 3)),), (("y", FLOAT, ("N", 2)),), weights)
    bundle = export_file(write(tmp_path / "model.onnx", content), tmp_path / "bundle")
    found = {parity.backend: parity for parity in check(bundle, ("reference", "onnxruntime", "native"))}
    assert (found["onnxruntime"].status, found["native"].status) == ("same", "same")
    if left_out:
        assert bundle.provenance["file"]["reference"] == "ONNX Runtime"
        assert f"for the GRU of node 'memory', leaves out {left_out}" in found["reference"].reason


def test_a_batch_normalisation_of_an_old_opset_is_judged_in_a_later_one(tmp_path):
    """The reference evaluator leaves out the epsilon of opset 9."""
    tables = {"s": [1, 2], "b": [0, 1], "m": [0.5, -0.5], "v": [1e-6, 2]}
    weights = [numpy_helper.from_array(np.array(values, np.float32), name) for name, values in tables.items()]
    node = helper.make_node("BatchNormalization", ["x", *tables], ["y"], epsilon=1e-2)
    values = [[helper.make_tensor_value_info(name, FLOAT, ["N", 2])] for name in ("x", "y")]
    model = helper.make_model(helper.make_graph([node], "g", *values, weights), opset_imports=[helper.make_opsetid("", 9)], ir_version=6)
    bundle = export_file(write(tmp_path / "model.onnx", model.SerializeToString()), tmp_path / "bundle")
    require(check(bundle, ("reference", "onnxruntime", "native")), needed=("reference", "onnxruntime", "native"))


def test_weights_outside_the_onnx_file_are_refused(tmp_path):
    model = onnx.load_from_string(CONTENTS["ONNX"])
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    with pytest.raises(ExportError, match="its weights are in other files"):
        read_file(write(tmp_path / "model.onnx", model.SerializeToString()))


def test_weights_outside_the_onnx_file_are_refused_in_an_attribute_too(tmp_path):
    outside = numpy_helper.from_array(np.ones((1, 2), np.float32), "c")
    outside.ClearField("raw_data")
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="../../etc/passwd")
    nodes = [helper.make_node("Constant", [], ["c"], value=outside), helper.make_node("Add", ["x", "c"], ["y"])]
    with pytest.raises(ExportError, match="its weights are in other files"):
        read_file(write(tmp_path / "model.onnx", onnx_bytes(nodes)))


def test_a_path_exports_like_a_model_and_must_have_the_signature(tmp_path):
    file = write(tmp_path / "net.json", NETWORK)
    signature = read_file(file).signature
    rows = {"features": np.array([[0.1, 0.2]], np.float32)}
    bundle = export(file, signature, rows, tmp_path / "bundle")
    assert bundle.reference()[1]["response"] == pytest.approx(np.tanh([[0.5]]))
    assert bundle.name == "bundle"
    other = Signature((TensorSpec("features", "float32", ("batch", 3)),), signature.outputs)
    with pytest.raises(
        ExportError, match=r"the file's inputs are features float32\[batch, 2\]; the signature has features float32\[batch, 3\]"
    ):
        export(file, other, {"features": np.zeros((1, 3), np.float32)}, tmp_path / "other")


@pytest.mark.parametrize(
    ("file", "name"), [("a.weights.xml", "a"), ("My net-2.JSON", "My_net_2"), ("..onnx", "model"), ("x.y.onnx", "x_y"), ("plain", "plain")]
)
def test_a_model_is_named_after_its_file(file, name):
    assert model_name(Path(file)) == name


def test_the_command_writes_a_bundle_and_says_what_is_next(tmp_path, capsys):
    file, out = write(tmp_path / "b.weights.xml", STUMP), tmp_path / "bundle"
    assert run_command(["export", str(file), "-o", str(out), "--name", "stump"]) == 0
    said = capsys.readouterr()
    assert said.out.strip() == str(out)
    assert f"next: bartik check {out}" in said.err
    assert open_bundle(out).name == "stump"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["FILE"], "where to? -o BUNDLE is missing"),
        (["FILE", "-o", "b", "--out", "c"], "--config, --set, --data and --out are for use cases"),
        (["FILE", "-o", "b", "--set", "train.epochs=1"], "--config, --set, --data and --out are for use cases"),
        (["nowhere.xml", "-o", "b"], "nowhere.xml: no such file; -o and --name are for files"),
        ([".", "-o", "b"], ".: is a folder, and no model file; -o and --name are for files"),
        (["ghost_probabilty"], "unknown use case 'ghost_probabilty'\n  did you mean 'ghost_probability'?"),
    ],
)
def test_wrong_use_of_the_command_is_code_2_and_names_the_remedy(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    file = write(tmp_path / "file.xml", STUMP)
    assert run_command(["export", *(str(file) if a == "FILE" else a for a in arguments)]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [file]


def test_a_refused_file_is_code_1_and_one_line_with_a_hint(tmp_path, capsys):
    file = write(tmp_path / "file.xml", "<!DOCTYPE a><a/>")
    assert run_command(["export", str(file), "-o", str(tmp_path / "b")]) == 1
    assert capsys.readouterr().err.splitlines()[0] == f"bartik: {file}: line 1: a document type declaration is refused"


def test_help_shows_a_use_case_and_a_file(capsys):
    assert run_command(["export", "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "Example: bartik export ghost_probability --out" in shown
    assert "Example: bartik export TMVAClassification_BDT.weights.xml -o" in shown


DATA = Path(os.environ["BARTIK_DATA"]) if "BARTIK_DATA" in os.environ else None


EXPORTED = {
    "01_pid/models/idao2019_muonid_advanced.cbm",
    "02_ghost_track_quality/tseed_lwtnn_net.json",
    "03_trigger_allen/fdplacido_Allen/detector_configuration/down/muon_catboost_model.json",
    "11_models/*.onnx",
    "11_models/cms_DeepCSV_PhaseI_lwtnn.json",
    "11_models/tmva_*.xml",
}
REFUSED = {
    "01_pid/models/*.xgb": "XGBoost's old binary format",
    "05_decays/models/*.model": "XGBoost's oldest binary format",
    "01_pid/models/mlhep2020_pid_sparse_model_weights.pt": "pickle",
    "01_pid/models/pidcompr_*.pt": "zip archive",
    "02_ghost_track_quality/*.h5": "HDF5",
    "02_ghost_track_quality/tseed_model.json": "Keras architecture",
    "02_ghost_track_quality/tseed_variables.json": "lwtnn variables",
    "11_models/cms_HLT_ParticleNetAK4_V01_preprocess.json": "JSON of no known model",
}


@pytest.mark.skipif(DATA is None, reason="BARTIK_DATA names no folder of data")
@pytest.mark.parametrize("pattern", REFUSED)
def test_a_real_file_that_holds_no_model_we_read_is_refused_by_its_kind(pattern, tmp_path):
    files = sorted(DATA.glob(pattern))
    assert files
    for file in files:
        with pytest.raises(ExportError, match=REFUSED[pattern]) as error:
            export_file(file, tmp_path / file.name)
        assert error.value.hint


@pytest.mark.slow
@pytest.mark.skipif(DATA is None, reason="BARTIK_DATA names no folder of data")
def test_every_real_file_becomes_a_bundle_or_is_refused_in_words(tmp_path):
    exported = set()
    folders = ("01_pid/models", "02_ghost_track_quality", "05_decays/models", "11_models")
    files = [p for folder in folders for p in (DATA / folder).rglob("*") if p.is_file()]
    for file in sorted([*files, *(DATA / "03_trigger_allen").rglob("*model.json")]):
        try:
            bundle = export_file(file, tmp_path / file.name)
        except ExportError as error:
            assert error.message.startswith(f"{file}: ")  # noqa: PT017 - either is right
            continue
        judge = {"ONNX Runtime": "onnxruntime"}.get(bundle.provenance["file"].get("reference", ""), "reference")
        require(check(bundle, (judge,)), needed=(judge,))
        exported.add(file)
    single = {file for file in exported if file.parent.name == "sofie_test_onnx"}
    assert exported - single == {file for pattern in EXPORTED for file in DATA.glob(pattern)}
    assert len(single) > 90
