"""/v1/line-rules: lines that are no customer's payment, and what they are; written and revoked by treasury."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from gateway.api.paging import AtCursor, Page, page
from gateway.api.shapes import SEEN, Id, Minor, Reason
from gateway.session import CurrentSession, Decider, Reader, TransactionalRoute
from ledger import outbox
from reconciliation import matching
from reconciliation.line_rules import conditions, trying, writing
from reconciliation.line_rules.conditions import How
from reconciliation.line_rules.kinds import Becomes
from reconciliation.line_rules.writing import Draft
from reconciliation.models import LineRule

router = APIRouter(prefix="/v1", tags=["line rules"], route_class=TransactionalRoute)


class ConditionIn(BaseModel):
    """What a line must say. Of an amount the bounds count, of everything else the value."""

    model_config = ConfigDict(extra="forbid")

    field: conditions.Field
    how: How
    value: str | None = Field(
        default=None, max_length=conditions.LONGEST_VALUE, pattern=SEEN,
        description="For `like`, `*` stands for any text and `?` for one character. Small letters are capitals.",
    )  # fmt: skip
    from_minor: Minor | None = Field(default=None, ge=0, description="Included; the sign is the direction.")
    to_minor: Minor | None = Field(default=None, ge=0, description="Included.")
    currency: str | None = Field(default=None, max_length=3)


class RuleIn(BaseModel):
    """A rule; all of its conditions must hold."""

    model_config = ConfigDict(extra="forbid")

    creditor_id: Id
    name: str = Field(min_length=1, max_length=60, pattern=SEEN)
    becomes: Becomes
    priority: int = Field(
        default=100, strict=True, ge=0, le=writing.MOST_PRIORITY, description="The smallest is asked first."
    )
    conditions: list[ConditionIn] = Field(min_length=1, max_length=conditions.MOST_CONDITIONS)

    def draft(self) -> Draft:
        return Draft(
            name=self.name, becomes=self.becomes, priority=self.priority,
            conditions=[one.model_dump(exclude_none=True) for one in self.conditions],
        )  # fmt: skip


class TrialIn(RuleIn):
    days: int = Field(default=90, strict=True, ge=1, le=trying.MOST_DAYS)


class RuleOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    creditor_id: str
    name: str
    priority: int
    becomes: str
    conditions: list[dict[str, Any]]
    written_at: datetime
    written_by: str
    revoked_at: datetime | None
    revoked_by: str | None


class TakenOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    line_id: str
    booked_on: date
    amount_minor: int
    currency: str
    state: str
    counterparty_name: str | None
    remittance: str | None
    held: bool = Field(description="A person decided about it, so no rule will.")
    matched_by: str | None = Field(description="The rule or person that explains it today.")


class TrialOut(BaseModel):
    """What a rule would have taken; nothing was written."""

    model_config = ConfigDict(from_attributes=True)

    since: date
    looked_at: int
    complete: bool = Field(description="False where these days have more lines than were looked at.")
    count: int
    sums: dict[str, int] = Field(description="Minor units by currency.")
    waiting: int = Field(description="Lines among them that wait today.")
    explained_otherwise: int = Field(description="Lines among them that something else explains today.")
    lines: list[TakenOut] = Field(description="The newest hundred.")
    otherwise: list[TakenOut] = Field(
        description="The newest hundred of those that something else explains today."
    )


@router.get("/line-rules")
def list_rules(
    session: CurrentSession,
    act: Reader,
    cursor: AtCursor,
    creditor_id: Id | None = None,
    revoked: bool = False,
) -> Page[RuleOut]:
    """The rules that are in force, or with `revoked` all."""
    query = select(LineRule)
    if creditor_id is not None:
        query = query.where(LineRule.creditor_id == creditor_id)
    if not revoked:
        query = query.where(LineRule.revoked_at.is_(None))
    return page(session, query, LineRule.id, cursor, RuleOut.model_validate)


@router.post("/line-rules", status_code=201)
def write_rule(wish: RuleIn, session: CurrentSession, act: Decider) -> RuleOut:
    """A new rule; what waits is looked at again at once, and what is explained already stays so."""
    rule = writing.write(session, creditor_id=wish.creditor_id, draft=wish.draft(), act=act)
    outbox.defer(session, matching.JOB, lock=matching.JOB)
    return RuleOut.model_validate(rule)


@router.post("/line-rules/dry-run")
def try_rule(wish: TrialIn, session: CurrentSession, act: Decider) -> TrialOut:
    """Which lines of the last days a rule would have taken, and which of them are explained otherwise today."""
    trial = trying.try_out(session, creditor_id=wish.creditor_id, draft=wish.draft(), days=wish.days, act=act)
    return TrialOut.model_validate(trial)


@router.get("/line-rules/{rule_id}")
def get_rule(rule_id: Id, session: CurrentSession, act: Reader) -> RuleOut:
    return RuleOut.model_validate(writing.get(session, rule_id))


@router.post("/line-rules/{rule_id}/revoke")
def revoke_rule(rule_id: Id, wish: Reason, session: CurrentSession, act: Decider) -> RuleOut:
    """Let a rule decide nothing more; what it decided stays."""
    return RuleOut.model_validate(writing.revoke(session, rule_id, reason=wish.reason, act=act))
