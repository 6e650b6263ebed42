"""Reference numbers of particle identification: PIDCalib2's outputs, LHCb's muons and pions of 2012, and what the toy gives."""

from pathlib import Path

import numpy as np
import pytest

from bartik.core import load_config
from bartik.core.places import samples
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.data.tables import read_table
from bartik.metrics import auc, efficiency, find_bins, pidcalib_edges
from bartik.train import fit, run_model
from bartik.usecases.particle_identification.judged import judged
from bartik.usecases.particle_identification.lhcb import MUONS, PROTONS, WIDE, kaons_and_pions, proton_table, read_probes, tune_efficiencies
from bartik.usecases.particle_identification.peers import dll_scores
from bartik.usecases.particle_identification.robustness import sign, sign_test
from bartik.usecases.particle_identification.toy import UNSEEN, dataset

FOLDER = samples() / "01_pid" if samples() else Path()
needs_data = pytest.mark.skipif(not (FOLDER / PROTONS).is_file(), reason="needs BARTIK_DATA with 01_pid")
SPECIES = ("e", "mu", "pi", "K", "p", "ghost")
PEER = [  # PIDCalib2 1.5.9, make_hist and create_eff_histograms: DLLp > 5 in its first three bins of P and four of ETA; value, error
    [(1.01400212, 0.04231459), (1.01639803, 0.04412459), None, None],
    [(1.01562591, 0.01341471), (0.99649271, 0.00883285), (0.90612642, 0.06542285), None],
    [(1.00520179, 0.01833433), (1.01667484, 0.00844719), (0.98578011, 0.03645808), None],
]


@needs_data
def test_efficiencies_of_protons_and_their_errors_are_those_of_pidcalib2() -> None:
    table = proton_table(FOLDER / PROTONS, 5.0, {name: pidcalib_edges(name) for name in ("P", "ETA")})
    for row, cells in enumerate(PEER):
        for column, wanted in enumerate(cells):
            found = (table.values[row, column], table.errors[row, column])
            if wanted is None:
                assert np.isnan(found).all()
            else:
                assert found == pytest.approx(wanted, abs=1e-8)


@needs_data
def test_tracks_get_the_bins_and_efficiencies_of_pidcalib2s_reference_output() -> None:
    # its map is stored as a pickle only, which is not opened: the efficiency of a bin is read off one track and compared on all others
    folder = FOLDER / "pidcalib2_testdata"
    tracks = read_table(folder / "ref_test_data.csv", ["Bach_P", "Bach_ETA", "nTracks"])
    reference = read_table(folder / "ref_PID_eff.root", ["Bach_PID_index", "Bach_PID_eff", "PID_eff"])
    columns = {"P": tracks["Bach_P"], "ETA": tracks["Bach_ETA"], "nTracks": tracks["nTracks"]}
    place = find_bins(columns, {name: pidcalib_edges(name) for name in columns})
    outside = np.isnan(reference["Bach_PID_index"])
    assert np.array_equal(place < 0, outside)
    assert outside.sum() == 1
    assert np.array_equal(place[~outside], reference["Bach_PID_index"][~outside].astype(int))
    first = np.unique(place[~outside], return_index=True, return_inverse=True)
    values = reference["Bach_PID_eff"][~outside]
    assert np.array_equal(values[first[1]][first[2].reshape(-1)], values)
    assert np.array_equal(np.isnan(reference["PID_eff"]), place < 0)


@needs_data
def test_rows_of_the_proton_sample_are_unique_but_their_order_tells_their_sweight() -> None:
    table = read_table(FOLDER / PROTONS, ["sWeight", "P", "ETA", "nLongTracks", "DLLp"])
    rows = np.stack(list(table.values()), axis=1)
    assert len(np.unique(rows, axis=0)) == len(rows)
    near = np.corrcoef(table["sWeight"][1:], table["sWeight"][:-1])[0, 1]
    assert near == pytest.approx(0.985, abs=0.002)  # a split by blocks of rows would divide signal from background


@needs_data
def test_one_tune_keeps_most_muons_of_z_decays_above_a_half() -> None:
    # counted with this code when written; the tune that programs take without being asked is MC12TuneV2
    found = {tune: one.value for tune, one in tune_efficiencies(read_probes(sorted(FOLDER.glob(MUONS)))).items()}
    wanted = {"": 0.522, "MC12TuneV2_": 0.522, "MC12TuneV3_": 0.464, "MC12TuneV4_": 0.927, "MC15TuneV1_": 0.536}
    assert found == pytest.approx(wanted, abs=0.002)
    assert found[""] == found["MC12TuneV2_"]


@needs_data
def test_pions_of_k_short_decays_pass_cuts_for_kaons_as_rarely_as_they_did() -> None:
    tracks = kaons_and_pions(FOLDER / WIDE)
    assert efficiency(tracks["pions"][:, 0] > 0).value == pytest.approx(0.137, abs=0.002)
    assert efficiency(tracks["pions"][:, 1] > 0.3).value == pytest.approx(0.021, abs=0.002)
    assert tracks["kaons"][:, 1].min() > 0.3  # a cut of the selection: what a network that is trained on it would learn
    assert auc(tracks["kaons"][:, 0], tracks["pions"][:, 0]).value == pytest.approx(0.944, abs=0.002)


def test_a_network_trained_for_seconds_is_ahead_of_combined_likelihoods_for_every_species(tmp_path: Path) -> None:
    usecase = load_usecase("particle_identification.multiclass")
    config = load_config(usecase_folder(usecase), layer="tiny", settings=("data.tracks=9000", "train.epochs=8"))
    rows = {split: usecase.data(split, config) for split in ("train", "validation", "test")}
    model = fit(usecase, rows["train"], rows["validation"], config, tmp_path / "checkpoint.pt", lambda _: None)
    unseen = dataset("test", config, UNSEEN)
    tests = [rows["test"], unseen]
    network = [run_model(model, usecase.signature, data.inputs)["score"] for data in tests]
    likelihoods = dll_scores(rows["train"], [data.inputs["features"] for data in tests])
    ours, theirs = (judged(*answers, *tests) for answers in (network, likelihoods))
    for name in SPECIES:
        assert ours[f"AUC {name}"].value > theirs[f"AUC {name}"].value, name
    assert ours["mean AUC"].value > 0.95


@pytest.mark.slow
def test_networks_with_a_decomposed_last_layer_lose_less_on_unseen_channels() -> None:
    config = load_config(usecase_folder(load_usecase("particle_identification")))
    table = sign_test(config, print)["robustness"]
    wins, p = sign(table)
    assert len(table) >= 20
    assert p < 0.05, f"{wins} of {len(table)}"
