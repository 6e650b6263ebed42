"""``bartik list``."""

from __future__ import annotations

from bartik.cli.common import Json, emit, next_step


def list_usecases(as_json: Json = False) -> None:
    """List the use cases that can be run here.

    Example: bartik list --json
    """
    from bartik.core.plugins import usecase_names, usecase_summary

    for name in usecase_names():
        summary = usecase_summary(name)
        if as_json:
            emit({"name": name, "summary": summary})
        else:
            print(f"{name:<24} {summary}")
    next_step("bartik run NAME, or bartik new NAME for one of your own")
