"""/v1/payments, /v1/allocations and /v1/refunds: money that came in, and what it pays."""

from __future__ import annotations

from datetime import date, datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.api.paging import AtCursor, Page, page
from gateway.api.shapes import SEEN, Id, Minor, Reason
from gateway.session import CurrentSession, Reader, SettlerOnce, TransactionalRoute
from ledger import allocations, payments, refunds
from ledger.allocations import Wish
from ledger.banking import mask
from ledger.models import Allocation, Payment, Refund
from ledger.refunds import Payee
from ledger.states import PaymentState, RefundState
from mandates import paybacks
from reconciliation import by_hand, refund_orders, undoing
from reconciliation.by_hand import Share

router = APIRouter(prefix="/v1", tags=["payments"], route_class=TransactionalRoute)


class ShareIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    invoice_id: Id
    amount_minor: Minor


class PaymentIn(BaseModel):
    """Make a waiting statement line a payment of a customer, and allocate parts of it; the rest is on account."""

    model_config = ConfigDict(extra="forbid")

    statement_line_id: Id
    customer_id: Id
    allocations: list[ShareIn] = Field(default_factory=list, max_length=200)


class PaymentOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    creditor_id: str
    customer_id: str | None
    bank_account_id: str | None
    method: str
    state: str
    currency: str
    amount_minor: int
    allocated_minor: int
    returned_minor: int
    refunded_minor: int
    unallocated_minor: int
    received_on: date
    reversible_until: date | None
    reference: str | None
    created_at: datetime


class AllocationIn(BaseModel):
    """Give a part of a payment or credit note to an invoice."""

    model_config = ConfigDict(extra="forbid")

    source_id: Id = Field(description="A payment's or credit note's id.")
    invoice_id: Id
    amount_minor: Minor


class AllocationOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    kind: str
    payment_id: str | None
    credit_note_id: str | None
    invoice_id: str
    currency: str
    amount_minor: int
    allocated_on: date
    decided_by: str
    evidence: list[str]
    created_at: datetime
    reversed_at: datetime | None
    reversed_because: str | None


class RefundIn(BaseModel):
    """Send unallocated money of a payment back, to the payee or to whom it came from where that is certain."""

    model_config = ConfigDict(extra="forbid")

    payment_id: Id
    amount_minor: Minor
    reason: str = Field(min_length=1, max_length=200)
    payee_name: str | None = Field(default=None, min_length=1, max_length=70, pattern=SEEN)
    payee_iban: str | None = Field(default=None, max_length=50)
    payee_bic: str | None = Field(default=None, max_length=11)

    @model_validator(mode="after")
    def _whole_payee(self) -> RefundIn:
        """Half a payee is none."""
        named = (self.payee_name is not None, self.payee_iban is not None)
        if named[0] != named[1] or (self.payee_bic is not None and not named[1]):
            raise ValueError("A payee has a name and an IBAN.")
        return self

    def payee(self) -> Payee | None:
        """The payee that was said, if one was. Raises InvalidIban or InvalidBic."""
        if self.payee_name is None or self.payee_iban is None:
            return None
        return Payee.parse(name=self.payee_name, iban=self.payee_iban, bic=self.payee_bic)


class RefundOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    payment_id: str
    state: str
    currency: str
    amount_minor: int
    end_to_end_id: str
    reason: str
    payee_name: str | None
    payee_iban: str | None = Field(description="Masked: its first and last four characters.")
    payback_batch_id: str | None
    requested_on: date
    created_at: datetime


def _shown(session: Session, refund: Refund) -> RefundOut:
    own = ("payee_iban", "payback_batch_id")
    plain = {name: getattr(refund, name) for name in RefundOut.model_fields if name not in own}
    return RefundOut(
        **plain,
        payee_iban=mask(refund.payee_iban) if refund.payee_iban else None,
        payback_batch_id=paybacks.batch_holding(session, refund.id),
    )


