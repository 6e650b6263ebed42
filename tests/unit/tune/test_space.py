from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartik.core import Config, ConfigError, UsageError, load_config
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.tune.results import setting_words
from bartik.tune.space import FILE, nested, read_space, space_file, space_of

CONFIG = Config(
    {
        "model": {"hidden": [25, 20], "shape": [[1], [2]]},
        "train": {"batch": 64, "rate": 0.01, "decay": 0.1, "start": ""},
        "data": {"seed": 1},
    }
)
HIDDEN = {"model.hidden": {"length": [1, 3], "low": 5, "high": 60, "step": 5}}
BATCH = {"train.batch": {"choices": [32, 64]}}
RATE = {"train.rate": {"low": 1e-3, "high": 1e-1, "log": True}}


class Given:
    """Suggests what it is given, and notes what it was asked for."""

    def __init__(self, values):
        self.values, self.asked = values, []

    def _value(self, name):
        self.asked.append(name)
        return self.values[name]

    def suggest_int(self, name, low, high, *, step=1, log=False):
        assert low <= self._value(name) <= high
        assert (self.values[name] - low) % step == 0
        return self.values[name]

    def suggest_float(self, name, low, high, *, step=None, log=False):
        assert low <= self._value(name) <= high
        return self.values[name]

    def suggest_categorical(self, name, choices):
        assert self._value(name) in choices
        return self.values[name]


def declared(*tables, **others):
    return {"keys": {key: words for table in tables for key, words in table.items()}} | others


@given(
    hidden=st.lists(st.integers(1, 12).map(lambda n: 5 * n), min_size=1, max_size=3),
    batch=st.sampled_from([32, 64]),
    rate=st.floats(1e-3, 1e-1),
)
def test_a_configuration_in_the_space_is_what_its_own_suggestions_give(hidden, batch, rate):
    config = CONFIG.replace({"model": {"hidden": hidden}, "train": {"batch": batch, "rate": rate}})
    space = space_of(declared(HIDDEN, BATCH, RATE), CONFIG)
    given_names = space.names(config)
    assert CONFIG.replace(nested(space.suggest(Given(given_names)))).to_dict() == config.to_dict()


@pytest.mark.parametrize(
    "outside", [{"model": {"hidden": [25, 21]}}, {"model": {"hidden": [5] * 4}}, {"train": {"batch": 63}}, {"train": {"rate": 1.0}}]
)
def test_a_configuration_outside_of_the_space_has_no_suggestions(outside):
    assert space_of(declared(HIDDEN, BATCH, RATE), CONFIG).names(CONFIG.replace(outside)) == {}


def test_a_key_is_searched_only_under_the_values_it_waits_for():
    space = space_of(declared(BATCH, {"train.rate": {"low": 0.1, "high": 0.2, "when": {"train.batch": [64]}}}), CONFIG)
    small, large = Given({"train.batch": 32}), Given({"train.batch": 64, "train.rate": 0.15})
    assert space.suggest(small) == {"train.batch": 32}
    assert space.suggest(large) == {"train.batch": 64, "train.rate": 0.15}


def test_choices_may_be_lists():
    space = space_of(declared({"model.hidden": {"choices": [[25, 20], [8]]}}), CONFIG)
    assert space.names(CONFIG) == {"model.hidden": "[25, 20]"}
    assert space.suggest(Given({"model.hidden": "[8]"})) == {"model.hidden": [8]}


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"train.bach": {"choices": [1, 2]}}, "no such key"),
        ({"data.seed": {"low": 1, "high": 2}}, "cannot be searched"),
        ({"train.start": {"choices": ["a", "b"]}}, "cannot be searched"),
        ({"train.batch": {"low": 64, "high": 64}}, "low < high"),
        ({"train.batch": {"low": 64}}, "low < high"),
        ({"train.batch": {"choices": [64]}}, "two or more"),
        ({"train.batch": {"choices": [64, 32], "low": 3}}, "no range beside"),
        ({"train.batch": {"lwo": 64, "high": 128}}, "wanted a table"),
        ({"train.batch": {"low": 0.5, "high": 1.5}}, "wanted int"),
        ({"train.rate": {"low": 0.0, "high": 1.0, "log": True}}, "above 0"),
        ({"train.rate": {"low": 0.0, "high": 1.0, "step": -1}}, "step"),
        ({"train.rate": {"low": 0.1, "high": 1.0, "when": {"train.batch": [64]}}}, "before it"),
        ({"model.hidden": {"length": [0, 3], "low": 5, "high": 6}}, "length"),
        ({"model.hidden": {"low": 5, "high": 6}}, "wanted list"),
        ({}, "keys"),
    ],
)
def test_a_space_that_cannot_be_is_refused_with_the_key(tmp_path, keys, said):
    with pytest.raises(ConfigError, match=said):
        space_of({"keys": keys}, CONFIG)


def test_a_file_that_is_no_space_is_named(tmp_path):
    with pytest.raises(UsageError, match="no search space"):
        space_file(tmp_path, None)
    (tmp_path / FILE).write_text("keys = ")
    with pytest.raises(ConfigError, match=FILE):
        read_space(space_file(tmp_path, None), CONFIG)


def test_the_ghost_network_as_it_is_configured_is_in_its_space():
    folder = usecase_folder(load_usecase("ghost_probability"))
    config = load_config(folder)
    assert read_space(folder / FILE, config).names(config)["model.hidden.0"] == 25


def test_settings_are_written_as_the_command_line_takes_them(tmp_path):
    (tmp_path / "config.toml").write_text('[train]\nrate = 0.5\nname = "x"\nlist = [1]\non = false\n')
    wanted = {"train.rate": 1e-7, "train.name": "y", "train.list": [5, 10], "train.on": True}
    found = load_config(Path(tmp_path), settings=setting_words(wanted)).to_dict()
    assert found == nested(wanted)
