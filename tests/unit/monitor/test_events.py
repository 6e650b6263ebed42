"""A monitor of a model whose rows are events: flavour tagging by all tracks, not trained."""

import numpy as np
import pytest

from bartik.backends import prepare
from bartik.cli.main import run_command
from bartik.core import Dataset, UsageError
from bartik.core.bundle import write_bundle
from bartik.core.files import read_arrays, write_arrays
from bartik.core.ragged import entries_of, take_events
from bartik.monitor import Reference, Stream, Thresholds, remember, watch
from bartik.monitor.events import read_events
from bartik.testing.usecase import Trial


@pytest.fixture(scope="module")
def events():
    """Test events of the tiny configuration."""
    trial = Trial("flavour_tagging.inclusive")
    return trial, trial.data["test"]


@pytest.fixture(scope="module")
def bundle(events, tmp_path_factory):
    """The untrained network, which remembers all these events."""
    trial, data = events
    some = take_events(trial.usecase.signature, data.inputs, data.offsets, [0, 1])
    from bartik.exporters import export

    folder = tmp_path_factory.mktemp("bundle")
    plain = export(trial.usecase.model(trial.config), trial.usecase.signature, some, folder / "plain", name="inclusive")
    scores = prepare(plain, "onnxruntime").run(data.inputs)["score"]
    points = {"half": float(np.median(scores))}
    memory = remember(plain.signature, data.inputs, {"score": scores}, points)
    content = (plain.path / "model.onnx").read_bytes()
    return write_bundle(
        folder / "whole",
        content,
        plain.signature,
        plain.reference(),
        name="inclusive",
        working_points=points,
        sketch=memory.to_dict(),
    )


def half(events, which):
    """Every second event, as the arrays of a file."""
    trial, data = events
    chosen = list(range(which, len(data.offsets["candidates"]) - 1, 2))
    inputs = take_events(trial.usecase.signature, data.inputs, data.offsets, chosen)
    offsets = {axis: np.cumsum([0, *np.diff(values)[chosen]]) for axis, values in data.offsets.items()}
    rows = entries_of(data.offsets["candidates"], chosen)
    truth = (data.target[rows].reshape(len(rows), -1)[:, 0] > 0.5).astype(np.float32)
    return Dataset(inputs, truth, offsets=offsets).to_arrays()


def watched(bundle, path, **options):
    return watch(bundle, Reference.from_dict(bundle.sketch()), prepare(bundle, "onnxruntime"), Stream([path], **options), Thresholds())


def test_columns_are_named_by_their_tensor_and_counted_by_its_rows(bundle, events):
    reference = Reference.from_dict(bundle.sketch())
    counted = {one.name: int(one.counts.sum()) for one in reference.columns}
    assert counted["candidate.signal_pt"] == len(events[1].inputs["candidate"])
    assert counted["tracks.pt"] == len(events[1].inputs["tracks"])
    assert not any(name.startswith("owner") for name in counted)


def test_the_same_kind_of_events_is_no_alarm_and_slices_add_up(bundle, events, tmp_path):
    write_arrays(tmp_path / "a.npz", half(events, 0))
    found = watched(bundle, tmp_path / "a.npz", every=50, target="target")
    assert found.alarms == []
    assert found.whole.rows == sum(one.rows for one in found.slices)
    assert found.whole.rates["half"].value == pytest.approx(0.5, abs=0.1)
    assert found.whole.auc is not None


def test_a_slice_goes_on_in_the_next_file(bundle, events, tmp_path):
    paths = [tmp_path / "a.npz", tmp_path / "b.npz"]
    for which, path in enumerate(paths):
        write_arrays(path, half(events, which))
    count = len(half(events, 0)["offsets.candidates"]) - 1
    every = count - count // 3
    reference, stream = Reference.from_dict(bundle.sketch()), Stream(paths, every=every)
    found = watch(bundle, reference, prepare(bundle, "onnxruntime"), stream, Thresholds())
    total = sum(one.rows for one in found.slices)
    assert [one.rows for one in found.slices[:-1]] == [every] * (len(found.slices) - 1)
    assert total == len(events[1].offsets["candidates"]) - 1


def test_tracks_that_moved_are_an_alarm_in_their_column(bundle, events, tmp_path):
    arrays = half(events, 1)
    arrays["input.tracks"] = arrays["input.tracks"].copy()
    arrays["input.tracks"][:, 1] *= 1.5
    write_arrays(tmp_path / "a.npz", arrays)
    found = watched(bundle, tmp_path / "a.npz")
    assert any(alarm.startswith("tracks.pt has moved") for alarm in found.alarms)
    assert not any(alarm.startswith(("candidate", "tracks.charge")) for alarm in found.alarms)


def test_an_event_with_a_nan_is_counted_as_missing_and_not_scored(bundle, events, tmp_path):
    arrays = half(events, 0)
    arrays["input.tracks"] = arrays["input.tracks"].copy()
    arrays["input.tracks"][0, 1] = np.nan
    write_arrays(tmp_path / "a.npz", arrays)
    found = watched(bundle, tmp_path / "a.npz")
    missing = {one.column: one.missing for one in found.whole.drifts}
    assert missing["tracks.pt"] == pytest.approx(1 / len(arrays["input.tracks"]))
    assert missing["score"] > 0


def test_the_command_says_that_it_moved(bundle, events, tmp_path):
    arrays = half(events, 1)
    arrays["input.tracks"] = arrays["input.tracks"] * np.float32(2)
    write_arrays(tmp_path / "a.npz", arrays)
    page = tmp_path / "m.html"
    words = ["monitor", str(bundle.path), str(tmp_path / "a.npz"), "--every", "60", "--backend", "onnxruntime", "-o", str(page)]
    assert run_command(words) == 3
    assert "tracks.pt" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input.tracks": None}, "no array 'input.tracks'"),
        ({"offsets.tracks": None}, "no array 'offsets.tracks'"),
        ({"offsets.tracks": np.array([0, 3])}, "offsets.tracks do not rise from 0"),
        ({"input.tracks": np.zeros((4, 2), np.float32)}, "tensor 'tracks': wanted float32"),
        ({"target": np.zeros(3)}, "array 'target' is not 0 or 1"),
    ],
)
def test_a_file_that_cannot_be_is_refused(bundle, events, tmp_path, change, message):
    arrays = half(events, 0) | change
    write_arrays(tmp_path / "a.npz", {name: values for name, values in arrays.items() if values is not None})
    with pytest.raises(Exception, match=message) as error:
        read_events(tmp_path / "a.npz", bundle.signature, "target")
    assert type(error.value).__name__ == "DataError"


def test_events_have_no_column_to_slice_by(bundle, events, tmp_path):
    write_arrays(tmp_path / "a.npz", half(events, 0))
    with pytest.raises(UsageError, match="--by"):
        watched(bundle, tmp_path / "a.npz", by="run")
    assert read_arrays(tmp_path / "a.npz")
