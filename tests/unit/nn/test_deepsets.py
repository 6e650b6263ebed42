import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik.nn.deepsets import OddDeepSets, set_sums


def network(seed: int = 1) -> OddDeepSets:
    torch.manual_seed(seed)
    return OddDeepSets(4, 2, [8, 6], [5]).double()


def sets(seed: int, sizes: list[int]):
    random = np.random.default_rng(seed)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    entries, charge = random.normal(size=(len(owner), 4)), random.choice([-1.0, 1.0], (len(owner), 1))
    return [torch.from_numpy(array) for array in (entries, charge, owner, random.normal(size=(len(sizes), 2)))]


SIZES = st.lists(st.integers(0, 6), min_size=1, max_size=6)


@given(st.integers(0, 10_000), SIZES)
@settings(deadline=None)
def test_turning_every_charge_turns_the_result(seed, sizes):
    entries, charge, owner, around = sets(seed, sizes)
    one, other = network()(entries, charge, owner, around), network()(entries, -charge, owner, around)
    assert torch.allclose(one, -other, atol=1e-12)


@given(st.integers(0, 10_000), SIZES)
@settings(deadline=None)
def test_the_order_of_the_entries_says_nothing(seed, sizes):
    entries, charge, owner, around = sets(seed, sizes)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(owner)))
    assert torch.allclose(network()(entries, charge, owner, around), network()(entries[order], charge[order], owner[order], around))


def test_a_set_without_entries_is_undecided_and_others_do_not_touch_it():
    entries, charge, owner, around = sets(3, [2, 0, 3])
    found = network()(entries, charge, owner, around)
    assert found[1].item() == 0
    alone = network()(entries[:2], charge[:2], owner[:2], around[:1])
    assert torch.allclose(found[:1], alone)


def test_the_result_is_not_nothing():
    assert network()(*sets(1, [3, 4])).abs().min() > 0


def test_sums_are_those_of_a_loop():
    entries, _, owner, around = sets(5, [3, 0, 2])
    expected = torch.stack([entries[owner == place].sum(0) for place in range(3)])
    assert torch.allclose(set_sums(entries, owner, around), expected)
