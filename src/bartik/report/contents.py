"""What a report says, as plain values; whatever is empty has no place on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from bartik.core import Interval

State: TypeAlias = Literal["good", "bad", "plain"]


@dataclass(frozen=True)
class Verdict:
    """An answer on the first screen: ``question`` Is it good?, ``answer`` 95.3%, ``detail`` of ghosts rejected at ..."""

    question: str
    answer: str
    detail: str = ""
    state: State = "plain"


@dataclass(frozen=True)
class Metric:
    """A number with its interval; with the unit ``%`` it is given as a fraction and shown in percent."""

    name: str
    value: Interval | float
    unit: str = ""
    description: str = ""


@dataclass(frozen=True)
class WorkingPoint:
    """A threshold and what it does."""

    name: str
    threshold: float
    efficiency: Interval
    rejection: Interval


@dataclass(frozen=True)
class Compared:
    """One metric of all models, in the order of `Comparison.models`."""

    name: str
    values: tuple[Interval | float | None, ...]
    unit: str = ""


@dataclass(frozen=True)
class Comparison:
    """The same metrics for this model, first, and its peers."""

    models: tuple[str, ...]
    rows: tuple[Compared, ...]
    caption: str = "Compared with its peers, on the same test sample"


@dataclass(frozen=True)
class Figure:
    """A figure as SVG text, best from ``to_svg(figure, "page")`` so that it follows the page's colours; ``wide`` takes a row of its own."""

    title: str
    svg: str
    caption: str = ""
    wide: bool = False


@dataclass(frozen=True)
class ParityRow:
    """What `check` found for one backend: ``ok`` is nothing where it could not run, for ``reason``."""

    backend: str
    ok: bool | None
    max_difference: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class SpeedRow:
    """What `bench` measured; ``budget_share`` is the part of the budget it would take."""

    backend: str
    batch: int
    ns_per_candidate: float
    budget_share: float | None = None


@dataclass(frozen=True)
class InputRow:
    """A column of the input, and its range in the training sample."""

    name: str
    unit: str = ""
    description: str = ""
    low: float | None = None
    median: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class GateRow:
    """A gate of a candidate, as it was measured."""

    name: str
    passed: bool
    wanted: str
    found: str


@dataclass(frozen=True)
class DataRow:
    """A split of the data."""

    split: str
    rows: int
    source: str
    digest: str


@dataclass(frozen=True)
class Facts:
    """A group of the provenance; a ``folded`` one is opened by a click; ``page`` is another page of ours that its title leads to."""

    title: str
    values: tuple[tuple[str, str], ...]
    folded: bool = False
    page: str = ""


@dataclass(frozen=True)
class Registered:
    """Where the registry has it."""

    name: str
    version: int
    aliases: tuple[str, ...] = ()
    run: str = ""


@dataclass(frozen=True)
class Snippet:
    """A few lines to copy."""

    title: str
    text: str


@dataclass(frozen=True)
class Report:
    """All of a page. ``card`` is Markdown; ``speed_note`` says on which machine and against what; ``kind`` is what the page is about."""

    title: str
    kind: str = "Model report"
    card_title: str = "Model card"
    summary: str = ""
    alarms: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    card: str = ""
    metrics: tuple[Metric, ...] = ()
    metrics_note: str = ""
    metrics_caption: str = "Metrics on the test sample, with 68.3% intervals"
    working_points: tuple[WorkingPoint, ...] = ()
    comparison: Comparison | None = None
    gates: tuple[GateRow, ...] = ()
    figures: tuple[Figure, ...] = ()
    parity: tuple[ParityRow, ...] = ()
    parity_note: str = ""
    speed: tuple[SpeedRow, ...] = ()
    speed_figure: Figure | None = None
    speed_note: str = ""
    inputs: tuple[InputRow, ...] = ()
    data: tuple[DataRow, ...] = ()
    provenance: tuple[Facts, ...] = ()
    registered: Registered | None = None
    usage: tuple[Snippet, ...] = ()
    footer: str = ""
