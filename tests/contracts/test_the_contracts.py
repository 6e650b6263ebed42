"""A contract is worth what it catches: each is broken on purpose."""

import numpy as np
import pytest

from bartik.core import UsageError
from bartik.testing import BackendContract, UseCaseContract, refused
from bartik.testing import backend as backend_contract

USECASE = {
    "__init__.py": '''
"""A threshold on the sum of two numbers."""
import numpy as np
import torch
from bartik.core import Column, Dataset, Interval, table

signature = table((Column("left"), Column("right")))

def data(split, config):
    start = {"train": 0, "validation": 1, "test": 2}[split]
    rng = np.random.default_rng(start)
    features = rng.normal(size=(config.data.rows, 2)).astype(np.float32)
    event = np.arange(len(features)) * 3 + start
    return Dataset({"features": features}, (features.sum(1) > 0).astype(np.float32), None, {"event": event}, "made up")

def model(config):
    return torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1), torch.nn.Sigmoid())

def score(outputs, data):
    right = float(np.mean((outputs["score"][:, 0] > 0.5) == data.target))
    return {"accuracy": Interval(right, max(0.0, right - 0.1), min(1.0, right + 0.1))}
''',
    "config.toml": """
[data]
rows = 500
[model]
[train]
seed = 1
threads = 1
epochs = 5
patience = 5
batch = 64
learning_rate = 0.01
weight_decay = 0.0
balance = true
""",
    "tiny.toml": "[train]\nepochs = 2\n[data]\nrows = 100\n",
    "README.md": "# Sums\n",
}


def contract_tests(contract):
    return [name for name in dir(contract) if name.startswith("test_")]


@pytest.fixture
def folder(tmp_path, request):
    """A use case of its own name for each test: modules and trials are remembered by name."""
    path = tmp_path / f"sums_{abs(hash(request.node.name))}"
    path.mkdir()
    for name, text in USECASE.items():
        (path / name).write_text(text, encoding="utf-8")
    return path


def failures(contract):
    failed = []
    for name in contract_tests(contract):
        try:
            getattr(contract, name)()
        except Exception:  # noqa: BLE001 - any failure counts
            failed.append(name)
    return failed


def of(folder):
    return type("Case", (UseCaseContract,), {"usecase": str(folder)})()


def test_a_use_case_in_one_folder_keeps_the_contract(folder):
    assert failures(of(folder)) == []


