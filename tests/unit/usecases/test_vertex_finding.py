from pathlib import Path

import numpy as np
import pytest
import torch

from bartik.backends import prepare
from bartik.core import Config, ConfigError, UsageError, load_config
from bartik.core.bundle import Bundle, write_bundle
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.data.ellipsoids import ellipsoids
from bartik.data.vertex_event import VertexEvent
from bartik.exporters.torch import export_torch
from bartik.profile.work import multiply_adds
from bartik.train import run_model
from bartik.usecases.vertex_finding.beamline import beamline_vertices
from bartik.usecases.vertex_finding.columns import BINS, SLOTS
from bartik.usecases.vertex_finding.counting import counted
from bartik.usecases.vertex_finding.density import density
from bartik.usecases.vertex_finding.events import events_of
from bartik.usecases.vertex_finding.fits import FitSum, Line, _known, _second, lines
from bartik.usecases.vertex_finding.joined.data import signature
from bartik.usecases.vertex_finding.joined.weights import take_weights
from bartik.usecases.vertex_finding.layers import Peaks
from bartik.usecases.vertex_finding.losses import histogram_loss, ratio_loss
from bartik.usecases.vertex_finding.networks import Aim, Density, Finder, Joined, Small
from bartik.usecases.vertex_finding.padded import Compiled, padded
from bartik.usecases.vertex_finding.rows import inputs_of
from bartik.usecases.vertex_finding.targets import histogram, resolution

LOW, WIDTH = -200.0, 0.1


def small(seed: int = 1) -> Small:
    torch.manual_seed(seed)
    return Small(6, 4, 5, [1, 2], LOW, WIDTH, Aim()).eval()


def event(z: list[float], tracks: int, number: int = 1) -> VertexEvent:
    """Collisions at ``z``, each with as many tracks, all seen as they are."""
    rng = np.random.default_rng(number)
    place = np.repeat(z, tracks)
    theta, phi = rng.uniform(0.02, 0.3, len(place)), rng.uniform(-3, 3, len(place))
    way = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=1)
    point = np.stack([0 * place, 0 * place, place], axis=1)
    features = ellipsoids(point, way, np.full(len(place), 0.04), np.zeros(2))
    return VertexEvent(number, features, np.zeros(2, np.float32), np.array(z, float), np.full(len(z), tracks))


def outputs(network: torch.nn.Module, *events: VertexEvent) -> dict[str, np.ndarray]:
    return dict(run_model(network, signature, inputs_of(events)[0]))


def test_the_target_of_a_vertex_is_its_area_around_its_place():
    found = histogram(np.array([12.34]), np.array([30]), LOW, WIDTH)
    centres = LOW + (np.arange(BINS) + 0.5) * WIDTH
    assert found.sum() == pytest.approx(0.150 / resolution(np.array(30)), rel=1e-4)
    assert float(found @ centres / found.sum()) == pytest.approx(12.34, abs=1e-3)


def test_vertices_of_few_tracks_are_masked_and_those_outside_leave_nothing():
    found = histogram(np.array([0.0, 500.0, -200.05]), np.array([3, 40, 40]), LOW, WIDTH)
    assert np.isnan(found).sum() == 11
    assert np.nansum(found) == 0
    beside = histogram(np.array([0.0, 0.3]), np.array([3, 40]), LOW, WIDTH)
    assert np.isnan(beside).sum() == 3
    assert np.nanmax(beside) > 0.5


def test_bins_of_no_width_are_refused():
    with pytest.raises(ConfigError, match=r"bins\.width"):
        histogram(np.zeros(1), np.ones(1), LOW, 0.0)


def test_the_density_is_highest_where_the_tracks_come_from():
    found = density(event([31.7], 20), LOW, WIDTH)
    assert abs(LOW + (found.argmax() + 0.5) * WIDTH - 31.7) < 0.11
    assert found.max() == pytest.approx(20, rel=0.1)
    assert not density(event([], 0), LOW, WIDTH).any()


