"""The folder around a CUDA header: a self-test that needs no GPU, one that does, how to build and how to use it."""

from __future__ import annotations

from bartik.compiler.emit.constants import number
from bartik.compiler.emit.cuda import MOST_SHARED, threads_of_one
from bartik.compiler.emit.package import Sample, fill, reference
from bartik.compiler.emit.unit import Unit
from bartik.compiler.loops import Nest


def cuda_package(unit: Unit, header: str, sample: Sample, nest: Nest) -> dict[str, str]:
    """Files of the target ``cuda`` by name."""
    return {
        f"{unit.word}.cuh": header,
        "reference.hpp": reference(unit, sample),
        "selftest.cpp": fill(_SELFTEST, _words(unit, sample, nest)),
        "selftest.cu": fill(_DEVICE_TEST, _words(unit, sample, nest)),
        "README.md": fill(_README, _words(unit, sample, nest)),
        "Makefile": fill(_MAKEFILE, {"word": unit.word}),
        "CMakeLists.txt": fill(_CMAKE, {"word": unit.word}),
    }


def _words(unit: Unit, sample: Sample, nest: Nest) -> dict[str, str]:
    tensors = unit.inputs + unit.outputs
    wide = threads_of_one(nest) > 1 and nest.scratch > MOST_SHARED
    how = "one thread a candidate, its memory the thread's own" if threads_of_one(nest) == 1 else "one warp a candidate"
    return {
        "word": unit.word,
        "digest": unit.digest,
        "signature": ", ".join(f"{'const ' if t in unit.inputs else ''}{t.kind}* {t.word}" for t in tensors),
        "names": ", ".join(t.word for t in tensors),
        "how": how + ("; memory is handed in, `warps * scratch_size` floats" if wide else ""),
        "relative": number(sample.relative),
        "absolute": number(sample.absolute),
        "arrays": "\n".join(f"  static {t.kind} found_{t.word}[reference_rows * {t.width}];" for t in unit.outputs),
        "call": ", ".join([f"reference_{t.word}" for t in unit.inputs] + [f"found_{t.word}" for t in unit.outputs]),
        "compare": "\n".join(
            f'  wrong += compare("{t.word}", reference_{t.word}, found_{t.word}, reference_rows * {t.width});' for t in unit.outputs
        ),
        "to_device": "\n".join(
            [f"  auto* {t.word} = on_device(reference_{t.word}, reference_rows * {t.width});" for t in unit.inputs]
            + [f"  auto* {t.word} = on_device(found_{t.word}, reference_rows * {t.width});" for t in unit.outputs]
        ),
        "from_device": "\n".join(
            f"  check(cudaMemcpy(found_{t.word}, {t.word}, sizeof found_{t.word}, cudaMemcpyDeviceToHost));" for t in unit.outputs
        ),
        "memory": "  auto* workspace = on_device(static_cast<const float*>(nullptr), 64 * std::size_t(model::scratch_size));\n"
        if wide
        else "",
        "given": ", workspace, 64" if wide else "",
    }


_COMPARE = """
static bool close(float wanted, float found) {
  if (std::isnan(wanted)) return std::isnan(found);
  if (std::isinf(wanted)) return wanted == found;
  return std::fabs(found - wanted) <= @absolute@ + @relative@ * std::fabs(wanted);
}

template <class Number>
static int compare(const char* name, const Number* wanted, const Number* found, int count) {
  int wrong = 0;
  for (int k = 0; k < count; ++k)
    if (!close(float(wanted[k]), float(found[k])) && ++wrong <= 5)
      std::printf("%s[%d]: wanted %.9g, got %.9g\\n", name, k, double(wanted[k]), double(found[k]));
  return wrong;
}
"""

