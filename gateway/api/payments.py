"""/v1/payments, /v1/allocations and /v1/refunds: money that came in, and what it pays."""

from __future__ import annotations

from datetime import date, datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from gateway.api.paging import AtCursor, Page, page
from gateway.api.shapes import Id, Minor, Reason
from gateway.session import CurrentSession, Reader, SettlerOnce, TransactionalRoute
from ledger import allocations, payments, refunds
from ledger.allocations import Wish
from ledger.models import Allocation, Payment, Refund
from ledger.states import PaymentState
from reconciliation import by_hand
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
    """Send unallocated money of a payment back."""

    model_config = ConfigDict(extra="forbid")

    payment_id: Id
    amount_minor: Minor
    reason: str = Field(min_length=1, max_length=200)


class RefundOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    payment_id: str
    state: str
    currency: str
    amount_minor: int
    end_to_end_id: str
    reason: str
    requested_on: date
    created_at: datetime


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
    """Take an allocation back: payment and invoice have their parts again."""
    taken_back = allocations.reverse(
        session, [allocation_id], because=body.reason, on=act.today, act=act, cause="allocation.reversed"
    )
    return AllocationOut.model_validate(taken_back[0])


@router.post("/refunds", status_code=201)
def request_refund(body: RefundIn, session: CurrentSession, act: SettlerOnce) -> RefundOut:
    return RefundOut.model_validate(refunds.request(session, **body.model_dump(), act=act))


@router.get("/refunds")
def list_refunds(session: CurrentSession, act: Reader, cursor: AtCursor) -> Page[RefundOut]:
    return page(session, select(Refund), Refund.id, cursor, RefundOut.model_validate)
