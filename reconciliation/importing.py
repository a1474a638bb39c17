"""Taking in statement files: balances proved, lines posted once, real twins kept, whole files or nothing."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeAlias

from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import audit, outbox
from ledger.acts import Act
from ledger.creditors import get_bank_account
from ledger.errors import DuecourseError, Rejected
from ledger.models import BankAccount
from reconciliation import (
    balances,
    booking,
    itemising,
    layouts,
    own_accounts,
    reading,
    receiving,
    status_reports,
)
from reconciliation.account_locks import AccountLocks, OutOfOrder
from reconciliation.formats import detect
from reconciliation.formats.archive import PassedOver
from reconciliation.models import FileState, StatementFile, StatementRecord
from reconciliation.one_report import Applied
from reconciliation.receiving import NO_WISHES, Wishes
from reconciliation.statement import (
    Header,
    Item,
    Line,
    RefusedLine,
    Statement,
    StatementKind,
    UnreadableFile,
)

CHUNK = 5_000  # lines that are looked up and written together; bounds memory, not meaning

# PostgreSQL keeps the plans of its foreign-key checks for as long as a connection lives. One made while a table was
# small reads the whole table for each of a hundred thousand new rows.
_WHILE_WRITING = (text("DISCARD PLANS"), text("SET LOCAL enable_seqscan = off"))
_WHEN_WRITTEN = text("SET LOCAL enable_seqscan = on")

# Told while a file is read: how many of its bytes and how many lines so far.
Progress: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of one file. `refusal` is set when nothing but its bytes was kept.

    `imported` + `known` + `refused` lines are all the lines of the file; `promoted` of the known ones were only
    announced before. An archive has a report for each of its `members`, and their sums. A bank's answer to an order
    has no lines but `answers`.
    """

    file_id: str
    name: str
    sha256: str
    size: int = 0
    duplicate: bool = False
    refusal: DuecourseError | None = None
    format: str | None = None
    statement_ids: tuple[str, ...] = ()
    imported: int = 0
    known: int = 0
    promoted: int = 0
    refused: int = 0
    problems: tuple[str, ...] = ()
    members: tuple[ImportReport, ...] = ()
    answers: tuple[Applied, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether it, or one of its members, was not taken in."""
        is_refused = self.refusal is not None and not isinstance(self.refusal, PassedOver)
        return is_refused or any(member.failed for member in self.members)


@dataclass
class _Reading:
    """What an import has done so far."""

    progress: Progress
    stream: io.BytesIO
    format: str
    locks: AccountLocks
    lines: int = 0
    records: list[StatementRecord] = field(default_factory=list)
    accounts: dict[str, BankAccount] = field(default_factory=dict)
    runs: dict[str, booking.Run] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    def told(self, lines: int) -> None:
        self.lines += lines
        self.progress(self.stream.tell(), self.lines)


def import_file(
    session: Session, content: bytes, *, name: str, act: Act, wishes: Wishes = NO_WISHES
) -> ImportReport:
    """Store one file and import it, whole or not at all; the same bytes again change nothing.

    Each member of an archive is imported by itself. Raises CreditorNotFound or BankAccountNotFound when the
    wishes name what there is not.
    """
    received = receiving.receive(session, content, name=name, act=act, wishes=wishes)
    if received.refusal is not None:
        return report_of(received.file, refusal=received.refusal)
    if received.file.state != FileState.UNPACKED:
        return take_in(session, received.file, act=act)
    return gathered(received, [take_in(session, file, act=act) for file in received.files])


def gathered(received: receiving.Received, members: list[ImportReport]) -> ImportReport:
    """The report of an archive from those of its members."""
    file = received.file
    unopened = [
        ImportReport(file_id=file.id, name=member.name, sha256=file.sha256, refusal=member.refusal)
        for member in received.unopened
    ]
    whole = report_of(file, members=(*members, *unopened))
    return replace(
        whole,
        duplicate=bool(members) and all(member.duplicate for member in members),
        **{
            count: sum(getattr(member, count) for member in members)
            for count in ("imported", "known", "promoted", "refused")
        },
    )


def take_in(
    session: Session, file: StatementFile, *, act: Act, progress: Progress = lambda _bytes, _lines: None
) -> ImportReport:
    """Import a stored file, whole or not at all. Of one that was read before nothing is read again.

    A file that cannot be read, or is about an account we do not have, is kept with the reason and no line of it
    is imported.
    """
    session.refresh(
        file, ["state"], with_for_update={"key_share": True}
    )  # whoever else reads it now is waited for
    if file.state in receiving.READ:
        return report_of(file, duplicate=True)
    try:
        done = _in_order(session, file, act, progress)
    except detect.NotAStatement as answer:
        return _take_answer(session, file, answer.format, act)
    except Rejected as refusal:
        receiving.refuse(session, file, refusal, act)
        layouts.remember_refusal(session, file, refusal, act=act)
        return report_of(file, refusal=refusal)
    file.state, file.format = FileState.IMPORTED, done.format
    file.refusal = file.refusal_code = file.refusal_line = file.proposal = None
    report = _counted(file, done)
    audit.record(
        session, "statement_file.imported", file.id, act=act,
        sha256=file.sha256, lines=report.imported, known=report.known, refused=report.refused,
    )  # fmt: skip
    return report


def _take_answer(session: Session, file: StatementFile, format_name: str, act: Act) -> ImportReport:
    """Read a bank's answer to an order, whole or not at all."""
    try:
        with outbox.all_or_nothing(session):
            answers = status_reports.apply(session, file, io.BytesIO(file.content), act=act)
    except Rejected as refusal:
        receiving.refuse(session, file, refusal, act)
        return report_of(file, refusal=refusal)
    file.state, file.format = FileState.HANDED_ON, format_name
    file.refusal = file.refusal_code = file.refusal_line = None
    audit.record(
        session, "statement_file.handed_on", file.id, act=act, format=format_name, sha256=file.sha256,
        reports=len(answers),
    )  # fmt: skip
    return report_of(file, answers=tuple(answers))


def _in_order(session: Session, file: StatementFile, act: Act, progress: Progress) -> _Reading:
    """Read a file, and once more from its beginning where it needs its accounts' locks in another order."""
    wanted: frozenset[str] = frozenset()
    while True:
        try:
            with outbox.all_or_nothing(session):
                locks = AccountLocks(session, wanted)
                return _take_in(session, file, locks, act, progress)
        except OutOfOrder as rest:
            wanted = rest.wanted


def report_of(file: StatementFile, **said: object) -> ImportReport:
    """The report of a file, with what is to be `said` of it beside its name and bytes."""
    return ImportReport(
        file_id=file.id, name=file.name, sha256=file.sha256, size=file.size, format=file.format,
        **said,  # type: ignore[arg-type]
    )  # fmt: skip


def _counted(file: StatementFile, done: _Reading) -> ImportReport:
    records = done.records
    return report_of(
        file,
        statement_ids=tuple(record.id for record in records),
        imported=sum(record.new_count for record in records),
        known=sum(record.known_count for record in records),
        promoted=sum(record.promoted_count for record in records),
        refused=sum(record.refused_count for record in records),
        problems=tuple(problem for record in records for problem in record.told_problems),
    )


def _take_in(
    session: Session, file: StatementFile, locks: AccountLocks, act: Act, progress: Progress
) -> _Reading:
    for setting in _WHILE_WRITING:
        session.execute(setting)
    stream = io.BytesIO(file.content)
    chosen = get_bank_account(session, file.bank_account_id) if file.bank_account_id else None
    format_name, items = reading.open_file(stream, known_of(session, file, chosen))
    done = _Reading(progress, stream, format_name, locks)
    _read(session, file, items, done, chosen=chosen, act=act)
    if not done.records:
        raise UnreadableFile("The file holds no statement.")
    session.execute(_WHEN_WRITTEN)
    for account_id, account in done.accounts.items():
        own = [record for record in done.records if record.bank_account_id == account_id]
        _conclude(session, account, own, act)
    return done


def known_of(
    session: Session, file: StatementFile, chosen: BankAccount | None, *, revoked: bool = False
) -> reading.Known:
    """What is known of a file beside its bytes; with `revoked` also by layouts that are revoked since."""
    return reading.Known(
        currency=chosen.currency if chosen else None,
        layouts=layouts.standing(session, chosen, revoked=revoked),
        date_order=reading.date_order(file.date_order),
    )


def _read(
    session: Session,
    file: StatementFile,
    items: Iterator[Item],
    done: _Reading,
    *,
    chosen: BankAccount | None,
    act: Act,
) -> None:
    """Write the statements of a file with their lines, one after another."""
    writer: booking.StatementWriter | None = None
    pending: list[Line | RefusedLine] = []
    for item in items:
        match item:
            case Header():
                writer = _writer(session, file, item, done, chosen=chosen, act=act)
            case Line() | RefusedLine() if writer is not None:
                pending.append(item)
                if len(pending) >= CHUNK:
                    pending = _add(writer, pending, done)
            case Statement() if writer is not None:
                pending = _add(writer, pending, done)
                writer.finish(item)
                done.records.append(writer.record)


def _writer(
    session: Session,
    file: StatementFile,
    header: Header,
    done: _Reading,
    *,
    chosen: BankAccount | None,
    act: Act,
) -> booking.StatementWriter:
    if chosen is not None:
        own_accounts.require_one(done.names, header)
    account = own_accounts.resolve(session, header, chosen=chosen, open_for=file.open_accounts_of, act=act)
    done.locks.hold(account.id)
    done.accounts[account.id] = account
    run = done.runs.get(account.id)
    if run is None or not run.goes_on_with(header):
        run = done.runs[account.id] = booking.Run()
    return booking.StatementWriter(session, file.id, header, account, run, act)


def _add(
    writer: booking.StatementWriter, pending: list[Line | RefusedLine], done: _Reading
) -> list[Line | RefusedLine]:
    writer.add(pending)
    done.told(len(pending))
    return []


# --- when all lines of a file are in ---


def _conclude(session: Session, account: BankAccount, records: list[StatementRecord], act: Act) -> None:
    """Bring the account's balances, lumps and announcements into order after new statements."""
    since = min(_begins(record) for record in records)
    balances.evaluate(session, account, since, act=act)
    itemising.itemise(session, account, since, max(_ends(record) for record in records), act=act)
    for record in records:
        _note_missing(session, record)
        _hold_back(session, record)
    balances.bring_forward(session, account, records[-1].id, act=act)
    for record in records:
        _tell(session, record, act)


def _tell(session: Session, record: StatementRecord, act: Act) -> None:
    data = {
        "lines": record.new_count, "known": record.known_count, "refused": record.refused_count,
        "balanced": record.balanced,
    }  # fmt: skip
    outbox.emit(
        session,
        outbox.NewEvent(type="statement.imported", object_id=record.id, act=act, origin="bank", data=data),
    )


def _ends(record: StatementRecord) -> date:
    return max(filter(None, (record.to_on, record.closes_on)), default=record.created_at.date())


def _begins(record: StatementRecord) -> date:
    return min(filter(None, (record.from_on, record.closes_on)), default=record.created_at.date())


_MISSING = text(
    "SELECT count(*) FROM statement_lines WHERE bank_account_id = :account AND provisional AND lump_id IS NULL "
    "AND status = 'booked' AND booked_on BETWEEN :first AND :last"
)


def _note_missing(session: Session, record: StatementRecord) -> None:
    """Say of how many lines that the bank announced for its days a statement knows nothing."""
    if record.kind != StatementKind.STATEMENT or record.from_on is None or record.closes_on is None:
        return
    asked = {"account": record.bank_account_id, "first": record.from_on, "last": record.closes_on}
    missing = session.scalar(_MISSING, asked) or 0
    if missing:
        what = "1 line that was" if missing == 1 else f"{missing} lines that were"
        record.problems = [*record.problems, f"It does not have {what} announced for its days."]


_HOLD_BACK = text(
    "UPDATE statement_lines SET waiting_because = :because WHERE statement_id = :id AND state = 'new' "
    "AND NOT provisional"
)
HELD_BACK = "Its statement does not add up: a person has to accept that before lines are matched."


def _hold_back(session: Session, record: StatementRecord) -> None:
    """Lines of a statement that does not add up wait until a person accepts the break (worklist.accept_break)."""
    if record.break_minor is not None:
        session.flush()
        session.execute(_HOLD_BACK, {"id": record.id, "because": HELD_BACK})
