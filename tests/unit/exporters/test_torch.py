import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from bartik.core import ExportError, Signature, TensorSpec, UsageError
from bartik.exporters import export
from bartik.exporters import torch as exporter
from bartik.exporters.torch import export_torch, torch_outputs

SIGNATURE = Signature((TensorSpec("features", "float32", ("batch", 4)),), (TensorSpec("score", "float32", ("batch", 1)),))
ROWS = {"features": np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)}

SCRIPT = """
import hashlib, sys
import numpy as np, torch
from bartik.core import Signature, TensorSpec
from bartik.exporters.torch import export_torch
torch.manual_seed(1)
model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1), torch.nn.Sigmoid())
signature = Signature((TensorSpec("features", "float32", ("batch", 4)),), (TensorSpec("score", "float32", ("batch", 1)),))
rows = np.ones((int(sys.argv[1]), 4), np.float32)
print(hashlib.sha256(export_torch(model, signature, {"features": rows})).hexdigest())
"""


def network():
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 1), nn.Sigmoid())


def in_another_process(folder: Path, rows: int, seed: str) -> subprocess.CompletedProcess[str]:
    folder.mkdir()
    script = folder / f"script_{seed}.py"
    script.write_text(SCRIPT, encoding="utf-8")
    environment = {**os.environ, "PYTHONHASHSEED": seed, "HOME": str(folder)}
    return subprocess.run([sys.executable, str(script), str(rows)], cwd=folder, env=environment, capture_output=True, text=True, check=True)


def test_the_same_weights_give_the_same_bytes_in_two_processes_and_folders_and_nothing_is_said(tmp_path):
    first = in_another_process(tmp_path / "one", 3, "1")
    second = in_another_process(tmp_path / "two", 50, "2")
    assert first.stdout == second.stdout
    assert len(first.stdout.split()) == 1
    assert first.stderr == second.stderr == ""


def test_the_model_is_left_as_it_was():
    model = network().train()
    before = [parameter.clone() for parameter in model.parameters()]
    export_torch(model, SIGNATURE, ROWS)
    assert model.training
    assert all(p.requires_grad and torch.equal(p, q) for p, q in zip(model.parameters(), before, strict=True))


def test_logging_is_as_loud_as_before():
    import logging

    levels = [logging.getLogger(name).level for name in ("torch", "torch.onnx", "onnxscript")]
    export_torch(network(), SIGNATURE, ROWS)
    assert [logging.getLogger(name).level for name in ("torch", "torch.onnx", "onnxscript")] == levels


def test_one_reference_row_leaves_the_batch_free(tmp_path):
    bundle = export(network(), SIGNATURE, {"features": ROWS["features"][:1]}, tmp_path / "bundle", name="x")
    assert bundle.model().graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"


def test_a_graph_that_does_not_reproduce_its_model_is_refused_with_the_largest_difference(monkeypatch):
    translate = exporter._translate

    def wrong(model, signature, inputs):
        with torch.no_grad():
            model[2].bias += 0.25
        return translate(model, signature, inputs)

    monkeypatch.setattr(exporter, "_translate", wrong)
    with pytest.raises(ExportError, match=r"does not reproduce its model: output 'score' row \d: wanted .* got .*\(difference 0.0"):
        export_torch(network(), SIGNATURE, ROWS)


class _Noisy(nn.Module):
    def forward(self, x):
        return x[:, :1] + torch.rand(1)


class _Branching(nn.Module):
    def forward(self, x):
        return x[:, :1] if x.sum() > 0 else x[:, 1:2]


class _Fixed(nn.Module):
    def forward(self, x):
        return x[:, :1].reshape(9, 1)


def test_a_model_that_is_no_function_of_its_inputs_is_refused():
    with pytest.raises(ExportError):
        export_torch(_Noisy(), SIGNATURE, ROWS)


def test_a_model_torch_cannot_export_is_refused_with_its_name_and_what_to_do():
    with pytest.raises(ExportError, match=r"_Branching: torch.onnx cannot export it \(.+\)\n  keep to operations on tensors"):
        export_torch(_Branching(), SIGNATURE, ROWS)


def test_a_model_for_one_size_of_batch_is_refused():
    with pytest.raises(ExportError, match=r"_Fixed: fails for inputs of sizes \[10, 4\] \(.+\)\n  let forward take its sizes"):
        export_torch(_Fixed(), SIGNATURE, ROWS)


def test_outputs_that_are_not_those_of_the_signature_are_refused():
    two = Signature(SIGNATURE.inputs, (*SIGNATURE.outputs, TensorSpec("more", "float32", ("batch", 1))))
    with pytest.raises(ExportError, match=r"Sequential: wanted 2 tensors \(score, more\), forward gave Tensor"):
        export_torch(network(), two, ROWS)
    wide = Signature(SIGNATURE.inputs, (TensorSpec("score", "float32", ("batch", 2)),))
    with pytest.raises(UsageError, match=r"tensor 'score': wanted float32\[batch, 2\], got float32\[9, 1\]"):
        export_torch(network(), wide, ROWS)


def test_reference_inputs_that_do_not_fit_are_refused():
    with pytest.raises(UsageError, match="features"):
        export_torch(network(), SIGNATURE, {"features": np.zeros((3, 5), np.float32)})


def test_dropout_and_batch_normalisation_are_those_of_evaluation():
    model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(0.9), nn.Linear(6, 1)).train()
    first, second = torch_outputs(model, SIGNATURE, ROWS), torch_outputs(model, SIGNATURE, ROWS)
    np.testing.assert_array_equal(first["score"], second["score"])
    export_torch(model, SIGNATURE, ROWS)


def test_a_bundle_holds_what_it_was_given(tmp_path):
    more = {"metrics": {"auc": {"value": 0.9}}, "working_points": {"tight": 0.5}, "provenance": {"seed": 1}}
    bundle = export(network(), SIGNATURE, ROWS, tmp_path / "bundle", name="net", **more)
    assert (bundle.name, bundle.metrics(), bundle.working_points, bundle.provenance) == ("net", *more.values())
    inputs, outputs = bundle.reference()
    np.testing.assert_array_equal(inputs["features"], ROWS["features"])
    np.testing.assert_array_equal(outputs["score"], torch_outputs(network(), SIGNATURE, ROWS)["score"])


def test_a_framework_without_an_exporter_is_refused_with_those_that_have_one(tmp_path):
    with pytest.raises(
        ExportError, match=r"no exporter for builtins\.dict\n  supported: models of catboost, keras, lightgbm, sklearn, torch, xgboost,"
    ):
        export({}, SIGNATURE, ROWS, tmp_path / "bundle", name="x")
    assert not (tmp_path / "bundle").exists()
