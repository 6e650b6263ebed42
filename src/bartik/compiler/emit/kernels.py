"""The text of the hand-written kernels: which a nest calls, and which those need."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from bartik.compiler.emit.reals import REALS, in_real
from bartik.compiler.loops import Nest, calls, invoked

KERNELS = Path(__file__).resolve().parents[1] / "kernels"

_NEEDS: Mapping[str, tuple[str, ...]] = {
    "select": (),
    "bits": (),
    "sqrt": (),
    "exp": ("bits",),
    "log": ("bits",),
    "activations": ("bits", "exp"),
    "softplus": ("bits", "exp", "log"),
    "erf": ("bits", "exp"),
    "whole": (),
    "narrow": (),
    "libm": (),
    "doubles": ("libm",),
    "indexed": (),
    "ranked": (),
    "units": ("select", "bits", "sqrt", "exp", "log", "activations", "softplus"),
    "along": ("units",),
    "products": ("units",),
    "sort": ("units",),
    "recurrent": ("units",),
    "planes": (),
    "conv_after": ("select", "bits", "exp", "log", "activations", "softplus"),
    "conv_core": ("conv_after",),
    "conv": ("planes", "conv_core"),
    "conv_fast": ("conv",),
    "conv_narrow": ("conv",),
    "conv_transpose": ("conv",),
    "pool": ("select", "planes"),
    "plane_sums": ("pool",),
    "resize": (),
    "trees": (),
    "trees_branches": ("trees",),
    "trees_walk": ("trees",),
}
"""Every file of kernels and what must stand before it, in the order in which they are written."""
_WITH_VECTORS = re.compile(r"defined\(__(AVX\w*|FMA)__\)")
_VECTORS = ("select", "bits", "sqrt", "exp", "log", "activations", "softplus", "erf", "whole", "libm")
"""Files of vector functions, in whose place `scalar.hpp` stands."""
_OF_FLOATS = {"bits", "exp", "log", "activations", "softplus", "erf"}
"""Files of functions of floats alone, in whose place `doubles.hpp` stands."""
_OF_DOUBLES = ("doubles", "narrow")
_PROVIDED: Mapping[str, tuple[str, ...]] = {
    "select": ("equal", "is_nan", "leaky_relu", "less", "less_or_equal", "maximum", "minimum", "select"),
    "bits": ("abs",),
    "sqrt": ("sqrt",),
    "exp": ("exp",),
    "log": ("log",),
    "activations": ("elu", "sigmoid", "tanh"),
    "softplus": ("softplus",),
    "erf": ("erf",),
    "whole": ("ceil", "floor", "round", "trunc"),
    "narrow": ("narrow",),
    "libm": ("acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "pow", "remainder", "sin", "sinh", "tan"),
}


KEEP = """#if defined(__SSE__)
#define BARTIK_KEEP(x) asm("" : "+x"(x))
#elif defined(__aarch64__)
#define BARTIK_KEEP(x) asm("" : "+w"(x))
#else
#define BARTIK_KEEP(x)
#endif
"""
"""What `scalar.hpp` needs on a processor."""


def kernels(*nests: Nest) -> list[str]:
    """Text of the hand-written kernels that the nests call in their own real, each after those it needs."""
    used, real = set().union(*(calls(nest) for nest in nests)), nests[0].real
    wanted = [name for name, functions in _PROVIDED.items() if used.intersection(functions)]
    needed = _needed(wanted + [call.header for nest in nests for call in invoked(nest) if call.real == real])
    return [text(name, real) for name in (*_chosen(needed, real), *(["rows"] if real == "float32" else []))]


def other_kernels(nest: Nest) -> list[str]:
    """Those it calls in float though it is of doubles."""
    return [text(name) for name in _chosen(_needed([call.header for call in invoked(nest) if call.real != nest.real]), "float32")]


def _chosen(needed: set[str], real: str) -> list[str]:
    """In the order in which they are written."""
    if real == "float64":
        needed = needed - _OF_FLOATS | ({"doubles", "libm"} if needed & _OF_FLOATS else set())
    return ["lanes", *(name for name in _NEEDS if name in needed)]


def text(name: str, real: str = "float32") -> str:
    """One kernel, computed in ``real``."""
    found = (KERNELS / f"{name}.hpp").read_text(encoding="utf-8")
    return found if name in _OF_DOUBLES else in_real(found, real)


def scalar_kernels(nest: Nest, real: str) -> list[str]:
    """The same without vectors: functions of one number, and the kernels that are called in ``real`` by way of them."""
    needed = _needed([call.header for call in invoked(nest) if call.real == real]) - {*_VECTORS}
    texts = [f"typedef {REALS[real].kind} Real;", text("scalar"), *(text(name, real) for name in _NEEDS if name in needed)]
    return [_WITH_VECTORS.sub("0", part.replace("static inline ", "BARTIK_FUNCTION ")) for part in texts]


def _needed(names: list[str]) -> set[str]:
    return {need for name in names for need in _with_needs(name)}


def _with_needs(name: str) -> set[str]:
    return {name}.union(*(_with_needs(need) for need in _NEEDS[name]))
