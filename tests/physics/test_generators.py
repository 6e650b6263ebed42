"""The parametric generator against Pythia: numbers of `benchmarks/generators.py` with 400 events of minimum bias and 133 with beauty."""

import importlib.util

import pytest

from bartik.simulation.conditions import SETS
from bartik.simulation.generate import Order, make_events
from bartik.simulation.summary import beauty_summary, summary

RUN3 = SETS["run3"]
PYTHIA = {  # Pythia 8.317.2, SoftQCD:inelastic at 13.6 TeV, seed 1
    "charged, mean": 89.90, "charged, spread": 74.66, "charged, 50%": 62.0, "charged, 90%": 208.0,
    "forward charged, mean": 15.05, "forward charged, spread": 15.43, "forward charged, 90%": 37.0,
    "forward pT, 50%": 0.480, "forward pT, 95%": 1.582, "forward pT, 99%": 2.696, "forward p, 50%": 7.67, "forward p, 95%": 43.5,
    "share of kaons": 0.108, "share of protons": 0.072, "forward photons": 18.98, "forward K_S0": 0.908, "forward Lambda0": 0.390,
}  # fmt: skip
BEAUTY = {
    "hadrons per event": (2.196, 0.1), "transverse momentum, median": (4.39, 0.15), "transverse momentum, 90%": (10.96, 0.15),
    "forward, share": (0.25, 0.2), "flight, median": (1.87, 0.25), "charged of each": (5.47, 0.15),
}  # fmt: skip
"""With the relative difference that is allowed: 292 hadrons of Pythia make medians uncertain by some 10%."""


def made(sample, generator, events):
    return make_events(Order(sample, RUN3, 8, generator), events, progress=lambda _: None)


def test_minimum_bias_is_like_that_of_pythia_within_a_tenth():
    found = summary(made("minbias", "parametric", 400))
    assert {name: found[name] for name in PYTHIA} == pytest.approx(PYTHIA, rel=0.1)


def test_beauty_is_like_that_of_pythia():
    found = beauty_summary(made("bbbar", "parametric", 400))
    for name, (wanted, tolerance) in BEAUTY.items():
        assert found[name] == pytest.approx(wanted, rel=tolerance), name


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("pythia8mc") is None, reason="pip install 'bartik[simulation]'")
def test_the_numbers_are_those_that_pythia_gives():
    found = summary(made("minbias", "pythia", 150))
    for name, wanted in PYTHIA.items():
        assert found[name] == pytest.approx(wanted, rel=0.15), name
