"""What a number is in C++: float or double, and the text of a kernel for either."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bartik.compiler.emit.constants import number, number64


@dataclass(frozen=True)
class Real:
    """Its C++ type, its bytes, and how a number of it is written."""

    kind: str
    size: int
    number: Callable[[float], str]

    @property
    def vectors(self) -> str:
        """How many lie in the lanes of a vector, in words."""
        most = 64 // self.size
        return f"{most} {self.kind}s with AVX-512, {most // 2} with AVX, else {most // 4}"


REALS: Mapping[str, Real] = {"float32": Real("float", 4, number), "float64": Real("double", 8, number64)}
"""What a nest and a kernel can be computed in."""

_IN_DOUBLE: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"\bfloat\b", "double"),
    (r"\bint lanes = (\d+);", lambda found: f"int lanes = {int(found[1]) // 2};"),
    (r"\bvector_size\(4 \*", "vector_size(8 *"),
    (r"\bstd::(u?)int32_t\b", r"std::\1int64_t"),  # of masks, which are as wide as the numbers they choose
    (r"_ps\b", "_pd"),
    (r"\b(__m256|__m512)\b", r"\1d"),
    (r"\b__mmask16\b", "__mmask8"),
    (r"\b__builtin_fmaf\b", "__builtin_fma"),
    (r"\b(exp|expm1|fabs|log1p|tanh)f\b", r"std::\1"),
)
"""What is otherwise in the text of a kernel in double: half as many lanes, and other names of types and instructions."""


def in_real(text: str, real: str) -> str:
    """The text of a kernel, which is written for float, in another real.

    >>> in_real("constexpr int lanes = 8; float x = _mm256_sqrt_ps(__m256(y));", "float64")
    'constexpr int lanes = 4; double x = _mm256_sqrt_pd(__m256d(y));'
    """
    if real == "float64":
        for pattern, word in _IN_DOUBLE:
            text = re.sub(pattern, word, text)
    return text
