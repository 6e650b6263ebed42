"""How hand-written kernels are called: as they are, for several blocks at once, or, of another real than the nest's, on copies."""

from __future__ import annotations

from collections.abc import Mapping

from bartik.compiler.emit.constants import KINDS
from bartik.compiler.emit.reals import REALS
from bartik.compiler.loops import Buffer, Invoke, Nest, invoked

_ROOM = 16
"""Values behind a row that a kernel may touch."""


def called(call: Invoke, real: str) -> str:
    """The call, in a nest of ``real``."""
    if call.real == real:
        return _call(call, {})
    return f"{REALS[call.real].kind}s::{call.result}({', '.join((*call.arguments, call.result))})"


def called_together(call: Invoke, blocks: str, step: str) -> str:
    """The form for several blocks, or rows, whose values are ``step`` apart."""
    names = [blocks, call.arguments[0], step, *call.arguments[1:], call.result, step]
    names += [word for name in call.scratch for word in (name, step)]
    return f"{call.function}_together{_angled(call)}({', '.join(names)})"


def converted(nest: Nest, inline: str) -> list[str]:
    """A function, named after its result, for each call of a kernel of another real than the nest's; ``inline`` declares them."""
    return [_converted(call, nest, inline) for call in invoked(nest) if call.real != nest.real]


def held(nest: Nest) -> list[Buffer]:
    """Buffers in scratch memory; the private memory of kernels that are called on copies is theirs."""
    others = {name for call in invoked(nest) if call.real != nest.real for name in call.scratch}
    return [buffer for buffer in nest.buffers.values() if buffer.kind == "scratch" and buffer.name not in others]


def _converted(call: Invoke, nest: Nest, inline: str) -> str:
    """It copies the arguments, but for tables, which are of the kernel's own kind, and the result back."""
    outer, inner = REALS[nest.real].kind, REALS[call.real].kind
    takes = [f"const {_kind(nest.buffers[name], outer)}* {name}" for name in call.arguments]
    lines = [f"{inline} void {call.result}({', '.join([*takes, f'{outer}* {call.result}'])}) noexcept {{"]
    values = [name for name in dict.fromkeys((*call.arguments, call.result, *call.scratch)) if nest.buffers[name].kind == "scratch"]
    for name in values:
        size = nest.buffers[name].size
        lines.append(f"  alignas(64) {inner} own_{name}[{size + _ROOM}] = {{}};")
        lines += [f"  for (int j = 0; j < {size}; ++j) own_{name}[j] = {inner}({name}[j]);"] if name in call.arguments else []
    back = f"  for (int j = 0; j < {nest.buffers[call.result].size}; ++j) {call.result}[j] = {outer}(own_{call.result}[j]);"
    return "\n".join([*lines, f"  {_call(call, {name: f'own_{name}' for name in values})};", back, "}\n"])


def _kind(buffer: Buffer, outer: str) -> str:
    return outer if buffer.values is None else KINDS[buffer.values.dtype.name]


def _call(call: Invoke, names: Mapping[str, str]) -> str:
    words = [names.get(name, name) for name in (*call.arguments, call.result, *call.scratch)]
    return f"{call.function}{_angled(call)}({', '.join(words)})"


def _angled(call: Invoke) -> str:
    return f"<{', '.join(map(str, call.parameters))}>" if call.parameters else ""
