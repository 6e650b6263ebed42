"""Showers that a trained model draws: the same by number whatever the shards, and refusals."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik.backends import prepare
from bartik.core import DataError, Signature, TensorSpec, UsageError
from bartik.data.calochallenge import read_showers
from bartik.exporters import export
from bartik.usecases.calorimeter_showers import draw
from bartik.workflow.drawn import SHOWERS, drawer, energies_in, write
from bartik.workflow.shards import divided, merge, write_record

VOXELS, NOISE = 6, 7
SIGNATURE = Signature(
    (TensorSpec("energy", "float32", ("showers", 1)), TensorSpec("noise", "float32", ("showers", NOISE))),
    (TensorSpec("showers", "float32", ("showers", VOXELS)),),
)


class Generator(torch.nn.Module):
    """A calorimeter that any particle fills at random."""

    def forward(self, energy: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        return energy * torch.sigmoid(noise[:, :VOXELS] + noise[:, VOXELS:])


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    inputs = {"energy": np.full((4, 1), 2e3, np.float32), "noise": np.ones((4, NOISE), np.float32)}
    about = {"use_case": "calorimeter_showers.flow", "configuration": {"data": {"energies": [1e3, 1e6]}}}
    return export(Generator(), SIGNATURE, inputs, tmp_path_factory.mktemp("made") / "bundle", name="flow", provenance=about)


@pytest.fixture(scope="module")
def session(bundle):
    return prepare(bundle, "native", threads=1)


@settings(deadline=None)
@given(seed=st.integers(0, 2**40), first=st.integers(0, 2**40), count=st.integers(1, 40), cut=st.integers(0, 40))
def test_a_shower_is_the_same_in_any_shard(bundle, session, seed, first, count, cut):
    numbers = first + np.arange(count)
    whole = draw(bundle, session, numbers, seed, None)
    parts = [draw(bundle, session, part, seed, None) for part in (numbers[:cut], numbers[cut:]) if len(part)]
    assert np.array_equal(whole.showers, np.concatenate([part.showers for part in parts]))
    assert np.array_equal(whole.incident, np.concatenate([part.incident for part in parts]))
    assert (whole.incident >= 999).all()
    assert (whole.incident <= 1.001e6).all()


def test_noise_is_gaussian_and_differs_from_shower_to_shower(bundle):
    taken = {}

    class Spy:
        def run(self, inputs):
            taken.update(inputs)
            return {"showers": inputs["noise"][:, :VOXELS]}

    draw(bundle, Spy(), np.arange(1000), 3, (1e3, 1e4))
    noise = taken["noise"]
    assert noise.mean() == pytest.approx(0, abs=0.05)
    assert noise.std() == pytest.approx(1, abs=0.05)
    assert np.abs(np.corrcoef(noise.T) - np.eye(NOISE)).max() < 0.15
    assert len(np.unique(noise)) > 0.99 * noise.size
    assert 1e3 <= taken["energy"].min() < taken["energy"].max() <= 1e4


def test_shards_are_joined_into_the_sample_made_at_once(bundle, tmp_path):
    make = drawer(bundle, "native", "", 1)
    shards = divided(tmp_path / "shards", ["--seed", "1"], 3, 10, 4, SHOWERS)
    for shard in shards:
        made = make(shard.first, shard.events)
        write(shard.path, made)
        write_record(shard.path, shard.asked, made)
    merge(shards, tmp_path / "joined.hdf5")
    assert read_showers(tmp_path / "joined.hdf5", None).digest == make(3, 10).digest
    assert not (tmp_path / "shards").exists()


def test_a_shard_of_a_model_that_was_trained_anew_is_not_taken_for_this_one(bundle, tmp_path):
    order = (tmp_path / "shards", ["--seed", "1"], 0, 2, 1, SHOWERS)
    (shard,) = divided(*order, bundle.digest)
    made = drawer(bundle, "native", "", 1)(0, 2)
    write(shard.path, made)
    write_record(shard.path, shard.asked, made)
    assert [shard.done for shard in divided(*order, bundle.digest)] == [True]
    assert [shard.done for shard in divided(*order, "another")] == [False]


def test_energies_that_were_not_trained_are_said(bundle, session):
    with pytest.warns(UserWarning, match="outside of the trained range, 1000 to 1e\\+06 MeV"):
        draw(bundle, session, np.arange(5), 1, (10.0, 20.0))


@pytest.mark.parametrize("text", ["5", "5,3", "a,b", "0,1", "1,inf", "1,2,3", "nan,1"])
def test_a_range_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match="wanted LOW,HIGH in MeV"):
        energies_in(text)


def test_a_bundle_that_draws_nothing_is_refused(bundle, session, tmp_path):
    inputs = {"energy": np.ones((2, 1), np.float32), "noise": np.ones((2, NOISE), np.float32)}
    nobody = export(Generator(), SIGNATURE, inputs, tmp_path / "nobody", name="nobody")
    with pytest.raises(UsageError, match="draws no samples"):
        drawer(nobody, "native", "", 1)
    with pytest.raises(DataError, match="does not say which energies"):
        draw(nobody, session, np.arange(2), 1, None)
