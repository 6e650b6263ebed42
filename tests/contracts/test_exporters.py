"""Every exporter keeps the contract."""

import numpy as np
import torch
from torch import nn

from bartik.core import Arrays, Signature, TensorSpec
from bartik.exporters.edge_cases import edge_rows
from bartik.testing import Example, ExporterContract


class _TwoHeads(nn.Module):
    """Two inputs, two outputs, and the shape operators of tabular models."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(4, 3), nn.Linear(2, 3)
        self.norm, self.head = nn.LayerNorm(6), nn.Linear(6, 2)

    def forward(self, track, event):
        clipped = track.clamp(-5, 5)
        joined = torch.cat([self.left(clipped), self.right(torch.log1p(event.abs()))], dim=1)
        hidden = nn.functional.gelu(self.norm(joined))
        return torch.softmax(self.head(hidden), dim=-1), hidden[:, 1:4].mean(dim=1, keepdim=True)


def _dense(activation):
    return nn.Sequential(nn.Linear(5, 8), activation, nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 1), nn.Sigmoid())


class TestTorch(ExporterContract):
    def examples(self) -> list[Example]:
        torch.manual_seed(0)
        rng = np.random.default_rng(0)
        rows = rng.normal(size=(20, 5)).astype(np.float32)
        features = {"features": np.concatenate([rows, edge_rows(rows)])}
        score = TensorSpec("score", "float32", ("batch", 1))
        dense = Signature((TensorSpec("features", "float32", ("batch", 5)),), (score,))
        two = Signature(
            (TensorSpec("track", "float32", ("batch", 4)), TensorSpec("event", "float32", ("batch", 2))),
            (TensorSpec("classes", "float32", ("batch", 2)), TensorSpec("mean", "float32", ("batch", 1))),
        )
        both = {"track": rows[:, :4].copy(), "event": rows[:, 3:].copy()}
        return [
            Example("relu", _dense(nn.ReLU()), dense, features),
            Example("tanh", _dense(nn.Tanh()), dense, features),
            Example("two_heads", _TwoHeads(), two, both),
        ]

    def outputs(self, example: Example, inputs: Arrays) -> Arrays:
        example.model.eval()
        with torch.no_grad():
            found = example.model(*(torch.from_numpy(inputs[spec.name]) for spec in example.signature.inputs))
        found = found if isinstance(found, tuple) else (found,)
        return {spec.name: value.numpy() for spec, value in zip(example.signature.outputs, found, strict=True)}
