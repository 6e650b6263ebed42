"""Trained generators of LHCb ECAL images, brought in from TorchScript files and files of weights.

Both hold programs or pickles, so a file is opened in a process of its own, which has a time limit and leaves nothing but arrays: the
weights, and answers to a few inputs. Their network is written out here and must give the same answers. It is that of the LHCb challenge of
MLHEP 2019 after arXiv:1812.01319: 256 numbers of noise, momentum and point of the particle in; an image of 30 x 30 cells out.

A file may have been traced while it trained: its batch normalisation then takes mean and spread of the batch that is asked for, and an
image depends on those beside it. No simulation can use that. Such a network is compared as it is, and then given the means and spreads of
one large batch of Gaussian inputs.
"""

from __future__ import annotations

import copy
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bartik.core import Array, Arrays, Column, ExportError, Signature, TensorSpec
from bartik.core.bundle import Bundle
from bartik.core.digest import digest_file
from bartik.core.files import read_arrays
from bartik.exporters import export

NOISE, CELLS = 256, 30
_CONDITIONS = (
    Column("momentum_x", "MeV"),
    Column("momentum_y", "MeV"),
    Column("momentum_z", "MeV"),
    Column("point_x", "mm"),
    Column("point_y", "mm"),
)
"""As the authors' training data have them; what they are divided by is in no file, so the numbers are taken as they come."""
SIGNATURE = Signature(
    (
        TensorSpec("noise", "float32", ("showers", NOISE)),
        TensorSpec("particle", "float32", ("showers", len(_CONDITIONS)), _CONDITIONS),
    ),
    (TensorSpec("image", "float32", ("showers", CELLS, CELLS)),),
)
_CHANNELS = (256, 128, 64, 32, 1)
_SETTLES = 2048
"""Rows of that batch."""
_SECONDS, _BYTES = 120, 256 * 2**20
_READER = """
import sys, resource
import numpy as np, torch
resource.setrlimit(resource.RLIMIT_CPU, (100, 100))
resource.setrlimit(resource.RLIMIT_FSIZE, (2**28, 2**28))
torch.set_num_threads(1)
source, inputs, target = sys.argv[1:]
rows = torch.from_numpy(np.load(inputs))
try:
    weights, answers = torch.load(source, weights_only=True, map_location="cpu"), None
except Exception:
    script = torch.jit.load(source, map_location="cpu").eval()
    weights = script.state_dict()
    with torch.inference_mode():
        answers = script(rows)
arrays = {"weight:" + name: value.numpy() for name, value in weights.items()}
if answers is not None:
    arrays["answers"] = answers.numpy()
with open(target, "wb") as file:
    np.savez(file, **arrays)
"""


class EcalGenerator(nn.Module):
    """Forward takes noise [showers, 256] and particles [showers, 5] and gives images [showers, 30, 30]."""

    def __init__(self) -> None:
        """Names are those of the files."""
        super().__init__()
        self.fc1 = nn.Linear(NOISE + len(_CONDITIONS), _CHANNELS[0] * 4)
        for number in range(1, 5):
            layer = nn.ConvTranspose2d(_CHANNELS[number - 1], _CHANNELS[number], 3, stride=2, padding=1, output_padding=1)
            self.add_module(f"conv{number}", layer)
        for number in range(1, 4):
            self.add_module(f"bn{number}", nn.BatchNorm2d(_CHANNELS[number]))

    def forward(self, noise: Tensor, particle: Tensor) -> Tensor:
        """Energies of cells; what unit they have is the authors'."""
        x = nn.functional.leaky_relu(self.fc1(torch.cat([noise, particle], 1))).reshape(-1, _CHANNELS[0], 2, 2)
        for number in range(1, 4):
            x = torch.relu(self.get_submodule(f"bn{number}")(self.get_submodule(f"conv{number}")(x)))
        x = torch.relu(self.get_submodule("conv4")(x))
        return x[:, 0, 1:31, 1:31]


@dataclass(frozen=True)
class Found:
    """A generator, the largest difference of its answers from the file's own, and whether the file's depend on the batch.

    The difference is NaN where the file has weights alone.
    """

    model: EcalGenerator
    difference: float
    by_batch: bool


