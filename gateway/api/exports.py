"""/v1/exports: every allocation that stands, and every statement line with what it became, as files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from exporters import allocation_rows, line_rows, row_files
from exporters.row_files import RowFormat
from gateway.session import CurrentSession, Reader, TransactionalRoute

router = APIRouter(prefix="/v1/exports", tags=["exports"], route_class=TransactionalRoute)
_IN_MEMORY = 1_000_000  # bytes that are held before the rest goes to a file
_PIECE = 65_536
Form = Annotated[RowFormat, Query(alias="format", description="A CSV, or one JSON object a line.")]


@router.get("/allocations", response_class=StreamingResponse)
def export_allocations(
    session: CurrentSession, act: Reader, form: Form = RowFormat.JSONL
) -> StreamingResponse:
    """One row for each allocation that stands, and for what is on account, with the line whose money it is."""
    pieces = row_files.written(allocation_rows.COLUMNS, allocation_rows.rows(session), form)
    return _as_file(pieces, "allocations", form)


@router.get("/lines", response_class=StreamingResponse)
def export_lines(session: CurrentSession, act: Reader, form: Form = RowFormat.JSONL) -> StreamingResponse:
    """One row for each statement line, with what it became or, where it waits, its proposals."""
    pieces = row_files.written(line_rows.COLUMNS, line_rows.rows(session), form)
    return _as_file(pieces, "lines", form)


def _as_file(pieces: Iterable[bytes], name: str, form: RowFormat) -> StreamingResponse:
    """Write it aside and then send it: a slow reader keeps no connection to the database, and no half file is sent."""
    held = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed when all of it was sent
    held.writelines(pieces)
    held.seek(0)
    return StreamingResponse(
        _sent(held),
        media_type=row_files.MEDIA_TYPES[form],
        headers={
            "Content-Disposition": f'attachment; filename="{name}.{form}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


def _sent(held: IO[bytes]) -> Iterator[bytes]:
    with held:
        while piece := held.read(_PIECE):
            yield piece
