"""/v1/files: what leaves, byte for byte."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import select

from exporters import stored_files
from exporters.models import StoredFile
from gateway.api.paging import AtCursor, Page, page
from gateway.api.shapes import FileOut, Id
from gateway.session import CurrentSession, Reader, Settler, TransactionalRoute

router = APIRouter(prefix="/v1/files", tags=["files"], route_class=TransactionalRoute)


def as_download(file: StoredFile) -> Response:
    """The bytes of a released file as an attachment; its name is made by us, its hash stands in a header."""
    return Response(
        file.content,
        media_type="application/xml",
        headers={
            "Content-Disposition": f'attachment; filename="{file.name}"',
            "X-Content-Type-Options": "nosniff",
            "X-Content-SHA256": file.sha256,
            "Cache-Control": "no-store",
        },
    )


@router.get("")
def list_files(session: CurrentSession, act: Reader, cursor: AtCursor) -> Page[FileOut]:
    return page(session, select(StoredFile), StoredFile.id, cursor, FileOut.model_validate)


@router.get("/{file_id}")
def get_file(file_id: Id, session: CurrentSession, act: Reader) -> FileOut:
    return FileOut.model_validate(stored_files.get(session, file_id))


@router.get("/{file_id}/content", response_class=Response)
def download_file(file_id: Id, session: CurrentSession, act: Settler) -> Response:
    """The bytes, hashed again before they are handed out; the download is written down."""
    return as_download(stored_files.download(session, file_id, act=act))
