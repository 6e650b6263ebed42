"""A nest as CUDA: device functions for one candidate, by one thread or by the threads of a warp, and a kernel for a batch.

The same text is C++ without vectors for any other compiler, so that its numbers can be proved without a GPU.
"""

from __future__ import annotations

from bartik.compiler.emit.calls import called, converted, held
from bartik.compiler.emit.constants import constant
from bartik.compiler.emit.cxx import preamble
from bartik.compiler.emit.expressions import Printer
from bartik.compiler.emit.kernels import KEEP, scalar_kernels
from bartik.compiler.emit.reals import REALS
from bartik.compiler.emit.unit import Unit, internal
from bartik.compiler.loops import Extern, Invoke, Nest, Stmt
from bartik.compiler.names import comment

MOST_IN_CONSTANT_MEMORY = 48 << 10
"""Bytes of tables that lie in constant memory, which all threads of a warp read at once; larger ones lie in global memory."""
MOST_OF_A_THREAD = 2 << 10
"""Bytes of scratch memory up to which one thread computes a candidate, with the memory its own; beyond, a warp does, in shared memory."""
MOST_SHARED = 48 << 10
"""Bytes of scratch memory of one warp in shared memory; beyond, it is the caller's."""


def cuda_header(unit: Unit, nest: Nest) -> str:
    """The header; ``nest`` has the elements of one row in its lanes."""
    real = REALS[nest.real]
    tables = [buffer for buffer in nest.buffers.values() if buffer.kind == "constant"]
    size = sum(buffer.values.nbytes for buffer in tables if buffer.values is not None)
    guard = f"BARTIK_CUDA_{unit.word.upper()}_{unit.digest[:12].upper()}"
    parts = [
        *preamble(unit, _NOTES),
        f"#ifndef {guard}\n#define {guard}\n",
        _MACROS.replace("@keep@", KEEP).replace("@memory@", "__constant__" if size <= MOST_IN_CONSTANT_MEMORY else "__device__ const"),
        f"namespace bartik::{unit.word}_cuda {{\n",
        f'constexpr char digest[] = "{unit.digest}";',
        *(f"constexpr int {t.word}_width = {t.width};" for t in unit.inputs + unit.outputs),
        f"constexpr int scratch_size = {nest.scratch};  // {real.kind}s of memory of one candidate",
        f"constexpr int threads_of_one = {threads_of_one(nest)};  // that compute a candidate in `launch`\n",
        "namespace detail {\n",
        *_of_floats(nest),
        *scalar_kernels(nest, nest.real),
        *(_table(constant(buffer)) for buffer in tables),
        _TOGETHER,
        "}  // namespace detail\n",
        _candidate(nest, unit),
        _filled(_run_text(), unit, nest),
        _filled(_launch_text(nest), unit, nest),
        f"}}  // namespace bartik::{unit.word}_cuda\n{_UNDEFINED}\n#endif  // {guard}",
    ]
    return "\n".join(parts) + "\n"


def threads_of_one(nest: Nest) -> int:
    """Threads that compute one candidate: one where its memory is small, else a warp."""
    return 1 if memory(nest) <= MOST_OF_A_THREAD else 32


def memory(nest: Nest) -> int:
    """Bytes of scratch memory of one candidate."""
    return nest.scratch * REALS[nest.real].size


def parameters(unit: Unit, *, within: bool) -> str:
    """The arrays of the caller."""
    count = len(unit.inputs)
    return ", ".join(
        f"{'const ' if place < count else ''}{tensor.kind}* {name if within else tensor.word}"
        for place, (name, tensor) in enumerate(internal(unit))
    )


