"""What a person decides about a waiting line, each one call: split, on account, assign, refund, ignore, mark."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.api.shapes import SEEN, Id, Minor, Reason
from gateway.api.statements import LineWithMatch, shown_line
from gateway.session import CurrentSession, Decider, SettlerOnce, TransactionalRoute
from ledger import outbox
from ledger.models import AllocationKind
from ledger.other_money import OtherKind
from ledger.refunds import Payee
from reconciliation import by_hand, matching
from reconciliation.transfers.reading import Reading, Share

router = APIRouter(
    prefix="/v1/statement-lines/{line_id}", tags=["statements"], route_class=TransactionalRoute
)
Why = Annotated[str | None, Field(min_length=1, max_length=200, pattern=SEEN)]
Kind = Literal["fee", "interest", "payout", "tax", "salary", "other"]


class SplitShareIn(BaseModel):
    """What closes `amount_minor` of an invoice.

    `payment` is the line's own money, `credit_note` comes out of `credit_note_id`; `discount`, `fee` (of a bank, that
    we bear) and `write_off` close without money, and a write-off says why.
    """

    model_config = ConfigDict(extra="forbid")

    invoice_id: Id
    kind: AllocationKind = AllocationKind.PAYMENT
    amount_minor: Minor
    credit_note_id: Id | None = None
    reason: Why = None


class SplitIn(BaseModel):
    """The shares of kind `payment` and `on_account_minor` are together exactly the amount of the line."""

    model_config = ConfigDict(extra="forbid")

    customer_id: Id
    shares: list[SplitShareIn] = Field(max_length=500)
    on_account_minor: Minor = 0

    def reading(self) -> Reading:
        """As the books read it."""
        shares = tuple(Share(**share.model_dump()) for share in self.shares)
        return Reading(self.customer_id, shares, self.on_account_minor)


class CustomerIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    customer_id: Id


class MarkIn(BaseModel):
    """What the line is that no customer's business is."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    reason: Why = None


class TransferIn(BaseModel):
    """A transfer between our own accounts, with the line that is its other leg where that is known."""

    model_config = ConfigDict(extra="forbid")

    other_line_id: Id | None = None
    reason: Why = None


class LineRefundIn(BaseModel):
    """Send all of it back: to the payee, or to the account that it came from."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=200, pattern=SEEN)
    customer_id: Id | None = None
    payee_name: str | None = Field(default=None, min_length=1, max_length=70, pattern=SEEN)
    payee_iban: str | None = Field(default=None, max_length=50)
    payee_bic: str | None = Field(default=None, max_length=11)

    @model_validator(mode="after")
    def _whole_payee(self) -> LineRefundIn:
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


@router.post("/split")
def split(line_id: Id, body: SplitIn, session: CurrentSession, act: SettlerOnce) -> LineWithMatch:
    """Make it a payment of a customer and share it out over invoices; what stays on account is said, never guessed."""
    by_hand.split(session, line_id=line_id, reading=body.reading(), act=act)
    outbox.defer(session, matching.JOB, lock=matching.JOB)
    return shown_line(session, line_id)


@router.post("/put-on-account")
def put_on_account(line_id: Id, body: CustomerIn, session: CurrentSession, act: SettlerOnce) -> LineWithMatch:
    """Make it a payment of a customer that no invoice gets anything of until somebody says so."""
    by_hand.put_on_account(session, line_id=line_id, customer_id=body.customer_id, act=act)
    outbox.defer(session, matching.JOB, lock=matching.JOB)
    return shown_line(session, line_id)


@router.post("/assign")
def assign(line_id: Id, body: CustomerIn, session: CurrentSession, act: Decider) -> LineWithMatch:
    """Say whose money it is: the payer is remembered, and the line is looked at again within that customer."""
    by_hand.assign(session, line_id=line_id, customer_id=body.customer_id, act=act)
    outbox.defer(session, matching.JOB, lock=matching.JOB)
    return shown_line(session, line_id)


@router.post("/refund")
def refund(line_id: Id, body: LineRefundIn, session: CurrentSession, act: SettlerOnce) -> LineWithMatch:
    """Make it a payment, and set all of it aside to be sent back."""
    by_hand.refund(
        session,
        line_id=line_id,
        reason=body.reason,
        customer_id=body.customer_id,
        payee=body.payee(),
        act=act,
    )
    return shown_line(session, line_id)


@router.post("/ignore")
def ignore(line_id: Id, body: Reason, session: CurrentSession, act: Decider) -> LineWithMatch:
    """Set it aside with a reason; its money stays in suspense. `/undo` takes that back."""
    by_hand.ignore(session, line_id=line_id, reason=body.reason, act=act)
    return shown_line(session, line_id)


@router.post("/mark")
def mark(line_id: Id, body: MarkIn, session: CurrentSession, act: SettlerOnce) -> LineWithMatch:
    """Say that it is a fee, interest, a payout, tax, a salary or something else that no customer paid."""
    by_hand.mark(session, line_id=line_id, kind=OtherKind(body.kind), reason=body.reason, act=act)
    return shown_line(session, line_id)


@router.post("/mark-transfer")
def mark_transfer(line_id: Id, body: TransferIn, session: CurrentSession, act: SettlerOnce) -> LineWithMatch:
    """Say that it is a transfer between our own accounts, and which line is its other leg."""
    by_hand.mark_transfer(
        session, line_id=line_id, other_line_id=body.other_line_id, reason=body.reason, act=act
    )
    return shown_line(session, line_id)
