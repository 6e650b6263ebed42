"""What the registry knows of where a run's model comes from, as a figure of its page."""

from __future__ import annotations

from collections.abc import Iterator

from bartik.core import BartikError
from bartik.core.files import read_json
from bartik.plots import to_svg
from bartik.registry import details, lineage_of
from bartik.report import Figure
from bartik.report.lineage import draw_lineage
from bartik.workflow.run import Run


def figures(run: Run) -> Iterator[Figure]:
    """One, where the run is registered and the registry that is in use now has it: a page is also written where it is not at hand."""
    if not run.registered.exists():
        return
    values = read_json(run.registered)
    reference = f"{values['name']}/{values['number']}"
    try:
        found = details(reference)
    except BartikError:
        return
    if found.version.run == values["run"]:
        picture = to_svg(draw_lineage(lineage_of(found)), "page")
        yield Figure("Lineage", picture, f"Where {reference} comes from, as the registry had it when this page was written.", wide=True)