def _candidate(nest: Nest, unit: Unit) -> str:
    """One candidate: value j of an array is at ``[j * step]``."""
    real = REALS[nest.real]
    printer = Printer(nest, real.number, warp=True)
    lines = [
        "// One candidate, by `warp` threads (1 or 32), of which this is number `lane`. Value j of an array is at [j * step]: 1 where the",
        "// values of a candidate are neighbours, the number of candidates where those of a variable are. `scratch` is the candidate's.",
        "template <int warp>",
        f"BARTIK_FUNCTION void candidate(int lane, {parameters(unit, within=True)}, std::size_t step, {real.kind}* scratch) noexcept {{",
        "  using namespace detail;",
        "  (void)lane;",
        *(f"  {real.kind}* const {b.name} = scratch + {b.place};" for b in held(nest)),
    ]
    for note, body in nest.body:
        lines.append(f"  // {comment(note)}")
        for statement in body:
            lines += [*_statement(statement, printer, unit, nest.real), "  together<warp>();"]
    return "\n".join([*lines, "}\n"])


def _statement(statement: Stmt, printer: Printer, unit: Unit, real: str) -> list[str]:
    match statement:
        case Extern(function="load_rows"):
            source, target = statement.arguments
            return [f"  for (int j = lane; j < {statement.width}; j += warp) {target}[j] = {REALS[real].kind}({source}[j * step]);"]
        case Extern():
            source, target = statement.arguments
            kind = next(tensor.kind for name, tensor in internal(unit) if name == source)
            return [f"  for (int j = lane; j < {statement.width}; j += warp) {source}[j * step] = {kind}({target}[j]);"]
        case Invoke():
            return [f"  if (lane == 0) {called(statement, real)};"]
        case _:
            return printer.statement(statement, "  ")


def _of_floats(nest: Nest) -> list[str]:
    """Kernels of floats in a nest of doubles, and what calls them."""
    functions = converted(nest, "BARTIK_FUNCTION")
    return ["namespace floats {\n", *scalar_kernels(nest, "float32"), *functions, "}  // namespace floats\n"] if functions else []


def _table(text: str) -> str:
    return text.replace("alignas(64) constexpr", "alignas(64) BARTIK_TABLE")


def _filled(template: str, unit: Unit, nest: Nest) -> str:
    words = [tensor.word for tensor in unit.inputs + unit.outputs]
    return (
        template.replace("@parameters@", parameters(unit, within=False))
        .replace("@rows@", ", ".join(f"{t.word} + row * {t.width}" for t in unit.inputs + unit.outputs))
        .replace("@columns@", ", ".join(f"{word} + row" for word in words))
        .replace("@words@", ", ".join(words))
        .replace("@real@", REALS[nest.real].kind)
    )


def _run_text() -> str:
    return """// Many candidates, one after the other in memory, without a GPU.
#if !defined(__CUDACC__)
static inline void run(@parameters@, std::size_t rows, @real@* scratch) noexcept {
  for (std::size_t row = 0; row < rows; ++row) candidate<1>(0, @rows@, 1, scratch);
}
static inline void run_columns(@parameters@, std::size_t rows, @real@* scratch) noexcept {  // [values][candidates]
  for (std::size_t row = 0; row < rows; ++row) candidate<1>(0, @columns@, rows, scratch);
}
#endif
"""


def _launch_text(nest: Nest) -> str:
    """The kernel and its launch, with memory where it belongs."""
    if threads_of_one(nest) == 1:
        return _LAUNCH_THREADS
    return _LAUNCH_WARPS if memory(nest) <= MOST_SHARED else _LAUNCH_WIDE


_NOTES = (
    "Generated by bartik; do not edit. CUDA C++17 (nvcc --expt-relaxed-constexpr), or plain C++17: then `run` is there in the place of",
    "`launch`. No allocation, no dependency. Never with --use_fast_math, which breaks NaN.",
)

_MACROS = """#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#define BARTIK_SCALAR  // no vectors
#if defined(__CUDACC__)
#define BARTIK_INLINE static __device__ __forceinline__
#define BARTIK_MEMBER __device__ __forceinline__
#define BARTIK_FUNCTION static __device__
#define BARTIK_TABLE static @memory@
#define BARTIK_KEEP(x)
#else
#define BARTIK_INLINE static inline __attribute__((always_inline))
#define BARTIK_MEMBER inline __attribute__((always_inline))
#define BARTIK_FUNCTION static inline
#define BARTIK_TABLE static constexpr
@keep@#endif
"""

