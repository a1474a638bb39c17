"""/v1/status-reports: the bank's answers to our files (pain.002), and what became of everything they say."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select

from gateway.api.paging import AtCursor, Page, page
from gateway.api.shapes import Id
from gateway.session import CurrentSession, Reader, TransactionalRoute
from reconciliation import status_reports
from reconciliation.formats.pain002 import Order
from reconciliation.models import ItemOutcome, Level, StatusReport

router = APIRouter(prefix="/v1/status-reports", tags=["status reports"], route_class=TransactionalRoute)


class StatusReasonOut(BaseModel):
    """Why, as the bank says: a code, ISO's or its own (`proprietary`), words, and which bank or party decided."""

    code: str | None
    proprietary: bool
    information: list[str]
    bank: str | None
    party: str | None


class StatusReportOut(BaseModel):
    """One answer of a bank. `batch_id` is ours that it answers; `outcomes` counts its items by what became of them."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    file_id: str
    format: str
    answers: Order
    message_id: str | None
    made_at: str | None
    original_message_id: str | None
    original_message_name: str | None
    batch_id: str | None
    status: str | None
    reasons: list[StatusReasonOut]
    item_count: int
    outcomes: dict[str, int]
    created_at: datetime


class StatusItemOut(BaseModel):
    """One thing that a report says, at which of its levels, and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    position: int
    level: Level
    payment_information_id: str | None
    end_to_end_id: str | None
    status: str | None
    reason_code: str | None
    reasons: list[StatusReasonOut]
    amount_minor: int | None
    currency: str | None
    collect_on: date | None
    mandate_reference: str | None
    debit_id: str | None
    outcome: ItemOutcome
    because: str | None


class StatusItemsOut(BaseModel):
    """A page of items; `next` is the position after which the following one begins."""

    data: list[StatusItemOut]
    next: int | None


class WholeStatusReportOut(StatusReportOut):
    items: StatusItemsOut


@router.get("")
def list_status_reports(
    session: CurrentSession,
    act: Reader,
    cursor: AtCursor,
    batch_id: Annotated[Id | None, Query(description="Only answers to this batch.")] = None,
    answers: Annotated[Order | None, Query(description="Only answers to this kind of order.")] = None,
) -> Page[StatusReportOut]:
    query = select(StatusReport)
    if batch_id is not None:
        query = query.where(StatusReport.batch_id == batch_id)
    if answers is not None:
        query = query.where(StatusReport.answers == answers)
    return page(session, query, StatusReport.id, cursor, StatusReportOut.model_validate)


@router.get("/{report_id}")
def get_status_report(
    report_id: Id,
    session: CurrentSession,
    act: Reader,
    limit: Annotated[int, Query(ge=1, le=500, description="How many items at most.")] = 50,
    after: Annotated[int, Query(ge=0, le=2_000_000_000, description="The `next` of the items before.")] = 0,
    outcome: Annotated[ItemOutcome | None, Query(description="Only items of which this became.")] = None,
) -> WholeStatusReportOut:
    """A report with what it says of the file, of blocks and of transactions, and what became of each."""
    report = status_reports.get(session, report_id)
    items, following = status_reports.items(session, report, after=after, limit=limit, outcome=outcome)
    return WholeStatusReportOut(
        **StatusReportOut.model_validate(report).model_dump(),
        items=StatusItemsOut(data=[StatusItemOut.model_validate(item) for item in items], next=following),
    )
