import doctest

import pytest

from bartik.core import secrets
from bartik.core.bundle import open_bundle, write_bundle
from bartik.core.secrets import without_password, without_passwords
from bartik.testing.models import dense_bundle


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(secrets).failed == 0
    assert doctest.testmod(secrets).attempted == 3


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://me:secret@host/db",
        "postgresql+psycopg://me:se@cret@host/db",
        "postgresql://me:a/secret@host:5432/db",
        "s3://secret@bucket/key",
        "root://u:secret@eos.cern.ch//eos/x and https://u:secret@h/y",
        "postgresql://host/db?user=me&password=secret",
        "https://host/file?X-Amz-Signature=secret&a=1",
        "https://host/file?access_token=secret",
    ],
)
def test_no_form_of_address_keeps_its_secret(text):
    assert "secret" not in without_password(text)


@pytest.mark.parametrize(
    "text",
    ["http://127.0.0.1:5000/#/models/toy@champion", "file:///data/a@b.root", "mail me@cern.ch", "sqlite:////home/x.db", "a://h:80/x?y=1"],
)
def test_addresses_without_a_secret_are_left_alone(text):
    assert without_password(text) == text


def test_secrets_of_the_environment_are_hidden_wherever_they_stand(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "abcd1234")
    assert without_password("refused: Bearer abcd1234") == "refused: Bearer ***"


def test_values_of_other_kinds_come_back_as_they_are():
    values = {"a": [1, 2.5, None, True], "b": {"c": "plain"}}
    assert without_passwords(values) == values


def test_a_bundle_never_holds_a_password(tmp_path):
    made = dense_bundle(tmp_path / "one", (2, 1))
    origin = {"configuration": {"data": {"path": "https://me:secret@host/x.root"}}}
    write_bundle(tmp_path / "two", made.model_path.read_bytes(), made.signature, made.reference(), name="two", provenance=origin)
    assert "secret" not in (tmp_path / "two" / "bundle.json").read_text()
    assert open_bundle(tmp_path / "two").provenance["configuration"]["data"]["path"] == "https://***@host/x.root"
