from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartik.core import Config, ConfigError, UnknownNameError, load_config

DEFAULTS = '[train]\nepochs = 20\nrate = 0.1\nbalance = true\nname = "x"\nhidden = [1, 2]\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text(DEFAULTS)
    (tmp_path / "tiny.toml").write_text("[train]\nepochs = 2\n")
    return tmp_path


def test_a_setting_wins_over_a_layer_and_a_layer_over_the_defaults(folder):
    config = load_config(folder, layer="tiny", settings=["train.rate=0.5"])
    assert (config.train.epochs, config.train.rate, config.train.balance) == (2, 0.5, True)


def test_an_unknown_key_names_the_nearest_one(folder):
    with pytest.raises(UnknownNameError, match=r"unknown configuration key 'train.epoch'\n  did you mean 'train.epochs'"):
        load_config(folder, settings=["train.epoch=3"])


def test_an_unknown_layer_names_the_known_ones(folder):
    with pytest.raises(UnknownNameError, match="did you mean 'tiny'"):
        load_config(folder, layer="tini")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("train.epochs=many", "train.epochs: wanted int like 20, got 'many'"),
        ("train.epochs=2.5", "train.epochs: wanted int"),
        ("train.balance=1", "train.balance: wanted bool"),
        ("train.epochs=true", "train.epochs: wanted int"),
        ("train.rate=nan", "train.rate: wanted a finite number"),
        ("train=3", "train: is a table"),
        ("train.epochs", "wanted key=value"),
    ],
)
def test_a_value_of_another_type_is_refused(folder, setting, message):
    with pytest.raises(ConfigError, match=message):
        load_config(folder, settings=[setting])


def test_a_whole_number_may_stand_for_a_real_one(folder):
    assert load_config(folder, settings=["train.rate=1"]).train.rate == 1.0


def test_a_broken_file_is_named(tmp_path):
    (tmp_path / "config.toml").write_text("[train\n")
    with pytest.raises(ConfigError, match=r"config\.toml: not readable as TOML"):
        load_config(tmp_path)


def test_a_missing_layer_file_is_named(folder):
    with pytest.raises(ConfigError, match=r"mine\.toml: no such configuration file"):
        load_config(folder, layer=str(folder / "mine.toml"))


@given(st.dictionaries(st.text(min_size=1), st.integers() | st.dictionaries(st.text(min_size=1), st.booleans())))
def test_plain_values_survive_the_round_trip(values):
    assert Config(values).to_dict() == values
    assert Config(values).replace(values).to_dict() == values
