"""The folder around a header: an example, a self-test of the bundle's reference vectors, how to build and how to use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bartik.compiler.emit.constants import number, number64
from bartik.compiler.emit.functions import is_wide, several
from bartik.compiler.emit.reals import REALS
from bartik.compiler.emit.unit import Tensor, Unit, parameters
from bartik.compiler.loops import Nest
from bartik.core import Array, Arrays, UnsupportedError

_ROWS = 64
"""Most reference rows in the self-test."""
_SHOWN = 3
"""Reference rows that the example prints."""


@dataclass(frozen=True)
class Sample:
    """The bundle's reference, in the order of the signature, how many ``rows`` it has, and how near results must come."""

    inputs: Arrays
    outputs: Arrays
    rows: int
    relative: float
    absolute: float


@dataclass(frozen=True)
class Memory:
    """Bytes on the stack for ``one`` row, for ``blocks`` of rows and for ``several`` by columns, or ``given`` by the caller; how many
    numbers lie in ``vectors``.
    """  # noqa: D205 - one sentence

    one: int
    blocks: int
    several: int
    given: bool
    vectors: str

    @classmethod
    def of(cls, rows: Nest | None, columns: Nest, together: int) -> Memory:
        """Of a header's functions, with AVX-512, where ``together`` blocks, or rows, are computed at once if that gains."""
        one = columns.scratch * REALS[columns.real].size
        blocks = 0 if rows is None else rows.scratch * 64 * (together if several(rows, together) else 1)
        at_once = one * together if rows is None and several(columns, together) else 0
        return cls(one, blocks, at_once, is_wide(columns), REALS[columns.real].vectors)

    def text(self) -> str:
        """For the README."""
        if self.given:
            return f"Memory: {self.one} bytes a thread, handed in as `workspace`."
        blocks = f", {self.blocks} for blocks of rows (with AVX-512; half with AVX2)" if self.blocks else ""
        at_once = f", {self.several} for several at once" if self.several else ""
        return f"Stack: at most {self.one} bytes for one row{blocks}{at_once}."


def package(unit: Unit, header: str, sample: Sample, memory: Memory) -> dict[str, str]:
    """Files of the target ``cxx`` by name."""
    rows = min(_ROWS, sample.rows)
    words = {
        "word": unit.word,
        "arguments": ", ".join(t.word for t in unit.inputs + unit.outputs),
        "signature": _signature(unit),
        "digest": unit.digest,
        "rows": str(rows),
        "shown": str(min(_SHOWN, rows)),
        "first": unit.outputs[0].word,
        "memory": memory.text(),
        "vectors": memory.vectors,
        "origin": origin(unit.origin),
        "workspace": ", workspace" if memory.given else "",
        "more": ", void* workspace" if memory.given else "",
        "reserve": "  alignas(64) static unsigned char workspace[model::workspace_bytes];\n" if memory.given else "",
    }
    return {
        f"{unit.word}.hpp": header,
        "reference.hpp": reference(unit, sample),
        "example.cpp": fill(_EXAMPLE, words | {"calls": _one_row(unit, ""), "locals": _locals(unit)}),
        "selftest.cpp": fill(_SELFTEST, words | _tests(unit) | {"close": comparison(CLOSE, sample)}),
        "README.md": fill(_README, words),
        "Makefile": fill(_MAKEFILE, words),
        "CMakeLists.txt": fill(_CMAKE, words),
    }


def reference(unit: Unit, sample: Sample) -> str:
    """The first reference rows as C++."""
    rows = min(_ROWS, sample.rows)
    values = [*sample.inputs.values(), *sample.outputs.values()]
    kinds = ["inline"] * len(unit.inputs) + ["constexpr"] * len(unit.outputs)
    named = zip(kinds, unit.inputs + unit.outputs, values, strict=True)
    data = [_array(kind, t, a.reshape(-1)[: rows * t.width]) for kind, t, a in named]
    return fill(_REFERENCE, {"digest": unit.digest, "rows": str(rows)}) + "".join(data)


