"""What the registry tells about a version, about two, and about where they come from."""

import doctest
import json

import pytest

from bartik.core import Interval, RegistryError, UnknownNameError, UsageError
from bartik.core.bundle import write_bundle
from bartik.registry import (
    RunRecord,
    comparing,
    details,
    difference,
    fetch,
    is_data,
    lineage,
    lineage_of_data,
    origins,
    promote,
    register,
    seen_by,
)

TRAIN, OTHER, TEST = "a1" * 32, "b2" * 32, "c3" * 32


def origin(train=TRAIN, epochs=20, numpy="2.4"):
    return {
        "data": {"train": {"digest": train, "rows": 1000, "source": "toy"}, "test": {"digest": TEST, "rows": 100, "source": "toy"}},
        "configuration": {"train": {"epochs": epochs}},
        "code": {"revision": "f020ba22", "digest": "9" * 64},
        "environment": {"python": "3.11.7", "numpy": numpy},
    }


@pytest.fixture
def model(home, make_bundle, tmp_path):
    """Registers a model of a given origin."""

    def make(gain=1.0, auc=0.99, tags=None, **changes):
        plain, made_of = make_bundle(gain), origin(**changes)
        content = plain.model_path.read_bytes()
        bundle = write_bundle(tmp_path / f"whole-{gain}", content, plain.signature, plain.reference(), name="toy", provenance=made_of)
        metrics = {"AUC": Interval(auc, auc - 0.01, auc + 0.005)}
        parameters = {"train.epochs": made_of["configuration"]["train"]["epochs"]}
        return register(bundle, RunRecord(parameters, metrics, made_of["data"], tags or {}))

    return make


@pytest.mark.parametrize("module", [comparing, origins])
def test_the_examples_in_the_docstrings_are_true(module):
    assert doctest.testmod(module).failed == 0
    assert doctest.testmod(module).attempted > 0


def test_a_version_tells_what_it_was_made_of(model):
    version = model(tags={"mlflow.parentRunId": "f" * 32, "bartik.campaign": "winter"})
    found = details("toy@candidate")
    assert found.version == version
    assert found.signature.inputs[0].columns[0].unit == "mm"
    assert found.metrics == {"AUC": 0.99, "AUC.low": 0.98, "AUC.high": 0.995}
    assert found.parameters == {"train.epochs": "20"}
    assert found.data["train"] == {"digest": TRAIN, "rows": 1000, "source": "toy"}
    assert found.code["revision"] == "f020ba22"
    assert found.environment == {"python": "3.11.7", "numpy": "2.4"}
    assert len(found.environment_digest) == 64
    assert (found.parent, found.campaign) == ("f" * 32, "winter")
    assert json.loads(json.dumps(found.to_dict()))["environment"]["digest"] == found.environment_digest


def test_a_name_alone_is_the_champion_or_else_the_candidate(model):
    model(1.0)
    assert details("toy").version.number == 1
    promote("toy")
    model(2.0)
    assert details("toy").version.number == 1
    assert details("toy@2").version.number == details("toy/2").version.number == 2


def test_a_bundle_that_says_nothing_of_its_origin_is_described_by_its_run(home, make_bundle):
    register(make_bundle(), RunRecord(datasets={"train": {"digest": TRAIN}}))
    found = details("toy")
    assert found.data == {"train": {"digest": TRAIN}}
    assert (found.code, found.environment, found.environment_digest) == ({}, {}, "")
    assert {node.kind for node in lineage("toy").nodes} == {"data", "run", "model", "alias"}


