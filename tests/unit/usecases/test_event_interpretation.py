"""Events to graphs and back to decays: exact truth, whatever the networks say a tree, and events that are odd."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik.compiler.build import find_compiler
from bartik.core import DataError, UsageError, load_config
from bartik.core.plugins import load_part, load_usecase, usecase_folder
from bartik.metrics.decay_trees import groups_of, inside, lca_matrix, matrix_of, roots
from bartik.simulation.conditions import SETS
from bartik.simulation.generate import Order, make_events
from bartik.simulation.record import EventSample, is_beauty, last_of
from bartik.usecases.event_interpretation.decays import Found, decays_of
from bartik.usecases.event_interpretation.event import Event, clusters_of, generations, packed, unpacked
from bartik.usecases.event_interpretation.graph import MOST_NEIGHBOURS, approach, candidate_pairs, pair_columns, track_columns
from bartik.usecases.event_interpretation.interpreter.network import _company, decay_weights
from bartik.usecases.event_interpretation.interpreter.written import smaller
from bartik.usecases.event_interpretation.peers import Cuts
from bartik.usecases.event_interpretation.public import clusters_from_pairs, read_public_events
from bartik.usecases.event_interpretation.stages import whole_graph
from bartik.usecases.event_interpretation.truth import check_mothers, columns_of, events_of_sample, trees, visible_mothers


@pytest.fixture(scope="module")
def sample():
    return make_events(Order("bbbar", SETS["run3"], 5, "parametric"), 40, progress=lambda _: None)


@pytest.fixture(scope="module")
def events(sample):
    return list(events_of_sample(sample, 5, 0))


@pytest.fixture(scope="module")
def event(events):
    return max(events, key=lambda one: len(roots(one.decays)[0]) if one.decays else 0)


def random_event(count, seed=0, vertices=5):
    """Tracks of no physics."""
    rng = np.random.default_rng(seed)
    places = np.column_stack([rng.normal(0, 0.04, (vertices, 2)), rng.normal(0, 60, vertices)])
    way = np.column_stack([rng.normal(0, 0.8, (count, 2)), rng.uniform(3, 60, count)])
    points = np.column_stack([rng.normal(0, 0.3, (count, 2)), rng.normal(0, 60, count)])
    order = np.argsort(-np.hypot(way[:, 0], way[:, 1]))
    tracks = columns_of(points[order], way[order], rng.choice([-1.0, 1.0], count), places)
    nothing = np.zeros(count, np.int64)
    return Event(seed, tracks, places.astype(np.float32), nothing, np.full((count, 6), -1), nothing)


def test_the_true_ancestors_are_those_of_the_record(sample, events):
    """Of every event as many tracks of b decays, by species, as particles below its b hadrons have such tracks."""
    from bartik.simulation.record import descends_from
    from bartik.simulation.response.detector import long_tracks

    below = descends_from(sample, last_of(sample, is_beauty(sample.particles["pdg"])))
    tracks = long_tracks(np.random.default_rng([5, 0]), sample)
    for number, event in enumerate(events):
        rows = tracks["particle"][tracks["event"] == number]
        assert sorted(event.pdg[event.signal].tolist()) == sorted(sample.particles["pdg"][rows[below[rows]]].tolist())
    assert sum(len(roots(event.decays)) for event in events) > 10


def test_trees_of_particles_keep_decays_apart(sample):
    parents, hadrons = visible_mothers(sample), last_of(sample, is_beauty(sample.particles["pdg"]))
    below = np.flatnonzero(sample.particles["final"] & (sample.particles["charge"] != 0))
    members, matrix = trees(parents, hadrons, below)
    head = {}
    for place in members.tolist():
        node = int(parents[below[place]])
        while not hadrons[node]:
            node = int(parents[node])
        head[place] = node
    same = np.array([[head[one] == head[other] for other in members.tolist()] for one in members.tolist()])
    np.fill_diagonal(same, val=False)
    np.testing.assert_array_equal(matrix > 0, same)


def test_generations_of_pairs_follow_from_the_clusters_of_tracks():
    mothers = np.array([-1, 0, 0, 1, 1, 4, 4, -1, 7, 7])
    leaves = np.array([2, 3, 5, 6, 8, 9])
    matrix = lca_matrix(mothers, leaves)
    assert matrix.max() == 3
    clusters = clusters_of(matrix, np.arange(6), 6)
    first, second = np.triu_indices(6, 1)
    np.testing.assert_array_equal(generations(clusters, first, second), matrix[first, second])


def test_a_record_whose_mothers_go_round_is_refused(sample):
    particles = dict(sample.particles)
    particles["mother"] = particles["mother"].copy()
    daughter = int(np.flatnonzero(particles["mother"][: sample.particle_offsets[1]] >= 0)[0])
    particles["mother"][particles["mother"][daughter]] = daughter
    circle = EventSample(sample.collisions, sample.collision_offsets, particles, sample.particle_offsets)
    with pytest.raises(DataError, match="event 0: mothers of a particle go round in a circle"):
        check_mothers(circle)
    with pytest.raises(DataError, match="circle"):
        list(events_of_sample(circle, 1, 0))


def test_events_come_back_from_a_file(events):
    again = unpacked(packed(events))
    assert len(again) == len(events)
    for one, other in zip(events, again, strict=True):
        assert one.decays == other.decays
        np.testing.assert_array_equal(one.tracks, other.tracks)


def test_an_event_with_a_track_that_is_no_number_is_refused(event):
    tracks = event.tracks.copy()
    tracks[1, 2] = np.nan
    with pytest.raises(DataError, match="a track or a vertex is NaN"):
        Event(3, tracks, event.vertices, event.vertex, event.clusters, event.pdg)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_tracks_make_a_graph_without_pairs_and_no_decay(count):
    few = random_event(count)
    assert len(candidate_pairs(few.tracks)) <= 1
    graph = whole_graph(few.tracks, few.vertices)
    assert len(graph["link_tracks"]) == 5 * count
    assert track_columns(few.tracks).shape == (count, 8)
    assert Cuts(3.0, 0.2, 0.05)(few.tracks, few.vertices).decays(0.5) in {frozenset(), frozenset({frozenset({0, 1})})}


def test_two_thousand_tracks_make_a_graph_of_bounded_size():
    many = random_event(2000)
    pairs = candidate_pairs(many.tracks)
    assert 2000 < len(pairs) <= 2000 * MOST_NEIGHBOURS
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert len(np.unique(pairs, axis=0)) == len(pairs)


def test_without_a_vertex_a_track_is_as_if_from_the_beam_line():
    tracks = columns_of(np.array([[0.3, 0.1, 5.0]]), np.array([[0.5, 0.2, 10.0]]), np.ones(1), np.zeros((0, 3)))
    assert tracks[0, 6:8].tolist() == [0, 0]
    assert tracks[0, 8] == tracks[0, 2]
    assert Found(np.ones(1), np.zeros((0, 2), np.int64), np.zeros((0, 4))).vertex_of(tracks, np.zeros((0, 3))).tolist() == [-1]


def test_two_lines_pass_one_another_as_geometry_says():
    tracks = np.zeros((2, 10), np.float32)
    tracks[:, :3] = [[0, 0, 0], [0, 2, 0]]
    tracks[:, 3:6] = [[1, 0, 10], [-1, 0, 10]]
    distance, angle, middle = approach(tracks, np.array([0]), np.array([1]))
    assert distance == pytest.approx(2)
    assert angle == pytest.approx(2 * np.arctan(0.1), rel=1e-6)
    np.testing.assert_allclose(middle, [[0, 1, 0]], atol=1e-6)
    assert pair_columns(tracks, np.array([[0, 1]]))[0, 0] == pytest.approx(angle[0])


def one_hot(matrix, pairs):
    found = np.zeros((len(pairs), 4))
    found[np.arange(len(pairs)), np.minimum(matrix[pairs[:, 0], pairs[:, 1]], 3)] = 1
    return found


def every_pair(count):
    return np.stack(np.triu_indices(count, 1), axis=1)


@st.composite
def decays(draw):
    """Mothers of nodes of a few trees of at most three generations."""
    mothers = [-1, *(draw(st.integers(-1, node - 1)) for node in range(1, draw(st.integers(3, 20))))]
    leaves = np.array(sorted(set(range(len(mothers))) - set(mothers)))
    matrix = lca_matrix(np.array(mothers), leaves)
    return np.minimum(matrix, 3)


@settings(max_examples=80, deadline=None)
@given(decays())
def test_networks_that_are_never_wrong_give_the_true_trees(matrix):
    groups, pairs = groups_of(matrix), every_pair(len(matrix))
    assert decays_of(pairs, one_hot(matrix, pairs), len(matrix), 0.5) == groups


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 0.9))
def test_whatever_the_networks_say_what_comes_out_is_a_tree(seed, join):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 14))
    pairs = every_pair(count)[rng.random(count * (count - 1) // 2) < 0.8]
    found = decays_of(pairs, rng.dirichlet([1.5, 1, 1, 1], len(pairs)), count, join)
    assert groups_of(matrix_of(found, count)) == found
    tops = roots(found)
    assert sum(map(len, tops)) == len(frozenset().union(*tops))
    assert sum(len(inside(found, top)) for top in tops) == len(found)


def test_pairs_that_nobody_looked_at_do_not_join():
    pairs, sure = np.array([[0, 1], [1, 2]]), np.array([[0.0, 1, 0, 0]] * 2)
    assert roots(decays_of(pairs, sure, 3, 0.45)) == [frozenset({0, 1, 2})]
    assert roots(decays_of(pairs, sure, 3, 0.55)) == [frozenset({0, 1})]


def public_files(folder: Path, event: Event, number: int, *, wrong: bool = False):
    """The event as the published sets have it, every pair in both directions."""
    pairs = every_pair(len(event))
    labels = generations(event.clusters, *pairs.T)
    if wrong:
        labels[np.flatnonzero(labels > 0)[0]] = 0
    true = np.where((event.vertex >= 0)[:, np.newaxis], event.vertices[event.vertex], event.tracks[:, 6:9])
    nodes = np.concatenate([event.tracks, true], axis=1)
    senders, receivers = (np.concatenate([pairs[:, one], pairs[:, other]]) for one, other in ((0, 1), (1, 0)))
    edges = pair_columns(event.tracks, np.stack([senders, receivers], axis=1))[:, :4]
    values = {"nodes": nodes, "edges": edges, "senders": senders, "receivers": receivers, "globals": np.array([len(event.vertices)])}
    np.save(folder / f"input_{number}.npy", values, allow_pickle=True)
    np.save(folder / f"target_{number}.npy", {"edges": np.eye(4)[np.concatenate([labels, labels])]}, allow_pickle=True)


def test_events_in_the_published_format_are_read_with_their_trees(tmp_path, event):
    public_files(tmp_path, event, 4)
    (read,) = read_public_events(tmp_path)
    assert read.number == 4
    np.testing.assert_allclose(read.tracks, event.tracks, rtol=1e-4, atol=1e-4)
    assert read.decays == event.decays
    known = event.vertex >= 0
    np.testing.assert_array_equal(read.vertices[read.vertex[known]], event.vertices[event.vertex[known]])


def test_published_truth_that_is_no_tree_is_refused_with_the_file(tmp_path, event):
    public_files(tmp_path, event, 0, wrong=True)
    with pytest.raises(DataError, match=r"target_0.npy: generations of \d+ pairs are of no tree"):
        read_public_events(tmp_path)


def test_pairs_left_out_of_published_truth_follow_from_the_others():
    pairs, labels = np.array([[0, 1], [1, 2], [3, 4]]), np.array([1, 2, 0])
    clusters = clusters_from_pairs(pairs, labels, 5, "target")
    assert generations(clusters, np.array([0]), np.array([2])).tolist() == [2]
    assert (clusters[3:] == -1).all()


def test_a_folder_or_a_dictionary_without_what_is_wanted_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"no input_0.npy here"):
        read_public_events(tmp_path)
    np.save(tmp_path / "input_0.npy", {"nodes": np.zeros((3, 12))}, allow_pickle=True)
    with pytest.raises(DataError, match=r"'nodes' has shape \(3, 12\), wanted any x 13"):
        read_public_events(tmp_path)
    values = {"nodes": np.ones((3, 13)), "senders": np.array([0]), "receivers": np.array([3])}
    np.save(tmp_path / "input_0.npy", values, allow_pickle=True)
    with pytest.raises(DataError, match="an edge names track 3 of 3"):
        read_public_events(tmp_path)


def test_the_smaller_event_has_what_may_be_of_a_decay_and_its_trees(event):
    count = len(event)
    pairs = every_pair(count)
    found = Found(event.signal.astype(float), pairs, one_hot(matrix_of(event.decays, count), pairs))
    nothing = Found(np.zeros(0), np.zeros((0, 2), np.int64), np.zeros((0, 4)))
    arrays = smaller([event, random_event(0)], [found, nothing], 0.5)
    np.testing.assert_array_equal(arrays["track.index"], np.flatnonzero(event.signal))
    assert arrays["track_offsets"].tolist() == [0, event.signal.sum(), event.signal.sum()]
    assert len(arrays["ancestor.mother"]) == len(event.decays)
    assert arrays["ancestor.generation"].max() == matrix_of(event.decays, count).max()
    np.testing.assert_array_equal(arrays["track.px"], event.tracks[event.signal, 3])


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """The one network, untrained."""
    from bartik.core.bundle import write_bundle
    from bartik.exporters.torch import export_torch, tolerance
    from bartik.train import run_model

    part = load_part(load_usecase("event_interpretation"), "interpreter")
    few = random_event(12)
    graph = whole_graph(few.tracks, few.vertices)
    config = load_config(usecase_folder(part), layer="tiny")
    model = part.model(config).eval()
    return write_bundle(
        tmp_path_factory.mktemp("bundle") / "interpreter",
        export_torch(model, part.signature, graph),
        part.signature,
        (graph, run_model(model, part.signature, graph)),
        name="interpreter",
        working_points={"kept": 0.5},
        provenance={"use_case": "event_interpretation.interpreter", "configuration": config.to_dict()},
        tolerance=tolerance(model, part.signature, graph),
    )


@pytest.fixture(scope="module")
def network(bundle):
    from bartik.usecases.event_interpretation.stages import OneNetwork, Stage

    return OneNetwork(Stage.of(bundle.path, "onnxruntime"))


@pytest.mark.parametrize("ending", [".root", ".parquet", ".h5"])
def test_smaller_events_are_written_as_files_that_others_read(tmp_path, bundle, sample, ending):
    from bartik.data.events import read_columns, write_columns
    from bartik.workflow.predict import predict_file

    write_columns(tmp_path / "events.h5", sample.between(0, 4).to_arrays(), sample.about)
    rows = predict_file(bundle, tmp_path / "events.h5", tmp_path / f"smaller{ending}", "onnxruntime")
    arrays, about = read_columns(tmp_path / f"smaller{ending}")
    assert len(arrays["track.keep"]) == rows == arrays["track_offsets"][-1]
    assert len(arrays["track_offsets"]) == len(arrays["vertex_offsets"]) == 5
    assert ((arrays["track.keep"] >= 0.5) | (arrays["track.ancestor"] >= 0)).all()
    assert 0 < rows <= int(about["tracks before"])
    assert about["bundle"] == bundle.digest


def test_smaller_events_cannot_be_written_as_a_table(tmp_path, bundle):
    from bartik.workflow.predict import predict_file

    with pytest.raises(UsageError, match=r"cannot tell the format from '.csv'"):
        predict_file(bundle, tmp_path / "events.h5", tmp_path / "smaller.csv", "onnxruntime")
    with pytest.raises(DataError, match="no such file"):
        predict_file(bundle, tmp_path / "events.h5", tmp_path / "smaller.root", "onnxruntime")


@pytest.mark.parametrize(("count", "vertices"), [(0, 5), (1, 5), (1, 0), (3, 0), (2000, 8)])
def test_the_network_takes_odd_events(network, count, vertices):
    odd = random_event(count, vertices=max(vertices, 1))
    tracks, places = odd.tracks, odd.vertices[:vertices]
    found = network(tracks, places)
    assert found.keep.shape == (count,)
    assert np.isfinite(found.keep).all()
    assert len(found.vertex_of(tracks, places)) == count
    assert groups_of(matrix_of(found.decays(0.9), count)) == found.decays(0.9)


def test_an_event_turned_around_the_beam_line_is_interpreted_the_same(network, event):
    sine, cosine = np.sin(2.0), np.cos(2.0)
    turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    tracks = event.tracks.copy()
    for begin in (0, 3, 6):
        tracks[:, begin : begin + 3] = event.tracks[:, begin : begin + 3].astype(float) @ turn.T
    one, other = network(event.tracks, event.vertices), network(tracks, (event.vertices @ turn.T).astype(np.float32))
    assert len(one.keep) > 50
    np.testing.assert_array_equal(one.pairs, other.pairs)
    np.testing.assert_allclose(one.keep, other.keep, atol=5e-3)
    np.testing.assert_allclose(one.origin, other.origin, atol=5e-3)


def test_a_track_is_in_the_company_of_the_collision_that_it_is_likely_from():
    links = (torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1]))
    graph = (torch.zeros(3, 10), torch.zeros(2, 3), torch.zeros(0, 2, dtype=torch.int64), *links)
    origin, with_b = torch.tensor([[8.0], [-8.0], [0.0], [0.0]]), torch.tensor([[9.0], [-9.0]])
    found = _company(torch.zeros(3, 1), origin, with_b, graph)
    assert found[:, 0].tolist() == pytest.approx([1.0, 0.5, 0.0], abs=1e-3)


def test_an_event_in_a_compiled_network_with_room_for_more_is_the_same(bundle, network, event):
    from bartik.backends import prepare
    from bartik.usecases.event_interpretation.capacity import Roomy, room_for
    from bartik.usecases.event_interpretation.stages import OneNetwork, Stage

    graphs = [whole_graph(one.tracks, one.vertices) for one in (event, random_event(40))]
    sizes = room_for(bundle.signature, graphs)
    compiled = OneNetwork(Stage(Roomy(prepare(bundle, "onnxruntime"), bundle.signature, sizes), 0.0))
    for one in (event, random_event(3), random_event(1)):
        found, wanted = compiled(one.tracks, one.vertices), network(one.tracks, one.vertices)
        np.testing.assert_allclose(found.keep, wanted.keep, atol=1e-5)
        np.testing.assert_allclose(found.generations, wanted.generations, atol=1e-5)
    with pytest.raises(UsageError, match="an event of 400 tracks: compiled for"):
        compiled(random_event(400).tracks, event.vertices)


def test_compiled_for_sizes_it_has_a_reference_of_these_sizes_that_begins_as_the_event(bundle, network, event):
    from bartik.checks import sized

    sizes = {"tracks": 24, "vertices": 9, "pairs": 80, "links": 160}
    found = sized(bundle, sizes)
    inputs, outputs = found.reference()
    given, wanted = bundle.reference()
    assert {name: len(array) for name, array in inputs.items()} == {spec.name: sizes[spec.shape[0]] for spec in bundle.signature.inputs}
    for name, array in wanted.items():
        np.testing.assert_allclose(outputs[name][: len(array)], array, atol=1e-5)
    assert all(np.array_equal(inputs[name][: len(array)], array) for name, array in given.items())
    assert sized(bundle, {}) is bundle


@pytest.mark.slow
@pytest.mark.skipif(find_compiler() is None or shutil.which("make") is None, reason="needs a C++ compiler and make")
def test_the_command_compiles_it_for_sizes_and_the_self_test_passes(tmp_path, bundle):
    from bartik.cli.main import run_command

    sizes = "tracks=24,vertices=9,pairs=80,links=160"
    assert run_command(["compile", str(bundle.path), "--axes", sizes, "-o", str(tmp_path / "generated")]) == 0
    made = subprocess.run(["make", "-C", str(tmp_path / "generated"), "test"], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    assert run_command(["compile", str(bundle.path), "--axes", "tracks=many", "-o", str(tmp_path / "other")]) == 2
    assert run_command(["compile", str(bundle.path), "--axes", "hits=4", "-o", str(tmp_path / "other")]) == 2
    assert not (tmp_path / "other").exists()


DATA = Path(os.environ.get("BARTIK_DATA", "nowhere")) / "08_full_event"


@pytest.mark.skipif(not DATA.is_dir(), reason="needs 08_full_event of BARTIK_DATA: seven generated LHCb events in HepMC 2")
def test_generated_events_of_lhcb_have_trees_as_their_records_say():
    from bartik.usecases.event_interpretation.generated import sample_of_hepmc

    sizes = []
    for path in sorted(DATA.glob("*/evt*.mc2")):
        sample = sample_of_hepmc(path)
        (event,) = events_of_sample(sample, 1, 0)
        sizes.append((len(event), len(sample.collisions["z"]), int(last_of(sample, is_beauty(sample.particles["pdg"])).sum())))
        for top in roots(event.decays):
            rows = sorted(top)
            assert groups_of(matrix_of(inside(event.decays, top), len(event))) == inside(event.decays, top)
            assert len(np.unique(event.vertex[rows])) == 1, "a decay is of one collision"
    assert len(sizes) == 7
    assert [size[1] for size in sizes] == [3, 1, 1, 1, 2, 6, 3]
    assert all(size[2] == 2 for size in sizes), "a pair of b hadrons each"


def test_each_track_of_a_decay_counts_the_same_whatever_its_size():
    decay = torch.tensor([0, 7, 7, 0, 9, 9, 9, 9])
    first, second = np.triu_indices(len(decay), 1)
    same = (decay[first] == decay[second]) & (decay[first] > 0)
    weights = decay_weights(decay, torch.from_numpy(first)).numpy() * same.numpy()
    total = [weights[(first == track) | (second == track)].sum() for track in range(len(decay))]
    np.testing.assert_allclose(total, 3.0 * (decay > 0).numpy())
