"""/v1/statements and /v1/statement-lines: what the banks say, and what became of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, UploadFile
from fastapi.params import File, Form
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.api.paging import AtCursor, Page, page
from gateway.api.shapes import Id
from gateway.errors import TooLarge
from gateway.roles import Permission
from gateway.session import CurrentSession, Reader, Settler, TransactionalRoute, require_also
from ledger import creditors, outbox
from reconciliation import importing, matching, worklist
from reconciliation.importing import ImportReport
from reconciliation.models import LineState, StatementFile, StatementLine, StatementRecord
from reconciliation.receiving import Wishes

router = APIRouter(prefix="/v1", tags=["statements"], route_class=TransactionalRoute)


class Refusal(BaseModel):
    code: str
    message: str
    line: int | None


class UploadOut(BaseModel):
    """What became of one uploaded file. `imported` + `known` lines are all its lines."""

    file_id: str
    name: str
    sha256: str
    duplicate: bool
    format: str | None
    statement_ids: list[str]
    imported: int
    known: int
    problems: list[str]
    error: Refusal | None


class UploadsOut(BaseModel):
    """One outcome per file; new lines are matched in the background right after."""

    data: list[UploadOut]


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
    balanced: bool | None
    gap_minor: int | None
    line_count: int
    new_count: int
    known_count: int
    problems: list[str]
    created_at: datetime


class StatementFileOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    sha256: str
    size: int
    state: str
    format: str | None
    refusal_code: str | None
    refusal: str | None
    refusal_line: int | None
    received_at: datetime


class LineOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    statement_id: str
    bank_account_id: str
    position: int
    state: str
    waiting_because: str | None
    status: str
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


class LineWithMatch(LineOut):
    match: MatchOut | None


@router.post("/statements", status_code=201)
def upload_statements(
    request: Request,
    session: CurrentSession,
    act: Settler,
    files: Annotated[list[UploadFile], File(description="Statement files as the bank delivers them.")],
    open_accounts_of: Annotated[Id | None, Form()] = None,
) -> UploadsOut:
    """Import statement files. The bytes are kept once, whatever becomes of them; the same file changes nothing.

    With `open_accounts_of` (a creditor's id) accounts not known yet are opened for that creditor; this needs the
    permission to set up.
    """
    if open_accounts_of is not None:
        require_also(request, Permission.SET_UP)
        creditors.get(session, open_accounts_of)
    limit = request.app.state.runtime.settings.max_upload_bytes
    done = [_import(session, upload, limit, act=act, owner=open_accounts_of) for upload in files]
    if any(outcome.imported for outcome in done):
        outbox.defer(session, matching.JOB, lock=matching.JOB)
    return UploadsOut(data=[_shown(outcome) for outcome in done])


def _import(session: Session, upload: UploadFile, limit: int, *, act: Any, owner: str | None) -> ImportReport:
    upload.file.seek(0)  # the transaction may be at its second attempt
    content = upload.file.read(limit + 1)
    if len(content) > limit:
        raise TooLarge(f"A statement file has at most {limit} bytes.", field="files")
    return importing.import_file(
        session, content, name=upload.filename or "upload", act=act, wishes=Wishes(open_accounts_of=owner)
    )


def _shown(done: ImportReport) -> UploadOut:
    refusal = done.refusal
    return UploadOut(
        file_id=done.file_id, name=done.name, sha256=done.sha256, duplicate=done.duplicate,
        format=done.format, statement_ids=list(done.statement_ids), imported=done.imported,
        known=done.known, problems=list(done.problems),
        error=Refusal(code=refusal.code, message=refusal.message, line=getattr(refusal, "line", None))
        if refusal else None,
    )  # fmt: skip


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


@router.get("/statement-files")
def list_statement_files(session: CurrentSession, act: Reader, cursor: AtCursor) -> Page[StatementFileOut]:
    return page(session, select(StatementFile), StatementFile.id, cursor, StatementFileOut.model_validate)


@router.get("/statement-files/{file_id}")
def get_statement_file(file_id: Id, session: CurrentSession, act: Reader) -> StatementFileOut:
    return StatementFileOut.model_validate(worklist.get_file(session, file_id))


@router.get("/statement-lines")
def list_lines(
    session: CurrentSession,
    act: Reader,
    cursor: AtCursor,
    state: LineState | None = None,
    statement_id: Id | None = None,
    bank_account_id: Id | None = None,
) -> Page[LineOut]:
    wanted = {
        StatementLine.state: state, StatementLine.statement_id: statement_id,
        StatementLine.bank_account_id: bank_account_id,
    }  # fmt: skip
    query = select(StatementLine).where(
        *(column == value for column, value in wanted.items() if value is not None)
    )
    return page(session, query, StatementLine.id, cursor, LineOut.model_validate)


@router.get("/statement-lines/{line_id}")
def get_line(line_id: Id, session: CurrentSession, act: Reader) -> LineWithMatch:
    line = worklist.get_line(session, line_id)
    match = worklist.match_of(session, line_id)
    shown = None if match is None else MatchOut(**match)
    return LineWithMatch(**LineOut.model_validate(line).model_dump(), match=shown)