def test_the_loss_is_nothing_for_the_target_and_more_for_a_missing_peak_than_for_one_too_many():
    target = torch.tensor([[0.0, 1.0, float("nan")]])
    assert float(ratio_loss(torch.tensor([[0.0, 1.0, 5.0]]), target, 2.5)) == pytest.approx(0, abs=1e-6)
    missing = ratio_loss(torch.tensor([[0.0, 0.01, 5.0]]), target, 2.5)
    many = ratio_loss(torch.tensor([[0.0, 100.0, 5.0]]), target, 2.5)
    assert float(missing) > 2 * float(many)
    assert float(ratio_loss(torch.tensor([[0.0, 0.01, 5.0]]), target, 0.0)) == pytest.approx(float(many), rel=1e-2)


def test_peaks_are_found_once_each_at_their_means_even_on_a_plateau():
    x = torch.zeros(2, BINS)
    x[0, 100:103] = torch.tensor([0.5, 2.0, 0.5])
    x[0, 200] = 0.7
    x[0, 3999] = 1.0
    found = Peaks(LOW, WIDTH)(x).numpy()
    expected = [[LOW + 101.5 * WIDTH, 3.0], [LOW + 200.5 * WIDTH, 0.7], [LOW + 3999.5 * WIDTH, 1.0]]
    assert np.allclose(found[0, :3], expected, atol=1e-4)
    assert not found[0, 3:].any()
    assert not found[1].any()


def test_more_peaks_than_slots_lose_the_last_ones_and_harm_no_other():
    x = torch.zeros(1, BINS)
    x[0, 10::50] = 1.0
    found = Peaks(LOW, WIDTH)(x).numpy()[0]
    assert np.allclose(found[:, 1], 1.0)
    assert np.allclose(found[:, 0], LOW + (10.5 + 50 * np.arange(SLOTS)) * WIDTH, atol=1e-3)


@pytest.mark.parametrize("tracks", [0, 1, 2000])
def test_an_event_of_no_one_or_two_thousand_tracks_is_answered(tracks):
    found = outputs(small(), event([5.0], tracks) if tracks else event([], 0))
    assert found["histogram"].shape == (1, BINS)
    assert found["vertices"].shape == (1, SLOTS, 2)
    assert all(np.isfinite(array).all() for array in found.values())


def test_tracks_outside_of_the_histogram_change_nothing():
    inside = event([5.0], 10)
    outside = event([5.0, 250.0, -200.001, 1e5], 10)
    outside = VertexEvent(1, np.concatenate([inside.tracks, outside.tracks[10:]]), inside.beam, outside.z, outside.count)
    assert np.array_equal(outputs(small(), inside)["histogram"], outputs(small(), outside)["histogram"])


def test_an_event_is_answered_the_same_alone_and_among_others_and_with_tracks_that_are_nowhere():
    events = [event([5.0, -3.0], 12), event([], 0, 2), event([80.0], 7, 3)]
    alone, together = outputs(small(), events[2]), outputs(small(), *events)
    filled = run_model(small(), signature, padded(events[2], 40))
    for name, array in alone.items():
        assert np.allclose(array[0], together[name][2], atol=1e-6)
        assert np.allclose(array, filled[name], atol=1e-6)


def test_the_answer_moves_with_the_beam_line_and_with_the_collision():
    here = event([5.0], 12)
    tracks = here.tracks + np.array([10.0, 0.4, -0.3, *[0.0] * 6], np.float32)
    there = VertexEvent(1, tracks, np.array([0.4, -0.3], np.float32), here.z + 10, here.count)
    one, other = (outputs(small(), some)["histogram"][0] for some in (here, there))
    assert np.allclose(one[1000:3000], other[1100:3100], atol=2e-3, rtol=2e-2)


