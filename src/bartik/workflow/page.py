"""A run's files as the contents of its page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Drawing

from bartik.checks import Parity
from bartik.core import Interval
from bartik.core.bundle import Bundle
from bartik.core.files import read_json
from bartik.plots import Measured, to_svg, training_history
from bartik.plots import benchmark as draw_benchmark
from bartik.profile.budget import SECONDS_PER_EVENT
from bartik.profile.result import Benchmark
from bartik.report import (
    Compared,
    Comparison,
    DataRow,
    Facts,
    Figure,
    InputRow,
    Metric,
    ParityRow,
    Registered,
    Report,
    Snippet,
    SpeedRow,
    Verdict,
    WorkingPoint,
)
from bartik.train import read_history, trains_itself
from bartik.workflow import page_calibration, page_gates, page_lineage
from bartik.workflow.flat import flat
from bartik.workflow.results import own, scores, verified
from bartik.workflow.run import Run

_BATCH = 4096
"""The batch size the page quotes."""


def report_of(run: Run) -> Report:
    """Everything the run's folder holds, arranged for reading."""
    bundle = verified(run)
    measured = read_json(run.metrics)
    parities = [Parity.from_dict(values) for values in read_json(run.parity)]
    speed = Benchmark.from_dict(read_json(run.benchmark))
    return Report(
        title=run.name,
        summary=(run.usecase.__doc__ or "").partition("\n")[0],
        verdicts=(*good(run, measured["models"]), *_fast(speed), agree(parities), *_where(run), *page_gates.verdicts(run)),
        card=card(run),
        metrics=tuple(metric(name, values) for name, values in own(measured["models"]).items()),
        metrics_note=f"Test split, which training never saw: {bundle.provenance['data']['test']['rows']} rows. Intervals are 68.3%.",
        working_points=tuple(_point(name, values) for name, values in measured["working_points"].items()),
        comparison=comparison(measured["models"]),
        gates=page_gates.rows(run),
        figures=(
            *page_gates.figures(run),
            *_figures(run),
            *page_calibration.figures(run),
            *_training(run),
            *page_lineage.figures(run),
        ),
        parity=tuple(_parity(parity) for parity in parities),
        parity_note="Every available backend runs the reference inputs, among them zeros, extremes and far outliers.",
        speed=tuple(SpeedRow(row.backend, row.batch, 1e9 * row.seconds_per_candidate, row.share) for row in speed.rows),
        speed_figure=Figure("Time per candidate", to_svg(speed_figure(speed), "page"), _speed_caption(speed)),
        speed_note=f"{speed.machine.get('cpu', '')}; one thread; all backends in turn in one process, called from Python.",
        inputs=_inputs(run, bundle),
        data=tuple(DataRow(split, v["rows"], v["source"], v["digest"]) for split, v in bundle.provenance["data"].items()),
        provenance=_provenance(bundle),
        registered=_registered(run),
        usage=_usage(run, bundle),
        footer=f"Made by bartik {bundle.provenance['environment']['bartik']}.",
    )


def speed_figure(speed: Benchmark) -> Drawing:
    """Time per candidate by backend and batch, against the budget."""
    rows = [Measured(row.backend, row.batch, 1e9 * row.seconds_per_candidate) for row in speed.rows]
    return draw_benchmark(rows, candidates_per_event=speed.candidates)


def card(run: Run) -> str:
    """The use case's README, empty where it has none."""
    path = run.code / "README.md"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def good(run: Run, models: Mapping[str, Mapping[str, Any]]) -> Iterator[Verdict]:
    """The first model's headline metric, and its peers'."""
    own, *peers = models
    name = getattr(run.usecase, "HEADLINE", next(iter(models[own])))
    others = ", ".join(f"{peer} {_short(models[peer][name]['value'], name)}" for peer in peers if name in models[peer])
    yield Verdict("Is it good?", _short(models[own][name]["value"], name), f"{name}" + (f"; {others}" if others else ""), "good")


def _fast(speed: Benchmark) -> Iterator[Verdict]:
    rows = {row.backend: row for row in speed.rows if row.batch == _BATCH}
    if "native" in rows:
        mine = rows["native"]
        against = "" if mine.speedup is None else f", {mine.speedup.value:.1f} times the throughput of onnxruntime"
        detail = f"native, batch {_BATCH}, one core{against}"
        yield Verdict("How fast is it?", f"{1e9 * mine.seconds_per_candidate:.0f} ns a candidate", detail, "plain")


def agree(parities: Sequence[Parity]) -> Verdict:
    """How many of the backends that ran give the reference."""
    ran = [parity for parity in parities if parity.status in {"same", "wrong"}]
    same = sum(parity.ok for parity in ran)
    detail = f"largest difference {max((parity.max_abs for parity in ran), default=0):.1e}"
    return Verdict("Do all backends agree?", f"{same} of {len(ran)} agree", detail, "good" if same == len(ran) else "bad")


