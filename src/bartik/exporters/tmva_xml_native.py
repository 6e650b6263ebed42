"""TMVA's own arithmetic on the elements of a weight file, step by step as its C++ does it: what an export is compared with.

Nothing here knows ONNX or the classes that its graphs are built from: a mistake in reading would have to be made twice. A
``Float_t`` is a float32, a ``Double_t`` a float64; each is rounded where TMVA rounds it. Sources are named as file::function
of TMVA in ROOT 6. Files are looked at only after the exporter has read them whole, so none is refused here.
"""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element

import numpy as np

from bartik.core import Array

_FLOAT, _DOUBLE = np.float32, np.float64
_CE = "CE"


def tmva_response(root: Element, features: Array) -> Array:
    """Response float32 [rows, outputs] of the method in ``root`` for ``features`` float32 [rows, variables]."""
    method = root.attrib["Method"].split("::")[0]
    regression = _info(root, "AnalysisType").lower() == "regression"
    with np.errstate(all="ignore"):
        event = _transform(root, features)
        raw = _METHODS[method](root, event, regression)
        values = raw.astype(_FLOAT).reshape(len(features), -1)
        return _inverse(root, values) if regression and method != "LD" else values


def _info(root: Element, name: str) -> str:
    return next((i.attrib["value"] for i in root.iterfind("GeneralInfo/Info") if i.get("name") == name), "Classification")


def _option(root: Element, name: str, default: str) -> str:
    return next(((o.text or "").strip() for o in root.iterfind("Options/Option") if o.get("name") == name), default)


def _version(root: Element) -> int:
    text = _info(root, "TMVA Release")
    return int(text[text.index("[") + 1 : text.index("]")])


# Trees: MethodBDT.cxx, DecisionTree.cxx, DecisionTreeNode.cxx


def _bdt(root: Element, event: Array, regression: bool) -> Array:  # noqa: FBT001 - as its siblings
    """``MethodBDT::PrivateGetMvaValue``, ``GetGradBoostMVA``, ``GetRegressionValues``."""
    weights = root.find("Weights")
    assert weights is not None  # noqa: S101 - the exporter has read it
    yes_no = _option(root, "UseYesNoLeaf", "True") == "True"
    kind = weights.get("AnalysisType") or weights.get("TreeType")
    grad = _option(root, "BoostType", "AdaBoost") == "Grad"
    total, norm = np.zeros(len(event), _DOUBLE), 0.0
    first = 0.0
    for number, tree in enumerate(weights):
        boost = float(_FLOAT(tree.attrib["boostWeight"]))
        response = _check_event(tree[0], event, regression_tree=kind == "1", yes_no=yes_no and not grad and not regression)
        total += response if grad else boost * response
        norm += boost
        first = boost if number == 0 else first
    if grad:
        return total + first if regression else np.asarray(2.0 / (1.0 + np.exp(-2.0 * total)) - 1)
    return total / norm if norm > np.finfo(_DOUBLE).eps else np.zeros_like(total)


def _check_event(node: Element, event: Array, *, regression_tree: bool, yes_no: bool) -> Array:
    """``DecisionTree::CheckEvent``: down while ``GetNodeType() == 0``."""
    found = np.zeros(len(event), _DOUBLE)
    waiting = [(node, np.arange(len(event)))]
    while waiting:
        current, rows = waiting.pop()
        attributes = current.attrib
        if int(attributes["nType"]) == 0:
            right = _goes_right(attributes, event[rows])
            waiting += [(child, rows[right if child.attrib["pos"] == "r" else ~right]) for child in current]
        elif regression_tree:
            found[rows] = _FLOAT(attributes["res"])
        else:
            found[rows] = int(attributes["nType"]) if yes_no else _purity(attributes)
    return found


def _goes_right(attributes: dict[str, str], event: Array) -> Array:
    """``DecisionTreeNode::GoesRight``: ``result = (e.GetValue(GetSelector()) >= GetCutValue()); fCutType == kTRUE ? result : !result``."""
    result = event[:, int(attributes["IVar"])] >= _FLOAT(attributes["Cut"])
    return result if attributes["cType"] == "1" else ~result


def _purity(attributes: dict[str, str]) -> float:
    """``DecisionTreeNode::ReadAttributes``."""
    if "purity" in attributes:
        return float(_FLOAT(attributes["purity"]))
    signal, background = _FLOAT(attributes["nS"]), _FLOAT(attributes["nB"])
    return float(signal / (signal + background))


# Networks: MethodANNBase.cxx, TActivation*.cxx, TNeuronInputSum.h


