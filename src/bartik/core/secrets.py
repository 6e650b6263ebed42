"""Passwords and tokens left out of what is shown or kept."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

_ADDRESS = re.compile(r"(\w:/{1,2})(?:[^\s/@:]*:(?!\d+/)\S*|[^\s/]*)@")
_QUERY = re.compile(r"(?i)([?&;](?:[\w-]*(?:password|passwd|pwd|token|secret|signature|credential|api_?key)[\w-]*|sig)=)[^&;\s\"']*")
_VARIABLES = ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_SHORTEST = 4  # a secret of fewer letters is found in every word


def without_password(text: str) -> str:
    """``text`` with user and password of every address in it left out, and what the environment names a secret.

    >>> without_password("postgresql://me:se@cr/et@host/db")
    'postgresql://***@host/db'
    >>> without_password("https://host:8443/data?events=3&token=abc")
    'https://host:8443/data?events=3&token=***'
    """
    hidden = _QUERY.sub(r"\1***", _ADDRESS.sub(r"\1***@", text))
    for secret in (os.environ.get(name, "") for name in _VARIABLES):
        hidden = hidden.replace(secret, "***") if len(secret) >= _SHORTEST else hidden
    return hidden


def without_passwords(values: Any) -> Any:
    """Plain values with `without_password` applied to every text in them.

    >>> without_passwords({"data": {"path": ["s3://me:secret@host/x"], "rows": 3}})
    {'data': {'path': ['s3://***@host/x'], 'rows': 3}}
    """
    if isinstance(values, str):
        return without_password(values)
    if isinstance(values, Mapping):
        return {key: without_passwords(value) for key, value in values.items()}
    return [without_passwords(value) for value in values] if isinstance(values, list | tuple) else values