@router.post("/payments", status_code=201)
def record_payment(body: PaymentIn, session: CurrentSession, act: SettlerOnce) -> PaymentOut:
    payment = by_hand.record_payment(
        session, line_id=body.statement_line_id, customer_id=body.customer_id, act=act,
        shares=[Share(share.invoice_id, share.amount_minor) for share in body.allocations],
    )  # fmt: skip
    return PaymentOut.model_validate(payment)


@router.get("/payments")
def list_payments(
    session: CurrentSession,
    act: Reader,
    cursor: AtCursor,
    customer_id: Id | None = None,
    state: PaymentState | None = None,
) -> Page[PaymentOut]:
    wanted = {Payment.customer_id: customer_id, Payment.state: state}
    query = select(Payment).where(*(column == value for column, value in wanted.items() if value is not None))
    return page(session, query, Payment.id, cursor, PaymentOut.model_validate)


@router.get("/payments/{payment_id}")
def get_payment(payment_id: Id, session: CurrentSession, act: Reader) -> PaymentOut:
    return PaymentOut.model_validate(payments.get(session, payment_id))


@router.post("/allocations", status_code=201)
def allocate(body: AllocationIn, session: CurrentSession, act: SettlerOnce) -> AllocationOut:
    wish = Wish(
        **body.model_dump(), allocated_on=act.today, decided_by=act.actor, evidence=("A person decided.",)
    )
    made = allocations.allocate(session, [wish], act=act, cause="allocation.by_hand")
    return AllocationOut.model_validate(allocations.get(session, made[0]))


@router.get("/allocations")
def list_allocations(
    session: CurrentSession,
    act: Reader,
    cursor: AtCursor,
    invoice_id: Id | None = None,
    payment_id: Id | None = None,
) -> Page[AllocationOut]:
    wanted = {Allocation.invoice_id: invoice_id, Allocation.payment_id: payment_id}
    query = select(Allocation).where(
        *(column == value for column, value in wanted.items() if value is not None)
    )
    return page(session, query, Allocation.id, cursor, AllocationOut.model_validate)


@router.get("/allocations/{allocation_id}")
def get_allocation(allocation_id: Id, session: CurrentSession, act: Reader) -> AllocationOut:
    return AllocationOut.model_validate(allocations.get(session, allocation_id))


@router.post("/allocations/{allocation_id}/reverse")
def reverse_allocation(
    allocation_id: Id, body: Reason, session: CurrentSession, act: SettlerOnce
) -> AllocationOut:
    """Take an allocation back: source and invoice have their parts again, and the payment's line is held."""
    taken_back = undoing.undo_allocation(session, allocation_id, because=body.reason, act=act)
    return AllocationOut.model_validate(taken_back)


@router.post("/refunds", status_code=201)
def request_refund(body: RefundIn, session: CurrentSession, act: SettlerOnce) -> RefundOut:
    made = refund_orders.request(
        session, payment_id=body.payment_id, amount_minor=body.amount_minor, reason=body.reason,
        payee=body.payee(), act=act,
    )  # fmt: skip
    return _shown(session, made)


@router.get("/refunds")
def list_refunds(
    session: CurrentSession,
    act: Reader,
    cursor: AtCursor,
    payment_id: Id | None = None,
    state: RefundState | None = None,
) -> Page[RefundOut]:
    wanted = {Refund.payment_id: payment_id, Refund.state: state}
    query = select(Refund).where(*(column == value for column, value in wanted.items() if value is not None))
    return page(session, query, Refund.id, cursor, lambda one: _shown(session, one))


@router.get("/refunds/{refund_id}")
def get_refund(refund_id: Id, session: CurrentSession, act: Reader) -> RefundOut:
    return _shown(session, refunds.get(session, refund_id))


@router.post("/refunds/{refund_id}/cancel")
def cancel_refund(refund_id: Id, body: Reason, session: CurrentSession, act: SettlerOnce) -> RefundOut:
    """Give up a refund that is in no payback batch and has not left; the payment has its money again."""
    return _shown(session, refund_orders.cancel(session, refund_id, reason=body.reason, act=act))
