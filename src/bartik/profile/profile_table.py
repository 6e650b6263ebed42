"""A profile as plain text, and two of them beside each other."""

from __future__ import annotations

from bartik.core import UsageError
from bartik.profile.profiler import Part, Profile
from bartik.profile.table import aligned

_COLUMNS = ("us a call", "layer", "share", "MFLOP", "bytes", "FLOP/byte", "GFLOP/s", "of limit", "bound by")


def format_profile(found: Profile) -> str:
    """Layers in order, the whole, one sentence on each, and what the machine can do."""
    rows = [_COLUMNS, *(_cells(part, found) for part in (*found.layers, found.whole))]
    return "\n".join([_title(found), *aligned(rows), "", *_sentences(found), "", *_limits(found), *_counters(found)])


def format_comparison(here: Profile, other: Profile) -> str:
    """The same layers on two machines, and how many times faster the second is; `UsageError` where they are not of one model."""
    names = [part.name for part in here.layers]
    if here.digest != other.digest or [part.name for part in other.layers] != names:
        raise UsageError(
            f"{other.bundle} {other.digest[:12]}: not the model that was profiled here, {here.bundle} {here.digest[:12]}",
            hint="profile the same bundle, with as many layers, on both machines",
        )
    rows = [("us a call here", "layer", "there", "times faster there", "bound there")]
    pairs = zip((*here.layers, here.whole), (*other.layers, other.whole), strict=True)
    each = [(a, b, a.seconds / here.batch / (b.seconds / other.batch)) for a, b in pairs]
    rows += [(_us(a.seconds), a.name, _us(b.seconds), f"{ratio:.2f}", b.verdict.bound) for a, b, ratio in each]
    return "\n".join([f"here {_where(here)}; there {_where(other)}", *aligned(rows)])


def _title(found: Profile) -> str:
    return f"{found.bundle} {found.digest[:12]}, {_where(found)}, load {found.machine['load_1min']}"


def _where(found: Profile) -> str:
    return f"batch {found.batch} on {found.backend}, one thread of {found.machine['cpu']}"


def _cells(part: Part, found: Profile) -> tuple[str, ...]:
    flops, each = 2 * part.work.multiply_adds, part.work.bytes(found.batch)
    rate = flops * found.batch / part.seconds
    return (
        _us(part.seconds),
        part.name,
        f"{part.seconds / found.whole.seconds:.0%}",
        f"{flops / 1e6:.3g}",
        f"{each:.4g}",
        f"{part.work.intensity(found.batch):.3g}",
        f"{rate / 1e9:.3g}",
        f"{rate / 2 / found.limits.multiply_adds:.0%}",
        part.verdict.bound,
    )


def _sentences(found: Profile) -> list[str]:
    lines = [f"{part.name}: {part.verdict.sentence}" for part in (*found.layers, found.whole)]
    gain = found.together / found.whole.seconds
    return [*lines, f"layers alone take {_us(found.together)} us together, {gain:.2f} times the whole: fusion {_brings(gain)}"]


def _brings(gain: float) -> str:
    return "keeps numbers where they are" if gain > 1 else "brings nothing here"


def _limits(found: Profile) -> list[str]:
    limits = found.limits
    bandwidth = ", ".join(f"{size >> 10} KiB {rate / 1e9:.0f}" for size, rate in sorted(limits.bandwidth.items()))
    return [
        f"limits of one thread: {2 * limits.multiply_adds / 1e9:.0f} GFLOP/s; GB/s read and written by size: {bandwidth};",
        f"{limits.series / 1e9:.2f} thousand million tanh a second; a call of {found.backend} that does nothing {found.call * 1e6:.2f} us",
    ]


def _counters(found: Profile) -> list[str]:
    if found.no_counters:
        return [found.no_counters]
    rows = [("instructions/cycle", "layer", "instructions", "cycles", "cache misses")]
    for part in (*found.layers, found.whole):
        cycles, instructions, misses = (part.counters[name] for name in ("cycles", "instructions", "cache_misses"))
        rows.append((f"{instructions / max(1.0, cycles):.2f}", part.name, f"{instructions:.0f}", f"{cycles:.0f}", f"{misses:.1f}"))
    return aligned(rows)


def _us(seconds: float) -> str:
    return f"{seconds * 1e6:.2f}"
