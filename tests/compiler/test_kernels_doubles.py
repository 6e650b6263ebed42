"""The vector functions of doubles alone, against long double."""

import ctypes

import numpy as np
import pytest

from bartik.compiler.build import FLAGS, build_shared
from bartik.compiler.emit.kernels import text

_PARTS = ("lanes", "select", "sqrt", "libm", "doubles", "narrow")
_FUNCTIONS = ("exp", "expm1", "log", "log1p", "sigmoid", "tanh", "softplus", "erf", "sqrt", "abs", "relu", "narrow")
_INCLUDES = "".join(f"#include <{name}>\n" for name in ("cmath", "cstddef", "cstdint", "cstring", "type_traits", "utility"))
_INCLUDES += "#if defined(__AVX__)\n#include <immintrin.h>\n#endif\n#define BARTIK_INLINE static inline __attribute__((always_inline))\n"
_LOOP = """
extern "C" __attribute__((visibility("default"))) void test_{name}(const double* x, double* y, long count) {{
  for (long k = 0; k < count; k += lanes) store(y + k, {name}(load(x + k)));
}}
"""
_MACHINES = {"native": "-march=native", "avx2": "-mavx2 -mfma -mno-avx512f", "plain": "-march=x86-64"}
_LONG = np.finfo(np.longdouble).nmant > np.finfo(np.float64).nmant
needs_long = pytest.mark.skipif(not _LONG, reason="no long double here that is longer than a double")


@pytest.fixture(scope="module", params=_MACHINES)
def library(request):
    source = _INCLUDES + "".join(text(part, "float64") for part in _PARTS) + "".join(_LOOP.format(name=name) for name in _FUNCTIONS)
    flags = [flag for flag in FLAGS if flag != "-march=native"] + ["-march=native", *_MACHINES[request.param].split(), "-Wall", "-Werror"]
    return ctypes.CDLL(str(build_shared(source, name="kernels_of_doubles", flags=flags)))


def _call(library, name, x):
    given = np.ascontiguousarray(np.pad(x, (0, -len(x) % 16)), np.float64)
    found = np.empty_like(given)
    getattr(library, f"test_{name}")(ctypes.c_void_p(given.ctypes.data), ctypes.c_void_p(found.ctypes.data), ctypes.c_long(len(given)))
    return found[: len(x)]


def _ulp(found, wanted):
    return np.abs(found - wanted) / np.spacing(np.abs(wanted).astype(np.float64))


def _points(low, high, count=200_000):
    rng = np.random.default_rng(1)
    some = [rng.uniform(low, high, count), rng.normal(size=count), rng.normal(size=count) * 10.0 ** rng.uniform(-20, 1, count)]
    return np.concatenate(some).clip(low, high)


def _softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


_CASES = {
    "exp": (np.exp, -708.0, 709.7),
    "expm1": (np.expm1, -50.0, 700.0),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), -700.0, 700.0),
    "tanh": (np.tanh, -30.0, 30.0),
    "softplus": (_softplus, -700.0, 700.0),
    "log1p": (np.log1p, 0.0, 1.0),
}


@needs_long
@pytest.mark.parametrize("name", _CASES)
def test_a_function_of_doubles_is_within_4_ulp(library, name):
    reference, low, high = _CASES[name]
    x = _points(low, high)
    errors = _ulp(_call(library, name, x), reference(x.astype(np.longdouble)))
    worst = int(np.argmax(errors))
    assert errors[worst] <= 4, x[worst]


@needs_long
def test_the_logarithm_of_doubles_is_within_2_ulp_over_all_positive_numbers_subnormal_ones_too(library):
    rng = np.random.default_rng(2)
    x = np.concatenate([rng.integers(1, 0x7FF0000000000000, 300_000).view(np.float64), 1 + rng.uniform(-0.4, 0.4, 200_000)])
    assert _ulp(_call(library, "log", x), np.log(x.astype(np.longdouble))).max() <= 2


def test_subnormal_powers_come_out_to_a_unit(library):
    x = np.random.default_rng(3).uniform(-745, -708, 50_000)
    assert np.abs(_call(library, "exp", x) - np.exp(x)).max() <= 2 * 5e-324


def test_narrow_rounds_to_the_nearest_float(library):
    x = np.concatenate([_points(-1e6, 1e6), [1e300, -1e300, 1e-300, 0.0, np.inf]])
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(_call(library, "narrow", x), x.astype(np.float32).astype(np.float64))


@pytest.mark.parametrize("name", _FUNCTIONS)
def test_nan_stays_nan(library, name):
    assert np.isnan(_call(library, name, np.full(16, np.nan))).all()


_INF = np.inf
_LIMITS = {
    "exp": {_INF: _INF, -_INF: 0, 0: 1, 709.8: _INF, -800: 0},
    "log": {_INF: _INF, -0.0: -_INF, 1: 0, -1: np.nan, -_INF: np.nan},
    "sigmoid": {_INF: 1, -_INF: 0, 0: 0.5},
    "tanh": {_INF: 1, -_INF: -1, -0.0: -0.0},
    "softplus": {_INF: _INF, -_INF: 0, 800: 800},
    "erf": {_INF: 1, -_INF: -1, -0.0: -0.0},
    "sqrt": {_INF: _INF, -1: np.nan, -0.0: -0.0},
    "abs": {-_INF: _INF, -0.0: 0.0, -2: 2},
}


@pytest.mark.parametrize("name", _LIMITS)
def test_infinities_and_zeros_go_where_they_must(library, name):
    x, wanted = (np.array(list(side), np.float64) for side in (_LIMITS[name], _LIMITS[name].values()))
    found = _call(library, name, x)
    np.testing.assert_array_equal(found, wanted)
    assert np.array_equal(np.signbit(found)[wanted == 0], np.signbit(wanted)[wanted == 0])