def test_an_event_too_large_for_a_program_is_refused():
    with pytest.raises(UsageError, match="event 1 has 12 tracks, more than 8"):
        padded(event([5.0], 12), 8)


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Bundle:
    """The small network, untrained."""
    inputs = inputs_of([event([5.0], 12), event([80.0], 7, 3)])[0]
    content, answers = export_torch(small(), signature, inputs), run_model(small(), signature, inputs)
    return write_bundle(tmp_path_factory.mktemp("small") / "bundle", content, signature, (inputs, answers), name="small")


def test_compiled_for_a_number_of_tracks_it_gives_what_the_graph_gives(exported):
    native, other = prepare(exported, "native", axes="tracks=64,events=1"), prepare(exported, "onnxruntime")
    for some in (event([5.0, 9.0], 20), event([], 0), event([-199.99], 3)):
        found = native.run(padded(some, 64))
        wanted = other.run(inputs_of([some])[0])
        assert all(np.allclose(found[name], wanted[name], atol=1e-5) for name in wanted)


def test_the_work_of_a_graph_whose_sizes_onnx_cannot_infer_is_counted(exported):
    convolutions = 2000 * (7 * 4 * 3 + 2 * 4 * 4 * 5 + 4 * 2 * 3)
    assert multiply_adds(exported) == 2 * convolutions


def test_programs_for_sizes_of_events_take_the_smallest_that_fits(exported):
    compiled = Compiled(exported, (64,))
    some = event([5.0, 9.0], 20)
    wanted = prepare(exported, "onnxruntime").run(inputs_of([some])[0])
    assert np.allclose(compiled.run(some)["vertices"], wanted["vertices"], atol=1e-5)
    with pytest.raises(UsageError, match="65 tracks, more than 64"):
        compiled.run(event([5.0], 65))


@pytest.mark.slow
def test_the_joined_network_begins_as_the_chain_of_its_parts(tmp_path):
    torch.manual_seed(3)
    first = Density([8], 2, LOW, WIDTH).eval()
    second = Finder(4, [5, 3], LOW, WIDTH, Aim()).eval()
    from bartik.usecases.vertex_finding.kde.data import signature as kde
    from bartik.usecases.vertex_finding.peaks.data import signature as peaks

    inputs = inputs_of([event([5.0], 12)])[0]
    between = dict(run_model(first, kde, inputs))
    paths: list[Path] = []
    for network, named, given in ((first, kde, inputs), (second, peaks, between)):
        answers = run_model(network, named, given)
        bundle = write_bundle(tmp_path / str(len(paths)), export_torch(network, named, given), named, (given, answers), name="part")
        paths.append(bundle.path)
    density_, finder = Density([8], 2, LOW, WIDTH), Finder(4, [5, 3], LOW, WIDTH, Aim(), extra=2, normalised=False)
    take_weights(density_, str(paths[0]))
    take_weights(finder, str(paths[1]))
    joined = Joined(density_, finder, LOW, WIDTH, Aim()).eval()
    wanted = run_model(second, peaks, between)
    assert np.allclose(run_model(joined, signature, inputs)["histogram"], wanted["histogram"], atol=1e-5)
    with pytest.raises(ConfigError, match="wanted"):
        take_weights(Density([9], 2, LOW, WIDTH), str(paths[0]))


def displaced(x: float, y: float) -> VertexEvent:
    """Two collisions of forty tracks, the first off the beam line."""
    rng = np.random.default_rng(4)
    theta, phi = rng.uniform(0.02, 0.3, 80), rng.uniform(-3, 3, 80)
    way = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=1)
    point = np.zeros((80, 3))
    point[:40] = x, y, 7.05
    point[40:, 2] = 60.0
    return VertexEvent(
        1, ellipsoids(point, way, np.full(80, 0.02), np.zeros(2)), np.zeros(2, np.float32), np.array([7.05, 60]), np.array([40, 40])
    )


