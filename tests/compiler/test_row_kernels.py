"""Recurrent layers, products and operations along an axis: each kernel of a block of rows, of one row, and in numpy."""

import ctypes

import numpy as np
import pytest

from bartik.compiler.along import FOLDS, Along
from bartik.compiler.build import FLAGS, build_shared
from bartik.compiler.emit.kernels import KERNELS
from bartik.compiler.products import InnerDense, Product
from bartik.compiler.recurrent import SQUASHES, Recurrent, Squash

_PARTS = ("lanes", "select", "bits", "sqrt", "exp", "log", "activations", "softplus", "units", "along", "products", "sort", "recurrent")
_HEAD = (
    "".join(f"#include <{name}>\n" for name in ("cmath", "cstddef", "cstdint", "cstring", "type_traits", "utility"))
    + "#if defined(__AVX__)\n#include <immintrin.h>\n#endif\n#define BARTIK_INLINE static inline __attribute__((always_inline))\n"
)
_EXPORT = 'extern "C" __attribute__((visibility("default"))) '
_LANES = f"{_EXPORT}int lanes_of_this_machine() {{ return lanes; }}\n"
_MACHINES = {"native": ["-march=native"], "avx2": ["-mavx2", "-mfma", "-mno-avx512f"], "plain": ["-march=x86-64"]}
_GATES = {"rnn": (1, 1), "gru": (3, 3), "gru_reset_after": (3, 4)}
_USUAL = {"rnn": ("tanh",) * 3, "gru": ("sigmoid", "tanh", "tanh"), "lstm": ("sigmoid", "tanh", "tanh")}


def _draw(*shape, rng=None):
    return (rng or np.random.default_rng(shape)).normal(scale=0.4, size=shape).astype(np.float32)


def _layer(cell, inputs, hidden, steps, *, activations=None, constant_state=False, **options):
    rng = np.random.default_rng([hidden, inputs, steps])
    gates, rows = _GATES.get(cell, (4, 7 if cell.endswith("peepholes") else 4))
    names = activations or _USUAL[cell.partition("_")[0]]
    squashes = tuple(Squash(name, 0.7, 0.4) for name in names)

    def draw(*shape):
        return _draw(*shape, rng=rng)

    weights = draw(gates, hidden, inputs), draw(gates, hidden, hidden), draw(rows, hidden)
    layer = Recurrent(cell, *weights, squashes, steps, **options)
    if constant_state:
        return Recurrent(cell, *weights, squashes, steps, initial=draw(layer.entries, layer.states * hidden), **options)
    return layer


_LAYERS = [
    _layer("rnn", 3, 1, 4),
    _layer("rnn", 5, 33, 3, every=False, activations=("relu",) * 3),
    _layer("gru", 4, 7, 5, reverse=True),
    _layer("gru", 2, 18, 3, lengths=True, clip=0.5),
    _layer("gru", 2, 6, 3, entries=3, lengths=True, reverse=True, constant_state=True),
    _layer("gru_reset_after", 16, 32, 20, every=False, constant_state=True),
    _layer("gru_reset_after", 3, 50, 2),
    _layer("lstm", 5, 20, 4, lengths=True),
    _layer("rnn", 2, 3, 4, entries=3, reverse=True, constant_state=True, fixed_lengths=np.array([4, 1, 2], np.float32)),
    _layer("lstm", 3, 8, 6, entries=2, constant_state=True, clip=0.3),
    _layer("lstm_peepholes", 1, 5, 3, every=False),
    _layer("lstm_coupled", 2, 35, 3, reverse=True),
    _layer("lstm_coupled_peepholes", 2, 3, 3, activations=("hard_sigmoid", "affine", "softsign")),
    *(_layer("rnn", 2, 3, 3, activations=(name,) * 3) for name in SQUASHES),
]

_KERNELS = [
    *_LAYERS,
    *(Along("reduce", *sizes, (fold,)) for fold in FOLDS for sizes in ((3, 9, 1), (2, 3, 5), (1, 2, 33))),
    *(Along("softmax", *sizes, (logarithm,)) for logarithm in (0, 1) for sizes in ((2, 1, 1), (3, 21, 1), (2, 4, 19))),
    *(Along("normalise", *sizes, (centred,), 1e-5) for centred in (0, 1) for sizes in ((3, 21, 1), (2, 4, 19), (1, 3, 1))),
    *(
        Along("running_sum", 2, 5, inner, (exclusive, reverse))
        for inner, exclusive, reverse in ((1, 0, 0), (3, 1, 0), (1, 0, 1), (2, 1, 1))
    ),
    *(Along("place_of_extreme", 3, 7, inner, (largest, last)) for inner, largest, last in ((1, 1, 0), (3, 1, 1), (1, 0, 0), (2, 0, 1))),
    *(
        Along("sorted", 2, count, inner, (down, kept))
        for count, inner, down, kept in ((2, 1, 0, 2), (13, 2, 1, 4), (8, 1, 1, 8), (5, 3, 0, 5))
    ),
    *(Product(*sizes) for sizes in ((1, 1, 1, 1), (3, 5, 7, 9), (2, 6, 4, 17), (1, 9, 3, 100))),
    *(InnerDense(n, _draw(k, m), _draw(m)) for n, k, m in ((1, 3, 1), (5, 8, 32), (9, 2, 33), (4, 17, 130))),
]


