"""Cursor pages: {"data": [...], "next": "..."} in id order, the same for every noun."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel
from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from gateway.api.shapes import Id

_Out = TypeVar("_Out")
_Row = TypeVar("_Row")


class Page(BaseModel, Generic[_Out]):
    """One page; `next` is the cursor of the following one, or null at the end."""

    data: list[_Out]
    next: str | None


class Cursor(BaseModel):
    """How many things are wanted, and after which id."""

    limit: int
    after: str | None


def _cursor(
    limit: Annotated[int, Query(ge=1, le=500, description="How many at most.")] = 50,
    after: Annotated[Id | None, Query(description="The `next` of the page before.")] = None,
) -> Cursor:
    return Cursor(limit=limit, after=after)


AtCursor = Annotated[Cursor, Depends(_cursor)]


def page(
    session: Session,
    query: Select[_Row],
    by: InstrumentedAttribute[str],
    cursor: Cursor,
    show: Callable[[_Row], _Out],
) -> Page[_Out]:
    """The page of `query` after the cursor, ordered by the id column `by`."""
    if cursor.after is not None:
        query = query.where(by > cursor.after)
    rows = list(session.scalars(query.order_by(by).limit(cursor.limit + 1)))
    shown = rows[: cursor.limit]
    return Page(
        data=[show(row) for row in shown],
        next=getattr(shown[-1], by.key) if len(rows) > cursor.limit else None,
    )
