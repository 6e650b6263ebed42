"""``bartik check``."""

from __future__ import annotations

from typing import Annotated

import typer

from bartik.cli.common import BundlePath, Json, emit, next_step

Backends = Annotated[list[str] | None, typer.Option("--backend", metavar="NAME", help="Only these; otherwise all.")]


def check(bundle: BundlePath, backend: Backends = None, as_json: Json = False) -> None:
    """Prove that every backend reproduces the bundle's reference outputs.

    Example: bartik check runs/ghost_probability/bundle --backend native
    """
    import bartik
    from bartik.checks import check as check_bundle
    from bartik.checks import require

    opened = bartik.load(bundle)
    parities = check_bundle(opened, backend)
    for parity in parities:
        if as_json:
            emit(parity.to_dict())
        else:
            print(parity)
    require(parities)
    next_step(f"bartik bench {bundle}")
