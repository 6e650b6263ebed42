"""Contents of a run's page: metrics that one of its columns lacks."""

from types import SimpleNamespace
from typing import Any, cast

from bartik.core import Interval
from bartik.workflow.page import comparison, good

ONE = {"value": 0.5, "low": 0.4, "high": 0.6}
MODELS: dict[str, Any] = {
    "flow": {"AUC": ONE, "resolution": ONE},
    "floor": {"AUC": ONE, "resolution": ONE},
    "simulation": {"resolution": ONE},
}


def test_a_metric_that_one_column_lacks_is_empty_there() -> None:
    found = comparison(MODELS)
    assert found is not None
    assert found.models == ("flow", "floor", "simulation")
    area, resolution = found.rows
    assert area.values == (Interval(0.5, 0.4, 0.6), Interval(0.5, 0.4, 0.6), None)
    assert None not in resolution.values


def test_the_headline_names_the_peers_that_have_it() -> None:
    run = cast(Any, SimpleNamespace(usecase=SimpleNamespace(HEADLINE="AUC")))
    (verdict,) = good(run, MODELS)
    assert verdict.detail == "AUC; floor 0.5000"
