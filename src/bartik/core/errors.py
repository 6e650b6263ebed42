"""Every refusal Bartik can utter, as one tree.

::

    BartikError                      exit code 1: something failed
    ├── UsageError                   exit code 2: the call itself is wrong
    │   ├── UnknownNameError         a name nobody knows; carries the nearest one
    │   └── ConfigError              a configuration key or value
    ├── DataError                    a data file: missing, truncated, out of range
    ├── OutputError                  a place we cannot write to
    ├── BundleError                  a bundle that is not one
    │   └── DigestError              a bundle or file that was altered
    ├── ExportError                  a model that cannot become a bundle
    ├── BackendError                 a runtime that refused
    │   ├── UnavailableError         it is not installed here
    │   └── UnsupportedError         it lacks an operator or an attribute
    ├── CheckError                   a bundle that does not reproduce its reference
    ├── BuildError                   the C++ compiler refused generated code
    └── RegistryError                the registry refused or cannot be reached

A message says what was wanted and what came; ``hint`` says what to do. Both are shown on one line each.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BartikError(Exception):
    """Something failed; ``str()`` is one clear line, followed by the hint where there is one."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Keep ``message`` (what was wanted, what came) and ``hint`` (what to do about it)."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Message, then the hint on a line of its own."""
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class UsageError(BartikError):
    """The call itself is wrong: an option, a value, a combination."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A name that is not among the known ones; names the nearest."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        """Build the message from the ``kind`` of thing, the ``name`` given and the names ``known``."""
        self.kind, self.name, self.known = kind, name, tuple(sorted(known))
        super().__init__(f"unknown {kind} {name!r}", hint=_nearest(name, self.known))


class ConfigError(UsageError):
    """A configuration key or value that cannot be."""


class DataError(BartikError):
    """A data file that is missing, truncated, of another format, or holds impossible values."""


class OutputError(BartikError):
    """A file or folder that cannot be written."""


class BundleError(BartikError):
    """A folder that is not a bundle, or a bundle that lacks a part."""


class DigestError(BundleError):
    """A file whose content is not what its digest says."""


class ExportError(BartikError):
    """A model that cannot become a bundle, or whose bundle does not reproduce it."""


class BackendError(BartikError):
    """A runtime that refused a bundle or a call."""


class UnavailableError(BackendError):
    """A runtime that is not installed here; the hint says what to install."""


class UnsupportedError(BackendError):
    """An operator, attribute or type that a backend does not handle."""


class CheckError(BartikError):
    """A bundle that does not reproduce its reference, or a candidate that fails a gate."""


class BuildError(BartikError):
    """Generated code that the C++ compiler refused, or no compiler at all."""


class RegistryError(BartikError):
    """The registry refused, is locked, or cannot be reached."""


def _nearest(name: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return "known: " + (", ".join(known) if known else "none")
