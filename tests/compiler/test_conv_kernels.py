"""The kernels of convolutions and pooling alone: their meaning against torch, and their C++ against their meaning."""

import ctypes
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik.compiler.build import FLAGS, build_shared
from bartik.compiler.emit.kernels import KERNELS
from bartik.compiler.operators.conv_kernel import AFTER, Conv
from bartik.compiler.operators.conv_transpose_kernel import ConvTranspose
from bartik.compiler.operators.interpolation import Interpolation
from bartik.compiler.operators.plane_kernels import GlobalPool, InstanceNorm, ResizeAxis
from bartik.compiler.operators.pool_kernel import Pool
from bartik.compiler.operators.windows import Window, count_outputs, pad_same, simplified

_LANES = ("lanes", "select", "bits", "exp", "log", "activations", "softplus")
_PARTS = ("planes", "conv_after", "conv_core", "conv", "conv_fast", "conv_narrow", "conv_transpose", "pool", "plane_sums", "resize")
_INCLUDES = "".join(f"#include <{name}>\n" for name in ("cmath", "cstddef", "cstdint", "cstring", "type_traits", "utility"))
_INLINE = "#if defined(__AVX__)\n#include <immintrin.h>\n#endif\n#define BARTIK_INLINE static inline __attribute__((always_inline))\n"
_MACHINES = {
    "native": ("-march=native",),
    "avx2": ("-march=native", "-mavx2", "-mfma", "-mno-avx512f"),
    "plain": ("-march=x86-64",),
    "scalar": ("-march=native", "-DBARTIK_SCALAR"),
}


def _windows(*axes):
    """Windows from (size, taps, stride, dilation, before, after)."""
    made = [Window(n, k, s, d, a, b, count_outputs(n, k, s, d, (a, b))) for n, k, s, d, a, b in axes]
    return simplified(made)


