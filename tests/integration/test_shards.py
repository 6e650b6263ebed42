"""A sample made by jobs."""

import pytest
from commands import bartik, clean_environment

from bartik.data.events import read_columns
from bartik.simulation.record import EventSample

WORDS = ("generate", "--generator", "parametric", "--conditions", "run3_low_pile_up", "--events", "6")


@pytest.mark.slow
def test_shards_made_by_jobs_are_the_sample_made_at_once(tmp_path):
    environment = clean_environment(tmp_path / "home")
    for words in (("--shards", "3", "--jobs", "2", "-o", "shards.h5"), ("-o", "once.h5")):
        done = bartik(environment, tmp_path, *WORDS, *words)
        assert done.returncode == 0, done.stderr
    found = [EventSample.from_arrays(*read_columns(tmp_path / name)) for name in ("shards.h5", "once.h5")]
    assert found[0].digest == found[1].digest
    assert found[0].about == found[1].about
    assert not (tmp_path / "shards.h5.shards").exists()
