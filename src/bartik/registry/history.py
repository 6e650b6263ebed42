"""What happened to a model: who made which version champion or took that away, when and why.

An event is one tag of its version, written twice: as begun before the alias ``champion`` moves, as done after it. The move is
one transaction of the database and alone decides; an event that was begun and never moved anything says so.
"""

from __future__ import annotations

import getpass
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from mlflow import MlflowClient

from bartik.core import RegistryError
from bartik.core.secrets import without_password
from bartik.registry.records import ARCHIVED, CHAMPION, Version

PREFIX = "bartik.history."
_LONGEST = 2000  # characters of a reason

What = Literal["promoted", "retired"]


@dataclass(frozen=True)
class Event:
    """One promotion or retirement of ``version``; ``former`` is the champion it replaced (0: none), ``gates`` a summary."""

    what: What
    version: int
    former: int
    when: str
    who: str
    why: str
    gates: str
    done: bool
    key: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {name: value for name, value in asdict(self).items() if name != "key"}

    def __str__(self) -> str:
        """One line."""
        parts = [f"{self.when} version {self.version} {self.what}"]
        parts += [f"in the place of {self.former}"] if self.former and self.what == "promoted" else []
        parts += [f"by {self.who}", *([f"gates: {self.gates}"] if self.gates else []), *([f"reason: {self.why}"] if self.why else [])]
        return ", ".join(parts if self.done else [*parts, "cut off before it took effect"])


def history(versions: Iterable[Version]) -> tuple[Event, ...]:
    """All events of a model, oldest first.

    The last one counts where its move was made, even if the process ended before it could say so; who comes next says it.
    """
    known = list(versions)
    found = sorted((event for version in known for event in events(version)), key=lambda event: event.key)
    champion = next((version.number for version in known if CHAMPION in version.aliases), 0)
    if found and not found[-1].done:
        last = found[-1]
        found[-1] = replace(last, done=(champion == last.version) == (last.what == "promoted"))
    return tuple(found)


def events(version: Version) -> list[Event]:
    """The events of one version as its tags hold them."""
    return [_read(version, key, text) for key, text in version.tags.items() if key.startswith(PREFIX)]


def begin(client: MlflowClient, version: Version, what: What, *, former: int = 0, why: str = "", gates: str = "") -> Event:
    """Note what is about to happen."""
    now = datetime.now(UTC)
    key = f"{PREFIX}{now:%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(2)}"
    reason = without_password(" ".join(why.split()))[:_LONGEST]
    event = Event(what, version.number, former, now.isoformat(timespec="seconds"), user(), reason, gates, done=False, key=key)
    _write(client, version, event)
    return event


def settle(client: MlflowClient, versions: Iterable[Version]) -> Event | None:
    """Finish the last event, where its move was made and the process ended before the rest; that event."""
    known = {version.number: version for version in versions}
    noted = {event.key for version in known.values() for event in events(version) if event.done}
    last = history(known.values())[-1:]
    if not last or not last[0].done or last[0].key in noted:
        return None
    finish(client, known[last[0].version], last[0])
    return last[0]


def finish(client: MlflowClient, version: Version, event: Event) -> None:
    """What follows from the move of the alias: who was champion is archived, and the event is noted as done."""
    archived = event.former if event.what == "promoted" else event.version
    if archived:
        client.set_registered_model_alias(version.name, ARCHIVED, str(archived))
    _write(client, version, replace(event, done=True))


def user() -> str:
    """Who runs this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"user {os.getuid()}"


def _read(version: Version, key: str, text: str) -> Event:
    try:
        return Event(**json.loads(text), key=key)
    except (ValueError, TypeError) as error:
        raise RegistryError(f"{version.reference}: its tag {key} was altered: {text!r}", hint="delete that tag with MLflow") from error


def _write(client: MlflowClient, version: Version, event: Event) -> None:
    client.set_model_version_tag(version.name, str(version.number), event.key, json.dumps(event.to_dict(), ensure_ascii=False))
