"""HepMC 2: particles with their mothers, in our units; broken files named by line."""

from __future__ import annotations

import pytest

from bartik.core import DataError
from bartik.data.hepmc import read_hepmc

TEXT = """
HepMC::Version 2.06.09
HepMC::IO_GenEvent-START_EVENT_LISTING
E 1 -1 0 0 0 102 0 2 1 2 0 0
U MEV MM
V -1 0 0.5 -0.25 10.0 299.792458 1 2 0
P 1 2212 0 0 6500000 6500000.0677 938.27 3 0 0 -1 0
P 2 511 1000 -2000 30000 30600 5279.7 2 0 0 -2 0
P 3 211 100 0 1000 1020 139.57 1 0 0 0 0
V -2 0 1.5 -2.25 40.0 600.0 0 2 0
P 4 321 500 -1000 15000 15100 493.7 1 0 0 0 0
P 5 -211 500 -1000 15000 15100 139.57 1 0 0 0 0
HepMC::IO_GenEvent-END_EVENT_LISTING
"""


def test_particles_have_their_mothers_and_are_in_gev_and_mm(tmp_path):
    path = tmp_path / "one.mc2"
    path.write_text(TEXT)
    (found,) = read_hepmc(path)
    assert found["pdg"].tolist() == [2212, 511, 211, 321, -211]
    assert found["mother"].tolist() == [-1, 0, 0, 1, 1]
    assert found["status"].tolist() == [3, 2, 1, 1, 1]
    assert found["pz"].tolist() == [6500, 30, 1, 15, 15]
    assert found["x"].tolist() == [0.5, 0.5, 0.5, 1.5, 1.5]
    assert found["t"][0] == pytest.approx(1)


def test_a_file_of_two_collisions_gives_both_and_other_units_are_turned(tmp_path):
    path = tmp_path / "two.mc2"
    path.write_text(TEXT + TEXT.replace("U MEV MM", "U GEV CM"))
    one, other = read_hepmc(path)
    assert other["pz"].tolist() == [1000 * value for value in one["pz"]]
    assert other["x"].tolist() == [10 * value for value in one["x"]]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("P 4 321 500", "P 4 321 five", "line 11 is no HepMC 2"),
        ("U MEV MM", "U TEV MM", "line 5 is no HepMC 2"),
        ("V -1 0 0.5 -0.25 10.0 299.792458 1 2 0\n", "", "line 6 is no HepMC 2"),
        ("P 5 -211 500 -1000", "P 5 -211", "line 12 is no HepMC 2"),
    ],
)
def test_a_broken_line_is_named(tmp_path, old, new, words):
    path = tmp_path / "bad.mc2"
    assert old in TEXT
    path.write_text(TEXT.replace(old, new))
    with pytest.raises(DataError, match=f"bad.mc2: {words}"):
        list(read_hepmc(path))


def test_a_file_without_events_is_refused(tmp_path):
    path = tmp_path / "none.mc2"
    path.write_text("HepMC::Version 2.06.09\n")
    with pytest.raises(DataError, match="no event"):
        list(read_hepmc(path))
    with pytest.raises(DataError, match="No such file"):
        list(read_hepmc(tmp_path / "missing.mc2"))
