"""Invoices: what customers owe, and where the collection of each one stands."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import audit, journal, outbox, states
from ledger.acts import Act
from ledger.banking import RfReference
from ledger.database import violated
from ledger.errors import Conflict, DuecourseError, NotFound, Rejected
from ledger.identifiers import new_id
from ledger.journal import Booking, Place
from ledger.models import AccountKind, Customer, Invoice
from ledger.money import LARGEST_MINOR, checked_currency
from ledger.states import CollectionStatus

# Statuses that a floor above puts on an open invoice; they go before what amounts and dates say.
HOLDS = frozenset(
    {
        CollectionStatus.COLLECTING,
        CollectionStatus.DISPUTED,
        CollectionStatus.PROMISED,
        CollectionStatus.IN_PLAN,
    }
)
_PAID = frozenset({CollectionStatus.PAID, CollectionStatus.PAID_PROVISIONAL})


class InvoiceNotFound(NotFound):
    """There is no such invoice."""


class InvoiceClash(Conflict):
    """An invoice with this external id or number is already there and says something else."""


class InvoiceRejected(Rejected):
    """The invoice is wrong in itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceFacts:
    """What the ERP says of an invoice. `total_minor` is above zero, in minor units of `currency`."""

    creditor_id: str
    customer_id: str
    number: str
    currency: str
    total_minor: int
    issued_on: date
    due_on: date
    external_id: str | None = None
    reference: str | None = None
    purchase_order: str | None = None
    discount_days: int | None = None
    discount_percent: Decimal | None = None

    @property
    def key(self) -> str:
        """A fingerprint of everything said, to tell a repeated invoice from a changed one."""
        said = {name: None if value is None else str(value) for name, value in asdict(self).items()}
        return hashlib.sha256(audit.canonical(dict(said)).encode()).hexdigest()


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
    """Issue invoices in bulk, one outcome each in the order given; a refused one does not hinder the others."""
    ledger_says = _Known.of(session, many)
    rows: list[dict[str, object]] = []
    outcomes = []
    for facts in many:
        try:
            known = ledger_says.same(facts)
            if known is None:
                ledger_says.require_new(facts)
                rows.append(_row(facts, act))
                ledger_says.add(facts, str(rows[-1]["id"]))
            outcomes.append(Issued(known or str(rows[-1]["id"]), new=known is None))
        except DuecourseError as refusal:
            outcomes.append(Issued(refusal=refusal))
    _write(session, rows, act=act)
    return outcomes


class _Known:
    """What the ledger already holds of a bulk of invoices, looked up in three queries."""

    def __init__(
        self, ids: dict[tuple[str, str], tuple[str, str]], numbers: set[tuple[str, str]], customers: set[str]
    ) -> None:
        self._ids, self._numbers, self._customers = ids, numbers, customers

    @classmethod
    def of(cls, session: Session, many: Sequence[InvoiceFacts]) -> _Known:
        creditors = {facts.creditor_id for facts in many}
        external = {facts.external_id for facts in many if facts.external_id}
        held = select(Invoice.creditor_id, Invoice.external_id, Invoice.external_key, Invoice.id).where(
            Invoice.creditor_id.in_(creditors), Invoice.external_id.in_(external)
        )
        numbers = select(Invoice.creditor_id, Invoice.number).where(
            Invoice.creditor_id.in_(creditors), Invoice.number.in_({facts.number for facts in many})
        )
        customers = select(Customer.id).where(Customer.id.in_({facts.customer_id for facts in many}))
        return cls(
            {(row[0], str(row[1])): (str(row[2]), row[3]) for row in session.execute(held)},
            {(row[0], row[1]) for row in session.execute(numbers)},
            set(session.scalars(customers)),
        )

    def same(self, facts: InvoiceFacts) -> str | None:
        """The id of the invoice that `facts` repeat; raises InvoiceClash when it says something else."""
        found = self._ids.get((facts.creditor_id, facts.external_id or ""))
        if found is None:
            return None
        key, invoice_id = found
        if key != facts.key:
            raise InvoiceClash(
                f"Invoice {invoice_id} already has this external id, with other content.",
                field="external_id",
            )
        return invoice_id

    def require_new(self, facts: InvoiceFacts) -> None:
        """Raises InvoiceRejected or InvoiceClash unless a sound invoice with a free number is described."""
        _require_sound(facts)
        if facts.customer_id not in self._customers:
            raise InvoiceRejected("There is no such customer.", field="customer_id")
        if (facts.creditor_id, facts.number) in self._numbers:
            raise InvoiceClash("Another invoice already has this number.", field="number")

    def add(self, facts: InvoiceFacts, invoice_id: str) -> None:
        self._numbers.add((facts.creditor_id, facts.number))
        if facts.external_id:
            self._ids[(facts.creditor_id, facts.external_id)] = (facts.key, invoice_id)


def _row(facts: InvoiceFacts, act: Act) -> dict[str, object]:
    return {
        "id": new_id("inv"),
        **asdict(facts),
        "reference": RfReference.parse(facts.reference).compact if facts.reference else None,
        "external_key": facts.key,
        "collection_status": str(first_status(facts.due_on, act.today)),
        "created_at": act.at,
    }


