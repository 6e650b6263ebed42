"""Files of other machines, through fsspec: ``root://`` (XRootD, EOS), ``https://``, ``s3://`` and what else is installed."""

from __future__ import annotations

import hashlib
import importlib
import os
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import IO, Any
from urllib.parse import urlsplit

from bartik.core import DataError, OutputError, UnavailableError
from bartik.core.addresses import without_secrets

_BLOCK = 8 * 2**20
_ALLOWED = ("root", "roots", "xroot", "https", "http", "s3", "gs", "sftp", "ssh", "dav", "davs", "webdav", "webdavs", "file")
"""Only protocols that give the bytes at the address; fsspec has others that chain, cache or run things."""


_START_AGAIN = "check the address, your rights and the server; the same command starts again"
_PATIENCE = 60
"""Seconds without an answer after which a server is gone."""
_XROOTD = {"XRD_CONNECTIONWINDOW": 15, "XRD_CONNECTIONRETRY": 2, "XRD_REQUESTTIMEOUT": _PATIENCE, "XRD_STREAMTIMEOUT": _PATIENCE,
           "XRD_STREAMERRORWINDOW": _PATIENCE}  # fmt: skip
"""XRootD's own client tries for half an hour; what the user has set stays."""


def download(address: str, target: Path) -> str:
    """Copy what ``address`` holds to ``target`` in pieces, and give its SHA-256.

    Users and tokens may be part of the address, or come from where the protocol keeps them (``~/.aws``, a grid proxy, ``BEARER_TOKEN``);
    no message shows them. `DataError` where the address cannot be read, `OutputError` where ``target`` cannot be written.
    """
    scheme = urlsplit(address).scheme
    if scheme not in _ALLOWED:
        raise DataError(f"{without_secrets(address)}: cannot read {scheme}://", hint=f"known: {', '.join(_ALLOWED)}")
    stream = _open(_fsspec(address), address)
    try:
        digest = copy(stream, target, without_secrets(address))
        size = getattr(stream, "size", None)
    finally:
        _close(stream)
    if size is not None and target.stat().st_size != size:
        raise DataError(
            f"{without_secrets(address)}: cannot be read (it ended after {target.stat().st_size} of {size} bytes)", hint=_START_AGAIN
        )
    return digest


def copy(stream: IO[bytes], target: Path, source: str) -> str:
    """Write all of a stream to a file of its own, and give its SHA-256."""
    state = hashlib.sha256()
    with _writing(target) as file:
        while block := _block(stream, source):
            state.update(block)
            _write(file, block, target)
    return state.hexdigest()


def _block(stream: IO[bytes], source: str) -> bytes:
    try:
        return stream.read(_BLOCK)
    except Exception as error:  # each protocol raises its own when a server goes away
        raise _refused(source, error) from error


def _writing(target: Path) -> IO[bytes]:
    try:
        return target.open("wb")
    except OSError as error:
        raise _full(target, error) from error


def _write(file: IO[bytes], block: bytes, target: Path) -> None:
    try:
        file.write(block)
        file.flush()
    except OSError as error:
        raise _full(target, error) from error


def _full(target: Path, error: OSError) -> OutputError:
    return OutputError(f"{target}: cannot be written ({error.strerror})", hint="free some space, then run the same command again")


def _open(fsspec: ModuleType, address: str) -> Any:
    try:
        return fsspec.open(address, "rb", **_options(urlsplit(address).scheme)).open()
    except (ImportError, ValueError) as error:
        name = getattr(error, "name", None) or without_secrets(str(error)).partition("\n")[0]
        raise UnavailableError(
            f"{without_secrets(address)}: its protocol is not installed ({name})", hint="pip install 'bartik[remote]'"
        ) from error
    except Exception as error:
        raise _refused(without_secrets(address), error) from error


def _close(stream: Any) -> None:
    """Let go of a stream; that a server which went away cannot be told so is no news, now or when Python forgets the stream."""
    try:
        stream.close()
    except Exception:  # noqa: BLE001 - each protocol raises its own
        with suppress(AttributeError):
            stream.closed = True


def _options(scheme: str) -> dict[str, Any]:
    """No limit to how long a file may take, but to how long a server may be silent."""
    if scheme in {"root", "roots", "xroot"}:
        for key, value in _XROOTD.items():
            os.environ.setdefault(key, str(value))
    if scheme in {"http", "https"}:
        timeout = importlib.import_module("aiohttp").ClientTimeout(total=None, sock_connect=_PATIENCE, sock_read=_PATIENCE)
        return {"client_kwargs": {"timeout": timeout}}
    return {}


def _fsspec(address: str) -> ModuleType:
    try:
        return importlib.import_module("fsspec")
    except ModuleNotFoundError as error:
        raise UnavailableError(f"{without_secrets(address)}: fsspec is not installed", hint="pip install 'bartik[remote]'") from error


def _refused(source: str, error: Exception) -> DataError:
    reason = without_secrets(str(error).strip().partition("\n")[0])
    kind = type(error).__name__
    told = f"{kind}: {reason}" if reason and reason not in source else kind
    return DataError(
        f"{source}: cannot be read ({told})", hint="check the address, your rights and the server; the same command starts again"
    )
