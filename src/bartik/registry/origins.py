"""Where a model comes from, and which models came from some data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from mlflow import MlflowClient

from bartik.core import RegistryError, UsageError
from bartik.registry.connection import Connection, all_pages
from bartik.registry.describing import Details
from bartik.registry.records import Version
from bartik.registry.store import DIGEST_TAG, names, versions_of
from bartik.registry.upload import DATA_TAG

_PREFIX = re.compile("[0-9a-f]{6,64}")
_SHOWN = 12  # hex characters of a digest that people read


@dataclass(frozen=True)
class Node:
    """One thing in a lineage: its ``layer`` counts from the origins, ``key`` is the whole name, ``lines`` what a picture says."""

    kind: str
    key: str
    layer: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Lineage:
    """Things and what came from what, as pairs of keys."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"nodes": [asdict(node) for node in self.nodes], "edges": [list(edge) for edge in self.edges]}


@dataclass(frozen=True)
class Seen:
    """A version that saw the data of this ``digest``, and in which splits."""

    version: Version
    digest: str
    splits: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**self.version.to_dict(), "data": self.digest, "splits": list(self.splits)}


def lineage_of(details: Details) -> Lineage:
    """A model's origins: campaign and parent run, data, code, hyperparameters and environment, its run, itself, its aliases."""
    run, model = f"run {details.version.run}", details.version.reference
    origins = [*_data(details), *_made_with(details)]
    above = list(_above(details))
    nodes = [*above, *origins, Node("run", run, 2, ("run", details.version.run[:_SHOWN], details.version.created[:10]))]
    nodes.append(Node("model", model, 3, (model, f"bundle {details.version.digest[:_SHOWN]}", f"graph {details.graph[:_SHOWN]}")))
    aliases = [Node("alias", f"{details.version.name}@{alias}", 4, (f"@{alias}",)) for alias in details.version.aliases]
    edges = [(node.key, run) for node in origins] + [(run, model)] + [(model, node.key) for node in aliases]
    chain = [*(node.key for node in above), run]
    return Lineage((*nodes, *aliases), (*pairwise(chain), *edges))


def lineage_of_data(seen: list[Seen]) -> Lineage:
    """Data, every model that saw it, and what those models are now."""
    nodes: dict[str, Node] = {}
    edges: list[tuple[str, str]] = []
    for one in seen:
        data, model = f"data {one.digest}", one.version.reference
        nodes[data] = Node("data", data, 0, ("data", one.digest[:_SHOWN]))
        nodes[model] = Node("model", model, 1, (model, f"as {', '.join(one.splits)}", one.version.created[:10]))
        edges.append((data, model))
        for alias in one.version.aliases:
            key = f"{one.version.name}@{alias}"
            nodes[key] = Node("alias", key, 2, (f"@{alias}", one.version.name))
            edges.append((model, key))
    return Lineage(tuple(sorted(nodes.values(), key=lambda node: node.layer)), tuple(dict.fromkeys(edges)))


def seen_by(connection: Connection, digest: str) -> list[Seen]:
    """See `bartik.registry.seen_by`."""
    if not is_digest(digest):
        raise UsageError(f"{digest!r}: not the digest of data", hint="wanted 6 to 64 hex characters, as `bartik models show` prints them")
    with connection.reading() as client:
        found = list(_seen(client, digest)) if client is not None else []
    if not found:
        raise RegistryError(f"no registered model saw data {digest}", hint="bartik models show NAME prints the digests of a model's data")
    return found


def is_digest(text: str) -> bool:
    """Whether ``text`` can be the beginning of a digest.

    >>> is_digest("b5cff4"), is_digest("b5cf"), is_digest("ghost")
    (True, False, False)
    """
    return _PREFIX.fullmatch(text) is not None


def is_model(connection: Connection, text: str) -> bool:
    """Whether a model of this name is registered; a name may look like a digest."""
    with connection.reading() as client:
        return client is not None and text in names(client)


def _seen(client: MlflowClient, digest: str) -> Iterator[Seen]:
    runs = _data_of_runs(client)
    for name in names(client):
        for version in versions_of(client, name):
            splits: dict[str, list[str]] = {}
            for split, known in runs.get(version.run, {}).items():
                if known.startswith(digest):
                    splits.setdefault(known, []).append(split)
            for known, of in splits.items():
                yield Seen(version, known, tuple(sorted(of)))


def _data_of_runs(client: MlflowClient) -> dict[str, dict[str, str]]:
    """Digests by split of every run that registered a model."""
    experiments = [experiment.experiment_id for experiment in all_pages(client.search_experiments, None)]
    runs = all_pages(client.search_runs, f"tags.`{DIGEST_TAG}` != ''", experiment_ids=experiments, max_results=1000) if experiments else []
    return {
        run.info.run_id: {tag.removeprefix(DATA_TAG): value for tag, value in run.data.tags.items() if tag.startswith(DATA_TAG)}
        for run in runs
    }


def _data(details: Details) -> Iterator[Node]:
    for split, values in details.data.items():
        rows = f"{values['rows']} rows" if "rows" in values else ""
        lines = (f"{split} data", str(values.get("digest", ""))[:_SHOWN], rows)
        yield Node("data", f"data {split} {values.get('digest', '')}", 1, tuple(filter(None, lines)))


def _made_with(details: Details) -> Iterator[Node]:
    for name, digest in details.bundles.items():
        yield Node("model", f"bundle {name} {digest}", 1, ("made with", name, f"bundle {digest[:_SHOWN]}"))
    if details.code:
        known = details.code.get("revision") or details.code.get("digest", "")
        yield Node("code", f"code {known}", 1, ("code", known[:_SHOWN], "with changes" if known.endswith("+changes") else ""))
    if details.parameters:
        yield Node("hyperparameters", "hyperparameters", 1, ("hyperparameters", f"{len(details.parameters)} values"))
    if details.environment:
        digest, python = details.environment_digest, details.environment.get("python", "?")
        yield Node("environment", f"environment {digest}", 1, ("environment", digest[:_SHOWN], f"python {python}"))


def _above(details: Details) -> Iterator[Node]:
    if details.campaign:
        yield Node("campaign", f"campaign {details.campaign}", 0, ("campaign", details.campaign))
    if details.parent:
        yield Node("parent", f"run {details.parent}", 1 if details.campaign else 0, ("parent run", details.parent[:_SHOWN]))
