"""Everything the registry knows about one version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlflow.entities import Run

from bartik.core import Interval, RegistryError, Signature
from bartik.core.bundle import Bundle, open_bundle
from bartik.core.digest import digest_values
from bartik.core.secrets import without_passwords
from bartik.registry.connection import Connection
from bartik.registry.fetching import folder_of
from bartik.registry.gates import GATES_TAG, GateReport, read_gates
from bartik.registry.history import Event, history
from bartik.registry.records import CANDIDATE, CHAMPION, Version, metric_values
from bartik.registry.store import find, versions_of
from bartik.registry.upload import DATA_TAG

PARENT_TAG, CAMPAIGN_TAG = "mlflow.parentRunId", "bartik.campaign"


@dataclass(frozen=True)
class Details:
    """A version, what it was made of and what became of it. Empty where its maker did not record it."""

    version: Version
    signature: Signature
    graph: str
    """SHA-256 of the ONNX file."""
    metrics: Mapping[str, float]
    """By the names MLflow has: an interval is ``name``, ``name.low``, ``name.high``."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    working_points: Mapping[str, float] = field(default_factory=dict)
    data: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By split: ``digest``, ``rows``, ``source``."""
    bundles: Mapping[str, str] = field(default_factory=dict)
    """Digests of the models it was made with, by name."""
    code: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    parent: str = ""
    campaign: str = ""
    gates: GateReport | None = None
    history: tuple[Event, ...] = ()

    @property
    def environment_digest(self) -> str:
        """SHA-256 of the environment; empty where it was not recorded."""
        return digest_values(dict(self.environment)) if self.environment else ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            **self.version.to_dict(),
            "graph": self.graph,
            "signature": self.signature.to_dict(),
            "metrics": dict(self.metrics),
            "working_points": dict(self.working_points),
            "parameters": dict(self.parameters),
            "data": {split: dict(values) for split, values in self.data.items()},
            "bundles": dict(self.bundles),
            "code": dict(self.code),
            "environment": {"digest": self.environment_digest, "packages": dict(self.environment)},
            "parent": self.parent,
            "campaign": self.campaign,
            "gates": None if self.gates is None else self.gates.to_dict(),
            "history": [event.to_dict() for event in self.history],
        }


def details(connection: Connection, reference: str) -> Details:
    """See `bartik.registry.details`."""
    version = find(connection, reference, CHAMPION, CANDIDATE)
    bundle = open_bundle(folder_of(connection, version))
    with connection.reading() as client:
        if client is None or not version.run:
            raise RegistryError(f"{version.reference}: its run is not in the registry", hint="it was not registered by bartik")
        return _gathered(version, bundle, client.get_run(version.run), history(versions_of(client, version.name)))


def _gathered(version: Version, bundle: Bundle, run: Run, events: tuple[Event, ...]) -> Details:
    origin = without_passwords(bundle.provenance)
    return Details(
        version=version,
        signature=bundle.signature,
        graph=bundle.model_digest,
        metrics=dict(run.data.metrics) or metric_values(_measured(bundle)),
        parameters=dict(run.data.params),
        working_points=bundle.working_points,
        data=origin.get("data") or _data(run),
        bundles=origin.get("bundles", {}),
        code=origin.get("code", {}),
        environment=origin.get("environment", {}),
        parent=run.data.tags.get(PARENT_TAG, ""),
        campaign=run.data.tags.get(CAMPAIGN_TAG, ""),
        gates=read_gates(version.tags.get(GATES_TAG, "")),
        history=events,
    )


def _measured(bundle: Bundle) -> dict[str, Interval | float]:
    return {name: Interval(**value) if isinstance(value, dict) else float(value) for name, value in bundle.metrics().items()}


def _data(run: Run) -> dict[str, dict[str, Any]]:
    """What the run says about data, for a bundle that says nothing."""
    return {tag.removeprefix(DATA_TAG): {"digest": value} for tag, value in run.data.tags.items() if tag.startswith(DATA_TAG)}
