"""Metrics of a network that gives vertices, where so many false ones an event are allowed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bartik.core import Array, Arrays, Dataset, Interval
from bartik.metrics.vertices import (
    Vertices,
    false_vertices,
    match_vertices,
    threshold_at_false_rate,
    vertex_efficiency,
    vertex_purity,
    vertex_resolution,
)
from bartik.usecases.vertex_finding.rows import true_vertices

ALLOWED = 0.03
"""False vertices an event, at the working point: PV-Finder's (arXiv:2309.12417)."""
WORKING_POINT = f"{ALLOWED:g} false vertices an event"
HEADLINE = f"efficiency at {WORKING_POINT}"


def score(outputs: Arrays, data: Dataset) -> dict[str, Interval]:
    """Efficiency and resolution with the threshold at which the events themselves have so many false vertices."""
    vertices = held_against(found_in(outputs["vertices"]), data.spectators)
    _, wanted, _ = true_vertices(data.spectators)
    if not wanted.any():
        return {HEADLINE: Interval(0.0, 0.0, 1.0)}
    threshold = threshold_at_false_rate(vertices, ALLOWED)
    found = {HEADLINE: vertex_efficiency(vertices, wanted, threshold)}
    if (vertices.best[wanted] >= threshold).sum() > 1:
        found["z resolution [mm]"] = vertex_resolution(vertices, wanted, threshold)
    return found


def working_points(
    outputs: Arrays, validation: Dataset, test_outputs: Arrays, test: Dataset
) -> dict[str, tuple[float, Interval, Interval]]:
    """The least weight of a vertex, chosen on the validation events: with it efficiency and purity on the test events."""
    chosen = held_against(found_in(outputs["vertices"]), validation.spectators)
    threshold = threshold_at_false_rate(chosen, ALLOWED)
    vertices = held_against(found_in(test_outputs["vertices"]), test.spectators)
    _, wanted, _ = true_vertices(test.spectators)
    return {WORKING_POINT: (threshold, vertex_efficiency(vertices, wanted, threshold), vertex_purity(vertices, threshold))}


def found_in(slots: Array) -> list[Array]:
    """Z and weight of the vertices in each event's slots [events, slots, 2]."""
    return [rows[rows[:, 1] > 0] for rows in np.asarray(slots)]


def held_against(found: Sequence[Array], spectators: Arrays) -> Vertices:
    """Found vertices with the true ones of their events."""
    z, _, _ = true_vertices(spectators)
    return match_vertices(found, z)


def rates(vertices: Vertices, wanted: Array, threshold: float) -> dict[str, Interval]:
    """Efficiency, false vertices and resolution at a threshold chosen elsewhere."""
    found = {"efficiency": vertex_efficiency(vertices, wanted, threshold), "false vertices an event": false_vertices(vertices, threshold)}
    if (vertices.best[wanted] >= threshold).sum() > 1:
        found["z resolution [mm]"] = vertex_resolution(vertices, wanted, threshold)
    return found
