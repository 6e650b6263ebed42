"""What MLflow's own pages show of a version: its tensors, and where it comes from in a few lines of Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bartik.core import Interval, TensorSpec
from bartik.core.bundle import Bundle
from bartik.core.secrets import without_password
from bartik.registry.records import RunRecord

_LISTED = 8
"""Metrics that are listed, at most."""


def description(bundle: Bundle, run: RunRecord) -> str:
    """Data, code, environment, metrics and gates of a version, and the command that says more; no passwords."""
    return without_password("\n".join(f"- {line}" for line in _lines(bundle, run)))


def signature(bundle: Bundle) -> dict[str, Any]:
    """Inputs and outputs as MLflow's ``MLmodel`` file keeps them."""
    sides = {"inputs": bundle.signature.inputs, "outputs": bundle.signature.outputs}
    return {side: json.dumps([_tensor(spec) for spec in specs]) for side, specs in sides.items()} | {"params": None}


def _tensor(spec: TensorSpec) -> dict[str, Any]:
    shape = [size if isinstance(size, int) else -1 for size in spec.shape]
    return {"name": spec.name, "type": "tensor", "tensor-spec": {"dtype": spec.dtype, "shape": shape}}


def _lines(bundle: Bundle, run: RunRecord) -> Iterator[str]:
    for split, data in run.datasets.items():
        source = data.get("source") or "source not recorded"
        yield f"**{split}**: {data.get('rows', '?')} rows, {source}, digest `{str(data.get('digest', ''))[:12]}`"
    for name, digest in bundle.provenance.get("bundles", {}).items():
        yield f"**made with** {name}, bundle `{digest[:12]}`"
    code = bundle.provenance.get("code", {})
    if code:
        yield f"**code**: revision `{code.get('revision') or 'not in a checkout'}`, digest `{code.get('digest', '')[:12]}`"
    environment = bundle.provenance.get("environment", {})
    if environment:
        yield f"**environment**: {', '.join(f'{name} {environment[name]}' for name in ('python', 'torch', 'cpu') if name in environment)}"
    for name, value in list(run.metrics.items())[:_LISTED]:
        yield f"**{name}**: {value if isinstance(value, Interval) else f'{value:.5g}'}"
    for gate in run.gates.gates if run.gates is not None else ():
        yield f"**gate** {gate}"
    yield f"all of it: `bartik models lineage {bundle.name}@NUMBER`, `bartik models show`"
