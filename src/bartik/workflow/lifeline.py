"""Processes that end with the one that started them, however that ends (Linux; elsewhere they go on)."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

VARIABLE = "BARTIK_ENDS_WITH_PARENT"
"""Set for the jobs of a run: a command that a user calls by hand may outlive his shell."""
_PR_SET_PDEATHSIG = 1


def end_with_parent(by: signal.Signals = signal.SIGTERM) -> None:
    """From now on the end of the parent is a signal to this process."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, by)


def end_with_run() -> None:
    """The same where this process is a job of a run."""
    if VARIABLE in os.environ:
        end_with_parent()


def killed_with_parent() -> None:
    """For Snakemake, which on a gentler signal would wait for its jobs; those end with it."""
    end_with_parent(signal.SIGKILL)
