"""/v1/statements (upload), /v1/statement-files and /v1/statement-layouts: what arrived, and what became of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response, UploadFile
from fastapi.params import File, Form
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import statement_import
from gateway.api.paging import AtCursor, Page, page
from gateway.api.shapes import Id
from gateway.errors import TooLarge
from gateway.roles import Permission
from gateway.session import CurrentSession, Decider, Reader, Settler, TransactionalRoute, require_also
from ledger import outbox
from ledger.acts import Act
from ledger.errors import DuecourseError
from reconciliation import file_contents, layouts, matching, receiving, worklist
from reconciliation.formats.archive import PassedOver
from reconciliation.formats.delimited.words import Role
from reconciliation.formats.pain002 import Order
from reconciliation.importing import ImportReport
from reconciliation.models import FileState, StatementFile, StatementLayout
from reconciliation.receiving import Received, Wishes

router = APIRouter(prefix="/v1", tags=["statement files"], route_class=TransactionalRoute)


class Refusal(BaseModel):
    code: str
    message: str
    line: int | None


class AnswerOut(BaseModel):
    """What became of a bank's answer to an order (pain.002): see GET /v1/status-reports/{report_id}."""

    model_config = ConfigDict(from_attributes=True)

    report_id: str
    answers: Order
    original_message_id: str | None
    batch_id: str | None
    outcomes: dict[str, int]


class UploadOut(BaseModel):
    """What became of one uploaded file, or of one file in an archive.

    `imported` + `known` + `refused` lines are all its lines; `promoted` of the known ones were only announced before.
    A file in state `received` waits to be read: GET /v1/statement-files/{file_id} tells how far it is. A member of an
    archive in state `passed_over` is none that could hold a statement, such as a folder; that is no error. A bank's
    answer to an order has no lines but `answers`.
    """

    file_id: str
    name: str
    sha256: str
    size: int
    state: str
    duplicate: bool
    format: str | None
    statement_ids: list[str]
    imported: int
    known: int
    promoted: int
    refused: int
    problems: list[str]
    error: Refusal | None
    answers: list[AnswerOut]
    members: list[UploadOut]


class UploadsOut(BaseModel):
    """One outcome per file; new lines are matched in the background right after."""

    data: list[UploadOut]


class StatementFileOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    sha256: str
    size: int
    state: FileState
    format: str | None
    archive_id: str | None
    refusal_code: str | None
    refusal: str | None
    refusal_line: int | None
    received_at: datetime


class ProgressOut(BaseModel):
    """How far the reading of a file is."""

    model_config = ConfigDict(from_attributes=True)

    bytes_read: int
    lines_read: int
    at: datetime


class FileLineOut(BaseModel):
    """One line of a file: what it was when it came, and the stored line that it is; none for a refused one."""

    statement_id: str
    position: int
    fate: str
    reason: str | None
    line_id: str | None
    booked_on: date | None
    amount_minor: int | None
    currency: str | None
    state: str | None


class UnopenedOut(BaseModel):
    """A member of an archive that was not taken out; the code `passed_over` says that this is as it should be."""

    name: str
    code: str
    reason: str


class ContentsOut(StatementFileOut):
    """A file with what became of every line in it; `lines` is a page, and `imported` + `known` + `refused` are all.

    `proposal` is how a table of unknown layout seems to be: confirm it at /layout. `unopened` are the members of an
    archive that could not be taken out, `member_ids` the files that could.
    """

    progress: ProgressOut | None
    statement_ids: list[str]
    line_count: int
    imported: int
    known: int
    promoted: int
    refused: int
    problems: list[str]
    proposal: dict[str, Any] | None
    unopened: list[UnopenedOut]
    member_ids: list[str]
    lines: Page[FileLineOut]


class LayoutIn(BaseModel):
    """A person's answers to what a proposal asks, by what each is about, and other meanings of columns by title.

    A column without a meaning (null) is not read.
    """

    model_config = ConfigDict(extra="forbid")

    bank_account_id: Id
    name: str | None = Field(default=None, min_length=1, max_length=60)
    answers: dict[str, str] = Field(default_factory=dict)
    roles: dict[str, Role | None] = Field(default_factory=dict)


class LayoutOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    bank_account_id: str
    layout: dict[str, Any]
    confirmed_at: datetime
    confirmed_by: str
    revoked_at: datetime | None


class ConfirmedOut(BaseModel):
    """The layout that is kept, and what became of the file that was read by it."""

    layout: LayoutOut
    file: UploadOut


@router.post("/statements", status_code=201, responses={202: {"model": UploadsOut, "description": "Queued"}})
def upload_statements(
    request: Request,
    response: Response,
    session: CurrentSession,
    act: Settler,
    files: Annotated[
        list[UploadFile], File(description="Files as the bank delivers them, also in archives.")
    ],
    bank_account_id: Annotated[
        Id | None, Form(description="For files that do not name their account.")
    ] = None,
    open_accounts_of: Annotated[
        Id | None, Form(description="A creditor, for accounts not known yet.")
    ] = None,
    date_order: Annotated[str | None, Form(description="DMY, MDY or YMD, for QIF files.")] = None,
) -> UploadsOut:
    """Import statement files. The bytes are kept once, whatever becomes of them; the same file changes nothing.

    Files that are large together are answered with 202 and read by a worker. With `open_accounts_of` accounts not
    known yet are opened for that creditor; this needs the permission to set up.
    """
    if open_accounts_of is not None:
        require_also(request, Permission.SET_UP)
    wishes = Wishes(bank_account_id, open_accounts_of, date_order)
    settings = request.app.state.runtime.settings
    received = [_receive(session, upload, settings.max_upload_bytes, wishes, act) for upload in files]
    to_read = {
        file.id: file.size for one in received for file in one.files if statement_import.is_to_read(file)
    }
    if sum(to_read.values()) > settings.import_at_once_bytes:
        response.status_code = 202
        done = [statement_import.queue(session, one) for one in received]
    else:
        done = statement_import.import_now(session, received, act=act)
        _match_later(session, done)
    return UploadsOut(data=[_shown(one, report) for one, report in zip(received, done, strict=True)])


