"""Payments: money that came in, how sure it is, and what goes back of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ledger import journal, outbox, states
from ledger.acts import Act
from ledger.database import among, copy_rows, expire_rows
from ledger.errors import Conflict, NotFound, Rejected
from ledger.identifiers import new_id
from ledger.journal import Booking, Place
from ledger.models import AccountKind, Allocation, Method, Payment
from ledger.money import checked_currency
from ledger.states import PaymentState
from ledger.texts import checked_text


class PaymentNotFound(NotFound):
    """There is no such payment."""


class StillAllocated(Conflict):
    """A payment goes back only when nothing of it, or beside it, is allocated any more."""


class NotHeld(Conflict):
    """The money of the payment is not here yet, or not any more."""


class Recorded(Conflict):
    """A payment that was recorded before its line came loses its line, or is withdrawn; it is not cancelled."""


_COLUMNS = (
    "id", "creditor_id", "bank_account_id", "customer_id", "method", "state", "currency", "amount_minor",
    "allocated_minor", "received_on", "reversible_until", "reference", "created_at",
)  # fmt: skip
_HELD = (PaymentState.PROVISIONAL, PaymentState.FINAL)
_GONE_BACK = (PaymentState.RETURNED, PaymentState.REFUNDED, PaymentState.CHARGED_BACK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Money seen on a statement. `amount_minor` is above zero; `reversible_until` makes it provisional."""

    creditor_id: str
    bank_account_id: str
    customer_id: str | None
    method: Method
    currency: str
    amount_minor: int
    received_on: date
    reversible_until: date | None = None
    reference: str | None = None

    @property
    def state(self) -> PaymentState:
        """The first state of the payment."""
        return PaymentState.FINAL if self.reversible_until is None else PaymentState.PROVISIONAL


def receive(
    session: Session, receipts: Sequence[Receipt], *, act: Act, cause: str, spoken_for: Sequence[int] = ()
) -> list[str]:
    """New payments out of suspense, one id each in the order given: provisional while they can be taken back.

    `spoken_for` is how much of each the caller allocates at once, by ledger.allocations.allocate with what was
    `received`: counted at birth, no row is written twice. Raises Rejected for an amount that is not above zero, or
    UnknownCurrency.
    """
    for receipt in receipts:
        checked_currency(receipt.currency)
        if receipt.amount_minor <= 0:
            raise Rejected("A payment is above zero.", field="amount_minor")
    if not receipts:
        return []
    numbered = [(new_id("pay"), receipt) for receipt in receipts]
    counted = spoken_for or [0] * len(receipts)
    rows = (_row(*each, allocated, act) for each, allocated in zip(numbered, counted, strict=True))
    copy_rows(session, "payments", _COLUMNS, rows)
    for state in (PaymentState.PROVISIONAL, PaymentState.FINAL):
        born = [one for one, receipt in numbered if receipt.state == state]
        states.born(session, born, state, noun="payment", act=act, reason=cause)
    journal.post(session, [_received_booking(one, receipt) for one, receipt in numbered], act=act)
    for payment_id, receipt in numbered:
        data = {
            "amount_minor": receipt.amount_minor, "currency": receipt.currency,
            "customer_id": receipt.customer_id, "state": str(receipt.state),
        }  # fmt: skip
        outbox.emit(
            session,
            outbox.NewEvent(
                type="payment.received", object_id=payment_id, act=act, origin="bank", cause=cause, data=data
            ),
        )
    return [payment_id for payment_id, _ in numbered]


def get(session: Session, payment_id: str) -> Payment:
    """Raises PaymentNotFound."""
    found = session.get(Payment, payment_id)
    if found is None:
        raise PaymentNotFound(f"There is no payment {payment_id[:40]}.", field="payment_id")
    return found


