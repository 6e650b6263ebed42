"""The registry as pages, in a real browser: searched, sorted, and safe against what names and sources of data may hold."""

import html
import re
import shutil
import subprocess

import pytest
from registries import bundle

from bartik.core import Interval
from bartik.core.bundle import open_bundle
from bartik.registry import Gate, RunRecord, details, record_gates, register, versions
from bartik.report import write_catalogue

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
NASTY = "\"><script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BARTIK_HOME", str(folder / "home"))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        for number, (name, value) in enumerate((("alpha", 0.9), ("alpha", 0.8), ("beta", 0.95))):
            made = open_bundle(bundle(folder / f"b{number}", 1.0 + number, name))
            data = {"train": {"digest": f"{number}" * 64, "rows": 10, "source": NASTY}}
            register(made, RunRecord(metrics={"AUC": Interval(value, value - 0.01, value + 0.01)}, datasets=data))
        record_gates("alpha@2", [Gate("time", passed=False, wanted="<= 1 us", found="2 us")])
        write_catalogue([details(version.reference) for version in versions()], "sqlite:///here", folder / "out")
    return folder / "out"


def _shown(pages, address):
    """The page as a browser has it once its program has run."""
    if BROWSER is None:
        pytest.skip("no Chromium or Chrome is installed; Debian: apt install chromium")
    command = [
        BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--virtual-time-budget=2000",
        "--dump-dom",
        f"file://{pages}/{address}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout


def _rows(text):
    """Model and version of the rows that are shown, in order."""
    rows = re.findall(r"<tr data-text=\"[^\"]*\"([^>]*)>(.*?)</tr>", text, re.DOTALL)
    plain = [re.findall(r"data-key=\"([^\"]*)\"", cells)[:2] for hidden, cells in rows if "hidden" not in hidden]
    return [(html.unescape(name), int(number)) for name, number in plain]


def test_every_version_is_listed_and_has_a_page(pages):
    assert _rows((pages / "index.html").read_text()) == [("alpha", 1), ("alpha", 2), ("beta", 1)]
    assert {path.name for path in pages.iterdir()} == {"index.html", "alpha-1.html", "alpha-2.html", "beta-1.html"}


def test_a_search_hides_what_does_not_have_all_its_words(pages):
    text = _shown(pages, "index.html#q=alpha+candidate")
    assert _rows(text) == [("alpha", 2)]
    assert "1 of 3" in text


def test_a_column_sorts_numbers_as_numbers_both_ways(pages):
    assert _rows(_shown(pages, "index.html#sort=metrics&down=1")) == [("beta", 1), ("alpha", 1), ("alpha", 2)]
    assert _rows(_shown(pages, "index.html#sort=metrics")) == [("alpha", 2), ("alpha", 1), ("beta", 1)]


def test_what_a_name_or_a_source_holds_never_runs(pages):
    for name in ("index.html", "alpha-1.html"):
        assert "<title>run</title>" not in _shown(pages, name)
        assert NASTY not in (pages / name).read_text()


def test_a_page_says_where_its_version_comes_from_and_which_gate_failed(pages):
    text = (pages / "alpha-2.html").read_text()
    assert "FAILED time: wanted &lt;= 1 us, found 2 us" in text
    assert "<svg" in text
    assert "1" * 12 in text


def test_the_pages_ask_the_network_for_nothing(pages):
    for path in pages.iterdir():
        found = re.findall(r"(?:src|href)=\"([^\"]*)\"", path.read_text())
        assert all(address.startswith("#") or (pages / address).is_file() for address in found if address != "x"), found
