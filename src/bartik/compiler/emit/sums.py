"""Sums over rows: a function that adds up the only output while all inputs but the first are the same in every row.

Rows come in, sums go out; what is computed of a row never leaves the cache. Blocks of rows are added in vectors, some at a time, and
these sums with compensation.
"""

from __future__ import annotations

from dataclasses import replace

from bartik.compiler.emit.functions import function
from bartik.compiler.emit.kernels import text
from bartik.compiler.emit.unit import Unit
from bartik.compiler.loops import Extern, Nest, Stmt
from bartik.core import UnsupportedError

_TEXT = """
namespace bartik::{word}::detail {{
{kernels}
{block}
constexpr int width = {width}, answers = {answers};
static void add_rows(const double* rows, const Lanes* const* same, std::size_t count, Sum* sums) noexcept {{
  constexpr std::size_t most = 128;  // blocks that are added without compensation
  const std::size_t whole = count / lanes;
  Lanes found[answers];
  for (std::size_t start = 0; start < whole; start += most) {{
    Lanes part[answers] = {{}};
    for (std::size_t one = start; one < whole && one < start + most; ++one) {{
      block_of_sums(rows + one * lanes * width, same, found);
      for (int k = 0; k < answers; ++k) part[k] = part[k] + found[k];
    }}
    for (int k = 0; k < answers; ++k) sums[k].add(over_lanes(part[k], lanes));
  }}
  const std::size_t left = count - whole * lanes;
  if (left == 0) return;
  double last[lanes * width];  // the last rows, and one of them again for those that are missing
  for (std::size_t row = 0; row < lanes; ++row)
    std::memcpy(last + row * width, rows + (row < left ? whole * lanes + row : count - 1) * width, sizeof(double) * width);
  block_of_sums(last, same, found);
  for (int k = 0; k < answers; ++k) sums[k].add(over_lanes(found[k], int(left)));
}}
}}  // namespace bartik::{word}::detail

extern "C" {{
// rows [count][{width}]; same[k] is the input k + 1, the same in all rows; totals [{answers}] are sums over the rows of each answer.
__attribute__((visibility("default"))) void bartik_sums(const double* rows, const double* const* same, std::size_t count, double* totals) {{
  using namespace bartik::{word}::detail;
{spread}
  const Lanes* const all_same[] = {{{names}}};
  Sum sums[answers];
  add_rows(rows, all_same, count, sums);
  for (int k = 0; k < answers; ++k) totals[k] = sums[k].value + sums[k].lost;
}}
}}
"""


def sums(rows: Nest | None, unit: Unit) -> str:
    """C++ behind the header of ``unit``: ``bartik_sums``; `UnsupportedError` where rows are not computed in blocks of doubles."""
    if rows is None or rows.real != "float64" or len(unit.outputs) != 1 or {t.kind for t in unit.inputs + unit.outputs} != {"double"}:
        raise UnsupportedError("sums over rows are compiled of models in float64 with one output", hint="use the backend torch")
    first, *others = unit.inputs
    head = "static inline void block_of_sums(const double* input_0, const Lanes* const* same, Lanes* output_0) noexcept {"
    pointers = "".join(f"\n  const Lanes* const input_{k} = same[{k - 1}];" for k in range(1, len(unit.inputs)))
    spread = [
        f"  Lanes same_{k}[{t.width}];\n  for (int j = 0; j < {t.width}; ++j) same_{k}[j] = all(same[{k}][j]);"
        for k, t in enumerate(others)
    ]
    return _TEXT.format(
        word=unit.word,
        kernels=text("sums", "float64"),
        block=function(_in_vectors(rows), unit, head + pointers),
        width=first.width,
        answers=unit.outputs[0].width,
        spread="\n".join(spread),
        names=", ".join(f"same_{k}" for k in range(len(others))),
    )


def _in_vectors(nest: Nest) -> Nest:
    """The nest with inputs but the first, and the output, in vectors."""
    return replace(nest, body=tuple((note, tuple(map(_moved, body))) for note, body in nest.body))


def _moved(statement: Stmt) -> Stmt:
    if not isinstance(statement, Extern):
        return statement
    if statement.function == "store_rows":
        return replace(statement, function="keep_answers")
    return statement if statement.arguments[0] == "input_0" else replace(statement, function="take_same")
