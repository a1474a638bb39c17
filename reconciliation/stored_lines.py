"""The lines of one account that are in the books already: found by day and amount, filled up, and booked later."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeAlias

from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import states
from ledger.acts import Act
from reconciliation.identity import Known, Sighting, facts_of, strong_reference
from reconciliation.models import LINE, LineState
from reconciliation.statement import Line, LineStatus

# Day of the booking, amount in minor units, currency: on these all sources of a booking agree.
Key: TypeAlias = tuple[date, int, str]

_FACTS = (
    "counterparty_name", "counterparty_account", "counterparty_bic", "remittance", "reference", "end_to_end_id",
    "mandate_reference", "creditor_identifier", "transaction_code", "return_reason", "original_minor",
    "charges_minor", "interest_minor", "batch_payment_information_id", "batch_message_id", "batch_count", "valued_on",
    "details",
)  # fmt: skip

# One look into the index for each day and amount, however many lines the account has: OFFSET 0 keeps it so.
_LOOK = f"""
SELECT wanted.day AS found_on, found.*
FROM unnest(CAST(:days AS date[]), CAST(:amounts AS bigint[])) AS wanted (day, amount)
CROSS JOIN LATERAL (
    SELECT id, statement_id, booked_on, amount_minor, currency, identity, state, status, provisional, lump_id,
        bank_reference, {", ".join(_FACTS)}
    FROM statement_lines
    WHERE bank_account_id = :account AND amount_minor = wanted.amount AND {{on}} OFFSET 0
) AS found
"""  # noqa: S608 - put together from constants
_BOOKED_THEN = "booked_on = wanted.day"
_VALUED_THEN = "valued_on = wanted.day AND valued_on <> booked_on"
_FIND = f"{_LOOK.format(on=_BOOKED_THEN)} UNION ALL {_LOOK.format(on=_VALUED_THEN)} ORDER BY id"

_ANY = "SELECT EXISTS (SELECT 1 FROM statement_lines WHERE bank_account_id = :account)"

_SIGHTINGS = """
SELECT line_id, statement_id, family, bank_reference, digest FROM line_sightings
WHERE line_id = ANY(:ids) ORDER BY line_id, statement_id, position
"""

_FILL = f"""
UPDATE statement_lines SET {", ".join(f"{name} = coalesce({name}, :{name})" for name in _FACTS if name != "details")},
    details = CASE WHEN details = '[]' THEN CAST(:details AS jsonb) ELSE details END
WHERE id = :id
"""  # noqa: S608 - put together from constants

# What was announced is kept where the statement says less of the same booking; where little shows that it is the
# same, the statement alone counts.
_BOOK = f"""
UPDATE statement_lines SET {
    ", ".join(
        f"{name} = CASE WHEN :is_sure THEN coalesce(:{name}, {name}) ELSE :{name} END"
        for name in _FACTS
        if name != "details"
    )
},
    details = CASE WHEN :details = '[]' THEN details ELSE CAST(:details AS jsonb) END,
    bank_reference = coalesce(:bank_reference, bank_reference), status = 'booked', provisional = false,
    statement_id = :statement_id, position = :position, booked_on = :booked_on, reversal = :reversal,
    identity = id, waiting_because = :because
