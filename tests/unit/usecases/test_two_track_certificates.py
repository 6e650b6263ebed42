"""The certificates, of a network whose weights are far above their bounds: after export, compiled to C++, and in 8 bits."""

import numpy as np
import pytest
import torch

from bartik.backends import prepare
from bartik.core import BundleError
from bartik.exporters import export
from bartik.exporters.quantized import quantize
from bartik.nn.lipschitz import LipschitzClassifier
from bartik.testing.models import dense_bundle
from bartik.usecases.two_track_trigger.certificate import certificate
from bartik.usecases.two_track_trigger.columns import DIRECTIONS, LOGARITHMIC, signature

BOUND = 4.0
ROUNDING = 2e-5
"""Of float32 in some fifty sums of numbers of order one, and in a logarithm."""
MONOTONE = [column for column, way in enumerate(DIRECTIONS) if way]


def rows(count, seed):
    rng = np.random.default_rng(seed)
    flight, impact = np.exp(rng.normal(4, 2, count)), np.exp(rng.normal(3, 1, count)) + 4
    return np.stack([flight, rng.exponential(2, count) + 0.4, rng.exponential(1.5, count), impact], axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The network, its bundle, and the bundle in 8 bits."""
    torch.manual_seed(2)
    network = LipschitzClassifier(LOGARITHMIC, [20, 20], BOUND, DIRECTIONS)
    network.adapt({"features": rows(4000, 1)})
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.mul_(10 if name.endswith("weight") else 1)
    folder = tmp_path_factory.mktemp("two_track")
    bundle = export(network.eval(), signature, {"features": rows(64, 3)}, folder / "float")
    return network, bundle, quantize(bundle, {"features": rows(4000, 1)}, folder / "int8")


def response(bundle, features, backend="native"):
    return prepare(bundle, backend).run({"features": features})["response"][:, 0].astype(np.float64)


def scaled(network, features):
    with torch.inference_mode():
        return network.scaled(torch.from_numpy(features)).double().numpy()


def near_pairs(count):
    """Pairs near and far from each other."""
    first, other = rows(count, 5), rows(count, 6)
    mix = np.random.default_rng(7).random((count, 1)) ** 4
    return first, (first * (1 - mix) + other * mix).astype(np.float32)


def ladder(column, steps=200):
    """Rows [ladders * steps, 4] along which one column rises and the others stay."""
    base = np.repeat(rows(40, 8), steps, axis=0)
    base[:, column] = np.tile(np.geomspace(0.05, 5e4, steps), 40)
    return base


@pytest.mark.parametrize("backend", ["reference", "onnxruntime", "native"])
def test_exported_and_compiled_the_response_changes_by_at_most_the_bound(made, backend):
    network, bundle, _ = made
    a, b = near_pairs(500 if backend == "reference" else 20000)
    change = np.abs(response(bundle, a, backend) - response(bundle, b, backend))
    assert (change <= BOUND * np.abs(scaled(network, a) - scaled(network, b)).sum(axis=1) + ROUNDING).all()


def test_the_bound_is_nearly_reached_so_the_test_could_fail(made):
    network, bundle, _ = made
    a, b = near_pairs(20000)
    distance = np.abs(scaled(network, a) - scaled(network, b)).sum(axis=1)
    far = distance > 0.05
    steepest = (np.abs(response(bundle, a) - response(bundle, b))[far] / distance[far]).max()
    assert 0.3 * BOUND < steepest < BOUND


@pytest.mark.parametrize("backend", ["onnxruntime", "native"])
@pytest.mark.parametrize("column", MONOTONE)
def test_exported_and_compiled_it_never_falls_along_a_monotone_input(made, backend, column):
    _, bundle, _ = made
    steps = np.diff(response(bundle, ladder(column), backend).reshape(40, -1), axis=1)
    assert steps.min() >= -ROUNDING
    assert steps.max() > 0.01


def test_in_8_bits_the_bound_that_holds_is_larger_by_the_steps_and_is_kept(made):
    network, bundle, eight = made
    exact, looser = certificate(bundle), certificate(eight)
    assert exact.bound <= BOUND
    assert exact.step == exact.fall == 0
    assert BOUND - 0.2 < looser.bound < BOUND + 0.2
    assert 0 < looser.step < 2.0
    a, b = near_pairs(20000)
    distance = np.abs(scaled(network, a) - scaled(network, b)).sum(axis=1)
    for backend in ("onnxruntime", "native"):
        change = np.abs(response(eight, a, backend) - response(eight, b, backend))
        assert (change <= looser.bound * distance + looser.step + ROUNDING).all()
        assert (change > exact.bound * distance + ROUNDING).any(), "the exact bound would do: say so"


@pytest.mark.parametrize("column", MONOTONE)
def test_in_8_bits_it_falls_by_no_more_than_the_certificate_says(made, column):
    network, _, eight = made
    limits, grid = certificate(eight), ladder(column)
    found = response(eight, grid).reshape(40, -1)
    rise = np.diff(scaled(network, grid)[:, column].reshape(40, -1), axis=1)
    assert (np.diff(found, axis=1) >= -(limits.fall + limits.excess * rise + ROUNDING)).all()


def test_the_certificate_is_read_from_the_file_and_refuses_another_network(made, tmp_path):
    network, bundle, _ = made
    assert certificate(bundle).bound == pytest.approx(network.response.certified(), rel=1e-6)
    with pytest.raises(BundleError, match="no Lipschitz network"):
        certificate(dense_bundle(tmp_path / "other", (3, 1)))


def test_a_missing_value_gives_no_number_and_so_passes_no_cut(made):
    _, bundle, _ = made
    broken = rows(3, 9)
    broken[1, 0] = np.nan
    for backend in ("native", "onnxruntime", "reference"):
        scores = prepare(bundle, backend).run({"features": broken})["score"][:, 0]
        assert np.isfinite(scores[[0, 2]]).all()
        assert np.isnan(scores[1])
