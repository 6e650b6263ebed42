"""LHCb's own calibration as a peer: the package lhcb_ftcalib, run by a Python of its own.

It needs older versions of packages that we use, and its licence is the GPL; so it is never imported here. `pip install lhcb_ftcalib` into
an environment of its own and name that environment's Python.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bartik.core import Array, BartikError
from bartik.core.files import read_arrays, write_arrays

PEER_NAME = "lhcb_ftcalib"
_LONGEST = 300.0
"""Seconds."""
_PROGRAM = """
import sys
import numpy as np
import lhcb_ftcalib as ft
given = np.load(sys.argv[1], allow_pickle=False)
tagger = ft.Tagger("peer", given["eta"], given["decision"], given["flavour"], mode="TRUEID")
tagger.calibrate()
found = tagger.stats.params.params_flavour
grid = given["grid"]
lines = [tagger.func.eval(found, grid, np.full(len(grid), flavour)) for flavour in (1, -1)]
np.savez(sys.argv[2], lines=np.array(lines))
"""


def peer_mistag(python: str, eta: Array, decision: Array, flavour: Array, grid: Array) -> Array:
    """Mistag that lhcb_ftcalib gives at predicted mistags ``grid`` [points] for flavour +1 and for -1 [2, points].

    It is calibrated on ``eta``, ``decision`` and true ``flavour`` [rows], its linear calibration with the identity as link.
    """
    with TemporaryDirectory() as folder:
        given, found = Path(folder) / "given.npz", Path(folder) / "found.npz"
        write_arrays(given, {"eta": eta, "decision": decision.astype(np.int64), "flavour": flavour.astype(np.int64), "grid": grid})
        try:
            done = subprocess.run(  # noqa: S603 - the user's own Python, by the path he gave
                [python, "-c", _PROGRAM, str(given), str(found)], capture_output=True, text=True, timeout=_LONGEST, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BartikError(f"{python}: cannot run {PEER_NAME} ({error})", hint="name a Python of an environment that has it") from error
        if done.returncode or not found.exists():
            said = done.stderr.strip().splitlines()
            reason = said[-1] if said else f"exit code {done.returncode}"
            raise BartikError(f"{python}: {PEER_NAME} failed: {reason}", hint=f"{python} -m pip install {PEER_NAME}")
        return read_arrays(found)["lines"]
