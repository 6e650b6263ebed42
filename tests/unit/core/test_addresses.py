import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartik.core import addresses

SECRETS = st.text("abcdefghXYZ0189._~-%@:", min_size=6, max_size=12).map(lambda text: f"zq{text}qz")


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(addresses).failed == 0


@given(user=SECRETS, password=SECRETS, token=SECRETS, scheme=st.sampled_from(["https", "root", "s3", "ssh", "webdavs"]))
def test_no_secret_of_an_address_is_shown(user, password, token, scheme):
    text = f"cannot open '{scheme}://{user}:{password}@host:1094//eos/a.root?authz={token}#{token}': refused"
    shown = addresses.without_secrets(text)
    assert shown == f"cannot open '{scheme}://host:1094//eos/a.root': refused"


@pytest.mark.parametrize("path", ["a.root", "/eos/a.root", "./a@b.root", "C:/a.root"])
def test_a_path_is_no_address(path):
    assert not addresses.is_address(path)
    assert addresses.without_secrets(path) == path
