"""A bundle as a shared library for a GPU, by nvcc, with a C ABI that takes and gives arrays of the host."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from bartik.compiler.emit.cuda import MOST_SHARED, cuda_header, memory, threads_of_one
from bartik.compiler.emit.reals import REALS
from bartik.compiler.pipeline import Compiled, compiled
from bartik.core import BuildError, UnavailableError
from bartik.core.bundle import Bundle
from bartik.core.digest import digest_bytes
from bartik.core.files import atomic_path
from bartik.core.places import cache

FLAGS = ("-std=c++17", "-O3", "--expt-relaxed-constexpr", "-Xcompiler", "-fPIC", "-shared")
_WARPS = 4096
"""Warps at work at once where each needs memory of its own on the GPU."""

_ABI = """
// 0, or the number of CUDA's error. Memory is of a stream of the call's own: any number of threads may call it.
extern "C" int bartik_cuda_run(const void* const* inputs, void* const* outputs, std::size_t rows) {
  if (rows == 0) return 0;
  cudaStream_t stream = nullptr;
  if (const int failed = int(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking))) return failed;
  void* place[@count@] = {};
  const std::size_t sizes[] = {@sizes@};
  int status = 0;
  for (int k = 0; k < @count@ && !status; ++k) status = int(cudaMallocAsync(&place[k], sizes[k], stream));
  for (int k = 0; k < @inputs@ && !status; ++k)
    status = int(cudaMemcpyAsync(place[k], inputs[k], sizes[k], cudaMemcpyHostToDevice, stream));
  if (!status) status = int(bartik::@word@_cuda::launch(@arguments@, rows@workspace@, false, stream));
  for (int k = 0; k < @outputs@ && !status; ++k)
    status = int(cudaMemcpyAsync(outputs[k], place[@inputs@ + k], sizes[@inputs@ + k], cudaMemcpyDeviceToHost, stream));
  if (!status) status = int(cudaStreamSynchronize(stream));
  for (int k = 0; k < @count@; ++k)
    if (place[k] != nullptr) cudaFreeAsync(place[k], stream);
  cudaStreamSynchronize(stream);
  cudaStreamDestroy(stream);
  return status;
}
"""


def find_nvcc() -> Path | None:
    """nvcc: ``$NVCC``, on the path, or where CUDA installs it."""
    for name in (os.environ.get("NVCC"), "nvcc", "/usr/local/cuda/bin/nvcc"):
        if name and (found := shutil.which(name)):
            return Path(found)
    return None


def cuda_source(done: Compiled) -> str:
    """The header and the C ABI."""
    tensors = done.unit.inputs + done.unit.outputs
    count, real = len(done.unit.inputs), REALS[done.columns.real].kind
    wide = threads_of_one(done.columns) > 1 and memory(done.columns) > MOST_SHARED
    pointers = [f"static_cast<{'const ' if k < count else ''}{t.kind}*>(place[{k}])" for k, t in enumerate(tensors)]
    sizes = [f"rows * {t.width} * sizeof({t.kind})" for t in tensors]
    sizes += [f"{_WARPS} * std::size_t(bartik::{done.unit.word}_cuda::scratch_size) * sizeof({real})"] if wide else []
    words = {
        "word": done.unit.word,
        "count": str(len(sizes)),
        "inputs": str(count),
        "outputs": str(len(done.unit.outputs)),
        "sizes": ", ".join(sizes),
        "arguments": ", ".join(pointers),
        "workspace": f", static_cast<{real}*>(place[{len(tensors)}]), {_WARPS}" if wide else "",
    }
    text = _ABI
    for key, word in words.items():
        text = text.replace(f"@{key}@", word)
    return cuda_header(done.unit, done.columns) + text


def build_cuda_library(bundle: Bundle, arch: str = "native") -> Path:
    """The library of a bundle, from the cache where it was built before; ``arch`` as nvcc names it (``sm_80``)."""
    nvcc = find_nvcc()
    if nvcc is None:
        raise UnavailableError("no CUDA compiler: nvcc is not found", hint="install the CUDA toolkit, or name nvcc with NVCC")
    done = compiled(bundle)
    source = cuda_source(done)
    version = subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603 - a list, no shell
    key = digest_bytes("\n".join([source, *FLAGS, arch, version]).encode())
    library = cache() / "cuda" / f"{done.unit.word}-{key[:24]}.so"
    if not library.is_file():
        library.parent.mkdir(parents=True, exist_ok=True)
        _compile(nvcc, source, library, arch)
    return library


def _compile(nvcc: Path, source: str, library: Path, arch: str) -> None:
    with tempfile.TemporaryDirectory() as folder, atomic_path(library) as temporary:
        text = Path(folder) / "model.cu"
        text.write_text(source, encoding="utf-8")
        command = [str(nvcc), *FLAGS, f"-arch={arch}", str(text), "-o", str(temporary)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a list, no shell
        if done.returncode:
            lines = [line[:200] for line in (done.stderr or done.stdout).splitlines() if "error" in line][:5]
            raise BuildError("nvcc refused generated code:\n  " + "\n  ".join(lines), hint="see that nvcc and its C++ compiler fit")
