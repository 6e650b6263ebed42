"""How near the objects of test events are to those of the full toy."""

from __future__ import annotations

import numpy as np

from bartik.core import Arrays, Dataset, Interval
from bartik.metrics import wilson
from bartik.usecases.ultrafast_simulation.objects import decided, object_distances, peak, pion_masses, shares
from bartik.usecases.ultrafast_simulation.photons import Photons
from bartik.usecases.ultrafast_simulation.score import KS


def score(outputs: Arrays, data: Dataset) -> dict[str, Interval]:
    """Distances of all that objects have, the largest first and beside it that of the full toy drawn again; shares; the pion's peak."""
    beside = data.spectators
    _, event = np.unique(beside["event"], return_inverse=True)
    photons = Photons(beside["photon"], event)
    truth = {name: beside[name] for name in ("kind", "object")}
    again = {name: beside[f"again {name}"] for name in truth}
    made = decided(outputs["probability"], outputs["drawn"], beside["decisions"])
    if not (made["kind"] > 0).any():
        made["kind"][:1], made["object"][:1] = 1, outputs["drawn"][:1]
    found, floor = (object_distances(photons, truth, sample) for sample in (made, again))
    largest = [max(distances.values(), key=lambda value: value.value) for distances in (found, floor)]
    metrics = {KS: largest[0], "KS floor": largest[1]} | {name: value for name, value in found.items() if name != "mass of pairs"}
    for name, sample in (("", made), (", full toy", truth)):
        metrics |= {f"{key}{name}": wilson(share * total, float(total)) for key, (share, total) in shares(sample).items()}
        metrics[f"pi0 mass width [MeV]{name}"] = peak(pion_masses(beside["mother"], sample))[1]
    return metrics
