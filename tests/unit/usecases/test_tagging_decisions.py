import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartik.core import DataError
from bartik.data.tables import write_table
from bartik.metrics import fit_calibration, tagging_power
from bartik.usecases.flavour_tagging.decisions import combine_learnt, decisions, duplicates, halves, read_decisions

ROW = st.tuples(st.sampled_from([-1, 1]), st.sampled_from([-1, 0, 1]), st.floats(0, 0.5), st.floats(0.1, 3))
ROWS = st.lists(ROW, min_size=1, max_size=20)
ANY = st.floats(allow_nan=True, allow_infinity=True, width=32)


def columns(rows):
    return [np.array(column) for column in zip(*rows, strict=True)]


@given(ROWS)
def test_a_probability_says_the_decision_and_the_mistag(rows):
    flavour, tag, mistag, weights = columns(rows)
    found = decisions(flavour, tag, mistag, weights)
    assert np.where(tag == 0, 0.5, np.minimum(found.probability, 1 - found.probability)) == pytest.approx(np.where(tag == 0, 0.5, mistag))
    assert (np.sign(np.round(found.probability - 0.5, 9)) * tag >= 0).all()


@given(ROWS, ANY)
def test_what_stands_in_for_a_missing_mistag_does_not_count_without_a_decision(rows, anything):
    flavour, tag, mistag, weights = columns(rows)
    changed = np.where(tag == 0, anything, mistag)
    assert (decisions(flavour, tag, changed, weights).probability == decisions(flavour, tag, mistag, weights).probability).all()


@given(ROWS, ANY)
def test_a_mistag_with_a_decision_is_taken_or_refused_by_name(rows, anything):
    flavour, tag, mistag, weights = columns([*rows, (1, 1, 0.2, 1.0)])
    mistag[-1] = anything
    if 0 <= mistag[-1] <= 0.5:
        assert len(decisions(flavour, tag, mistag, weights)) == len(flavour)
    else:
        with pytest.raises(DataError, match="column 'mistag' is"):
            decisions(flavour, tag, mistag, weights)


@given(st.integers(-3, 3))
def test_flavours_and_decisions_are_few_numbers(number):
    given_ = np.array([1, -1]), np.array([1, 0]), np.array([0.1, 0.3]), np.ones(2)
    flavour, tag = given_[0].copy(), given_[1].copy()
    flavour[0] = tag[0] = number
    for name, changed, good in (("flavour", (flavour, *given_[1:]), {-1, 1}), ("tag", (given_[0], tag, *given_[2:]), {-1, 0, 1})):
        if number in good:
            assert len(decisions(*changed)) == 2
        else:
            with pytest.raises(DataError, match=f"column '{name}' is {number} in 1 of 2 rows"):
                decisions(*changed)


@pytest.mark.parametrize(
    ("mistag", "remedy"),
    [(-999.0, "give tag 0"), (float("nan"), "give tag 0"), (35.0, "per cent"), (0.7, "other decision")],
)
def test_a_refusal_says_what_to_do(mistag, remedy):
    with pytest.raises(DataError) as refused:
        decisions(np.array([1, -1]), np.array([1, 1]), np.array([mistag, mistag]), np.ones(2))
    assert remedy in refused.value.hint


def test_weights_may_be_negative_but_not_their_sum():
    given_ = np.array([1, -1]), np.array([1, 1]), np.array([0.2, 0.3])
    assert decisions(*given_, np.array([2.0, -0.5])).weights.sum() == 1.5
    for weights in ([1.0, -2.0], [1.0, np.nan]):
        with pytest.raises(DataError, match="column 'weight'"):
            decisions(*given_, np.array(weights))


def test_columns_beside_those_wanted_are_left_alone_and_a_missing_one_is_named(tmp_path):
    path = tmp_path / "tags.csv"
    rows = {"flavour": np.array([1, -1]), "tag": np.array([1, 0]), "mistag": np.array([0.2, -999.0])}
    write_table(path, {**rows, "more": np.zeros(2)})
    assert read_decisions(path).probability.tolist() == [0.8, 0.5]
    with pytest.raises(DataError, match="no column 'eta'"):
        read_decisions(path, mistag="eta")


def test_a_refusal_names_the_file(tmp_path):
    path = tmp_path / "tags.csv"
    write_table(path, {"flavour": np.array([1, 2]), "tag": np.array([1, 0]), "mistag": np.array([0.2, 0.1])})
    with pytest.raises(DataError, match=r"tags\.csv: column 'flavour' is 2"):
        read_decisions(path)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40), st.integers(0, 5))
def test_candidates_that_repeat_another_are_never_in_both_halves(rows, seed):
    mass, time = (np.array(column, float) for column in zip(*rows, strict=True))
    groups, repeated = duplicates(mass, time)
    assert repeated == len(rows) - len(set(rows))
    control = halves(groups, seed)
    assert not set(groups[control]) & set(groups[~control])


def test_taggers_that_know_the_same_are_not_counted_twice():
    random = np.random.default_rng(1)
    eta, flavour = random.uniform(0.1, 0.5, 20_000), random.choice([-1, 1], 20_000)
    probability = 0.5 + np.where(random.random(20_000) < eta, -flavour, flavour) * (0.5 - eta)
    learnt = combine_learnt([probability, probability], flavour, np.arange(20_000) < 10_000)
    assert tagging_power(learnt, replicas=20).value == pytest.approx(tagging_power(probability, replicas=20).value, rel=0.05)


def test_constant_mistags_and_one_flavour_have_no_calibration():
    some = decisions(np.array([1, -1, 1]), np.array([1, 1, -1]), np.full(3, 0.3), np.ones(3))
    with pytest.raises(DataError, match="every mistag is the same"):
        fit_calibration(np.minimum(some.probability, 1 - some.probability), np.array([True, False, True]), some.flavour)
