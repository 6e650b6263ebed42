"""Energy in spots: the density is one, samples have it, and what a spot is like is found again."""

from functools import cache

import numpy as np
import pytest
import torch

from bartik.nn.spots import Spots

THRESHOLD = 0.02


@cache
def spots(shape: float = 0.6, scale: float = 10.0) -> Spots:
    made = Spots(THRESHOLD)
    made.set_to(shape, scale)
    return made


def drawn(rng: np.random.Generator, number: float, count: int, shape: float = 0.6, scale: float = 10.0) -> np.ndarray:
    """Spot by spot, by numpy."""
    energies = rng.standard_gamma(shape * rng.poisson(number, count)) * scale
    return np.where(energies >= THRESHOLD, energies, 0)


@pytest.mark.parametrize("number", [0.01, 0.5, 5.0, 200.0])
def test_the_density_is_one_in_all(number: float) -> None:
    energies = np.geomspace(THRESHOLD, 6.0 * number + 20 * 10 * np.sqrt(number) + 300, 20_000)
    log_number = torch.full((len(energies),), float(np.log(number)))
    density = torch.exp(spots().log_density(log_number, torch.from_numpy(energies).float())).double().numpy()
    nothing = torch.exp(spots().log_density(log_number[:1], torch.zeros(1))).item()
    in_log = np.sum(0.5 * (density[1:] + density[:-1]) * np.diff(np.log(energies)))
    assert nothing + in_log == pytest.approx(1, abs=3e-3)


@pytest.mark.parametrize("number", [0.05, 1.0, 20.0, 3000.0])
def test_samples_are_spots_that_were_drawn_one_by_one(number: float) -> None:
    torch.manual_seed(3)
    count = 40_000
    mine = spots().sample(torch.full((count,), float(np.log(number))), torch.randn(count)).numpy()
    theirs = drawn(np.random.default_rng(4), number, count)
    assert (mine > 0).mean() == pytest.approx((theirs > 0).mean(), abs=0.01)
    at = np.quantile(theirs, np.linspace(0, 0.998, 40))
    apart = np.abs((mine[:, None] <= at).mean(0) - (theirs[:, None] <= at).mean(0))
    assert apart.max() < 0.015  # 1.6 times the 0.1% point of two samples of this size would be 0.022


def test_more_noise_is_never_less_energy() -> None:
    noise = torch.linspace(-6, 6, 2001)
    for number in (0.01, 1.0, 1e3):
        energies = spots().sample(torch.full_like(noise, float(np.log(number))), noise)
        assert (torch.diff(energies) >= -1e-4 * energies[1:]).all()
        assert torch.isfinite(energies).all()


def test_what_a_spot_is_like_is_found_in_voxels_that_are_seldom_lit() -> None:
    rng = np.random.default_rng(5)
    voxels = np.stack([drawn(rng, number, 20_000) for number in (0.01, 0.02, 0.03, 0.04, 5.0)], axis=1).astype(np.float32)
    made = Spots(THRESHOLD)
    made.adapt(voxels, np.zeros(len(voxels), np.int64))
    assert made.shape.item() == pytest.approx(0.6, rel=0.1)
    assert made.mean.item() == pytest.approx(6.0, rel=0.08)


def test_voxels_that_are_all_lit_or_none_are_no_error() -> None:
    for voxels in (np.ones((30, 4), np.float32), np.zeros((30, 4), np.float32)):
        made = Spots(THRESHOLD)
        made.adapt(voxels, np.zeros(30, np.int64))
        assert torch.isfinite(made.table).all()


def test_the_gradient_is_that_of_the_density() -> None:
    log_number = torch.linspace(-3, 6, 40, requires_grad=True)
    energies = 6.0 * torch.exp(log_number.detach()) * 1.3
    spots().log_density(log_number, energies).sum().backward()
    step = 0.02
    with torch.no_grad():
        above, below = (spots().log_density(log_number + sign * step, energies) for sign in (1, -1))
    assert log_number.grad is not None
    assert log_number.grad == pytest.approx((above - below) / (2 * step), rel=0.03, abs=0.05)
