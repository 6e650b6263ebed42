"""Configuration: a use case's ``config.toml`` is both its defaults and its schema."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bartik.core.errors import ConfigError, UnknownNameError


class Config(Mapping[str, Any]):
    """Read-only nested configuration; a table is reached as an attribute or an item.

    >>> Config({"train": {"epochs": 20}}).train.epochs
    20
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Wrap plain nested ``values``."""
        self._values = {k: Config(v) if isinstance(v, Mapping) else v for k, v in values.items()}

    def __getitem__(self, key: str) -> Any:
        """Value of ``key``; an unknown key names the nearest."""
        if key not in self._values:
            raise UnknownNameError("configuration key", key, self._values)
        return self._values[key]

    def __getattr__(self, key: str) -> Any:
        """Value of ``key``."""
        if key.startswith("__"):
            raise AttributeError(key)
        return self[key]

    def __iter__(self) -> Iterator[str]:
        """Keys of this table."""
        return iter(self._values)

    def __len__(self) -> int:
        """Number of keys of this table."""
        return len(self._values)

    def to_dict(self) -> dict[str, Any]:
        """Plain nested values."""
        return {k: v.to_dict() if isinstance(v, Config) else v for k, v in self._values.items()}

    def knows(self, key: str) -> bool:
        """Whether there is a value at ``key``, dots between the tables."""
        head, _, rest = key.partition(".")
        value = self._values.get(head)
        return head in self._values and (not rest or (isinstance(value, Config) and value.knows(rest)))

    def replace(self, changes: Mapping[str, Any]) -> Config:
        """A copy with nested ``changes``; each key must exist and each value keep its type."""
        return Config(_merge(self.to_dict(), changes, ""))


def load_config(folder: Path, *, layer: str = "", settings: Sequence[str] = ()) -> Config:
    """Read ``folder/config.toml``, lay a named layer or a file over it, then ``key=value`` settings.

    ``layer`` is the stem of another file of the folder (``tiny``) or a path to a ``.toml`` or ``.json`` file.
    """
    config = Config(_read_toml(folder / "config.toml"))
    if layer:
        path = _layer_path(folder, layer)
        config = config.replace(_read_json(path) if path.suffix == ".json" else _read_toml(path))
    for setting in settings:
        config = config.replace(_parse_setting(setting))
    return config


def layers(folder: Path) -> list[str]:
    """Names of the configurations of ``folder`` beside its defaults; ``space.toml`` is what a campaign searches."""
    return sorted(p.stem for p in folder.glob("*.toml") if p.stem not in {"config", "pyproject", "space"})


def _layer_path(folder: Path, layer: str) -> Path:
    if layer.endswith((".toml", ".json")):
        return Path(layer)
    if layer not in layers(folder):
        raise UnknownNameError("configuration", layer, layers(folder))
    return folder / f"{layer}.toml"


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: not readable as JSON ({error})") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: wanted tables of a configuration, got {type(values).__name__}")
    return values


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such configuration file") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: not readable as TOML ({error})") from error


def _parse_setting(setting: str) -> dict[str, Any]:
    key, equals, text = setting.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"--set {setting!r}: wanted key=value", hint="for example --set train.epochs=5")
    value = _parse_value(text.strip())
    for part in reversed(key.strip().split(".")):
        value = {part: value}
    return dict(value)


def _parse_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _merge(base: dict[str, Any], changes: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        name = prefix + key
        if key not in base:
            raise UnknownNameError("configuration key", name, [prefix + k for k in base])
        merged[key] = _replace_value(name, base[key], value)
    return merged


def _replace_value(name: str, old: Any, new: Any) -> Any:
    if isinstance(old, Mapping):
        if not isinstance(new, Mapping):
            raise ConfigError(f"{name}: is a table, got {new!r}", hint=f"set one of its keys: {', '.join(name + '.' + k for k in old)}")
        return _merge(dict(old), new, name + ".")
    if isinstance(old, float) and isinstance(new, int) and not isinstance(new, bool):
        return float(new)
    if isinstance(new, float) and not math.isfinite(new):
        raise ConfigError(f"{name}: wanted a finite number, got {new}")
    if type(old) is not type(new):
        raise ConfigError(f"{name}: wanted {type(old).__name__} like {old!r}, got {new!r}")
    return new
