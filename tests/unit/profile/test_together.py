"""Calls at once, without a look at any clock."""

import threading

import pytest

from bartik.profile.together import together


def test_every_call_is_made_as_often_as_asked_in_every_go():
    made = [0, 0, 0]

    def call(place):
        made[place] += 1

    with together([lambda p=p: call(p) for p in range(3)], 4) as go:
        assert go.parts == 12
        go()
        go()
        assert len(go.cores) == 2
    assert made == [8, 8, 8]


def test_all_of_them_are_at_work_at_once():
    met = threading.Barrier(3, timeout=20)
    with together([met.wait] * 3, 2) as go:
        go()


def test_what_one_raises_is_raised_and_the_next_go_works():
    left = [True]

    def call():
        if left:
            left.pop()
            raise ValueError("once")

    with together([call, lambda: None], 1) as go:
        with pytest.raises(ValueError, match="once"):
            go()
        go()


def test_its_threads_end_with_it_also_after_a_failure():
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError), together([lambda: 1 / 0] * 2, 1) as go:
        go()
    assert threading.active_count() == before
