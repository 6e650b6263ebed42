"""The full toy against what is published of the detector, and the chain: one library, the same numbers as in Python."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bartik.checks import check, require
from bartik.compiler.build import find_compiler
from bartik.core import DataError, UnknownNameError, UsageError
from bartik.core.places import samples
from bartik.core.plugins import load_usecase
from bartik.simulation.conditions import conditions_of
from bartik.simulation.generate import Order, make_events
from bartik.simulation.response import identity, rich, track_state, tracking
from bartik.testing.several import Chain as Chained
from bartik.testing.several import chain_of
from bartik.usecases.ultrafast_simulation import networks, stages, truth
from bartik.usecases.ultrafast_simulation.candidates import reconstruct
from bartik.usecases.ultrafast_simulation.chain import NOT_FINITE, UNKNOWN, Chain
from bartik.usecases.ultrafast_simulation.counters import Places
from bartik.usecases.ultrafast_simulation.library import Library, build_chain
from bartik.usecases.ultrafast_simulation.networks import sums
from bartik.usecases.ultrafast_simulation.particles import Particles, taught
from bartik.usecases.ultrafast_simulation.photons import Photons, at_calorimeter, photons_taught
from bartik.usecases.ultrafast_simulation.vertices import TOY, read_smearing, smeared
from bartik.workflow.reconstructed import reconstructed

NAME = "ultrafast_simulation"
FOLDER = samples() / "10_lamarr" if samples() else None
needs_data = pytest.mark.skipif(FOLDER is None or not FOLDER.is_dir(), reason="needs BARTIK_DATA with 10_lamarr")
needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="needs a C++ compiler")
FAST_BUILD = ("-std=c++17", "-O1", "-march=native", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math")


def bundles() -> dict[str, Path]:
    chain = chain_of(NAME)
    return {part: chain.bundle(part).path for part in chain.usecase.parts}


def some(rows: int) -> tuple[Particles, Places]:
    particles = taught("test", chain_of(NAME).config("rich"), rows)
    rows = len(particles)
    return particles, Places(3, np.arange(rows, dtype=np.uint64) + 2**40, np.arange(rows, dtype=np.uint32) % 7)


def test_kaons_and_pions_of_the_full_toy_are_told_apart_as_in_data():
    # arXiv:1211.6759: with DLLK > 0, kaons are kept at about 95% and pions at about 10%, averaged over 2 < p < 100 GeV
    rng = np.random.default_rng(1)
    p, theta, busy = rng.uniform(5, 60, 4000), np.full(4000, 0.06), np.full(4000, 150.0)
    kept = [np.mean(rich.dll(rng, p, np.full(4000, rich.HYPOTHESES[name]), theta, busy)["DLLK"] > 0) for name in ("K", "pi")]
    assert 0.88 < kept[0] < 1.0
    assert kept[1] < 0.15


def test_class_probabilities_add_up_and_nothing_is_made_of_nothing():
    p = np.linspace(1, 100, 50)
    for best in (tracking.NONE, tracking.LONG, tracking.UPSTREAM, tracking.DOWNSTREAM):
        found = tracking.class_probabilities(np.full(50, best), p, np.full(50, 211), np.full(50, 100.0))
        assert found.sum(axis=1) == pytest.approx(np.ones(50))
        assert (found >= 0).all()
    assert tracking.class_probabilities(np.zeros(1), np.array([10.0]), np.array([211]), np.array([100.0]))[0].tolist() == [1, 0, 0, 0]


def test_every_covariance_of_the_full_toy_is_positive_definite():
    rng = np.random.default_rng(2)
    found = track_state.correlations(rng.normal(size=(500, 10)))
    matrices = np.tile(np.eye(5), (500, 1, 1))
    for place, (row, column) in enumerate(track_state.PAIRS):
        matrices[:, row, column] = matrices[:, column, row] = found[:, place]
    assert np.linalg.eigvalsh(matrices).min() > 0
    first = rng.normal(size=(1, 10))
    assert track_state.correlations(first)[0, 0] == pytest.approx(np.tanh(first[0, 0]))


def test_where_there_is_no_light_the_likelihoods_are_0():
    rng = np.random.default_rng(3)
    p, theta = rng.uniform(3, 10, 3000), rng.uniform(0.005, 0.3, 3000)
    found = np.stack(list(rich.dll(rng, p, np.full(3000, rich.HYPOTHESES["K"]), theta, np.full(3000, 150.0)).values()), axis=1)
    assert (found[~identity.light(p, theta)] == 0).all()
    assert (found[identity.light(p, theta)] != 0).all()


def test_the_chain_makes_tracks_of_known_particles_and_says_what_it_does_not_know():
    particles, places = some(600)
    particles.pdg[:3] = (3112, 22, 1000010020)
    particles.momentum[3] = np.nan
    particles.momentum[4] *= -1  # backward
    particles.momentum[5] *= 1e-4 / particles.p[5]  # too slow
    found = Chain(bundles(), "onnxruntime").run(particles, places)
    assert found["class"][:6].tolist() == [UNKNOWN, UNKNOWN, UNKNOWN, NOT_FINITE, 0, 0]
    tracks = found["class"] > 0
    assert 0.2 < tracks.mean() < 0.8
    assert np.isfinite(found["quality"][tracks]).all()
    assert np.isnan(found["quality"][~tracks]).all()
    named = np.isfinite(found["identity"]).all(axis=1)
    assert (found["class"][named] == 1).all()
    assert named.any()
    muons = found["identity"][named, 0] > 0
    assert (found["identity"][named][~muons, 5:7] == 0).all()


def test_the_same_counters_give_the_same_tracks_in_any_order():
    particles, places = some(300)
    chain, order = Chain(bundles(), "onnxruntime"), np.random.default_rng(1).permutation(300)[: len(particles)]
    order = order[order < len(particles)]
    one, other = chain.run(particles, places), chain.run(particles.take(order), places.take(order))
    assert np.array_equal(one["class"][order], other["class"])
    assert np.allclose(one["quality"][order], other["quality"], equal_nan=True, rtol=1e-4, atol=1e-5)
    seeded = chain.run(particles, replace(places, seed=4))
    assert not np.array_equal(one["class"], seeded["class"])


@needs_compiler
def test_the_one_library_makes_the_tracks_of_the_python_chain():
    particles, places = some(1200)
    particles.pdg[:1] = 3112
    python = Chain(bundles(), "onnxruntime").run(particles, places)
    library = Library(build_chain(bundles(), FAST_BUILD)).run(particles, places)
    same = python["class"] == library["class"]
    assert same.mean() > 0.995  # a decision within rounding of its threshold may turn
    for name in ("quality", "covariance", "identity"):
        one, other = python[name][same], library[name][same]
        assert np.isclose(one, other, equal_nan=True, rtol=1e-3, atol=1e-3).mean() > 0.995


@needs_compiler
def test_the_one_library_makes_the_neutral_objects_of_the_python_chain():
    library = Library(build_chain(bundles(), FAST_BUILD))
    rng, rows = np.random.default_rng(1), 3000
    origin, momentum = rng.normal(0, 40, (rows, 3)), rng.normal(0, 1, (rows, 3)) * [0.1, 0.1, 1] * rng.exponential(10, (rows, 1))
    momentum[:3] = [[np.nan, 0, 1], [1, 0, np.inf], [0, 0, 5]]
    photons, chosen = at_calorimeter(origin, momentum, np.sort(rng.integers(0, 40, rows)))
    at = library.at_face(origin, momentum)
    assert np.array_equal(np.flatnonzero(at[:, 2]), chosen)
    assert at[chosen] == pytest.approx(photons.at, rel=1e-12)
    places = Places(2**40, photons.event.astype(np.uint64) + 2**40, np.arange(len(photons), dtype=np.uint32))
    python, found = Chain(bundles(), "onnxruntime").objects(photons, places), library.objects(photons, places)
    same = python["kind"] == found["kind"]
    assert same.mean() > 0.995
    assert np.isclose(python["object"][same], found["object"][same], equal_nan=True, rtol=1e-3, atol=1e-3).mean() > 0.995


def test_neutral_objects_are_the_same_in_any_order_of_the_events_and_belong_to_seed_and_event():
    photons, _ = photons_taught("test", chain_of(NAME).config("neutral"), 400)
    places = Places(3, photons.event.astype(np.uint64), np.arange(len(photons), dtype=np.uint32))
    chain = Chain(bundles(), "onnxruntime")
    one = chain.objects(photons, places)
    assert 0 < (one["kind"] > 0).sum() < len(photons)
    assert np.array_equal(np.isfinite(one["object"]).all(axis=1), one["kind"] > 0)
    order = np.concatenate([np.flatnonzero(photons.event == event) for event in np.unique(photons.event)[::-1]])
    other = chain.objects(Photons(photons.at[order], photons.event[order]), places.take(order))
    assert np.array_equal(one["kind"][order], other["kind"])
    assert np.allclose(one["object"][order], other["object"], equal_nan=True, rtol=1e-4)
    assert not np.array_equal(one["kind"], chain.objects(photons, replace(places, seed=4))["kind"])
    assert len(chain.objects(Photons(np.zeros((0, 3)), np.zeros(0, int)), places.take([]))["kind"]) == 0


@pytest.mark.slow
@needs_compiler
def test_a_recurrent_network_in_place_of_the_transformer_agrees_on_every_backend():
    chain = Chained(NAME)
    usual = chain.config
    chain.config = lambda part="": usual(part).replace({"model": {"kind": "rnn"}})
    require(check(chain.bundle("neutral")), needed=("reference", "onnxruntime", "native"))
    with pytest.raises(UnknownNameError, match="transformer"):
        load_usecase(f"{NAME}.neutral").model(usual("neutral").replace({"model": {"kind": "transformers"}}))


@needs_compiler
@pytest.mark.slow
def test_the_one_library_has_the_bits_of_the_compiled_stages_on_any_number_of_threads():
    from concurrent.futures import ThreadPoolExecutor

    particles, places = some(2000)
    python, library = Chain(bundles(), "native").run(particles, places), Library(build_chain(bundles()))
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: library.run(particles, places), range(8)):
            assert all(np.array_equal(python[name], found[name], equal_nan=True) for name in python)


def test_generated_events_become_tracks_with_covariances_that_are_positive_definite():
    sample = make_events(Order("minbias", conditions_of("run3"), 5, "parametric"), 4, progress=lambda _: None)
    found, lines = reconstruct(bundles(), sample, 5, 0, "onnxruntime")
    tracks = len(found["track.px"])
    assert found["track_offsets"][-1] == tracks > 20
    assert all("left out" in line for line in lines)
    names = ("x", "y", "tx", "ty", "qp")
    matrices = np.tile(np.eye(5), (tracks, 1, 1))
    for row, column in track_state.PAIRS:
        matrices[:, row, column] = matrices[:, column, row] = found[f"track.corr_{names[column]}_{names[row]}"]
    assert np.linalg.eigvalsh(matrices).min() > 0
    assert len(found["neutral.x"]) == found["neutral_offsets"][-1] > 20
    leads = found["neutral.particle"] + np.repeat(sample.particle_offsets[:-1], np.diff(found["neutral_offsets"]))
    assert (sample.particles["pdg"][leads] == 22).all()
    assert set(found["neutral.kind"].tolist()) <= {1, 2}
    later, _ = reconstruct(bundles(), sample.between(2, 4), 5, 2, "onnxruntime")
    assert np.array_equal(later["vertex.z"], found["vertex.z"][-len(later["vertex.z"]) :])
    assert len(later["track.px"]) == tracks - found["track_offsets"][2]
    assert len(later["neutral.x"]) == len(found["neutral.x"]) - found["neutral_offsets"][2]


def test_events_of_another_period_than_the_stages_have_learnt_are_named():
    sample = make_events(Order("minbias", conditions_of("run3_moved"), 5, "parametric"), 1, progress=lambda _: None)
    _, lines = reconstruct(bundles(), sample, 5, 0, "onnxruntime")
    assert any("run3_moved" in line and "have learnt run3:" in line for line in lines)


def test_a_use_case_that_does_not_reconstruct_and_a_run_that_is_not_there_are_refused(tmp_path):
    with pytest.raises(UsageError, match="does not reconstruct"):
        reconstructed("ghost_probability", None, "onnxruntime", print)
    with pytest.raises(UsageError, match="no bundle here"):
        reconstructed(NAME, tmp_path, "onnxruntime", print)


def test_vertices_are_smeared_by_three_gaussians_that_belong_to_the_event():
    event = np.arange(40_000, dtype=np.uint64)
    found = smeared(np.zeros((40_000, 3)), event, 1, np.zeros(40_000))
    for axis, name in enumerate("XYZ"):
        shape = TOY[name]
        shares = np.array([shape.first, shape.second, 1 - shape.first - shape.second])
        assert found[:, axis].std() == pytest.approx(np.sqrt(shares @ np.square(shape.widths)), rel=0.03)
    assert np.array_equal(smeared(np.zeros((10, 3)), event[5:15], 1, np.zeros(10)), found[5:15])


@needs_data
def test_lhcbs_vertex_smearing_is_read():
    found = read_smearing(FOLDER / "PrimaryVertexSmearing.db", "2016_pp_MagUp")
    assert found["X"].widths == (0.02246, 0.04501, 0.01176)
    assert found["Z"].second == 0.73535
    with pytest.raises(UnknownNameError, match="2016_pp_MagUp"):
        read_smearing(FOLDER / "PrimaryVertexSmearing.db", "2016_pp_MagUpp")


def test_a_database_without_vertex_smearing_is_refused(tmp_path):
    connection = sqlite3.connect(tmp_path / "other.db")
    connection.execute("CREATE TABLE other (x REAL)")
    connection.commit()
    connection.close()
    with pytest.raises(DataError, match="PVSmearing"):
        read_smearing(tmp_path / "other.db", "2016_pp_MagUp")


def test_the_full_toy_is_the_same_for_the_same_seed_and_defined_where_it_should_be():
    particles, _ = some(500)
    one, other = (truth.full_toy(np.random.default_rng(1), particles) for _ in range(2))
    assert all(np.array_equal(one[name], other[name], equal_nan=True) for name in one)
    assert np.array_equal(np.isfinite(one["residuals"]).all(axis=1), one["class"] > 0)
    assert (one["possible"][one["class"] > 0] > 0).all()


def test_rows_to_learn_from_have_fast_tracks_more_often_and_rows_to_judge_are_as_they_come():
    config = chain_of(NAME).config("rich").replace({"data": {"rows": 3000}})
    shares = {}
    for split in ("train", "test"):
        p = stages.rich(split, config, "evenly").inputs["features"][:, 0]
        shares[split] = np.mean((p > 40) & (p < 100))
    assert shares["train"] > 1.5 * shares["test"] > 0


def test_the_flows_of_identity_draw_what_the_full_toy_says_in_other_words():
    rings, combined = load_usecase(f"{NAME}.rich"), load_usecase(f"{NAME}.global_pid")
    config = chain_of(NAME).config("rich").replace({"data": {"rows": 600}})
    rows = rings.data("test", config.replace({"data": {"rows": 6000}}))
    network, features, likelihoods = rings.model(config), *(torch.from_numpy(array) for array in (rows.inputs["features"], rows.target))
    drawn = network.numbers(features, likelihoods)
    assert network.finish(features, drawn).numpy() == pytest.approx(rows.spectators["truth"], abs=1e-3)
    p, pions = rows.inputs["features"][:, 0], rows.inputs["features"][:, -3] > 0
    for low, high in ((3, 10), (10, 30), (30, 200)):  # GeV: DLLmu itself is hundreds of times smaller where tracks are fast
        seen = network.present(features).numpy()[:, 2:].all(axis=1) & pions & (p > low) & (p < high)
        assert all(0.2 < np.std(number) < 6 for number in drawn.numpy()[seen].T[2:])
    kaon, proton = rows.spectators["truth"][:, 2:].T
    assert (kaon == proton)[rows.inputs["features"][:, 0] < 9].all()  # GeV: no radiator has light of a kaon
    rows = combined.data("test", config)
    known, likelihoods = rows.inputs["features"], rows.spectators["truth"][:, :4]
    made = sums(torch.from_numpy(known), torch.from_numpy(rows.target[:, :2])).numpy()[:, 10:14]
    assert made[:, [0, 2, 3]] == pytest.approx(likelihoods[:, [0, 2, 3]], abs=1e-3)
    assert np.std(made[:, 1] - likelihoods[:, 1]) == pytest.approx(0.03, rel=0.2)  # smeared
    assert np.mean(made[:, 1] - likelihoods[:, 1]) == pytest.approx(0, abs=0.01)


def test_what_the_rich_draws_is_smeared_in_the_order_in_which_it_is_drawn(monkeypatch):
    rings, seen = load_usecase(f"{NAME}.rich"), []
    rows = rings.data("test", chain_of(NAME).config("rich").replace({"data": {"rows": 6000}}))
    features, likelihoods = (torch.from_numpy(array) for array in (rows.inputs["features"], rows.target))
    network = rings.model(chain_of(NAME).config("rich"))
    monkeypatch.setattr(networks, "density_loss", lambda _network, _inputs, numbers, _weights: seen.append(numbers))
    networks.rings_loss(network, {"features": features}, likelihoods, torch.ones(len(features)))
    smeared = (seen[0] - network.numbers(features, likelihoods)).numpy()
    there = network.present(features).numpy() > 0
    assert [np.std(smeared[there[:, k], k]) for k in range(4)] == pytest.approx([0, 0.05, 0.1, 0.1], rel=0.1)


def test_likelihoods_that_nothing_tells_have_no_say_in_those_drawn_after_them():
    rings = load_usecase(f"{NAME}.rich")
    config = chain_of(NAME).config("rich").replace({"data": {"rows": 600}})
    rows = rings.data("test", config)
    network = rings.model(config)
    network.adapt(rows.inputs)
    features = torch.from_numpy(rows.inputs["features"])
    pions = (features[:, -3] > 0) & (features[:, 0] < 9)  # below the momentum at which kaons have light, DLLp is DLLK
    noise = torch.from_numpy(rows.inputs["noise"])
    other = noise.clone()
    other[:, 1] = 1 - noise[:, 1]
    with torch.no_grad():
        first, second = network(features, noise), network(features, other)
    assert pions.any()
    assert torch.equal(first[pions], second[pions])
    assert not torch.equal(first, second)


def test_odds_of_probnn_are_those_of_bayes_theorem_and_noise():
    combined, config = load_usecase(f"{NAME}.global_pid"), chain_of(NAME).config("global_pid").replace({"data": {"rows": 12000}})
    rows = combined.data("test", config)
    network = combined.model(config)
    with torch.no_grad():  # the toy's own: a quarter of each likelihood, and how frequent it takes the species to be
        network.odds.seen.belief.fill_(0.25)
        network.odds.seen.prior.copy_(torch.log(torch.tensor([[0.04, 0.03, 0.68, 0.17, 0.08]])))
        judged = sums(*(torch.from_numpy(array) for array in (rows.inputs["features"], rows.target[:, :2])))
        added = rows.target[:, 2:] - network.odds.seen.odds(judged).numpy()
        made = network.odds.finish(judged, torch.from_numpy(added)).numpy()
    assert made == pytest.approx(rows.target[:, 2:], abs=1e-4)
    assert added.mean(axis=0) == pytest.approx(np.zeros(5), abs=0.1)
    assert added.std(axis=0) == pytest.approx(np.full(5, 0.7), rel=0.1)