def _write(session: Session, rows: Sequence[dict[str, object]], *, act: Act) -> None:
    if not rows:
        return
    try:
        session.execute(insert(Invoice), list(rows))
    except IntegrityError as error:
        if not violated(error).startswith("uq_invoices_"):
            raise
        raise InvoiceClash(
            "Another request has just issued an invoice with this number or external id.", field="number"
        ) from error
    by_status: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        by_status[str(row["collection_status"])].append(str(row["id"]))
        outbox.emit(session, _created_event(row, act))
    for status, ids in by_status.items():
        states.born(session, ids, status, noun="invoice", act=act)
    journal.post(session, [_issued_booking(row) for row in rows], act=act)


def first_status(due_on: date, today: date) -> CollectionStatus:
    """The status of an invoice on which nothing has happened yet."""
    if due_on > today:
        return CollectionStatus.NOT_DUE
    return CollectionStatus.DUE if due_on == today else CollectionStatus.OVERDUE


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
        .where(Invoice.id.in_(set(invoice_ids)))
        .order_by(Invoice.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {invoice.id: invoice for invoice in rows}
    for wanted in invoice_ids:
        if wanted not in found:
            raise InvoiceNotFound(f"There is no invoice {wanted[:40]}.", field="invoice_id")
    return found


def status_of(
    *, total_minor: int, open_minor: int, due_on: date, hold: str | None, provisional: bool, today: date
) -> CollectionStatus:
    """The collection status that amounts, date and hold amount to on `today`."""
    if open_minor == 0:
        return CollectionStatus.PAID_PROVISIONAL if provisional else CollectionStatus.PAID
    if hold is not None:
        return CollectionStatus(hold)
    if open_minor < total_minor:
        return CollectionStatus.PARTLY_PAID
    return first_status(due_on, today)


_FACTS = text(
    """
    SELECT id, total_minor, open_minor, due_on, hold, collection_status AS status, currency,
        EXISTS (
            SELECT 1 FROM allocations JOIN payments ON payments.id = allocations.payment_id
            WHERE allocations.invoice_id = invoices.id AND allocations.reversed_at IS NULL
            AND payments.state = 'provisional'
        ) AS provisional
    FROM invoices
    WHERE id = ANY(:ids) AND collection_status NOT IN ('cancelled', 'written_off')
    ORDER BY id
    """
)


def refresh(
    session: Session,
    invoice_ids: Sequence[str],
    *,
    act: Act,
    cause: str,
    reason_code: str | None = None,
) -> None:
    """Bring the status of `invoice_ids` in line with their facts; `cause` (noun.what_happened) goes into events."""
    session.flush()
    turning: dict[CollectionStatus, list[str]] = defaultdict(list)
    for row in session.execute(_FACTS, {"ids": sorted(set(invoice_ids))}):
        now = status_of(
            total_minor=row.total_minor, open_minor=row.open_minor, due_on=row.due_on, hold=row.hold,
            provisional=row.provisional, today=act.today,
        )  # fmt: skip
        if now == row.status:
            continue
        turning[now].append(row.id)
        kind = _event_type(CollectionStatus(row.status), now)
        if kind is not None:
            data = {"collection_status": str(now), "open_minor": row.open_minor, "currency": row.currency}
            outbox.emit(
                session,
                outbox.NewEvent(
                    type=kind, object_id=row.id, act=act, cause=cause, reason_code=reason_code, data=data
                ),
            )
    for status, ids in turning.items():
        states.move(session, states.INVOICE, ids, status, act=act, reason=cause)


def hold(session: Session, invoice_ids: Sequence[str], kind: str | None, *, act: Act, cause: str) -> None:
    """Put a hold on invoices, or lift theirs with None, and refresh their status."""
    if kind is not None and kind not in HOLDS:
        raise ValueError(f"{kind} is no hold")
    session.flush()
    session.execute(
        text("UPDATE invoices SET hold = :kind, version = version + 1 WHERE id = ANY(:ids)"),
        {"kind": kind, "ids": sorted(set(invoice_ids))},
    )
    refresh(session, invoice_ids, act=act, cause=cause)


def age(session: Session, *, act: Act) -> int:
    """Turn what has become due or overdue by `act.today`; gives how many invoices were looked at."""
    ids = session.scalars(
        select(Invoice.id).where(
            Invoice.open_minor > 0,
            (Invoice.collection_status == CollectionStatus.NOT_DUE) & (Invoice.due_on <= act.today)
            | (Invoice.collection_status == CollectionStatus.DUE) & (Invoice.due_on < act.today),
        )
    ).all()
    refresh(session, ids, act=act, cause="invoice.aged")
    return len(ids)


_REACHED = {
    CollectionStatus.DUE: "invoice.due",
    CollectionStatus.OVERDUE: "invoice.overdue",
    CollectionStatus.PARTLY_PAID: "invoice.partly_paid",
}


def _event_type(before: CollectionStatus, now: CollectionStatus) -> str | None:
    if now in _PAID:
        return None if before in _PAID and now == CollectionStatus.PAID_PROVISIONAL else "invoice.paid"
    if before in _PAID:
        return "invoice.reopened"
    return _REACHED.get(now)


def _require_sound(facts: InvoiceFacts) -> None:
    checked_currency(facts.currency)
    if facts.total_minor <= 0:
        raise InvoiceRejected(
            "The total of an invoice is above zero; what is owed to the customer is a credit note.",
            field="total_minor",
        )
    if facts.total_minor > LARGEST_MINOR:
        raise InvoiceRejected("The total is larger than any amount of money.", field="total_minor")
    if not facts.number.strip():
        raise InvoiceRejected("An invoice needs a number.", field="number")
    if facts.due_on < facts.issued_on:
        raise InvoiceRejected("An invoice is not due before it is issued.", field="due_on")
    if facts.reference is not None:
        RfReference.parse(facts.reference)
