"""Reference numbers of showers: of the parametrisation, of the particle data book, of the CaloChallenge, of LHCb's generators."""

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from bartik.core.places import samples
from bartik.metrics.shower_observables import response
from bartik.simulation import shower_geometry
from bartik.simulation.shower_geometry import Geometry, geometry
from bartik.simulation.showers import Showers, generate_showers
from bartik.usecases.calorimeter_showers.ecal_network import read_ecal_generator
from bartik.usecases.calorimeter_showers.published import COLUMNS, GEANT4, read_results

FOLDER = samples() / "09_calorimeter" if samples() else None
needs_data = pytest.mark.skipif(
    FOLDER is None or not (FOLDER / "calochallenge_ds2.csv").is_file(), reason="needs BARTIK_DATA with 09_calorimeter"
)


@cache
def fine() -> Geometry:
    """The calorimeter of set 2 in its 45 layers, with many narrow rings."""
    text = (Path(shower_geometry.__file__).parent / "geometries" / "tungsten_silicon.toml").read_text(encoding="utf-8")
    text = text.replace("layers = 15", "layers = 45").replace("thickness = 10.2", "thickness = 3.4")
    edges = [round(float(edge), 3) for edge in np.linspace(0, 10.878 * 3, 31)]
    return _geometry(text.replace("[0.0, 4.65, 9.3, 18.6, 27.9, 41.85]", str(edges)))


def _geometry(text: str) -> Geometry:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fine.toml"
        path.write_text(text, encoding="utf-8")
        return geometry(str(path))


@cache
def showers(energy: float, count: int = 600) -> Showers:
    return generate_showers(np.full(count, energy), fine(), (21,))


def test_a_layer_of_set_2_is_as_deep_in_radiation_lengths_as_the_challenge_says() -> None:
    # arXiv:2410.21611: 3.4 mm, 0.8 radiation lengths
    assert fine().thickness / fine().medium.radiation_length == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("energy", [1e4, 1e5])
def test_the_mean_longitudinal_profile_is_that_of_the_parametrisation(energy: float) -> None:
    # hep-ex/0001020, A.1.1 and A.2.1: average profiles, whose parameters were fitted apart from those of the fluctuations that are drawn
    medium = fine().medium
    log_y, thin = math.log(energy / medium.critical_energy), 1 / medium.sampling
    t = log_y - 0.858 - 0.59 * thin - 0.53 * (1 - medium.e_hat)
    alpha = 0.21 + (0.492 + 2.38 / medium.z) * log_y - 0.444 * thin
    layers = showers(energy).voxels.reshape(-1, 45, 120).sum(2).mean(0)
    depth = (np.arange(45) + 0.5) * fine().thickness / medium.radiation_length
    centre = float((layers * depth).sum() / layers.sum())
    assert centre == pytest.approx(alpha * t / (alpha - 1), abs=0.35)
    top = depth[layers.argmax() - 2 : layers.argmax() + 3], layers[layers.argmax() - 2 : layers.argmax() + 3]
    bend, slope, _ = np.polyfit(*top, 2)
    assert -slope / (2 * bend) == pytest.approx(t, abs=0.35)


def test_most_of_the_energy_is_within_a_moliere_radius() -> None:
    # particle data book, passage of particles through matter: 90% within one, about 95% within two
    rings = showers(1e5).voxels.reshape(-1, 45, 4, 30).sum((0, 1, 2))
    shares = np.cumsum(rings) / showers(1e5).incident.sum(dtype=np.float64)
    assert shares[9] == pytest.approx(0.90, abs=0.06)
    assert shares[19] == pytest.approx(0.96, abs=0.03)


def test_the_resolution_is_that_of_the_geometry() -> None:
    # stochastic term 15% and constant term 1%, which the geometry file asks for; what leaks out fluctuates by 0.1% and less
    where = geometry("tungsten_silicon")
    incident = np.repeat([2e3, 2e4, 2e5], 1500)
    total = generate_showers(incident, where, (22,)).voxels.sum(1)
    _, width, _ = response(total, incident, np.array([1e3, 1e4, 1e5, 1e6]))
    assert width == pytest.approx(np.hypot(0.15 / np.sqrt([2.0, 20.0, 200.0]), 0.01), rel=0.06)


@needs_data
def test_the_published_tables_have_the_floor_that_they_are_said_to_have() -> None:
    # full simulation against itself, set 2: FPD 10.8e-3, classifier 0.500; the best submission, CaloDREAM: 24.7e-3 and 0.531
    assert FOLDER is not None
    found = read_results(FOLDER / "calochallenge_ds2.csv")
    names = found["published|names"].tolist()
    area, distance = COLUMNS.index("binary cls low"), COLUMNS.index("FPD * 1e3")
    floor = found["published|values"][names.index(GEANT4)]
    assert floor[[distance, area]] == pytest.approx([10.776, 0.4996], abs=1e-3)
    best = found["published|values"][names.index("CaloDREAM")]
    assert best[[distance, area]] == pytest.approx([24.7, 0.531], abs=0.06)


@needs_data
def test_lhcbs_trained_generators_are_our_network_and_one_answers_by_the_batch() -> None:
    # the TorchScript file was traced while it trained: its batch normalisation takes the batch's own mean and spread
    assert FOLDER is not None
    script = read_ecal_generator(FOLDER / "models" / "lhcb_ecal_gan_generator_torchscript.pth")
    assert script.by_batch
    assert script.difference < 1e-5
    weights = read_ecal_generator(FOLDER / "models" / "mlhep2019_ecal_generator_sergeev.pt")
    assert not weights.by_batch
