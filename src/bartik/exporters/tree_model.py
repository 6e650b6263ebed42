"""A boosting library's model on its way to a bundle: what is the same whichever library it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from bartik.core import Array, Arrays, Column, Signature, TensorSpec
from bartik.exporters.answers import answers, check_answers, decided, graph_answers
from bartik.exporters.graphs import GraphBuilder
from bartik.exporters.imported import Imported, translate, usable
from bartik.exporters.tree_rows import rows_for_trees
from bartik.exporters.trees import Ensemble, check_trees, tree_sums

Link = Callable[[GraphBuilder, str], str]
"""What an objective makes of the sums: from a graph and their name to the name of the values."""


def identity(graph: GraphBuilder, margin: str) -> str:  # noqa: ARG001 - one of the links
    """The sums themselves."""
    return margin


def sigmoid(graph: GraphBuilder, margin: str) -> str:
    """A probability for each sum."""
    return graph.op("Sigmoid", margin)


def exponential(graph: GraphBuilder, margin: str) -> str:
    """A positive number for each sum."""
    return graph.op("Exp", margin)


def softmax(graph: GraphBuilder, margin: str) -> str:
    """Probabilities of classes that exclude each other."""
    return graph.op("Softmax", margin, axis=-1)


@dataclass(frozen=True)
class TreeModel:
    """What was read of a library's model.

    ``name`` is what messages call it; ``predict`` is the library itself: from features float32 [rows, n] to its values and its sums,
    each [rows, k]; ``columns`` are the names of the features; ``about`` and ``source`` are as in `Imported`.
    """

    name: Path | str
    ensemble: Ensemble
    link: Link
    predict: Callable[[Array], tuple[Array, Array]]
    columns: tuple[str, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, bytes] = field(default_factory=dict)

    def outputs(self, signature: Signature, inputs: Arrays) -> Arrays:
        """Outputs by name as the library gives them."""
        check_answers(self.name, signature, self.ensemble.features, self.ensemble.targets)
        value, margin = self.predict(np.ascontiguousarray(inputs[signature.inputs[0].name]))
        return answers(signature, value, margin)

    def export(self, signature: Signature, reference: Arrays) -> bytes:
        """ONNX bytes with ``signature``, compared on ``reference`` and on rows made for the cuts."""
        signature.check_inputs(reference)
        check_answers(self.name, signature, self.ensemble.features, self.ensemble.targets)
        features = signature.inputs[0].name
        source = self.imported(signature)
        rows = self._clear(rows_for_trees(self.ensemble, reference[features]), signature)
        made = usable({features: rows}, source.run)
        return translate(source, {features: np.concatenate([reference[features], made[features]])})

    def imported(self, signature: Signature | None = None) -> Imported:
        """It as a file is handed over; without a ``signature`` ``features`` go in and ``response`` comes out."""
        check_trees(self.name, self.ensemble)
        asked = signature or self._signature()

        def run(inputs: Arrays) -> Arrays:
            return self.outputs(asked, inputs)

        rows = usable({asked.inputs[0].name: self._clear(rows_for_trees(self.ensemble), asked)}, run)
        about = {"source": Path(self.name).name, **self.about, "trees": len(self.ensemble.trees)}
        return Imported(self.name, asked, rows, run, {"float32": lambda: self.graph(asked)}, about, self.source)

    def graph(self, signature: Signature) -> onnx.ModelProto:
        """The graph with ``signature``."""
        graph = GraphBuilder()
        margin = tree_sums(graph, signature.inputs[0].name, self.ensemble)
        value = self.link(graph, margin)
        return graph.model(signature, graph_answers(graph, signature, value, margin, self.ensemble.targets))

    def _clear(self, rows: Array, signature: Signature) -> Array:
        return rows[decided(signature, self.predict(rows)[0])]

    def _signature(self) -> Signature:
        count, named = self.ensemble.features, len(self.columns) == self.ensemble.features
        columns = tuple(Column(name) for name in (self.columns if named else (f"f{number}" for number in range(count))))
        features = TensorSpec("features", "float32", ("batch", count), columns)
        return Signature((features,), (TensorSpec("response", "float32", ("batch", self.ensemble.targets)),))
