"""How a creditor collects: its notices, limits, persons, retries; defaults hold until they are changed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ledger import audit, creditors
from ledger.acts import Act
from ledger.errors import Rejected
from mandates.models import AnnouncedBy, CollectionTerms


class TermsRejected(Rejected):
    """A term has a value that cannot be meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of one creditor; limits are EUR cents, None for no limit.

    `announced_by` says who tells the customer of a debit, `notice_days` how many calendar days before (EPC016-06,
    section 4.3: 14 unless agreed otherwise). With `not_before_due` no debit is drawn before its invoice is due. A
    failed debit is tried again at most `most_retries` times, `retry_after_days` calendar days later; after
    `most_failures` in a row the mandate rests. With `charge_return_fee` the customer is billed what the bank took.
    """

    announced_by: AnnouncedBy = AnnouncedBy.DUECOURSE
    notice_days: int = 14
    not_before_due: bool = False
    largest_debit_minor: int | None = None
    largest_debtor_day_minor: int | None = None
    largest_file_minor: int | None = None
    two_persons: bool = True
    most_retries: int = 2
    retry_after_days: int = 5
    most_failures: int = 3
    charge_return_fee: bool = False


DEFAULT = Terms()
_RANGES = {
    "notice_days": (0, 90),
    "most_retries": (0, 5),
    "retry_after_days": (1, 60),
    "most_failures": (1, 20),
    "largest_debit_minor": (1, 99_999_999_999),
    "largest_debtor_day_minor": (1, 10**15),
    "largest_file_minor": (1, 10**15),
}
# What may be None: no limit.
LIMITS = ("largest_debit_minor", "largest_debtor_day_minor", "largest_file_minor")


def of(session: Session, creditor_id: str) -> Terms:
    """The terms of a creditor, as they are now."""
    row = session.get(CollectionTerms, creditor_id)
    if row is None:
        return DEFAULT
    known = {name: getattr(row, name) for name in asdict(DEFAULT)}
    return Terms(**{**known, "announced_by": AnnouncedBy(row.announced_by)})


def change(session: Session, creditor_id: str, *, act: Act, **terms: Any) -> Terms:
    """Change some terms of a creditor, named as the fields of Terms; every change is in the audit trail.

    Raises CreditorNotFound, or TermsRejected naming the field.
    """
    creditors.lock(session, creditor_id)
    session.get(CollectionTerms, creditor_id, populate_existing=True)
    before = of(session, creditor_id)
    after = replace(before, **terms)
    _require_sound(after)
    values = {**asdict(after), "announced_by": str(after.announced_by)}
    changed = {"changed_at": act.at, "changed_by": act.actor}
    session.execute(
        insert(CollectionTerms)
        .values(creditor_id=creditor_id, **values, **changed)
        .on_conflict_do_update(
            index_elements=["creditor_id"], set_={**values, **changed, "version": CollectionTerms.version + 1}
        )
    )
    session.get(CollectionTerms, creditor_id, populate_existing=True)
    changes = {name: [_plain(old), _plain(new)] for name, old, new in _differences(before, after)}
    audit.record(session, "terms.changed", creditor_id, act=act, changes=changes)
    return after


def _require_sound(terms: Terms) -> None:
    for name, (least, most) in _RANGES.items():
        value = getattr(terms, name)
        if value is None and name in LIMITS:
            continue
        if not least <= value <= most:
            raise TermsRejected(f"This lies between {least} and {most}.", field=name)


def _differences(before: Terms, after: Terms) -> list[tuple[str, Any, Any]]:
    old, new = asdict(before), asdict(after)
    return [(name, old[name], new[name]) for name in old if old[name] != new[name]]


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, AnnouncedBy) else value
