"""Notifications of single bookings that add up to one lump on the statement become its parts."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import states
from ledger.acts import Act
from ledger.models import BankAccount
from reconciliation import stored_lines
from reconciliation.models import LINE, LineState

# Lumps that the bank does not itemise, with the announced lines of the same day that name the same block, message or
# booking and make up exactly its amount and number. What names a lump by several of these is one part all the same.
_NAMES = ("batch_payment_information_id", "batch_message_id", "bank_reference")
_LUMPS = f"""
WITH part AS (
    SELECT * FROM statement_lines WHERE bank_account_id = :account AND booked_on BETWEEN :first AND :last
    AND provisional AND lump_id IS NULL AND status = 'booked'
), lump AS (
    SELECT * FROM statement_lines WHERE bank_account_id = :account AND booked_on BETWEEN :first AND :last
    AND NOT provisional AND status = 'booked' AND details = '[]'
    AND coalesce(batch_payment_information_id, batch_message_id, bank_reference) IS NOT NULL
), named AS (
    {
    " UNION ".join(
        "SELECT lump.id AS lump_id, part.id AS part_id FROM lump JOIN part USING "
        f"(booked_on, currency, {name}) WHERE sign(lump.amount_minor) = sign(part.amount_minor)"
        for name in _NAMES
    )
}
)
SELECT lump.id AS lump_id, array_agg(part.id ORDER BY part.id) AS part_ids
FROM named JOIN lump ON lump.id = named.lump_id JOIN part ON part.id = named.part_id
GROUP BY lump.id, lump.amount_minor, lump.batch_count
HAVING sum(part.amount_minor) = lump.amount_minor AND count(*) > 1
AND (lump.batch_count IS NULL OR lump.batch_count = count(*))
ORDER BY lump.id
"""  # noqa: S608 - put together from constants

_PARTS = "SELECT * FROM statement_lines WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"
_ITEMISE = "UPDATE statement_lines SET details = CAST(:details AS jsonb) WHERE id = :id"
_BELONG = "UPDATE statement_lines SET lump_id = :lump, waiting_because = :because WHERE id = ANY(:ids)"


def itemise(session: Session, account: BankAccount, first: date, last: date, *, act: Act) -> int:
    """Let announced single bookings of some days become the parts of the lumps they make up; gives how many lumps."""
    taken: set[str] = set()
    done = 0
    for lump_id, part_ids in session.execute(
        text(_LUMPS), {"account": account.id, "first": first, "last": last}
    ).all():
        if taken.isdisjoint(part_ids):
            taken.update(part_ids)
            _itemise(session, lump_id, part_ids, act)
            done += 1
    return done


def _itemise(session: Session, lump_id: str, part_ids: list[str], act: Act) -> None:
    parts = session.execute(text(_PARTS), {"ids": part_ids}).mappings().all()
    details = json.dumps([_detail(part) for part in parts])
    session.execute(text(_ITEMISE), {"id": lump_id, "details": details})
    because = f"It is a part of the lump {lump_id}."
    session.execute(text(_BELONG), {"lump": lump_id, "ids": part_ids, "because": because})
    waiting = [part["id"] for part in parts if part["state"] != LineState.IGNORED]
    states.move(session, LINE, waiting, LineState.IGNORED, act=act)


def _detail(part: Any) -> dict[str, Any]:
    return stored_lines.detail_of(part, part["amount_minor"], part["currency"])
