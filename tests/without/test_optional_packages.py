"""Optional packages hidden: the rest still works, and what needs them says what to install."""

import subprocess
import sys

import numpy as np
import pytest

from bartik.core import Column, table
from bartik.core.bundle import Bundle
from bartik.testing.models import dense_model, model_bundle, random_rows

HIDE = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name.partition(".")[0])
sys.meta_path.insert(0, Hidden())
from bartik.cli.main import run_command
sys.exit(run_command({arguments!r}))
"""


def tabular_bundle(path) -> Bundle:
    signature = table((Column("x"), Column("y"), Column("z")))
    return model_bundle(path, dense_model((3, 4, 1)), signature, {"features": random_rows(5, 3)})


def without(hidden: set[str], *arguments: str, cwd=None) -> subprocess.CompletedProcess[str]:
    code = HIDE.format(hidden=hidden, arguments=list(arguments))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=cwd)


def test_the_list_needs_no_framework_at_all():
    done = without({"torch", "onnxruntime", "mlflow", "matplotlib", "sklearn", "uproot", "pyarrow", "velopix"}, "list")
    assert done.returncode == 0, done.stderr
    assert "ghost_probability" in done.stdout


@pytest.mark.parametrize(("package", "ending"), [("uproot", ".root"), ("h5py", ".h5"), ("pyarrow", ".parquet"), ("pyarrow", ".csv")])
def test_a_format_whose_reader_is_not_installed_names_the_remedy(tmp_path, package, ending):
    bundle = tabular_bundle(tmp_path / "bundle")
    (tmp_path / f"in{ending}").write_bytes(b"x")
    done = without({package}, "predict", str(bundle.path), f"in{ending}", "-o", "out.npz", "--backend", "reference", cwd=tmp_path)
    assert done.returncode == 1
    assert f"{package} is not installed\n  pip install 'bartik[tables]'" in done.stderr
    assert not (tmp_path / "out.npz").exists()


def test_npz_needs_no_optional_package(tmp_path):
    bundle = tabular_bundle(tmp_path / "bundle")
    columns = [column.name for column in bundle.signature.inputs[0].columns]
    np.savez(tmp_path / "in.npz", **{name: np.ones(3) for name in columns})
    hidden = {"uproot", "pyarrow", "mlflow"}
    done = without(hidden, "predict", str(bundle.path), "in.npz", "-o", "out.npz", "--backend", "reference", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "out.npz") as scores:
        assert scores["score"].shape == (3,)


def test_doctor_names_what_is_missing_and_the_remedy():
    done = without({"uproot", "pyarrow", "onnxruntime"}, "doctor")
    assert "backend onnxruntime" in done.stdout
    assert done.stdout.count("pip install") >= 1


def test_versions_of_data_need_no_dvc_until_they_are_pushed(tmp_path):
    np.savez(tmp_path / "tracks.npz", pt=np.ones(3))
    hidden = {"dvc", "fsspec", "uproot", "pyarrow", "h5py", "awkward", "mlflow", "torch"}
    added = without(hidden, "data", "add", "tracks.npz", cwd=tmp_path)
    assert added.returncode == 0, added.stderr
    assert "DVC is not installed: recorded, but not kept by DVC; pip install 'bartik[dvc]'" in added.stderr
    assert without(hidden, "data", "verify", cwd=tmp_path).stdout.startswith("ok  tracks@")
    pushed = without(hidden, "data", "push", "--to", "remote", cwd=tmp_path)
    assert pushed.returncode == 1
    assert "DVC is not installed\n  pip install 'bartik[dvc]'" in pushed.stderr


def test_an_address_without_the_package_for_it_names_the_remedy(tmp_path):
    done = without({"fsspec"}, "data", "add", "https://me:secret@host/a.root", cwd=tmp_path)
    assert done.returncode == 1
    assert "https://host/a.root: fsspec is not installed\n  pip install 'bartik[remote]'" in done.stderr
    assert "secret" not in done.stderr


def test_a_campaign_without_optuna_names_the_remedy(tmp_path):
    done = without({"optuna"}, "tune", "ghost_probability", cwd=tmp_path)
    assert done.returncode == 2
    assert "Optuna is not installed\n  pip install 'bartik[tune]'" in done.stderr
    assert list(tmp_path.iterdir()) == []
