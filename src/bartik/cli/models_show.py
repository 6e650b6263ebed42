"""``bartik models show``, ``diff`` and ``lineage``: what the registry knows, for reading and for pipes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bartik.cli.common import Json, emit, next_step

if TYPE_CHECKING:
    from bartik.core import Signature
    from bartik.registry.comparing import Change
    from bartik.registry.describing import Details
    from bartik.registry.origins import Lineage

Model = Annotated[str, typer.Argument(metavar="NAME[@ALIAS|@NUMBER]", help="Without @: the champion, or the candidate.")]
Origin = Annotated[str, typer.Argument(metavar="NAME[@ALIAS|@NUMBER]|DIGEST", help="A model, or 6 or more hex characters of data.")]
Plot = Annotated[Path | None, typer.Option("--plot", metavar="FILE", help="Draw it as well: .svg or .png.")]

_KINDS = ("model", "data", "code", "hyperparameters", "environment", "campaign", "parent", "run", "alias")
_SHOWN = 12  # hex characters of a digest


def show(reference: Model, as_json: Json = False) -> None:
    """Print all that is known of a version: signature, metrics, hyperparameters, data, code, environment, history.

    Example: bartik models show ghost_probability@champion
    """
    from bartik.registry import details

    found = details(reference)
    if as_json:
        emit(found.to_dict())
        return
    for title, lines in _page(found):
        print(title)
        for line in lines:
            print(f"  {line}")
    next_step(f"bartik models lineage {found.version.reference}")


def diff(one: Model, other: Model, as_json: Json = False) -> None:
    """Print what differs between two versions, and nothing else.

    Example: bartik models diff ghost_probability@champion ghost_probability@candidate
    """
    from bartik.registry import difference

    changes = difference(one, other)
    if as_json:
        for change in changes:
            emit(change.to_dict())
    else:
        _print_changes(changes)
    if not changes:
        next_step("nothing differs: both are the same model")


def lineage(origin: Origin, as_json: Json = False, plot: Plot = None) -> None:
    """Print where a model comes from; for the digest of data, every model that saw it.

    Example: bartik models lineage ghost_probability@champion --plot lineage.svg
    """
    from bartik import registry

    if registry.is_data(origin):
        seen = registry.seen_by(origin)
        for one in seen:
            aliases = " ".join(f"@{alias}" for alias in one.version.aliases)
            print_one = f"{one.version.reference:<32} {', '.join(one.splits):<24} {one.digest[:_SHOWN]:<13} {aliases}".rstrip()
            emit(one.to_dict()) if as_json else print(print_one)
        graph = registry.lineage_of_data(origin) if plot else None
    else:
        graph = registry.lineage(origin)
        _print_lineage(graph, as_json)
    if plot and graph is not None:
        _draw(graph, plot)
        next_step(f"open {plot}")


def _print_changes(changes: Sequence[Change]) -> None:
    """Each part under its name; the ends of an interval go without saying where its middle is named."""
    names, part = {change.name for change in changes if change.part == "metrics"}, ""
    for change in changes:
        middle, _, end = change.name.rpartition(".")
        if change.part == "metrics" and end in {"low", "high"} and middle in names:
            continue
        if change.part != part:
            print(change.part)
            part = change.part
        print(f"  {change}")


def _print_lineage(graph: Lineage, as_json: bool) -> None:
    if as_json:
        emit(graph.to_dict())
        return
    for node in sorted(graph.nodes, key=lambda node: _KINDS.index(node.kind)):
        print(f"{node.kind:<16} {node.key.removeprefix(node.kind).strip() or ', '.join(node.lines[1:])}")


def _draw(graph: Lineage, path: Path) -> None:
    from bartik import plots
    from bartik.report.lineage import draw_lineage

    plots.save(draw_lineage(graph), path)


def _page(found: Details) -> Iterable[tuple[str, list[str]]]:
    """Titles and lines; a part that nothing is known of is left out."""
    version = found.version
    aliases = " ".join(f"@{alias}" for alias in version.aliases)
    parts = [
        (f"{version.reference} {aliases}".rstrip(), _table(_identity(found))),
        ("signature", _signature(found.signature)),
        ("metrics", _metrics(found.metrics)),
        ("working points", _table(found.working_points)),
        ("hyperparameters", _table(found.parameters)),
        ("data", [_data(split, values) for split, values in found.data.items()]),
        ("code", _table(found.code)),
        ("environment", _table({"digest": found.environment_digest, **found.environment}) if found.environment else []),
        ("gates", [str(gate) for gate in found.gates.gates] if found.gates else []),
        ("history", [str(event) for event in found.history]),
    ]
    return [(title, lines) for title, lines in parts if lines]


def _identity(found: Details) -> dict[str, str]:
    version = found.version
    known = {"bundle digest": version.digest, "graph digest": found.graph, "registered": version.created, "run": version.run}
    known |= {"parent run": found.parent, "campaign": found.campaign, "files": version.source}
    return {name: value for name, value in known.items() if value}


def _table(values: Mapping[str, Any]) -> list[str]:
    width = max(map(len, values), default=0)
    return [f"{name:<{width}}  {_value(value)}" for name, value in values.items()]


def _value(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _signature(signature: Signature) -> list[str]:
    lines = []
    for side, specs in (("input", signature.inputs), ("output", signature.outputs)):
        for spec in specs:
            lines.append(f"{side} {spec.name}: {spec.dtype} [{', '.join(map(str, spec.shape))}]")
            lines += [f"  {column.name}{f' [{column.unit}]' if column.unit else ''}" for column in spec.columns]
    return lines


def _metrics(metrics: Mapping[str, float]) -> list[str]:
    """A metric a line, its interval behind it."""
    shown = {}
    for name, value in metrics.items():
        if f"{name}.low" in metrics:
            shown[name] = f"{value:.5g}  [{metrics[f'{name}.low']:.5g}, {metrics[f'{name}.high']:.5g}]"
        elif not (name.endswith((".low", ".high")) and name.rpartition(".")[0] in metrics):
            shown[name] = f"{value:.5g}"
    return _table(shown)


def _data(split: str, values: Mapping[str, Any]) -> str:
    rows = f"{values['rows']} rows  " if "rows" in values else ""
    return f"{split:<12} {str(values.get('digest', ''))[:_SHOWN]}  {rows}{values.get('source', '')}".rstrip()
