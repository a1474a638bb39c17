"""How sure a match must be for a creditor: the table of certainty in force, set anew as a whole, with its history."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ledger import audit, creditors
from ledger.acts import Act
from ledger.identifiers import new_id
from reconciliation.models import MatchingTerms
from reconciliation.transfers.certainty import Row, Terms, UnreadableTerms
from reconciliation.transfers.evidence import Evidence

LARGEST_CHARGE_MINOR = 10_000
LONGEST_GRACE_DAYS = 30
MOST_ROWS = 60
LAST_GRADE = 9

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
# What says whose money it is, or for which invoice. Amounts alone are alike among many customers.
_TELLS_WHOSE = frozenset(
    {
        Evidence.REFERENCE, Evidence.NUMBER, Evidence.LOOSE_NUMBER, Evidence.NEAR_NUMBER, Evidence.PURCHASE_ORDER,
        Evidence.RECORDED, Evidence.ACCOUNT, Evidence.MANDATE_ACCOUNT, Evidence.REMEMBERED_ACCOUNT, Evidence.NAME,
        Evidence.SIMILAR_NAME, Evidence.REMEMBERED_NAME, Evidence.PAYS_FOR, Evidence.CUSTOMER_NUMBER,
        Evidence.CUSTOMER_NAMED,
    }
)  # fmt: skip


def of(session: Session, creditor_id: str) -> Terms:
    """The terms of a creditor as they are now; the standard table where nothing else was set."""
    row = last(session, creditor_id)
    return Terms() if row is None else Terms.from_json(row.content)


def last(session: Session, creditor_id: str) -> MatchingTerms | None:
    """The table that was set last, which is in force; none where the standard table holds."""
    return session.scalar(history(creditor_id).order_by(MatchingTerms.id.desc()).limit(1))


def history(creditor_id: str) -> Select[MatchingTerms]:
    """Every table that was set for a creditor; the last one by id is in force."""
    return select(MatchingTerms).where(MatchingTerms.creditor_id == creditor_id)


def replace(session: Session, creditor_id: str, terms: Terms, *, act: Act) -> Terms:
    """Put `terms` in force from the next run on; what was matched before stays. Setting the same again does nothing.

    Raises CreditorNotFound, or UnreadableTerms naming the row that cannot be meant.
    """
    require_sound(terms)
    creditors.lock(session, creditor_id)
    before = of(session, creditor_id)
    if before == terms:
        return terms
    row = MatchingTerms(
        id=new_id("mtt"), creditor_id=creditor_id, content=terms.to_json(), set_at=act.at, set_by=act.actor
    )
    session.add(row)
    session.flush()
    facts = changes(before, terms)
    audit.record(session, "matching_terms.set", creditor_id, act=act, matching_terms=row.id, changes=facts)
    return terms


def require_sound(terms: Terms) -> None:
    """Raises UnreadableTerms where a tolerance is out of its range or a row would apply what nobody can vouch for."""
    if not 0 <= terms.charge_minor <= LARGEST_CHARGE_MINOR:
        raise UnreadableTerms(f"This lies between 0 and {LARGEST_CHARGE_MINOR}.", field="charge_minor")
    if not 0 <= terms.grace_days <= LONGEST_GRACE_DAYS:
        raise UnreadableTerms(f"This lies between 0 and {LONGEST_GRACE_DAYS}.", field="grace_days")
    if len(terms.rows) > MOST_ROWS:
        raise UnreadableTerms(f"A table has at most {MOST_ROWS} rows.", field="rows")
    for row in terms.rows:
        _require_sound_row(row)


def changes(before: Terms, after: Terms) -> dict[str, Any]:
    """What differs between two tables: tolerances with both values, and the names of rows."""
    found: dict[str, Any] = {
        name: [getattr(before, name), getattr(after, name)]
        for name in ("charge_minor", "grace_days")
        if getattr(before, name) != getattr(after, name)
    }
    names = {
        "rows_added": after.by_name.keys() - before.by_name.keys(),
        "rows_removed": before.by_name.keys() - after.by_name.keys(),
        "rows_changed": {
            name
            for name in before.by_name.keys() & after.by_name.keys()
            if before.by_name[name] != after.by_name[name]
        },
    }
    found |= {name: sorted(rows) for name, rows in names.items() if rows}
    kept = [
        [row.name for row in one.rows if row.name in other.by_name]
        for one, other in ((before, after), (after, before))
    ]
    return {**found, **({"order_changed": True} if kept[0] != kept[1] else {})}


def _require_sound_row(row: Row) -> None:
    if not _NAME.fullmatch(row.name):
        raise UnreadableTerms(
            f"A row is named by up to 60 of a-z, 0-9 and _, a letter first: {row.name[:60]!r} is not.",
            field="rows",
        )
    if not 0 <= row.grade <= LAST_GRADE:
        raise UnreadableTerms(f"Row {row.name}: a grade lies between 0 and {LAST_GRADE}.", field="rows")
    if not row.needs or not all(row.needs):
        raise UnreadableTerms(
            f"Row {row.name}: a row needs something, and no group of it is empty.", field="rows"
        )
    if row.applied and not any(group <= _TELLS_WHOSE for group in row.needs):
        raise UnreadableTerms(
            f"Row {row.name} would be applied without anything that names the invoice or the payer. "
            "Amounts are alike among many customers.",
            field="rows",
        )
