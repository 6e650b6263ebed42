"""The amplitude of D0 -> K_S pi+ pi-, its couplings, and points drawn from it: what the Dalitz and the mixing fit share."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from bartik.core import Array
from bartik.usecases.charm_fit.toy import Plane

MODEL: tuple[tuple[str, float, float], ...] = (
    ("rho(770)", 0.21, 0.0),
    ("K*(892)-", 0.60, 134.0),
    ("K0*(1430)-", 0.07, 0.0),
    ("K2*(1430)-", 0.022, -47.0),
    ("K*(1680)-", 0.004, 147.0),
    ("K*(892)+", 0.006, -38.0),
    ("K0*(1430)+", 0.006, 74.0),
    ("K2*(1430)+", 0.001, -133.0),
    ("omega(782)", 0.006, 115.0),
    ("f0(500)", 0.09, 218.0),
    ("f0(980)", 0.048, -147.0),
    ("f2(1270)", 0.015, -14.0),
    ("f0(1370)", 0.016, 99.0),
)
"""By resonance the share of its square alone, and its phase in degrees: about those of Belle, Phys. Rev. D 73 (2006) 112009, for a toy."""
_LOW, _HIGH = 2 * 0.13957, 1.86484 - 0.497611


@cache
def dalitz() -> Any:
    """Amplitudes and their integrals, made once in a process."""
    from bartik.nn.amplitudes import Dalitz

    return Dalitz()


def couplings() -> tuple[Array, Array]:
    """Real and imaginary parts [13] of the toy, relative to the first."""
    size = np.sqrt([share for _, share, _ in MODEL])
    phase = np.radians([angle for _, _, angle in MODEL])
    return size * np.cos(phase) / size[0], size * np.sin(phase) / size[0]


def names() -> tuple[str, ...]:
    """Of the parameters of the couplings: all but the first resonance, real and imaginary part."""
    return tuple(f"{part} {name}" for name, _, _ in MODEL[1:] for part in ("Re", "Im"))


class Points:
    """Points of the phase space from ``|A|^2 + extra |A'|^2``, A' with the pions exchanged."""

    def __init__(self, extra: float = 0.0) -> None:
        """Find its step function; a second."""
        self._extra = extra
        self._plane = Plane(self._height)

    def points(self, size: int, rng: np.random.Generator) -> Array:
        """Squared masses [size, 2] of K_S pi- and K_S pi+ in GeV^2."""
        u, v = self._plane.drawn(size, rng)
        minus, plus, _ = _phase_space(u, v)
        return np.stack([minus, plus], 1)

    def _height(self, u: Array, v: Array) -> Array:
        minus, plus, jacobian = _phase_space(u, v)
        straight = intensity(minus, plus)
        return np.asarray(jacobian * (straight if not self._extra else straight + self._extra * intensity(plus, minus)))


def _phase_space(u: Array, v: Array) -> tuple[Array, Array, Array]:
    from bartik.nn.amplitudes import from_helicity

    mass = _LOW + (_HIGH - _LOW) * u
    minus, plus, half = from_helicity(mass, 2 * v - 1)
    return minus, plus, half * mass


def intensity(minus: Array, plus: Array, parts: tuple[Array, Array] | None = None, *, chunk: int = 1 << 16) -> Array:
    """``|A|^2`` at squared masses [n], with the toy's couplings or with ``parts``; not normalised."""
    import torch

    real, imaginary = (torch.from_numpy(np.asarray(part)) for part in parts or couplings())
    found = []
    with torch.no_grad():
        for start in range(0, len(minus), chunk):
            piece = slice(start, start + chunk)
            a = dalitz().total(torch.from_numpy(minus[piece]), torch.from_numpy(plus[piece]), (real, imaginary))
            found.append((a[0] ** 2 + a[1] ** 2).numpy())
    return np.concatenate(found) if found else np.zeros(0)


def norm(parts: tuple[Array, Array] | None = None) -> float:
    """Integral of `intensity` over the phase space, in GeV^4 of its unit."""
    c = np.asarray((parts or couplings())[0]) + 1j * np.asarray((parts or couplings())[1])
    return float((c.conj() @ dalitz().products.numpy() @ c).real)


def fractions(parts: tuple[Array, Array]) -> dict[str, float]:
    """Fit fractions: the integral of each resonance's square alone over that of the sum's."""
    squares = parts[0] ** 2 + parts[1] ** 2
    return dict(zip([name for name, _, _ in MODEL], (squares / norm(parts)).tolist(), strict=True))


def grid(bins: int) -> tuple[Array, Array, Array]:
    """Edges [bins + 1] and centres [4 bins, 4 bins] of a fine grid over the square around the phase space, and where it is inside."""
    import torch

    from bartik.nn.amplitudes import is_inside

    edges = np.linspace(0.35, 3.05, bins + 1)
    fine = edges[0] + (edges[-1] - edges[0]) * (np.arange(4 * bins) + 0.5) / (4 * bins)
    minus, plus = np.meshgrid(fine, fine, indexing="ij")
    inside = is_inside(torch.from_numpy(minus), torch.from_numpy(plus)).numpy()
    return edges, np.stack([minus[inside], plus[inside]], 1), inside


def on_plane(rows: Array, parts: tuple[Array, Array], bins: int = 60) -> tuple[Array, Array, Array]:
    """Edges [bins + 1]; counts of ``rows`` [n, 2] and what the amplitude expects [bins, bins]."""
    edges, centres, _ = grid(bins)
    counts, _, _ = np.histogram2d(rows[:, 0], rows[:, 1], [edges, edges])
    heights = intensity(centres[:, 0], centres[:, 1], parts)
    expected, _, _ = np.histogram2d(centres[:, 0], centres[:, 1], [edges, edges], weights=heights)
    return edges, counts, expected * len(rows) / expected.sum()


def parts_of(values: Array) -> tuple[Array, Array]:
    """Couplings [13] from the parameters of a fit [24]."""
    pairs = np.asarray(values).reshape(-1, 2)
    return np.concatenate([[1.0], pairs[:, 0]]), np.concatenate([[0.0], pairs[:, 1]])