WHERE id = :id
"""  # noqa: S608 - put together from constants


@dataclass(slots=True)
class StoredLine:
    """A line in the books, with what was said of it."""

    known: Known
    row: Any

    @property
    def is_final(self) -> bool:
        """Whether a statement has booked it, so that it counts."""
        return self.row.status == LineStatus.BOOKED and not self.row.provisional

    def told_by(self, family: str) -> bool:
        """Whether a source of a family has told of it."""
        return any(sighting.family == family for sighting in self.known.sightings)

    def on_another_day(self) -> StoredLine:
        """The same line, seen from a day that is not its own."""
        return StoredLine(replace(self.known, same_day=False), self.row)

    def lacks(self, said: Mapping[str, Any]) -> bool:
        """Whether `said` tells something of it that nobody has told before."""
        return any(
            said[name] is not None
            and (
                getattr(self.row, name) is None if name != "details" else _adds(self.row.details, said[name])
            )
            for name in _FACTS
        )


@dataclass(frozen=True, slots=True)
class Promotion:
    """An announced line and the one that books it, on what day, and in which state that leaves it."""

    stored: StoredLine
    line: Line
    day: date
    state: str
    because: str | None
    is_sure: bool


def _adds(details: list[Any], said: str) -> bool:
    return not details and said != "[]"


def any_of(session: Session, account_id: str) -> bool:
    """Whether an account has any line at all."""
    return bool(session.scalar(text(_ANY), {"account": account_id}))


def find(
    session: Session, account_id: str, keys: Collection[Key], *, own: Collection[str]
) -> dict[Key, list[StoredLine]]:
    """The stored lines of an account under each of `keys`, without those that the statements `own` brought.

    A line is found on the day on which it is booked, and on the one on which it is valued.
    """
    wanted = {(day, amount) for day, amount, _ in keys}
    asked = {
        "account": account_id, "days": [day for day, _ in wanted], "amounts": [amount for _, amount in wanted],
    }  # fmt: skip
    rows = [row for row in session.execute(text(_FIND), asked) if row.statement_id not in own]
    sightings = _sightings(session, [row.id for row in rows])
    found: dict[Key, list[StoredLine]] = defaultdict(list)
    for row in rows:
        found[row.found_on, row.amount_minor, row.currency].append(_stored(row, sightings[row.id]))
    return found


def _sightings(session: Session, ids: Sequence[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    if ids:
        for row in session.execute(text(_SIGHTINGS), {"ids": list(ids)}):
            found[row.line_id].append(row)
    return found


def _stored(row: Any, sightings: Sequence[Any]) -> StoredLine:
    facts = facts_of(
        bank_reference=row.bank_reference, end_to_end_id=row.end_to_end_id, mandate=row.mandate_reference,
        account=row.counterparty_account, reference=row.reference, block=row.batch_payment_information_id,
        name=row.counterparty_name, text=row.remittance,
    )  # fmt: skip
    seen = [Sighting(one.family, strong_reference(one.bank_reference), one.digest) for one in sightings]
    source = next((one.family for one in sightings if one.statement_id == row.statement_id), "")
    same_day = row.found_on == row.booked_on
    return StoredLine(
        Known(line_id=row.id, facts=facts, source=source, same_day=same_day, sightings=seen), row
    )


def said_of(line: Line) -> dict[str, Any]:
    """What a line says of itself, by the names of its columns."""
    party, batch = line.counterparty, line.batch
    return {
        "counterparty_name": party.name, "counterparty_account": party.iban, "counterparty_bic": party.bic,
        "remittance": line.remittance, "reference": line.reference, "end_to_end_id": line.end_to_end_id,
        "mandate_reference": line.mandate_id, "creditor_identifier": line.creditor_id,
        "transaction_code": line.transaction_code, "return_reason": line.return_reason,
        "original_minor": line.original.minor if line.original else None,
        "charges_minor": line.charges.minor if line.charges else None,
        "interest_minor": line.interest.minor if line.interest else None,
        "batch_payment_information_id": batch.payment_information_id if batch else None,
        "batch_message_id": batch.message_id if batch else None, "batch_count": batch.count if batch else None,
        "valued_on": line.valued_on, "details": details_of(line),
    }  # fmt: skip


def details_of(line: Line) -> str:
    """The itemised parts of a lump as JSON, as far as matching needs them; names and accounts stay in the file."""
    if not line.details:
        return "[]"
    return json.dumps(
        [detail_of(said_of(part), part.amount.minor, part.amount.currency) for part in line.details]
    )


def detail_of(said: Mapping[str, Any], amount_minor: int, currency: str) -> dict[str, Any]:
    """One part of a lump, from its fields by the names of columns."""
    return {
        "amount_minor": amount_minor,
        "currency": currency,
        **{
            name: said[name]
            for name in (
                "end_to_end_id", "mandate_reference", "return_reason", "original_minor", "charges_minor",
                "interest_minor", "remittance",
            )
        },
    }  # fmt: skip


def fill(session: Session, news: Iterable[tuple[StoredLine, Mapping[str, Any]]]) -> None:
    """Write down of known lines what nobody had told before; nothing that is known is changed."""
    rows = [{"id": stored.row.id, **said} for stored, said in news if stored.lacks(said)]
    if rows:
        session.execute(text(_FILL), rows)


def book(session: Session, promoted: Sequence[Promotion], *, statement_id: str, act: Act) -> None:
    """Let lines that were only announced be booked, with what the statement says of them."""
    if not promoted:
        return
    rows = [
        {
            "id": one.stored.row.id, "statement_id": statement_id, "position": one.line.position,
            "booked_on": one.day, "bank_reference": one.line.bank_reference, "reversal": one.line.reversal,
            "because": one.because, "is_sure": one.is_sure, **said_of(one.line),
        }
        for one in promoted
    ]  # fmt: skip
    session.execute(text(_BOOK), rows)
    for state in (LineState.NEW, LineState.IGNORED):
        moved = [one.stored.row.id for one in promoted if one.state == state != one.stored.row.state]
        states.move(session, LINE, moved, state, act=act)