@pytest.mark.parametrize("round_", [False, True])
def test_the_second_look_is_sharpest_where_tracks_meet_off_the_beam_line(round_):
    tracks = FitSum(LOW, WIDTH, BINS, 20, round_=round_)
    found = tracks(*(torch.from_numpy(array) for array in inputs_of([displaced(0.08, -0.06)])[0].values()))[0].numpy()
    assert found.shape == (tracks.channels, BINS)
    agreed = found[3 - round_]
    assert LOW + (agreed[:2500].argmax() + 0.5) * WIDTH == pytest.approx(7.05, abs=1e-3)
    assert agreed[:2500].max() > 0.8 * agreed[2500:].max()  # no less than at the beam line
    gain = found[1]
    assert gain[2070] > 20 * abs(gain[2600])


@pytest.mark.parametrize("round_", [False, True])
def test_the_step_from_the_bins_around_leads_to_the_vertex(round_):
    tracks = FitSum(LOW, WIDTH, BINS, 20, round_=round_)
    found = tracks(*(torch.from_numpy(array) for array in inputs_of([displaced(0.08, -0.06)])[0].values()))[0].numpy()
    bins = np.arange(2069, 2072)
    for step in (found[-2],) if round_ else (found[-4], found[-2]):
        assert step[bins] / 4 == pytest.approx(7.05 - (LOW + (bins + 0.5) * WIDTH), abs=0.03)
        assert step[3000] == 0
    assert found[-1].argmax() in bins


@pytest.mark.parametrize("round_", [False, True])
def test_a_track_that_does_not_fit_moves_the_step_by_its_weight(round_):
    there, one = torch.zeros(2, 1, 2), torch.ones(2, 1)
    zero = torch.zeros(2, 1)
    away, known = torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [16.0]])  # mm, mm⁻²: chi² of 0 and of 64
    line = Line(zero, zero, zero, zero, zero, known * away**2, zero, known * away, zero, zero, known)
    agreed = _second(line, there, one, round_=round_).sum(0, keepdim=True)
    found = _known(torch.zeros(1, 6), zero[:1], agreed, round_=round_)[0]
    weight = 1 / (1 + 64 / 4)
    for place, power in ((-2, 1),) if round_ else ((-4, 1), (-2, 2)):
        slope, curvature = 32 * weight**power, 1 + 16 * weight**power
        assert float(found[place]) == pytest.approx(4 * slope / (curvature + 1), rel=1e-5)
        assert float(found[place + 1]) == pytest.approx(0.3 * np.log1p(curvature), rel=1e-5)


def test_chi_squared_of_a_line_is_that_of_its_ellipsoid():
    some = displaced(0.08, -0.06)
    place, dz = np.array([0.05, -0.02]), 0.3
    tracks = torch.from_numpy(some.tracks)
    line = lines(tracks, tracks[:, 1:3], torch.full((80, 1), dz))
    x, y = place
    found = line.alone - 2 * (x * line.bx + y * line.by) + line.xx * x * x + 2 * line.xy * x * y + line.yy * y * y
    away = np.stack([some.tracks[:, 1] - x, some.tracks[:, 2] - y, np.full(80, dz)], axis=1).astype(np.float64)
    a, b, c, d, e, f = some.tracks[:, 3:].astype(np.float64).T
    matrix = np.array([[a - 625, d, e], [d, b - 625, f], [e, f, c]])
    assert np.allclose(found[:, 0], np.einsum("ti,ijt,tj->t", away, matrix, away), rtol=1e-3, atol=1e-2)
    for k, (row, mine) in enumerate(zip(away + np.array([x, y, 0]), matrix.transpose(2, 0, 1), strict=True)):
        # the beams are 40 um wide: the best place across is a compromise
        best = np.linalg.solve(mine[:2, :2] + 625 * np.eye(2), (mine @ row)[:2])
        from_best = row - np.append(best, 0)
        least = from_best @ mine @ from_best + 625 * best @ best
        assert float(line.beam[k, 0]) == pytest.approx(least, rel=1e-2, abs=1e-2)


