"""Cursor pages: {"data": [...], "next": "..."} in id order, the same for every noun."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, and_, or_, select
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
    return page_of(session, query, by, cursor, lambda rows: [show(row) for row in rows])


def page_of(
    session: Session,
    query: Select[_Row],
    by: InstrumentedAttribute[str],
    cursor: Cursor,
    show: Callable[[Sequence[_Row]], list[_Out]],
    *,
    first_by: InstrumentedAttribute[Any] | None = None,
    descending: bool = False,
) -> Page[_Out]:
    """The page of `query` after the cursor, its rows shown together, ordered by the id column `by`.

    With `first_by`, a column of the same table that is never null, the id only decides among equals; an id that names
    nothing has nothing after it.
    """
    order: list[InstrumentedAttribute[Any]] = [by] if first_by is None else [first_by, by]
    if cursor.after is not None:
        query = query.where(_beyond(by, cursor.after, first_by, descending))
    ordered = query.order_by(*(column.desc() for column in order)) if descending else query.order_by(*order)
    rows = list(session.scalars(ordered.limit(cursor.limit + 1)))
    shown = rows[: cursor.limit]
    return Page(data=show(shown), next=getattr(shown[-1], by.key) if len(rows) > cursor.limit else None)


def _beyond(
    by: InstrumentedAttribute[str],
    after: str,
    first_by: InstrumentedAttribute[Any] | None,
    descending: bool,
) -> ColumnElement[bool]:
    beyond = by < after if descending else by > after
    if first_by is None:
        return beyond
    reached = select(first_by).where(by == after).correlate(None).scalar_subquery()
    further = first_by < reached if descending else first_by > reached
    return or_(further, and_(first_by == reached, beyond))
