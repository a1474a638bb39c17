"""/v1/payments, /v1/allocations and /v1/refunds: money that came in, and what it pays."""

from __future__ import annotations

from datetime import date, datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from gateway.api.paging import AtCursor, Page, page
from gateway.api.shapes import SEEN, Day, Id, Minor, Reason
from gateway.session import CurrentSession, Reader, SettlerOnce, TransactionalRoute
from ledger import allocations, creditors, payments, recorded_payments, refunds
from ledger.acts import Act
from ledger.allocations import Wish
from ledger.banking import mask
from ledger.models import Allocation, Method, Payment, Refund
from ledger.recorded_payments import IN_TRANSIT, Given, Told
from ledger.refunds import Payee
from ledger.states import PaymentState, RefundState
from mandates import paybacks
from reconciliation import by_hand, refund_orders, undoing, waiting_lines
from reconciliation.by_hand import Share

router = APIRouter(prefix="/v1", tags=["payments"], route_class=TransactionalRoute)


class ShareIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    invoice_id: Id
    amount_minor: Minor
    discount_minor: Minor = Field(
        default=0, description="Granted beside it, where the payment is recorded before its line."
    )


class PaymentIn(BaseModel):
    """A waiting statement line becomes a payment of a customer, or one is recorded before its line comes.

    With a `statement_line_id` the line says amount and day; without one they are said here, and the payment is
    provisional until its line meets it. `allocations` are what invoices get of it; the rest is on account.
    """

    model_config = ConfigDict(extra="forbid")

    customer_id: Id
    statement_line_id: Id | None = None
    creditor_id: Id | None = None
    amount_minor: Minor | None = None
    currency: str = Field(default="EUR", max_length=12)
    received_on: Day | None = None
    method: Method = Method.TRANSFER
    reference: str | None = Field(default=None, min_length=1, max_length=140, pattern=SEEN)
    bank_account_id: Id | None = Field(default=None, description="Where it should come; else on any account.")
    allocations: list[ShareIn] = Field(default_factory=list, max_length=200)

    @model_validator(mode="after")
    def _one_of_both(self) -> PaymentIn:
        """A line, or what is known before it."""
        told = {"amount_minor": self.amount_minor, "received_on": self.received_on}
        if self.statement_line_id is None and None in told.values():
            raise ValueError("A payment is of a statement line, or says amount_minor and received_on.")
        if self.statement_line_id is not None:
            said = self.model_fields_set - {"customer_id", "statement_line_id", "allocations"}
            if said or any(share.discount_minor for share in self.allocations):
                raise ValueError("Of a payment of a statement line the line says everything else.")
        return self


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
    recorded_at: datetime | None = Field(description="When it was recorded before its statement line came.")
    met_at: datetime | None = Field(description="When its statement line came.")
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
    beside_payment_id: str | None = Field(description="The payment with which it was granted or netted.")
    invoice_id: str
    currency: str
    amount_minor: int
    reason: str | None
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
    """Make a waiting statement line a payment, or record one that no statement shows yet."""
    if body.statement_line_id is None:
        return PaymentOut.model_validate(_recorded(body, session, act))
    payment = by_hand.record_payment(
        session, line_id=body.statement_line_id, customer_id=body.customer_id, act=act,
        shares=[Share(share.invoice_id, share.amount_minor) for share in body.allocations],
    )  # fmt: skip
    return PaymentOut.model_validate(payment)


def _recorded(body: PaymentIn, session: Session, act: Act) -> Payment:
    if body.amount_minor is None or body.received_on is None:  # pragma: no cover - the shape has seen to it
        raise AssertionError("a payment without a line says amount and day")
    told = Told(
        creditor_id=creditors.only_one(session, body.creditor_id).id, customer_id=body.customer_id,
        method=body.method, currency=body.currency, amount_minor=body.amount_minor,
        received_on=body.received_on, bank_account_id=body.bank_account_id, reference=body.reference,
    )  # fmt: skip
    given = [
        Given(invoice_id=one.invoice_id, amount_minor=one.amount_minor, discount_minor=one.discount_minor)
        for one in body.allocations
    ]
    return recorded_payments.record(session, told, given=given, act=act)


@router.post("/payments/{payment_id}/withdraw")
def withdraw_payment(payment_id: Id, body: Reason, session: CurrentSession, act: SettlerOnce) -> PaymentOut:
    """A recorded payment never came: what it paid is open again."""
    withdrawn = recorded_payments.withdraw(session, payment_id, because=body.reason, act=act)
    return PaymentOut.model_validate(withdrawn)


@router.get("/payments")
def list_payments(
    session: CurrentSession,
    act: Reader,
    cursor: AtCursor,
    customer_id: Id | None = None,
    state: PaymentState | None = None,
    in_transit: bool | None = None,
) -> Page[PaymentOut]:
    """`in_transit=true` gives those that were recorded and that no statement has shown yet."""
    wanted = {Payment.customer_id: customer_id, Payment.state: state}
    query = select(Payment).where(*(column == value for column, value in wanted.items() if value is not None))
    if in_transit is not None:
        query = query.where(IN_TRANSIT if in_transit else ~IN_TRANSIT)
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
    statement_line_id: Id | None = None,
) -> Page[AllocationOut]:
    """Those of an invoice; those of a payment, or of what became of a statement line, and beside them."""
    query = select(Allocation)
    if invoice_id is not None:
        query = query.where(Allocation.invoice_id == invoice_id)
    if payment_id is not None:
        query = query.where(
            or_(Allocation.payment_id == payment_id, Allocation.beside_payment_id == payment_id)
        )
    if statement_line_id is not None:
        theirs = waiting_lines.payments_of(statement_line_id)
        query = query.where(or_(Allocation.payment_id.in_(theirs), Allocation.beside_payment_id.in_(theirs)))
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
