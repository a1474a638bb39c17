"""Taking in stored statement files behind a request or from the command line, with progress that others can see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from gateway.runtime import Runtime
from ledger import outbox
from ledger.acts import Act
from reconciliation import importing, layouts, receiving, worklist
from reconciliation.formats import archive
from reconciliation.importing import ImportReport, Progress
from reconciliation.models import FileProgress, FileState, StatementFile, StatementLayout, StatementRecord
from reconciliation.receiving import Received
from reconciliation.statement import UnreadableFile

JOB = "import_statement_file"


def is_to_read(file: StatementFile) -> bool:
    """Whether a stored file is still to be read: it was not read before, and is no archive that is broken."""
    return file.state not in receiving.READ and archive.identify(file.content[:4]) is None


def queue(session: Session, received: Received) -> ImportReport:
    """Let a worker read the files that arrived, also those refused before; tells what is known of them so far."""
    for file in received.files:
        if is_to_read(file):
            file.state = FileState.RECEIVED
            file.refusal = file.refusal_code = file.refusal_line = None
            session.execute(delete(FileProgress).where(FileProgress.file_id == file.id))
            _defer(session, file.id)
    session.flush()
    return _whole(received, [_so_far(file) for file in received.files])


def _defer(session: Session, file_id: str) -> None:
    outbox.defer(session, JOB, lock=f"{JOB}/{file_id}", file_id=file_id)


def import_now(session: Session, received: Sequence[Received], *, act: Act) -> list[ImportReport]:
    """Import what arrived in the caller's transaction, each file whole or not at all."""
    _hold(session, [file.id for one in received for file in one.files])
    return [_whole(one, [_import(session, file, act) for file in one.files]) for one in received]


def _import(session: Session, file: StatementFile, act: Act) -> ImportReport:
    return importing.take_in(session, file, act=act) if is_to_read(file) else _so_far(file)


def _whole(received: Received, reports: list[ImportReport]) -> ImportReport:
    is_archive = received.file.state == FileState.UNPACKED
    return importing.gathered(received, reports) if is_archive else reports[0]


def _so_far(file: StatementFile) -> ImportReport:
    """The report of a file that nobody reads now."""
    if file.state == FileState.REFUSED:
        refusal = UnreadableFile(file.refusal or "", line=file.refusal_line)
        return importing.report_of(file, refusal=refusal)
    return importing.report_of(file, duplicate=file.state in receiving.READ)


def _hold(session: Session, file_ids: Iterable[str]) -> None:
    """Wait until nobody else reads these files, and see what became of them.

    Notes of progress refer to a file from beside the transaction that holds it, so its key stays free.
    """
    held = select(StatementFile).where(StatementFile.id.in_(sorted(set(file_ids)))).order_by(StatementFile.id)
    session.scalars(held.with_for_update(key_share=True).execution_options(populate_existing=True)).all()


def take_in(
    runtime: Runtime, file_id: str, *, actor: str, progress: Progress = lambda _bytes, _lines: None
) -> ImportReport:
    """Import a stored file in a transaction of its own, and tell how far it is in transactions beside it."""
    act = runtime.act(actor)

    def tell(bytes_read: int, lines_read: int) -> None:
        now = runtime.act(actor).at
        runtime.run(lambda session: _note(session, file_id, bytes_read, lines_read, now))
        progress(bytes_read, lines_read)

    def work(session: Session) -> ImportReport:
        _hold(session, [file_id])
        return importing.take_in(session, worklist.get_file(session, file_id), act=act, progress=tell)

    return runtime.run(work)


def _note(session: Session, file_id: str, bytes_read: int, lines_read: int, now: datetime) -> None:
    told = {"bytes_read": bytes_read, "lines_read": lines_read, "at": now}
    row = insert(FileProgress).values(file_id=file_id, **told)
    session.execute(row.on_conflict_do_update(index_elements=["file_id"], set_=told))


def queue_waiting(runtime: Runtime) -> int:
    """Let workers read every file that arrived and that nobody has read, nor reads at this moment; gives how many."""
    query = (
        select(StatementFile.id)
        .where(StatementFile.state == FileState.RECEIVED)
        .order_by(StatementFile.id)
        .with_for_update(key_share=True, skip_locked=True)
    )

    def again(session: Session) -> int:
        waiting = session.scalars(query).all()
        for file_id in waiting:
            _defer(session, file_id)
        return len(waiting)

    return runtime.run(again)


def bring(
    runtime: Runtime, content: bytes, *, name: str, actor: str, wishes: receiving.Wishes, progress: Progress
) -> ImportReport:
    """Store a file, then import it or each member of the archive that it is, every one by itself."""
    act = runtime.act(actor)

    def store(session: Session) -> tuple[Received, set[str]]:
        received = receiving.receive(session, content, name=name, act=act, wishes=wishes)
        return received, {file.id for file in received.files if is_to_read(file)}

    received, wanted = runtime.run(store)
    reports = [
        take_in(runtime, file.id, actor=actor, progress=progress) if file.id in wanted else _so_far(file)
        for file in received.files
    ]
    return _whole(received, reports)


def confirm_layout(
    session: Session,
    file_id: str,
    *,
    bank_account_id: str,
    answers: Mapping[str, str],
    roles: Mapping[str, str | None],
    name: str | None = None,
    act: Act,
) -> tuple[StatementLayout, ImportReport]:
    """Keep the layout that a refused table proposes, for its account, and import the table by it.

    Raises StatementFileNotFound, NothingToConfirm, BankAccountNotFound or BadLayout.
    """
    _hold(session, [file_id])
    file = worklist.get_file(session, file_id)
    kept = layouts.confirm(
        session, file, bank_account_id=bank_account_id, answers=answers, roles=roles, name=name, act=act
    )
    file.bank_account_id = kept.bank_account_id
    return kept, importing.take_in(session, file, act=act)


def held_back(session: Session, statement_ids: Iterable[str]) -> list[str]:
    """Which of these statements do not add up and wait until a person accepts that (worklist.accept_break)."""
    query = select(StatementRecord.id).where(
        StatementRecord.id.in_(list(statement_ids)),
        StatementRecord.break_minor.is_not(None),
        StatementRecord.accepted_at.is_(None),
    )
    return list(session.scalars(query.order_by(StatementRecord.id)))
