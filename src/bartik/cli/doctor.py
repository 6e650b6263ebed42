"""``bartik doctor``."""

from __future__ import annotations

import typer

from bartik.cli.common import Json, emit


def doctor(as_json: Json = False) -> None:
    """Say what works on this machine, and what to do about what does not.

    Example: bartik doctor
    """
    from bartik.workflow.doctor import examine

    findings = examine()
    for finding in findings:
        if as_json:
            emit({"what": finding.what, "ok": finding.ok, "found": finding.found, "remedy": finding.remedy})
        else:
            remedy = f"  ({finding.remedy})" if finding.remedy else ""
            print(f"{'ok ' if finding.ok else '-- '} {finding.what:<24} {finding.found}{remedy}")
    if any(finding.needed and not finding.ok for finding in findings):
        raise typer.Exit(1)