def _receive(session: Session, upload: UploadFile, limit: int, wishes: Wishes, act: Act) -> Received:
    upload.file.seek(0)  # the transaction may be at its second attempt
    content = upload.file.read(limit + 1)
    if len(content) > limit:
        raise TooLarge(f"A statement file has at most {limit} bytes.", field="files")
    return receiving.receive(session, content, name=upload.filename or "upload", act=act, wishes=wishes)


def _match_later(session: Session, done: list[ImportReport]) -> None:
    if any(report.imported or report.promoted for report in done):
        outbox.defer(session, matching.JOB, lock=matching.JOB)


def _shown(received: Received, report: ImportReport) -> UploadOut:
    states = {file.id: file.state for file in (received.file, *received.members)}
    return _out(report, states)


def _out(report: ImportReport, states: dict[str, str]) -> UploadOut:
    state, problems, error = states[report.file_id], list(report.problems), None
    if isinstance(report.refusal, PassedOver):
        state, problems = "passed_over", [report.refusal.message]
    elif report.refusal is not None:
        state, error = FileState.REFUSED, _refusal(report.refusal)
    return UploadOut(
        file_id=report.file_id, name=report.name, sha256=report.sha256, size=report.size, state=state,
        duplicate=report.duplicate, format=report.format, statement_ids=list(report.statement_ids),
        imported=report.imported, known=report.known, promoted=report.promoted, refused=report.refused,
        problems=problems, error=error,
        answers=[AnswerOut.model_validate(answer) for answer in report.answers],
        members=[_out(member, states) for member in report.members],
    )  # fmt: skip


def _refusal(refusal: DuecourseError) -> Refusal:
    return Refusal(code=refusal.code, message=refusal.message, line=getattr(refusal, "line", None))


@router.get("/statement-files")
def list_statement_files(
    session: CurrentSession, act: Reader, cursor: AtCursor, state: FileState | None = None
) -> Page[StatementFileOut]:
    query = select(StatementFile)
    if state is not None:
        query = query.where(StatementFile.state == state)
    return page(session, query, StatementFile.id, cursor, StatementFileOut.model_validate)


@router.get("/statement-files/{file_id}")
def get_statement_file(
    file_id: Id,
    session: CurrentSession,
    act: Reader,
    limit: Annotated[int, Query(ge=1, le=500, description="How many lines at most.")] = 50,
    after: Annotated[str | None, Query(max_length=60, description="The `next` of the lines before.")] = None,
) -> ContentsOut:
    """What became of a file and of every line in it, and how far the reading of a large one is."""
    file = worklist.get_file(session, file_id)
    contents = file_contents.contents(session, file)
    lines, following = file_contents.lines(session, file, after=after, limit=limit)
    return ContentsOut(
        **StatementFileOut.model_validate(file).model_dump(),
        progress=None if contents.progress is None else ProgressOut.model_validate(contents.progress),
        statement_ids=[record.id for record in contents.statements],
        line_count=sum(record.line_count for record in contents.statements),
        imported=sum(record.new_count for record in contents.statements),
        known=sum(record.known_count for record in contents.statements),
        promoted=sum(record.promoted_count for record in contents.statements),
        refused=sum(record.refused_count for record in contents.statements),
        problems=[problem for record in contents.statements for problem in record.told_problems],
        proposal=file.proposal,
        unopened=[UnopenedOut(**member) for member in file.unopened or ()],
        member_ids=list(contents.member_ids),
        lines=Page(data=[FileLineOut(**line) for line in lines], next=following),
    )


@router.post("/statement-files/{file_id}/layout", status_code=201)
def confirm_layout(file_id: Id, wish: LayoutIn, session: CurrentSession, act: Decider) -> ConfirmedOut:
    """Confirm the layout that a table proposes, keep it for the account, and import the file by it."""
    kept, report = statement_import.confirm_layout(
        session, file_id, bank_account_id=wish.bank_account_id, answers=wish.answers, roles=wish.roles,
        name=wish.name, act=act,
    )  # fmt: skip
    _match_later(session, [report])
    file = Received(worklist.get_file(session, file_id))
    return ConfirmedOut(layout=LayoutOut.model_validate(kept), file=_shown(file, report))


@router.get("/statement-layouts")
def list_layouts(session: CurrentSession, act: Reader, cursor: AtCursor) -> Page[LayoutOut]:
    return page(session, select(StatementLayout), StatementLayout.id, cursor, LayoutOut.model_validate)


@router.post("/statement-layouts/{layout_id}/revoke")
def revoke_layout(layout_id: Id, session: CurrentSession, act: Decider) -> LayoutOut:
    """Let a layout describe no file any more; what was read by it stays."""
    return LayoutOut.model_validate(layouts.revoke(session, layout_id, act=act))
