"""A bundle against its own reference, on every backend."""

from bartik.checks.against_reference import check as check
from bartik.checks.against_reference import require as require
from bartik.checks.parity import Parity as Parity
from bartik.checks.sized import sized as sized
from bartik.core.compare import Tolerance as Tolerance
