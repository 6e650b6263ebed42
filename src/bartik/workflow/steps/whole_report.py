"""The page of a use case of several models."""

from __future__ import annotations

from pathlib import Path

from bartik.checks import Parity
from bartik.core.bundle import open_bundle
from bartik.core.files import read_arrays, read_json
from bartik.core.plugins import parts
from bartik.plots import to_svg
from bartik.profile.result import Benchmark
from bartik.report import DataRow, Facts, Figure, Report, write_report
from bartik.workflow import page
from bartik.workflow.flat import flat
from bartik.workflow.run import Run


def report_whole(run: Run) -> None:
    """The page."""
    write_report(_report(run), run.report)


def _report(run: Run) -> Report:
    models = read_json(run.metrics)["models"]
    first = next(iter(models))
    return Report(
        title=run.name,
        summary=(run.usecase.__doc__ or "").partition("\n")[0],
        verdicts=(*page.good(run, models), page.agree(_parities(run))),
        card=page.card(run),
        metrics=tuple(page.metric(name, values) for name, values in models[first].items()),
        metrics_note="Intervals are 68.3%.",
        comparison=page.comparison(models),
        figures=tuple(_figures(run)),
        data=tuple(row for part in parts(run.usecase) for row in _rows(run, part)),
        provenance=(*(_part(run.folder / part, part) for part in parts(run.usecase)), _configuration(run)),
    )


def _parities(run: Run) -> list[Parity]:
    """Of all models."""
    return [Parity.from_dict(values) for part in parts(run.usecase) for values in read_json(run.folder / part / "check.json")]


def _figures(run: Run) -> list[Figure]:
    draw = getattr(run.usecase, "figures", None)
    drawn = draw(read_arrays(run.whole), read_json(run.metrics)["models"]) if draw else ()
    return [Figure(title, to_svg(figure, "page"), caption) for title, caption, figure in drawn]


def _rows(run: Run, part: str) -> list[DataRow]:
    record = open_bundle(run.folder / part / "bundle").provenance["data"]
    return [DataRow(f"{part}, {split}", v["rows"], v["source"], v["digest"]) for split, v in record.items()]


def _part(folder: Path, part: str) -> Facts:
    """Which model was used, how it does on the backends, and where its own page is."""
    bundle, version = open_bundle(folder / "bundle"), read_json(folder / "registered.json")
    parities = [Parity.from_dict(values) for values in read_json(folder / "check.json")]
    values = (
        ("registered", f"{version['name']}/{version['number']}"),
        ("bundle digest", bundle.digest),
        ("backends", page.agree(parities).answer),
        ("native, one core", _speed(Benchmark.from_dict(read_json(folder / "bench.json")))),
    )
    return Facts(part, values, page=f"{part}/report.html")


def _speed(measured: Benchmark) -> str:
    """The best of the batches that were measured."""
    rows = [row for row in measured.rows if row.backend == "native"]
    best = min(rows, key=lambda row: row.seconds_per_candidate, default=None)
    return f"{1e6 * best.seconds_per_candidate:.3g} µs a candidate, batch {best.batch}" if best else "not measured"


def _configuration(run: Run) -> Facts:
    return Facts("Configuration", tuple((key, str(value)) for key, value in flat(run.config.to_dict()).items()), folded=True)
