"""Showers in a calorimeter without following every particle: a flow, flow matching, a GAN and an autoencoder, compared objectively.

Full simulation of calorimeters takes most of the computing of an experiment. A generative model draws the energies of voxels for a particle
of a given energy, thousands of times faster; how true they are is measured as in the CaloChallenge (arXiv:2410.21611), beside the floor:
two independent halves of the simulation.
"""

from bartik.core import Arrays
from bartik.usecases.calorimeter_showers.drawn import draw as draw
from bartik.usecases.calorimeter_showers.together import whole as whole

parts: dict[str, tuple[str, ...]] = {"vae": (), "gan": (), "flow_matching": (), "flow": ()}
HEADLINE = "AUC, low level"


def figures(arrays: Arrays, metrics: dict[str, dict[str, object]]) -> list[tuple[str, str, object]]:
    """Figures of the page, drawn when they are wanted: matplotlib takes a second to import."""
    from bartik.usecases.calorimeter_showers.figures import figures as draw

    return list(draw(arrays, metrics))
