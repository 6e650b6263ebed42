from bartik.workflow.doctor import examine


def test_everything_the_main_job_needs_is_looked_at():
    found = {finding.what: finding for finding in examine()}
    assert {"python", "C++ compiler", "registry", "samples", "backend native", "backend onnxruntime"} <= found.keys()
    assert found["C++ compiler"].ok
    assert found["backend native"].ok


def test_a_missing_compiler_is_needed_and_has_a_remedy(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    found = {finding.what: finding for finding in examine()}
    assert (found["C++ compiler"].ok, found["C++ compiler"].needed) == (False, True)
    assert "install g++" in found["C++ compiler"].remedy
    assert not found["backend native"].ok


def test_a_wrong_samples_folder_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("BARTIK_DATA", str(tmp_path / "none"))
    found = {finding.what: finding for finding in examine()}
    assert not found["samples"].ok
    assert "is no folder" in found["samples"].found
