"""How long an event takes with a network that is only a configuration yet: exported with the weights it begins with, compiled, timed."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from filelock import FileLock

from bartik.backends import prepare
from bartik.core import Arrays, Config
from bartik.core.bundle import write_bundle
from bartik.core.digest import digest_values
from bartik.core.files import read_json, write_json
from bartik.exporters.torch import export_torch
from bartik.profile.clock import time_call
from bartik.profile.machine import machine
from bartik.profile.work import repeated
from bartik.train import run_model
from bartik.tune.campaign import Campaign
from bartik.tune.worker import split_of
from bartik.workflow.steps.export import reference_inputs

_SECONDS, _CANDIDATES = 0.3, 150
"""Spent on timing; rows of an event of the first trigger stage (an event that is one row counts as one)."""


class NetworkSpeed:
    """Microseconds an event by configuration; a network is measured once in a campaign, by one process at a time."""

    def __init__(self, campaign: Campaign) -> None:
        """Keep what was measured in the campaign's folder."""
        self._campaign, self._folder = campaign, campaign.folder / "speed"
        self._inputs: Arrays | None = None

    def __call__(self, config: Config) -> float:
        """Time for one event by the native backend on one thread of this machine."""
        kept = self._folder / f"{digest_values(config.to_dict().get('model', {}))[:16]}.json"
        if not kept.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory() as scratch, FileLock(self._folder / ".lock"):
                if not kept.exists():
                    write_json(kept, {"us_per_event": self._measure(config, Path(scratch)), "cpu": machine().get("cpu", "")})
        return float(read_json(kept)["us_per_event"])

    def _measure(self, config: Config, scratch: Path) -> float:
        usecase = self._campaign.usecase
        if self._inputs is None:
            self._inputs = reference_inputs(usecase, split_of(self._campaign, "validation"))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.train.seed)
            model = usecase.model(config).eval()
        graph = export_torch(model, usecase.signature, self._inputs)
        reference = (self._inputs, run_model(model, usecase.signature, self._inputs))
        bundle = write_bundle(scratch / "bundle", graph, usecase.signature, reference, name="trial", metrics={}, provenance={})
        session, rows = prepare(bundle, "native"), repeated(bundle, _CANDIDATES)
        return 1e6 * time_call(lambda: session.run(rows), seconds=_SECONDS).median
