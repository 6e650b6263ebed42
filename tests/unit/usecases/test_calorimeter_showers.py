"""Parts of calorimeter_showers: what the critic sees, tables by energy, hidden numbers, files of the CaloChallenge, published tables."""

import copy
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from bartik.core import ConfigError, DataError, ExportError, load_config
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.core.voxels import Binning, VoxelLayer
from bartik.data.calochallenge import write_binning, write_showers
from bartik.simulation.shower_geometry import geometry
from bartik.simulation.showers import generate_showers, log_uniform
from bartik.usecases.calorimeter_showers import sample
from bartik.usecases.calorimeter_showers.by_energy import ByEnergy, scaled_energy
from bartik.usecases.calorimeter_showers.decoder import Decoder
from bartik.usecases.calorimeter_showers.ecal_network import EcalGenerator, export_ecal_generator, read_ecal_generator
from bartik.usecases.calorimeter_showers.flow_matching.network import ShowerMatching
from bartik.usecases.calorimeter_showers.gan.network import ShowerGan
from bartik.usecases.calorimeter_showers.gan.seen import SEEN
from bartik.usecases.calorimeter_showers.hidden import Hidden
from bartik.usecases.calorimeter_showers.judged import Sample, by_energy, resolution_at_high_energies
from bartik.usecases.calorimeter_showers.published import read_results
from bartik.usecases.calorimeter_showers.size import LATENT, NOISE
from bartik.usecases.calorimeter_showers.vae.network import Second

WHERE = geometry("tungsten_silicon")
SHOWERS = generate_showers(log_uniform(np.random.default_rng(0), 600, 1e3, 1e6), WHERE, (4,))
ENERGY, VOXELS = torch.from_numpy(SHOWERS.incident[:, None]), torch.from_numpy(SHOWERS.voxels)


def test_a_table_by_energy_has_the_means_of_showers_around_each_energy() -> None:
    table, scaled = ByEnergy(2), torch.linspace(-1, 1, 4000)[:, None]
    table.set_to(table.means_of(torch.cat([3 * scaled, scaled**2], 1), scaled))
    assert table(torch.tensor([[-0.5], [0.3]])) == pytest.approx(torch.tensor([[-1.5, 0.25], [0.9, 0.09]]), abs=0.02)
    assert table(torch.tensor([[7.0]])) == pytest.approx(table(torch.tensor([[1.0]])))  # beyond all energies the last mean


def gan() -> ShowerGan:
    return copy.deepcopy(_gan())


@cache
def _gan() -> ShowerGan:
    torch.manual_seed(8)
    found = ShowerGan(WHERE, (1e3, 1e6), [16], [16])
    found.adapt_to({"energy": SHOWERS.incident[:, None]}, SHOWERS.voxels)
    return found


def test_a_critic_sees_true_showers_with_mean_0_and_spread_1_at_every_energy() -> None:
    found = gan().seen
    seen = found(VOXELS, ENERGY, scaled_energy(ENERGY, 1e3, 1e6), (VOXELS > 0).float())
    assert seen.shape == (600, SEEN)
    for rows in ((ENERGY < 1e4)[:, 0], (ENERGY > 1e5)[:, 0]):
        assert seen[rows].mean(0).abs().mean() < 0.1
        assert seen[rows, :121].std(0).mean() == pytest.approx(1, abs=0.15)
        assert seen[rows, 0].std() == pytest.approx(1, abs=0.15)  # the energy of the shower, which is known to 1% at high energies


def test_a_generator_that_has_learnt_nothing_makes_the_mean_shower_of_each_energy() -> None:
    found = gan()
    with torch.no_grad():
        found.generator.network[-1].weight.zero_()
        voxels = found(ENERGY, torch.randn(600, NOISE))
    for rows in ((ENERGY < 1e4)[:, 0], (ENERGY > 1e5)[:, 0]):
        made, wanted = ((of[rows] / ENERGY[rows]).mean(0) for of in (voxels, VOXELS))
        assert float((made - wanted).abs().max()) < 0.02


def test_generators_have_slopes_for_all_that_a_critic_sees() -> None:
    found = gan()
    seen, voxels = found.shown(ENERGY[:64], torch.randn(64, NOISE))
    assert torch.isfinite(seen).all()
    assert (voxels[voxels > 0] >= WHERE.response.threshold).all()
    for part in (seen[:, :1], seen[:, 106:121], seen[:, 121:421]):  # the energy, occupancies, voxels
        slope = torch.autograd.grad(part.sum(), found.generator.network[-1].weight, retain_graph=True)[0]
        assert torch.isfinite(slope).all()
        assert slope.abs().sum() > 0


def hidden() -> Hidden:
    return copy.deepcopy(_hidden())


