"""Time for a shower, and the size of a model."""

from __future__ import annotations

from functools import partial

import numpy as np
import onnx
from threadpoolctl import threadpool_limits

from bartik.backends import availability, prepare
from bartik.core import Array, Arrays, Config
from bartik.core.bundle import Bundle
from bartik.profile.clock import interleave

BATCHES = (1, 100, 10_000)
RUNTIMES = ("native", "onnxruntime")


def times(bundle: Bundle, incident: Array, options: Config) -> Array:
    """Milliseconds a shower [batches, 1 + runtimes], the batch first; one thread, runtimes in turn. NaN where a runtime is not here."""
    sessions = {name: prepare(bundle, name, threads=1) for name in RUNTIMES if availability(name).ok}
    rows = []
    with threadpool_limits(1):
        for batch in options.batches:
            inputs = _inputs(bundle, incident, batch)
            found = interleave({name: partial(session.run, inputs) for name, session in sessions.items()}, seconds=options.seconds)
            rows.append([batch, *(1000 * found[name].median / batch if name in found else np.nan for name in RUNTIMES)])
    return np.asarray(rows, np.float64)


def parameters(bundle: Bundle) -> int:
    """Numbers that the graph holds: weights, and means and spreads of the preprocessing."""
    graph = onnx.load_model(str(bundle.path / "model.onnx")).graph
    return sum(int(np.prod(tensor.dims)) for tensor in graph.initializer)


def _inputs(bundle: Bundle, incident: Array, batch: int) -> Arrays:
    width = int(bundle.signature.inputs[1].shape[1])
    energy = np.resize(np.asarray(incident, np.float32), (batch, 1))
    return {"energy": energy, "noise": np.random.default_rng(5).standard_normal((batch, width), np.float32)}
