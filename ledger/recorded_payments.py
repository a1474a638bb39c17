"""Payments told by a person or the ERP before a statement shows them, until their line comes or they are withdrawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ARRAY, BigInteger, and_, any_, insert, literal, select, text
from sqlalchemy.orm import Session

from ledger import allocations, creditors, customers, grants, invoices, journal, outbox, payments, states
from ledger.acts import Act
from ledger.allocations import Wish
from ledger.database import among, expire_rows
from ledger.errors import Conflict, Rejected
from ledger.grants import Grant
from ledger.identifiers import new_id
from ledger.journal import Booking, Place
from ledger.models import AccountKind, AllocationKind, Method, Payment
from ledger.money import LARGEST_MINOR, checked_currency
from ledger.payments import StillAllocated
from ledger.states import PaymentState
from ledger.texts import checked_text

# Recorded, and no statement has shown it yet.
IN_TRANSIT = and_(
    Payment.recorded_at.is_not(None), Payment.met_at.is_(None), Payment.state == PaymentState.PROVISIONAL
)


class NotInTransit(Conflict):
    """The payment was not recorded before its statement line, has met it, or was withdrawn."""


class NotMet(Conflict):
    """No statement line has met this recorded payment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is said of money that should be on its way. `amount_minor` is above zero.

    Without a bank account it may come on any of the creditor's.
    """

    creditor_id: str
    customer_id: str
    method: Method
    currency: str
    amount_minor: int
    received_on: date
    bank_account_id: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What an invoice gets of a recorded payment, and the discount granted beside it; each zero or more."""

    invoice_id: str
    amount_minor: int
    discount_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InTransit:
    """A recorded payment that waits for its statement line."""

    payment_id: str
    customer_id: str | None
    bank_account_id: str | None
    method: str
    currency: str
    amount_minor: int
    received_on: date
    reference: str | None


def record(session: Session, told: Told, *, given: Sequence[Given] = (), act: Act) -> Payment:
    """A provisional payment out of in_transit, with what it gives to invoices; the rest of it is on account.

    It becomes final when its statement line meets it. Raises Rejected or UnreadableText naming the field,
    UnknownCurrency, CreditorNotFound, CustomerNotFound, BankAccountNotFound, or what allocate and grant raise;
    nothing is changed then.
    """
    _require_sound(session, told, act)
    payment_id = new_id("pay")
    row = {
        "id": payment_id, "creditor_id": told.creditor_id, "customer_id": told.customer_id,
        "bank_account_id": told.bank_account_id, "method": str(told.method), "currency": told.currency,
        "amount_minor": told.amount_minor, "received_on": told.received_on, "reference": told.reference,
        "state": str(PaymentState.PROVISIONAL), "recorded_at": act.at, "created_at": act.at,
    }  # fmt: skip
    session.execute(insert(Payment), [row])
    states.born(session, [payment_id], PaymentState.PROVISIONAL, noun="payment", act=act)
    payment = payments.get(session, payment_id)
    journal.post(session, [_recorded_booking(payment)], act=act)
    _emit(session, "payment.recorded", payment, act=act, cause="payment.recorded", origin="duecourse")
    _give(session, payment, given, act)
    return payment


def meet(session: Session, met: Mapping[str, date], *, act: Act, cause: str) -> None:
    """Statement lines booked on these days show recorded payments: they are final, and in_transit is cleared.

    `met` is by payment id; the amount of each line is that of the payment, which the caller has seen to. Raises
    NotInTransit or PaymentNotFound; nothing is changed then.
    """
    held = payments.lock(session, list(met))
    for payment in held.values():
        _require_in_transit(payment)
    states.move(session, states.PAYMENT, list(held), PaymentState.FINAL, act=act, reason=cause)
    _set_met(session, held, act)
    bookings = [_met_booking(payment, met[payment.id]) for payment in held.values()]
    journal.post_in_turn(session, bookings, act=act)
    for payment in held.values():
        _emit(session, "payment.received", payment, act=act, cause=cause, origin="bank")
    _refresh(session, held, act, cause)


def unmeet(
    session: Session, payment_ids: Sequence[str], *, on: date, because: str, act: Act, cause: str
) -> None:
    """The lines that met these payments were not theirs: in transit again, provisional, the lines' money in suspense.

    What they give to invoices stands. Raises NotMet, StillAllocated when a part of one went back to its customer,
    UnreadableText or PaymentNotFound; nothing is changed then.
    """
    checked_text(because, field="because", longest=200)
    held = payments.lock(session, payment_ids)
    for payment in held.values():
        if payment.met_at is None or payment.state != PaymentState.FINAL:
            raise NotMet(f"No statement line has met payment {payment.id}.", id=payment.id)
        if payment.returned_minor or payment.refunded_minor:
            raise StillAllocated(f"A part of payment {payment.id} went back.", id=payment.id)
    states.move(session, states.PAYMENT, list(held), PaymentState.PROVISIONAL, act=act, reason=because)
    _set_met(session, held, None)
    journal.post_back(session, [_met_booking(payment, on) for payment in held.values()], act=act)
    for payment in held.values():
        _emit(session, "payment.unmet", payment, act=act, cause=cause, origin="duecourse")
    _refresh(session, held, act, cause)