BREAKS = {
    "no_readme": (("README.md", None, None), {"test_says_what_it_is"}),
    "no_docstring": (("__init__.py", '"""A threshold on the sum of two numbers."""', ""), {"test_says_what_it_is"}),
    "unknown_key": (("tiny.toml", "epochs", "epoch"), None),
    "shared_events": (("__init__.py", "* 3 + start", "* 3"), {"test_no_event_is_in_two_splits"}),
    "random_data": (("__init__.py", "default_rng(start)", "default_rng()"), {"test_the_same_configuration_gives_the_same_data"}),
    "wrong_dtype": (("__init__.py", ".astype(np.float32)\n    event", "\n    event"), None),
    "no_source": (("__init__.py", '"made up"', '""'), {"test_every_split_has_rows_that_fit_the_signature"}),
    "short_spectator": (("__init__.py", '{"event": event}', '{"event": event[1:]}'), {"test_every_split_has_rows_that_fit_the_signature"}),
    "interval_beside_value": (
        ("__init__.py", "max(0.0, right - 0.1)", "right + 0.01"),
        {"test_its_score_is_numbers_with_intervals_around_them"},
    ),
    "plain_number": (
        ("__init__.py", "Interval(right, max(0.0, right - 0.1), min(1.0, right + 0.1))", "right"),
        {"test_its_score_is_numbers_with_intervals_around_them"},
    ),
    "random_model": (
        ("__init__.py", "    return torch.nn.Sequential(", "    torch.seed()\n    return torch.nn.Sequential("),
        {"test_training_again_gives_the_same_file"},
    ),
    "infinite_on_the_edges": (
        ("__init__.py", "torch.nn.Tanh(), torch.nn.Linear(3, 1), torch.nn.Sigmoid()", "torch.nn.Linear(3, 1), Steep()"),
        {"test_its_outputs_are_finite_even_on_the_edges"},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BREAKS)
def test_a_use_case_broken_in_one_way_breaks_the_contract_there(folder, name):
    (file, old, new), wanted = BREAKS[name]
    if old is None:
        (folder / file).unlink()
    else:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        if "Steep" in new:
            text = text.replace("\ndef model", STEEP + "\ndef model")
        (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    failed = set(failures(of(folder)))
    assert failed == wanted if wanted else failed


STEEP = """
class Steep(torch.nn.Module):
    def forward(self, x):
        return torch.sigmoid(x) + torch.relu(torch.abs(x) - 1e6) * 1e38
"""


class Session:
    """A right backend: what it spoils is up to those below."""

    def __init__(self, bundle, real):
        self.bundle, self.real = bundle, real

    def run(self, inputs, out=None):
        return self.real.run(inputs, out)


class Unchecked(Session):
    def run(self, inputs, out=None):
        return self.real.run({"features": np.asarray(inputs["features"], np.float32)}, out)


class Forgetful(Session):
    def run(self, inputs, out=None):
        return self.real.run(inputs)


class Padded(Session):
    def run(self, inputs, out=None):
        found = self.real.run(inputs, out)
        if len(inputs["features"]) % 8 == 7:
            found["score"][-1:] = 0
        return found


class Scribbling(Session):
    def run(self, inputs, out=None):
        found = self.real.run(inputs, out)
        if inputs["features"].flags.writeable:
            inputs["features"][:1] = 0
        return found


class Shared(Session):
    memory = None

    def run(self, inputs, out=None):
        found = self.real.run(inputs, out)
        if out is None:
            self.memory = self.memory if self.memory is not None else np.zeros((40_000, 1), np.float32)
            rows = len(found["score"])
            self.memory[:rows] = found["score"]
            return {"score": self.memory[:rows]}
        return found


class Late(Session):
    def run(self, inputs, out=None):
        if self.real is None:
            raise UsageError("cannot run this model")
        return self.real.run(inputs, out)


SPOILT = {
    Session: set(),
    Unchecked: {"test_refuses_inputs_of_another_dtype_shape_or_name_and_names_them"},
    Forgetful: {"test_fills_and_returns_the_arrays_of_out", "test_fills_an_out_that_is_not_in_one_piece",
                "test_refuses_an_out_of_another_dtype_shape_or_name"},
    Padded: {"test_agrees_for_every_size_of_batch_and_knows_no_rows"},
    Scribbling: {"test_takes_inputs_in_any_layout_and_leaves_them_as_they_were"},
    Shared: {"test_calls_share_no_memory"},
    Late: {"test_refuses_an_operator_it_lacks_in_prepare_and_names_it"},
}  # fmt: skip


@pytest.mark.parametrize("kind", SPOILT)
def test_a_backend_broken_in_one_way_breaks_the_contract_there(kind, monkeypatch):
    real = backend_contract.prepare

    def prepare(bundle, name, **options):
        try:
            return kind(bundle, real(bundle, name, **options))
        except Exception:
            if kind is Late:
                return Late(bundle, None)
            raise

    monkeypatch.setattr(backend_contract, "prepare", prepare)
    failed = set(failures(type("Case", (BackendContract,), {"backend": "onnxruntime"})()))
    assert failed >= SPOILT[kind]
    assert bool(failed) == bool(SPOILT[kind])


def test_a_refusal_of_another_kind_or_none_fails():
    with pytest.raises(AssertionError, match="nothing was refused"):
        refused(UsageError, len, "")
    with pytest.raises(AssertionError, match="wanted UsageError, got TypeError"):
        refused(UsageError, len, 3)
