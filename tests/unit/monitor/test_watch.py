import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from bartik.backends import prepare
from bartik.cli.main import run_command
from bartik.core import Column, DataError, DigestError, Signature, TensorSpec, UsageError
from bartik.core.bundle import open_bundle, write_bundle
from bartik.monitor import Reference, Stream, Thresholds, remember, watch
from bartik.monitor.rows import rows_of
from bartik.testing.models import dense_bundle, dense_model

NAMES = ("pt", "ip", "chi2")
RANDOM = np.random.default_rng(3)


def rows(count, shift=0.0):
    values = RANDOM.normal(size=(count, 3))
    values[:, 1] += shift
    return values


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A model on three columns that remembers 20,000 rows of theirs."""
    folder = tmp_path_factory.mktemp("bundle")
    columns = tuple(Column(name, "GeV") for name in NAMES)
    output = (TensorSpec("score", "float32", ("batch", 1)),)
    signature = Signature((TensorSpec("features", "float32", ("batch", 3), columns),), output)
    model = dense_model((3, 8, 1)).SerializeToString()
    first = rows(50).astype(np.float32)
    plain = write_bundle(folder / "plain", model, signature, ({"features": first}, {"score": np.zeros((50, 1), np.float32)}), name="made")
    session = prepare(plain, "onnxruntime")
    inputs = {"features": rows(20_000).astype(np.float32)}
    outputs = session.run(inputs)
    threshold = float(np.quantile(outputs["score"], 0.9))
    memory = remember(signature, inputs, outputs, {"tight": threshold})
    return write_bundle(
        folder / "whole",
        model,
        signature,
        ({"features": first}, session.run({"features": first})),
        name="made",
        working_points={"tight": threshold},
        sketch=memory.to_dict(),
    )


def table(path, values, **others):
    pa.parquet.write_table(pa.table(dict(zip(NAMES, values.T, strict=True)) | others), path)
    return path


def watched(bundle, *paths, **options):
    reference = Reference.from_dict(bundle.sketch())
    return watch(bundle, reference, prepare(bundle, "onnxruntime"), Stream(paths, **options), Thresholds())


def test_data_as_they_were_are_no_alarm(bundle, tmp_path):
    found = watched(bundle, table(tmp_path / "a.parquet", rows(10_000)), every=2_000)
    assert found.alarms == []
    assert [one.rows for one in found.slices] == [2_000] * 5
    assert found.whole.rates["tight"].value == pytest.approx(0.1, abs=0.02)


def test_a_shift_is_an_alarm_in_its_column_and_its_slices_alone(bundle, tmp_path):
    values = np.concatenate([rows(4_000), rows(4_000, shift=0.8)])
    found = watched(bundle, table(tmp_path / "a.parquet", values), every=4_000)
    assert found.slices[0].alarms == ()
    assert any(alarm.startswith("ip has moved") for alarm in found.slices[1].alarms)
    assert not any(alarm.startswith(("pt", "chi2")) for alarm in found.alarms)
    assert next(iter(found.moved)) == "ip"


def test_slices_may_follow_a_column_across_files(bundle, tmp_path):
    first = table(tmp_path / "a.parquet", rows(300), run=np.repeat([7, 8, 9], 100))
    second = table(tmp_path / "b.parquet", rows(200), run=np.full(200, 9))
    found = watched(bundle, first, second, by="run")
    assert {one.name: one.rows for one in found.slices} == {"run 7": 100, "run 8": 100, "run 9": 300}


def test_missing_and_unseen_values_are_counted_and_not_scored(bundle, tmp_path):
    values = rows(1_000)
    values[:100, 0], values[100:150, 2] = np.nan, 1e30
    found = watched(bundle, table(tmp_path / "a.parquet", values))
    alarms = " ".join(found.whole.alarms)
    assert "pt: 10.00% of rows have none" in alarms
    assert "chi2: 5.00% of values outside" in alarms
    assert found.whole.drifts[-1].missing == pytest.approx(0.1)


def test_with_truth_there_are_area_and_calibration(bundle, tmp_path):
    values = rows(5_000)
    scores = prepare(bundle, "onnxruntime").run({"features": values.astype(np.float32)})["score"][:, 0]
    truth = (RANDOM.random(5_000) < scores).astype(int)
    found = watched(bundle, table(tmp_path / "a.parquet", values, truth=truth), target="truth", every=2_500)
    assert abs(found.whole.bias.value) < 0.03
    assert all(one.auc.low < one.auc.value < one.auc.high for one in found.slices)
    assert sum(n for _, _, n in found.calibration) == 5_000


@pytest.mark.parametrize("split", [1, 7, 500])
def test_the_numbers_do_not_depend_on_how_the_rows_come(bundle, tmp_path, monkeypatch, split):
    values = rows(1_200)
    path = table(tmp_path / "a.parquet", values)
    whole = watched(bundle, path, every=500)
    monkeypatch.setattr("bartik.monitor.rows.AT_ONCE", split)
    assert watched(bundle, path, every=500).to_dict() == whole.to_dict()


def test_bad_data_are_refused_with_file_and_column(bundle, tmp_path):
    path = table(tmp_path / "a.parquet", rows(10), truth=np.full(10, 2))
    with pytest.raises(DataError, match=r"a\.parquet: column 'truth' holds other values than 0 and 1"):
        watched(bundle, path, target="truth")
    with pytest.raises(DataError, match=r"a\.parquet: no column 'rum'"):
        watched(bundle, path, by="rum")
    with pytest.raises(DataError, match=r"nowhere\.parquet: no such file"):
        watched(bundle, tmp_path / "nowhere.parquet")
    with pytest.raises(UsageError, match="every"):
        watched(bundle, path, every=0)
    with pytest.raises(DataError, match="no rows"):
        watched(bundle, table(tmp_path / "empty.parquet", rows(0)))
    words = tmp_path / "words.parquet"
    pa.parquet.write_table(pa.table({"pt": ["a"], "ip": [1.0], "chi2": [1.0]}), words)
    with pytest.raises(DataError, match="column 'pt' is not one number a row"):
        watched(bundle, words)


def test_a_sketch_that_was_altered_is_refused_with_the_bundle(bundle, tmp_path):
    import shutil

    copy = shutil.copytree(bundle.path, tmp_path / "copy")
    assert open_bundle(copy).sketch() == bundle.sketch()
    (copy / "sketch.json").write_text("{}")
    with pytest.raises(DigestError, match=r"sketch\.json: was altered"):
        open_bundle(copy)
    with pytest.raises(DataError, match="format"):
        Reference.from_dict({"format": 9})


def test_the_verb_prints_a_table_writes_a_page_and_ends_with_three_on_an_alarm(bundle, tmp_path, capsys):
    good, bad = table(tmp_path / "good.parquet", rows(3_000)), table(tmp_path / "bad.parquet", rows(3_000, shift=1))
    call = ["monitor", str(bundle.path), "--backend", "onnxruntime", "--every", "1000"]
    assert run_command([*call, str(good), "-o", str(tmp_path / "good.html")]) == 0
    assert "no alarm" in capsys.readouterr().out
    assert run_command([*call, str(bad), "-o", str(tmp_path / "bad.html"), "--write", str(tmp_path / "bad.json")]) == 3
    shown = capsys.readouterr()
    assert "ALARM ip has moved" in shown.out
    assert "bartik retrain" in shown.err
    assert "ip has moved" in (tmp_path / "bad.html").read_text()
    assert json.loads((tmp_path / "bad.json").read_text())["alarms"]
    assert run_command([*call, str(bad), "--set", "psi=10", "--set", "rate=10", "--set", "unseen=1"]) == 0
    assert run_command([*call, str(bad), "--set", "psi"]) == 2


def test_a_bundle_that_remembers_nothing_is_refused(tmp_path, capsys):
    path = dense_bundle(tmp_path / "bundle", (3, 4, 1)).path
    assert run_command(["monitor", str(path), str(table(tmp_path / "a.parquet", rows(10)))]) == 2
    assert "carries no reference" in capsys.readouterr().err


def test_what_was_read_is_given_back_before_the_file_ends(tmp_path, monkeypatch):
    monkeypatch.setattr("bartik.data.arrow.PIECE", 1 << 20)
    path, before = tmp_path / "a.parquet", pa.total_allocated_bytes()
    with pyarrow.parquet.ParquetWriter(path, pa.schema([(name, pa.float64()) for name in NAMES])) as writer:
        for _ in range(20):
            writer.write_table(pa.table(dict(zip(NAMES, rows(50_000).T, strict=True))))
    held = [pa.total_allocated_bytes() - before for _ in rows_of(path, NAMES)]
    assert max(held) < path.stat().st_size / 4
