"""Addresses as they may be shown and kept: without users, passwords and tokens."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_ADDRESS = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]*://)([^\s'\"<>]*)")


def is_address(text: str) -> bool:
    """Whether ``text`` is an address such as ``root://host//path``, rather than a path.

    >>> is_address("root://eos.example//a.root"), is_address("data/a.root")
    (True, False)
    """
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", text) is not None


def without_secrets(text: str) -> str:
    """``text`` with what can hold a secret in any address left out: user, password, and all behind ``?`` or ``#``.

    >>> without_secrets("https://me:secret@host/a.root?token=abc: refused")
    'https://host/a.root refused'
    """
    return _ADDRESS.sub(lambda found: found[1] + re.split(r"[?#]", re.sub(r"^[^/]*@", "", found[2]), maxsplit=1)[0], text)


def file_name(address: str) -> str:
    """Last part of an address's path.

    >>> file_name("https://host/data/a.root?token=abc")
    'a.root'
    """
    return urlsplit(address).path.rstrip("/").rpartition("/")[2]
