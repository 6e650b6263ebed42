"""Compiling: once, safely, and with a clear word when it fails."""

import ctypes
import subprocess
import sys

import pytest

from bartik.compiler import build, build_library
from bartik.compiler.build import build_shared
from bartik.core import BuildError, OutputError, UnavailableError

_SOURCE = 'extern "C" __attribute__((visibility("default"))) int answer() { return 42; }\n'


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BARTIK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_library_is_built_once_and_kept(monkeypatch):
    path = build_shared(_SOURCE, name="answer")
    assert ctypes.CDLL(str(path)).answer() == 42
    monkeypatch.setattr(build, "_compile", lambda *_: pytest.fail("was compiled again"))
    assert build_shared(_SOURCE, name="answer") == path


def test_another_source_or_flag_is_another_library():
    paths = {build_shared(_SOURCE, name="a"), build_shared(_SOURCE + "\n", name="a"), build_shared(_SOURCE, name="a", flags=("-O1",))}
    assert len(paths) == 3


def test_what_the_compiler_refuses_shows_its_first_errors_and_leaves_nothing(cache):
    with pytest.raises(BuildError, match=r"(?s)refused generated code \(broken-.*error:.*frobnicate") as refusal:
        build_shared("int answer() { return frobnicate; }", name="broken")
    assert "CXX" in refusal.value.hint
    assert len(str(refusal.value).splitlines()) <= 8
    assert [p for p in (cache / "native").iterdir() if p.suffix != ".lock"] == []


def test_without_a_compiler_it_says_what_to_install(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(UnavailableError, match="no-such-compiler is not found") as refusal:
        build_shared(_SOURCE, name="answer")
    assert "apt install g++" in refusal.value.hint


def test_a_cache_that_cannot_be_written_is_named(cache):
    cache.write_text("a file where the folder should be")
    with pytest.raises(OutputError, match="compiled code cannot be kept there") as refusal:
        build_shared(_SOURCE, name="answer")
    assert "BARTIK_CACHE" in refusal.value.hint


def test_several_processes_at_once_build_the_same_library(small_bundle):
    program = (
        "import ctypes, pathlib, sys; from bartik.core.bundle import open_bundle; from bartik.compiler import build_library\n"
        "path = build_library(open_bundle(pathlib.Path(sys.argv[1])))\n"
        "library = ctypes.CDLL(str(path)); library.bartik_digest.restype = ctypes.c_char_p; print(path, library.bartik_digest().decode())"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, small_bundle.path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    results = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0] * 4, results
    assert {out.split()[1] for out, _ in results} == {small_bundle.digest}
    assert {out.split()[0] for out, _ in results} == {str(build_library(small_bundle))}
