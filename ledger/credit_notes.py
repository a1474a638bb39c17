"""Credit notes: what we owe a customer back, to be set against invoices."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import audit, creditors, customers, journal
from ledger.acts import Act
from ledger.database import violated
from ledger.errors import Conflict, NotFound, Rejected
from ledger.identifiers import new_id
from ledger.journal import Booking, Place
from ledger.models import AccountKind, CreditNote
from ledger.money import LARGEST_MINOR, checked_currency
from ledger.texts import check_optional, checked_text


class CreditNoteNotFound(NotFound):
    """There is no such credit note."""


class CreditNoteClash(Conflict):
    """A credit note with this number or external id is already there and says something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNoteFacts:
    """What the ERP says of a credit note. `total_minor` is above zero, in minor units of `currency`."""

    creditor_id: str
    customer_id: str
    number: str
    currency: str
    total_minor: int
    issued_on: date
    external_id: str | None = None


def issue(session: Session, facts: CreditNoteFacts, *, act: Act) -> CreditNote:
    """A new credit note, booked against the receivable; the same one again is given back unchanged.

    Raises UnreadableText, UnknownCurrency or Rejected naming the field, CreditorNotFound, CustomerNotFound or
    CreditNoteClash; nothing is changed then.
    """
    _require_sound(facts)
    known = _known(session, facts)
    if known is not None:
        return known
    creditors.get(session, facts.creditor_id)
    customers.get(session, facts.customer_id)
    note = CreditNote(id=new_id("cdn"), **asdict(facts), created_at=act.at)
    try:
        with session.begin_nested():
            session.add(note)
    except IntegrityError as error:
        if not violated(error).startswith("uq_credit_notes_"):
            raise
        return _just_issued(session, facts)
    audit.record(session, "credit_note.created", note.id, act=act, total_minor=note.total_minor)
    journal.post(session, [_issued_booking(note)], act=act)
    return note


def find(session: Session, creditor_id: str, external_id: str | None) -> CreditNote | None:
    """The credit note with the ERP's own id, if there is one."""
    if external_id is None:
        return None
    return session.scalars(
        select(CreditNote).where(CreditNote.creditor_id == creditor_id, CreditNote.external_id == external_id)
    ).first()


def get(session: Session, credit_note_id: str) -> CreditNote:
    """Raises CreditNoteNotFound."""
    found = session.get(CreditNote, credit_note_id)
    if found is None:
        raise CreditNoteNotFound(f"There is no credit note {credit_note_id[:40]}.", field="credit_note_id")
    return found


def _issued_booking(note: CreditNote) -> Booking:
    return Booking(
        kind="credit_note", object_id=note.id, posted_on=note.issued_on,
        debit=Place(note.creditor_id, AccountKind.BILLED, note.currency),
        credit=Place(note.creditor_id, AccountKind.RECEIVABLE, note.currency),
        amount_minor=note.total_minor,
    )  # fmt: skip


def _known(session: Session, facts: CreditNoteFacts) -> CreditNote | None:
    known = find(session, facts.creditor_id, facts.external_id)
    if known is not None and any(getattr(known, name) != said for name, said in asdict(facts).items()):
        raise CreditNoteClash(
            f"Credit note {known.id} already has this external id, with other content.", field="external_id"
        )
    return known


def _just_issued(session: Session, facts: CreditNoteFacts) -> CreditNote:
    """The same credit note, if it is what another request has just issued; else its number is taken."""
    known = _known(session, facts)
    if known is None:
        raise CreditNoteClash("Another credit note already has this number.", field="number")
    return known


def _require_sound(facts: CreditNoteFacts) -> None:
    checked_text(facts.number, field="number", longest=60)
    if facts.number != facts.number.strip():
        raise Rejected("The number has blanks at its ends.", field="number")
    check_optional(asdict(facts), {"creditor_id": 40, "customer_id": 40, "external_id": 100})
    checked_currency(facts.currency)
    if facts.total_minor <= 0:
        raise Rejected("The total of a credit note is above zero.", field="total_minor")
    if facts.total_minor > LARGEST_MINOR:
        raise Rejected("The total is larger than any amount of money.", field="total_minor")
