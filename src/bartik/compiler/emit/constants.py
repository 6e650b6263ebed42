"""Tables as C++."""

from __future__ import annotations

import numpy as np

from bartik.compiler.loops import Buffer
from bartik.core import Array

KINDS = {"float32": "float", "float64": "double", "int32": "int", "uint8": "unsigned char"}
"""C++ types of tables, by dtype."""


def constant(buffer: Buffer) -> str:
    """A table of floats, whole numbers or bytes."""
    assert buffer.values is not None  # noqa: S101 - a constant has values
    if buffer.values.dtype == np.uint8:
        return _bytes(buffer, buffer.values)
    write = {"int32": lambda v: str(int(v)), "float32": number, "float64": number64}[buffer.values.dtype.name]
    words = [write(float(v)) for v in buffer.values]
    lines = "".join(f"    {', '.join(words[k : k + 8])},\n" for k in range(0, len(words), 8))
    note = f"  // {buffer.comment}" if buffer.comment else ""
    return f"alignas(64) constexpr {KINDS[buffer.values.dtype.name]} {buffer.name}[] = {{{note}\n{lines}}};\n"


def _bytes(buffer: Buffer, values: Array) -> str:
    """Bytes as text, which compilers read some ten times faster than numbers; the last is the end that C++ puts behind a text."""
    octal = [f"\\{value:03o}" for value in range(256)]
    lines = "".join(f'    "{"".join(octal[v] for v in values[k : k + 32].tolist())}"\n' for k in range(0, len(values), 32))
    return f"alignas(64) constexpr unsigned char {buffer.name}[{len(values)} + 1] =\n{lines.rstrip()};\n"


def number(value: float) -> str:
    """A float32 as it is written in C++, to the bit.

    >>> number(0.5), number(1.0), number(float(np.float32(0.1))), number(float("-inf"))
    ('0.5f', '1.0f', '0.1f', '-__builtin_inff()')
    """
    if np.isinf(value):
        return "__builtin_inff()" if value > 0 else "-__builtin_inff()"
    text = str(np.float32(value))
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def number64(value: float) -> str:
    """A float64 likewise.

    >>> number64(0.5), number64(1.0), number64(0.1), number64(1e300), number64(float("inf"))
    ('0.5', '1.0', '0.1', '1e+300', '__builtin_inf()')
    """
    if np.isinf(value):
        return "__builtin_inf()" if value > 0 else "-__builtin_inf()"
    return repr(float(value))
