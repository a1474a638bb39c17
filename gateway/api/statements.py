"""/v1/statements and /v1/statement-lines: what the banks say, and what became of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from gateway.api.paging import AtCursor, Page, page
from gateway.api.shapes import Id, Reason
from gateway.session import CurrentSession, Decider, Reader, TransactionalRoute
from ledger import outbox
from reconciliation import matching, worklist
from reconciliation.models import LineState, StatementLine, StatementRecord

router = APIRouter(prefix="/v1", tags=["statements"], route_class=TransactionalRoute)


class StatementOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    file_id: str
    bank_account_id: str
    format: str
    bank_statement_id: str | None
    sequence: str | None
    from_on: date | None
    to_on: date | None
    currency: str
    opening_minor: int | None
    closing_minor: int | None
    booked_minor: int
    kind: str
    balanced: bool | None
    break_minor: int | None
    gap_minor: int | None
    accepted_at: datetime | None
    accepted_by: str | None
    accepted_because: str | None
    line_count: int
    new_count: int
    known_count: int
    promoted_count: int
    refused_count: int
    problems: list[str] = Field(validation_alias="told_problems")
    created_at: datetime


class LineOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    statement_id: str
    bank_account_id: str
    position: int
    state: str
    waiting_because: str | None
    status: str
    provisional: bool
    lump_id: str | None
    booked_on: date
    valued_on: date | None
    amount_minor: int
    currency: str
    counterparty_name: str | None
    counterparty_account: str | None
    counterparty_bic: str | None
    remittance: str | None
    reference: str | None
    end_to_end_id: str | None
    mandate_reference: str | None
    creditor_identifier: str | None
    bank_reference: str | None
    transaction_code: str | None
    reversal: bool
    return_reason: str | None
    original_minor: int | None
    charges_minor: int | None
    interest_minor: int | None
    batch_payment_information_id: str | None
    batch_message_id: str | None
    batch_count: int | None
    details: list[dict[str, Any]]


class MatchOut(BaseModel):
    """What a line became, by which rule, why, and the objects it became with their amounts."""

    id: str
    rule: str
    decided_by: str
    decided_at: datetime
    evidence: list[str]
    parts: list[dict[str, Any]]


class LineWithMatch(LineOut):
    match: MatchOut | None


@router.get("/statements")
def list_statements(
    session: CurrentSession,
    act: Reader,
    cursor: AtCursor,
    bank_account_id: Id | None = None,
) -> Page[StatementOut]:
    query = select(StatementRecord)
    if bank_account_id is not None:
        query = query.where(StatementRecord.bank_account_id == bank_account_id)
    return page(session, query, StatementRecord.id, cursor, StatementOut.model_validate)


@router.get("/statements/{statement_id}")
def get_statement(statement_id: Id, session: CurrentSession, act: Reader) -> StatementOut:
    return StatementOut.model_validate(worklist.get_statement(session, statement_id))


@router.post("/statements/{statement_id}/accept")
def accept_break(statement_id: Id, wish: Reason, session: CurrentSession, act: Decider) -> StatementOut:
    """Let the lines of a statement be matched although its balances do not prove them; the reason is kept."""
    record = worklist.accept_break(session, statement_id, because=wish.reason, act=act)
    outbox.defer(session, matching.JOB, lock=matching.JOB)
    return StatementOut.model_validate(record)


@router.get("/statement-lines")
def list_lines(
    session: CurrentSession,
    act: Reader,
    cursor: AtCursor,
    state: LineState | None = None,
    statement_id: Id | None = None,
    bank_account_id: Id | None = None,
) -> Page[LineOut]:
    wanted = {
        StatementLine.state: state, StatementLine.statement_id: statement_id,
        StatementLine.bank_account_id: bank_account_id,
    }  # fmt: skip
    query = select(StatementLine).where(
        *(column == value for column, value in wanted.items() if value is not None)
    )
    return page(session, query, StatementLine.id, cursor, LineOut.model_validate)


@router.get("/statement-lines/{line_id}")
def get_line(line_id: Id, session: CurrentSession, act: Reader) -> LineWithMatch:
    line = worklist.get_line(session, line_id)
    match = worklist.match_of(session, line_id)
    shown = None if match is None else MatchOut(**match)
    return LineWithMatch(**LineOut.model_validate(line).model_dump(), match=shown)


@router.get(
    "/statement-lines/{line_id}/raw",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "The line's own bytes"}},
)
def get_raw(line_id: Id, session: CurrentSession, act: Reader) -> Response:
    """The bytes of a line exactly as they stand in the bank's file."""
    return Response(
        worklist.raw_fragment(session, line_id),
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="{line_id}.txt"',
            "X-Content-Type-Options": "nosniff",
        },
    )
