"""Configurations of a use case of several models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bartik.cli.common import configure, place_of
from bartik.core import Config, UseCase, load_config
from bartik.core.config import layers
from bartik.core.plugins import load_part, parts, usecase_folder


def configure_models(usecase: UseCase, layer: str, settings: list[str] | None, data: Path | None) -> tuple[Config, dict[str, Config]]:
    """The use case's own configuration and that of each of its models, where it has several.

    ``PART.key=value`` is for one model; a named layer, the data and other settings are for all that know such a layer or key, and a
    file is for the use case itself.
    """
    if not parts(usecase):
        return configure(usecase, layer, settings, data), {}
    folders = {"": usecase_folder(usecase)} | {part: usecase_folder(load_part(usecase, part)) for part in parts(usecase)}
    given = [*(settings or ()), *([f"data.path={place_of(data)}"] if data is not None else [])]
    found = {part: _configured(part, folder, layer, given, folders) for part, folder in folders.items()}
    if layer and not layer.endswith((".toml", ".json")) and not any(layer in layers(folder) for folder in folders.values()):
        load_config(folders[""], layer=layer)
    for setting in given:
        if not any(_is_for(part, setting, config, folders) for part, config in found.items()):
            load_config(folders[""], settings=[setting])
    return found.pop(""), found


def _configured(part: str, folder: Path, layer: str, given: Sequence[str], folders: Mapping[str, Path]) -> Config:
    is_file = layer.endswith((".toml", ".json"))
    laid = layer if (not part if is_file else layer in layers(folder)) else ""
    schema = load_config(folder)
    mine = [setting.removeprefix(f"{part}.") for setting in given if _is_for(part, setting, schema, folders)]
    return load_config(folder, layer=laid, settings=mine)


def _is_for(part: str, setting: str, config: Config, folders: Mapping[str, Path]) -> bool:
    """Whether a setting is this model's: by its name, or because it is everybody's and the model has such a key."""
    key = setting.partition("=")[0].strip()
    named = key.partition(".")[0]
    return named == part if named in folders and named else config.knows(key)
