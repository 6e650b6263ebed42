import doctest
import json
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bartik.core import DataError, UsageError
from bartik.data.summary import ColumnSummary, TableSummary
from bartik.registry import manifest
from bartik.registry.manifest import DataFile, DataVersion, check_dataset_name, content_digest, read_manifest, write_manifest

DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
WORDS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]).filter(str.isprintable), max_size=20)
COUNTS = st.integers(0, 2**40)
NUMBERS = st.none() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
COLUMNS = st.builds(ColumnSummary, WORDS, WORDS, st.just("") | DIGESTS, COUNTS, COUNTS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, WORDS)
TABLES = st.builds(TableSummary, WORDS, COUNTS, st.lists(COLUMNS, max_size=4).map(tuple))
NAMES = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=20)


@st.composite
def versions(draw):
    name = draw(NAMES.filter(lambda name: name != "manifest"))
    content = name + draw(st.sampled_from(["", ".root", ".tar.xz"]))
    inside = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True)) if content == name else []
    paths = [f"{content}/{path}" for path in inside] or [content]
    files = tuple(DataFile(path, draw(DIGESTS), draw(COUNTS)) for path in paths)
    source = draw(st.sampled_from(["/data/a.root", "root://host//a.root", "https://host/a b"]))
    tables = tuple(draw(st.lists(TABLES, max_size=2)))
    return DataVersion(name, content_digest(content, files), source, "2026-01-02T03:04:05+00:00", content, files, tables)


def example():
    column = ColumnSummary("pt", "float64", "a" * 64, 0, 0, 0.0, 2.0, 1.0, 0.5, "GeV")
    files = (DataFile("tracks/a.root", "b" * 64, 3), DataFile("tracks/b.root", "c" * 64, 4))
    digest = content_digest("tracks", files)
    return DataVersion("tracks", digest, "/a", "2026-01-02T03:04:05+00:00", "tracks", files, (TableSummary("", 2, (column,)),))


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(manifest).failed == 0


@given(version=versions())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_manifest_written_and_read_is_the_same(version, tmp_path):
    write_manifest(tmp_path, version)
    assert read_manifest(tmp_path) == version


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"format": "other"}, "not a manifest"),
        ({"name": "../x"}, "field 'name'"),
        ({"name": 3}, "field 'name'"),
        ({"content": "../../etc/passwd"}, "field 'content'"),
        ({"content": "other.root"}, "field 'content'"),
        ({"digest": "0" * 64}, "field 'digest'"),
        ({"digest": "z"}, "field 'digest'"),
        ({"added": "yesterday"}, "field 'added'"),
        ({"added": "2026-01-02T03:04:05"}, "field 'added'"),
        ({"files": None}, "field 'files'"),
        ({"files": [3]}, "field 'files'"),
        ({"tables": [{"name": "", "rows": -1, "columns": []}]}, "field 'rows'"),
        ({"tables": [{"name": "\x1b[2J", "rows": 1, "columns": []}]}, "field 'name'"),
        ({"tables": [{"name": "", "rows": 1, "columns": [{"name": "x"}]}]}, "field 'digest' is missing"),
        ({"source": None}, "field 'source'"),
    ],
)
def test_a_field_that_cannot_be_is_named(tmp_path, changes, told):
    (tmp_path / "manifest.json").write_text(json.dumps(example().to_dict() | changes))
    with pytest.raises(DataError, match=r"manifest\.json: ") as refused:
        read_manifest(tmp_path)
    assert told in str(refused.value)


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "tracks/../../x", "other/x", "tracks", "tracks//x", "tracks\\x", "tracks/./x", ""])
def test_no_file_leaves_the_folder(tmp_path, path):
    values = example().to_dict()
    values["files"] = [{"path": path, "digest": "b" * 64, "size": 1}, {"path": "tracks/a", "digest": "c" * 64, "size": 1}]
    (tmp_path / "manifest.json").write_text(json.dumps(values))
    with pytest.raises(DataError):
        read_manifest(tmp_path)


@pytest.mark.parametrize("text", ["", "[" * 100_000, '{"format": NaN}', "null", "\xff", '{"format": "bartik dataset 1", "rows": 1e999}'])
def test_what_is_no_manifest_is_refused(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text, encoding="latin-1")
    with pytest.raises(DataError):
        read_manifest(tmp_path)


def test_secrets_that_somebody_put_into_a_manifest_are_not_shown(tmp_path):
    (tmp_path / "manifest.json").write_text(json.dumps(example().to_dict() | {"source": "https://me:pw@host/a?token=b"}))
    assert read_manifest(tmp_path).source == "https://host/a"


@pytest.mark.parametrize("name", ["", "..", ".x", "a/b", "a b", "-rf", "$(ls)", "a\nb", "manifest", "x" * 101])
def test_names_that_cannot_be(name):
    with pytest.raises(UsageError, match="dataset name"):
        check_dataset_name(name)
