"""Whether every backend agrees."""

from __future__ import annotations

from bartik.checks import check, require
from bartik.core.files import write_json
from bartik.core.ragged import is_ragged
from bartik.workflow.results import verified
from bartik.workflow.run import Run


def check_bundle(run: Run) -> None:
    """Every available backend against the reference; the run stops where one is wrong."""
    parities = check(verified(run))
    for parity in parities:
        run.progress(f"  {parity}")
    write_json(run.parity, [parity.to_dict() for parity in parities])
    require(parities, needed=("onnxruntime",) if is_ragged(run.usecase.signature) else ("native",))
