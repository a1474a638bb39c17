"""Invoices: what customers owe."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import invoice_numbers, journal, outbox, states
from ledger.acts import Act
from ledger.database import MOST_ATTEMPTS, among, violated
from ledger.errors import Conflict, DuecourseError, NotFound
from ledger.identifiers import new_id
from ledger.invoice_facts import Instalment as Instalment
from ledger.invoice_facts import InvoiceFacts as InvoiceFacts
from ledger.invoice_facts import InvoiceRejected as InvoiceRejected
from ledger.invoice_facts import require_sound
from ledger.invoice_status import HOLDS as HOLDS
from ledger.invoice_status import age as age
from ledger.invoice_status import first_status as first_status
from ledger.invoice_status import hold as hold
from ledger.invoice_status import refresh as refresh
from ledger.invoice_status import reversible_until as reversible_until
from ledger.invoice_status import status_of as status_of
from ledger.journal import Booking, Place
from ledger.models import AccountKind, Creditor, Customer, Invoice
from ledger.references import StructuredReference


class InvoiceNotFound(NotFound):
    """There is no such invoice."""


class InvoiceClash(Conflict):
    """An invoice with this external id or number is already there and says something else."""


@dataclass(frozen=True, slots=True)
class Issued:
    """What became of one invoice in a bulk: its id and whether it is new, or the reason why it was refused."""

    invoice_id: str | None = None
    new: bool = False
    refusal: DuecourseError | None = None


def issue(session: Session, facts: InvoiceFacts, *, act: Act) -> Invoice:
    """A new invoice, booked as receivable; the same one again is given back unchanged.

    Raises InvoiceRejected naming the field, or InvoiceClash when external id or number stand for other content.
    """
    outcome = issue_many(session, [facts], act=act)[0]
    if outcome.refusal is not None:
        raise outcome.refusal
    return get(session, str(outcome.invoice_id))


def issue_many(session: Session, many: Sequence[InvoiceFacts], *, act: Act) -> list[Issued]:
    """Issue invoices in bulk, one outcome each in the order given; a refused one does not hinder the others.

    Whoever issues the same invoice at the same time gets the same id. Raises InvoiceClash for the whole bulk only
    when others were faster again and again.
    """
    for _ in range(MOST_ATTEMPTS):
        outcomes, rows = _decide(session, many, act)
        if _inserted(session, rows):
            _tell(session, rows, act=act)
            return outcomes
    raise InvoiceClash("Other requests are issuing the same invoices. Try again in a moment.", field="number")


def _decide(
    session: Session, many: Sequence[InvoiceFacts], act: Act
) -> tuple[list[Issued], list[dict[str, object]]]:
    """The outcome of each invoice, and the rows of the new ones."""
    faults = [_fault(facts) for facts in many]
    known = _Known.of(session, [facts for facts, fault in zip(many, faults, strict=True) if fault is None])
    outcomes = [
        Issued(refusal=fault) if fault is not None else known.take(facts)
        for facts, fault in zip(many, faults, strict=True)
    ]
    rows = [
        _row(str(outcome.invoice_id), facts, act)
        for facts, outcome in zip(many, outcomes, strict=True)
        if outcome.new
    ]
    return outcomes, rows


def _fault(facts: InvoiceFacts) -> DuecourseError | None:
    try:
        require_sound(facts)
    except DuecourseError as fault:
        return fault
    return None


def _inserted(session: Session, rows: Sequence[dict[str, object]]) -> bool:
    """Whether the rows are in; False when somebody else has just taken a number or external id of theirs."""
    if not rows:
        return True
    try:
        with session.begin_nested():
            session.execute(insert(Invoice), list(rows))
    except IntegrityError as error:
        if not violated(error).startswith("uq_invoices_"):
            raise
        return False
    return True


class _Known:
    """What the ledger already holds of a bulk of sound invoices, looked up in four queries."""

    def __init__(
        self,
        ids: dict[tuple[str, str], tuple[str, str]],
        numbers: set[tuple[str, str]],
        customers: set[str],
        creditors: set[str],
    ) -> None:
        self._ids, self._numbers = ids, numbers
        self._customers, self._creditors = customers, creditors

    @classmethod
    def of(cls, session: Session, many: Sequence[InvoiceFacts]) -> _Known:
        ours = among(Invoice.creditor_id, (facts.creditor_id for facts in many))
        held = select(Invoice.creditor_id, Invoice.external_id, Invoice.external_key, Invoice.id).where(
            ours, among(Invoice.external_id, (facts.external_id for facts in many if facts.external_id))
        )
        numbers = select(Invoice.creditor_id, Invoice.number).where(
            ours, among(Invoice.number, (facts.number for facts in many))
        )
        customers = select(Customer.id).where(among(Customer.id, (facts.customer_id for facts in many)))
        creditors = select(Creditor.id).where(among(Creditor.id, (facts.creditor_id for facts in many)))
        return cls(
            {(row[0], str(row[1])): (str(row[2]), row[3]) for row in session.execute(held)},
            {(row[0], row[1]) for row in session.execute(numbers)},
            set(session.scalars(customers)),
            set(session.scalars(creditors)),
        )

    def take(self, facts: InvoiceFacts) -> Issued:
        """What becomes of one invoice; a new one gets its id and is known from here on."""
        found = self._ids.get((facts.creditor_id, facts.external_id or ""))
        if found is not None:
            return _repeated(facts, *found)
        refusal = self._refusal(facts)
        if refusal is not None:
            return Issued(refusal=refusal)
        invoice_id = new_id("inv")
        self._numbers.add((facts.creditor_id, facts.number))
        if facts.external_id is not None:
            self._ids[(facts.creditor_id, facts.external_id)] = (facts.key, invoice_id)
        return Issued(invoice_id, new=True)

    def _refusal(self, facts: InvoiceFacts) -> DuecourseError | None:
        if facts.creditor_id not in self._creditors:
            return InvoiceRejected("There is no such creditor.", field="creditor_id")
        if facts.customer_id not in self._customers:
            return InvoiceRejected("There is no such customer.", field="customer_id")
        if (facts.creditor_id, facts.number) in self._numbers:
            return InvoiceClash("Another invoice already has this number.", field="number")
        return None


def _repeated(facts: InvoiceFacts, key: str, invoice_id: str) -> Issued:
    """The invoice whose external id `facts` repeat, if they say the same of it."""
    if key == facts.key:
        return Issued(invoice_id)
    clash = InvoiceClash(
        f"Invoice {invoice_id} already has this external id, with other content.", field="external_id"
    )
    return Issued(refusal=clash)


def _row(invoice_id: str, facts: InvoiceFacts, act: Act) -> dict[str, object]:
    return {
        "id": invoice_id,
        **asdict(facts),
        "reference": StructuredReference.parse(facts.reference).compact
        if facts.reference is not None
        else None,
        "instalments": None
        if facts.instalments is None
        else [
            {"due_on": one.due_on.isoformat(), "amount_minor": one.amount_minor} for one in facts.instalments
        ],
        "external_key": facts.key,
        "collection_status": str(first_status(facts.due_on, act.today)),
        "created_at": act.at,
    }


def _tell(session: Session, rows: Sequence[dict[str, object]], *, act: Act) -> None:
    """History, audit, events and bookings of new invoices."""
    by_status: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        by_status[str(row["collection_status"])].append(str(row["id"]))
        outbox.emit(session, _created_event(row, act))
    for status, ids in by_status.items():
        states.born(session, ids, status, noun="invoice", act=act)
    invoice_numbers.learn(session, ((str(row["creditor_id"]), str(row["number"])) for row in rows))
    journal.post(session, [_issued_booking(row) for row in rows], act=act)


def _issued_booking(row: Mapping[str, Any]) -> Booking:
    """Receivable against billed: the customer owes us the total."""
    return Booking(
        kind="invoice", object_id=row["id"], posted_on=row["issued_on"],
        debit=Place(row["creditor_id"], AccountKind.RECEIVABLE, row["currency"]),
        credit=Place(row["creditor_id"], AccountKind.BILLED, row["currency"]),
        amount_minor=row["total_minor"],
    )  # fmt: skip


def _created_event(row: Mapping[str, Any], act: Act) -> outbox.NewEvent:
    told = ("number", "customer_id", "total_minor", "currency", "collection_status")
    return outbox.NewEvent(
        type="invoice.created", object_id=row["id"], act=act, data={name: row[name] for name in told}
    )


def get(session: Session, invoice_id: str) -> Invoice:
    """Raises InvoiceNotFound."""
    found = session.get(Invoice, invoice_id)
    if found is None:
        raise InvoiceNotFound(f"There is no invoice {invoice_id[:40]}.", field="invoice_id")
    return found


def lock(session: Session, invoice_ids: Sequence[str]) -> dict[str, Invoice]:
    """The invoices, locked in id order until the transaction ends. Raises InvoiceNotFound."""
    rows = session.scalars(
        select(Invoice)
        .where(among(Invoice.id, invoice_ids))
        .order_by(Invoice.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {invoice.id: invoice for invoice in rows}
    for wanted in invoice_ids:
        if wanted not in found:
            raise InvoiceNotFound(f"There is no invoice {wanted[:40]}.", field="invoice_id")
    return found