def _text(place, layer):
    """Tables, and a function for one row and one for a block, of pointers ``arguments`` to rows in the form they take."""
    tables = "".join(
        f"alignas(64) static const float {name}_{place}[] = {{{', '.join(f'{float(v)!r}f' for v in values)}}};\n"
        for name, values in layer.constants().items()
    )
    count = len(_widths(layer))
    body = ""
    for word, kind in (("one", "float"), ("many", "Lanes")):
        rows = [f"static_cast<const {kind}*>(arguments[{k}])" for k in range(count)]
        call = [*rows, *(f"{name}_{place}" for name in layer.constants()), f"static_cast<{kind}*>(out)"]
        call = ", ".join([*call, "scratch"] if layer.scratch else call)
        scratch = f"  alignas(64) {kind} scratch[{layer.scratch + 1}];\n  (void)scratch;\n"
        body += f"{_EXPORT}void {word}_{place}(void** arguments, void* out) {{\n{scratch}"
        body += f"  {layer.function}<{', '.join(map(str, layer.parameters()))}>({call});\n}}\n"
    return tables + body


@pytest.fixture(scope="module", params=_MACHINES)
def library(request):
    source = _HEAD + "".join((KERNELS / f"{part}.hpp").read_text() for part in _PARTS) + _LANES
    source += "".join(_text(place, layer) for place, layer in enumerate(_KERNELS))
    flags = [flag for flag in FLAGS if flag != "-march=native"]
    return ctypes.CDLL(
        str(
            build_shared(
                source, name="recurrent", flags=[*flags, "-Wall", "-Wextra", "-Werror", "-Wno-unused-function", *_MACHINES[request.param]]
            )
        )
    )


def _widths(kernel):
    """Widths of the arguments; of lengths the negative."""
    match kernel:
        case Recurrent():
            state = [kernel.entries * kernel.states * kernel.hidden] if kernel.initial is None else []
            return [kernel.entries * kernel.steps * kernel.inputs, *([-kernel.entries] if kernel.lengths else []), *state]
        case Product():
            return [kernel.batch * kernel.rows * kernel.count, kernel.batch * kernel.count * kernel.columns]
        case InnerDense():
            return [kernel.rows * len(kernel.weight)]
        case Along():
            return [kernel.outer * kernel.count * kernel.inner]


def _arguments(kernel, rows):
    rng = np.random.default_rng(5)
    draws = [rng.integers(0, kernel.steps + 1, (rows, -w)) if w < 0 else rng.normal(size=(rows, w)).round(1) for w in _widths(kernel)]
    return [np.ascontiguousarray(value, np.float32) for value in draws]


def _aligned(shape):
    memory = np.zeros(int(np.prod(shape)) * 4 + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + int(np.prod(shape)) * 4].view(np.float32).reshape(shape)


def _call(function, arguments, out):
    copies = [_aligned(value.shape) for value in arguments]
    for copy, value in zip(copies, arguments, strict=True):
        copy[...] = value
    pointers = (ctypes.c_void_p * len(copies))(*(copy.ctypes.data for copy in copies))
    function(pointers, ctypes.c_void_p(out.ctypes.data))
    return out


@pytest.mark.parametrize("place", range(len(_KERNELS)), ids=[f"{k}-{kernel}" for k, kernel in enumerate(_KERNELS)])
def test_a_block_of_rows_and_one_row_agree_to_the_bit_and_with_numpy(library, place):
    layer, lanes = _KERNELS[place], library.lanes_of_this_machine()
    arguments = _arguments(layer, lanes)
    single = np.stack([_call(library[f"one_{place}"], [a[row] for a in arguments], _aligned((layer.width,))) for row in range(lanes)])
    block = _call(library[f"many_{place}"], [a.T for a in arguments], _aligned((layer.width, lanes))).T
    np.testing.assert_array_equal(block.view(np.uint32), single.view(np.uint32))
    np.testing.assert_allclose(single, layer.evaluate(arguments), rtol=1e-5, atol=2e-6)


def test_nan_stays_in_its_row_and_reaches_all_later_steps(library):
    place, layer = 7, _LAYERS[7]
    arguments = _arguments(layer, library.lanes_of_this_machine())
    arguments[1][...], arguments[0][1, layer.inputs] = layer.steps, np.nan
    found = _call(library[f"many_{place}"], [a.T for a in arguments], _aligned((layer.width, len(arguments[0])))).T
    assert np.isnan(found[1, layer.hidden :]).all()
    assert not np.isnan(found[1, : layer.hidden]).any()
    assert not np.isnan(np.delete(found, 1, axis=0)).any()
