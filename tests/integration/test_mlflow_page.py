"""MLflow's own page on our registry: the same versions, aliases, and where they come from."""

import html
import json
import re
import shutil
import subprocess
import urllib.request

import pytest
from mlflow_server import MISSING, mlflow_server, program
from registries import bundle

from bartik.core import Interval
from bartik.core.bundle import open_bundle
from bartik.registry import Gate, RunRecord, promote, record_gates, register

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
DIGEST = "ab12cd34" * 8
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not program(), reason=MISSING)]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The page of a registry with a champion and a candidate that a gate refuses."""
    folder = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BARTIK_HOME", str(folder / "home"))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        for gain in (1.0, 2.0):
            data = {"train": {"digest": DIGEST, "rows": 1234, "source": "block4"}}
            record = RunRecord({"gain": gain}, {"AUC": Interval(0.9, 0.89, 0.91)}, data)
            register(open_bundle(bundle(folder, gain, "life")), record)
            if gain == 1.0:
                promote("life@1")
        record_gates("life@2", [Gate("time", passed=False, wanted="<= 1 us", found="2 us")])
    with mlflow_server(folder, "--backend-store-uri", f"sqlite:///{folder}/home/registry.db") as url:
        yield url


def test_its_interface_gives_both_versions_with_aliases_and_gates(address):
    with urllib.request.urlopen(f"{address}/ajax-api/2.0/mlflow/registered-models/get?name=life", timeout=60) as answer:
        found = json.load(answer)["registered_model"]
    assert {alias["alias"]: alias["version"] for alias in found["aliases"]} == {"champion": "1", "candidate": "2"}
    (latest,) = found["latest_versions"]
    assert json.loads({tag["key"]: tag["value"] for tag in latest["tags"]}["bartik.gates"])["gates"][0]["name"] == "time"


@pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome is installed; Debian: apt install chromium")
@pytest.mark.parametrize(("version", "alias"), [(1, "champion"), (2, "candidate")])
def test_its_page_of_a_version_says_what_it_was_made_from(address, version, alias, tmp_path):
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", "--virtual-time-budget=60000"]
    command = [BROWSER, *options, "--dump-dom", f"{address}/#/models/life/versions/{version}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=240)
    text = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", done.stdout)).split())
    assert f"Version {version}" in text
    assert alias in text
    assert f"1234 rows, block4, digest {DIGEST[:12]}" in text
