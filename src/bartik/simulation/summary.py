"""A sample of collisions in some numbers, by which generators are compared."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.simulation.record import EventSample, decay_vertices, descends_from, is_beauty, is_charm, last_of

_SOFT = 0.2  # GeV of transverse momentum: from here on LHCb counts charged particles (EPJC 74 (2014) 2888)


def summary(sample: EventSample) -> dict[str, float]:
    """Means over collisions, and medians and shares over particles; "forward" is 2 < η < 5, momenta are in GeV, flights in mm."""
    pdg, final = np.abs(sample.particles["pdg"]), sample.particles["final"]
    forward = (sample.eta > 2) & (sample.eta < 5)
    charged = final & (sample.particles["charge"] != 0)
    seen = charged & forward & (sample.pt > _SOFT)
    numbers = _multiplicities(sample, charged, "charged") | _multiplicities(sample, seen, "forward charged")
    numbers |= _momenta(sample, seen)
    numbers |= {f"share of {name}": float((pdg[seen] == number).mean()) for name, number in (("kaons", 321), ("protons", 2212))}
    count = max(int(sample.collision_offsets[-1]), 1)
    for name, chosen in (("photons", final & (pdg == 22)), ("K_S0", pdg == 310), ("Lambda0", pdg == 3122)):
        numbers[f"forward {name}"] = float((chosen & forward).sum()) / count
    return numbers | {"charm hadrons": float(last_of(sample, is_charm(sample.particles["pdg"])).sum()) / count}


def beauty_summary(sample: EventSample) -> dict[str, float]:
    """Numbers over beauty hadrons that decay weakly."""
    hadrons = last_of(sample, is_beauty(sample.particles["pdg"]))
    charged = sample.particles["final"] & (sample.particles["charge"] != 0)
    born = np.stack([sample.particles[axis] for axis in "xyz"], axis=1)
    flight = np.linalg.norm(decay_vertices(sample)[hadrons, :3] - born[hadrons], axis=1)
    pt, eta = sample.pt[hadrons], sample.eta[hadrons]
    return {
        "hadrons per event": float(hadrons.sum()) / len(sample),
        "transverse momentum, median": float(np.median(pt)),
        "transverse momentum, 90%": float(np.quantile(pt, 0.9)),
        "forward, share": float(((eta > 2) & (eta < 5)).mean()),
        "flight, median": float(np.nanmedian(flight)),
        "charged of each": float((descends_from(sample, hadrons) & charged).sum() / hadrons.sum()),
    }


def _multiplicities(sample: EventSample, chosen: npt.NDArray[np.bool_], name: str) -> dict[str, float]:
    owner = sample.particles["collision"] + np.repeat(sample.collision_offsets[:-1], np.diff(sample.particle_offsets))
    counts = np.bincount(owner[chosen], minlength=int(sample.collision_offsets[-1]))
    quantiles = {f"{name}, {share:.0%}": float(np.quantile(counts, share)) for share in (0.5, 0.9)}
    return {f"{name}, mean": float(counts.mean()), f"{name}, spread": float(counts.std())} | quantiles


def _momenta(sample: EventSample, chosen: npt.NDArray[np.bool_]) -> dict[str, float]:
    pt = sample.pt[chosen]
    momentum = pt * np.cosh(sample.eta[chosen])
    numbers = {f"forward pT, {share:.0%}": float(np.quantile(pt, share)) for share in (0.5, 0.95, 0.99)}
    return numbers | {f"forward p, {share:.0%}": float(np.quantile(momentum, share)) for share in (0.5, 0.95)}
