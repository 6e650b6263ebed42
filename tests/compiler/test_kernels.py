"""The hand-written kernels alone, against float64."""

import ctypes
from math import erf

import numpy as np
import pytest

from bartik.compiler.build import FLAGS, build_shared
from bartik.compiler.emit.kernels import KERNELS

_PARTS = ("lanes", "select", "bits", "sqrt", "exp", "log", "activations", "softplus", "erf", "rows")
_FUNCTIONS = ("exp", "log", "sigmoid", "tanh", "softplus", "erf", "sqrt", "abs", "relu", "expm1", "log1p")
_INCLUDES = "".join(f"#include <{name}>\n" for name in ("cmath", "cstddef", "cstdint", "cstring", "type_traits", "utility"))
_LOOP = """
extern "C" __attribute__((visibility("default"))) void test_{name}(const float* x, float* y, long count) {{
  for (long k = 0; k < count; k += lanes) store(y + k, {name}(load(x + k)));
}}
"""
_MACHINES = {"native": "-march=native", "avx2": "-mavx2 -mfma -mno-avx512f", "plain": "-march=x86-64"}


@pytest.fixture(scope="module", params=_MACHINES)
def library(request):
    source = (
        _INCLUDES
        + "#if defined(__AVX__)\n#include <immintrin.h>\n#endif\n#define BARTIK_INLINE static inline __attribute__((always_inline))\n"
    )
    source += "".join((KERNELS / f"{part}.hpp").read_text() for part in _PARTS)
    source += "".join(_LOOP.format(name=name) for name in _FUNCTIONS)
    flags = [flag for flag in FLAGS if flag != "-march=native"] + ["-march=native", *_MACHINES[request.param].split()]
    return ctypes.CDLL(str(build_shared(source, name="kernels", flags=flags)))


def _call(library, name, x):
    x = np.ascontiguousarray(np.pad(x, (0, -len(x) % 16)), np.float32)
    y = np.empty_like(x)
    getattr(library, f"test_{name}")(ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(y.ctypes.data), ctypes.c_long(len(x)))
    return y


def _ulp(found, wanted):
    return np.abs(found.astype(np.float64) - wanted) / np.spacing(np.abs(wanted).astype(np.float32)).astype(np.float64)


def _float_range(low, high, count=400_000):
    rng = np.random.default_rng(1)
    return np.concatenate([rng.uniform(low, high, count), rng.normal(size=count) * 10.0 ** rng.uniform(-20, 1, count)]).clip(low, high)


_CASES = {
    "exp": (np.exp, -103.0, 88.7),
    "expm1": (np.expm1, -60.0, 80.0),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), -86.0, 100.0),
    "tanh": (np.tanh, -30.0, 30.0),
    "softplus": (lambda x: np.where(x > 0, x + np.log1p(np.exp(-x)), np.log1p(np.exp(np.minimum(x, 0)))), -86.0, 100.0),
    "erf": (np.vectorize(erf), -6.0, 6.0),
    "log1p": (np.log1p, 0.0, 1.0),
}


@pytest.mark.parametrize("name", _CASES)
def test_a_kernel_is_within_4_ulp_of_float64(library, name):
    reference, low, high = _CASES[name]
    x = _float_range(low, high).astype(np.float32)
    found = _call(library, name, x)[: len(x)]
    wanted = reference(x.astype(np.float64))
    worst = int(np.argmax(_ulp(found, wanted)))
    assert _ulp(found, wanted)[worst] <= 4, (x[worst], found[worst], wanted[worst])


def test_the_logarithm_is_within_4_ulp_over_all_positive_numbers_subnormal_ones_too(library):
    bits = np.random.default_rng(2).integers(1, 0x7F800000, 600_000, dtype=np.uint32)
    near_one = np.float32(1) + np.random.default_rng(3).uniform(-0.4, 0.4, 200_000).astype(np.float32)
    x = np.concatenate([bits.view(np.float32), near_one])
    assert _ulp(_call(library, "log", x)[: len(x)], np.log(x.astype(np.float64))).max() <= 4


def test_square_roots_are_rounded_correctly(library):
    x = np.abs(np.random.default_rng(4).integers(0, 0x7F800000, 100_000, dtype=np.uint32).view(np.float32))
    assert np.array_equal(_call(library, "sqrt", x)[: len(x)], np.sqrt(x))


@pytest.mark.parametrize("name", _FUNCTIONS)
def test_nan_stays_nan(library, name):
    assert np.isnan(_call(library, name, np.full(16, np.nan, np.float32))).all()


_INF = np.inf
_LIMITS = {
    "exp": {_INF: _INF, -_INF: 0, 0: 1, 88.8: _INF, -200: 0},
    "log": {_INF: _INF, -0.0: -_INF, 1: 0, -1: np.nan, -_INF: np.nan},
    "sigmoid": {_INF: 1, -_INF: 0, 0: 0.5},
    "tanh": {_INF: 1, -_INF: -1, -0.0: -0.0},
    "softplus": {_INF: _INF, -_INF: 0, 200: 200},
    "erf": {_INF: 1, -_INF: -1, -0.0: -0.0, 5: 1},
    "sqrt": {_INF: _INF, -1: np.nan, -0.0: -0.0},
    "relu": {_INF: _INF, -_INF: 0, -3: 0, 3: 3},
    "abs": {-_INF: _INF, -0.0: 0.0, -2: 2},
}


@pytest.mark.parametrize("name", _LIMITS)
def test_infinities_and_zeros_go_where_they_must(library, name):
    x = np.array(list(_LIMITS[name]), np.float32)
    wanted = np.array(list(_LIMITS[name].values()), np.float32)
    found = _call(library, name, x)[: len(x)]
    np.testing.assert_array_equal(found, wanted)
    assert np.array_equal(np.signbit(found)[wanted == 0], np.signbit(wanted)[wanted == 0]) or name in ("relu", "softplus")
