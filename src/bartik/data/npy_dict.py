"""Dictionaries of arrays that were saved by ``numpy.save`` with pickle, read without trusting them.

Pickle runs whatever a file tells it to. Here its machine has nothing to run: every name a file may ask for is one of the stand-ins below,
all of which only collect plain data, and any other name is refused before anything of it is loaded. The bytes of an array become an array
after its shape, type and length have been compared; numpy's own unpickling is not used. What comes out is dictionaries, lists, strings,
numbers and arrays of numbers.
"""

from __future__ import annotations

import pickle
import pickletools
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from bartik.core import Array, DataError

_KINDS = "biuf"
_HINT = "wanted a dictionary of arrays of numbers, as numpy.save writes it"


def read_npy_dict(path: Path) -> dict[str, Any]:
    """The dictionary in a ``.npy`` file; `DataError` for one that is missing, broken, not a dictionary, or asks for anything to be run."""
    try:
        with path.open("rb") as file:
            _check_header(file)
            content = file.read()
        _check_memory(content)
        found = _plain(_Unpickler(BytesIO(content)).load())
        values = found.item() if isinstance(found, _Object) else found
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except DataError as error:
        raise DataError(f"{path}: {error.message}", hint=_HINT) from error
    except Exception as error:  # whatever a broken file makes the machine stumble over
        raise DataError(f"{path}: not readable ({type(error).__name__})", hint=_HINT) from error
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise DataError(f"{path}: no dictionary by names", hint=_HINT)
    return values


class _Object:
    """An array of one Python object, as numpy.save wraps a dictionary."""

    def __init__(self, values: list[Any]) -> None:
        self.values = values

    def item(self) -> Any:
        return _plain(self.values[0]) if len(self.values) == 1 else None


class _Type:
    """Stands for ``numpy.dtype``: keeps the words it is described by."""

    def __init__(self, code: str, *_: Any) -> None:
        self.code, self.order = str(code), "|"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = str(state[1])
        if any(part is not None for part in state[2:5]):
            raise DataError("an array of records")

    def dtype(self) -> np.dtype[Any] | None:
        """The type of numbers; None for objects."""
        if self.code in {"O", "O8"}:
            return None
        if self.code[:1] not in _KINDS or not self.code[1:].isdigit() or int(self.code[1:]) not in {1, 2, 4, 8}:
            raise DataError(f"an array of type {self.code[:20]!r}")
        return np.dtype(("" if self.order in "|=" else self.order) + self.code)


class _Values:
    """Stands for ``numpy.ndarray``: keeps shape, type and bytes."""

    state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state

    def array(self) -> Array | _Object:
        """The array, after its length has been compared with its shape."""
        if len(self.state) != 5 or not isinstance(self.state[2], _Type):
            raise DataError("an array without its description")
        _, shape, kind, fortran, content = self.state
        dtype = kind.dtype()
        if not (isinstance(shape, tuple) and all(isinstance(size, int) and size >= 0 for size in shape)):
            raise DataError("an array of no shape")
        if dtype is None:
            if not isinstance(content, list):
                raise DataError("an array of objects without any")
            return _Object(content)
        count = 1
        for size in shape:
            count *= size
        if not isinstance(content, bytes) or len(content) != count * dtype.itemsize:
            raise DataError(f"an array of shape {shape} with {len(content) if isinstance(content, bytes) else 'no'} bytes")
        return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran else "C").astype(dtype.newbyteorder("="))


def _reconstruct(*_: Any) -> _Values:
    return _Values()


def _scalar(kind: _Type, content: bytes) -> Any:
    dtype = kind.dtype()
    if dtype is None or not isinstance(content, bytes) or len(content) != dtype.itemsize:
        raise DataError("a number of no type")
    return np.frombuffer(content, dtype)[0].item()


def _encode(text: str, encoding: str) -> bytes:
    """How protocol 2 and before have bytes."""
    if encoding != "latin1" or not isinstance(text, str):
        raise DataError(f"text in {encoding!r}")
    return text.encode("latin1")


def _nothing() -> bytes:
    """Of ``bytes`` only that which is empty."""
    return b""


_NAMES: dict[tuple[str, str], Any] = (
    {("numpy", "dtype"): _Type, ("numpy", "ndarray"): _Values, ("_codecs", "encode"): _encode}
    | {(module, "bytes"): _nothing for module in ("builtins", "__builtin__")}
    | {
        (f"numpy.{core}.multiarray", name): function
        for core in ("core", "_core")
        for name, function in (("_reconstruct", _reconstruct), ("scalar", _scalar))
    }
)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        found = _NAMES.get((module, name))
        if found is None:
            raise DataError(f"asks for {module}.{name}, which is not read from files")
        return found

    def persistent_load(self, pid: Any) -> Any:
        raise DataError(f"asks for the object {str(pid)[:20]!r} outside of it")


def _check_header(file: BinaryIO) -> None:
    version = np.lib.format.read_magic(file)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
    if read is None:
        raise DataError(f"version {version} of numpy's format")
    shape, _, dtype = read(file)
    if shape != () or dtype != np.dtype(object):
        raise DataError(f"an array of {dtype} of shape {shape}, not a dictionary")


def _check_memory(content: bytes) -> None:
    """`DataError` where the file asks for more places to remember things in than it has bytes: the machine would make them all."""
    for operation, argument, _ in pickletools.genops(content):
        if operation.name in {"PUT", "LONG_BINPUT"} and int(str(argument)) > len(content):
            raise DataError(f"asks for {argument} places")


def _plain(value: Any, depth: int = 0) -> Any:
    """Stand-ins as arrays, inside of dictionaries and lists as well; `DataError` for anything else."""
    if depth > 8:
        raise DataError("dictionaries in dictionaries without end")
    if isinstance(value, _Values):
        return value.array()
    if isinstance(value, dict):
        return {key: _plain(part, depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part, depth + 1) for part in value]
    if value is None or isinstance(value, str | int | float | bool | bytes | np.ndarray):
        return value
    raise DataError(f"a {type(value).__name__}")
