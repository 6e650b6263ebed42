"""What every use case must do, in its configuration ``tiny``."""
# ruff: noqa: D102, S101, PLC0415 - the names of tests are sentences, they assert, and training is imported when it is needed

from __future__ import annotations

from functools import cache, cached_property
from unittest import SkipTest

import numpy as np

from bartik.backends import prepare
from bartik.checks import check, require
from bartik.core import SPLITS, Arrays, Config, Dataset, Interval, Model, Split, UseCase, load_config
from bartik.core.bundle import Bundle
from bartik.core.config import layers
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.exporters import export
from bartik.exporters.edge_cases import edge_rows
from bartik.testing.scratch import scratch_folder
from bartik.tune.space import FILE as SPACE
from bartik.tune.space import read_space


class Trial:
    """A use case taken once from data to a bundle, each part made when it is first asked for."""

    def __init__(self, usecase: str) -> None:
        """Take ``usecase`` by name, or by the path of its folder."""
        self.usecase: UseCase = load_usecase(usecase)
        self.code = usecase_folder(self.usecase)
        self.folder = scratch_folder()

    @cached_property
    def config(self) -> Config:
        """The configuration ``tiny``."""
        return load_config(self.code, layer="tiny")

    @cached_property
    def data(self) -> dict[Split, Dataset]:
        """Every split."""
        return {split: self.usecase.data(split, self.config) for split in SPLITS}

    @cached_property
    def model(self) -> Model:
        """The trained model, as it is read from what the training left."""
        from bartik.train import load_model

        self.train("checkpoint.pt")
        return load_model(self.usecase, self.config, self.folder / "checkpoint.pt")

    def train(self, checkpoint: str) -> Model:
        """Train anew, by the use case's own ``train`` where it has one."""
        from bartik.train import train_model

        parts = self.data["train"], self.data["validation"]
        return train_model(self.usecase, *parts, self.config, self.folder / checkpoint, lambda _: None)

    @cached_property
    def reference(self) -> Arrays:
        """Some real rows and, for a table, rows on its edges."""
        rows = {name: array[:50] for name, array in self.data["test"].inputs.items()}
        return {"features": np.concatenate([rows["features"], edge_rows(rows["features"])])} if list(rows) == ["features"] else rows

    @cached_property
    def bundle(self) -> Bundle:
        """The trained model as a bundle."""
        return self.export(self.model, "bundle")

    def export(self, model: Model, name: str) -> Bundle:
        """Any model as a bundle."""
        return export(model, self.usecase.signature, self.reference, self.folder / name, name=self.code.name)


@cache
def trial_of(usecase: str) -> Trial:
    """The one trial of a use case in this process."""
    return Trial(usecase)


class UseCaseContract:
    """Inherit, name your use case (or the path of its folder), and run with any test runner.

    >>> class TestMine(UseCaseContract):
    ...     usecase = "ghost_probability"
    """

    usecase: str

    @property
    def trial(self) -> Trial:
        """Data, model and bundle, made once for all tests."""
        return trial_of(self.usecase)

    def test_says_what_it_is(self) -> None:
        assert (self.trial.usecase.__doc__ or "").strip(), "__init__.py has no docstring"
        readme = self.trial.code / "README.md"
        assert readme.is_file(), "README.md, the model card, is missing"
        assert readme.read_text(encoding="utf-8").strip()

    def test_every_configuration_of_its_folder_fits_config_toml(self) -> None:
        found = layers(self.trial.code)
        assert "tiny" in found
        for layer in found:
            assert load_config(self.trial.code, layer=layer).keys() == load_config(self.trial.code).keys()

    def test_what_a_campaign_searches_fits_config_toml(self) -> None:
        space = self.trial.code / SPACE
        if space.is_file():
            assert read_space(space, load_config(self.trial.code)).parameters

    def test_every_input_has_a_description_of_its_columns(self) -> None:
        for spec in self.trial.usecase.signature.inputs:
            names = [column.name for column in spec.columns]
            assert len(set(names)) == len(names), "two columns of one name"
            assert all(names)

    def test_every_split_has_rows_that_fit_the_signature(self) -> None:
        for split, data in self.trial.data.items():
            assert data.rows > 0, f"{split} is empty"
            self.trial.usecase.signature.check_inputs(data.inputs)
            columns = {**data.inputs, **data.spectators, "weights": data.target if data.weights is None else data.weights}
            for name, array in columns.items():
                assert len(array) == data.rows, f"{split}: {name} has {len(array)} rows, the target {data.rows}"
            assert all(np.isfinite(array).all() for array in data.inputs.values()), f"{split}: not finite"
            assert data.source, f"{split}: says not where its rows come from"

    def test_no_event_is_in_two_splits(self) -> None:
        events = [set(data.spectators["event"].tolist()) for data in self.trial.data.values() if "event" in data.spectators]
        assert sum(map(len, events)) == len(set().union(*events))

    def test_the_same_configuration_gives_the_same_data(self) -> None:
        for split, data in self.trial.data.items():
            assert self.trial.usecase.data(split, self.trial.config).digest == data.digest

    def test_an_untrained_model_takes_the_inputs_of_the_signature(self) -> None:
        if callable(getattr(self.trial.usecase, "load", None)):
            raise SkipTest("it reads its model from a file and makes none without weights")
        inputs = {name: array[:3] for name, array in self.trial.reference.items()}
        bundle = self.trial.export(self.trial.usecase.model(self.trial.config), "untrained")
        assert all(len(array) == 3 for array in prepare(bundle, "reference").run(inputs).values())

    def test_trained_and_exported_every_backend_here_reproduces_it(self) -> None:
        require(check(self.trial.bundle), needed=("reference", "onnxruntime"))

    def test_its_outputs_are_finite_even_on_the_edges(self) -> None:
        _, outputs = self.trial.bundle.reference()
        assert all(np.isfinite(array).all() for array in outputs.values())

    def test_training_again_gives_the_same_file(self) -> None:
        again = self.trial.export(self.trial.train("again.pt"), "again")
        assert again.model_digest == self.trial.bundle.model_digest

    def test_its_score_is_numbers_with_intervals_around_them(self) -> None:
        test = self.trial.data["test"]
        score = self.trial.usecase.score(prepare(self.trial.bundle, "onnxruntime").run(test.inputs), test)
        assert score, "no metric"
        for name, interval in score.items():
            assert isinstance(interval, Interval), name
            assert interval.low <= interval.value <= interval.high, f"{name}: {interval}"
