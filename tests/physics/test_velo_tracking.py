"""What tracks of the graph network are made of and how good they are, on LHCb's simulated minimum-bias events."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import pytest

from bartik.core import Config, load_config
from bartik.core.places import samples
from bartik.core.plugins import load_part, usecase_folder
from bartik.data.velo import VeloEvent, read_velo_events
from bartik.data.velo_columns import events_of_columns
from bartik.metrics import match_tracks, performance
from bartik.simulation.conditions import SETS
from bartik.simulation.generate import Order, make_events
from bartik.testing.several import Chain
from bartik.usecases.velo_tracking.finder import ragged
from bartik.usecases.velo_tracking.graph import chain, positions, window_pairs
from bartik.usecases.velo_tracking.kinds import KINDS, particles
from bartik.usecases.velo_tracking.tracks import Cuts, build_tracks
from bartik.usecases.velo_tracking.truth import label_doublets, label_triplets, true_doublets
from bartik.usecases.velo_tracking.vertices import lines, primary_vertices

ARCHIVE = samples() / "06_velo_tracking" / "velopix_minibias_450ev.tar.xz" if samples() else None
needs_data = pytest.mark.skipif(ARCHIVE is None or not ARCHIVE.is_file(), reason="needs BARTIK_DATA with 06_velo_tracking")
EVENTS = 40
CUTS = Cuts(kept=0.4, elbow=0.7, short=0.35, shared=0.8)


def real() -> list[VeloEvent]:
    assert ARCHIVE is not None
    return list(islice(read_velo_events(ARCHIVE, require_truth=True), EVENTS))


def perfect(event: VeloEvent) -> list[list[int]]:
    """Tracks where every network is right: what the graph and the way tracks are built cost."""
    hits, true = positions(event), true_doublets(event)
    first, second = window_pairs(hits)
    kept = label_doublets(first, second, true, len(event))
    first, second = first[kept], second[kept]
    one, other = chain(first, second, hits)
    scores = label_triplets(first, second, one, other, true, len(event)).astype(float)
    return build_tracks(first, second, one, other, scores, CUTS)


@needs_data
def test_networks_that_are_never_wrong_find_what_can_be_found() -> None:
    """0.5% of long particles are electrons that share all their hits with a positron, and no search can tell the two apart."""
    events = real()
    matches = [match_tracks(*ragged(perfect(event)), event.truth.hits, event.truth.offsets) for event in events if event.truth]
    found = {name: performance(matches, [wanted(particles(event)) for event in events]) for name, wanted in KINDS.items()}
    assert found["long, no electron"].efficiency.value == pytest.approx(0.999, abs=0.0015)
    assert found["long"].efficiency.value == pytest.approx(0.994, abs=0.003)
    assert found["electron"].efficiency.value == pytest.approx(0.906, abs=0.02)
    assert found["Velo"].clone_rate.value < 0.02
    assert max(float(np.mean(match.particle < 0)) for match in matches) < 0.01


class Few(Chain):
    """The default configuration with a fifth of the events and half of the epochs: minutes."""

    def config(self, part: str = "") -> Config:
        epochs = {"embedding": 4, "doublets": 6, "edges": 4, "triplets": 6}
        folder = usecase_folder(load_part(self.usecase, part) if part else self.usecase)
        settings = ["data.events=60", *([f"train.epochs={epochs[part]}"] if part else [])]
        config = load_config(folder, settings=settings)
        needed = {name: str(self.bundle(name).path) for name in config.to_dict().get("bundles", {})}
        return config.replace({"bundles": needed}) if needed else config


@pytest.fixture(scope="module")
def few() -> dict[str, dict[str, Any]]:
    pytest.importorskip("velopix", reason="pip install velopix")
    return Few("velo_tracking").together[0]


@needs_data
@pytest.mark.slow
def test_search_by_triplet_is_as_it_was_measured(few: dict[str, dict[str, Any]]) -> None:
    # velopix 0.9.0 with its defaults on 192 of these events: 6.4% ghosts, 98.67% of long particles
    found = few["search by triplet"]
    assert found["ghost rate"].value == pytest.approx(0.064, abs=0.015)
    assert found["long efficiency"].value == pytest.approx(0.9867, abs=0.006)


@needs_data
@pytest.mark.slow
def test_fewer_ghosts_fewer_clones_and_more_electrons_than_search_by_triplet(few: dict[str, dict[str, Any]]) -> None:
    """With all events: 2.7% and 6.3% ghosts, 1.0% and 3.4% clones of long particles, 77.8% and 66.5% of electrons (docs/usecases)."""
    network, search = few["graph network"], few["search by triplet"]
    assert network["ghost rate"].value < 0.6 * search["ghost rate"].value
    assert network["long clone rate"].value < 0.6 * search["long clone rate"].value
    assert network["electron efficiency"].value > search["electron efficiency"].value + 0.05
    assert network["long efficiency"].value > search["long efficiency"].value - 0.02


def test_vertices_are_counted_as_they_were_simulated() -> None:
    sample = make_events(Order("minbias", SETS["run3"], 5, "parametric", hits=True), 32, progress=lambda line: None)
    assert sample.velo is not None
    arrays = sample.to_arrays()
    off = []
    for place, event in enumerate(events_of_columns(arrays)):
        assert event.truth is not None
        _, distance, sizes = lines(event)
        table = event.truth.particles
        rows = arrays["seen_offsets"][place] + table["key"]
        owner = arrays["seen.particle"][rows]
        straight = (sizes >= 3) & (distance < 0.5) & (table["p"] > 1000) & (np.abs(table["pid"]) != 11) & (owner >= 0)
        collision = arrays["particle.collision"][arrays["particle_offsets"][place] + owner[straight]]
        off.append(primary_vertices(event) - int((np.bincount(collision[collision >= 0], minlength=1) >= 5).sum()))
    assert np.mean(np.abs(off) <= 1) >= 0.7  # 83% of 150 events of Pythia
    assert abs(np.mean(off)) < 1
