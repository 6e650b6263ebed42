import numpy as np
import pytest

from bartik.core import Column, Dataset, Signature, TensorSpec, UsageError
from bartik.core.bundle import write_bundle
from bartik.core.files import write_arrays
from bartik.exporters.quantized import quantize
from bartik.testing.models import dense_bundle, random_rows
from bartik.workflow.smaller import smaller


def in_eight_bits(bundle, path, source, target=""):
    return smaller(bundle, source, target, lambda rows: quantize(bundle, rows, path / "b", "int8"))


def test_without_rows_to_judge_it_says_where_to_get_them(tmp_path):
    bundle = dense_bundle(tmp_path / "a")
    with pytest.raises(UsageError, match=r"validation\.npz: no rows"):
        in_eight_bits(bundle, tmp_path, tmp_path)
    np.savez(tmp_path / "rows.npz", x=np.zeros(3))
    with pytest.raises(UsageError, match="no columns"):
        in_eight_bits(bundle, tmp_path, tmp_path / "rows.npz")


def named_bundle(path):
    bundle = dense_bundle(path / "plain", (3, 8, 1))
    columns = tuple(Column(name) for name in "xyz")
    signature = Signature((TensorSpec("features", "float32", ("batch", 3), columns),), bundle.signature.outputs)
    return write_bundle(path / "a", bundle.model_path.read_bytes(), signature, bundle.reference(), name="named")


def table(path, bundle, rows=400):
    from bartik.backends import prepare

    values = random_rows(rows, 3, seed=3)
    score = prepare(bundle, "onnxruntime").run({"features": values})["score"][:, 0]
    truth = score > np.median(score)
    np.savez(path / "rows.npz", **dict(zip("xyz", values.T, strict=True)), truth=truth.astype(np.float32))
    return path / "rows.npz"


def test_a_table_with_a_target_gives_the_auc_before_and_after(tmp_path):
    bundle = named_bundle(tmp_path)
    made, changes = in_eight_bits(bundle, tmp_path, table(tmp_path, bundle), "truth")
    assert [change.metric for change in changes] == ["AUC"]
    assert changes[0].before.value == 1
    assert 0.95 < changes[0].after.value < 1
    assert made.provenance["quantised"]["of"] == bundle.digest


def test_a_target_of_one_class_is_refused(tmp_path):
    bundle = named_bundle(tmp_path)
    rows = table(tmp_path, bundle)
    with np.load(rows) as columns:
        np.savez(rows, **{**columns, "truth": np.ones(400)})
    with pytest.raises(UsageError, match="the same in all rows"):
        in_eight_bits(bundle, tmp_path, rows, "truth")


def test_a_run_of_no_known_use_case_is_calibrated_and_not_judged(tmp_path):
    bundle = dense_bundle(tmp_path / "a", (3, 8, 1))
    rows = Dataset({"features": random_rows(100, 3)}, np.zeros(100))
    for split in ("validation", "test"):
        write_arrays(tmp_path / "data" / f"{split}.npz", rows.to_arrays())
    made, changes = in_eight_bits(bundle, tmp_path, tmp_path)
    assert changes == []
    assert made.provenance["quantised"]["precision"] == "int8"
