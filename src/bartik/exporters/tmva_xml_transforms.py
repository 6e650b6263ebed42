"""TMVA's variable transformations as ONNX operators.

TMVA keeps every variable a float32 between two transformations; so do the graphs. An event to be classified has no known
class, so the last set of constants is used, the one for all classes together (``VariableNormalizeTransform::Transform`` and
its siblings: ``if (cls < 0 || cls >= (int) fMin.size()) cls = fMin.size()-1``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import numpy as np

from bartik.core import Array
from bartik.exporters.graphs import GraphBuilder
from bartik.exporters.tmva_xml_elements import Elements
from bartik.exporters.tmva_xml_model import Variable, WeightFile

_REFUSED = {
    "Gauss": "it interpolates tables and inverts the error function, which ONNX has no operator for",
    "Uniform": "it interpolates a table of its training sample, spline by spline",
    "Rearrange": "it changes the list of variables",
}


@dataclass(frozen=True)
class Places:
    """Which variables a transformation reads and where it puts them; ``targets`` it scales as well, by their position in the list."""

    get: tuple[int, ...]
    put: tuple[int, ...]
    targets: dict[int, int]


@dataclass(frozen=True)
class Normalize:
    """Each variable to [-1, 1] of its range in training; ``targets`` are (low, scale) of each target."""

    places: Places
    low: Array
    scale: Array
    targets: dict[int, tuple[np.float32, np.float32]]

    def apply(self, graph: GraphBuilder, values: str) -> str:
        """``(val-offset)*scale * 2 - 1`` in float32, where twice a number is exact."""
        shifted = graph.op("Sub", values, graph.constant(self.low))
        return graph.op("Sub", graph.op("Mul", shifted, graph.constant(self.scale * np.float32(2))), graph.constant(np.float32(1)))


@dataclass(frozen=True)
class Rotate:
    """Decorrelation or principal components: ``matrix`` [m, n] times the variables less ``shift`` [n], in float64."""

    places: Places
    matrix: Array
    shift: Array | None

    def apply(self, graph: GraphBuilder, values: str) -> str:
        """The products are summed in float64 and rounded once, as TMVA does: trees behind it cut on the rounded value."""
        wide = graph.cast(values, "float64")
        if self.shift is not None:
            wide = graph.op("Sub", wide, graph.constant(self.shift, "float64"))
        return graph.cast(graph.op("MatMul", wide, graph.constant(self.matrix.T, "float64")), "float32")


Transform = Normalize | Rotate


def read_transforms(file: WeightFile) -> tuple[Transform, ...]:
    """The chain of ``file``; `ExportError` names what cannot be expressed."""
    elements = file.elements
    parent = elements.child(file.root, "Transformations")
    return tuple(_transform(file, elements, child) for child in elements.children(parent, "Transform") if child.get("Name") != "None")


def apply_transforms(graph: GraphBuilder, values: str, transforms: Iterable[Transform], width: int) -> str:
    """``values`` [batch, ``width``] after all ``transforms``."""
    everything = tuple(range(width))
    for transform in transforms:
        places = transform.places
        chosen = values if places.get == everything else graph.op("Gather", values, graph.constant(places.get, "int64"), axis=1)
        changed = transform.apply(graph, chosen)
        if places.put == everything:
            values = changed
        else:
            order = [width + places.put.index(i) if i in places.put else i for i in everything]
            values = graph.op("Gather", graph.op("Concat", values, changed, axis=1), graph.constant(order, "int64"), axis=1)
    return values


def _transform(file: WeightFile, elements: Elements, element: Element) -> Transform:
    name = elements.text(element, "Name")
    if name in _REFUSED:
        elements.refuse(f"transformation {name} is not supported: {_REFUSED[name]}", "train with VarTransform N, D, P or none")
    if name not in _READERS:
        elements.refuse(f"transformation {name!r} is not known", f"known: {', '.join(_READERS)}")
    return _READERS[name](file, elements, element)


def _normalize(file: WeightFile, elements: Elements, element: Element) -> Normalize:
    places = _places(file, elements, element)
    classes = element.findall("Class")
    elements.in_order(classes, "ClassIndex")
    if not classes:
        elements.refuse("transformation Normalize has no <Class>", "is the file whole?")
    ranges = [*_ranges(elements, classes[-1])]
    count = len(places.get) + len(places.targets)
    if len(ranges) != count:
        elements.refuse(f"transformation Normalize has {len(ranges)} ranges for {count} variables")
    bounds = np.array([[elements.float32(r, "Min"), elements.float32(r, "Max")] for r in ranges], np.float32).reshape(-1, 2)
    if not (bounds[:, 0] < bounds[:, 1]).all():
        elements.refuse(f"transformation Normalize: range {int(np.argmin(bounds[:, 0] < bounds[:, 1]))} is empty", "Min must be below Max")
    with np.errstate(over="ignore"):
        scale = (1.0 / (bounds[:, 1] - bounds[:, 0]).astype(np.float64)).astype(np.float32)
        twice = scale * np.float32(2)
    if not np.isfinite(twice).all() or not scale.all():
        elements.refuse("transformation Normalize: a range is too wide or too narrow for float32")
    rows = [i for i in range(count) if i not in places.targets.values()]
    targets = {target: (bounds[row, 0], scale[row]) for target, row in places.targets.items()}
    return Normalize(places, bounds[rows, 0], scale[rows], targets)


def _ranges(elements: Elements, element: Element) -> Iterable[Element]:
    """Ranges of one class: ``Ranges/Range``, before TMVA 4.1.0 ``Variables/Variable`` and ``Targets/Target``."""
    indices = {"Ranges": "Index", "Variables": "VarIndex", "Targets": "TargetIndex"}
    for group in element:
        if group.tag in indices:
            elements.in_order(list(group), indices[group.tag])
            yield from group


def _decorrelation(file: WeightFile, elements: Elements, element: Element) -> Rotate:
    places = _rotated(file, elements, element)
    matrices = element.findall("Matrix")
    if not matrices:
        elements.refuse("transformation Decorrelation has no <Matrix>", "is the file whole?")
    return Rotate(places, _matrix(elements, matrices[-1], "Rows", "Columns", len(places.get)), None)


def _pca(file: WeightFile, elements: Elements, element: Element) -> Rotate:
    places = _rotated(file, elements, element)
    size = len(places.get)
    means, vectors = element.findall("Statistics"), element.findall("Eigenvectors")
    if not means or len(means) != len(vectors):
        elements.refuse("transformation PCA needs as many <Statistics> as <Eigenvectors>", "is the file whole?")
    for group in (means, vectors):
        elements.in_order(group, "ClassIndex")
    if elements.whole(means[-1], "NRows", 1, size) != size:
        elements.refuse(f"transformation PCA: means of {means[-1].get('NRows')} variables, wanted {size}")
    columns = _matrix(elements, vectors[-1], "NRows", "NCols", size)
    return Rotate(places, columns.T, elements.numbers(means[-1], size))


_READERS: Mapping[str, Callable[[WeightFile, Elements, Element], Transform]] = {
    "Normalize": _normalize,
    "Decorrelation": _decorrelation,
    "PCA": _pca,
}


def _matrix(elements: Elements, element: Element, rows: str, columns: str, size: int) -> Array:
    shape = (elements.whole(element, rows, 1, 2**20), elements.whole(element, columns, 1, 2**20))
    if shape != (size, size):
        elements.refuse(f"<{element.tag}> is {shape[0]} by {shape[1]}, wanted {size} by {size}")
    return elements.numbers(element, size * size).reshape(size, size)


def _rotated(file: WeightFile, elements: Elements, element: Element) -> Places:
    places = _places(file, elements, element)
    if places.targets:
        elements.refuse(f"transformation {element.get('Name')} mixes variables and targets", "TMVA cannot invert it either")
    return places


def _places(file: WeightFile, elements: Elements, element: Element) -> Places:
    selection = element.find("Selection")
    if selection is None:  # before TMVA 4.1.0: all variables, then all targets
        everything = tuple(range(len(file.variables)))
        targets = int(element.get("NTargets", "0") == str(len(file.targets)) and len(file.targets))
        return Places(everything, everything, {i: len(everything) + i for i in range(targets)})
    get, targets_read = _selected(file, elements, elements.child(selection, "Input"), "NInputs")
    put, targets_written = _selected(file, elements, elements.child(selection, "Output"), "NOutputs")
    if targets_read != targets_written or len(get) != len(put) or len(set(put)) != len(put):
        elements.refuse(f"transformation {element.get('Name')} does not put back what it reads")
    return Places(get, put, targets_read)


def _selected(file: WeightFile, elements: Elements, parent: Element, count: str) -> tuple[tuple[int, ...], dict[int, int]]:
    if elements.whole(parent, count, 1, 2**20) != len(parent):
        elements.refuse(f"<{parent.tag} {count}={parent.get(count)!r}> holds {len(parent)}")
    variables, targets = [], {}
    for row, entry in enumerate(parent):
        if entry.tag != parent.tag:
            elements.refuse(f"<{entry.tag}> stands where an <{parent.tag}> was wanted")
        kind = elements.text(entry, "Type")
        if kind == "Variable":
            variables.append(_position(elements, file.variables, entry))
        elif kind == "Target" and file.targets:
            targets[_position(elements, file.targets, entry)] = row
        else:
            elements.refuse(f"a transformation reads a {kind.lower()}", "only variables and regression targets are supported")
    return tuple(variables), targets


def _position(elements: Elements, known: tuple[Variable, ...], entry: Element) -> int:
    """The first variable of that label or expression (``VariableTransformBase::ReadFromXML``)."""
    label, expression = elements.text(entry, "Label"), elements.text(entry, "Expression")
    fits = [i for i, variable in enumerate(known) if label == variable.label or expression == variable.expression]
    if not fits:
        elements.refuse(f"a transformation reads {expression!r}, which is no variable of the file")
    return fits[0]
