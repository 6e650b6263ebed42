"""What every exporter must do."""
# ruff: noqa: D102, S101 - the names of tests are sentences, and they assert

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from bartik.backends import prepare
from bartik.checks import check, require
from bartik.core import Arrays, ExportError, Model, Signature, TensorSpec
from bartik.core.bundle import Bundle
from bartik.core.compare import compare, worst
from bartik.exporters import export
from bartik.testing.refusal import refused
from bartik.testing.scratch import scratch_folder


@dataclass(frozen=True)
class Example:
    """A trained model and inputs for it, edge cases among them."""

    name: str
    model: Model
    signature: Signature
    inputs: Arrays


_MADE: dict[type, list[tuple[Example, Bundle]]] = {}


class ExporterContract:
    """Inherit, give `examples` of your framework and `outputs` of a model as the framework itself computes them.

    Every input and output of an example must have the batch as its first axis.
    """

    def examples(self) -> list[Example]:
        """Models of every kind the exporter supports; the same ones each time."""
        raise NotImplementedError

    def outputs(self, example: Example, inputs: Arrays) -> Arrays:
        """What the framework itself gives."""
        raise NotImplementedError

    def test_a_bundle_holds_what_the_framework_gives(self) -> None:
        for example, bundle in self._bundles():
            inputs, outputs = bundle.reference()
            assert all(np.array_equal(inputs[name], example.inputs[name]) for name in example.inputs)
            self._same(self.outputs(example, example.inputs), outputs, example)

    def test_every_backend_here_reproduces_it(self) -> None:
        for _, bundle in self._bundles():
            require(check(bundle), needed=("reference",))

    def test_the_batch_is_free(self) -> None:
        for example, bundle in self._bundles():
            session = prepare(bundle, "reference")
            for rows in (1, 2, 5):
                inputs = {name: np.resize(array, (rows, *array.shape[1:])) for name, array in example.inputs.items()}
                self._same(self.outputs(example, inputs), session.run(inputs), example)

    def test_the_graph_has_the_names_of_the_signature_in_order(self) -> None:
        for example, bundle in self._bundles():
            graph = bundle.model().graph
            constants = {tensor.name for tensor in graph.initializer}
            assert [v.name for v in graph.input if v.name not in constants] == [s.name for s in example.signature.inputs]
            assert [v.name for v in graph.output] == [s.name for s in example.signature.outputs]

    def test_the_graph_is_legal_onnx(self) -> None:
        for _, bundle in self._bundles():
            onnx.checker.check_model(bundle.model(), full_check=True)

    def test_the_same_model_gives_the_same_file(self) -> None:
        for example, bundle in self._bundles():
            assert _export(example).model_path.read_bytes() == bundle.model_path.read_bytes()

    def test_the_file_says_nothing_of_the_machine_it_was_written_on(self) -> None:
        for _, bundle in self._bundles():
            content = bundle.model_path.read_bytes()
            for trace in (str(Path.cwd()), str(Path.home()), ".py", "Traceback", "site-packages"):
                assert trace.encode() not in content, trace
            assert not bundle.model().metadata_props
            assert not any(node.doc_string or node.metadata_props for node in bundle.model().graph.node)

    def test_refuses_a_signature_that_the_model_does_not_have(self) -> None:
        for example in self.examples()[:1]:
            more = (*example.signature.outputs, TensorSpec("one_too_many", "float32", ("batch", 1)))
            path = scratch_folder() / "bundle"
            refused(ExportError, export, example.model, Signature(example.signature.inputs, more), example.inputs, path)
            assert not path.exists()

    def _bundles(self) -> list[tuple[Example, Bundle]]:
        """The bundles of all examples, made once for all tests."""
        if type(self) not in _MADE:
            _MADE[type(self)] = [(example, _export(example)) for example in self.examples()]
        return _MADE[type(self)]

    def _same(self, wanted: Arrays, found: Arrays, example: Example) -> None:
        difference = worst(compare(wanted, found))
        assert difference.ok, f"{example.name}: {difference}"


def _export(example: Example) -> Bundle:
    return export(example.model, example.signature, example.inputs, scratch_folder() / "bundle", name=example.name)