def withdraw(session: Session, payment_id: str, *, because: str, act: Act) -> Payment:
    """The money never came: what it gave is reversed, the invoices are open again, the payment is cancelled.

    Raises NotInTransit, UnreadableText or PaymentNotFound; nothing is changed then.
    """
    checked_text(because, field="because", longest=200)
    held = payments.lock(session, [payment_id])
    _require_in_transit(held[payment_id])
    standing = [one.id for one in allocations.standing_of(session, [payment_id])]
    if standing:
        allocations.reverse(
            session, standing, because=because, on=act.today, act=act, cause="payment.cancelled"
        )
    payments.give_up(session, held, because=because, act=act, cause="payment.withdrawn")
    back = payments.cancelled_booking(held[payment_id], act.today, AccountKind.IN_TRANSIT)
    journal.post(session, [back], act=act)
    return payments.get(session, payment_id)


def waiting_for(
    session: Session,
    creditor_id: str,
    *,
    amounts_minor: Iterable[int],
    customer_ids: Iterable[str] | None = None,
) -> list[InTransit]:
    """The creditor's payments in transit of one of these amounts, by day and id; of these customers alone, if any.

    One indexed read for as many amounts as there are.
    """
    query = (
        select(
            Payment.id.label("payment_id"), Payment.customer_id, Payment.bank_account_id, Payment.method,
            Payment.currency, Payment.amount_minor, Payment.received_on, Payment.reference,
        )
        .where(
            Payment.creditor_id == creditor_id,
            Payment.amount_minor == any_(literal(sorted(set(amounts_minor)), ARRAY(BigInteger))),
            IN_TRANSIT,
        )
        .order_by(Payment.received_on, Payment.id)
    )  # fmt: skip
    if customer_ids is not None:
        query = query.where(among(Payment.customer_id, customer_ids))
    return [InTransit(**row) for row in session.execute(query).mappings()]


def _require_sound(session: Session, told: Told, act: Act) -> None:
    checked_currency(told.currency)
    if not 0 < told.amount_minor <= LARGEST_MINOR:
        raise Rejected(
            "A payment is above zero, and no larger than any amount of money.", field="amount_minor"
        )
    if told.received_on > act.today:
        raise Rejected("A payment is recorded on the day it came in, or later.", field="received_on")
    if told.reference is not None:
        checked_text(told.reference, field="reference", longest=140)
    creditors.get(session, told.creditor_id)
    customers.get(session, told.customer_id)
    if told.bank_account_id is not None:
        account = creditors.get_bank_account(session, told.bank_account_id)
        if (account.creditor_id, account.currency) != (told.creditor_id, told.currency):
            raise Rejected("The bank account is of another creditor or currency.", field="bank_account_id")


def _give(session: Session, payment: Payment, given: Sequence[Given], act: Act) -> None:
    if any(one.amount_minor < 0 or one.discount_minor < 0 for one in given):
        raise Rejected("What an invoice gets is not below zero.", field="allocations")
    evidence = ("It was recorded with the payment.",)
    wishes = [
        Wish(
            source_id=payment.id, invoice_id=one.invoice_id, amount_minor=one.amount_minor,
            allocated_on=payment.received_on, decided_by=act.actor, evidence=evidence,
        )
        for one in given if one.amount_minor
    ]  # fmt: skip
    discounts = [
        Grant(
            invoice_id=one.invoice_id, kind=AllocationKind.DISCOUNT, amount_minor=one.discount_minor,
            granted_on=payment.received_on, decided_by=act.actor, evidence=evidence,
            beside_payment_id=payment.id,
        )
        for one in given if one.discount_minor
    ]  # fmt: skip
    allocations.allocate(session, wishes, act=act, cause="payment.recorded")
    grants.grant(session, discounts, act=act, cause="payment.recorded")


def _require_in_transit(payment: Payment) -> None:
    recorded = payment.recorded_at is not None and payment.met_at is None
    if not recorded or payment.state != PaymentState.PROVISIONAL:
        raise NotInTransit(f"Payment {payment.id} is not in transit.", id=payment.id)


def _set_met(session: Session, held: Mapping[str, Payment], act: Act | None) -> None:
    session.execute(
        text("UPDATE payments SET met_at = :at WHERE id = ANY(:ids)"),
        {"at": None if act is None else act.at, "ids": sorted(held)},
    )
    expire_rows(session, "payments", held, ("met_at",))


def _refresh(session: Session, held: Mapping[str, Payment], act: Act, cause: str) -> None:
    """The invoices that these payments pay are paid for good, or provisionally again."""
    touched = sorted({one.invoice_id for one in allocations.standing_of(session, list(held))})
    if touched:
        invoices.refresh(session, touched, act=act, cause=cause)


def _emit(session: Session, kind: str, payment: Payment, *, act: Act, cause: str, origin: str) -> None:
    data = {
        "amount_minor": payment.amount_minor, "currency": payment.currency,
        "customer_id": payment.customer_id, "state": payment.state,
    }  # fmt: skip
    outbox.emit(
        session,
        outbox.NewEvent(type=kind, object_id=payment.id, act=act, origin=origin, cause=cause, data=data),
    )


def _recorded_booking(payment: Payment) -> Booking:
    return Booking(
        kind="payment_recorded", object_id=payment.id, posted_on=payment.received_on,
        debit=Place(payment.creditor_id, AccountKind.IN_TRANSIT, payment.currency),
        credit=Place(payment.creditor_id, AccountKind.UNAPPLIED, payment.currency),
        amount_minor=payment.amount_minor,
    )  # fmt: skip


def _met_booking(payment: Payment, on: date) -> Booking:
    return Booking(
        kind="payment_met", object_id=payment.id, posted_on=on,
        debit=Place(payment.creditor_id, AccountKind.SUSPENSE, payment.currency),
        credit=Place(payment.creditor_id, AccountKind.IN_TRANSIT, payment.currency),
        amount_minor=payment.amount_minor,
    )  # fmt: skip
