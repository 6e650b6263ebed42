"""Parametric showers: energies, shapes, geometries, and what is refused."""

import re
from pathlib import Path

import numpy as np
import pytest

from bartik.core import ConfigError, UnknownNameError
from bartik.simulation.shower_geometry import geometry, geometry_names
from bartik.simulation.shower_profiles import sector_shares
from bartik.simulation.showers import generate_showers, log_uniform

WHERE = geometry("tungsten_silicon")


def test_the_same_seed_gives_the_same_showers_and_another_gives_others() -> None:
    energy = np.full(20, 1e4)
    one, same, other = (generate_showers(energy, WHERE, (seed,)).voxels for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


@pytest.mark.parametrize("particle", ["electron", "photon", "pion"])
@pytest.mark.parametrize("name", ["tungsten_silicon", "lead_scintillator"])
def test_voxels_are_empty_or_above_the_threshold_and_never_more_than_was_there(particle: str, name: str) -> None:
    where = geometry(name)
    found = generate_showers(np.full(60, 5e4), where, (3,), particle)
    assert found.voxels.shape == (60, 300)
    assert (found.voxels[found.voxels > 0] >= where.response.threshold).all()
    assert found.voxels.sum(1).max() < 1.2 * 5e4


@pytest.mark.parametrize("name", ["tungsten_silicon", "lead_scintillator"])
def test_a_shower_leaves_no_more_than_came_in_wherever_its_axis_is(tmp_path: Path, name: str) -> None:
    import bartik.simulation.shower_geometry as module

    text = (Path(module.__file__).parent / "geometries" / f"{name}.toml").read_text(encoding="utf-8")
    for term, value in (("stochastic", "0.0003"), ("constant", "0.0"), ("threshold", "0.0")):
        text = re.sub(rf"(?m)^{term} = \S+", f"{term} = {value}", text)
    path = tmp_path / "exact.toml"
    path.write_text(text, encoding="utf-8")
    share = generate_showers(np.full(400, 1e5), geometry(str(path)), (9,)).voxels.sum(1) / 1e5
    assert share.max() < 1.001
    assert share.std() < 0.01  # what leaks out


def test_the_profile_across_of_a_centred_shower_is_the_closed_form() -> None:
    # without a shift the share within r is r² / (r² + R²); hep-ex/0001020, equation 25
    radius, edges, none = np.array([0.7]), np.array([0.0, 0.5, 2.0, 9.0]), np.zeros(1)
    found = sector_shares(radius, none, none, edges, 4, 4)
    assert found.shape == (1, 4, 3)
    assert found.sum(1)[0] == pytest.approx(np.diff(edges**2 / (edges**2 + 0.49)))
    assert np.ptp(found, axis=1) == pytest.approx(np.zeros((1, 3)), abs=1e-12)


def test_a_shifted_profile_is_the_integral_over_its_voxels() -> None:
    rng = np.random.default_rng(0)
    radius, x, y = 0.8, 0.6, -0.3
    r, phi = radius * np.sqrt(1 / rng.uniform(size=400_000) - 1), rng.uniform(0, 2 * np.pi, 400_000)
    px, py = x + r * np.cos(phi), y + r * np.sin(phi)
    edges = np.array([0.0, 1.0, 2.0])
    place = np.floor(np.arctan2(py, px) % (2 * np.pi) / (np.pi / 2)), np.digitize(np.hypot(px, py), edges) - 1
    counted = np.histogram2d(*place, bins=[np.arange(5) - 0.5, np.arange(3) - 0.5])[0] / 400_000
    found = sector_shares(np.array([radius]), np.array([x]), np.array([y]), edges, 4, 8)[0]
    assert found == pytest.approx(counted, abs=0.004)


def test_an_angle_moves_the_shower_with_depth() -> None:
    where = geometry("lead_scintillator")
    cube = generate_showers(np.full(300, 1e5), where, (5,)).voxels.reshape(300, where.layers, -1)
    x = (cube * where.binning.x.reshape(where.layers, -1)).sum(2).sum(0) / cube.sum(2).sum(0)
    assert x[8] - x[2] > 3  # 3 degrees over six layers of 28 mm are 9 mm; few and wide voxels see a part of it


def test_photons_begin_later_than_electrons() -> None:
    depths = {}
    for particle in ("electron", "photon"):
        layers = generate_showers(np.full(1500, 1e4), WHERE, (7,), particle).voxels.reshape(-1, 15, 20).sum(2)
        depths[particle] = float((layers * np.arange(15)).sum() / layers.sum()) * WHERE.thickness / WHERE.medium.radiation_length
    assert depths["photon"] - depths["electron"] == pytest.approx(9 / 7, abs=0.15)  # radiation lengths: the mean way to a conversion


def test_pions_leave_less_and_more_differently_than_electrons() -> None:
    shares = {p: generate_showers(np.full(400, 5e4), WHERE, (8,), p).voxels.sum(1) / 5e4 for p in ("electron", "pion")}
    assert shares["pion"].mean() < 0.5 < shares["electron"].mean()
    assert shares["pion"].std() > 5 * shares["electron"].std()


def test_energies_are_uniform_in_the_logarithm() -> None:
    logs = np.log(log_uniform(np.random.default_rng(0), 20_000, 10.0, 1000.0))
    assert logs.mean() == pytest.approx(np.log(100), abs=0.03)
    assert (logs >= np.log(10)).all()


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown particle 'elektron'"):
        generate_showers([1e3], WHERE, (1,), "elektron")
    with pytest.raises(ConfigError, match="wanted 50 MeV or more, got 3 MeV"):
        generate_showers([1e3, 3.0], WHERE, (1,))
    with pytest.raises(ConfigError, match="lowest"):
        log_uniform(np.random.default_rng(0), 3, 10.0, 1.0)
    with pytest.raises(UnknownNameError, match="unknown geometry 'tungsten'"):
        geometry("tungsten")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("layers = 15", "layers = 0", "wanted layers"),
        ("z = 74.0", "charge = 74.0", "missing, unknown or no number"),
        ("[axis]", "[way]", r"table \[axis\] is missing"),
        ("9.3, 18.6", "18.6, 9.3", "rising radii"),
        ("stochastic = 0.15", "stochastic = 0.0", "positive stochastic"),
        ("layers = 15", "layers = ", "not readable as TOML"),
    ],
)
def test_a_geometry_that_cannot_be_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    import bartik.simulation.shower_geometry as module

    text = (Path(module.__file__).parent / "geometries" / "tungsten_silicon.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=told):
        geometry(str(path))


def test_geometries_that_come_with_bartik_can_be_read() -> None:
    assert geometry_names() == ["lead_scintillator", "tungsten_silicon"]
    assert all(geometry(name).binning.voxels == 300 for name in geometry_names())
