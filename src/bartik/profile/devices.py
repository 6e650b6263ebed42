"""Devices a model may run on, by what their makers say of them, and how long a model takes there at the least."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bartik.core import UnknownNameError
from bartik.profile.limits import Limits
from bartik.profile.nodes import Work

HERE = "here"
"""This machine, one thread: what was measured."""


@dataclass(frozen=True)
class Device:
    """Operations in float32 and bytes of memory a second, both at the peak."""

    name: str
    flops: float
    bandwidth: float


@cache
def devices() -> dict[str, Device]:
    """Those we know, by short name."""
    text = Path(__file__).with_name("devices.toml").read_text(encoding="utf-8")
    return {name: Device(**values) for name, values in tomllib.loads(text).items()}


def device(name: str) -> Device:
    """One of `devices`; `UnknownNameError` names the nearest."""
    if name not in devices():
        raise UnknownNameError("device", name, (HERE, *devices()))
    return devices()[name]


def roofline_seconds(work: Work, batch: int, on: Device) -> float:
    """Of one candidate in a batch, as one kernel: the longer of arithmetic and memory (Williams et al., CACM 52 (2009) 65).

    A function that takes a series counts as ten multiply-adds, a comparison of a tree as one operation.
    """
    operations = 2 * work.multiply_adds + 20 * work.series + work.comparisons
    return max(operations / on.flops, work.bytes(batch) / on.bandwidth)


def predicted_seconds(work: Work, batch: int, limits: Limits) -> float:
    """Of one candidate in a batch on this machine by `native`, from what its kernels reach here on made models: the parts added up."""
    touched = work.moved * batch + work.weights
    each = work.multiply_adds / limits.dense + work.series / limits.series + work.comparisons / limits.comparisons
    return each + (touched / limits.bandwidth_of(touched) + limits.call) / batch


def largest(works: Sequence[tuple[str, Work]]) -> tuple[str, Work]:
    """The layer with most to do."""
    return max(works, key=lambda pair: pair[1].total)
