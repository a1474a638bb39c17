"""/v1/debits: collections scheduled for invoices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from credit_control import collecting, follow_ups
from gateway.api.paging import AtCursor, Page, page
from gateway.api.shapes import SEEN, Day, Id, Reason
from gateway.session import CurrentSession, Reader, Seller, SellerOnce, TransactionalRoute
from ledger import creditors
from mandates import debits, pre_notifications
from mandates.models import Debit
from mandates.states import DebitState

router = APIRouter(prefix="/v1/debits", tags=["debits"], route_class=TransactionalRoute)


class DebitIn(BaseModel):
    """Collect what is open on an invoice. Without a mandate the customer's newest active one is used;
    without a date the invoice's due date or the first possible one. A date that is no bank day rolls forward."""

    model_config = ConfigDict(extra="forbid")

    invoice_id: Id
    mandate_id: Id | None = None
    collect_on: Day | None = None


class DebitOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    invoice_id: str
    mandate_id: str
    creditor_id: str
    state: str
    amount_minor: int
    currency: str
    collect_on: date
    wished_on: date | None = Field(description="The day that was asked for, or on which the invoice is due.")
    moved_because: str | None = Field(description="Why `collect_on` is another day than `wished_on`.")
    sequence_type: str
    end_to_end_id: str
    payment_id: str | None
    reason_code: str | None
    failed_on: date | None
    next_step: str | None = Field(description="What the reason code asks for, see /v1/reason-codes.")
    followed_up: str | None = Field(description="What was done about a failed debit, or why nothing is.")
    retry_of: str | None
    attempt: int
    notice_state: str | None = Field(
        default=None, description="Of the notice to the customer that stands, see /v1/debits/{id}/notice."
    )
    noticed_on: date | None = Field(default=None, description="The day on which the customer was told.")
    created_at: datetime


class RetryIn(BaseModel):
    """Try a failed debit again: on its mandate, or the customer's newest active one where that is over."""

    model_config = ConfigDict(extra="forbid")

    because: str = Field(min_length=1, max_length=200, pattern=SEEN)
    mandate_id: Id | None = None
    collect_on: Day | None = None


class DueIn(BaseModel):
    """Collect every open invoice due by `due_until` whose customer has an active mandate."""

    model_config = ConfigDict(extra="forbid")

    due_until: Day
    creditor_id: Id | None = None


class DueOut(BaseModel):
    scheduled: int
    debit_ids: list[str]
    refused: dict[str, str] = Field(description="Why each invoice that might have been debited is not.")


@router.post("", status_code=201)
def schedule_debit(body: DebitIn, session: CurrentSession, act: SellerOnce) -> DebitOut:
    return _shown(session, [collecting.collect_invoice(session, **body.model_dump(), act=act)])[0]


@router.post("/due", status_code=201)
def schedule_due(body: DueIn, session: CurrentSession, act: SellerOnce) -> DueOut:
    creditor = creditors.only_one(session, body.creditor_id)
    done = collecting.collect_due(session, creditor_id=creditor.id, due_until=body.due_until, act=act)
    return DueOut(scheduled=len(done.debit_ids), debit_ids=done.debit_ids, refused=done.refused)


@router.get("")
def list_debits(
    session: CurrentSession,
    act: Reader,
    cursor: AtCursor,
    invoice_id: Id | None = None,
    end_to_end_id: Annotated[str | None, Query(max_length=35, pattern=SEEN)] = None,
    state: DebitState | None = None,
) -> Page[DebitOut]:
    wanted = {Debit.invoice_id: invoice_id, Debit.end_to_end_id: end_to_end_id, Debit.state: state}
    query = select(Debit).where(*(column == value for column, value in wanted.items() if value is not None))
    found = page(session, query, Debit.id, cursor, lambda debit: debit)
    return Page(data=_shown(session, found.data), next=found.next)


@router.get("/{debit_id}")
def get_debit(debit_id: Id, session: CurrentSession, act: Reader) -> DebitOut:
    return _shown(session, [debits.get(session, debit_id)])[0]


@router.post("/{debit_id}/cancel")
def cancel_debit(debit_id: Id, body: Reason, session: CurrentSession, act: SellerOnce) -> DebitOut:
    return _shown(session, [debits.cancel(session, debit_id, reason=body.reason, act=act)])[0]


@router.post("/{debit_id}/retry", status_code=201)
def retry_debit(debit_id: Id, body: RetryIn, session: CurrentSession, act: SellerOnce) -> DebitOut:
    """A person has a failed debit tried again, whatever its reason code says; a dispute is over with it."""
    return _shown(session, [follow_ups.retry(session, debit_id, **body.model_dump(), act=act)])[0]


@router.post("/{debit_id}/clear")
def clear_debit(debit_id: Id, body: Reason, session: CurrentSession, act: Seller) -> DebitOut:
    """A person found that a failed debit no longer speaks against collecting its invoice."""
    return _shown(session, [follow_ups.clear(session, debit_id, because=body.reason, act=act)])[0]


def _shown(session: Session, some: Sequence[Debit]) -> list[DebitOut]:
    """The debits with what is known of their notices, which is asked for once."""
    notices = pre_notifications.standing(session, [debit.id for debit in some])
    shown = []
    for debit in some:
        notice = notices.get(debit.id)
        told = {} if notice is None else {"notice_state": notice.state, "noticed_on": notice.noticed_on}
        shown.append(DebitOut.model_validate(debit).model_copy(update=told))
    return shown
