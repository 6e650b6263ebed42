"""Networks as torch writes them, preprocessing included."""

import numpy as np
import pytest
import torch
from torch import nn

from bartik.backends import prepare
from bartik.compiler import stages
from bartik.core import Signature, TensorSpec, UnsupportedError
from bartik.core.bundle import write_bundle
from bartik.exporters.torch import export_torch, torch_outputs


class _Preprocessed(nn.Module):
    """log1p of some columns, clipped others, a flag, a ratio, an affine step."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.linspace(-1, 1, 8))
        self.register_buffer("spread", torch.linspace(0.5, 2, 8))
        self.layers = nn.Sequential(nn.Linear(8, 12), nn.ELU(), nn.BatchNorm1d(12), nn.Linear(12, 5), nn.GELU(), nn.Linear(5, 1))

    def forward(self, x):
        logs = torch.log1p(x[:, :2].abs())
        clipped = x[:, 2:5].clamp(-1.5, 1.5)
        flag = torch.where(x[:, 5:6] > 0.25, x[:, 5:6], torch.zeros_like(x[:, 5:6]))
        ratio = x[:, 3:4] / (1 + x[:, 4:5] ** 2)
        norm = torch.sqrt(x[:, 0:1] * x[:, 0:1] + 0.1)
        joined = torch.cat([logs, clipped, flag, ratio, norm], dim=1)
        return torch.sigmoid(self.layers((joined - self.mean) / self.spread))


class _TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk, self.a, self.b = nn.Linear(6, 16), nn.Linear(16, 1), nn.Linear(16, 3)

    def forward(self, x):
        first, second = torch.chunk(torch.tanh(self.trunk(x)), 2, dim=1)
        trunk = torch.cat([second, torch.minimum(first, second)], dim=-1)
        return torch.sigmoid(self.a(trunk)), nn.functional.softplus(self.b(trunk.reshape(-1, 16)))


class _Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two, self.scale = nn.Linear(6, 6), nn.Linear(6, 6, bias=False), nn.Parameter(torch.tensor(0.5))

    def forward(self, x):
        y = x + self.scale * nn.functional.leaky_relu(self.one(x))
        y = y * torch.sigmoid(y) + nn.functional.hardtanh(self.two(y))
        return torch.exp(-y.unsqueeze(2).flatten(1)[:, [5, 0]]).view(x.shape[0], 2)


def _mlp(*activations):
    layers, width = [], 6
    for size, activation in zip((9, 33, 4), activations, strict=True):
        layers += [nn.Linear(width, size), activation]
        width = size
    return nn.Sequential(*layers, nn.Dropout(0.5), nn.Linear(width, 1))


_MODELS = {
    "preprocessed": (_Preprocessed, 6, {"score": 1}),
    "two heads": (_TwoHeads, 6, {"a": 1, "b": 3}),
    "residual": (_Residual, 6, {"score": 2}),
    "relu, selu, silu": (lambda: _mlp(nn.ReLU(), nn.SELU(), nn.SiLU()), 6, {"score": 1}),
    "mish, hardswish, prelu": (lambda: _mlp(nn.Mish(), nn.Hardswish(), nn.PReLU(4)), 6, {"score": 1}),
    "softsign, celu, tanh gelu": (lambda: _mlp(nn.Softsign(), nn.CELU(0.7), nn.GELU("tanh")), 6, {"score": 1}),
    "relu6, hardsigmoid, logsigmoid": (lambda: _mlp(nn.ReLU6(), nn.Hardsigmoid(), nn.Softplus()), 6, {"score": 1}),
}


@pytest.mark.parametrize("name", _MODELS)
def test_a_torch_network_gives_the_same_as_machine_code(tmp_path, name):
    make, width, outputs = _MODELS[name]
    torch.manual_seed(3)
    model = make().eval()
    signature = Signature(
        (TensorSpec("features", "float32", ("batch", width)),),
        tuple(TensorSpec(key, "float32", ("batch", size)) for key, size in outputs.items()),
    )
    rows = {"features": np.random.default_rng(0).normal(size=(37, width)).astype(np.float32) * np.float32(2)}
    wanted = torch_outputs(model, signature, rows)
    bundle = write_bundle(tmp_path / "bundle", export_torch(model, signature, rows), signature, (rows, wanted), name="torch")
    found = prepare(bundle, "native").run(rows)
    for key, values in wanted.items():
        np.testing.assert_allclose(found[key], values, rtol=1e-5, atol=2e-6, err_msg=stages(bundle)["graph"])


class _Recurrent(nn.Module):
    """Steps [batch, 6, 3] to a number: the state at the end, or the last step of all layers."""

    def __init__(self, kind, *, both, layers, last):
        super().__init__()
        self.memory = getattr(nn, kind)(3, 4, num_layers=layers, bidirectional=both, batch_first=True)
        self.end, self.last = nn.Linear(8 if both else 4, 1), last

    def forward(self, x):
        every, state = self.memory(x)
        state = state[0] if isinstance(state, tuple) else state
        width = self.end.in_features // 4
        return self.end(every[:, -1] if self.last else torch.cat(tuple(state[-width:]), dim=1))


@pytest.mark.parametrize("kind", ["GRU", "LSTM", "RNN"])
@pytest.mark.parametrize(
    ("both", "layers", "last"),
    [
        (False, 1, True),
        (True, 1, False),
        pytest.param(False, 2, False, marks=pytest.mark.slow),
        pytest.param(True, 2, True, marks=pytest.mark.slow),
    ],
)
def test_torchs_recurrent_layers_of_a_free_batch_give_the_same_as_machine_code(tmp_path, kind, both, layers, last):
    """Their first state is expanded to the batch, which is not the first axis then, and directions are joined by a Reshape around it."""
    torch.manual_seed(3)
    model = _Recurrent(kind, both=both, layers=layers, last=last).eval()
    signature = Signature((TensorSpec("x", "float32", ("batch", 6, 3)),), (TensorSpec("y", "float32", ("batch", 1)),))
    rows = {"x": np.random.default_rng(0).normal(size=(21, 6, 3)).astype(np.float32)}
    wanted = torch_outputs(model, signature, rows)
    bundle = write_bundle(tmp_path / "bundle", export_torch(model, signature, rows), signature, (rows, wanted), name="torch")
    np.testing.assert_allclose(prepare(bundle, "native").run(rows)["y"], wanted["y"], rtol=1e-5, atol=2e-6)


def test_a_grouped_transposed_convolution_exports_though_the_reference_evaluator_has_it_wrong(tmp_path):
    torch.manual_seed(3)
    model = nn.ConvTranspose1d(4, 4, 3, stride=2, groups=2).eval()
    signature = Signature((TensorSpec("x", "float32", ("batch", 4, 5)),), (TensorSpec("y", "float32", ("batch", 4, 11)),))
    rows = {"x": np.random.default_rng(0).normal(size=(9, 4, 5)).astype(np.float32)}
    wanted = torch_outputs(model, signature, rows)
    bundle = write_bundle(tmp_path / "bundle", export_torch(model, signature, rows), signature, (rows, wanted), name="torch")
    np.testing.assert_allclose(prepare(bundle, "native").run(rows)["y"], wanted["y"], rtol=1e-5, atol=2e-6)
    with pytest.raises(UnsupportedError, match="gives every group the bias of the first"):
        prepare(bundle, "reference")


@pytest.mark.parametrize("largest", [True, False])
def test_the_first_few_of_many_are_in_order_with_nan_and_equals_where_onnx_has_them(tmp_path, largest):
    class First(nn.Module):
        def forward(self, x):
            values, places = torch.topk(x, 7, dim=1, largest=largest)
            return values, places.to(torch.float32)

    signature = Signature((TensorSpec("x", "float32", ("batch", 3000)),), tuple(TensorSpec(key, "float32", ("batch", 7)) for key in "yp"))
    x = np.random.default_rng(0).integers(-500, 500, (19, 3000)).astype(np.float32)
    x[0], x[1] = np.sort(x[0]), -np.sort(-x[1])
    x[2, 2000:2004] = np.nan
    order = np.argsort(np.where(np.isnan(x), np.inf, x) * (-1 if largest else 1), axis=1, kind="stable")[:, :7]
    wanted = {"y": np.take_along_axis(x, order, 1), "p": order.astype(np.float32)}
    plain = {
        "x": np.random.default_rng(1).permuted(np.tile(np.arange(3000, dtype=np.float32), (5, 1)), axis=1)
    }  # torch orders equals its own way
    answers = torch_outputs(First(), signature, plain)
    bundle = write_bundle(tmp_path / "bundle", export_torch(First(), signature, plain), signature, (plain, answers), name="torch")
    found = prepare(bundle, "native").run({"x": x})
    assert np.array_equal(found["y"], wanted["y"], equal_nan=True)
    assert np.array_equal(found["p"], wanted["p"])
