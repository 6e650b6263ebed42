"""Numbers in, figures out: one function a figure, no pyplot state, one style for screen and paper.

A figure is drawn once, in colours that stand for roles; `to_svg` turns them into the colours of a light or a dark page,
or into the style sheet variables of the page the figure is part of. Matplotlib is imported when the first function is
asked for, not before.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bartik.plots.campaign import campaign_front, campaign_history, importance, parallel_coordinates
    from bartik.plots.classifier import efficiency_in_bins, roc, score_histogram
    from bartik.plots.comparison import distributions
    from bartik.plots.decay import decay_trees, reduction, shares
    from bartik.plots.event import Drawn, velo_event
    from bartik.plots.fits import correlations, plane, projection, pull_distributions, pulls_by_parameter
    from bartik.plots.gains import scaling
    from bartik.plots.identification import kept_in_bins, named_intervals, paired_losses, reliability, species_roc
    from bartik.plots.layers import Box, lineage
    from bartik.plots.monitoring import calibration, drift_map, over_time, then_and_now
    from bartik.plots.output import save, to_svg
    from bartik.plots.quality import after_jump, run_against_reference, scores_in_time
    from bartik.plots.rival import against
    from bartik.plots.selection import certified_band, efficiency_against_rate, efficiency_by_name, responses
    from bartik.plots.showers import quality_against_time, separation_powers, shower_profiles, shower_response
    from bartik.plots.simulation import cut_differences, sample_distances
    from bartik.plots.speed import Measured, benchmark
    from bartik.plots.style import new_figure
    from bartik.plots.tagging import oscillation, tagging_calibration, tagging_powers, tagging_roc
    from bartik.plots.tracking import efficiency_curves, stage_times, time_by_size
    from bartik.plots.training import training_history
    from bartik.plots.vertices import vertex_curves, vertex_efficiency_against_time, vertex_event, vertex_resolution

__all__ = [
    "Box",
    "Drawn",
    "Measured",
    "after_jump",
    "against",
    "benchmark",
    "calibration",
    "campaign_front",
    "campaign_history",
    "certified_band",
    "correlations",
    "cut_differences",
    "decay_trees",
    "distributions",
    "drift_map",
    "efficiency_against_rate",
    "efficiency_by_name",
    "efficiency_curves",
    "efficiency_in_bins",
    "importance",
    "kept_in_bins",
    "lineage",
    "named_intervals",
    "new_figure",
    "oscillation",
    "over_time",
    "paired_losses",
    "parallel_coordinates",
    "plane",
    "projection",
    "pull_distributions",
    "pulls_by_parameter",
    "quality_against_time",
    "reduction",
    "reliability",
    "responses",
    "roc",
    "run_against_reference",
    "sample_distances",
    "save",
    "scaling",
    "score_histogram",
    "scores_in_time",
    "separation_powers",
    "shares",
    "shower_profiles",
    "shower_response",
    "species_roc",
    "stage_times",
    "tagging_calibration",
    "tagging_powers",
    "tagging_roc",
    "then_and_now",
    "time_by_size",
    "to_svg",
    "training_history",
    "velo_event",
    "vertex_curves",
    "vertex_efficiency_against_time",
    "vertex_event",
    "vertex_resolution",
]
_FILES = {
    "after_jump": "quality",
    "quality_against_time": "showers",
    "run_against_reference": "quality",
    "scores_in_time": "quality",
    "separation_powers": "showers",
    "shower_profiles": "showers",
    "shower_response": "showers",
    "against": "rival",
    "campaign_front": "campaign",
    "campaign_history": "campaign",
    "importance": "campaign",
    "parallel_coordinates": "campaign",
    "roc": "classifier",
    "efficiency_in_bins": "classifier",
    "score_histogram": "classifier",
    "distributions": "comparison",
    "Box": "layers",
    "lineage": "layers",
    "kept_in_bins": "identification",
    "named_intervals": "identification",
    "paired_losses": "identification",
    "reliability": "identification",
    "species_roc": "identification",
    "save": "output",
    "to_svg": "output",
    "correlations": "fits",
    "plane": "fits",
    "projection": "fits",
    "pull_distributions": "fits",
    "pulls_by_parameter": "fits",
    "scaling": "gains",
    "certified_band": "selection",
    "efficiency_against_rate": "selection",
    "efficiency_by_name": "selection",
    "responses": "selection",
    "calibration": "monitoring",
    "drift_map": "monitoring",
    "over_time": "monitoring",
    "then_and_now": "monitoring",
    "cut_differences": "simulation",
    "sample_distances": "simulation",
    "Measured": "speed",
    "benchmark": "speed",
    "new_figure": "style",
    "training_history": "training",
    "tagging_calibration": "tagging",
    "oscillation": "tagging",
    "tagging_powers": "tagging",
    "tagging_roc": "tagging",
    "efficiency_curves": "tracking",
    "stage_times": "tracking",
    "time_by_size": "tracking",
    "decay_trees": "decay",
    "reduction": "decay",
    "shares": "decay",
    "Drawn": "event",
    "velo_event": "event",
    "vertex_curves": "vertices",
    "vertex_efficiency_against_time": "vertices",
    "vertex_event": "vertices",
    "vertex_resolution": "vertices",
}


def __getattr__(name: str) -> Any:
    """Import the file that holds ``name``."""
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_FILES[name]}"), name)


def __dir__() -> list[str]:
    """All figures."""
    return sorted(__all__)