def refuse_bool(unit: Unit, target: str) -> None:
    """`UnsupportedError` where a tensor is bool."""
    for tensor in unit.inputs + unit.outputs:
        if tensor.kind == "bool":
            hint = "let the model take and give numbers, or use the target cxx"
            raise UnsupportedError(f"target {target}: {tensor.word!r} is bool, of which a std::vector has no array inside", hint=hint)


def comparison(template: str, sample: Sample) -> str:
    """`CLOSE` or `COMPARE` with the bundle's tolerances."""
    return fill(template, {"relative": number64(sample.relative), "absolute": number64(sample.absolute)})


def origin(lines: tuple[str, ...]) -> str:
    """Where a model comes from, as the end of a README; nothing where that is not known."""
    return "\n## Where it comes from\n\n" + "".join(f"    {line}\n" for line in lines) if lines else ""


def fill(template: str, words: dict[str, str]) -> str:
    """``@word@`` by its text."""
    for key, text in words.items():
        template = template.replace(f"@{key}@", text)
    return template


def _signature(unit: Unit) -> str:
    return ", ".join(parameters(unit))


def _array(declared: str, tensor: Tensor, values: Array) -> str:
    flat = [_number(v, tensor.kind) if tensor.kind in ("float", "double") else str(int(v)) for v in values] or ["0"]
    lines = "".join(f"    {', '.join(flat[k : k + 8])},\n" for k in range(0, len(flat), 8))
    return f"\n{declared} {tensor.kind} reference_{tensor.word}[] = {{  // [rows][{tensor.width}]\n{lines}}};\n"


def _number(value: np.floating[Any], kind: str) -> str:
    if np.isnan(value):
        return '__builtin_nanf("")' if kind == "float" else '__builtin_nan("")'
    return number(float(value)) if kind == "float" else number64(float(value))


def _one_row(unit: Unit, place: str) -> str:
    """Arguments of a call for reference row ``row``; outputs with the prefix and offset that ``place`` gives."""
    inputs = [f"reference_{t.word} + row * {t.width}" for t in unit.inputs]
    return ", ".join(inputs + [f"{place}{t.word} + row * {t.width}" if place else t.word for t in unit.outputs])


def _locals(unit: Unit) -> str:
    return " ".join(f"{t.kind} {t.word}[{t.width}];" for t in unit.outputs)


def _tests(unit: Unit) -> dict[str, str]:
    sizes = {t.word: (t.kind, f"[reference_rows * {t.width} + 1]") for t in unit.outputs}
    compare = [
        f'  wrong += compare("{t.word}", reference_{t.word}, batch_{t.word}, one_{t.word}, reference_rows * {t.width});'
        for t in unit.outputs
    ]
    return {
        "arrays": "\n".join(f"  static {kind} batch_{word}{size}, one_{word}{size};" for word, (kind, size) in sizes.items()),
        "several": ", ".join([f"reference_{t.word}" for t in unit.inputs] + [f"batch_{t.word}" for t in unit.outputs]),
        "one": _one_row(unit, "one_"),
        "compare": "\n".join(compare),
    }


CLOSE = """static bool close(double wanted, double found) {
  if (std::isnan(wanted)) return std::isnan(found);
  if (std::isinf(wanted)) return wanted == found;
  return std::fabs(found - wanted) <= @absolute@ + @relative@ * std::fabs(wanted);
}
"""
"""How a self-test compares numbers."""
COMPARE = (
    CLOSE
    + """
template <class Number>
static int compare(const char* name, const Number* wanted, const std::vector<Number>& found, std::size_t count) {
  if (found.size() != count) {
    std::printf("%s: wanted %zu values, got %zu\\n", name, count, found.size());
    return 1;
  }
  for (std::size_t k = 0; k < count; ++k) {
    if (close(double(wanted[k]), double(found[k]))) continue;
    std::printf("%s[%zu]: wanted %.9g, got %.9g\\n", name, k, double(wanted[k]), double(found[k]));
    return 1;
  }
  return 0;
}
"""
)
"""The same for a vector, which must have the right size as well."""
_REFERENCE = """// Reference rows of bundle @digest@: what goes in and what must come out. What goes in is no constant: a compiler
// that computed with it beforehand would round sums of products in another way than the machine does.
#pragma once
#include <cstdint>

constexpr int reference_rows = @rows@;
"""