def lock(session: Session, payment_ids: Sequence[str]) -> dict[str, Payment]:
    """The payments, locked in id order until the transaction ends. Raises PaymentNotFound."""
    rows = session.scalars(
        select(Payment)
        .where(among(Payment.id, payment_ids))
        .order_by(Payment.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {payment.id: payment for payment in rows}
    for wanted in payment_ids:
        if wanted not in found:
            raise PaymentNotFound(f"There is no payment {wanted[:40]}.", field="payment_id")
    return found


def require_held(payment_id: str, state: str) -> None:
    """Raises NotHeld unless the money is here, for now (provisional) or for good (final)."""
    if state not in _HELD:
        raise NotHeld(f"Payment {payment_id} is {state}: its money is not here.", field="payment_id")


def take_back(
    session: Session,
    payment_ids: Sequence[str],
    to: PaymentState,
    *,
    on: date,
    act: Act,
    reason_code: str | None,
    cause: str,
) -> None:
    """The bank took whole payments back: they move to `to` and out into suspense again.

    `to` is returned, refunded or charged back, and ValueError is raised for any other. Allocations and refunds of
    them must have been taken back before. Raises StillAllocated or IllegalMove; nothing is changed then.
    """
    if to not in _GONE_BACK:
        raise ValueError(f"a payment does not go back by becoming {to}")
    held = lock(session, payment_ids)
    for payment in held.values():
        states.require_legal(states.PAYMENT, payment.id, payment.state, to)
        require_arrived(payment)
        _require_whole(payment)
    states.move(session, states.PAYMENT, payment_ids, to, act=act, reason=reason_code)
    _take_out(session, held)
    journal.post(session, [_returned_booking(payment, on) for payment in held.values()], act=act)
    kind = "payment.refunded" if to == PaymentState.REFUNDED else "payment.returned"
    for payment in held.values():
        data = {"amount_minor": payment.amount_minor, "currency": payment.currency}
        outbox.emit(
            session,
            outbox.NewEvent(
                type=kind, object_id=payment.id, act=act, origin="bank", cause=cause,
                reason_code=reason_code, data=data,
            ),
        )  # fmt: skip


def cancel(
    session: Session, payment_ids: Sequence[str], *, on: date, because: str, act: Act, cause: str
) -> None:
    """What made these payments of statement lines was a mistake: they are cancelled, their money in suspense again.

    Their allocations, and those granted beside them, must have been reversed before, and nothing of them be on its
    way back. Raises StillAllocated, Recorded, IllegalMove, UnreadableText or PaymentNotFound; nothing is changed then.
    """
    checked_text(because, field="because", longest=200)
    held = lock(session, payment_ids)
    for payment in held.values():
        if payment.recorded_at is not None:
            raise Recorded(
                f"Payment {payment.id} was recorded before its line and cannot be cancelled.", id=payment.id
            )
    give_up(session, held, because=because, act=act, cause=cause)
    bookings = [cancelled_booking(payment, on, AccountKind.SUSPENSE) for payment in held.values()]
    journal.post(session, bookings, act=act)


def give_up(session: Session, held: Mapping[str, Payment], *, because: str, act: Act, cause: str) -> None:
    """Move locked payments to cancelled, each with its event; where their money goes is the caller's to book.

    Raises StillAllocated or IllegalMove; nothing is changed then.
    """
    for payment in held.values():
        states.require_legal(states.PAYMENT, payment.id, payment.state, PaymentState.CANCELLED)
        _require_whole(payment)
    _require_nothing_beside(session, held)
    states.move(session, states.PAYMENT, list(held), PaymentState.CANCELLED, act=act, reason=because)
    _take_out(session, held)
    for payment in held.values():
        data = {"amount_minor": payment.amount_minor, "currency": payment.currency}
        outbox.emit(
            session,
            outbox.NewEvent(type="payment.cancelled", object_id=payment.id, act=act, cause=cause, data=data),
        )


def _require_whole(payment: Payment) -> None:
    if payment.unallocated_minor != payment.amount_minor:
        raise StillAllocated(f"Payment {payment.id} is still allocated, or a part of it went back.")


def _require_nothing_beside(session: Session, held: Mapping[str, Payment]) -> None:
    beside = session.scalars(
        select(Allocation.beside_payment_id).where(
            among(Allocation.beside_payment_id, held), Allocation.reversed_at.is_(None)
        )
    ).first()
    if beside is not None:
        raise StillAllocated(f"Something granted beside payment {beside} still stands.")


def _take_out(session: Session, held: Mapping[str, Payment]) -> None:
    """Nothing of these payments is left."""
    session.execute(
        text("UPDATE payments SET returned_minor = amount_minor WHERE id = ANY(:ids)"),
        {"ids": sorted(held)},
    )
    expire_rows(session, "payments", held, ("returned_minor", "unallocated_minor"))


def settle(session: Session, payment_ids: Sequence[str], *, act: Act) -> None:
    """The time in which these provisional payments could be taken back is over: they are final."""
    states.move(session, states.PAYMENT, payment_ids, PaymentState.FINAL, act=act, reason="window closed")


def require_arrived(payment: Payment) -> None:
    """Raises NotHeld for a payment that was recorded and that no statement has shown yet."""
    if payment.recorded_at is not None and payment.met_at is None:
        raise NotHeld(f"No statement has shown payment {payment.id} yet.", field="payment_id")


def _row(payment_id: str, receipt: Receipt, allocated_minor: int, act: Act) -> tuple[object, ...]:
    return (
        payment_id, receipt.creditor_id, receipt.bank_account_id, receipt.customer_id, str(receipt.method),
        str(receipt.state), receipt.currency, receipt.amount_minor, allocated_minor, receipt.received_on,
        receipt.reversible_until, receipt.reference, act.at,
    )  # fmt: skip


def _received_booking(payment_id: str, receipt: Receipt) -> Booking:
    return Booking(
        kind="payment", object_id=payment_id, posted_on=receipt.received_on,
        debit=Place(receipt.creditor_id, AccountKind.SUSPENSE, receipt.currency),
        credit=Place(receipt.creditor_id, AccountKind.UNAPPLIED, receipt.currency),
        amount_minor=receipt.amount_minor,
    )  # fmt: skip


def _returned_booking(payment: Payment, on: date) -> Booking:
    return Booking(
        kind="payment_returned", object_id=payment.id, posted_on=on,
        debit=Place(payment.creditor_id, AccountKind.UNAPPLIED, payment.currency),
        credit=Place(payment.creditor_id, AccountKind.SUSPENSE, payment.currency),
        amount_minor=payment.amount_minor,
    )  # fmt: skip


def cancelled_booking(payment: Payment, on: date, where: AccountKind) -> Booking:
    """Out of unapplied, back to where its money came from: suspense, or in_transit."""
    return Booking(
        kind="payment_cancelled", object_id=payment.id, posted_on=on,
        debit=Place(payment.creditor_id, AccountKind.UNAPPLIED, payment.currency),
        credit=Place(payment.creditor_id, where, payment.currency),
        amount_minor=payment.amount_minor,
    )  # fmt: skip
