"""Notifications of single bookings that add up to one lump on the statement become its parts."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import states
from ledger.acts import Act
from ledger.models import BankAccount
from reconciliation import stored_lines
from reconciliation.models import LINE, LineState

# Lumps that the bank does not itemise, with the announced lines that name the same block, message or booking and
# make up exactly its amount and number. What names a lump by several of these is one part all the same.
_LUMPS = """
SELECT lump.id AS lump_id, array_agg(part.id ORDER BY part.id) AS part_ids
FROM statement_lines AS part
JOIN statement_lines AS lump ON lump.bank_account_id = part.bank_account_id AND lump.id <> part.id
    AND lump.currency = part.currency AND sign(lump.amount_minor) = sign(part.amount_minor)
    AND lump.booked_on = part.booked_on
    AND (
        lump.batch_payment_information_id = part.batch_payment_information_id
        OR lump.batch_message_id = part.batch_message_id
        OR lump.bank_reference = part.bank_reference
    )
WHERE part.bank_account_id = :account AND part.provisional AND part.lump_id IS NULL
AND part.status = 'booked' AND NOT lump.provisional AND lump.status = 'booked' AND lump.details = '[]'
GROUP BY lump.id
HAVING sum(part.amount_minor) = lump.amount_minor AND count(*) > 1
AND (lump.batch_count IS NULL OR lump.batch_count = count(*))
ORDER BY lump.id
"""

_PARTS = "SELECT * FROM statement_lines WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"
_ITEMISE = "UPDATE statement_lines SET details = CAST(:details AS jsonb) WHERE id = :id"
_BELONG = "UPDATE statement_lines SET lump_id = :lump, waiting_because = :because WHERE id = ANY(:ids)"


def itemise(session: Session, account: BankAccount, *, act: Act) -> int:
    """Let announced single bookings become the parts of the lumps they make up; gives how many lumps."""
    taken: set[str] = set()
    done = 0
    for lump_id, part_ids in session.execute(text(_LUMPS), {"account": account.id}).all():
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
