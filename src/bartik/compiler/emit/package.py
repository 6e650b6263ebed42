"""The folder around a header: an example, a self-test of the bundle's reference vectors, how to build and how to use it."""

from __future__ import annotations

import numpy as np

from bartik.compiler.emit.cxx import Tensor, Unit, number
from bartik.core import Array, Arrays

_ROWS = 64
"""Most reference rows in the self-test."""
_SHOWN = 3
"""Reference rows that the example prints."""


def package(unit: Unit, header: str, inputs: Arrays, outputs: Arrays, scratch: int) -> dict[str, str]:
    """Files of the target ``cxx`` by name; ``inputs`` and ``outputs`` are the bundle's reference, in the order of the signature."""
    rows = min(_ROWS, len(next(iter(inputs.values()))))
    words = {
        "word": unit.word,
        "arguments": ", ".join(t.word for t in unit.inputs + unit.outputs),
        "signature": _signature(unit),
        "digest": unit.digest,
        "rows": str(rows),
        "shown": str(min(_SHOWN, rows)),
        "first": unit.outputs[0].word,
        "block": str(scratch * 64),
        "single": str(scratch * 4),
    }
    data = [_array(t, a[:rows]) for t, a in zip(unit.inputs + unit.outputs, [*inputs.values(), *outputs.values()], strict=True)]
    return {
        f"{unit.word}.hpp": header,
        "reference.hpp": _fill(_REFERENCE, words) + "".join(data),
        "example.cpp": _fill(_EXAMPLE, words | {"calls": _one_row(unit, ""), "locals": _locals(unit)}),
        "selftest.cpp": _fill(_SELFTEST, words | _tests(unit)),
        "README.md": _fill(_README, words),
        "Makefile": _fill(_MAKEFILE, words),
        "CMakeLists.txt": _fill(_CMAKE, words),
    }


def _fill(template: str, words: dict[str, str]) -> str:
    for key, text in words.items():
        template = template.replace(f"@{key}@", text)
    return template


def _signature(unit: Unit) -> str:
    takes = [f"const float* {t.word}" for t in unit.inputs]
    return ", ".join([*takes, *(f"float* {t.word}" for t in unit.outputs)])


def _array(tensor: Tensor, values: Array) -> str:
    flat = [_number(v) for v in values.reshape(-1)] or ["0.0f"]
    lines = "".join(f"    {', '.join(flat[k : k + 8])},\n" for k in range(0, len(flat), 8))
    return f"\nconstexpr float reference_{tensor.word}[] = {{  // [rows][{tensor.width}]\n{lines}}};\n"


def _number(value: np.float32) -> str:
    return '__builtin_nanf("")' if np.isnan(value) else number(float(value))


def _one_row(unit: Unit, place: str) -> str:
    """Arguments of a call for reference row ``row``; outputs with the prefix and offset that ``place`` gives."""
    inputs = [f"reference_{t.word} + row * {t.width}" for t in unit.inputs]
    return ", ".join(inputs + [f"{place}{t.word} + row * {t.width}" if place else t.word for t in unit.outputs])


def _locals(unit: Unit) -> str:
    return "float " + ", ".join(f"{t.word}[{t.width}]" for t in unit.outputs) + ";"


def _tests(unit: Unit) -> dict[str, str]:
    sizes = {t.word: f"[reference_rows * {t.width} + 1]" for t in unit.outputs}
    compare = [
        f'  wrong += compare("{t.word}", reference_{t.word}, batch_{t.word}, one_{t.word}, reference_rows * {t.width});'
        for t in unit.outputs
    ]
    return {
        "arrays": "\n".join(f"  static float batch_{word}{size}, one_{word}{size};" for word, size in sizes.items()),
        "several": ", ".join([f"reference_{t.word}" for t in unit.inputs] + [f"batch_{t.word}" for t in unit.outputs]),
        "one": _one_row(unit, "one_"),
        "compare": "\n".join(compare),
    }


_REFERENCE = """// Reference rows of bundle @digest@: what goes in and what must come out.
#pragma once
constexpr int reference_rows = @rows@;
"""

_EXAMPLE = """// Scores of the first reference rows, beside what they must be. Build and run: make run
#include "@word@.hpp"

#include <cstdio>

#include "reference.hpp"

int main() {
  namespace model = bartik::@word@;
  for (int row = 0; row < @shown@; ++row) {
    @locals@
    model::run(@calls@);
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

static bool close(float wanted, float found) {
  if (std::isnan(wanted)) return std::isnan(found);
  if (std::isinf(wanted)) return wanted == found;
  return std::fabs(found - wanted) <= 1e-6f + 1e-5f * std::fabs(wanted);
}

static int compare(const char* name, const float* wanted, const float* batch, const float* one, int count) {
  int wrong = 0;
  for (int k = 0; k < count; ++k) {
    const bool same = std::memcmp(&batch[k], &one[k], sizeof(float)) == 0 || std::isnan(wanted[k]);
    if (close(wanted[k], batch[k]) && same) continue;
    if (++wrong <= 5)
      std::printf("%s[%d]: wanted %.9g, got %.9g in a batch, %.9g alone\\n", name, k, double(wanted[k]), double(batch[k]), double(one[k]));
  }
  return wrong;
}

int main() {
@arrays@
  bartik::@word@::run(@several@, static_cast<std::size_t>(reference_rows));
  for (int row = 0; row < reference_rows; ++row) bartik::@word@::run(@one@);
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
bartik::@word@::run(@arguments@);        // one row:   run(@signature@)
bartik::@word@::run(@arguments@, rows);  // many rows, one after the other in memory
```

C++17, GCC 11 or later or Clang 14 or later, nothing but the standard library. No heap, no mutable globals: any number of
threads may call it at once. Stack: at most @block@ bytes for a block of rows (with AVX-512; half with AVX2), @single@ for one row.

    make run    # the example: reference scores beside those computed
    make test   # the self-test: exit code 1 if a reference value is not reproduced

Compile with `-O3 -ffp-contract=fast` and `-march=` for the machine it will run on: vectors have 16 floats with AVX-512, 8 with
AVX, else 4. Do not use `-ffast-math`: a NaN that goes in must come out. With CMake: `add_subdirectory(@word@)`, then
`target_link_libraries(yours PRIVATE bartik_@word@)`.
"""

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
