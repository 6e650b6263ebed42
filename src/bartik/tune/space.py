"""What a campaign searches: the keys of a configuration, with ranges or choices, as a use case's ``space.toml`` declares them.

::

    metric = "AUC"                    # of the score, on the validation split; without it the use case's HEADLINE

    [keys."train.learning_rate"]
    low = 1e-3
    high = 3e-2
    log = true

    [keys."model.hidden"]             # a list: so many entries, each in the range
    length = [1, 3]
    low = 5
    high = 60
    step = 5

    [keys."train.batch"]
    choices = [256, 512, 1024]

    [keys."train.patience"]           # searched only where an earlier key has one of these values
    low = 5
    high = 30
    when = { "train.batch" = [256, 512] }

A range of whole numbers is one of whole numbers.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from bartik.core import Config, ConfigError, UsageError

FILE = "space.toml"
_SEARCHED = ("model", "train")
"""Tables a key may be in: data are prepared once for all trials."""
_WORDS = {"low", "high", "log", "step", "choices", "length", "when"}

Settings: TypeAlias = dict[str, Any]
"""Values by key of the configuration, ``train.batch``."""


class Suggests(Protocol):
    """What chooses values: a trial of Optuna, or anything like it."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """A whole number of the range, both ends among them."""
        ...

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False) -> float:
        """A number of the range."""
        ...

    def suggest_categorical(self, name: str, choices: list[Any]) -> Any:
        """One of the choices."""
        ...


@dataclass(frozen=True)
class Parameter:
    """One key: ``choices``, or a range; ``length`` makes it a list; ``when`` are the values of other keys under which it is searched."""

    key: str
    low: float = 0
    high: float = 0
    log: bool = False
    step: float | None = None
    choices: tuple[Any, ...] = ()
    length: tuple[int, int] | None = None
    when: Mapping[str, list[Any]] = field(default_factory=dict)

    def suggest(self, trial: Suggests) -> Any:
        """A value for one trial."""
        if self.length is None:
            return self._one(trial, self.key)
        low, high = self.length
        count = low if low == high else trial.suggest_int(f"{self.key}.length", low, high)
        return [self._one(trial, f"{self.key}.{place}") for place in range(count)]

    def names(self, value: Any) -> dict[str, Any]:
        """The suggestions that would give ``value``; `ConfigError` where nothing would."""
        if self.length is None:
            return {self.key: self._inverse(value)}
        low, high = self.length
        if not isinstance(value, list) or not low <= len(value) <= high:
            raise ConfigError(f"{self.key}: {value!r} is outside of the space")
        found: dict[str, Any] = {} if low == high else {f"{self.key}.length": len(value)}
        return found | {f"{self.key}.{place}": self._inverse(entry) for place, entry in enumerate(value)}

    @property
    def whole(self) -> bool:
        """Whether the range is one of whole numbers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def _one(self, trial: Suggests, name: str) -> Any:
        if self.choices:
            chosen = trial.suggest_categorical(name, [_word(choice) for choice in self.choices])
            return next(choice for choice in self.choices if _word(choice) == chosen)
        if self.whole:
            return trial.suggest_int(name, int(self.low), int(self.high), step=int(self.step or 1), log=self.log)
        return trial.suggest_float(name, self.low, self.high, step=self.step, log=self.log)

    def _inverse(self, value: Any) -> Any:
        if self.choices:
            inside = any(_word(value) == _word(choice) for choice in self.choices)
        else:
            inside = isinstance(value, int | float) and self.low <= value <= self.high
            inside = inside and not (self.whole and (value - self.low) % (self.step or 1))
        if not inside:
            raise ConfigError(f"{self.key}: {value!r} is outside of the space")
        return _word(value)


@dataclass(frozen=True)
class Space:
    """All keys that a campaign searches, in order; ``metric`` is what it makes good, empty for the use case's headline."""

    parameters: tuple[Parameter, ...]
    metric: str = ""

    def suggest(self, trial: Suggests) -> Settings:
        """Values for one trial, of the keys that its other values call for."""
        found: Settings = {}
        for parameter in self.parameters:
            if _applies(parameter, found):
                found[parameter.key] = parameter.suggest(trial)
        return found

    def names(self, config: Config) -> dict[str, Any]:
        """The suggestions that would give the values of ``config``; none where one of them is outside of the space."""
        named: dict[str, Any] = {}
        found: Settings = {}
        for parameter in self.parameters:
            if _applies(parameter, found):
                found[parameter.key] = value = _at(config, parameter.key)
                try:
                    named |= parameter.names(value)
                except ConfigError:
                    return {}
        return named


