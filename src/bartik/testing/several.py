"""What every use case of several models must do, in its configuration ``tiny``."""
# ruff: noqa: D102, S101, PLC0415 - the names of tests are sentences, they assert, and training is imported when it is needed

from __future__ import annotations

from functools import cache, cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np

from bartik.checks import check, require
from bartik.core import SPLITS, Arrays, Config, Dataset, Interval, Split, UseCase, load_config
from bartik.core.bundle import Bundle
from bartik.core.config import layers
from bartik.core.plugins import load_part, load_usecase, parts, usecase_folder, usecase_name
from bartik.core.ragged import take_events
from bartik.exporters import export
from bartik.exporters import outputs as outputs_of
from bartik.testing.scratch import scratch_folder
from bartik.tune.space import FILE as SPACE
from bartik.tune.space import read_space

_REFERENCE_ROWS = 50


class Chain:
    """A use case of several models, each trained when it is first asked for, with the bundles of those it needs."""

    def __init__(self, usecase: str) -> None:
        """Take ``usecase`` by name, or by the path of its folder."""
        self.usecase: UseCase = load_usecase(usecase)
        self.folder = scratch_folder()
        self.bundles: dict[str, Bundle] = {}

    def bundle(self, part: str) -> Bundle:
        """The model ``part`` as a bundle."""
        if part not in self.bundles:
            self.bundles[part] = self.made(part, part)
        return self.bundles[part]

    def made(self, part: str, name: str) -> Bundle:
        """Train ``part`` anew, and write its bundle under another name."""
        from bartik.train import load_model, train_model

        usecase, config = load_part(self.usecase, part), self.config(part)
        data: dict[Split, Dataset] = {split: usecase.data(split, config) for split in SPLITS}
        checkpoint = self.folder / f"{name}.pt"
        train_model(usecase, data["train"], data["validation"], config, checkpoint, lambda _: None)
        model = load_model(usecase, config, checkpoint)
        outputs = {split: outputs_of(model, usecase.signature, data[split].inputs) for split in ("validation", "test")}
        choose = getattr(usecase, "working_points", None)
        points = choose(outputs["validation"], data["validation"], outputs["test"], data["test"]) if choose else {}
        about = {"use_case": usecase_name(usecase), "configuration": config.to_dict()}
        cuts = {key: point[0] for key, point in points.items()}
        into, reference = self.folder / name, _reference(usecase, data["test"])
        return export(model, usecase.signature, reference, into, name=part, working_points=cuts, provenance=about)

    def config(self, part: str = "") -> Config:
        """The configuration ``tiny`` of a part, with the bundles it needs; that of the whole without a part."""
        if not part:
            return load_config(usecase_folder(self.usecase), layer="tiny")
        config = load_config(usecase_folder(load_part(self.usecase, part)), layer="tiny")
        needed = {name: str(self.bundle(name).path) for name in parts(self.usecase)[part]}
        return config.replace({"bundles": needed}) if needed else config

    @cached_property
    def together(self) -> tuple[dict[str, dict[str, Interval]], Arrays]:
        """Metrics and arrays of all together."""
        bundles = {part: self.bundle(part).path for part in parts(self.usecase)}
        found: tuple[dict[str, dict[str, Interval]], Arrays] = cast(Any, self.usecase).whole(bundles, self.config(), lambda _: None)
        return found


@cache
def chain_of(usecase: str) -> Chain:
    """The one chain of a use case in this process."""
    return Chain(usecase)


class SeveralModelsContract:
    """Inherit, name your use case of several models (or the path of its folder), and run with any test runner."""

    usecase: str

    @property
    def chain(self) -> Chain:
        """All models, made once for all tests."""
        return chain_of(self.usecase)

    def test_says_what_it_is_and_so_does_every_part(self) -> None:
        assert (self.chain.usecase.__doc__ or "").strip(), "__init__.py has no docstring"
        assert (usecase_folder(self.chain.usecase) / "README.md").is_file(), "README.md, the model card, is missing"
        for part in parts(self.chain.usecase):
            assert (load_part(self.chain.usecase, part).__doc__ or "").strip(), f"{part}/__init__.py has no docstring"

    def test_a_part_needs_only_those_before_it(self) -> None:
        known: set[str] = set()
        for part, needs in parts(self.chain.usecase).items():
            assert known >= set(needs), f"{part} needs {sorted(set(needs) - known)}, which come later or not at all"
            known.add(part)

    def test_every_configuration_fits_its_config_toml(self) -> None:
        folders: list[Path] = [usecase_folder(self.chain.usecase)]
        folders += [usecase_folder(load_part(self.chain.usecase, part)) for part in parts(self.chain.usecase)]
        for folder in folders:
            names = layers(folder)
            assert "tiny" in names, f"{folder.name}: no tiny.toml"
            assert all(load_config(folder, layer=name).keys() == load_config(folder).keys() for name in names)

    def test_what_a_campaign_searches_fits_config_toml(self) -> None:
        for part in parts(self.chain.usecase):
            folder = usecase_folder(load_part(self.chain.usecase, part))
            if (folder / SPACE).is_file():
                assert read_space(folder / SPACE, load_config(folder)).parameters

    def test_trained_and_exported_every_backend_here_reproduces_every_part(self) -> None:
        for part in parts(self.chain.usecase):
            require(check(self.chain.bundle(part)), needed=("reference", "onnxruntime"))

    def test_training_again_gives_the_same_file(self) -> None:
        first = next(iter(parts(self.chain.usecase)))
        assert self.chain.made(first, "again").model_digest == self.chain.bundle(first).model_digest

    def test_together_they_give_numbers_with_intervals_around_them(self) -> None:
        metrics, _ = self.chain.together
        assert metrics, "no model"
        for name, interval in ((name, interval) for values in metrics.values() for name, interval in values.items()):
            assert isinstance(interval, Interval), name
            assert interval.low <= interval.value <= interval.high, f"{name}: {interval}"

    def test_every_model_of_the_comparison_has_the_metrics_of_the_first(self) -> None:
        metrics, _ = self.chain.together
        wanted = next(iter(metrics.values())).keys()
        assert all(wanted <= values.keys() for values in metrics.values()), "the page shows them side by side"

    def test_every_figure_is_drawn(self) -> None:
        from bartik.plots import to_svg

        draw = getattr(self.chain.usecase, "figures", None)
        metrics, arrays = self.chain.together
        assert all(isinstance(array, np.ndarray) for array in arrays.values())
        for title, caption, figure in draw(arrays, metrics) if draw else ():
            assert title
            assert caption
            assert "<svg" in to_svg(figure, "page")


def _reference(usecase: UseCase, test: Dataset) -> Arrays:
    if test.offsets:
        return take_events(usecase.signature, test.inputs, test.offsets, [0])
    return {name: array[:_REFERENCE_ROWS] for name, array in test.inputs.items()}