@cache
def _hidden() -> Hidden:
    torch.manual_seed(7)
    found = Hidden(WHERE.response.threshold, (1e3, 1e6), [16])
    found.adapt_to({"energy": SHOWERS.incident[:, None]}, SHOWERS.voxels)
    return found


def test_hidden_numbers_that_say_nothing_give_the_mean_shower() -> None:
    found = hidden()
    with torch.no_grad():
        found.decoder.network[-1].weight.zero_()
        voxels = found.showers(torch.zeros(600, LATENT), ENERGY, torch.randn(600, 300))
    shares = (voxels / ENERGY).mean(0)
    wanted = (VOXELS / ENERGY).mean(0)
    assert float((shares - wanted).abs().max()) < 0.01
    assert (voxels[voxels > 0] >= WHERE.response.threshold).all()


def test_whole_showers_fluctuate_by_more_than_their_spots_where_networks_add_nothing() -> None:
    found = hidden()
    rows = (ENERGY > 1e5)[:, 0]
    away, by_spots = found.decoder.away(VOXELS[rows], ENERGY[rows])
    with torch.no_grad():
        found.decoder.network[-1].weight.zero_()
        made = found.showers(torch.randn(600, LATENT), ENERGY, torch.randn(600, 300))[rows]
    again, _ = found.decoder.away(made, ENERGY[rows])
    assert float(again.std()) == pytest.approx(float(away.std()), rel=0.2)
    assert again.std() > 1.2 * by_spots.mean().sqrt()
    mean, spread = found.decoder.first(VOXELS[rows], ENERGY[rows])  # as distributed as the number is: Gaussian of width 1
    assert float(mean.var() + (spread**2).mean()) == pytest.approx(1, abs=0.3)


def test_a_shower_without_energy_says_no_more_than_that_the_first_number_is_low() -> None:
    found = hidden()
    mean, spread = found.decoder.first(torch.zeros(2, 300), torch.tensor([[1e3], [1e6]]))
    assert (mean == -8).any()
    assert ((mean >= -8) & (mean < 0) & (spread > 0)).all()


def test_the_energy_of_a_whole_shower_is_the_first_numbers_alone_whatever_the_network_has_learnt() -> None:
    torch.manual_seed(2)
    found = Decoder(WHERE.response.threshold, (1e3, 1e6), [16])
    found.adapt_to({"energy": SHOWERS.incident[:, None]}, SHOWERS.voxels)
    with torch.no_grad():
        found.network[-1].weight.normal_()
        energies = [found(torch.randn(600, LATENT), ENERGY).exp().sum(1, keepdim=True) * found.spots.mean / ENERGY for _ in range(100)]
        numbers = torch.randn(600, LATENT)
        moved = numbers + torch.tensor([1.0, *[0.0] * (LATENT - 1)])
        ratio = (found(moved, ENERGY).logsumexp(1) - found(numbers, ENERGY).logsumexp(1))[:, None]
    scaled = found.scaled(ENERGY)
    assert ratio == pytest.approx(found.spread(scaled), abs=1e-4)
    mean, spread = torch.stack(energies).mean(0), torch.stack(energies).std(0)
    assert mean / found.mean(scaled)[:, 300:].exp() == pytest.approx(torch.ones(600, 1), abs=0.03)
    assert (spread / mean).mean() == pytest.approx(float(found.spread(scaled).mean()), rel=0.05)


def test_the_first_number_is_read_from_the_energy_whatever_the_encoder_has_learnt() -> None:
    found = hidden()
    with torch.no_grad():
        for values in found.encoder[-1].parameters():
            values.normal_()
        numbers, _ = found.encoded(ENERGY, VOXELS)
    high = (ENERGY > 2e5)[:, 0]
    away, _ = found.decoder.away(VOXELS[high], ENERGY[high])
    assert np.corrcoef(numbers[high, 0], away[:, 0])[0, 1] > 0.7
    assert abs(np.corrcoef(numbers[high, 1], away[:, 0])[0, 1]) < 0.3


def test_the_first_number_is_read_as_the_decoder_writes_it_where_whole_showers_differ_by_much() -> None:
    found = hidden().decoder
    found.spread.set_to(torch.full_like(found.spread.table, 0.8))
    scaled, numbers = found.scaled(ENERGY), torch.linspace(-2, 2, 600)[:, None]
    mean = ENERGY * torch.softmax(found.mean(scaled)[:, :300], 1) * found.mean(scaled)[:, 300:].exp()
    first, width = found.first(mean * torch.exp(0.8 * (numbers - 0.4)), ENERGY)
    high = ENERGY > 1e4
    assert first[high] == pytest.approx(numbers[high], abs=0.03)
    assert (width[high] < 0.1).all()


