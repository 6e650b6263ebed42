"""Reference numbers of flavour tagging: LHCb's simulated B0 -> J/psi K*0 candidates, lhcb_ftcalib, and what the toy allows."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from bartik.core import load_config
from bartik.core.places import samples
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.data.tables import read_table
from bartik.metrics import auc, fit_calibration, realised_power, share_of_optimum, tagging_power
from bartik.simulation.tagging import generate_tagging, optimal_probability
from bartik.train import fit, run_model
from bartik.usecases.flavour_tagging import toy
from bartik.usecases.flavour_tagging.decisions import Decisions, combine_learnt, duplicates, halves, read_decisions

FOLDER = samples() / "04_flavour_tagging" if samples() else None
needs_data = pytest.mark.skipif(
    FOLDER is None or not (FOLDER / "kstar_MC_old.root").is_file(), reason="needs BARTIK_DATA with 04_flavour_tagging"
)
LHCB = {  # AUC as stated with the data; claimed and realised tagging power counted with this code when written
    "kstar_MC_old.root": (0.691, 0.1092, 0.1105),
    "kstar_MC_old_tmva.root": (0.684, 0.1026, 0.1029),
}
PEER = {  # lhcb_ftcalib 2.0.1, linear calibration with the identity as link, of all candidates of kstar_MC_old.root
    1: [0.12172342, 0.212916, 0.30410858, 0.39530115, 0.48649373],
    -1: [0.10587414, 0.2017848, 0.29769546, 0.39360612, 0.48951678],
}


@cache
def tagged(file: str) -> Decisions:
    assert FOLDER is not None
    return read_decisions(FOLDER / file, weight="weight")


@needs_data
@pytest.mark.parametrize("file", LHCB)
def test_taggers_of_lhcbs_simulation_are_as_good_as_they_are_said_to_be(file: str) -> None:
    found, (area, claimed, realised) = tagged(file), LHCB[file]
    p, flavour = found.probability, found.flavour
    assert auc(p[flavour > 0], p[flavour < 0]).value == pytest.approx(area, abs=6e-4)
    assert tagging_power(p, replicas=20).value == pytest.approx(claimed, abs=1e-4)
    assert realised_power(p, flavour, replicas=20).value == pytest.approx(realised, abs=1e-4)


@needs_data
def test_our_calibration_is_that_of_lhcb_ftcalib() -> None:
    # stated to 8 digits; Minuit stops when it is within 1e-4 of the minimum, a hundredth of a standard deviation
    found = tagged("kstar_MC_old.root")
    signed = 2 * found.probability - 1
    calibration = fit_calibration((1 - np.abs(signed)) / 2, signed * found.flavour > 0, found.flavour)
    grid = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    for flavour, mistags in PEER.items():
        assert calibration.mistag(grid, np.full(5, flavour)) == pytest.approx(mistags, abs=5e-5)


@needs_data
def test_flavour_is_that_at_production_and_nothing_leaks_through_order_or_decay_time() -> None:
    assert FOLDER is not None
    found, columns = tagged("kstar_MC_old.root"), read_table(FOLDER / "kstar_MC_old.root", ["Bmass", "decay_time"])
    groups, repeated = duplicates(columns["Bmass"], columns["decay_time"])
    assert repeated == 38
    right = np.sign((2 * found.probability - 1) * found.flavour)
    bound = 4 / np.sqrt(len(found))
    assert abs(np.corrcoef(columns["decay_time"], right)[0, 1]) < bound  # an oscillating flavour would give -0.2
    assert abs(np.corrcoef(found.flavour[1:], found.flavour[:-1])[0, 1]) < bound
    control = halves(groups, 1)
    assert not set(groups[control].tolist()) & set(groups[~control].tolist())


@needs_data
def test_both_versions_together_are_as_good_as_the_better_one() -> None:
    # 0.0003 +- 0.0002 better when written: both were made from the same tracks
    better, other = (tagged(file) for file in LHCB)
    control = np.arange(len(better)) % 2 == 0
    learnt = combine_learnt([better.probability, other.probability], better.flavour, control)
    new, old = (realised_power(p[~control], better.flavour[~control], replicas=20).value for p in (learnt, better.probability))
    assert old - 0.0005 < new < old + 0.002


@pytest.mark.parametrize(("signal", "power"), [("B0", 0.0735), ("Bs", 0.0937)])
def test_the_toy_allows_the_tagging_power_it_did(signal: str, power: float) -> None:
    # 100,000 candidates when written; taggers of LHCb reach 4 to 7%
    best = optimal_probability(generate_tagging(15_000, (11,), signal))
    assert tagging_power(best, replicas=20).value == pytest.approx(power, abs=0.004)


def test_deep_sets_trained_for_seconds_have_most_of_the_optimum(tmp_path: Path) -> None:
    usecase = load_usecase("flavour_tagging.inclusive")
    settings = ("data.candidates=12000", "train.epochs=6", "train.batch=128")
    config = load_config(usecase_folder(usecase), layer="tiny", settings=settings)
    rows = {split: usecase.data(split, config) for split in ("train", "validation", "test")}
    model = fit(usecase, rows["train"], rows["validation"], config, tmp_path / "checkpoint.pt", lambda _: None)
    found = run_model(model, usecase.signature, rows["test"].inputs)["score"]
    assert share_of_optimum(found, optimal_probability(toy.events_of("test", config)), replicas=20).value > 0.75