def _conv(images, channels, outputs, groups, *axes, activation="", alpha=0.0, seed=0):
    rng = np.random.default_rng(seed)
    windows = _windows(*axes)
    taps = int(np.prod([w.taps for w in windows]))
    weight = rng.normal(size=(outputs, channels // groups, taps)).astype(np.float32)
    return Conv(images, channels, groups, windows, weight, rng.normal(size=outputs).astype(np.float32), activation, alpha)


def _transposed(size, taps, stride, dilation, pads, extra=0):
    outputs = stride * (size - 1) + extra + (taps - 1) * dilation + 1 - sum(pads)
    return Window(size, taps, stride, dilation, pads[0], pads[1], outputs)


def _transpose(images, channels, outputs, groups, *axes, activation="", alpha=0.0, seed=0):
    rng = np.random.default_rng(seed)
    windows = (*(Window(1),) * (3 - len(axes)), *(_transposed(*axis) for axis in axes))
    taps = int(np.prod([w.taps for w in windows]))
    weight = rng.normal(size=(channels, outputs // groups, taps)).astype(np.float32)
    return ConvTranspose(images, channels, groups, windows, weight, rng.normal(size=outputs).astype(np.float32), activation, alpha)


def _narrow(kind, seed):
    """A random convolution whose lanes lie along its outputs."""
    rng = np.random.default_rng([seed, kind == "transposed"])
    while True:
        axes = []
        for _ in range(rng.integers(1, 4)):
            size, taps, stride, dilation = rng.integers(1, 7), rng.integers(1, 4), rng.integers(1, 4), rng.integers(1, 3)
            pads = [int(n) for n in rng.integers(0, (taps - 1) * dilation + 1, 2)]
            axes.append([int(n) for n in (size, taps, stride, dilation)] + pads)
        groups = int(rng.integers(1, 3))
        channels, outputs = groups * int(rng.integers(1, 9)), groups * int(rng.choice([9, 16, 23, 32, 48, 64, 130]))
        more = {"activation": str(rng.choice(["", "relu", "leaky_relu"])), "alpha": 0.1, "seed": seed}
        if kind == "transposed":
            axes = [(n, k, s, d, (a, b), int(rng.integers(0, max(s, d)))) for n, k, s, d, a, b in axes]
            if all(_transposed(*axis).outputs > 0 for axis in axes) and any(axis[2] > 1 for axis in axes):
                kernel = _transpose(2, channels, outputs, groups, *axes, **more)
            else:
                continue
        elif _fits(axes):
            kernel = _conv(2, channels, outputs, groups, *axes, **more)
        else:
            continue
        if kernel.function == "conv_narrow":
            return kernel


def _fits(axes):
    return all(n + a + b >= (k - 1) * d + 1 for n, k, s, d, a, b in axes)


def _pool(kind, planes, *axes):
    windows = (*(Window(1),) * (3 - len(axes)), *_windows(*axes)[3 - len(axes) :])
    inside = [w.inside(with_padding=False) for w in windows]
    counts = np.einsum("i,j,k->ijk", *inside).astype(np.float32).reshape(-1)
    return Pool(planes, windows, kind, counts)


_KERNELS = {
    "1d": _conv(1, 3, 5, 1, (300, 7, 1, 1, 3, 3)),
    "1d, no padding": _conv(1, 2, 20, 1, (333, 25, 1, 1, 0, 0), activation="leaky_relu", alpha=0.01),
    "1d, many outputs": _conv(1, 4, 47, 1, (90, 3, 1, 1, 1, 1), activation="relu"),
    "1d, one output": _conv(1, 10, 1, 1, (401, 5, 1, 1, 2, 2), activation="softplus"),
    "fast": _conv(1, 10, 10, 1, (1000, 15, 1, 1, 7, 7), activation="leaky_relu", alpha=0.01),
    "fast, no padding, odd": _conv(2, 16, 13, 1, (313, 3, 1, 1, 0, 0), activation="relu"),
    "fast, taps that are no threes, many outputs": _conv(1, 3, 45, 1, (901, 17, 1, 1, 3, 12)),
    "2d, one column, stride": _conv(1, 3, 5, 1, (100, 3, 2, 1, 1, 1), (1, 1, 2, 1, 0, 0)),
    "2d, two columns to one, stride": _conv(1, 3, 5, 1, (100, 3, 2, 1, 1, 1), (2, 2, 3, 1, 0, 0)),
    "2d, three columns, stride": _conv(1, 20, 5, 1, (60, 3, 2, 1, 1, 1), (5, 1, 2, 1, 0, 0)),
    "1d, stride": _conv(1, 3, 4, 1, (101, 5, 2, 1, 2, 2), activation="sigmoid"),
    "1d, stride beyond the taps": _conv(1, 3, 4, 1, (101, 2, 3, 1, 0, 1), activation="tanh"),
    "1d, dilation and stride": _conv(1, 3, 4, 1, (101, 4, 3, 2, 5, 1), activation="elu", alpha=0.7),
    "1d, shorter than a vector": _conv(1, 3, 4, 1, (5, 3, 1, 1, 1, 1)),
    "1d, one position": _conv(1, 6, 18, 1, (9, 9, 1, 1, 0, 0)),
    "1d, depthwise": _conv(1, 6, 6, 6, (77, 5, 1, 1, 2, 2)),
    "1d, groups": _conv(1, 6, 9, 3, (77, 5, 1, 1, 4, 0)),
    "1d, padding beyond the values": _conv(1, 2, 2, 1, (3, 2, 1, 1, 7, 9)),
    "pointwise": _conv(2, 16, 12, 1, (12, 1, 1, 1, 0, 0), (12, 1, 1, 1, 0, 0)),
    "2d": _conv(1, 3, 8, 1, (20, 3, 1, 1, 1, 1), (37, 3, 1, 1, 1, 1), activation="relu"),
    "2d, small": _conv(2, 3, 8, 1, (7, 3, 1, 1, 1, 1), (5, 3, 1, 1, 1, 1)),
    "2d, few positions": _conv(2, 20, 40, 1, (4, 3, 1, 1, 1, 1), (4, 3, 1, 1, 1, 1), activation="leaky_relu", alpha=0.2),
    "2d, few positions, groups": _conv(1, 8, 64, 2, (5, 3, 2, 1, 1, 1), (5, 3, 2, 1, 1, 1)),
    "2d, stride, dilation, uneven": _conv(1, 2, 5, 1, (23, 3, 2, 2, 0, 3), (40, 4, 3, 1, 2, 1)),
    "2d, tall": _conv(1, 2, 5, 1, (50, 5, 1, 1, 2, 2), (1, 1, 1, 1, 0, 0)),
    "2d, columns": _conv(1, 2, 5, 1, (50, 5, 1, 2, 2, 2), (3, 1, 1, 1, 0, 0)),
    "3d": _conv(1, 2, 6, 1, (6, 3, 1, 1, 1, 1), (7, 3, 2, 1, 1, 0), (19, 3, 1, 1, 0, 0)),
    "transposed 1d": _transpose(1, 6, 4, 1, (50, 2, 2, 1, (0, 0)), activation="relu"),
    "transposed 1d, overlapping": _transpose(1, 6, 23, 1, (33, 5, 2, 1, (2, 1), 1)),
    "transposed 1d, gaps": _transpose(2, 3, 4, 1, (20, 2, 4, 1, (0, 0), 3)),
    "transposed 1d, dilation": _transpose(1, 4, 6, 2, (20, 3, 3, 2, (2, 2))),
    "transposed 2d": _transpose(1, 4, 6, 2, (7, 3, 2, 1, (1, 1), 1), (9, 4, 3, 1, (2, 0)), activation="tanh"),
    "transposed 3d": _transpose(1, 2, 3, 1, (3, 3, 2, 1, (1, 1), 1), (4, 2, 1, 1, (0, 0)), (5, 3, 2, 1, (1, 0))),
    "narrow, transposed 2d, as in a generator": _transpose(1, 20, 64, 1, *[(4, 3, 2, 1, (1, 1), 1)] * 2, activation="relu"),
    "narrow, transposed 2d, most places": _transpose(1, 3, 32, 1, *[(8, 3, 2, 1, (1, 1), 1)] * 2),
    "narrow, transposed 2d, groups, cut, gaps": _transpose(2, 6, 80, 2, (3, 4, 2, 1, (3, 2)), (2, 2, 3, 1, (0, 1), 2)),
    "narrow, transposed 1d, dilation": _transpose(1, 5, 17, 1, (6, 3, 2, 3, (2, 4), 1), activation="tanh"),
    "narrow, one place": _conv(1, 40, 100, 1, (1, 1, 1, 1, 0, 0)),
    **{f"narrow, {kind} {seed}": _narrow(kind, seed) for kind in ("plain", "transposed") for seed in range(10)},
    "max": _pool("max", 5, (41, 3, 2, 1, 1, 1)),
    "max 2d": _pool("max", 3, (13, 2, 2, 1, 0, 0), (14, 3, 1, 2, 2, 1)),
    "mean 3d": _pool("mean", 2, (6, 2, 2, 1, 0, 0), (5, 3, 1, 1, 1, 1), (9, 2, 3, 1, 1, 1)),
    **{f"whole planes, {kind}, {size}": GlobalPool(3, size, kind) for kind in ("max", "mean", "squares") for size in (1, 17, 131)},
    "instances": InstanceNorm(2, 75, np.array([1, -2, 0.5], np.float32), np.array([0, 1, 2], np.float32), 1e-3),
    "linear along the last axis": ResizeAxis(6, 10, 1, *Interpolation("linear").table(10, 25, 2.5)),
    "nearest between other axes": ResizeAxis(2, 5, 7, *Interpolation("nearest").table(5, 10, 2)),
    "squares": _pool("squares", 2, (30, 4, 2, 1, 0, 0)),
}


def _table(name, values):
    kind = "int" if values.dtype == np.int32 else "float"
    words = ", ".join("-INFINITY" if np.isneginf(v) else repr(v.item()) for v in values.reshape(-1))
    return f"alignas(64) static const {kind} {name}[] = {{{words}}};\n"


def _function(place, kernel):
    tables = kernel.constants()
    names = [f"{name}_{place}" for name in tables]
    arguments = ", ".join(["x", *names, "out", *(["scratch"] * bool(kernel.scratch))])
    call = f"{kernel.function}<{', '.join(map(str, kernel.parameters()))}>({arguments})"
    return "".join(_table(f"{name}_{place}", values) for name, values in tables.items()) + (
        f'extern "C" __attribute__((visibility("default"))) void run_{place}(const float* x, float* out, float* scratch) '
        f"{{ (void)scratch; {call}; }}\n"
    )


_SHARED = [name for name, kernel in _KERNELS.items() if getattr(kernel, "together", False)]
_ROWS, _GAP = 3, 11
"""Rows in one call of kernels that take several, and values between them."""


def _together(name):
    """The call for several rows; everything of a row lies one and the same step behind that of the row before."""
    kernel, place = _KERNELS[name], list(_KERNELS).index(name)
    names = ", ".join(f"{table}_{place}" for table in kernel.constants())
    call = f"{kernel.function}_together<{', '.join(map(str, kernel.parameters()))}>"
    return (
        f'extern "C" __attribute__((visibility("default"))) void rows_{place}(const float* x, float* out, float* scratch, int step) '
        f"{{ {call}(std::integral_constant<int, {_ROWS}>(), x, step, {names}, out, step, scratch, step); }}\n"
    )


@pytest.fixture(scope="module", params=_MACHINES)
def library(request):
    parts = _PARTS if request.param == "scalar" else _LANES + _PARTS
    source = _INCLUDES + _INLINE + "".join((KERNELS / f"{part}.hpp").read_text() for part in parts)
    source += "".join(_function(place, kernel) for place, kernel in enumerate(_KERNELS.values()))
    source += "".join(map(_together, _SHARED))
    flags = [flag for flag in FLAGS if flag != "-march=native"] + [
        *_MACHINES[request.param],
        "-O2",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-Wno-unused-function",
    ]
    return ctypes.CDLL(str(build_shared(source, name="conv-kernels", flags=flags)))


def _run(library, name, x):
    kernel = _KERNELS[name]
    guard = 64
    out = np.full(kernel.width + 2 * guard, 12345, np.float32)
    scratch = np.full(kernel.scratch + guard, np.nan, np.float32)
    getattr(library, f"run_{list(_KERNELS).index(name)}")(
        ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(out[guard:].ctypes.data), ctypes.c_void_p(scratch.ctypes.data)
    )
    assert (out[:guard] == 12345).all()
    assert (out[-guard:] == 12345).all()
    assert np.isnan(scratch[kernel.scratch :]).all()
    return out[guard:-guard]


def _input(name, seed=1):
    kernel = _KERNELS[name]
    sizes = {
        Pool: lambda: (kernel.planes, *(w.size for w in kernel.windows)),
        GlobalPool: lambda: (kernel.planes, kernel.size),
        InstanceNorm: lambda: (kernel.width,),
        ResizeAxis: lambda: (kernel.outer, kernel.size, kernel.inner),
    }.get(type(kernel), lambda: (kernel.images, kernel.channels, *(w.size for w in kernel.windows)))
    return np.random.default_rng(seed).normal(size=sizes()).astype(np.float32)


@pytest.mark.parametrize("name", _KERNELS)
def test_the_code_does_what_the_kernel_means_and_touches_nothing_else(library, name):
    x = _input(name)
    found, wanted = _run(library, name, x), _KERNELS[name].evaluate([x.reshape(1, -1)])[0]
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize("name", _KERNELS)
def test_nan_reaches_the_outputs_that_see_it_and_no_others(library, name):
    x = _input(name)
    x.reshape(-1)[x.size // 2] = np.nan
    found, wanted = _run(library, name, x), _KERNELS[name].evaluate([x.reshape(1, -1)])[0]
    assert np.array_equal(np.isnan(found), np.isnan(wanted))


def test_lanes_lie_along_the_outputs_where_there_are_few_places():
    assert all(_KERNELS[name].function == "conv_narrow" for name in _KERNELS if name.startswith("narrow"))
    assert _transpose(1, 4, 64, 1, (65, 2, 2, 1, (0, 0))).function == "conv_transpose"
    assert _transpose(1, 4, 3, 1, (8, 3, 2, 1, (1, 1), 1)).function == "conv_transpose"


@pytest.mark.parametrize("name", _SHARED)
def test_several_rows_in_one_call_give_the_bits_of_each_alone(library, name):
    place, rows = list(_KERNELS).index(name), [_input(name, seed) for seed in range(_ROWS)]
    kernel = _KERNELS[name]
    step = max(rows[0].size, kernel.width, kernel.scratch) + _GAP
    x, out, scratch = (np.full(_ROWS * step, np.nan, np.float32) for _ in range(3))
    for k, row in enumerate(rows):
        x[k * step : k * step + row.size] = row.reshape(-1)
    getattr(library, f"rows_{place}")(*(ctypes.c_void_p(values.ctypes.data) for values in (x, out, scratch)), step)
    for k, row in enumerate(rows):
        assert np.array_equal(out[k * step :][: kernel.width], _run(library, name, row))
        assert np.isnan(out[k * step + kernel.width : (k + 1) * step]).all()
        assert np.isnan(scratch[k * step + kernel.scratch : (k + 1) * step]).all()


@pytest.mark.parametrize("name", [name for name in _KERNELS if name.startswith("fast")])
@pytest.mark.parametrize("value", [np.inf, -np.inf, 3e38])
def test_where_shared_products_overflow_the_sums_are_made_directly(library, name, value):
    assert _KERNELS[name].function == "conv_fast"
    x = _input(name)
    x.reshape(-1)[x.size // 3 : x.size // 3 + 2] = value
    found, wanted = _run(library, name, x), _KERNELS[name].evaluate([x.reshape(1, -1)])[0]
    sizes = replace(_KERNELS[name], weight=np.abs(_KERNELS[name].weight), activation="")
    finite = np.isfinite(sizes.evaluate([np.abs(x).reshape(1, -1)])[0])  # whatever the order of the sum
    np.testing.assert_allclose(found[finite], wanted[finite], rtol=1e-5, atol=1e-4)
    if np.isinf(value):
        assert np.array_equal(np.isfinite(found), np.isfinite(wanted))


@st.composite
def _axis(draw, *, transposed=False):
    size, taps, stride, dilation = draw(st.integers(1, 12)), draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    most = (taps - 1) * dilation
    pads = (draw(st.integers(0, most)), draw(st.integers(0, most))) if transposed else (draw(st.integers(0, 4)), draw(st.integers(0, 4)))
    return size, taps, stride, dilation, *pads


@settings(max_examples=60, deadline=None)
@given(
    st.lists(_axis(), min_size=1, max_size=3).filter(_fits),
    st.sampled_from([(1, 1, 1), (2, 3, 1), (4, 6, 2)]),
    st.sampled_from(list(AFTER)),
)
def test_a_convolution_means_what_torch_says(axes, sizes, activation):
    channels, outputs, groups = sizes
    kernel = _conv(2, channels, outputs, groups, *axes, activation=activation, alpha=0.3)
    x = np.random.default_rng(3).normal(size=(2, channels, *(a[0] for a in axes))).astype(np.float32)
    padded = torch.nn.functional.pad(torch.from_numpy(x), [n for a in reversed(axes) for n in a[4:]])
    weight = torch.from_numpy(kernel.weight.reshape(outputs, channels // groups, *(a[1] for a in axes)))
    function = (torch.nn.functional.conv1d, torch.nn.functional.conv2d, torch.nn.functional.conv3d)[len(axes) - 1]
    wanted = function(padded, weight, torch.from_numpy(kernel.bias), [a[2] for a in axes], 0, [a[3] for a in axes], groups)
    found = replace(kernel, activation="").evaluate([x.reshape(1, -1)])
    np.testing.assert_allclose(found.reshape(-1), wanted.numpy().reshape(-1), rtol=1e-4, atol=1e-5)
    assert kernel.evaluate([x.reshape(1, -1)]).shape == (1, kernel.width)


@settings(max_examples=60, deadline=None)
@given(st.lists(_axis(transposed=True), min_size=1, max_size=3), st.sampled_from([(1, 1, 1), (2, 3, 1), (4, 6, 2)]), st.data())
def test_a_transposed_convolution_means_what_torch_says(axes, sizes, data):
    channels, outputs, groups = sizes
    made = [(n, k, s, d, (a, a), data.draw(st.integers(0, max(s, d) - 1))) for n, k, s, d, a, _ in axes]
    if any(_transposed(*axis).outputs < 1 for axis in made):
        return
    kernel = _transpose(2, channels, outputs, groups, *made)
    x = np.random.default_rng(3).normal(size=(2, channels, *(a[0] for a in made))).astype(np.float32)
    weight = torch.from_numpy(kernel.weight.reshape(channels, outputs // groups, *(a[1] for a in made)))
    f = torch.nn.functional
    function = (f.conv_transpose1d, f.conv_transpose2d, f.conv_transpose3d)[len(axes) - 1]
    stride, dilation, pads, extra = ([a[place] for a in made] for place in (2, 3, 4, 5))
    wanted = function(torch.from_numpy(x), weight, torch.from_numpy(kernel.bias), stride, [p[0] for p in pads], extra, groups, dilation)
    found = kernel.evaluate([x.reshape(1, -1)])
    np.testing.assert_allclose(found.reshape(-1), wanted.numpy().reshape(-1), rtol=1e-4, atol=1e-5)


@given(st.integers(1, 30), st.integers(1, 6), st.integers(1, 4), st.integers(1, 3), st.booleans())
def test_same_padding_gives_an_output_for_each_stride(size, taps, stride, dilation, lower):
    before, after = pad_same(size, taps, stride, dilation, lower=lower)
    assert abs(before - after) <= 1
    assert count_outputs(size, taps, stride, dilation, (before, after)) == -(-size // stride)
