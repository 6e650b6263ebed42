"""Two samples of the same particles' tracks compared: marginals, cuts in bins, correlations, and a classifier that tells them apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bartik.core import Array, Arrays, Config, Interval
from bartik.metrics import Cut, auc, cut_in_bins, ks_distance
from bartik.simulation.response.impact import impact_parameter
from bartik.usecases.ultrafast_simulation.chain import IDENTITY_NAMES
from bartik.usecases.ultrafast_simulation.columns import COVARIANCE, QUALITY
from bartik.usecases.ultrafast_simulation.decay import measured
from bartik.usecases.ultrafast_simulation.particles import NUMBERS, Particles, identity_features

GROUPS = {"quality": tuple(c.name for c in QUALITY), "covariance": tuple(c.name for c in COVARIANCE), "identity": IDENTITY_NAMES}
"""Columns of the chain's answers."""
SPECIES = dict(zip(("e", "mu", "pi", "K", "p"), NUMBERS, strict=True))
Look = Callable[[Arrays], tuple[Array, Array]]
"""From answers to which rows pass a cut, and which are looked at, both bool [rows]."""
MOMENTA = np.array([3.0, 5.0, 8.0, 12.0, 18.0, 26.0, 40.0, 60.0, 100.0])
"""Edges of the bins of the true momentum in GeV."""


def of_full_toy(found: Arrays) -> Arrays:
    """The full toy's answers in the shape of the chain's."""
    identity = np.concatenate([found["isMuon"], found["dll"], found["muon"], found["combined"]], axis=1)
    return {"class": found["class"], "quality": found["residuals"], "covariance": found["covariance"], "identity": identity}


def distances(first: Arrays, second: Arrays) -> dict[str, Interval]:
    """Kolmogorov-Smirnov distance of every column where it is defined, by name."""
    found = {}
    for group, names in GROUPS.items():
        for place, name in enumerate(names):
            one, other = (sample[group][:, place] for sample in (first, second))
            found[name] = ks_distance(one[np.isfinite(one)], other[np.isfinite(other)])
    return found


def cut_list(particles: Particles) -> dict[str, Look]:
    """Cuts by name: from answers to (which rows pass, which are looked at), both bool [rows]."""
    number = np.abs(particles.pdg)

    def of(name: str, species: str, low: float) -> Look:
        place = IDENTITY_NAMES.index(name)

        def cut(tracks: Arrays) -> tuple[Array, Array]:
            values = tracks["identity"][:, place]
            return values > low, np.isfinite(values) & (number == SPECIES[species])

        return cut

    found = {f"PIDK > {low}, {species}": of("PIDK", species, low) for species in ("K", "pi") for low in (0, 5)}
    found |= {f"PIDp > 0, {species}": of("PIDp", species, 0) for species in ("p", "pi")}
    found |= {f"PIDe > 0, {species}": of("PIDe", species, 0) for species in ("e", "pi")}
    found |= {f"PIDmu > 0, {species}": of("PIDmu", species, 0) for species in ("mu", "pi")}
    found |= {f"isMuon, {species}": of("isMuon", species, 0.5) for species in ("mu", "pi", "K")}
    found |= {f"ProbNN{one} > {low}, {one}": of(f"ProbNN{one}", one, low) for one in SPECIES for low in (0.1, 0.5)}
    return found | _kinematic(particles)


def _kinematic(particles: Particles) -> dict[str, Look]:
    def pt(tracks: Arrays) -> tuple[Array, Array]:
        momentum, _ = measured(particles, tracks["quality"])
        return np.hypot(momentum[:, 0], momentum[:, 1]) > 0.5, tracks["class"] == 1

    def impact(tracks: Arrays) -> tuple[Array, Array]:
        momentum, point = measured(particles, tracks["quality"])
        return impact_parameter(point, momentum, particles.origin) > 0.03, tracks["class"] == 1

    def of_class(kind: int) -> Look:
        return lambda tracks: (tracks["class"] == kind, particles.within)

    def below(place: int, high: float) -> Look:
        return lambda tracks: (tracks["quality"][:, place] < high, tracks["class"] > 0)

    found: dict[str, Look] = {"pT > 0.5 GeV, long": pt, "IP > 0.03 mm, long": impact}
    for kind, name in enumerate(("long", "upstream", "downstream"), 1):
        found[f"reconstructed as {name}"] = of_class(kind)
    return found | {"ghostProb < 0.1": below(8, 0.1), "ghostProb < 0.3": below(8, 0.3), "chi2/nDoF < 1.5": below(6, 1.5)}


def cuts(particles: Particles, first: Arrays, second: Arrays) -> dict[str, Cut]:
    """Efficiencies of every cut in bins of the true momentum, of both samples."""
    found = {}
    for name, cut in cut_list(particles).items():
        (passed, looked), (other_passed, other_looked) = cut(first), cut(second)
        passes = (passed[looked], other_passed[other_looked])
        values = (particles.p[looked], particles.p[other_looked])
        edges = np.concatenate([[1.0], MOMENTA]) if "reconstructed" in name or "long" in name or "<" in name else MOMENTA
        found[name] = cut_in_bins(passes, values, edges)
    return found


def correlation_difference(first: Arrays, second: Arrays) -> Interval:
    """Largest difference of any two columns' rank correlation in both samples, with the statistical error of one near 0."""
    matrices, least = [], np.inf
    for sample in (first, second):
        rows = np.isfinite(sample["identity"]).all(axis=1)
        table = np.concatenate([sample[group][rows] for group in GROUPS], axis=1)
        least = min(least, len(table))
        ranks = np.argsort(np.argsort(table, axis=0), axis=0).astype(float)
        matrices.append(np.corrcoef(ranks, rowvar=False))
    apart, error = float(np.nanmax(np.abs(matrices[0] - matrices[1]))), float(np.sqrt(2 / least))
    return Interval(apart, max(0.0, apart - error), apart + error)


def told_apart(particles: Particles, first: Arrays, second: Arrays, config: Config) -> Interval:
    """AUC of boosted trees that know the particle and all columns, trained on half of the tracks and judged on the other; 0.5 is best."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    tables = [_table(particles, sample, config.together.classified) for sample in (first, second)]
    half = [len(table) // 2 for table in tables]
    learnt = np.concatenate([table[:middle] for table, middle in zip(tables, half, strict=True)])
    labels = np.repeat([0, 1], half)
    trees = HistGradientBoostingClassifier(
        max_iter=config.together.trees, learning_rate=0.1, max_leaf_nodes=31, early_stopping=False, random_state=config.train.seed
    ).fit(learnt, labels)
    one, other = (trees.predict_proba(table[middle:])[:, 1] for table, middle in zip(tables, half, strict=True))
    return auc(other, one)


def _table(particles: Particles, sample: Mapping[str, Array], most: int) -> Array:
    rows = np.flatnonzero(np.isfinite(sample["identity"]).all(axis=1))[:most]
    return np.concatenate([identity_features(particles.take(rows)), *(sample[group][rows] for group in GROUPS)], axis=1)
