"""Parts of ultra-fast simulation that need no training."""

import numpy as np
import pytest

from bartik.cli.configured import configure_models
from bartik.core import ConfigError, load_config
from bartik.core.plugins import load_usecase, parts, usecase_folder
from bartik.usecases.ultrafast_simulation.counters import BLOCKS, Places
from bartik.usecases.ultrafast_simulation.decay import make_decays, selected
from bartik.usecases.ultrafast_simulation.judged import cuts, distances, of_full_toy
from bartik.usecases.ultrafast_simulation.objects import decided, object_distances, peak, pion_masses
from bartik.usecases.ultrafast_simulation.particles import Particles, taught
from bartik.usecases.ultrafast_simulation.photons import SLOTS, Photons, at_calorimeter, full_toy_objects, photons_taught, windows
from bartik.usecases.ultrafast_simulation.rich_gan.duel import binned_distance
from bartik.usecases.ultrafast_simulation.truth import full_toy

NAME = "ultrafast_simulation"


def places(rows: int) -> Places:
    return Places(2**33 + 5, np.arange(rows, dtype=np.uint64), np.zeros(rows, np.uint32))


def test_no_two_stages_share_a_random_number():
    widths = {
        "decisions": 3,
        "resolution": 9,
        "covariance": 15,
        "rich": 4,
        "muon": 2,
        "global_pid": 7,
        "neutral decisions": 2,
        "neutral": 3,
    }
    blocks = [BLOCKS[stage] + k for stage, width in widths.items() for k in range(-(-width // 4))]
    assert len(set(blocks)) == len(blocks)
    drawn = np.concatenate([places(50).noise(stage, width) for stage, width in widths.items()], axis=1)
    assert len(np.unique(drawn)) == drawn.size


def test_both_halves_of_the_seed_and_of_the_event_count():
    one = places(3)
    others = [Places(5, one.event, one.particle), Places(one.seed, one.event + np.uint64(2**32), one.particle)]
    assert all(not np.array_equal(one.noise("rich", 4), other.noise("rich", 4)) for other in others)


def test_decays_have_the_mass_of_the_meson_and_make_a_peak_in_the_full_toy():
    decays = make_decays(np.random.default_rng(1), 4000, np.array([100.0]), 1)
    assert decays.truth == pytest.approx(np.full(4000, 1.86484), abs=1e-6)
    steps = selected(decays, of_full_toy(full_toy(np.random.default_rng(2), decays.particles)))
    assert steps["found"].sum() > steps["kept"].sum() > steps["named"].sum() > 100
    assert np.nanmedian(steps["mass"][steps["named"]]) == pytest.approx(1.86484, abs=0.003)


def test_a_sample_is_at_no_distance_from_itself():
    particles = taught("test", load_config(usecase_folder(load_usecase(f"{NAME}.rich")), layer="tiny"), 600)
    sample = of_full_toy(full_toy(np.random.default_rng(1), particles))
    assert max(value.value for value in distances(sample, sample).values()) == 0
    for cut in cuts(particles, sample, sample).values():
        assert np.array_equal(cut.first, cut.second, equal_nan=True)


def test_the_held_out_distance_sees_what_one_species_alone_does():
    rng = np.random.default_rng(4)
    features = np.zeros((4000, 9), np.float32)
    features[:, 0] = rng.uniform(3, 60, 4000)
    features[np.arange(4000), 4 + rng.integers(0, 5, 4000)] = 1
    one, other = rng.normal(size=(4000, 4)), rng.normal(size=(4000, 4))
    moved = other + features[:, 6:7]
    assert binned_distance(features, other, one) < 0.12
    assert binned_distance(features, moved, one) > binned_distance(features, other, one) + 0.04


def test_positive_leptons_have_negative_numbers():
    three = np.zeros((4, 3))
    assert Particles(three, three, np.array([11, -13, 211, -2212]), np.zeros(4)).charge.tolist() == [-1, 1, 1, -1]


def test_conditions_change_what_is_learnt_and_splits_share_nothing():
    config = load_config(usecase_folder(load_usecase(f"{NAME}.rich")), layer="tiny")
    usual, moved = taught("train", config, 300), taught("train", config.replace({"data": {"conditions": "run3_moved"}}), 300)
    assert not np.array_equal(usual.origin, moved.origin)
    assert not set(usual.p.tolist()) & set(taught("test", config, 300).p.tolist())
    with pytest.raises(ConfigError, match=r"data\.rows"):
        taught("train", config.replace({"data": {"rows": 0}}), 300)


def test_every_stage_of_the_chain_is_a_part():
    from bartik.usecases.ultrafast_simulation.chain import STAGES

    assert set(STAGES) < set(parts(load_usecase(NAME)))


def photons(*at: tuple[float, float, float]) -> Photons:
    return Photons(np.array(at), np.zeros(len(at), int))


def test_a_photon_sees_those_near_it_from_the_farthest_to_the_nearest_and_itself_last():
    seen = windows(photons((500, 0, 9), (520, 0, 3), (600, 0, 4), (1900, 0, 7)))
    assert seen.shape == (4, SLOTS, 3)
    assert seen[0, -3:, 2].tolist() == [4, 3, 9]
    assert seen[2, -3:, 2].tolist() == [9, 3, 4]
    assert seen[3, :, 2].tolist() == [0] * (SLOTS - 1) + [7]
    assert not seen[0, : SLOTS - 3].any()


def test_of_more_photons_than_fit_the_nearest_are_seen_and_none_of_another_event():
    many = photons(*((500.0 + 5 * k, 0.0, 1.0 + k) for k in range(12)))
    assert windows(many)[0, :, 2].tolist() == [8, 7, 6, 5, 4, 3, 2, 1]
    apart = Photons(many.at, np.arange(12))
    assert (windows(apart)[:, :-1] == 0).all()


def test_objects_are_decided_by_the_random_numbers():
    probability, drawn = np.array([[0.5, 0.5]] * 3, np.float32), np.ones((3, 3), np.float32)
    found = decided(probability, drawn, np.array([[0.4, 0.6], [0.4, 0.4], [0.6, 0.1]], np.float32))
    assert found["kind"].tolist() == [1, 2, 0]
    assert np.isnan(found["object"][2]).all()
    assert (found["object"][:2] == 1).all()


def test_photons_of_a_pion_have_its_mass_and_those_of_others_are_no_pair():
    momenta = np.array([[0.6, 0.3, 20.0], [0.4, 0.35, 14.0], [-0.5, 0.2, 9.0]])
    true, chosen = at_calorimeter(np.zeros((3, 3)), momenta, np.zeros(3, int))
    assert chosen.tolist() == [0, 1, 2]
    table = {"kind": np.ones(3, int), "object": true.at}
    four = np.append(momenta[0] + momenta[1], np.linalg.norm(momenta[:2], axis=1).sum())
    wanted = np.sqrt(four[3] ** 2 - (four[:3] ** 2).sum())
    assert pion_masses(np.array([5, 5, 7]), table) == pytest.approx([wanted])
    assert len(pion_masses(np.array([5, 5, 7]), table | {"kind": np.array([1, 2, 1])})) == 0


def test_a_full_toy_is_at_no_distance_from_itself_and_its_pions_have_their_mass():
    config = load_config(usecase_folder(load_usecase(f"{NAME}.neutral")), layer="tiny")
    taught_photons, mother = photons_taught("test", config, 6000)
    found = full_toy_objects(np.random.default_rng(1), taught_photons)
    assert max(value.value for value in object_distances(taught_photons, found, found).values()) == 0
    middle, half = peak(pion_masses(mother, found))
    assert middle.value == pytest.approx(135.0, abs=4)
    assert 3 < half.value < 15
    with pytest.raises(ConfigError, match=r"data\.rows"):
        photons_taught("test", config, 0)


def test_one_setting_is_the_period_of_all_stages_and_of_their_comparison():
    usecase = load_usecase(NAME)
    whole, stages = configure_models(usecase, "tiny", ["data.conditions=run3_moved"], None)
    assert stages.keys() == parts(usecase).keys()
    assert {config.data.conditions for config in (whole, *stages.values())} == {"run3_moved"}
    _, stages = configure_models(usecase, "tiny", ["rich.data.conditions=run3_moved"], None)
    assert [name for name, config in stages.items() if config.data.conditions == "run3_moved"] == ["rich"]
