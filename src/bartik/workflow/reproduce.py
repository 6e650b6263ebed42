"""A registered model made again: the same data, code, configuration and seed, and what came out beside what there was."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from onnx import numpy_helper

from bartik.backends import prepare
from bartik.core import Config, ConfigError, RegistryError, UsageError
from bartik.core.bundle import Bundle
from bartik.core.config import load_config
from bartik.core.files import read_json, write_json
from bartik.core.plugins import recorded_usecase, usecase_folder
from bartik.core.provenance import environment
from bartik.registry import artifact, details, fetch, versions
from bartik.workflow.retrain import CHECKPOINT
from bartik.workflow.run import Run
from bartik.workflow.sources import source_digest

RESULT = "reproduce.json"
_JUDGE = "onnxruntime"
_MACHINE = ("machine", "cpu", "system")


@dataclass(frozen=True)
class Reproduction:
    """The digests of both ONNX files; what was not as it had been; where they differ, by how much at most."""

    reference: str
    wanted: str
    found: str
    changed: Mapping[str, str]
    weights: float = 0.0
    scores: float = 0.0

    @property
    def same(self) -> bool:
        """Bit for bit."""
        return self.wanted == self.found

    @property
    def cause(self) -> str:
        """What most likely made the difference: of all that changed, what comes first in a training."""
        first = next(iter(self.changed.items()), None)
        if first is None:
            return "nothing that is recorded has changed: the number of threads of a library, or the data's order on disk"
        return f"{first[0]}: {first[1]}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; a difference without bound (other tensors) becomes null."""
        numbers = {key: value if math.isfinite(value) else None for key, value in (("weights", self.weights), ("scores", self.scores))}
        return asdict(self) | numbers | {"same": self.same, "cause": "" if self.same else self.cause}


def recorded_run(bundle: Bundle, reference: str, folder: Path, data: str, progress: Any) -> Run:
    """The run that would make ``bundle`` again, in ``folder``; ``data`` is where the rows are now, if not where they were.

    `UsageError` where the bundle does not say how it was made, `ConfigError` where this version of the use case has other options.
    """
    name = bundle.provenance.get("use_case", "")
    usecase = recorded_usecase(name)
    if usecase is None:
        reason = f"was made by the use case {name!r}, which is neither installed nor a folder here" if name else "names no use case"
        raise UsageError(f"{reference}: {reason}", hint="only what bartik run or retrain trained can be made again")
    try:
        config = load_config(usecase_folder(usecase)).replace(bundle.provenance["configuration"])
    except UsageError as error:
        revision = bundle.provenance.get("code", {}).get("revision", "")
        raise ConfigError(
            f"{reference}: its configuration does not fit this version of {name} ({error.message})",
            hint=f"check out revision {revision}" if revision else "install the version of the use case that made it",
        ) from error
    made_with = registered_bundles(bundle, name.rpartition(".")[0])
    return Run(usecase, _begun(_at(config, data), reference), folder, progress, made_with=made_with)


def registered_bundles(bundle: Bundle, around: str) -> dict[str, Path]:
    """The bundles that one was made with, from the registry, by digest; models of the use case ``around``."""
    found = {}
    for part, digest in bundle.provenance.get("bundles", {}).items():
        kept = [version for version in versions(f"{around}.{part}") if version.digest == digest]
        if not kept:
            raise RegistryError(f"{bundle.name}: was made with {around}.{part}, bundle {digest[:12]}, which is not registered here")
        found[part] = fetch(kept[0].reference)
    return found


def _begun(config: Config, reference: str) -> Config:
    """With the file that a warm start began with, from the registry where it is not where it was."""
    named = config.to_dict().get("train", {}).get("start", "")
    if not named or Path(named).is_file():
        return config
    parent = details(reference).parent
    above = next((version for version in versions(reference.partition("/")[0]) if parent and version.run == parent), None)
    found = None if above is None else artifact(above.reference, CHECKPOINT)
    if found is None:
        raise RegistryError(f"{reference}: its training began with {named}, which is gone", hint="restore that file")
    return config.replace({"train": {"start": str(found)}})


def _at(config: Config, data: str) -> Config:
    return config.replace({"data": {"path": data}}) if data else config


def changed(bundle: Bundle, run: Run) -> dict[str, str]:
    """What is not as it was when ``bundle`` was made, in the order in which a training meets it: data, code, packages, machine."""
    was, now = bundle.provenance, environment(run.code)
    found = {}
    for split, record in read_json(run.data_record).items():
        before = was.get("data", {}).get(split, {}).get("digest", "")
        if record["digest"] != before:
            found[f"data, {split}"] = f"{_short(before)} was, {_short(record['digest'])} is"
    before, code = was.get("code", {}).get("digest", ""), source_digest(run.usecase)
    if code != before:
        found["code"] = f"{_short(before)} was (revision {was.get('code', {}).get('revision') or 'unknown'}), {_short(code)} is"
    recorded = was.get("environment", {})
    for key in sorted(now, key=lambda key: key in _MACHINE):
        if now[key] != recorded.get(key, ""):
            found["machine" if key in _MACHINE else f"package {key}"] = f"{recorded.get(key) or 'not recorded'} was, {now[key]} is"
    return found


def compared(bundle: Bundle, reference: str, made: Bundle, run: Run) -> Reproduction:
    """The model that was made beside the one there was; also in ``reproduce.json`` of the run's folder."""
    differs = made.model_digest != bundle.model_digest
    found = Reproduction(
        reference,
        bundle.model_digest,
        made.model_digest,
        changed(bundle, run),
        _weights(bundle, made) if differs else 0.0,
        _scores(bundle, made) if differs else 0.0,
    )
    write_json(run.folder / RESULT, found.to_dict())
    return found


def _weights(one: Bundle, other: Bundle) -> float:
    """Largest difference of any number in the graphs; infinite where they have other tensors."""
    first, second = ({t.name: numpy_helper.to_array(t) for t in bundle.model().graph.initializer} for bundle in (one, other))
    if {n: a.shape for n, a in first.items()} != {n: a.shape for n, a in second.items()}:
        return float("inf")
    return max((float(np.abs(first[n].astype(np.float64) - second[n].astype(np.float64)).max(initial=0)) for n in first), default=0.0)


def _scores(one: Bundle, other: Bundle) -> float:
    """Largest difference of any output on the reference inputs of the first."""
    if one.signature != other.signature:
        return float("inf")
    inputs, outputs = one.reference()
    found = prepare(other, _JUDGE).run(inputs)
    with np.errstate(invalid="ignore"):
        parts = [np.abs(found[name].astype(np.float64) - wanted.astype(np.float64)) for name, wanted in outputs.items()]
    return max((float(np.nanmax(part, initial=0)) for part in parts), default=0.0)


def _short(digest: str) -> str:
    return digest[:12] or "not recorded"