def test_a_second_autoencoder_draws_hidden_numbers_as_they_are_distributed() -> None:
    torch.manual_seed(3)
    second, told = Second([32]), torch.linspace(-1, 1, 800)[:, None].repeat(1, 2)
    numbers = 0.5 * torch.randn(800, LATENT) + told[:, :1]  # their mean is a matter of the energy, their width is not 1
    optimiser = torch.optim.Adam(second.parameters(), lr=1e-2)
    for _ in range(150):
        optimiser.zero_grad()
        (-second.evidence(numbers, told).mean()).backward()
        optimiser.step()
    with torch.no_grad():
        made = second(torch.randn(800, 2 * LATENT), told)
    for rows in (slice(0, 200), slice(600, 800)):
        assert made[rows].mean(0) == pytest.approx(numbers[rows].mean(0), abs=0.15)
        assert made[rows].std(0) == pytest.approx(numbers[rows].std(0), rel=0.2)


def test_a_network_that_learns_another_mean_shower_keeps_what_differs_from_it() -> None:
    found = hidden()
    before = found.showers(torch.zeros(600, LATENT), ENERGY, torch.ones(600, 300)).detach()
    found.adapt_to({"energy": SHOWERS.incident[:, None]}, 2 * SHOWERS.voxels)  # spots are twice as large, so are voxels
    after = found.showers(torch.zeros(600, LATENT), ENERGY, torch.ones(600, 300)).detach()
    lit = before > 1
    assert (after[lit] / before[lit]).median() == pytest.approx(2, rel=0.05)


def test_a_shower_is_likelier_than_another_of_the_same_energy_where_numbers_are_its_own() -> None:
    found = hidden()
    optimiser = torch.optim.Adam(found.parameters(), lr=5e-3)
    for _ in range(60):
        numbers, drawn_from = found.encoded(ENERGY, VOXELS)
        bound = found.log_density(numbers, ENERGY, VOXELS) - 0.5 * (numbers**2).sum(1) - drawn_from
        optimiser.zero_grad()
        (-bound.mean() / 300).backward()
        optimiser.step()
    with torch.no_grad():
        numbers, _ = found.encoded(ENERGY, VOXELS)
        own, others = (found.log_density(at, ENERGY, VOXELS).mean() for at in (numbers, numbers.flip(0)))
    assert own > others


def test_the_student_of_flow_matching_learns_the_way_of_the_velocity() -> None:
    network = ShowerMatching(hidden(), [16], 8)
    optimiser, told = torch.optim.Adam(network.student.parameters(), lr=1e-2), torch.zeros(256, 2)
    noise = torch.randn(256, LATENT)
    taught = network.carried(noise, told, 4).detach()
    assert taught == pytest.approx(network.carried(noise, told, 16).detach(), abs=0.1)  # the way is known well enough
    before = _missed(network, noise, told, taught)
    for _ in range(150):
        optimiser.zero_grad()
        ((network.learnt(noise, told) - taught) ** 2).mean().backward()
        optimiser.step()
    assert _missed(network, noise, told, taught) < 0.2 * before


def _missed(network: ShowerMatching, noise: torch.Tensor, told: torch.Tensor, taught: torch.Tensor) -> float:
    with torch.no_grad():
        return float(((network.learnt(noise, told) - taught) ** 2).mean())


def config(*settings: str):
    return load_config(usecase_folder(load_usecase("calorimeter_showers.vae")), layer="tiny", settings=settings)


def test_a_file_of_finer_voxels_is_merged_and_divided_among_the_splits(tmp_path: Path) -> None:
    layer = WHERE.binning.layers[0]
    fine = Binning((VoxelLayer(layer.r_edges, 8),) * 45)
    showers = np.random.default_rng(1).exponential(1, (60, fine.voxels))
    write_showers(tmp_path / "x.h5", np.linspace(2e3, 9e5, 60), showers)
    write_binning(tmp_path / "b.xml", fine, "electron", 11)
    mine = config(f"data.path={tmp_path / 'x.h5'}", f"data.binning={tmp_path / 'b.xml'}")
    found = {split: sample.showers_of(split, mine) for split in ("train", "validation", "test")}
    assert [len(part) for part in found.values()] == [30, 10, 20]
    together = np.concatenate([part.voxels.sum(1) for part in found.values()])
    assert np.sort(together) == pytest.approx(np.sort(showers.sum(1)), rel=1e-5)


