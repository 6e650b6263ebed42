"""A test cannot know how long anything takes here: it looks at order, counting and arithmetic, with a clock of its own."""

import gc

import numpy as np
import pytest

from bartik.profile import clock
from bartik.profile.clock import CallFailedError, Timing, interleave, ratio, time_call


class Machine:
    """A clock that only calls move: ``spend`` seconds each, and a neighbour that slows all of a round down."""

    def __init__(self, monkeypatch):
        self.now, self.calls, self.slow = 0.0, [], 1.0
        monkeypatch.setattr(clock.time, "perf_counter", self.read)

    def read(self):
        self.now += 1e-8
        return self.now

    def job(self, name, seconds):
        def call():
            self.calls.append(name)
            self.now += seconds * self.slow

        return call


@pytest.fixture
def machine(monkeypatch):
    return Machine(monkeypatch)


def test_times_are_those_of_one_call(machine):
    timing = time_call(machine.job("a", 1e-4), seconds=0.1)
    assert timing.median == pytest.approx(1e-4, rel=1e-2)
    assert timing.best == pytest.approx(1e-4, rel=1e-2)
    assert timing.quantile(0.99) == pytest.approx(1e-4, rel=1e-2)


def test_a_slow_call_is_still_measured_in_enough_rounds(machine):
    assert len(time_call(machine.job("a", 1.0), seconds=0.1).rounds) == clock._ROUNDS


def test_all_run_in_every_round_and_take_turns_in_going_first(machine):
    interleave({"a": machine.job("a", 1e-3), "b": machine.job("b", 1e-3), "c": machine.job("c", 1e-3)}, seconds=0.5)
    turns = [name for place, name in enumerate(machine.calls) if place == 0 or machine.calls[place - 1] != name]
    assert "".join(turns[-9:]) in "abcbcacab" * 3
    assert {machine.calls.count(name) for name in "abc"} == {machine.calls.count("a")}


def test_the_ratio_is_that_of_the_medians_with_an_interval_around_it():
    rng = np.random.default_rng(0)
    noise = rng.normal(1, 0.1, 101)
    slow, fast = Timing(4e-6 * noise, np.array([])), Timing(1e-6 * noise[::-1], np.array([]))
    found = ratio(slow, fast)
    assert found.value == pytest.approx(4.0)
    assert 3.5 < found.low < found.value < found.high < 4.5


def test_what_slows_a_whole_round_does_not_widen_the_ratio():
    neighbour = np.random.default_rng(0).uniform(1, 3, 101)
    together = ratio(Timing(2 * neighbour, neighbour), Timing(neighbour, neighbour))
    apart = ratio(Timing(2 * neighbour, neighbour), Timing(neighbour[::-1].copy(), neighbour))
    assert (together.low, together.high) == pytest.approx((2.0, 2.0))
    assert apart.high - apart.low > together.high - together.low


def test_the_same_rounds_give_the_same_interval():
    rounds = np.random.default_rng(0).normal(1, 0.1, 50)
    assert ratio(Timing(rounds, rounds), Timing(rounds[::-1].copy(), rounds)) == ratio(
        Timing(rounds, rounds), Timing(rounds[::-1].copy(), rounds)
    )


def test_garbage_collection_rests_meanwhile_and_comes_back(machine):
    seen = []
    time_call(lambda: (seen.append(gc.isenabled()), machine.job("a", 1e-3)()))
    assert set(seen) == {False}
    assert gc.isenabled()


def test_garbage_collection_comes_back_after_a_failure(machine):
    with pytest.raises(CallFailedError):
        time_call(lambda: 1 / 0)
    assert gc.isenabled()


def test_a_call_that_raises_at_any_time_is_named_and_keeps_its_reason(machine):
    left = iter(range(50))
    for wrong in (lambda: 1 / 0, lambda: (machine.job("b", 1e-4)(), next(left))):
        with pytest.raises(CallFailedError) as caught:
            interleave({"a": machine.job("a", 1e-4), "b": wrong}, seconds=1.0)
        assert caught.value.name == "b"
        assert isinstance(caught.value.__cause__, (ZeroDivisionError, StopIteration))


def test_nothing_to_time_is_nothing():
    assert interleave({}) == {}


def test_a_timing_is_divided_into_parts():
    parts = Timing(np.array([4.0]), np.array([8.0])).divided(4)
    assert (parts.median, parts.quantile(0.5)) == (1.0, 2.0)
