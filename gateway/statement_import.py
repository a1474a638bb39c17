"""Taking in stored statement files behind a request or from the command line, with progress that others can see."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from gateway.runtime import Runtime
from ledger import outbox
from ledger.acts import Act
from reconciliation import importing, receiving, worklist
from reconciliation.importing import ImportReport, Progress
from reconciliation.models import FileProgress, FileState, StatementFile
from reconciliation.receiving import Received

JOB = "import_statement_file"


def queue(session: Session, received: Received) -> list[str]:
    """Let a worker read the files that arrived; gives the ids of those that it will."""
    waiting = sorted({file.id for file in received.files if file.state == FileState.RECEIVED})
    for file_id in waiting:
        outbox.defer(session, JOB, lock=f"{JOB}/{file_id}", file_id=file_id)
    return waiting


def take_in(
    runtime: Runtime, file_id: str, *, actor: str, progress: Progress = lambda _bytes, _lines: None
) -> ImportReport:
    """Import a stored file in a transaction of its own, and tell how far it is in transactions beside it."""
    act = runtime.act(actor)

    def tell(bytes_read: int, lines_read: int) -> None:
        runtime.run(lambda session: _note(session, file_id, bytes_read, lines_read, act))
        progress(bytes_read, lines_read)

    def work(session: Session) -> ImportReport:
        return importing.take_in(session, worklist.get_file(session, file_id), act=act, progress=tell)

    return runtime.run(work)


def _note(session: Session, file_id: str, bytes_read: int, lines_read: int, act: Act) -> None:
    told = {"bytes_read": bytes_read, "lines_read": lines_read, "at": act.at}
    row = insert(FileProgress).values(file_id=file_id, **told)
    session.execute(row.on_conflict_do_update(index_elements=["file_id"], set_=told))


def waiting(runtime: Runtime) -> list[str]:
    """The files that arrived and that nobody has read yet."""
    query = (
        select(StatementFile.id).where(StatementFile.state == FileState.RECEIVED).order_by(StatementFile.id)
    )
    return runtime.run(lambda session: list(session.scalars(query)))


def bring(
    runtime: Runtime, content: bytes, *, name: str, actor: str, wishes: receiving.Wishes, progress: Progress
) -> ImportReport:
    """Store a file, then import it or each member of the archive that it is, every one by itself."""
    act = runtime.act(actor)

    def store(session: Session) -> Received:
        return receiving.receive(session, content, name=name, act=act, wishes=wishes)

    received = runtime.run(store)
    reports = [take_in(runtime, file.id, actor=actor, progress=progress) for file in received.files]
    if received.file.state != FileState.UNPACKED:
        return reports[0]
    return importing.gathered(received, reports)
