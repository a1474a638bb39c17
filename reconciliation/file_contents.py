"""What became of a statement file and of every line in it: a read over files, statements and sightings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from ledger.errors import Rejected
from reconciliation.models import FileProgress, LineSighting, StatementFile, StatementLine, StatementRecord

_CURSOR = re.compile(r"(stm_[0-9a-z]{26})/([0-9]{1,9})")


class UnknownCursor(Rejected):
    """The cursor is not the `next` of a page of lines."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The statements of a file, the files of an archive, and how far it has been read."""

    statements: Sequence[StatementRecord]
    member_ids: Sequence[str]
    progress: FileProgress | None


def contents(session: Session, file: StatementFile) -> Contents:
    """What a file holds, as far as it has been read."""
    of_file = select(StatementRecord).where(StatementRecord.file_id == file.id).order_by(StatementRecord.id)
    return Contents(session.scalars(of_file).all(), file.member_ids or (), session.get(FileProgress, file.id))


def lines(
    session: Session, file: StatementFile, *, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of a file's lines, each with its fate, and the cursor of the next. Raises UnknownCursor."""
    query = (
        select(LineSighting, StatementLine)
        .join(StatementRecord, StatementRecord.id == LineSighting.statement_id)
        .outerjoin(StatementLine, StatementLine.id == LineSighting.line_id)
        .where(StatementRecord.file_id == file.id)
        .order_by(LineSighting.statement_id, LineSighting.position)
        .limit(limit + 1)
    )
    if after is not None:
        place = tuple_(LineSighting.statement_id, LineSighting.position)
        query = query.where(place > tuple_(*_place(after)))
    rows = session.execute(query).all()
    shown = [_shown(sighting, line) for sighting, line in rows[:limit]]
    if len(rows) <= limit:
        return shown, None
    return shown, f"{shown[-1]['statement_id']}/{shown[-1]['position']}"


def _place(cursor: str) -> tuple[str, int]:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise UnknownCursor("The cursor is not the `next` of a page of lines.", field="after")
    return found[1], int(found[2])


def _shown(sighting: LineSighting, line: StatementLine | None) -> dict[str, Any]:
    return {
        "statement_id": sighting.statement_id,
        "position": sighting.position,
        "fate": sighting.fate,
        "reason": sighting.reason,
        "line_id": sighting.line_id,
        "booked_on": line and line.booked_on,
        "amount_minor": line and line.amount_minor,
        "currency": line and line.currency,
        "state": line and line.state,
    }