def _where(run: Run) -> Iterator[Verdict]:
    found = _registered(run)
    if found is not None:
        yield Verdict("Where is it?", f"version {found.version}", f"{found.name}@candidate in the registry")


def metric(name: str, values: Mapping[str, float]) -> Metric:
    """A metric of ``metrics.json``."""
    return Metric(name, Interval(**values), _unit(name))


def _point(name: str, values: Mapping[str, Any]) -> WorkingPoint:
    return WorkingPoint(name, values["threshold"], Interval(**values["efficiency"]), Interval(**values["rejection"]))


def comparison(models: Mapping[str, Mapping[str, Any]]) -> Comparison | None:
    """All models side by side, in the metrics of the first, which others may lack; nothing where there is one."""
    if len(models) < 2:
        return None
    rows = (
        Compared(name, tuple(Interval(**values[name]) if name in values else None for values in models.values()), _unit(name))
        for name in next(iter(models.values()))
    )
    return Comparison(tuple(models), tuple(rows))


def _figures(run: Run) -> Iterator[Figure]:
    figures = getattr(run.usecase, "figures", None)
    for title, caption, figure in figures(scores(run), run.split("test")) if figures else ():
        yield Figure(title, to_svg(figure, "page"), caption)


def _training(run: Run) -> Iterator[Figure]:
    """How the training went: of the loop, or what a use case that trains in its own way draws of it."""
    if not trains_itself(run.usecase):
        yield _history(run.checkpoint)
    draw = getattr(run.usecase, "training_figures", None)
    for title, caption, figure in draw(run.checkpoint) if draw else ():
        yield Figure(title, to_svg(figure, "page"), caption)


def _history(checkpoint: Path) -> Figure:
    history = read_history(checkpoint)
    best = int(history.pop("best"))
    figure = training_history({name: list(losses) for name, losses in history.items()}, best=best)
    return Figure("Training", to_svg(figure, "page"), f"The weights of epoch {best}, with the lowest validation loss, were kept.")


def _parity(parity: Parity) -> ParityRow:
    ran = parity.status in {"same", "wrong"}
    return ParityRow(parity.backend, parity.ok if ran else None, parity.max_abs if ran else None, parity.reason)


def _speed_caption(speed: Benchmark) -> str:
    return (
        f"Lines: {1e6 * SECONDS_PER_EVENT:.1f} µs for each event and GPU of the first trigger stage, shared by "
        f"{speed.candidates:g} candidates, and 5% and 1% of it. The times are of one CPU core."
    )


def _inputs(run: Run, bundle: Bundle) -> tuple[InputRow, ...]:
    train = run.split("train")
    rows = []
    for spec in bundle.signature.inputs:
        for index, column in enumerate(spec.columns):
            low, median, high = (float(v) for v in np.quantile(train.inputs[spec.name][:, index], [0, 0.5, 1]))
            rows.append(InputRow(column.name, column.unit, column.description, low, median, high))
    return tuple(rows)


def _provenance(bundle: Bundle) -> tuple[Facts, ...]:
    found = bundle.provenance
    model = (
        ("bundle digest", bundle.digest),
        ("ONNX digest", bundle.model_digest),
        ("code revision", found["code"]["revision"] or "not in a checkout"),
        ("code digest", found["code"]["digest"]),
        ("seed", str(found["seed"])),
    )
    return (
        Facts("Model", model),
        Facts("Environment", tuple(found["environment"].items())),
        Facts("Configuration", tuple((key, str(value)) for key, value in flat(found["configuration"]).items()), folded=True),
    )


def _registered(run: Run) -> Registered | None:
    if not run.registered.exists():
        return None
    values = read_json(run.registered)
    return Registered(values["name"], values["number"], tuple(values["aliases"]), values["run"])


def _usage(run: Run, bundle: Bundle) -> tuple[Snippet, ...]:
    name = f"{bundle.name}@candidate" if run.registered.exists() else str(bundle.path)
    first, out = bundle.signature.inputs[0].name, bundle.signature.outputs[0].name
    python = f'import bartik\n\nbundle = bartik.load("{name}")\nsession = bartik.prepare(bundle, "native")\n'
    python += f'{out} = session.run({{"{first}": {first}}})["{out}"]  # {first}: {bundle.signature.inputs[0].dtype} array'
    shell = f"bartik predict {name} tracks.root -o scores.root\nbartik check {name}\nbartik bench {name}"
    cxx = f"bartik compile {name} --target cxx -o generated\nmake -C generated run      # a header, an example, a self-test"
    return Snippet("Python", python), Snippet("Command line", shell), Snippet("C++", cxx)


def _unit(name: str) -> str:
    return "%" if "rejection" in name or "efficiency" in name else ""


def _short(value: float, name: str) -> str:
    return f"{value:.1%}" if _unit(name) else f"{value:.4f}"