def _mlp(root: Element, event: Array, regression: bool) -> Array:  # noqa: ARG001, FBT001 - as its siblings
    """``MethodANNBase::ReadWeightsFromXML`` and ``ForceNetworkCalculations``, neuron by neuron."""
    parent = root.find("Weights/Layout")
    layers = list(parent if parent is not None else root.findall("Weights/Layer"))
    hidden = _ACTIVATIONS[_option(root, "NeuronType", "")]
    if hidden is np.tanh and _version(root) >= 262657:  # TMVA_VERSION(4,2,1): else act->SetSlow()
        hidden = _fast_tanh
    output = _sigmoid if _option(root, "EstimatorType", "") == _CE else _linear
    bias = np.ones(len(event), _DOUBLE)
    values = [*event.astype(_DOUBLE).T, bias]
    for index, layer in enumerate(layers[:-1]):
        synapses = [[float(_FLOAT(word)) for word in (neuron.text or "").split()] for neuron in layer]
        activation = output if index == len(layers) - 2 else hidden
        sums = [_weighted_sum(values, [links[to] for links in synapses]) for to in range(len(synapses[0]))]
        values = [activation(total) for total in sums]
        if index < len(layers) - 2:
            values.append(bias)
    return np.stack(values, axis=1)


def _weighted_sum(values: list[Array], weights: list[float]) -> Array:
    """``TNeuronInputSum::GetInput``."""
    total = np.zeros_like(values[0])
    for value, weight in zip(values, weights, strict=True):
        total = total + weight * value
    return total


def _linear(value: Array) -> Array:
    return value


def _sigmoid(value: Array) -> Array:
    """``TActivationSigmoid::Eval``."""
    return np.asarray(1.0 / (1.0 + np.exp(-value)))


def _fast_tanh(value: Array) -> Array:
    """``TActivationTanh::fast_tanh``, with its floats and its doubles."""
    arg2 = (value * value).astype(_FLOAT)
    above = _FLOAT(135135) + arg2 * (_FLOAT(17325) + arg2 * (_FLOAT(378) + arg2))
    below = _FLOAT(135135) + arg2 * (_FLOAT(62370) + arg2 * (_FLOAT(3150) + arg2 * _FLOAT(28)))
    ratio = ((value * above.astype(_DOUBLE)).astype(_FLOAT) / below).astype(_DOUBLE)
    return np.where(value > 4.97, 1.0, np.where(value < -4.97, -1.0, ratio))


_ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": _linear,
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "ReLU": lambda value: np.where(value > 0, value, 0.0),
    "radial": lambda value: np.exp(-value * value * 0.5),
}


# Discriminants: MethodFisher.cxx, MethodLD.cxx


def _coefficients(root: Element, index: str) -> list[float]:
    return [float(c.attrib["Value"]) for c in sorted(root.iterfind("Weights/Coefficient"), key=lambda c: int(c.attrib[index]))]


def _fisher(root: Element, event: Array, regression: bool) -> Array:  # noqa: ARG001, FBT001 - as its siblings
    """``MethodFisher::GetMvaValue``: ``result += (*fFisherCoeff)[ivar]*ev->GetValue(ivar)``."""
    constant, *coefficients = _coefficients(root, "Index")
    result = np.full(len(event), constant, _DOUBLE)
    for place, coefficient in enumerate(coefficients):
        result += coefficient * event[:, place].astype(_DOUBLE)
    return result


def _ld(root: Element, event: Array, regression: bool) -> Array:  # noqa: ARG001, FBT001 - as its siblings
    """``MethodLD::GetMvaValue``: a ``Float_t`` is added to, so each step rounds."""
    constant, *coefficients = _coefficients(root, "IndexCoeff")
    result = np.full(len(event), constant, _FLOAT)
    for place, coefficient in enumerate(coefficients):
        result = (result.astype(_DOUBLE) + coefficient * event[:, place].astype(_DOUBLE)).astype(_FLOAT)
    return result


_METHODS = {"BDT": _bdt, "MLP": _mlp, "Fisher": _fisher, "LD": _ld}


# What comes before a method: VariableNormalizeTransform.cxx and its siblings


def _transform(root: Element, features: Array) -> Array:
    """``TransformationHandler::Transform``: one after the other, a ``Float_t`` in between."""
    event = features.astype(_FLOAT)
    for element in root.iterfind("Transformations/Transform"):
        if element.attrib["Name"] == "None":
            continue
        get, put = _selection(root, element, "Input"), _selection(root, element, "Output")
        changed = _CHANGES[element.attrib["Name"]](root, element, event[:, get])
        event = event.copy()
        event[:, put] = changed
    return event


