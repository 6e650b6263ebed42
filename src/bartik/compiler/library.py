"""A bundle as a shared library with a C ABI, and its source."""

from __future__ import annotations

from pathlib import Path

from bartik.compiler.build import build_shared
from bartik.compiler.pipeline import Compiled, compiled
from bartik.core.bundle import Bundle

ABI = """
extern "C" {{
// inputs[k] and outputs[k] are arrays [rows][values per row], in the order of the signature.
__attribute__((visibility("default"))) void bartik_run(const float* const* inputs, float* const* outputs, std::size_t rows) {{
  if (rows == 1)
    bartik::{word}::run({arguments});
  else
    bartik::{word}::run({arguments}, rows);
}}
__attribute__((visibility("default"))) const char* bartik_digest() {{ return bartik::{word}::digest; }}
}}
"""


def build_library(bundle: Bundle) -> Path:
    """The shared library of a bundle, from the cache where it was built before; functions ``bartik_run`` and ``bartik_digest``."""
    done = compiled(bundle)
    return build_shared(library_source(done), name=done.unit.word)


def library_source(done: Compiled) -> str:
    """The header and the C ABI."""
    inputs = [f"inputs[{k}]" for k in range(len(done.unit.inputs))]
    outputs = [f"outputs[{k}]" for k in range(len(done.unit.outputs))]
    return done.header + ABI.format(word=done.unit.word, arguments=", ".join(inputs + outputs))
