"""What the networks see of a track: raw quantities made into numbers of order one, inside the graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.nn.interaction import dense
from bartik.nn.tabular import Standardise
from bartik.usecases.particle_identification.columns import MISSING, NAMES, OPTIONAL

_P, _DLL, _ENERGY = (
    NAMES.index("p"),
    slice(NAMES.index("dll_e"), NAMES.index("dll_p") + 1),
    slice(NAMES.index("ecal"), NAMES.index("hcal") + 1),
)
_MARKED = [name in {"p", "pt", "n_tracks", "track_chi2", "match_chi2", "ecal", "hcal"} for name in NAMES]
_LEAST = [MISSING if name in OPTIONAL else -3e38 for name in NAMES]
_NEUTRAL = [OPTIONAL.get(name, 0.0) for name in NAMES]
_DLL_SCALE = 15.0
"""Log-likelihoods far beyond this say the same: x becomes x / (1 + |x| / 15)."""


class Seen(nn.Module):
    """Tracks [rows, 14] in physical units to numbers of order one [rows, 14]; energies as shares of the momentum."""

    def __init__(self) -> None:
        """Constants are learnt by `adapt`."""
        super().__init__()
        self.standardise = Standardise(_MARKED)

    def adapt(self, features: Array) -> None:
        """Learn ranges, means and spreads of training rows [rows, 14]."""
        with torch.no_grad():
            self.standardise.adapt(derived(torch.from_numpy(np.ascontiguousarray(features))).numpy())

    def forward(self, features: Tensor) -> Tensor:
        """Rows of order one."""
        return torch.as_tensor(self.standardise(derived(features)))


def derived(features: Tensor) -> Tensor:
    """What is not measured replaced, log-likelihoods bounded, energies over momentum; all else as it is."""
    features = torch.where(features > torch.tensor(_LEAST), features, torch.tensor(_NEUTRAL))
    dll, energy = features[:, _DLL], features[:, _ENERGY]
    momentum = torch.clamp(features[:, _P : _P + 1], min=0.1)
    bounded = dll / (1 + torch.abs(dll) / _DLL_SCALE)
    return torch.cat([features[:, : _DLL.start], bounded, energy / momentum, features[:, _ENERGY.stop :]], 1)


def body(hidden: Sequence[int]) -> nn.Module:
    """Dense layers with ReLU between and behind."""
    return nn.Sequential(dense([len(NAMES), *hidden]), nn.ReLU())
