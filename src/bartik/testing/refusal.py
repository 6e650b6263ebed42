"""Asking for a refusal without a test framework."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from bartik.core import BartikError

_Error = TypeVar("_Error", bound=BartikError)


def refused(kind: type[_Error], call: Callable[..., object], *arguments: Any, **keywords: Any) -> _Error:
    """The error that ``call`` raises for these arguments; an assertion fails where it raises none or one of another kind."""
    try:
        call(*arguments, **keywords)
    except kind as error:
        return error
    except Exception as error:
        raise AssertionError(f"wanted {kind.__name__}, got {type(error).__name__}: {error}") from error
    raise AssertionError(f"wanted {kind.__name__}, and nothing was refused")
