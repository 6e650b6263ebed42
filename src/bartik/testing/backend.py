"""What every backend must do."""
# ruff: noqa: D102, S101 - the names of tests are sentences, and they assert

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import numpy as np

from bartik.backends import prepare
from bartik.core import (
    Array,
    Arrays,
    BackendError,
    BartikError,
    DigestError,
    Options,
    Session,
    UnknownNameError,
    UnsupportedError,
    UsageError,
)
from bartik.core.bundle import MODEL, Bundle, write_bundle
from bartik.core.plugins import load_backend
from bartik.testing.models import ACTIVATIONS, custom_operator_model, dense_bundle, dense_signature, random_rows
from bartik.testing.refusal import refused

_SIZES = (5, 9, 4, 1)


class BackendContract:
    """Inherit, name your backend, and run with any test runner.

    ``refuses`` names the activations of `bartik.testing.models.ACTIVATIONS` that the backend does not run: they must be
    refused in ``prepare``, by operator. ``options`` are given to every ``prepare``.

    >>> class TestMine(BackendContract):
    ...     backend = "reference"
    """

    backend: str
    options: Options = MappingProxyType({})
    refuses: frozenset[str] = frozenset()
    atol, rtol = 1e-6, 1e-5

    def test_is_available_with_a_version_or_says_why_not(self) -> None:
        found = load_backend(self.backend).available()
        assert found.version if found.ok else found.reason
        assert found.ok or found.remedy

    def test_agrees_with_the_reference_for_every_activation(self) -> None:
        for activation in sorted(ACTIVATIONS.keys() - self.refuses):
            with self._bundle(activation) as bundle:
                self._compare(bundle, self._prepare(bundle))

    def test_refuses_by_operator_in_prepare_what_it_does_not_run(self) -> None:
        for activation in sorted(self.refuses):
            with self._bundle(activation) as bundle:
                error = refused(UnsupportedError, self._prepare, bundle)
                assert ACTIVATIONS[activation][0] in str(error)

    def test_agrees_with_the_reference_for_many_shapes(self) -> None:
        for seed, sizes in enumerate([(1, 1), (3, 2), (17, 25, 20, 1), (8, 16, 16, 3), (2, 64, 1)]):
            with tempfile.TemporaryDirectory() as folder:
                bundle = dense_bundle(Path(folder) / "bundle", sizes, seed=seed)
                self._compare(bundle, self._prepare(bundle))

    def test_agrees_for_every_size_of_batch_and_knows_no_rows(self) -> None:
        with self._bundle() as bundle:
            session, (inputs, outputs) = self._prepare(bundle), bundle.reference()
            for rows in (0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 33):
                found = session.run({"features": inputs["features"][:rows]})["score"]
                assert found.shape == (rows, 1)
                self._close(found, outputs["score"][:rows])

    def test_a_row_does_not_depend_on_its_neighbours(self) -> None:
        with self._bundle() as bundle:
            session, inputs = self._prepare(bundle), bundle.reference()[0]["features"]
            together = session.run({"features": np.concatenate([inputs[5:6], inputs[2:3].repeat(20, 0)])})["score"]
            self._close(session.run({"features": inputs[5:6]})["score"], together[:1])

    def test_fills_and_returns_the_arrays_of_out(self) -> None:
        with self._bundle() as bundle:
            session, (inputs, outputs) = self._prepare(bundle), bundle.reference()
            for rows in (33, 40_000):
                features = np.resize(inputs["features"], (rows, _SIZES[0]))
                wanted, out = np.resize(outputs["score"], (rows, 1)), {"score": np.full((rows, 1), np.nan, np.float32)}
                score = out["score"]
                assert session.run({"features": features}, out)["score"] is score
                self._close(score, wanted)

    def test_fills_an_out_that_is_not_in_one_piece(self) -> None:
        with self._bundle() as bundle:
            session, (inputs, outputs) = self._prepare(bundle), bundle.reference()
            space = np.full((33, 2), np.nan, np.float32)
            session.run(inputs, {"score": space[:, 1:]})
            self._close(space[:, 1:], outputs["score"])
            assert np.isnan(space[:, 0]).all()

    def test_refuses_an_out_of_another_dtype_shape_or_name(self) -> None:
        with self._bundle() as bundle:
            session, inputs = self._prepare(bundle), bundle.reference()[0]
            fixed = np.zeros((33, 1), np.float32)
            fixed.flags.writeable = False
            for out in (
                {"score": np.zeros((33, 1))},
                {"score": np.zeros((32, 1), np.float32)},
                {"score": np.zeros(33, np.float32)},
                {"scores": np.zeros((33, 1), np.float32)},
                {"score": fixed},
                {},
            ):
                refused(UsageError, session.run, inputs, out)

    def test_refuses_inputs_of_another_dtype_shape_or_name_and_names_them(self) -> None:
        with self._bundle() as bundle:
            session = self._prepare(bundle)
            for features in (np.zeros((3, 5)), np.zeros((3, 4), np.float32), np.zeros(5, np.float32), np.zeros((3, 5), np.int64)):
                error = refused(UsageError, session.run, {"features": features})
                assert "features" in str(error)
            for inputs in ({}, {"feature": random_rows(3, 5)}, {"features": random_rows(3, 5), "more": random_rows(3, 5)}):
                refused(UsageError, session.run, inputs)
            refused(UsageError, session.run, {"features": [[0.0] * 5]})

    def test_takes_inputs_in_any_layout_and_leaves_them_as_they_were(self) -> None:
        with self._bundle() as bundle:
            session, (inputs, outputs) = self._prepare(bundle), bundle.reference()
            for features in _layouts(inputs["features"]):
                before = features.copy()
                self._close(session.run({"features": features})["score"], outputs["score"])
                assert np.array_equal(features, before)

    def test_calls_share_no_memory(self) -> None:
        with self._bundle() as bundle:
            session, (inputs, outputs) = self._prepare(bundle), bundle.reference()
            first = session.run(inputs)["score"]
            session.run({"features": np.zeros_like(inputs["features"])})["score"][:] = 7
            self._close(first, outputs["score"])

    def test_runs_in_many_threads_at_once(self) -> None:
        with self._bundle() as bundle:
            session, (inputs, outputs) = self._prepare(bundle), bundle.reference()

            def work(seed: int) -> bool:
                order = np.random.default_rng(seed).permutation(33)
                features = {"features": inputs["features"][order]}
                return all(np.allclose(session.run(features)["score"], outputs["score"][order], self.rtol, self.atol) for _ in range(20))

            with ThreadPoolExecutor(8) as pool:
                assert all(pool.map(work, range(16)))

    def test_two_sessions_do_not_disturb_each_other(self) -> None:
        with self._bundle("relu") as one, self._bundle("tanh") as other:
            first, second = self._prepare(one), self._prepare(other)
            self._compare(one, first)
            self._compare(other, second)
            self._compare(one, first)

    def test_refuses_an_unknown_option_and_a_model_that_is_none(self) -> None:
        with self._bundle() as bundle:
            refused(UnknownNameError, prepare, bundle, self.backend, **{**self.options, "no_such_option": 1})
            torn = bundle.model_path.read_bytes()[:-40]
            broken = write_bundle(bundle.path.parent / "broken", torn, bundle.signature, bundle.reference(), name="broken")
            refused(BartikError, self._prepare, broken)

    def test_refuses_an_operator_it_lacks_in_prepare_and_names_it(self) -> None:
        with self._bundle() as bundle:
            content = custom_operator_model(_SIZES).SerializeToString()
            path = bundle.path.parent / "custom"
            custom = write_bundle(path, content, dense_signature(_SIZES), bundle.reference(), name="custom")
            assert "Frobnicate" in str(refused(BackendError, self._prepare, custom))

    def test_refuses_a_model_altered_since_the_bundle_was_opened(self) -> None:
        with self._bundle() as bundle:
            (bundle.path / MODEL).write_bytes(bundle.model_path.read_bytes() + b"\0")
            refused(DigestError, self._prepare, bundle)

    def _prepare(self, bundle: Bundle) -> Session:
        return prepare(bundle, self.backend, **self.options)

    def _compare(self, bundle: Bundle, session: Session) -> None:
        inputs, outputs = bundle.reference()
        found: Arrays = session.run(inputs)
        assert found.keys() == outputs.keys()
        for name, wanted in outputs.items():
            assert found[name].dtype == wanted.dtype
            self._close(found[name], wanted)

    def _close(self, found: Array, wanted: Array) -> None:
        np.testing.assert_allclose(found, wanted, rtol=self.rtol, atol=self.atol)

    @contextmanager
    def _bundle(self, activation: str = "relu") -> Iterator[Bundle]:
        with tempfile.TemporaryDirectory() as folder:
            yield dense_bundle(Path(folder) / "bundle", _SIZES, activation)


def _layouts(features: Array) -> list[Array]:
    """The same values in Fortran order, as every other column of a wider array, backwards in memory, and read-only."""
    wide = np.zeros((features.shape[0], 2 * features.shape[1]), features.dtype)
    wide[:, ::2] = features
    fixed = features.copy()
    fixed.flags.writeable = False
    return [np.asfortranarray(features), wide[:, ::2], features[::-1].copy()[::-1], fixed]