def nested(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as tables.

    >>> nested({"train.batch": 64, "train.seed": 2, "model.hidden": [5]})
    {'train': {'batch': 64, 'seed': 2}, 'model': {'hidden': [5]}}
    """
    found: dict[str, Any] = {}
    for key, value in settings.items():
        *tables, last = key.split(".")
        place = found
        for table in tables:
            place = place.setdefault(table, {})
        place[last] = value
    return found


def space_file(folder: Path, chosen: Path | None) -> Path:
    """The file that was chosen, else the use case's own; `UsageError` where it has none."""
    path = chosen or folder / FILE
    if not path.is_file():
        raise UsageError(f"{path}: no search space here", hint="write one (bartik.tune.space says how) and name it with --space FILE")
    return path


def read_space(path: Path, config: Config) -> Space:
    """Read a space and try it on ``config``; `ConfigError` names file and key."""
    try:
        declared = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: not readable as TOML ({error})") from error
    try:
        return space_of(declared, config)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error.message}", hint=error.hint) from error


def space_of(declared: Mapping[str, Any], config: Config) -> Space:
    """The space that tables declare."""
    keys, metric = declared.get("keys"), declared.get("metric", "")
    if not isinstance(keys, Mapping) or not keys or not isinstance(metric, str) or declared.keys() - {"keys", "metric"}:
        raise ConfigError('wanted tables [keys."..."] and at most a metric', hint="bartik.tune.space says what a space holds")
    parameters: list[Parameter] = []
    for key, values in keys.items():
        _check_key(key, config)
        parameters.append(_parameter(key, values, [parameter.key for parameter in parameters]))
    space = Space(tuple(parameters), metric)
    for trial in (_End(last=False), _End(last=True)):
        config.replace(nested(space.suggest(trial)))  # every end of every range is a value that the configuration takes
    return space


def _check_key(key: str, config: Config) -> None:
    if not config.knows(key):
        raise ConfigError(f"{key}: the configuration has no such key")
    if key.partition(".")[0] not in _SEARCHED or key == "train.start":
        raise ConfigError(
            f"{key}: cannot be searched", hint=f"data are prepared once: only {' and '.join(_SEARCHED)} differ between trials"
        )


def _parameter(key: str, values: Any, earlier: list[str]) -> Parameter:
    if not isinstance(values, Mapping) or values.keys() - _WORDS:
        raise ConfigError(f"{key}: wanted a table with some of {', '.join(sorted(_WORDS))}, got {values!r}")
    when = values.get("when", {})
    if not isinstance(when, Mapping) or any(other not in earlier or not isinstance(wanted, list) for other, wanted in when.items()):
        raise ConfigError(f"{key}: when wants lists of values of keys that come before it, got {when!r}")
    length = values.get("length")
    if length is not None and not (_numbers(length, 2) and 0 < length[0] <= length[1]):
        raise ConfigError(f"{key}: length wants two numbers, the fewest and the most entries, got {length!r}")
    common: dict[str, Any] = {"key": key, "length": None if length is None else (int(length[0]), int(length[1])), "when": dict(when)}
    choices = values.get("choices")
    if choices is not None:
        if not isinstance(choices, list) or len(choices) < 2 or values.keys() & {"low", "high", "log", "step"}:
            raise ConfigError(f"{key}: choices wants a list of two or more, and no range beside it, got {choices!r}")
        return Parameter(**common, choices=tuple(choices))
    low, high, log, step = (values.get(word, default) for word, default in (("low", None), ("high", None), ("log", False), ("step", None)))
    if not _numbers([low, high], 2) or not low < high:
        raise ConfigError(f"{key}: wanted choices, or numbers low < high, got {low!r} and {high!r}")
    if not isinstance(log, bool) or (log and low <= 0) or (log and step is not None):
        raise ConfigError(f"{key}: log wants true or false, a low above 0, and no step")
    if step is not None and not (_numbers([step], 1) and step > 0):
        raise ConfigError(f"{key}: step wants a number above 0, got {step!r}")
    return Parameter(**common, low=low, high=high, log=log, step=step)


def _numbers(values: Any, count: int) -> bool:
    right = isinstance(values, list) and len(values) == count
    return right and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _applies(parameter: Parameter, found: Settings) -> bool:
    return all(found.get(key) in wanted for key, wanted in parameter.when.items())


def _at(config: Config, key: str) -> Any:
    value: Any = config
    for part in key.split("."):
        value = value[part]
    return value


def _word(value: Any) -> Any:
    """What Optuna can hold: a list becomes text."""
    return json.dumps(value) if isinstance(value, list | dict) else value


class _End:
    """Chooses one end of everything."""

    def __init__(self, *, last: bool) -> None:
        self.last = last

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:  # noqa: ARG002
        return high if self.last else low

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False) -> float:  # noqa: ARG002
        return high if self.last else low

    def suggest_categorical(self, name: str, choices: list[Any]) -> Any:  # noqa: ARG002
        return choices[-1 if self.last else 0]