_UNDEFINED = """
#undef BARTIK_SCALAR
#undef BARTIK_INLINE
#undef BARTIK_MEMBER
#undef BARTIK_FUNCTION
#undef BARTIK_TABLE
#undef BARTIK_KEEP"""

_TOGETHER = """// What one thread of a warp wrote, the others may read.
template <int warp>
BARTIK_INLINE void together() noexcept {
#if defined(__CUDACC__)
  if constexpr (warp > 1) __syncwarp();
#endif
}
"""

_LAUNCH_THREADS = """#if defined(__CUDACC__)
// A batch, each thread a candidate. `columns`: arrays are [values][candidates] and not [candidates][values].
static __global__ void batch(@parameters@, std::size_t rows, bool columns) {
  const std::size_t row = blockIdx.x * std::size_t(blockDim.x) + threadIdx.x;
  @real@ scratch[scratch_size];
  if (row >= rows) return;
  if (columns)
    candidate<1>(0, @columns@, rows, scratch);
  else
    candidate<1>(0, @rows@, 1, scratch);
}
static inline cudaError_t launch(@parameters@, std::size_t rows, bool columns = false, cudaStream_t stream = nullptr) {
  constexpr unsigned threads = 128;
  if (rows > 0) batch<<<unsigned((rows + threads - 1) / threads), threads, 0, stream>>>(@words@, rows, columns);
  return cudaGetLastError();
}
#endif
"""

_LAUNCH_WARPS = """#if defined(__CUDACC__)
// A batch, each warp a candidate, with its memory in shared memory. `columns`: arrays are [values][candidates].
constexpr unsigned warps_of_block = scratch_size * 4 * sizeof(@real@) <= 49152 ? 4 : 1;
static __global__ void batch(@parameters@, std::size_t rows, bool columns) {
  __shared__ @real@ scratch[warps_of_block][scratch_size];
  const std::size_t row = blockIdx.x * std::size_t(warps_of_block) + threadIdx.x / 32;
  if (row >= rows) return;
  if (columns)
    candidate<32>(threadIdx.x % 32, @columns@, rows, scratch[threadIdx.x / 32]);
  else
    candidate<32>(threadIdx.x % 32, @rows@, 1, scratch[threadIdx.x / 32]);
}
static inline cudaError_t launch(@parameters@, std::size_t rows, bool columns = false, cudaStream_t stream = nullptr) {
  const unsigned blocks = unsigned((rows + warps_of_block - 1) / warps_of_block);
  if (rows > 0) batch<<<blocks, 32 * warps_of_block, 0, stream>>>(@words@, rows, columns);
  return cudaGetLastError();
}
#endif
"""

_LAUNCH_WIDE = """#if defined(__CUDACC__)
// A batch, each warp a candidate at a time, with its memory in `workspace`: `warps * scratch_size` @real@s on the GPU.
static __global__ void batch(@parameters@, std::size_t rows, bool columns, @real@* workspace) {
  @real@* const scratch = workspace + blockIdx.x * std::size_t(scratch_size);
  for (std::size_t row = blockIdx.x; row < rows; row += gridDim.x) {
    if (columns)
      candidate<32>(threadIdx.x, @columns@, rows, scratch);
    else
      candidate<32>(threadIdx.x, @rows@, 1, scratch);
  }
}
static inline cudaError_t launch(@parameters@, std::size_t rows, @real@* workspace, unsigned warps, bool columns = false,
                                 cudaStream_t stream = nullptr) {
  if (rows > 0 && warps > 0) batch<<<warps, 32, 0, stream>>>(@words@, rows, columns, workspace);
  return cudaGetLastError();
}
#endif
"""
