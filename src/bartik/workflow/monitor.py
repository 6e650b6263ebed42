"""New data against a bundle's reference: what it takes from the bundle, and the page about it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure as Drawing

from bartik.backends import prepare
from bartik.core import Interval, Progress, UsageError
from bartik.core.bundle import Bundle
from bartik.monitor import Monitored, Reference, Slice, Stream, Thresholds, watch
from bartik.plots import calibration, drift_map, over_time, then_and_now, to_svg
from bartik.report import Compared, Comparison, Facts, Figure, Metric, Report, Verdict
from bartik.report.contents import State

_COLUMNS = ("PSI", "KS distance", "unseen", "missing")


def monitor_bundle(bundle: Bundle, stream: Stream, backend: str, changes: dict[str, float], progress: Progress) -> Monitored:
    """Compare a stream with what ``bundle`` remembers; thresholds are the use case's, with ``changes``."""
    values = bundle.sketch()
    if values is None:
        hint = "export the model again: bundles of inputs with named columns carry one since it is written with them"
        raise UsageError(f"{bundle.path}: carries no reference of its inputs and scores", hint=hint)
    declared = bundle.provenance.get("configuration", {}).get("monitor", {})
    thresholds = Thresholds.of({**declared, **changes})
    return watch(bundle, Reference.from_dict(values), prepare(bundle, backend), stream, thresholds, progress)


def worst(found: Monitored) -> list[str]:
    """Columns by their largest drift in the whole stream, the worst first."""
    return [one.column for one in sorted(found.whole.drifts, key=lambda one: -one.psi)]


def page_of(found: Monitored, stream: Stream) -> Report:
    """All of a monitor's page."""
    alarms = found.alarms
    state: State = "bad" if alarms else "good"
    where = ", ".join(path.name for path in stream.paths)
    return Report(
        title=found.bundle,
        kind="Monitor",
        summary=f"{where}: {found.whole.rows} rows in {len(found.slices)} slices, against {found.reference_rows} rows of the reference.",
        verdicts=(
            Verdict("Is it still right?", f"{len(alarms)} alarms" if alarms else "no alarm", _first(alarms), state),
            Verdict("What moved most?", worst(found)[0], f"PSI {max(one.psi for one in found.whole.drifts):.3f}"),
            *_area(found),
        ),
        alarms=tuple(found.told),
        metrics=tuple(Metric(f"above {name!r}", rate, "%", f"reference {usual:.3%}") for name, rate, usual in _rates(found)),
        metrics_caption="Working points, the whole stream, with 68.3% intervals",
        comparison=Comparison(
            ("PSI", "KS distance", "unseen", "missing"), tuple(_rows(found)), "Each column against the reference, the whole stream"
        ),
        figures=tuple(_figures(found)),
        provenance=(Facts("Thresholds", tuple((name, f"{value:g}") for name, value in vars(found.thresholds).items())),),
        footer=f"Bundle {found.digest}.",
    )


def _first(alarms: list[str]) -> str:
    return alarms[0] if alarms else "all columns, rates and times together"


def _area(found: Monitored) -> Iterator[Verdict]:
    if found.whole.auc is not None:
        yield Verdict("How good is it now?", f"AUC {found.whole.auc.value:.4f}", "where truth is known")


def _rates(found: Monitored) -> Iterator[tuple[str, Interval, float]]:
    for name, rate in found.whole.rates.items():
        yield name, rate, found.reference_rates[name]


def _rows(found: Monitored) -> Iterator[Compared]:
    for one in sorted(found.whole.drifts, key=lambda one: -one.psi):
        yield Compared(one.column, (one.psi, one.ks, one.unseen, one.missing))


def _figures(found: Monitored) -> Iterator[Figure]:
    names, slices = [one.name for one in found.slices], list(found.slices)
    columns = [one.column for one in found.whole.drifts]
    if len(slices) > 1:
        index = np.array([[one.drifts[place].psi for one in slices] for place in range(len(columns))])
        yield _drawn("Drift over time", drift_map(index, columns, names), "Population stability index of each column, a slice a column.")
        rates = {name: [_rate(one, name) for one in slices] for name in found.reference_rates}
        if rates:
            drawn = over_time(rates, names, "share that passes", found.reference_rates)
            yield _drawn("Working points over time", drawn, "Share of candidates above each threshold; dashed, in the reference.")
        if any(one.auc for one in slices):
            yield _drawn(
                "Area under the ROC curve", over_time({"AUC": [one.auc for one in slices]}, names, "AUC", {}), "Where truth is known."
            )
    for name, (edges, reference, now) in found.moved.items():
        yield _drawn(f"{name}, then and now", then_and_now(edges, reference, now, name), "One of those that moved most, the whole stream.")
    if found.calibration:
        yield _drawn("Calibration", calibration(found.calibration), "Share of signal against mean score, in bins of the score.")


def _rate(one: Slice, name: str) -> Interval | None:
    return one.rates.get(name)


def _drawn(title: str, figure: Drawing, caption: str) -> Figure:
    return Figure(title, to_svg(figure, "page"), caption)
