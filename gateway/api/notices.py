"""/v1/debits/{id}/notice: what the customer was told of a debit, when, and how far it is on its way."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from gateway.api.shapes import Day, Id
from gateway.session import CurrentSession, Reader, Seller, TransactionalRoute
from mandates import debits, letters_sent, notice_queue, pre_notifications

router = APIRouter(prefix="/v1/debits", tags=["debits"], route_class=TransactionalRoute)


class NoticeOut(BaseModel):
    """A notice; where it was sent to is not shown."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    debit_id: str
    channel: str
    state: str
    collect_on: date = Field(description="The day that the customer was told.")
    amount_minor: int
    currency: str
    days: int = Field(description="Calendar days agreed between notice and debit.")
    noticed_on: date | None = Field(description="The day that counts; null until the notice is out.")
    sha256: str | None
    message_id: str | None
    attempts: int
    try_after: datetime | None
    last_error: str | None
    created_at: datetime
    sent_at: datetime | None
    missing: str | None = Field(
        default=None,
        description="Why the debit has no notice that is out in time for its day; null when it has one.",
    )


class LetterIn(BaseModel):
    """A letter that you sent on `sent_on` announced the debit, for `collect_on` or the day that the debit has."""

    model_config = ConfigDict(extra="forbid")

    channel: Literal["letter"]
    sent_on: Day
    collect_on: Day | None = None


class EmailIn(BaseModel):
    """Try again by e-mail what could not be sent."""

    model_config = ConfigDict(extra="forbid")

    channel: Literal["email"]


@router.get("/{debit_id}/notice")
def get_notice(debit_id: Id, session: CurrentSession, act: Reader) -> NoticeOut:
    """The notice of a debit that stands, else the last one."""
    return _shown(session, debit_id)


@router.get("/{debit_id}/notice/message", response_class=Response)
def get_message(debit_id: Id, session: CurrentSession, act: Reader) -> Response:
    """The message as it was sent (RFC 5322). It names the customer, as /v1/customers does to the same readers."""
    debits.get(session, debit_id)
    notice = pre_notifications.of_debit(session, debit_id)
    return Response(
        pre_notifications.message_of(notice),
        media_type="message/rfc822",
        headers={
            "Content-Disposition": f'attachment; filename="{notice.id}.eml"',
            "X-Content-Type-Options": "nosniff",
            "X-Content-SHA256": str(notice.sha256),
            "Cache-Control": "no-store",
        },
    )


@router.post("/{debit_id}/notice", status_code=201)
def record_notice(
    debit_id: Id,
    body: Annotated[LetterIn | EmailIn, Field(discriminator="channel")],
    session: CurrentSession,
    act: Seller,
) -> NoticeOut:
    """Record a letter that was sent, or try an e-mail again that failed or missed its day."""
    if isinstance(body, LetterIn):
        letters_sent.record(session, debit_id, sent_on=body.sent_on, collect_on=body.collect_on, act=act)
    else:
        notice_queue.try_again(session, debit_id, act=act)
    return _shown(session, debit_id)


def _shown(session: Session, debit_id: str) -> NoticeOut:
    debit = debits.get(session, debit_id)
    notice = pre_notifications.of_debit(session, debit_id)
    missing = pre_notifications.missing(session, [debit]).get(debit_id)
    return NoticeOut.model_validate(notice).model_copy(update={"missing": missing})
