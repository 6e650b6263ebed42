"""Where a training computes, and how precisely: ``train.device`` and ``train.precision``."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from bartik.core import Config, ConfigError
from bartik.train.rows import Part

PRECISIONS = ("float32", "bfloat16")
"""bfloat16: products of matrices and convolutions; weights, sums and the optimiser stay float32, and no loss needs to be scaled."""


class Place:
    """A device and a precision; `ConfigError` for one that is not there."""

    def __init__(self, options: Config) -> None:
        """Read ``device`` (cpu, cuda, cuda:1; each of several workers takes a GPU of its own) and ``precision``, where they are set."""
        given = {"device": "cpu", "precision": "float32"} | options.to_dict()
        try:
            self.device = torch.device(given["device"])
        except RuntimeError as error:
            raise ConfigError(f"train.device: {given['device']!r} is none", hint="cpu or cuda") from error
        if given["precision"] not in PRECISIONS:
            raise ConfigError(f"train.precision: {given['precision']!r}", hint=f"wanted {' or '.join(PRECISIONS)}")
        self.low = given["precision"] != "float32"
        if self.device.type == "cuda":
            self._require_cuda()

    def _require_cuda(self) -> None:
        if not torch.cuda.is_available():
            raise ConfigError("train.device: torch sees no GPU here", hint="--set train.device=cpu, or a torch built for CUDA")
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # products with the same bits each time
        if self.device.index is None:
            self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
        torch.cuda.set_device(self.device)

    @property
    def messages(self) -> str:
        """What workers add their gradients with."""
        return "nccl" if self.device.type == "cuda" else "gloo"

    def moved(self, part: Part) -> Part:
        """A batch where it is worked on."""
        if self.device.type == "cpu":
            return part

        def there(value: Tensor) -> Tensor:
            return value.to(self.device, non_blocking=True)

        return {name: there(value) for name, value in part[0].items()}, there(part[1]), there(part[2])

    def precision(self) -> AbstractContextManager[object]:
        """Inside, products are in the precision that was asked for."""
        return torch.autocast(self.device.type, torch.bfloat16) if self.low else nullcontext()
