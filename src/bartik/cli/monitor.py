"""``bartik monitor``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bartik.cli.common import BundlePath, Json, emit, next_step

if TYPE_CHECKING:
    from bartik.monitor import Monitored, Stream

_Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="New rows in the order of time: .root, .h5, .parquet, .csv or .npz.")]
_Every = Annotated[int, typer.Option("--every", metavar="N", min=1, help="Rows of a slice of time.")]
_By = Annotated[str, typer.Option("--by", metavar="COLUMN", help="Instead, a slice for each value of this column: a run number.")]
_Target = Annotated[str, typer.Option("--target", metavar="COLUMN", help="Truth, 1 for signal, where there is some: AUC and calibration.")]
_Backend = Annotated[str, typer.Option("--backend", metavar="NAME", help="What computes the scores; native, or onnxruntime for events.")]
_Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A threshold: psi, rate, unseen, missing, false_discoveries.")
]
_Page = Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE.html", help="Also write a page with figures over time.")]
_JsonFile = Annotated[Path | None, typer.Option("--write", metavar="FILE.json", help="Also write all numbers.")]
_Retrain = Annotated[bool, typer.Option("--retrain", help="On an alarm, retrain the use case on the first FILE.")]
_SHOWN = 20
"""Alarms that are printed."""
DRIFTED = 3
"""Exit code where there is an alarm: neither failure nor wrong use."""


def monitor(
    bundle: BundlePath,
    files: _Files,
    every: _Every = 100_000,
    by: _By = "",
    target: _Target = "",
    backend: _Backend = "",
    settings: _Set = None,
    page: _Page = None,
    write: _JsonFile = None,
    retrain: _Retrain = False,
    as_json: Json = False,
) -> None:
    """Say whether a model is still right for new data: inputs, scores, rates, calibration over time. Exit code 3 on an alarm.

    Rows are read some at a time, so that memory does not grow with them.

    Example: bartik monitor ghost_probability@champion tracks_1.parquet tracks_2.parquet --by run -o monitor.html
    """
    import bartik
    from bartik.backends import default_backend
    from bartik.cli.common import ConsoleProgress
    from bartik.core.files import write_json
    from bartik.monitor import Stream
    from bartik.workflow.monitor import monitor_bundle

    opened, stream = bartik.load(bundle), Stream(files, every, by, target)
    found = monitor_bundle(opened, stream, backend or default_backend(opened), _thresholds(settings or []), ConsoleProgress())
    if as_json:
        emit(found.to_dict())
    else:
        print(_text(found))
    if write is not None:
        write_json(write, found.to_dict())
    if page is not None:
        _write_page(found, stream, page)
    if not found.alarms:
        next_step("nothing; the model is as it was")
        return
    usecase = str(opened.provenance.get("use_case", "USECASE"))
    if retrain:
        from bartik.cli.retrain import retrain as train_anew

        train_anew(usecase, data=files[0])
    next_step(f"look at the page (-o FILE.html); bartik retrain {usecase} --data {files[0]}")
    raise typer.Exit(DRIFTED)


def _thresholds(settings: list[str]) -> dict[str, float]:
    from bartik.core import UsageError

    found = {}
    for text in settings:
        name, _, value = text.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError as error:
            raise UsageError(f"--set {text}: wanted NAME=NUMBER", hint="for example psi=0.2") from error
    return found


def _text(found: Monitored) -> str:
    lines = [f"{found.bundle} {found.digest[:12]}: {found.whole.rows} rows in {len(found.slices)} slices", ""]
    lines += [f"{'column':24} {'PSI':>8} {'KS':>8} {'unseen':>8} {'missing':>8}"]
    for one in sorted(found.whole.drifts, key=lambda one: -one.psi):
        lines.append(f"{one.column:24} {one.psi:8.4f} {one.ks:8.4f} {one.unseen:8.3%} {one.missing:8.3%}")
    for name, rate in found.whole.rates.items():
        error = (rate.high - rate.low) / 2
        lines.append(f"above {name!r}: {rate.value:.3%} ± {error:.3%}, in the reference {found.reference_rates[name]:.3%}")
    if found.whole.auc is not None:
        lines.append(f"AUC {found.whole.auc}")
    if found.whole.bias is not None:
        lines.append(f"mean score less share of signal {found.whole.bias}")
    return "\n".join([*lines, "", *_alarms(found)])


def _alarms(found: Monitored) -> list[str]:
    lines = [f"ALARM {alarm}" for alarm in found.told] or ["no alarm"]
    rest = len(lines) - _SHOWN
    return [*lines[:_SHOWN], f"... and {rest} more: see the page, -o FILE.html"] if rest > 0 else lines


def _write_page(found: Monitored, stream: Stream, path: Path) -> None:
    from bartik.report import write_report
    from bartik.workflow.monitor import page_of

    write_report(page_of(found, stream), path)
    print(path)