def _selection(root: Element, element: Element, side: str) -> list[int]:
    """``VariableTransformBase::ReadFromXML``, of the variables alone: targets are unknown and masked."""
    variables = list(root.iterfind("Variables/Variable"))
    entries = element.findall(f"Selection/{side}/{side}")
    if not entries:
        return list(range(len(variables)))
    chosen = [entry for entry in entries if entry.attrib["Type"] == "Variable"]
    return [next(i for i, v in enumerate(variables) if _same(v, entry)) for entry in chosen]


def _same(variable: Element, entry: Element) -> bool:
    label = variable.get("Label", variable.attrib["Expression"])
    return label == entry.attrib["Label"] or variable.attrib["Expression"] == entry.attrib["Expression"]


def _bounds(root: Element, element: Element) -> tuple[dict[int, tuple[np.float32, np.float32]], dict[int, tuple[np.float32, np.float32]]]:
    """``fMin`` and ``fMax`` of the last class, of variables and targets, each by its place among its kind."""
    last = element.findall("Class")[-1]
    ranges = [(_FLOAT(r.attrib["Min"]), _FLOAT(r.attrib["Max"])) for group in last for r in group]
    kinds = [entry.attrib["Type"] for entry in element.findall("Selection/Input/Input")]
    kinds = kinds or ["Variable"] * len(root.findall("Variables/Variable")) + ["Target"] * len(root.findall("Targets/Target"))
    pairs = list(zip(kinds, ranges, strict=True))
    variables = [bounds for kind, bounds in pairs if kind == "Variable"]
    targets = [bounds for kind, bounds in pairs if kind == "Target"]
    return dict(enumerate(variables)), dict(enumerate(targets))


def _normalize(root: Element, element: Element, values: Array) -> Array:
    """``VariableNormalizeTransform::Transform``: ``valnorm = (val-offset)*scale * 2 - 1``."""
    variables, _ = _bounds(root, element)
    columns = []
    for place, (low, high) in variables.items():
        scale = _FLOAT(1.0 / float(high - low))
        columns.append((values[:, place] - low) * scale * _FLOAT(2) - _FLOAT(1))
    return np.stack(columns, axis=1)


def _decorrelate(root: Element, element: Element, values: Array) -> Array:  # noqa: ARG001 - as its siblings
    """``VariableDecorrTransform::Transform``: ``vec *= *m`` in ``Double_t``."""
    matrix = element.findall("Matrix")[-1]
    size = int(matrix.attrib["Rows"])
    entries = np.array([float(word) for word in (matrix.text or "").split()]).reshape(size, size)
    return np.asarray(sum(entries[:, j] * values[:, j : j + 1].astype(_DOUBLE) for j in range(size))).astype(_FLOAT)


def _principal(root: Element, element: Element, values: Array) -> Array:  # noqa: ARG001 - as its siblings
    """``VariablePCATransform::X2P``: ``pv += (x.at(j) - fMeanValues(j)) * fEigenVectors(j,i)``."""
    means = [float(word) for word in (element.findall("Statistics")[-1].text or "").split()]
    size = len(means)
    vectors = np.array([float(word) for word in (element.findall("Eigenvectors")[-1].text or "").split()]).reshape(size, size)
    shifted = values.astype(_DOUBLE) - np.array(means)
    return np.asarray(sum(shifted[:, j : j + 1] * vectors[j] for j in range(size))).astype(_FLOAT)


_CHANGES = {"Normalize": _normalize, "Decorrelation": _decorrelate, "PCA": _principal}


def _inverse(root: Element, values: Array) -> Array:
    """``VariableNormalizeTransform::InverseTransform``: ``offset+((val+1)/(scale * 2))`` of the targets."""
    for element in root.iterfind("Transformations/Transform"):
        entries = [entry for entry in element.findall("Selection/Input/Input") if entry.attrib["Type"] == "Target"]
        old = not element.findall("Selection") and element.get("NTargets", "0") != "0"
        if element.attrib["Name"] == "Normalize" and (entries or old):
            targets = list(root.iterfind("Targets/Target"))
            _, bounds = _bounds(root, element)
            for place, (low, high) in bounds.items():
                column = next(i for i, t in enumerate(targets) if _same(t, entries[place])) if entries else place
                scale = _FLOAT(1.0 / float(high - low))
                values[:, column] = low + (values[:, column] + _FLOAT(1)) / (scale * _FLOAT(2))
    return values