def test_a_file_of_another_binning_and_a_geometry_of_another_shape_are_refused(tmp_path: Path) -> None:
    write_showers(tmp_path / "x.h5", [2e3], np.ones((1, 6480)))
    with pytest.raises(DataError, match=r"has 6480 voxels a shower \(that is set 2\), the binning 300"):
        sample.showers_of("train", config(f"data.path={tmp_path / 'x.h5'}"))
    text = (Path(sample.__file__).parents[2] / "simulation" / "geometries" / "tungsten_silicon.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(text.replace("layers = 15", "layers = 12"), encoding="utf-8")
    with pytest.raises(ConfigError, match="wanted 15 layers of 5 rings and 4 sectors"):
        sample.showers_of("train", config(f"data.geometry={tmp_path / 'mine.toml'}"))


def test_published_tables_are_read_and_refused_where_they_are_none(tmp_path: Path) -> None:
    columns = "FPD * 1e3,binary cls low,binary cls high,time CPU 100,time GPU 100,Parameters generation"
    (tmp_path / "t.csv").write_text(f"submission name,{columns}\nGEANT4,10.7,0.5,0.5,,,\nmine,20,0.6,0.7,1.5,,99\n")
    found = read_results(tmp_path / "t.csv")
    assert found["published|names"].tolist() == ["GEANT4", "mine"]
    assert found["published|values"][1, :4].tolist() == [20, 0.6, 0.7, 1.5]
    assert np.isnan(found["published|values"][1, 4])
    (tmp_path / "u.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="no column 'submission name'"):
        read_results(tmp_path / "u.csv")


@pytest.mark.slow
def test_a_generator_of_weights_is_brought_in_by_a_process_of_its_own(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = EcalGenerator().eval()
    torch.save(model.state_dict(), tmp_path / "weights.pt")
    bundle = export_ecal_generator(tmp_path / "weights.pt", tmp_path / "bundle")
    inputs, outputs = bundle.reference()
    wanted = model(*(torch.from_numpy(inputs[name]) for name in ("noise", "particle"))).detach()
    assert outputs["image"] == pytest.approx(wanted.numpy(), abs=1e-5)


def test_a_file_that_is_no_generator_is_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(ExportError, match="is no generator of the LHCb challenge"):
        read_ecal_generator(tmp_path / "other.pt")
    (tmp_path / "junk.pt").write_bytes(b"junk")
    with pytest.raises(ExportError, match="neither TorchScript nor weights"):
        read_ecal_generator(tmp_path / "junk.pt")


def test_the_resolution_at_high_energies_is_the_relative_spread_of_those_alone() -> None:
    incident = np.tile([1e3, 3.9e5, 5e5, 1e6], 5)
    seen = incident * np.tile([5.0, 7.0, 0.9, 0.7], 5)
    assert resolution_at_high_energies(seen, incident, 1e6).value == pytest.approx(10 / 0.8)  # percent
    assert np.isnan(resolution_at_high_energies(seen[:4], incident[:4], 1e6).value)  # two showers have no spread worth a number


def test_response_and_resolution_by_energy_have_the_errors_of_their_numbers_of_showers() -> None:
    rng = np.random.default_rng(6)
    incident = np.exp(rng.uniform(np.log(2e5), np.log(1e6), 4000))
    voxels = np.zeros((4000, 300))
    voxels[:, 0] = incident * rng.normal(0.99, 0.02, 4000)
    found = by_energy(Sample.of(voxels, incident, WHERE.binning), (2e5, 1e6))
    assert set(found) == {
        f"{what}, {where} GeV" for what in ("response", "resolution in percent") for where in ("200 to 400", "400 to 1000")
    }
    response, width = found["response, 400 to 1000 GeV"], found["resolution in percent, 400 to 1000 GeV"]
    count = (incident >= 4e5).sum()
    assert response.value == pytest.approx(0.99, abs=0.002)
    assert (response.high - response.low) / 2 == pytest.approx(0.02 / np.sqrt(count), rel=0.15)
    assert width.value == pytest.approx(2 / 0.99, abs=0.1)
    assert (width.high - width.low) / 2 == pytest.approx(width.value / np.sqrt(2 * count), rel=0.2)


def test_bins_of_energy_without_showers_are_left_out() -> None:
    voxels = np.full((20, 300), 1.0)
    assert list(by_energy(Sample.of(voxels, np.full(20, 5e3), WHERE.binning), (1e3, 1e6))) == [
        "response, 3 to 20 GeV",
        "resolution in percent, 3 to 20 GeV",
    ]


def test_showers_of_the_highest_energy_are_in_the_last_bin_alone_and_others_beyond_it_in_none() -> None:
    voxels, incident = np.full((40, 300), 1.0), np.repeat([1e6, 2e6], 20)
    assert list(by_energy(Sample.of(voxels, incident, WHERE.binning), (1e3, 1e6))) == [
        "response, 400 to 1000 GeV",
        "resolution in percent, 400 to 1000 GeV",
    ]
    assert not by_energy(Sample.of(voxels[20:], incident[20:], WHERE.binning), (1e3, 1e6))