def read_ecal_generator(path: Path) -> Found:
    """The generator in a file; `ExportError` where it is another network."""
    rows = np.random.default_rng(1).standard_normal((8, NOISE + len(_CONDITIONS)), np.float32)
    found = _opened(path, rows)
    weights = {name.removeprefix("weight:"): torch.from_numpy(value) for name, value in found.items() if name.startswith("weight:")}
    model = EcalGenerator()
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:160]
        raise ExportError(f"{path}: is no generator of the LHCb challenge ({reason})", hint="bring your own with bartik.export") from error
    if not all(bool(torch.isfinite(value).all()) for value in weights.values() if value.is_floating_point()):
        raise ExportError(f"{path}: weights are NaN or infinite")
    if "answers" not in found:
        return Found(model.eval(), float("nan"), by_batch=False)
    return _compared(path, model, rows, found["answers"])


def export_ecal_generator(path: Path, out: Path) -> Bundle:
    """The generator in a file as a bundle, with the digest of the file."""
    found = read_ecal_generator(path)
    rng = np.random.default_rng(2)
    reference: Arrays = {spec.name: rng.standard_normal((16, int(spec.shape[1])), np.float32) for spec in SIGNATURE.inputs}
    about = {"file": path.name, "sha256": digest_file(path), "answers depend on the batch": found.by_batch}
    if np.isfinite(found.difference):
        about["difference"] = found.difference
    return export(found.model, SIGNATURE, reference, out, name="ecal_generator", provenance={"file": about})


def _compared(path: Path, model: EcalGenerator, rows: Array, wanted: Array) -> Found:
    """With the statistics that the file keeps, else with those of the batch."""
    known = copy.deepcopy(model.state_dict())
    found = {}
    for by_batch in (False, True):
        model.load_state_dict(known)
        model.train(by_batch)
        with torch.inference_mode():
            ours = model(torch.from_numpy(rows[:, :NOISE]), torch.from_numpy(rows[:, NOISE:])).numpy()
        found[by_batch] = float(np.abs(ours - wanted.reshape(ours.shape)).max())
    by_batch = found[True] < found[False]
    if found[by_batch] > 1e-4 * max(1.0, float(np.abs(wanted).max())):
        raise ExportError(f"{path}: its network is another than ours: answers differ by up to {found[by_batch]:.3g}")
    model.load_state_dict(known)
    if by_batch:
        _settle(model)
    return Found(model.eval(), found[by_batch], by_batch)


def _settle(model: EcalGenerator) -> None:
    """Statistics of one large batch of Gaussian inputs, as those that are kept."""
    random = torch.Generator().manual_seed(0)
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 1.0
    model.train()
    with torch.no_grad():
        model(torch.randn(_SETTLES, NOISE, generator=random), torch.randn(_SETTLES, len(_CONDITIONS), generator=random))


def _opened(path: Path, rows: Array) -> Arrays:
    """What a process of its own finds in the file."""
    if not path.is_file():
        raise ExportError(f"{path}: no such file")
    if path.stat().st_size > _BYTES:
        raise ExportError(f"{path}: {path.stat().st_size} bytes, more than the {_BYTES} we read")
    with tempfile.TemporaryDirectory() as folder:
        inputs, target = Path(folder) / "inputs.npy", Path(folder) / "found.npz"
        np.save(inputs, rows)
        words = [sys.executable, "-I", "-c", _READER, str(path.resolve()), str(inputs), str(target)]
        bare = {"PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1"}
        try:
            done = subprocess.run(words, check=False, capture_output=True, timeout=_SECONDS, cwd=folder, env=bare)  # noqa: S603 - our own words
        except subprocess.TimeoutExpired as error:
            raise ExportError(f"{path}: not read within {_SECONDS} s") from error
        if done.returncode or not target.is_file():
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise ExportError(f"{path}: neither TorchScript nor weights ({said[-1][:160] if said else 'no reason given'})")
        return read_arrays(target)
