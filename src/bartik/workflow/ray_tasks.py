"""Jobs done by Ray: each a task, placed by Ray on the cluster it finds, or on one of this machine's own.

Ray starts a task anew whose process or node died (Moritz et al., "Ray", OSDI 2018, arXiv:1712.05889); what it had done before
is kept by the job itself, as on every batch system.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ray

from bartik.core import UsageError

_LOOK = 1.0  # seconds between two looks at tasks under way
_RETRIES = 1
_TAKEN_ALONG = ("BARTIK_", "PYTHON", "OMP_", "MLFLOW_", "PG")
"""Beginnings of the variables that a job needs from whoever sends it; a cluster's nodes have their own surroundings."""


def execute(rules: Sequence[Mapping[str, Any]], *, most: int, meanwhile: Callable[[], None] | None) -> int:
    """Do the rules in the order of their needs, ``most`` at once (0: as many as there is room for); 1 where one failed, 0 otherwise.

    The cluster is the one that ``RAY_ADDRESS`` names, or the one that runs on this machine, or is started here and ends with this process.
    """
    options = [_options(rule) for rule in rules]
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    with ray.init(logging_level=logging.WARNING):
        return _Tasks(rules, options, most or len(rules)).follow(meanwhile)


class _Tasks:
    """Rules that wait, those under way, and the records that are there."""

    def __init__(self, rules: Sequence[Mapping[str, Any]], options: Sequence[dict[str, Any]], most: int) -> None:
        self.waiting = list(zip(rules, options, strict=True))
        self.missing = {rule["record"] for rule in rules}
        self.most, self.running, self.failed = most, dict[Any, str](), 0
        self.variables = {name: value for name, value in os.environ.items() if name.startswith(_TAKEN_ALONG)}

    def follow(self, meanwhile: Callable[[], None] | None) -> int:
        """Until nothing is left that could be done."""
        try:
            while self._send():
                ended, _ = ray.wait(list(self.running), timeout=_LOOK)
                for one in ended:
                    self._took(one)
                if meanwhile is not None:
                    meanwhile()
        except BaseException:
            for one in self.running:
                ray.cancel(one, force=True)
            raise
        return 1 if self.failed or self.waiting else 0

    def _send(self) -> bool:
        """Send what waits for nothing, as far as there is room; whether anything is under way."""
        ready = [pair for pair in self.waiting if not self.missing.intersection(pair[0]["after"])]
        for rule, options in ready[: self.most - len(self.running)]:
            self.waiting.remove((rule, options))
            self.running[_task.options(name=rule["name"], **options).remote(rule["command"], self.variables, _limit(rule))] = rule["record"]
        return bool(self.running)

    def _took(self, one: Any) -> None:
        record = self.running.pop(one)
        try:
            ray.get(one)
        except ray.exceptions.RayError:
            self.failed += 1
        else:
            self.missing.discard(record)


@ray.remote(max_retries=_RETRIES, retry_exceptions=True)
def _task(command: str, variables: dict[str, str], limit: float | None) -> None:
    """Do one job, in a process that ends with this one; what it says goes to Ray's log, which the sender sees."""
    process = subprocess.Popen(["bash", "-c", command], stdin=subprocess.DEVNULL, stdout=2, env={**os.environ, **variables})  # noqa: S603, S607
    try:
        code = process.wait(limit)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
        raise
    if code:
        raise ChildProcessError(code)


def _limit(rule: Mapping[str, Any]) -> float | None:
    """Seconds that a job may take."""
    minutes = rule["resources"].get("runtime")
    return None if minutes is None else 60.0 * float(minutes)


def _options(rule: Mapping[str, Any]) -> dict[str, Any]:
    """What a job asks for in Ray's words: cores, shares of a GPU, memory in bytes, and resources that a site has named itself."""
    given = {key: value for key, value in rule["resources"].items() if key not in {"runtime", "disk_mb"}}
    try:
        numbers = {key: float(value) for key, value in given.items()}
    except ValueError as error:
        raise UsageError(
            f"{rule['name']}: Ray's resources are numbers, got {given}", hint="--resource gpu=0.25 --resource mem_mb=4000"
        ) from error
    found: dict[str, Any] = {"num_cpus": rule["threads"], "num_gpus": numbers.pop("gpu", 0.0)}
    if "mem_mb" in numbers:
        found["memory"] = int(numbers.pop("mem_mb")) * 1_000_000
    return found | ({"resources": numbers} if numbers else {})