_EXAMPLE = """// Scores of the first reference rows, beside what they must be. Build and run: make run
#include "@word@.hpp"

#include <cstdio>

#include "reference.hpp"

int main() {
  namespace model = bartik::@word@;
@reserve@  for (int row = 0; row < @shown@; ++row) {
    @locals@
    model::run(@calls@@workspace@);
    std::printf("row %d: @first@ %.7g, reference %.7g\\n", row, double(@first@[0]), double(reference_@first@[row * model::@first@_width]));
  }
}
"""

_SELFTEST = """// Exit code 0 if the header gives the bundle's reference outputs, in a batch and row by row, to the same bits; else 1.
#include "@word@.hpp"

#include <cmath>
#include <cstdio>
#include <cstring>

#include "reference.hpp"

@close@
template <class Number>
static int compare(const char* name, const Number* wanted, const Number* batch, const Number* one, int count) {
  int wrong = 0;
  for (int k = 0; k < count; ++k) {
    const bool same = std::memcmp(&batch[k], &one[k], sizeof(Number)) == 0 || std::isnan(double(wanted[k]));
    if (close(double(wanted[k]), double(batch[k])) && same) continue;
    if (++wrong <= 5)
      std::printf("%s[%d]: wanted %.9g, got %.9g in a batch, %.9g alone\\n", name, k, double(wanted[k]), double(batch[k]), double(one[k]));
  }
  return wrong;
}

int main() {
  namespace model = bartik::@word@;
@reserve@@arrays@
  model::run(@several@, static_cast<std::size_t>(reference_rows)@workspace@);
  for (int row = 0; row < reference_rows; ++row) model::run(@one@@workspace@);
  int wrong = 0;
@compare@
  std::printf("%d reference rows, %d values wrong\\n", reference_rows, wrong);
  return wrong == 0 ? 0 : 1;
}
"""

_README = """# @word@

A model as one header, generated by bartik from bundle `@digest@`.

```cpp
#include "@word@.hpp"
bartik::@word@::run(@arguments@@workspace@);        // one row:   run(@signature@@more@)
bartik::@word@::run(@arguments@, rows@workspace@);  // many rows, one after the other in memory
```

C++17, GCC 11 or later or Clang 14 or later, nothing but the standard library. No heap, no mutable globals: any number of
threads may call it at once. @memory@

    make run    # the example: reference scores beside those computed
    make test   # the self-test: exit code 1 if a reference value is not reproduced

Compile with `-O3 -ffp-contract=fast` and `-march=` for the machine it will run on: vectors have
@vectors@. Do not use `-ffast-math`: a NaN that goes in must come out. With CMake: `add_subdirectory(@word@)`, then
`target_link_libraries(yours PRIVATE bartik_@word@)`.
@origin@"""

_MAKEFILE = """CXX ?= g++
MARCH ?= native
CXXFLAGS ?= -O3 -march=$(MARCH) -ffp-contract=fast
override CXXFLAGS += -std=c++17 -Wall -Wextra -Werror

.PHONY: run test clean
run: example
\t./example
test: selftest
\t./selftest
example selftest: %: %.cpp @word@.hpp reference.hpp
\t$(CXX) $(CXXFLAGS) $< -o $@
clean:
\trm -f example selftest
"""

_CMAKE = """cmake_minimum_required(VERSION 3.16)
project(bartik_@word@ CXX)

add_library(bartik_@word@ INTERFACE)
target_include_directories(bartik_@word@ INTERFACE ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_features(bartik_@word@ INTERFACE cxx_std_17)
target_compile_options(bartik_@word@ INTERFACE -ffp-contract=fast)

if(CMAKE_SOURCE_DIR STREQUAL CMAKE_CURRENT_SOURCE_DIR)
  enable_testing()
  foreach(program example selftest)
    add_executable(${program} ${program}.cpp)
    target_link_libraries(${program} PRIVATE bartik_@word@)
    target_compile_options(${program} PRIVATE -O3 -march=native)
  endforeach()
  add_test(NAME selftest COMMAND selftest)
endif()
"""
