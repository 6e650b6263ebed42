"""Every exporter keeps the contract."""

import json
from pathlib import Path

import catboost
import lightgbm
import numpy as np
import torch
import xgboost
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from bartik.core import Arrays, Signature, TensorSpec
from bartik.exporters.edge_cases import edge_rows
from bartik.exporters.files import read_file
from bartik.testing import Example, ExporterContract
from bartik.testing.scratch import scratch_folder


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


class TestXgboost(ExporterContract):
    def examples(self) -> list[Example]:
        features, labels = _training()
        booster = xgboost.train({"objective": "binary:logistic", "max_depth": 3, "nthread": 1}, xgboost.DMatrix(features, labels), 5)
        wrapper = xgboost.XGBRegressor(n_estimators=4, max_depth=2, n_jobs=1).fit(features, labels)
        return [_tabular("booster", booster, features), _tabular("regressor", wrapper, features)]

    def outputs(self, example: Example, inputs: Arrays) -> Arrays:
        booster = example.model if isinstance(example.model, xgboost.Booster) else example.model.get_booster()
        return {"score": booster.inplace_predict(inputs["features"]).reshape(-1, 1)}


class TestLightgbm(ExporterContract):
    def examples(self) -> list[Example]:
        features, labels = _training()
        options = {"objective": "binary", "num_leaves": 5, "num_threads": 1, "verbosity": -1}
        return [_tabular("booster", lightgbm.train(options, lightgbm.Dataset(features, labels), 5), features)]

    def outputs(self, example: Example, inputs: Arrays) -> Arrays:
        return {"score": example.model.predict(inputs["features"]).astype(np.float32).reshape(-1, 1)}


class TestCatboost(ExporterContract):
    def examples(self) -> list[Example]:
        features, labels = _training()
        fixed = {"iterations": 5, "depth": 3, "thread_count": 1, "allow_writing_files": False, "verbose": False}
        return [_tabular("classifier", catboost.CatBoostClassifier(**fixed).fit(features, labels), features)]

    def outputs(self, example: Example, inputs: Arrays) -> Arrays:
        return {"score": example.model.predict_proba(inputs["features"])[:, 1:].astype(np.float32)}


class TestSklearn(ExporterContract):
    def examples(self) -> list[Example]:
        features, labels = _training()
        scaled = make_pipeline(StandardScaler(), LogisticRegression()).fit(features, labels)
        forest = RandomForestClassifier(4, max_depth=3, random_state=0).fit(features, labels)
        return [_tabular("scaled", scaled, features), _tabular("forest", forest, features)]

    def outputs(self, example: Example, inputs: Arrays) -> Arrays:
        return {"score": example.model.predict_proba(inputs["features"])[:, 1:].astype(np.float32)}


def _training() -> tuple[np.ndarray, np.ndarray]:
    features = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    return features, (features.sum(axis=1) > 0.1).astype(int)


def _tabular(name: str, model: object, features: np.ndarray) -> Example:
    signature = Signature((TensorSpec("features", "float32", ("batch", 4)),), (TensorSpec("score", "float32", ("batch", 1)),))
    return Example(name, model, signature, {"features": np.concatenate([features[:20], edge_rows(features)])})


_HEAD = '<GeneralInfo><Info name="TMVA Release" value="4.2.1 [262657]"/></GeneralInfo>'
_VARIABLES = "".join(f'<Variable VarIndex="{i}" Expression="{n}" Min="-2" Max="3"/>' for i, n in enumerate("xy"))
_TREE = '<Node IVar="1" Cut="0.3" cType="0" nType="0"><Node pos="l" nType="-1" res="-0.4"/><Node pos="r" nType="1" res="0.6"/></Node>'
_FOREST = f'<Weights NTrees="1" AnalysisType="1"><BinaryTree boostWeight="1">{_TREE}</BinaryTree></Weights>'
_PERCEPTRON = "".join(
    f'<Layer Index="{i}" NNeurons="{len(rows)}">'
    + "".join(f'<Neuron NSynapses="{len(row.split())}">{row}</Neuron>' for row in rows)
    + "</Layer>"
    for i, rows in enumerate([["1 -2", "0.5 1", "0.1 0.2"], ["2", "-1", "0.5"], [""]])
)
_DENSE = {"architecture": "dense", "weights": [1, -2, 0.5, 1, 2, 1], "bias": [0, 0.1, 0.2], "activation": "softmax"}
_LWTNN = {"inputs": [{"name": n, "offset": 0.5, "scale": 2} for n in "ab"], "layers": [_DENSE], "outputs": list("pqr")}


def _tmva(method: str, options: dict[str, str], weights: str) -> str:
    listed = "".join(f'<Option name="{name}">{value}</Option>' for name, value in options.items())
    return (
        f'<MethodSetup Method="{method}::m">{_HEAD}<Options>{listed}</Options><Variables NVar="2">{_VARIABLES}</Variables>'
        f"<Transformations/>{weights}</MethodSetup>"
    )


_FILES = {
    "grad.weights.xml": _tmva("BDT", {"BoostType": "Grad"}, _FOREST),
    "tanh.weights.xml": _tmva(
        "MLP",
        {"NeuronType": "tanh", "EstimatorType": "CE", "NeuronInputType": "sum"},
        f'<Weights><Layout NLayers="3">{_PERCEPTRON}</Layout></Weights>',
    ),
    "net.json": json.dumps(_LWTNN),
}


class TestFiles(ExporterContract):
    """A path is a model: TMVA XML weights and lwtnn JSON."""

    def examples(self) -> list[Example]:
        folder = scratch_folder()
        return [self._example(folder / name, content) for name, content in _FILES.items()]

    def _example(self, path: Path, content: str) -> Example:
        path.write_text(content, encoding="utf-8")
        source = read_file(path)
        return Example(path.name, path, source.signature, source.reference)

    def outputs(self, example: Example, inputs: Arrays) -> Arrays:
        return read_file(example.model).run(inputs)
