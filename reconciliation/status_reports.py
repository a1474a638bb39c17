"""The bank's answers to our files: each is stored with what became of everything it says, and applied to debits."""

from __future__ import annotations

from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import outbox
from ledger.acts import Act
from ledger.errors import NotFound
from reconciliation import matching, payback_answers
from reconciliation.formats import pain002
from reconciliation.formats.pain002 import BlockStatus, FileStatus, TransactionStatus
from reconciliation.models import ItemOutcome, StatementFile, StatusReport, StatusReportItem
from reconciliation.one_report import Applied, OneReport


class StatusReportNotFound(NotFound):
    """There is no such status report."""


def get(session: Session, report_id: str) -> StatusReport:
    """Raises StatusReportNotFound."""
    found = session.get(StatusReport, report_id)
    if found is None:
        raise StatusReportNotFound(f"There is no status report {report_id[:40]}.")
    return found


def items(
    session: Session, report: StatusReport, *, after: int, limit: int, outcome: ItemOutcome | None = None
) -> tuple[list[StatusReportItem], int | None]:
    """A page of what a report says, in its order, and the position after which the next page begins."""
    query = select(StatusReportItem).where(
        StatusReportItem.report_id == report.id, StatusReportItem.position > after
    )
    if outcome is not None:
        query = query.where(StatusReportItem.outcome == outcome)
    rows = session.scalars(query.order_by(StatusReportItem.position).limit(limit + 1)).all()
    shown = list(rows[:limit])
    return shown, shown[-1].position if len(rows) > limit else None


def apply(session: Session, file: StatementFile, stream: BinaryIO, *, act: Act) -> list[Applied]:
    """Store every report of a file, and reject the debits and accept the batches that it says so of.

    Rejected are only debits that wait for the bank; whatever a report says twice, late or of something else is kept
    with what it means, and changes nothing. Matching is queued where lines may now be read otherwise. Raises
    UnreadableFile: then nothing may be kept of it.
    """
    done: list[Applied] = []
    answer: OneReport | None = None
    listener = payback_answers.Listener(session, act=act)
    for item in pain002.read(stream):
        listener.hear(item)
        match item:
            case FileStatus():
                if answer is not None:
                    done.append(answer.finish())
                answer = OneReport(session, file, item, len(done) + 1, act)
            case BlockStatus() if answer is not None:
                answer.block(item)
            case TransactionStatus() if answer is not None:
                answer.transaction(item)
    if answer is not None:
        done.append(answer.finish())
    listener.finish()
    touched = {outcome for one in done for outcome in one.outcomes}
    if touched & {ItemOutcome.REJECTED, ItemOutcome.CREDITED}:
        outbox.defer(session, matching.JOB, lock=matching.JOB)  # lumps may add up otherwise now
    return done
