"""Words that may stand in generated code: whatever a model calls things, only these reach a compiler."""

from __future__ import annotations

import re

_KEYWORDS = frozenset(
    "alignas alignof and and_eq asm auto bartik bitand bitor bool break case catch char char16_t char32_t char8_t class co_await co_return "  # noqa: SIM905 - words read better
    "co_yield compl concept const const_cast consteval constexpr constinit continue decltype default delete detail do double dynamic_cast "
    "else enum explicit export extern false float for friend goto if inline int long main mutable namespace new noexcept not not_eq "
    "nullptr operator or or_eq private protected public register reinterpret_cast requires return row rows run short signed sizeof static "
    "static_assert static_cast std struct switch template this thread_local throw true try typedef typeid typename union unix unsigned "
    "using virtual void volatile wchar_t while xor xor_eq linux digest lanes left count whole assert errno "
    "workspace step scratch lane warp candidate candidates columns stream batch launch threads blocks made memory parameters context "
    "Line arguments model found wrong computed infer detail scratch_size "
    "EOF HUGE_VAL HUGE_VALF HUGE_VALL INFINITY NAN NULL".split()
)
_LONGEST = 60


def identifier(name: str, fallback: str = "model") -> str:
    """``name`` as a C++ identifier: other characters become underscores, and it is no word of the language or of the generated code.

    >>> identifier("ghost probability"), identifier("2nd"), identifier("class"), identifier('"; abort(); //')
    ('ghost_probability', 'model_2nd', 'class_', 'abort')
    """
    words = re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9]", "_", name)).strip("_")[:_LONGEST].rstrip("_")
    if not words:
        return fallback
    if words[0].isdigit():
        words = f"{fallback}_{words}"
    return f"{words}_" if words in _KEYWORDS else words


def identifiers(names: list[str], fallback: str) -> list[str]:
    """One identifier a name, all different."""
    found: list[str] = []
    for name in names:
        word, count = identifier(name, fallback), 2
        while word in found:
            word, count = f"{identifier(name, fallback)}_{count}", count + 1
        found.append(word)
    return found


def comment(text: object) -> str:
    """``text`` as it may stand in a comment of one line: letters, digits and plain punctuation, shortened."""
    plain = re.sub(r"[^A-Za-z0-9 ._:;+=,@()\[\]/-]", "_", str(text))
    return plain if len(plain) <= 100 else plain[:97] + "..."
