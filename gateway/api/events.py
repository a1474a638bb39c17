"""/v1/events: everything that happened, in the order it was committed; nothing can appear behind the cursor."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select

from gateway.api.paging import Page
from gateway.api.shapes import SEEN, Id
from gateway.session import CurrentSession, Reader, TransactionalRoute
from ledger.models import Event

LAST_POSITION = 2**63 - 1  # what the column can hold

router = APIRouter(prefix="/v1/events", tags=["events"], route_class=TransactionalRoute)


class EventOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    position: int
    type: str
    object_id: str
    sequence: int
    occurred_at: datetime
    actor: str
    cause: str | None
    origin: str
    reason_code: str | None
    parent: str | None
    data: dict[str, Any]


@router.get("")
def list_events(
    session: CurrentSession,
    act: Reader,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[
        int, Query(ge=0, le=LAST_POSITION, description="The `next` of the page before; 0 for the start.")
    ] = 0,
    object_id: Id | None = None,
    kind: Annotated[str | None, Query(alias="type", max_length=60, pattern=SEEN)] = None,
) -> Page[EventOut]:
    """A page of events. `next` is always given, so that a reader that has caught up can ask again with it."""
    query = select(Event).where(Event.position > after).order_by(Event.position).limit(limit)
    if object_id is not None:
        query = query.where(Event.object_id == object_id)
    if kind is not None:
        query = query.where(Event.type == kind)
    rows = session.scalars(query).all()
    last = rows[-1].position if rows else after
    return Page(data=[EventOut.model_validate(row) for row in rows], next=str(last))
