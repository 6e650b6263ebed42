"""The 8 bit product alone, on every kind of vector, against whole numbers in numpy."""

import ctypes

import numpy as np
import pytest

from bartik.compiler.build import FLAGS, build_shared
from bartik.compiler.emit.kernels import KERNELS

_INCLUDES = "".join(f"#include <{name}>\n" for name in ("cmath", "cstddef", "cstdint", "cstring", "type_traits", "utility"))
_SHAPES = ((1, 1, 0), (17, 25, 128), (25, 20, 0), (4, 16, 3), (7, 33, 255), (64, 8, 17))
_ROWS = 48
_CALLS = """
extern "C" __attribute__((visibility("default"))) void many_{k}(const float* x, const int* fours, const int* twos, const float* scale,
    const float* bias, const float* inverse, float* y) {{
  Lanes in[{n}], out[{m}];
  for (int row = 0; row < {rows}; row += lanes) {{
    for (int i = 0; i < {n}; ++i) for (int r = 0; r < lanes; ++r) in[i][r] = x[(row + r) * {n} + i];
    dense_int8<{n}, {m}, {zero}, {relu}>(in, fours, twos, scale, bias, inverse, out);
    for (int j = 0; j < {m}; ++j) for (int r = 0; r < lanes; ++r) y[(row + r) * {m} + j] = out[j][r];
  }}
}}
extern "C" __attribute__((visibility("default"))) void one_{k}(const float* x, const int* fours, const int* twos, const float* scale,
    const float* bias, const float* inverse, float* y) {{
  alignas(64) float out[{m} + 16];
  for (int row = 0; row < {rows}; ++row) {{
    dense_int8<{n}, {m}, {zero}, {relu}>(x + row * {n}, fours, twos, scale, bias, inverse, out);
    std::memcpy(y + row * {m}, out, sizeof(float) * {m});
  }}
}}
"""
_SCALAR = """
extern "C" __attribute__((visibility("default"))) void one_{k}(const float* x, const int* fours, const int* twos, const float* scale,
    const float* bias, const float* inverse, float* y) {{
  for (int row = 0; row < {rows}; ++row)
    dense_int8<{n}, {m}, {zero}, {relu}>(x + row * {n}, fours, twos, scale, bias, inverse, y + row * {m});
}}
"""
_MACHINES = {
    "native": "-march=native",
    "avx512_without_vnni": "-mno-avx512vnni -mno-avxvnni",
    "avx2": "-mavx2 -mfma -mno-avx512f",
    "plain": "-march=x86-64",
    "scalar": "-DBARTIK_SCALAR",
}


@pytest.fixture(scope="module", params=_MACHINES)
def machine(request):
    scalar = request.param == "scalar"
    source = _INCLUDES + "#if defined(__AVX__)\n#include <immintrin.h>\n#endif\n#define BARTIK_INLINE static inline\n"
    source += "".join((KERNELS / f"{part}.hpp").read_text() for part in (() if scalar else ("lanes",)) + ("dense_int8",))
    for k, (n, m, zero) in enumerate(_SHAPES):
        source += (_SCALAR if scalar else _CALLS).format(k=k, n=n, m=m, zero=zero, relu="true" if k % 2 else "false", rows=_ROWS)
    flags = [flag for flag in FLAGS if flag != "-march=native"] + ["-march=native", *_MACHINES[request.param].split()]
    return ctypes.CDLL(str(build_shared(source, name="int8", flags=flags))), ("one",) if scalar else ("one", "many")


def _words(weight, together):
    """Weights [inputs, outputs] of several inputs in one word, as the kernel takes them."""
    inputs, outputs = weight.shape
    padded = np.zeros((-(-inputs // together) * together, -(-outputs // 16) * 16), np.int64)
    padded[:inputs, :outputs] = weight
    bits = 32 // together
    parts = padded.reshape(-1, together, padded.shape[1]) & ((1 << bits) - 1)
    return np.ascontiguousarray((parts << (np.arange(together) * bits)[None, :, None]).sum(axis=1).astype(np.uint32).view(np.int32))


@pytest.mark.parametrize("k", range(len(_SHAPES)))
def test_products_are_exact_alone_and_in_a_block(machine, k):
    library, forms = machine
    n, m, zero = _SHAPES[k]
    rng = np.random.default_rng(k)
    x = rng.normal(size=(_ROWS, n)).astype(np.float32) * 3
    x[0], x[1], x[2], x[3, 0] = np.inf, -np.inf, 1e30, np.nan
    weight = rng.integers(-128, 128, (n, m))
    scale, bias = (np.pad(rng.normal(size=m).astype(np.float32), (0, 16)) for _ in range(2))
    inverse = np.float32(1 / 0.05)
    steps = np.clip(np.rint(np.nan_to_num(x * inverse, nan=-1e9)), -zero, 255 - zero) + zero
    wanted = (steps.astype(np.int64) @ weight).astype(np.float64) * scale[:m] + bias[:m]
    wanted = np.maximum(wanted, 0) if k % 2 else wanted
    arrays = [x, _words(weight, 4), _words(weight, 2), scale, bias, np.array([inverse])]
    found = {}
    for form in forms:
        found[form] = np.empty((_ROWS, m), np.float32)
        getattr(library, f"{form}_{k}")(*(ctypes.c_void_p(a.ctypes.data) for a in [*arrays, found[form]]))
        np.testing.assert_allclose(found[form], wanted, rtol=3e-7, atol=3e-7 * float(np.abs(bias).max()))
    assert len(found) == 1 or found["one"].tobytes() == found["many"].tobytes()
