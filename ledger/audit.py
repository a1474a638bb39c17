"""The append-only, hash-chained record of who did what, when and why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC

from sqlalchemy.orm import Session

from ledger.acts import Act

PENDING = "audit_records"
GENESIS = "0" * 64

_WRITER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_PLACE = "\x1a"  # stands where each object's id will; no fact holds a control character of its own


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
    session.info.setdefault(PENDING, []).append(canonical(_body(action, object_id, act, why, facts)))


def record_each(
    session: Session,
    action: str,
    object_ids: Iterable[str],
    *,
    act: Act,
    why: str | None = None,
    **facts: object,
) -> None:
    """Remember the same `action`, with the same facts, on each of `object_ids`: what `record` of each would say."""
    before, after = canonical(_body(action, _PLACE, act, why, facts)).split(json.dumps(_PLACE), 1)
    pending = session.info.setdefault(PENDING, [])
    pending.extend(f"{before}{_WRITER.encode(one)}{after}" for one in object_ids)


def _body(
    action: str, object_id: str | None, act: Act, why: str | None, facts: Mapping[str, object]
) -> dict[str, object]:
    body = {
        "action": action,
        "actor": act.actor,
        "at": act.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "object": object_id,
        **{key: value for key, value in facts.items() if value is not None},
    }
    if why is not None:
        body["why"] = why
    return body


def canonical(body: dict[str, object]) -> str:
    """JSON with sorted keys, no blanks and no floats: the same facts are always the same bytes (as in RFC 8785).

    Raises TypeError for a float, or for anything else that JSON has no exact form of.
    """
    for fact, value in body.items():
        if isinstance(value, float):
            raise TypeError(f"{fact} is a float, which is not exact")
    return _WRITER.encode(body)


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