_SELFTEST = (
    """// The device functions as plain C++: exit code 0 if they give the bundle's reference outputs, else 1. No GPU is needed.
#include "@word@.cuh"

#include <cmath>
#include <cstdio>
#include <vector>

#include "reference.hpp"
"""
    + _COMPARE
    + """
int main() {
  namespace model = bartik::@word@_cuda;
@arrays@
  std::vector<float> scratch(model::scratch_size);
  model::run(@call@, static_cast<std::size_t>(reference_rows), scratch.data());
  int wrong = 0;
@compare@
  std::printf("%d reference rows, %d values wrong\\n", reference_rows, wrong);
  return wrong == 0 ? 0 : 1;
}
"""
)

_DEVICE_TEST = (
    """// On a GPU: exit code 0 if the kernel gives the bundle's reference outputs, 1 if not, 2 where there is no GPU.
#include "@word@.cuh"

#include <cstdio>

#include "reference.hpp"
"""
    + _COMPARE
    + """
static void check(cudaError_t status) {
  if (status == cudaSuccess) return;
  std::printf("CUDA: %s\\n", cudaGetErrorString(status));
  std::exit(2);
}
template <class Number>
static Number* on_device(const Number* values, std::size_t count) {
  Number* place = nullptr;
  check(cudaMalloc(&place, count * sizeof(Number)));
  if (values != nullptr) check(cudaMemcpy(place, values, count * sizeof(Number), cudaMemcpyHostToDevice));
  return place;
}

int main() {
  namespace model = bartik::@word@_cuda;
@arrays@
@to_device@
@memory@  check(model::launch(@names@, static_cast<std::size_t>(reference_rows)@given@));
  check(cudaDeviceSynchronize());
@from_device@
  int wrong = 0;
@compare@
  std::printf("%d reference rows, %d values wrong\\n", reference_rows, wrong);
  return wrong == 0 ? 0 : 1;
}
"""
)

_README = """# @word@ for CUDA

A model as one header, generated by bartik from bundle `@digest@`.

```cpp
#include "@word@.cuh"
namespace model = bartik::@word@_cuda;
model::launch(@names@, rows@given@);  // a batch: @how@
```

Arrays are on the GPU: `@signature@`, [candidates][values], or with `columns = true` [values][candidates], as a structure of arrays has
them. Within a kernel of your own call `model::candidate<1>(0, ..., step, scratch)` from one thread, or `candidate<32>(lane, ...)` from
all threads of a warp; `scratch` are `scratch_size` floats of the candidate's own. Nothing is allocated. Tables lie in constant memory
where they fit.

    make test         # the same functions as plain C++ against the bundle's reference rows: no GPU needed
    make test-device  # with nvcc, on a GPU

Build with `nvcc -std=c++17 --expt-relaxed-constexpr`, never with `--use_fast_math`: a NaN that goes in must come out. With CMake:
`add_subdirectory(@word@)`, then `target_link_libraries(yours PRIVATE bartik_@word@_cuda)`.
"""

_MAKEFILE = """CXX ?= g++
NVCC ?= nvcc
ARCH ?= native

.PHONY: test test-device compile clean
test: selftest
\t./selftest
test-device: selftest_device
\t./selftest_device
selftest: selftest.cpp @word@.cuh reference.hpp
\t$(CXX) -std=c++17 -O2 -Wall -Wextra -Werror -Wno-unused-function $< -o $@
selftest_device: selftest.cu @word@.cuh reference.hpp
\t$(NVCC) -std=c++17 -O3 --expt-relaxed-constexpr -arch=$(ARCH) $< -o $@
clean:
\trm -f selftest selftest_device
"""

_CMAKE = """cmake_minimum_required(VERSION 3.18)
project(bartik_@word@_cuda LANGUAGES CXX CUDA)

add_library(bartik_@word@_cuda INTERFACE)
target_include_directories(bartik_@word@_cuda INTERFACE ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_features(bartik_@word@_cuda INTERFACE cxx_std_17 cuda_std_17)
target_compile_options(bartik_@word@_cuda INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr>)

if(CMAKE_SOURCE_DIR STREQUAL CMAKE_CURRENT_SOURCE_DIR)
  enable_testing()
  add_executable(selftest selftest.cpp)
  target_link_libraries(selftest PRIVATE bartik_@word@_cuda)
  add_test(NAME selftest COMMAND selftest)
endif()
"""
