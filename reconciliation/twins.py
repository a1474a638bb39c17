"""Twins that were taken for one booking: where one statement begins exactly as another ends, it repeats no line.

Lines without a reference of the bank that agree in all facts are known again as long as nothing speaks against it.
The balances may: if a statement's opening balance is the closing balance of the one before, and what both of them
list does not add up to its closing balance, then what was taken for a repetition is a booking of its own.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import journal
from ledger.acts import Act
from ledger.database import expire_rows
from ledger.identifiers import new_id
from ledger.models import BankAccount
from reconciliation import booking
from reconciliation.balances import COUNTED, Link
from reconciliation.models import Fate, LineState

_REPEATED = f"""
SELECT lines.id, lines.amount_minor, lines.booked_on, lines.statement_id
FROM line_sightings AS sightings
JOIN statement_lines AS lines ON lines.id = sightings.line_id
JOIN bank_accounts AS accounts ON accounts.id = lines.bank_account_id
WHERE sightings.statement_id = :later AND sightings.counts AND {COUNTED}
AND (lines.booked_on < :closes_on OR lines.id = ANY(:through))
ORDER BY lines.id
"""  # noqa: S608 - put together from constants

# How the side that does not keep the line tells of it: the later statement, or all that close before it.
_SIGHTINGS_OF_LATER = """
SELECT statement_id, position, bank_reference FROM line_sightings
WHERE line_id = :line AND statement_id = :later
"""
_SIGHTINGS_OF_EARLIER = """
SELECT sightings.statement_id, sightings.position, sightings.bank_reference
FROM line_sightings AS sightings JOIN statements ON statements.id = sightings.statement_id
WHERE sightings.line_id = :line AND sightings.statement_id <> :later AND sightings.counts
AND statements.kind = 'statement'
AND statements.closes_on <= :closes_on ORDER BY sightings.statement_id
"""

_COPIED = (
    "bank_account_id", "status", "booked_on", "valued_on", "amount_minor", "currency", "counterparty_name",
    "counterparty_account", "counterparty_bic", "remittance", "reference", "end_to_end_id", "mandate_reference",
    "creditor_identifier", "transaction_code", "reversal", "return_reason", "original_minor", "charges_minor",
    "batch_payment_information_id", "batch_message_id", "batch_count", "details",
)  # fmt: skip
_COPY = f"""
INSERT INTO statement_lines (id, statement_id, position, identity, state, bank_reference, {", ".join(_COPIED)})
SELECT :id, :statement, :position, :id, '{LineState.NEW}', :bank_reference, {", ".join(_COPIED)}
FROM statement_lines WHERE id = :line
"""  # noqa: S608 - put together from constants

_MOVE = "UPDATE line_sightings SET line_id = :id WHERE statement_id = :statement AND position = :position"
_IS_NEWS = (
    f"UPDATE line_sightings SET fate = '{Fate.NEW}' WHERE statement_id = :statement AND position = :position"  # noqa: S608 - a constant
)
_COUNT = (
    "UPDATE statements SET new_count = new_count + 1, known_count = known_count - 1 WHERE id = :statement"
)


def separate(session: Session, account: BankAccount, links: list[Link], *, act: Act) -> int:
    """Give bookings that were taken for repetitions lines of their own; gives how many.

    `links` are the statements of the account in their order, as `balances.evaluate` gives them.
    """
    for earlier, later in pairwise(links):
        if (
            not later.gap_minor
            or later.row.break_minor
            or later.row.opening_minor != earlier.row.closing_minor
        ):
            continue
        repeated = session.execute(
            text(_REPEATED),
            {
                "later": later.row.id, "closes_on": earlier.row.closes_on, "through": list(earlier.through),
            },
        ).all()  # fmt: skip
        if repeated and sum(row.amount_minor for row in repeated) == later.gap_minor:
            for row in repeated:
                _separate(session, account, row, later, earlier, act)
            return len(repeated)
    return 0


def _separate(
    session: Session, account: BankAccount, line: Any, later: Link, earlier: Link, act: Act
) -> None:
    """A line of its own for the side of the cut that did not bring the one there is."""
    asked = {"line": line.id, "later": later.row.id, "closes_on": earlier.row.closes_on}
    side = _SIGHTINGS_OF_EARLIER if line.statement_id == later.row.id else _SIGHTINGS_OF_LATER
    moved = session.execute(text(side), asked).all()
    first = moved[0]
    new = new_id("lin")
    place = {"id": new, "statement": first.statement_id, "position": first.position}
    session.execute(
        text(_COPY),
        {
            **place,
            "line": line.id,
            "identity": f"twin of {line.id}/{new[4:]}"[:64],
            "bank_reference": first.bank_reference,
        },
    )
    for sighting in moved:
        session.execute(
            text(_MOVE), {"id": new, "statement": sighting.statement_id, "position": sighting.position}
        )
    session.execute(text(_IS_NEWS), place)
    session.execute(text(_COUNT), place)
    expire_rows(session, "statements", [first.statement_id], ("new_count", "known_count"))
    journal.post(session, [booking.of_line(account, new, line.booked_on, line.amount_minor)], act=act)
