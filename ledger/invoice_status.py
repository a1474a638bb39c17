"""Where the collection of an invoice stands: the status that amounts, dates and holds amount to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from ledger import outbox, states
from ledger.acts import Act
from ledger.database import among, expire_rows
from ledger.models import Allocation, Invoice, Payment
from ledger.states import CollectionStatus, PaymentState

# Statuses that a floor above puts on an open invoice; they go before what amounts and dates say.
HOLDS = frozenset(
    {
        CollectionStatus.COLLECTING,
        CollectionStatus.DISPUTED,
        CollectionStatus.PROMISED,
        CollectionStatus.IN_PLAN,
    }
)
_NOTHING: Mapping[str, int] = MappingProxyType({})
_PAID = frozenset({CollectionStatus.PAID, CollectionStatus.PAID_PROVISIONAL})


def first_status(due_on: date, today: date) -> CollectionStatus:
    """The status of an invoice on which nothing has happened yet."""
    if due_on > today:
        return CollectionStatus.NOT_DUE
    return CollectionStatus.DUE if due_on == today else CollectionStatus.OVERDUE


def status_of(
    *,
    total_minor: int,
    open_minor: int,
    due_on: date,
    hold: str | None,
    provisional: bool,
    given_up: bool = False,
    today: date,
) -> CollectionStatus:
    """The collection status that amounts, date and hold amount to on `today`.

    `provisional`: some of the money that closes it may still be taken back. `given_up`: whatever closes it is a
    write-off; with any money, credit note or discount in it, an invoice that is closed is paid.
    """
    if open_minor == 0 and given_up:
        return CollectionStatus.WRITTEN_OFF
    if open_minor == 0:
        return CollectionStatus.PAID_PROVISIONAL if provisional else CollectionStatus.PAID
    if hold is not None:
        return CollectionStatus(hold)
    if open_minor < total_minor:
        return CollectionStatus.PARTLY_PAID
    return first_status(due_on, today)


_LOCK = text("SELECT id FROM invoices WHERE id = ANY(:ids) ORDER BY id FOR UPDATE")
# Read after the lock, in a statement of its own: only that sees what the one who held the lock before has done.
_FACTS = text(
    """
    SELECT id, total_minor, open_minor, due_on, hold, collection_status AS status, currency,
        EXISTS (
            SELECT 1 FROM allocations JOIN payments ON payments.id = allocations.payment_id
            WHERE allocations.invoice_id = invoices.id AND allocations.reversed_at IS NULL
            AND payments.state = 'provisional'
        ) AS provisional,
        NOT EXISTS (
            SELECT 1 FROM allocations WHERE allocations.invoice_id = invoices.id
            AND allocations.reversed_at IS NULL AND allocations.kind <> 'write_off'
        ) AS given_up
    FROM invoices
    WHERE id = ANY(:ids) AND collection_status <> 'cancelled'
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
    given: Mapping[str, int] = _NOTHING,
    insecure: Container[str] = (),
) -> None:
    """Bring the status of `invoice_ids` in line with their facts; `cause` (noun.what_happened) goes into events.

    The invoices are locked in id order first, so that what is read of them stays true until the transaction ends.
    `given` is what the caller is about to allocate, by invoice, in minor units of money or credit: an invoice that
    moves counts it with the same write, for any other the trigger does. Of `insecure` it may be taken back.
    """
    session.flush()
    ids = sorted(set(invoice_ids))
    session.execute(_LOCK, {"ids": ids})
    turning: dict[CollectionStatus, list[str]] = defaultdict(list)
    for row in session.execute(_FACTS, {"ids": ids}):
        open_minor = row.open_minor - given.get(row.id, 0)
        now = status_of(
            total_minor=row.total_minor, open_minor=open_minor, due_on=row.due_on, hold=row.hold,
            provisional=row.provisional or row.id in insecure,
            given_up=row.given_up and row.id not in given, today=act.today,
        )  # fmt: skip
        if now == row.status:
            continue
        turning[now].append(row.id)
        kind = _event_type(CollectionStatus(row.status), now)
        if kind is not None:
            data = {"collection_status": str(now), "open_minor": open_minor, "currency": row.currency}
            outbox.emit(
                session,
                outbox.NewEvent(
                    type=kind, object_id=row.id, act=act, cause=cause, reason_code=reason_code, data=data
                ),
            )
    for status, turned in turning.items():
        states.move(
            session, states.INVOICE, turned, status, act=act, reason=cause,
            adding=("allocated_minor", given) if given else None,
        )  # fmt: skip


def hold(session: Session, invoice_ids: Sequence[str], kind: str | None, *, act: Act, cause: str) -> None:
    """Put a hold on invoices, or lift theirs with None, and refresh their status."""
    if kind is not None and kind not in HOLDS:
        raise ValueError(f"{kind} is no hold")
    session.flush()
    ids = sorted(set(invoice_ids))
    session.execute(_LOCK, {"ids": ids})
    session.execute(
        text("UPDATE invoices SET hold = :kind, version = version + 1 WHERE id = ANY(:ids)"),
        {"kind": kind, "ids": ids},
    )
    expire_rows(session, "invoices", ids, ("hold", "version"))
    refresh(session, ids, act=act, cause=cause)


def reversible_until(session: Session, invoice_ids: Iterable[str]) -> dict[str, date]:
    """By invoice id, the last day on which money that pays it may be taken back; without provisional money no entry."""
    rows = session.execute(
        select(Allocation.invoice_id, func.max(Payment.reversible_until))
        .join(Payment, Payment.id == Allocation.payment_id)
        .where(
            among(Allocation.invoice_id, invoice_ids),
            Allocation.reversed_at.is_(None),
            Payment.state == PaymentState.PROVISIONAL,
            Payment.reversible_until.is_not(None),
        )
        .group_by(Allocation.invoice_id)
    )
    return {row[0]: row[1] for row in rows if row[1] is not None}


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
    if now == CollectionStatus.WRITTEN_OFF:
        return None  # the write-off itself was told of
    if before in _PAID or before == CollectionStatus.WRITTEN_OFF:
        return "invoice.reopened"
    return _REACHED.get(now)
