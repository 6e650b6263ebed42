"""A version of data through a model's life: trained on by name, in its record by digest, made again from it, seen by its lineage."""

import json
import shutil

import pytest
from commands import bartik, clean_environment
from servers import why_no_xrootd, xrootd

from bartik.data.velo import event_from_dict, write_velo_event
from bartik.simulation.velo import generate_velo_event

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    return clean_environment(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def folder(environment, tmp_path_factory):
    """Events that were added and then taken away, and a model that was trained on them."""
    folder = tmp_path_factory.mktemp("data_to_model")
    for number in range(20):
        write_velo_event(event_from_dict(generate_velo_event(11, number), number), folder / "events" / f"velo_event_{number}.json")
    added = bartik(environment, folder, "data", "add", "events", "--name", "velo")
    assert added.returncode == 0, added.stderr
    shutil.rmtree(folder / "events")
    done = bartik(
        environment, folder, "run", "ghost_probability", "--config", "tiny", "--data", "velo", "--set", "data.events=0", "--out", "run"
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_the_record_names_the_version_by_digest(folder):
    path = json.loads((folder / "run" / "bundle" / "bundle.json").read_text())["provenance"]["configuration"]["data"]["path"]
    name, _, digest = path.partition("@")
    assert name == "velo"
    assert (folder / "datasets" / "velo" / digest / "manifest.json").is_file()


def test_the_model_is_made_again_from_the_version(environment, folder):
    promoted = bartik(environment, folder, "models", "promote", "ghost_probability")
    assert promoted.returncode == 0, promoted.stderr
    again = bartik(environment, folder, "models", "reproduce", "ghost_probability", "--json", "--out", "again")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["same"]


def test_data_that_were_altered_are_refused_before_anything_is_trained(environment, folder, tmp_path):
    copy = shutil.copytree(folder / "datasets", tmp_path / "datasets")
    altered = next(copy.glob("velo/*/events/velo_event_3.json"), None) or next(copy.glob("velo/*/*/velo_event_3.json"))
    altered.chmod(0o644)
    altered.write_text("{}")
    done = bartik(environment, tmp_path, "run", "ghost_probability", "--config", "tiny", "--data", "velo", "--out", "run")
    assert done.returncode == 1
    assert "velo_event_3.json" in done.stderr or "velo@" in done.stderr
    assert not (tmp_path / "run" / "checkpoint.pt").exists()


def test_a_name_that_is_neither_a_path_nor_a_version_is_refused(environment, tmp_path):
    done = bartik(environment, tmp_path, "run", "ghost_probability", "--config", "tiny", "--data", "nothing", "--out", "run")
    assert done.returncode in {1, 2}
    assert "nothing" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_root_file_of_an_xrootd_server_goes_through_the_pipeline(environment, tmp_path):
    if why_no_xrootd():
        pytest.skip(why_no_xrootd())
    made = bartik(environment, tmp_path, "generate", "--generator", "parametric", "--events", "12", "-o", "velo.root")
    assert made.returncode == 0, made.stderr
    run = ("run", "ghost_probability", "--config", "tiny", "--set", "data.events=0", "--out", "run")
    with xrootd(tmp_path / "velo.root") as address:
        refused = bartik(environment, tmp_path, *run, "--data", f"{address}/velo.root?authz=opensesame")
        assert refused.returncode == 2
        assert "is an address" in refused.stderr
        assert "opensesame" not in refused.stderr
        added = bartik(environment, tmp_path, "data", "add", f"{address}/velo.root", "--name", "served")
        assert added.returncode == 0, added.stderr
    (tmp_path / "velo.root").unlink()
    done = bartik(environment, tmp_path, *run, "--data", "served")
    assert done.returncode == 0, done.stderr
    bundle = json.loads((tmp_path / "run" / "bundle" / "bundle.json").read_text())
    assert bundle["provenance"]["configuration"]["data"]["path"] == added.stdout.strip()
    assert "(7 events)" in bundle["provenance"]["data"]["train"]["source"]
