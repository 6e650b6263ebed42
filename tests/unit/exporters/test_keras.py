"""Keras 3 models and archives, on the torch backend: they reproduce themselves, and nothing in a file is run."""

import io
import json
import zipfile

import numpy as np
import pytest

from bartik.backends import prepare
from bartik.checks import check, require
from bartik.core import ExportError, Signature, TensorSpec, UnavailableError
from bartik.exporters import export
from bartik.exporters.files import export_file, read_file

module = pytest.importorskip("bartik.exporters.keras", exc_type=ImportError)
import keras  # noqa: E402 - after its backend is chosen
from keras import layers  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
RNG = np.random.default_rng(0)


def dense():
    inputs = keras.Input((5,))
    hidden = layers.Normalization(mean=[0.5] * 5, variance=[2.0] * 5)(inputs)
    hidden = layers.BatchNormalization()(layers.Dense(8, activation="relu")(hidden))
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(layers.Dropout(0.5)(hidden)))


def two_inputs():
    first, second = keras.Input((5,)), keras.Input((3,))
    joined = layers.concatenate([first, layers.Dense(4, activation="gelu")(second)])
    return keras.Model([first, second], [layers.Dense(2, activation="softmax")(joined), layers.Dense(1)(joined)])


def convolution():
    parts = [keras.Input((12, 2)), layers.Conv1D(4, 3, activation="elu", padding="same"), layers.MaxPooling1D(2), layers.Flatten()]
    return keras.Sequential([*parts, layers.Dense(1)])


MODELS = {"dense": dense, "two inputs": two_inputs, "convolution": convolution}


@pytest.mark.parametrize("kind", MODELS)
def test_an_archive_becomes_a_bundle_whatever_its_name(kind, tmp_path):
    keras.utils.set_random_seed(1)
    model = MODELS[kind]()
    model.save(tmp_path / "model.keras")
    file = (tmp_path / "model.keras").rename(tmp_path / "file")
    bundle = export_file(file, tmp_path / "bundle")
    require(check(bundle, ("reference", "onnxruntime")), needed=("reference", "onnxruntime"))
    inputs, outputs = bundle.reference()
    found = model.predict(list(inputs.values()) if len(inputs) > 1 else inputs["features"], verbose=0)
    for wanted, came in zip(found if isinstance(found, list) else [found], outputs.values(), strict=True):
        assert came == pytest.approx(wanted, rel=1e-5, abs=1e-5)
    assert bundle.provenance["file"]["format"] == "Keras"


def test_an_object_is_exported_in_inference_mode_and_left_as_it_is(tmp_path):
    model = dense()
    before = [np.array(weight) for weight in model.get_weights()]
    signature = Signature((TensorSpec("features", "float32", ("batch", 5)),), (TensorSpec("score", "float32", ("batch", 1)),))
    rows = RNG.normal(size=(20, 5)).astype(np.float32)
    bundle = export(model, signature, {"features": rows}, tmp_path / "bundle")
    found = prepare(bundle, "reference").run({"features": rows})["score"]
    assert found == pytest.approx(model.predict(rows, verbose=0), abs=1e-6)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_a_model_that_was_never_built_is_refused(tmp_path):
    signature = Signature((TensorSpec("features", "float32", ("batch", 5)),), (TensorSpec("score", "float32", ("batch", 1)),))
    with pytest.raises(ExportError, match=r"give a keras\.Model that was called or built"):
        export(keras.Sequential([layers.Dense(1)]), signature, {"features": np.zeros((2, 5), np.float32)}, tmp_path / "bundle")


def test_another_backend_of_keras_is_refused_with_what_to_set(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(UnavailableError, match=r"Keras runs on jax.*\n.*KERAS_BACKEND=torch"):
        module._module(dense(), 1)


def test_a_lambda_in_a_file_is_not_run(tmp_path):
    inputs = keras.Input((3,))
    keras.Model(inputs, layers.Lambda(lambda x: x * 2)(inputs)).save(tmp_path / "model.keras")
    with pytest.raises(ExportError, match="Keras cannot load it safely"):
        read_file(tmp_path / "model.keras")


def rewritten(content, name, change):
    """The archive ``content`` with its part ``name`` changed, or left out where there is nothing instead."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for entry in source.namelist():
            part = change(source.read(entry)) if entry == name else source.read(entry)
            if part is not None:
                target.writestr(entry, part)
    return out.getvalue()


def _own_class(part):
    values = json.loads(part)
    values["module"], values["class_name"], values["registered_name"] = "os", "system", None
    return json.dumps(values)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("config.json", lambda _: None, "lacks config.json"),
        ("config.json", lambda _: "{}", "Keras cannot load it safely"),
        ("config.json", _own_class, "Keras cannot load it safely"),
        ("model.weights.h5", lambda part: part[:100], "Keras cannot load it safely"),
    ],
)
def test_a_damaged_or_hostile_archive_is_refused(name, change, message, tmp_path):
    dense().save(tmp_path / "model.keras")
    (tmp_path / "other.keras").write_bytes(rewritten((tmp_path / "model.keras").read_bytes(), name, change))
    with pytest.raises(ExportError, match=message):
        read_file(tmp_path / "other.keras")


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    dense().save(tmp_path / "model.keras")
    monkeypatch.setattr(module, "_MAX_UNPACKED", 100)
    with pytest.raises(ExportError, match="more than the 100 we read"):
        read_file(tmp_path / "model.keras")


def test_sequences_of_free_length_are_refused(tmp_path):
    keras.Sequential([keras.Input((None, 2)), layers.GRU(3)]).save(tmp_path / "model.keras")
    with pytest.raises(ExportError, match=r"features is float32\[\?, \?, 2\]"):
        read_file(tmp_path / "model.keras")
