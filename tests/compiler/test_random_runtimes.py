"""Random graphs of every operator on the other runtimes: what they do not refuse must be what ONNX says.

OpenVINO is left out: on some of these graphs it is wrong by itself (padding of Resize and MaxPool, reductions to nothing, old forms of
RNN), and each bundle is compared with its reference before anybody uses it.
"""

import pytest
from graph_layers import STEPS
from test_random_operators import KINDS, _graphs

from bartik.backends import availability, prepare
from bartik.core import BackendError, UnsupportedError

RUNTIMES = ("onnxruntime", "torch")
LEFT_OUT = {
    "QuantizeLinear": "a value between two steps may fall on either",
    "Normalizer": "divides by a sum of float32 that may be taken in any order, and cancels",
    "Dropout": "of opset 7 has a second output that runtimes remove with the name of an input",
}
"""Operators of graphs on which correct runtimes may differ, and why."""


def _agreed(kind, count, start, folder):
    """How many graphs each runtime took."""
    taken = dict.fromkeys(RUNTIMES, 0)
    for number, made in enumerate(_graphs(kind, count, start)):
        if LEFT_OUT.keys() & set(made.kinds):
            continue
        bundle = made.bundle(folder / f"{kind}_{number}", name="made")
        for name in RUNTIMES:
            try:
                session = prepare(bundle, name)
            except (UnsupportedError, BackendError):  # forms of another opset than the model's, that we take and they do not
                continue
            made.check(session.run(made.inputs), f"{name}: {kind} {number}")
            taken[name] += 1
    return taken


def test_what_is_left_out_is_an_operator_of_random_graphs():
    assert set(LEFT_OUT) <= {step.kind for step in STEPS}


def test_other_runtimes_agree_on_random_graphs(tmp_path):
    assert all(availability(name).ok for name in RUNTIMES)
    taken = [_agreed(kind, 1, 0, tmp_path) for kind in KINDS[::3]]
    assert sum(one["onnxruntime"] for one in taken) > 20
    assert sum(one["torch"] for one in taken) > 3


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(LEFT_OUT) - {"DequantizeLinear"}))  # which stands behind QuantizeLinear
def test_other_runtimes_agree_on_many_random_graphs(kind, tmp_path):
    assert _agreed(kind, 12, 100, tmp_path)["onnxruntime"] > 0
