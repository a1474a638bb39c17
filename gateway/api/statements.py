"""/v1/statements and /v1/statement-lines: what the banks say, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from gateway.api.paging import AtCursor, Page, page, page_of
from gateway.api.payments import AllocationOut
from gateway.api.proposals import ProposalOut
from gateway.api.proposals import shown as shown_proposals
from gateway.api.shapes import SEEN, Day, Id, Reason
from gateway.session import CurrentSession, Decider, Reader, TransactionalRoute
from ledger import allocations, outbox
from ledger.money import LARGEST_MINOR
from reconciliation import line_search, matching, proposals, waiting_lines, worklist
from reconciliation.line_search import Wanted
from reconciliation.models import LineState, StatementLine, StatementRecord

router = APIRouter(prefix="/v1", tags=["statements"], route_class=TransactionalRoute)

# The states of reconciliation.models.LineState, and all of them in which a line waits.
WantedState = Literal[
    "waiting", "new", "matched", "partly_matched", "proposed", "unexplained", "ignored", "returned_debit",
    "batch_booking", "payout",
]  # fmt: skip
LineOrder = Literal["id", "-id", "age", "-age", "amount", "-amount"]
WANTED_STATES: tuple[str, ...] = get_args(WantedState)
LINE_ORDERS: tuple[str, ...] = get_args(LineOrder)
_ORDERS: dict[str, InstrumentedAttribute[Any] | None] = {
    "id": None, "age": StatementLine.booked_on, "amount": StatementLine.amount_minor,
}  # fmt: skip


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
    held_at: datetime | None
    held_by: str | None
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


class LineInList(LineOut):
    """A line; with `?expand=proposals` also its open proposals, the best first."""

    proposals: list[ProposalOut] | None = None


class LineWithMatch(LineOut):
    """A line, what it became and what that closed, and everything that was proposed for it, open ones first."""

    match: MatchOut | None
    allocations: list[AllocationOut]
    proposals: list[ProposalOut]


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
    state: Annotated[
        WantedState | None, Query(description="`waiting`: booked, and nobody has explained it.")
    ] = None,
    statement_id: Id | None = None,
    bank_account_id: Id | None = None,
    least_minor: Annotated[int | None, Query(ge=-LARGEST_MINOR, le=LARGEST_MINOR)] = None,
    most_minor: Annotated[int | None, Query(ge=-LARGEST_MINOR, le=LARGEST_MINOR)] = None,
    first_on: Annotated[Day | None, Query(description="Booked on this day or later.")] = None,
    last_on: Annotated[Day | None, Query(description="Booked on this day or earlier.")] = None,
    q: Annotated[
        str | None,
        Query(
            min_length=1, max_length=140, pattern=SEEN,
            description="A part of the remittance, the other side's name or a reference.",
        ),
    ] = None,
    customer_id: Annotated[
        Id | None, Query(description="Whose money it is, is proposed to be, or whose account it came from.")
    ] = None,
    order: Annotated[
        LineOrder, Query(description="`age` is the oldest booking first; `-` turns an order round.")
    ] = "id",
    expand: Annotated[Literal["proposals"] | None, Query(description="Each with its open proposals.")] = None,
) -> Page[LineInList]:  # fmt: skip
    """Lines; `?state=waiting&order=-amount&expand=proposals` is the worklist."""
    wanted = Wanted(
        state=None if state in (None, "waiting") else LineState(state), waiting=state == "waiting",
        statement_id=statement_id, bank_account_id=bank_account_id, least_minor=least_minor,
        most_minor=most_minor, first_on=first_on, last_on=last_on, text=q, customer_id=customer_id,
    )  # fmt: skip
    return page_of(
        session, line_search.query(wanted), StatementLine.id, cursor,
        lambda lines: _listed(session, lines, with_proposals=expand == "proposals"),
        first_by=_ORDERS[order.removeprefix("-")], descending=order.startswith("-"),
    )  # fmt: skip


def _listed(session: Session, lines: Sequence[StatementLine], *, with_proposals: bool) -> list[LineInList]:
    plain = [LineOut.model_validate(line).model_dump() for line in lines]
    if not with_proposals:
        return [LineInList(**line) for line in plain]
    found = proposals.of_lines(session, [line.id for line in lines])
    told = {one.id: one for one in shown_proposals(session, [one for many in found.values() for one in many])}
    return [LineInList(**line, proposals=[told[one.id] for one in found[line["id"]]]) for line in plain]


@router.get("/statement-lines/{line_id}")
def get_line(line_id: Id, session: CurrentSession, act: Reader) -> LineWithMatch:
    return shown_line(session, line_id)


def shown_line(session: Session, line_id: str) -> LineWithMatch:
    """A line with all that is known of it. Raises LineNotFound."""
    line = worklist.get_line(session, line_id)
    session.refresh(line)
    match = worklist.match_of(session, line_id)
    brought = [one for one in session.scalars(waiting_lines.payments_of(line_id)) if one is not None]
    given = allocations.standing_of(session, brought)
    found = proposals.of_lines(session, [line_id], every=True)[line_id]
    return LineWithMatch(
        **LineOut.model_validate(line).model_dump(), match=None if match is None else MatchOut(**match),
        allocations=[AllocationOut.model_validate(one) for one in given],
        proposals=shown_proposals(session, found),
    )  # fmt: skip


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
