"""/v1/debit-batches: drafted by one, approved by another, released once."""

from __future__ import annotations

from datetime import date, datetime

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from exporters import debit_batches, stored_files
from exporters.models import StoredFile
from gateway.api.files import as_download
from gateway.api.paging import AtCursor, Page, page
from gateway.api.shapes import Day, FileOut, Id, Reason
from gateway.session import CurrentSession, Reader, Settler, SettlerOnce, TransactionalRoute
from ledger import creditors
from mandates import batches
from mandates.models import Batch, Scheme

router = APIRouter(prefix="/v1/debit-batches", tags=["debits"], route_class=TransactionalRoute)


class BatchIn(BaseModel):
    """Put the scheduled debits of one scheme into a batch, those to collect by `collect_until` if given."""

    model_config = ConfigDict(extra="forbid")

    creditor_id: Id | None = None
    scheme: Scheme = Scheme.CORE
    collect_until: Day | None = None


class BlockOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    payment_information_id: str
    sequence_type: str
    collect_on: date
    batch_booking: bool
    debit_count: int
    total_minor: int


class BatchOut(BaseModel):
    id: str
    creditor_id: str
    state: str
    scheme: str
    message_id: str
    debit_count: int
    total_minor: int
    currency: str
    drafted_by: str
    approved_by: str | None
    approved_at: datetime | None
    released_by: str | None
    released_at: datetime | None
    created_at: datetime
    blocks: list[BlockOut]
    file: FileOut | None


def _shown(session: Session, batch: Batch) -> BatchOut:
    file = session.scalars(select(StoredFile).where(StoredFile.batch_id == batch.id)).first()
    plain = {name: getattr(batch, name) for name in BatchOut.model_fields if name not in ("blocks", "file")}
    return BatchOut(
        **plain,
        blocks=[BlockOut.model_validate(block) for block in batches.blocks_of(session, batch.id)],
        file=FileOut.model_validate(file) if file else None,
    )


@router.post("", status_code=201)
def draft_batch(body: BatchIn, session: CurrentSession, act: SettlerOnce) -> BatchOut:
    """The batch and its pain.008, checked against the schema and every bank rule, and stored with its hash."""
    creditor = creditors.only_one(session, body.creditor_id)
    batch, _ = debit_batches.draft(
        session, creditor_id=creditor.id, scheme=body.scheme, collect_until=body.collect_until, act=act
    )
    return _shown(session, batch)


@router.get("")
def list_batches(session: CurrentSession, act: Reader, cursor: AtCursor) -> Page[BatchOut]:
    return page(session, select(Batch), Batch.id, cursor, lambda batch: _shown(session, batch))


@router.get("/{batch_id}")
def get_batch(batch_id: Id, session: CurrentSession, act: Reader) -> BatchOut:
    return _shown(session, batches.get(session, batch_id))


@router.post("/{batch_id}/approve")
def approve_batch(batch_id: Id, session: CurrentSession, act: SettlerOnce) -> BatchOut:
    """Who drafted the batch cannot approve it."""
    return _shown(session, debit_batches.approve(session, batch_id, act=act))


@router.post("/{batch_id}/release")
def release_batch(batch_id: Id, session: CurrentSession, act: SettlerOnce) -> BatchOut:
    """Once. Who drafted the batch cannot release it."""
    batch, _ = debit_batches.release(session, batch_id, act=act)
    return _shown(session, batch)


@router.post("/{batch_id}/discard")
def discard_batch(batch_id: Id, body: Reason, session: CurrentSession, act: SettlerOnce) -> BatchOut:
    """Give up a batch that was not released; its debits are scheduled again."""
    return _shown(session, batches.discard(session, batch_id, reason=body.reason, act=act))


@router.get("/{batch_id}/file", response_class=Response)
def download_batch_file(batch_id: Id, session: CurrentSession, act: Settler) -> Response:
    """The pain.008, hashed again before it is handed out; the download is written down."""
    file = stored_files.of_batch(session, batch_id)
    return as_download(stored_files.download(session, file.id, act=act))
