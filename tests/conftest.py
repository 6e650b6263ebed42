"""How the tests are dealt out to processes: a file stays whole, and each use case's contract is a share of its own."""

import pytest
from hypothesis import settings

settings.register_profile("any machine", deadline=None)  # no test is of time
settings.load_profile("any machine")

TRAINED_BY_CONTRACT = {
    "physics/test_data_quality.py": "data_quality",
    "physics/test_topological_trigger.py": "topological_trigger",
    "physics/test_two_track_trigger.py": "two_track_trigger",
    "unit/usecases/test_velo_found.py": "velo_tracking",
}
"""Files that look at the tiny models that a use case's contract trains: in the same process they are trained once."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Files share fixtures and trained models; the contracts of use cases share nothing, and are the longest."""
    from xdist.scheduler import LoadScopeScheduling

    class Shares(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return _group(*nodeid.split("::"))

    return Shares(config, log)


def _group(file, *inside):
    if file.endswith("contracts/test_usecases.py"):
        return inside[0]
    return next((f"Test_{usecase}" for end, usecase in TRAINED_BY_CONTRACT.items() if file.endswith(end)), file)
