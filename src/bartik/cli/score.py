"""``bartik score``."""

from __future__ import annotations

from bartik.cli.common import ConfigLayer, DataPath, Json, OutFolder, Settings, UseCaseName, emit, next_step
from bartik.cli.steps import run_until


def score(
    usecase: UseCaseName,
    config: ConfigLayer = "",
    settings: Settings = None,
    data: DataPath = None,
    out: OutFolder = None,
    as_json: Json = False,
) -> None:
    """Judge the trained model and its peers on the test split.

    Example: bartik score ghost_probability --out runs/ghost_probability --json
    """
    from bartik.core.files import read_json

    run = run_until("score", usecase, config, settings, data, out)
    for model, metrics in read_json(run.metrics)["models"].items():
        for name, values in metrics.items():
            if as_json:
                emit({"model": model, "metric": name, **values})
            else:
                print(f"{model:<10} {name:<34} {values['value']:.5f}  [{values['low']:.5f}, {values['high']:.5f}]")
    next_step(f"bartik export {usecase} --out {run.folder}")