def test_collisions_in_one_peak_count_once_and_those_of_few_tracks_not_at_all():
    z, count = np.array([0.0, 0.1, 5.0, 9.0]), np.array([30, 20, 60, 3])
    some = VertexEvent(1, np.zeros((0, 9), np.float32), np.zeros(2, np.float32), z, count)
    found = counted(some, LOW, WIDTH)
    assert found.count.tolist() == [30, 60, 3]
    assert np.allclose(found.z, [0.05, 5.0, 9.0], atol=0.06)
    assert np.allclose(found.window, [5 * resolution(np.array(30)), 0.3, 0.5])
    assert not len(counted(event([], 0), LOW, WIDTH).z)
    beside = VertexEvent(1, some.tracks, some.beam, np.array([5.0, 5.1]), np.array([30, 3]))
    assert counted(beside, LOW, WIDTH).count.tolist() == [30]  # not masked there


def test_the_loss_of_a_stretch_is_that_of_the_whole_there():
    network = small()
    network.aim = Aim(2.5, 1024)
    inputs = {name: torch.from_numpy(array) for name, array in inputs_of([event([5.0, -3.0], 12)])[0].items()}
    whole = network.sums(*inputs.values())[:, :, 700:1212]
    part = network.sums(*network.near(list(inputs.values()), 1400, 2424))[:, :, 700:1212]
    assert torch.equal(whole, part)
    network.train()
    assert histogram_loss(network, inputs, torch.zeros(1, BINS)).item() > 0


def test_the_classical_search_finds_vertices_that_are_apart_and_none_in_an_empty_event():
    found = beamline_vertices(event([-20.0, 3.0, 60.0], 20))
    assert np.allclose(np.sort(found[:, 0]), [-20, 3, 60], atol=0.1)
    assert not len(beamline_vertices(event([], 0)))
    assert not len(beamline_vertices(event([5.0], 1)))


@pytest.mark.parametrize(("setting", "message"), [("data.tracks=seen", "data.tracks"), ("data.test=0", "data.test")])
def test_wrong_settings_are_refused_by_name(setting, message):
    folder = usecase_folder(load_usecase("vertex_finding"))
    config: Config = load_config(folder, layer="tiny", settings=[setting])
    with pytest.raises(ConfigError, match=message):
        events_of("test", config)


def test_true_tracks_are_nearer_to_their_vertices_than_measured_ones():
    folder = usecase_folder(load_usecase("vertex_finding"))
    near = {}
    for kind in ("exact", "smeared"):
        events = events_of("test", load_config(folder, layer="tiny", settings=[f"data.tracks={kind}", "data.test=4"]))
        away = [np.abs(np.subtract.outer(some.tracks[:, 0], some.z)).min(axis=1) for some in events if len(some.z)]
        near[kind] = float(np.median(np.concatenate(away)))
    assert near["exact"] < 0.8 * near["smeared"]


def test_tracks_found_in_hits_come_from_where_the_particles_do():
    folder = usecase_folder(load_usecase("vertex_finding"))
    found, smeared = (
        events_of("test", load_config(folder, layer="tiny", settings=[f"data.tracks={kind}", "data.test=2"]))
        for kind in ("found", "smeared")
    )
    for one, other in zip(found, smeared, strict=True):
        assert np.array_equal(one.z, other.z)
        assert len(one) == pytest.approx(len(other), rel=0.6)
        away = np.abs(np.subtract.outer(one.tracks[:, 0], one.z)).min(axis=1)
        assert np.median(away) < 2.0  # mm; the range is 400
    with pytest.raises(ConfigError, match="there are hits of lhcb's"):
        events_of("test", load_config(folder, layer="atlas", settings=["data.tracks=found", "data.test=1"]))
