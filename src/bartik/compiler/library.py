"""A bundle as a shared library with a C ABI, and its source."""

from __future__ import annotations

from pathlib import Path

from bartik.compiler.build import FLAGS, build_shared
from bartik.compiler.emit.functions import is_wide
from bartik.compiler.emit.sums import sums
from bartik.compiler.pipeline import Compiled, compiled
from bartik.compiler.tuning import Tuning, remembered
from bartik.core.bundle import Bundle

ABI = """
extern "C" {{
// inputs[k] and outputs[k] are arrays [rows][values per row], in the order of the signature.
__attribute__((visibility("default"))) void bartik_run(const void* const* inputs, void* const* outputs, std::size_t rows) {{
  if (rows == 1)
    bartik::{word}::run({arguments}{workspace});
  else
    bartik::{word}::run({arguments}, rows{workspace});
}}
__attribute__((visibility("default"))) const char* bartik_digest() {{ return bartik::{word}::digest; }}
__attribute__((visibility("default"))) long bartik_multiply_adds() {{ return {work}; }}  // of one row
}}
"""
WORKSPACE = """
#include <new>
namespace {{
struct Workspace {{
  void* memory = ::operator new(bartik::{word}::workspace_bytes, std::align_val_t(64));
  ~Workspace() {{ ::operator delete(memory, std::align_val_t(64)); }}
}};
thread_local Workspace workspace;
}}  // namespace
"""


def build_library(bundle: Bundle, tuning: Tuning | None = None) -> Path:
    """The shared library of a bundle, from the cache where it was built before; functions ``bartik_run`` and ``bartik_digest``.

    Without a ``tuning``, with what was found best here.
    """
    done = compiled(bundle, remembered(bundle) if tuning is None else tuning)
    return build_shared(library_source(done), name=done.unit.word, flags=(*FLAGS, *done.tuning.flags))


def build_sums(bundle: Bundle) -> Path:
    """The same of a bundle in float64 with one output, with ``bartik_sums`` besides: see `emit.sums`.

    `UnsupportedError` where rows are not computed in blocks of doubles.
    """
    done = compiled(bundle, remembered(bundle))
    source = library_source(done) + sums(done.rows, done.unit)
    return build_shared(source, name=f"{done.unit.word}_sums", flags=(*FLAGS, *done.tuning.flags))


def library_source(done: Compiled) -> str:
    """The header and the C ABI."""
    inputs = [f"static_cast<const {t.kind}*>(inputs[{k}])" for k, t in enumerate(done.unit.inputs)]
    outputs = [f"static_cast<{t.kind}*>(outputs[{k}])" for k, t in enumerate(done.unit.outputs)]
    work = sum(0 if op.weight is None else op.weight.size for op in done.graph.ops)
    work += sum(0 if op.kernel is None else op.kernel.multiply_adds() for op in done.graph.ops)
    words = {"word": done.unit.word, "arguments": ", ".join(inputs + outputs), "work": str(work)}
    if is_wide(done.columns):
        return done.header + WORKSPACE.format(**words) + ABI.format(**words, workspace=", workspace.memory")
    return done.header + ABI.format(**words, workspace="")
