"""Words in generated code."""

import doctest
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartik.compiler import names
from bartik.compiler.emit import cxx


@given(st.text(max_size=80))
def test_any_name_becomes_an_identifier(name):
    word = names.identifier(name)
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,79}", word)
    assert "__" not in word


@pytest.mark.parametrize("word", ["class", "namespace", "detail", "run", "rows", "std", "int"])
def test_words_that_mean_something_are_not_used(word):
    assert names.identifier(word) == word + "_"


@given(st.lists(st.text(max_size=10), max_size=10))
def test_different_names_stay_different(texts):
    words = names.identifiers(texts, "tensor")
    assert len(set(words)) == len(texts)


@given(st.text())
def test_a_comment_stays_a_comment(text):
    found = names.comment(text)
    assert re.fullmatch(r"[A-Za-z0-9 ._:;+=,@()\[\]/-]*", found)


@pytest.mark.parametrize("module", [names, cxx])
def test_the_examples_in_the_documentation_are_true(module):
    assert doctest.testmod(module).failed == 0
