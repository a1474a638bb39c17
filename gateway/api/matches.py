"""/v1/matches, and undo of what lines and files were matched to: what a line became, and taking it back."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.api.shapes import Id, Reason
from gateway.session import CurrentSession, Decider, Reader, SettlerOnce, TransactionalRoute
from ledger import outbox
from reconciliation import matching, undoing, worklist
from reconciliation.models import MatchMemory, MatchPart, PartKind

router = APIRouter(prefix="/v1", tags=["matches"], route_class=TransactionalRoute)


class PartOut(BaseModel):
    """A part of the line, signed as the line is, and what it became."""

    model_config = ConfigDict(from_attributes=True)

    kind: PartKind
    object_id: str | None
    amount_minor: int


class MatchWithParts(BaseModel):
    """What a line became, by which rule or person and why; `memory_ids` are the payer memories that helped."""

    id: str
    line_id: str
    rule: str
    line_rule_id: str | None
    decided_by: str
    decided_at: datetime
    evidence: list[str]
    parts: list[PartOut]
    memory_ids: list[str]
    undone_at: datetime | None
    undone_by: str | None
    undone_because: str | None


class UndoneOut(BaseModel):
    """A match that was taken back. `memory_ids` are what only it had taught; `decided_with` still count."""

    model_config = ConfigDict(from_attributes=True)

    match_id: str
    line_id: str
    payment_ids: list[str]
    allocation_ids: list[str]
    memory_ids: list[str]
    decided_with: list[str]


class RefusedOut(BaseModel):
    """A match that stands as before, and why."""

    model_config = ConfigDict(from_attributes=True)

    match_id: str
    line_id: str
    because: str


class UndoingOut(BaseModel):
    """What was undone, and what could not be."""

    model_config = ConfigDict(from_attributes=True)

    undone: list[UndoneOut]
    refused: list[RefusedOut]


class HoldOut(BaseModel):
    """A line and who holds it; what nobody holds may be matched by itself."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    state: str
    waiting_because: str | None
    held_at: datetime | None
    held_by: str | None


def shown(session: Session, match_id: str) -> MatchWithParts:
    """A match with its parts. Raises MatchNotFound."""
    match = undoing.get_match(session, match_id)
    own = ("parts", "memory_ids")
    parts = session.scalars(select(MatchPart).where(MatchPart.match_id == match_id).order_by(MatchPart.id))
    helped = select(MatchMemory.memory_id).where(MatchMemory.match_id == match_id)
    return MatchWithParts(
        **{name: getattr(match, name) for name in MatchWithParts.model_fields if name not in own},
        parts=[PartOut.model_validate(part) for part in parts],
        memory_ids=list(session.scalars(helped.order_by(MatchMemory.memory_id))),
    )


@router.get("/matches/{match_id}")
def get_match(match_id: Id, session: CurrentSession, act: Reader) -> MatchWithParts:
    return shown(session, match_id)


@router.post("/matches/{match_id}/undo")
def undo_match(match_id: Id, body: Reason, session: CurrentSession, act: SettlerOnce) -> UndoingOut:
    """Take back what a line became; the books are as before, and the line waits for a person or its release."""
    done = undoing.undo_match(session, match_id, because=body.reason, act=act)
    return UndoingOut.model_validate(done)


@router.post("/statement-files/{file_id}/undo-matching")
def undo_import(file_id: Id, body: Reason, session: CurrentSession, act: SettlerOnce) -> UndoingOut:
    """Take back every match of the lines that a file brought; what cannot be undone is listed with its reason."""
    done = undoing.undo_import(session, file_id, because=body.reason, act=act)
    return UndoingOut.model_validate(done)


@router.post("/statement-lines/{line_id}/undo")
def undo_line(line_id: Id, body: Reason, session: CurrentSession, act: SettlerOnce) -> UndoingOut:
    """Take back what a line became, or that it was ignored."""
    done = undoing.undo_line(session, line_id, because=body.reason, act=act)
    return UndoingOut.model_validate(done)


@router.post("/statement-lines/{line_id}/release")
def release(line_id: Id, session: CurrentSession, act: Decider) -> HoldOut:
    """Give a line that a person holds back to what matches by itself, which then looks at it."""
    undoing.release(session, line_id, act=act)
    outbox.defer(session, matching.JOB, lock=matching.JOB)
    return HoldOut.model_validate(worklist.get_line(session, line_id))
