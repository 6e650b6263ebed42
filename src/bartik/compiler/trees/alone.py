"""A tree kernel as C++ of its own, without a graph around it: what its tests and its benchmark call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bartik.compiler.trees.kernels import TreeKernel
from bartik.core import Array

_KERNELS = Path(__file__).resolve().parents[1] / "kernels"
_HEADERS = ("lanes", "rows", "trees", "trees_branches", "trees_walk")
_SYSTEM = ("cmath", "cstddef", "cstdint", "cstring", "type_traits", "utility")
_PIECE = 256
"""Bytes on a line."""
_ONE = """
// Rows one by one.
extern "C" __attribute__((visibility("default"))) void {name}_one(const float* x, float* y, long rows) {{
  for (long row = 0; row < rows; ++row) {function}<{parameters}>(x + row * {features}, {tables}, y + row * {targets});
}}
"""
_MANY = """
// Four blocks of rows at once while there are as many, then one; `rows` must be a multiple of `lanes`, with a row behind them to read.
extern "C" __attribute__((visibility("default"))) void {name}_many(const float* x, float* y, long rows) {{
  Lanes in[blocks_together][{features}], out[blocks_together][{targets}];
  for (long row = 0; row < rows;) {{
    const int blocks = rows - row >= all_bytes ? blocks_together : 1;
    for (int block = 0; block < blocks; ++block) load_rows<{features}>(x + (row + block * lanes) * {features}, in[block]);
    {function}_together<{parameters}>(blocks, in[0], {features}, {tables}, out[0], {targets});
    for (int block = 0; block < blocks; ++block) store_rows<{targets}>(y + (row + block * lanes) * {targets}, out[block]);
    row += blocks * lanes;
  }}
}}
"""


def source(kernels: Mapping[str, TreeKernel]) -> str:
    """C++ with a function ``NAME_one`` for each kernel, and ``NAME_many`` for those that take many rows at once."""
    parts = [*(f"#include <{name}>\n" for name in _SYSTEM), "#if defined(__AVX__)\n#include <immintrin.h>\n#endif\n"]
    parts += ["#define BARTIK_INLINE static inline __attribute__((always_inline))\nnamespace {\n"]
    parts += [(_KERNELS / f"{name}.hpp").read_text(encoding="utf-8") for name in _HEADERS]
    return "".join([*parts, "}  // namespace\n", *(_functions(name, kernel) for name, kernel in kernels.items())])


def table(name: str, values: Array) -> str:
    """One table as C++; bytes as text, which a compiler reads many times faster than numbers."""
    if values.dtype != np.uint8:
        return f"alignas(64) constexpr std::int32_t {name}[] = {{{', '.join(map(str, values.tolist()))}}};\n"
    pieces = (values[k : k + _PIECE].tolist() for k in range(0, len(values), _PIECE))
    lines = "\n".join(f'    "{_escaped(piece)}"' for piece in pieces)
    return f"alignas(64) constexpr unsigned char {name}[{len(values)} + 1] =\n{lines};\n"


def _escaped(values: Sequence[int]) -> str:
    return "".join([f"\\{value:03o}" for value in values])


def _functions(name: str, kernel: TreeKernel) -> str:
    where = f"{name}_tables"
    words = {
        "name": name,
        "function": kernel.function,
        "parameters": ", ".join(map(str, kernel.parameters())),
        "tables": ", ".join(f"{where}::{key}" for key in kernel.constants()),
        "features": kernel.forest.features,
        "targets": kernel.forest.targets,
    }
    tables = "".join(table(key, values) for key, values in kernel.constants().items())
    return f"namespace {where} {{\n{tables}}}\n" + _ONE.format(**words) + (_MANY.format(**words) if kernel.lanes else "")