def test_a_difference_names_what_differs_and_nothing_else(model):
    model(1.0)
    model(2.0, auc=0.992, train=OTHER, epochs=30, numpy="2.3", tags={"bartik.campaign": "winter"})
    found = {(change.part, change.name): change for change in difference("toy/1", "toy/2")}
    assert set(found) == {
        ("graph", "digest"),
        ("metrics", "AUC"),
        ("metrics", "AUC.low"),
        ("metrics", "AUC.high"),
        ("parameters", "train.epochs"),
        ("data", "train"),
        ("environment", "numpy"),
        ("origin", "campaign"),
    }
    assert found["metrics", "AUC"].change == pytest.approx(0.002)
    assert (found["parameters", "train.epochs"].before, found["parameters", "train.epochs"].after) == ("20", "30")
    assert (found["data", "train"].before, found["data", "train"].after) == (TRAIN, OTHER)


def test_a_model_does_not_differ_from_itself(model):
    model()
    assert difference("toy/1", "toy@candidate") == []


def test_a_lineage_leads_from_the_origins_to_the_aliases(model):
    version = model(tags={"mlflow.parentRunId": "f" * 32, "bartik.campaign": "winter"})
    found = lineage("toy")
    run = f"run {version.run}"
    assert set(found.edges) >= {
        ("campaign winter", f"run {'f' * 32}"),
        (f"run {'f' * 32}", run),
        (f"data train {TRAIN}", run),
        ("code f020ba22", run),
        ("hyperparameters", run),
        (run, "toy/1"),
        ("toy/1", "toy@candidate"),
    }
    keys = {node.key: node.layer for node in found.nodes}
    assert all(keys[start] < keys[end] for start, end in found.edges)
    assert json.loads(json.dumps(found.to_dict()))["nodes"]


def test_data_leads_to_every_model_that_saw_it(model):
    model(1.0)
    model(2.0, train=OTHER)
    assert [(seen.version.number, seen.splits) for seen in seen_by(TEST[:6])] == [(1, ("test",)), (2, ("test",))]
    assert [(seen.version.number, seen.digest) for seen in seen_by(OTHER)] == [(2, OTHER)]
    assert set(lineage_of_data(TEST).edges) == {
        (f"data {TEST}", "toy/1"),
        (f"data {TEST}", "toy/2"),
        ("toy/2", "toy@candidate"),
    }


def test_data_nobody_saw_is_said_to_be(model):
    model()
    with pytest.raises(RegistryError, match="no registered model saw data dddddd"):
        seen_by("dddddd")


@pytest.mark.parametrize("text", ["abc", "", "xyzxyz", "A1A1A1", "a" * 65])
def test_what_is_no_digest_is_wrong_use(home, text):
    with pytest.raises(UsageError, match="not the digest of data"):
        seen_by(text)


def test_a_model_whose_name_looks_like_a_digest_is_a_model(home, make_bundle):
    assert is_data("facade")
    register(make_bundle(name="facade"), RunRecord())
    assert not is_data("facade")
    assert details("facade").version.number == 1


def test_an_empty_registry_knows_no_model_and_no_data(tmp_path, monkeypatch):
    monkeypatch.setenv("BARTIK_HOME", str(tmp_path / "none"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(UnknownNameError, match="unknown registered model 'toy'"):
        details("toy")
    with pytest.raises(RegistryError, match="no registered model saw"):
        seen_by("abcdef")
    assert not (tmp_path / "none").exists()


def test_no_password_reaches_the_registry(home, make_bundle):
    address = "https://me:hunter2@host/x.root?token=hunter2"
    datasets = {"train": {"digest": TRAIN, "rows": 3, "source": address}}
    register(make_bundle(), RunRecord({"data.path": address}, {}, datasets, {"note": address}))
    kept = [path for path in home.rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()]
    assert kept == []
    assert "https://***@host/x.root?token=***" in (fetch("toy/1").parent / "record.json").read_text()


def test_a_librarys_own_model_comes_back_with_the_bundle(home, make_bundle, tmp_path):
    plain = make_bundle()
    content = plain.model_path.read_bytes()
    bundle = write_bundle(tmp_path / "b", content, plain.signature, plain.reference(), name="toy", source={"xgboost.json": b"{}"})
    register(bundle, RunRecord())
    assert (fetch("toy/1") / "source" / "xgboost.json").read_bytes() == b"{}"
