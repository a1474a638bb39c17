"""The append-only, hash-chained record of who did what, when and why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC

from sqlalchemy.orm import Session

from ledger.acts import Act

PENDING = "audit_records"
GENESIS = "0" * 64


def record(
    session: Session,
    action: str,
    object_id: str | None,
    *,
    act: Act,
    why: str | None = None,
    **facts: object,
) -> None:
    """Remember `action` (noun.what_happened) on `object_id`; it is chained and written when the session commits.

    `facts` are ids, states, amounts in minor units and hashes; never names, account numbers or texts of others.
    """
    body = {
        "action": action,
        "actor": act.actor,
        "at": act.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "object": object_id,
        **{key: value for key, value in facts.items() if value is not None},
    }
    if why is not None:
        body["why"] = why
    session.info.setdefault(PENDING, []).append(canonical(body))


def canonical(body: dict[str, object]) -> str:
    """JSON with sorted keys, no blanks and no floats: the same facts are always the same bytes (as in RFC 8785).

    Raises TypeError for a float, or for anything else that JSON has no exact form of.
    """
    for fact, value in body.items():
        if isinstance(value, float):
            raise TypeError(f"{fact} is a float, which is not exact")
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def take_pending(session: Session) -> list[str]:
    """The bodies recorded in this session and not yet written."""
    pending: list[str] = session.info.pop(PENDING, [])
    return pending


def chain(previous: str, bodies: Iterable[str]) -> list[tuple[str, str, str]]:
    """(previous hash, hash, body) for each body: SHA-256 over the hash before, a line feed and the body."""
    links = []
    for body in bodies:
        sealed = hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()
        links.append((previous, sealed, body))
        previous = sealed
    return links
