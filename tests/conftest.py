"""How the tests are dealt out to processes: a file stays whole, and each use case's contract is a share of its own."""

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Files share fixtures and trained models; the contracts of use cases share nothing, and are the longest."""
    for item in items:
        file, *inside = item.nodeid.split("::")
        own = file.endswith("contracts/test_usecases.py")
        item.add_marker(pytest.mark.xdist_group(f"{file}::{inside[0]}" if own else file))
