"""One training in several processes, as torchrun starts them."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from commands import bartik, clean_environment

from bartik.train import read_history
from bartik.train.state import read_state

PROGRAM = Path(__file__).parent / "two_workers.py"


def trained(folder, workers, *, epochs=4, pieces=1, stop=0):
    folder.mkdir(exist_ok=True)
    start = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={workers}"] if workers > 1 else []
    words = [sys.executable, *start, str(PROGRAM), str(folder), str(epochs), str(pieces), str(stop)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=240)


def assert_same(one, other, **tolerance):
    first, second = (read_state(folder / "checkpoint.pt") for folder in (one, other))
    assert first.epoch == second.epoch
    torch.testing.assert_close(first.best, second.best, **tolerance)
    torch.testing.assert_close(first.weights, second.weights, **tolerance)


@pytest.mark.slow
def test_two_workers_give_the_weights_of_one_and_go_on_exactly_where_they_were_killed(tmp_path):
    for folder, workers in (("one", 1), ("two", 2)):
        done = trained(tmp_path / folder, workers)
        assert done.returncode == 0, done.stderr
    assert_same(tmp_path / "one", tmp_path / "two", rtol=1e-3, atol=1e-5)
    assert done.stdout.count("epoch 4/4") == 1
    killed = trained(tmp_path / "killed", 2, stop=2)
    assert killed.returncode != 0
    assert len(read_history(tmp_path / "killed" / "checkpoint.pt")["train"]) == 2
    again = trained(tmp_path / "killed", 2)
    assert "goes on after epoch 2" in again.stdout
    assert_same(tmp_path / "two", tmp_path / "killed", rtol=0, atol=0)


@pytest.mark.slow
def test_a_batch_in_pieces_gives_the_weights_of_a_batch_at_once(tmp_path):
    for folder, pieces in (("whole", 1), ("pieces", 3)):
        assert trained(tmp_path / folder, 1, pieces=pieces).returncode == 0
    assert_same(tmp_path / "whole", tmp_path / "pieces", rtol=1e-3, atol=1e-5)


@pytest.mark.slow
def test_a_run_trains_with_as_many_workers_as_its_configuration_says(tmp_path):
    environment = clean_environment(tmp_path / "home")
    for folder, workers in (("one", 1), ("two", 2)):
        words = ("train", "ghost_probability", "--config", "tiny", "--set", f"train.workers={workers}", "--out", str(tmp_path / folder))
        done = bartik(environment, tmp_path, *words)
        assert done.returncode == 0, done.stderr
    assert_same(tmp_path / "one", tmp_path / "two", rtol=1e-2, atol=1e-4)
    assert "epoch 3/3" in done.stderr
