"""Taking in statement files: bytes stored once, balances proved, lines posted once, real twins kept."""

from __future__ import annotations

import hashlib
import io
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import audit, creditors, outbox
from ledger.acts import Act
from ledger.banking import Iban, InvalidIban
from ledger.errors import DuecourseError, Rejected
from ledger.identifiers import new_id
from ledger.models import BankAccount
from reconciliation import balances, booking
from reconciliation.formats import detect
from reconciliation.identity import Identities
from reconciliation.models import FileState, StatementFile, StatementRecord
from reconciliation.statement import Header, Item, Line, LineStatus, Statement, UnreadableFile

# A booking looks different in each format. Taking in a second one for the same account could count money twice.
TAKEN_IN = "camt.053"
CHUNK = 5_000  # lines that are looked up and written together; bounds memory, not meaning
_ACCOUNT_NUMBER = ((0, "account number", 64),)


class UnknownAccount(Rejected):
    """The statement is about an account that is not among our bank accounts."""


class OnlyInspected(Rejected):
    """A format that can be read, but whose lines cannot be told apart from those of other formats yet."""


class MissingDate(Rejected):
    """A booked line without any date cannot be put into the books."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of one file. `refusal` is set when nothing but its bytes was kept.

    `imported` + `known` lines are all the lines of the file.
    """

    file_id: str
    name: str
    sha256: str
    duplicate: bool = False
    refusal: DuecourseError | None = None
    format: str | None = None
    statement_ids: tuple[str, ...] = ()
    imported: int = 0
    known: int = 0
    problems: tuple[str, ...] = ()


@dataclass
class _Tally:
    """What an import has done so far."""

    format: str | None = None
    statement_ids: list[str] = field(default_factory=list)
    imported: int = 0
    known: int = 0
    problems: list[str] = field(default_factory=list)
    accounts: dict[str, BankAccount] = field(default_factory=dict)
    identities: dict[str, Identities] = field(default_factory=lambda: defaultdict(Identities))


def import_file(
    session: Session, content: bytes, *, name: str, act: Act, open_accounts_of: str | None = None
) -> ImportReport:
    """Import one statement file, whole or not at all; the same bytes again change nothing.

    A file that cannot be read, or is about an account we do not have, is kept with the reason and no line of it
    is imported. With `open_accounts_of` (a creditor's id) unknown accounts become bank accounts of that
    creditor; raises CreditorNotFound when there is no such creditor.
    """
    digest = hashlib.sha256(content).hexdigest()
    file = _store(session, content, digest, name, act)
    if file.state == FileState.IMPORTED:
        return ImportReport(file_id=file.id, name=name, sha256=digest, duplicate=True, format=file.format)
    tally = _Tally()
    try:
        with outbox.all_or_nothing(session):
            _take_in(session, file.id, content, tally, act=act, open_accounts_of=open_accounts_of)
    except Rejected as refusal:
        _refuse(session, file, refusal, act)
        return ImportReport(file_id=file.id, name=name, sha256=digest, refusal=refusal)
    file.state, file.format = FileState.IMPORTED, tally.format
    file.refusal = file.refusal_code = file.refusal_line = None
    audit.record(
        session, "statement_file.imported", file.id, act=act,
        sha256=digest, lines=tally.imported, known=tally.known,
    )  # fmt: skip
    return ImportReport(
        file_id=file.id, name=name, sha256=digest, format=tally.format,
        statement_ids=tuple(tally.statement_ids), imported=tally.imported, known=tally.known,
        problems=tuple(tally.problems),
    )  # fmt: skip


def _store(session: Session, content: bytes, digest: str, name: str, act: Act) -> StatementFile:
    """The file's row, new or found by its hash; locked, so that two uploads of it follow one another."""
    session.execute(select(booking.exclusive(digest)))
    found = session.scalars(select(StatementFile).where(StatementFile.sha256 == digest)).first()
    if found is not None:
        return found
    file = StatementFile(
        id=new_id("sfl"), name=name.replace("\0", "")[:255], content=content, sha256=digest, size=len(content),
        state=FileState.REFUSED, received_at=act.at, received_by=act.actor,
    )  # fmt: skip
    session.add(file)
    session.flush()
    return file


def _refuse(session: Session, file: StatementFile, refusal: DuecourseError, act: Act) -> None:
    file.state = FileState.REFUSED
    file.refusal_code, file.refusal = refusal.code, refusal.message[:500]
    file.refusal_line = getattr(refusal, "line", None)
    audit.record(session, "statement_file.refused", file.id, act=act, why=refusal.code, sha256=file.sha256)


def _take_in(
    session: Session, file_id: str, content: bytes, tally: _Tally, *, act: Act, open_accounts_of: str | None
) -> None:
    tally.format, items = detect.read_file(io.BytesIO(content))
    _require_taken_in(tally.format)
    last_of: dict[str, str] = {}
    for record, account in _statements(session, items, file_id, tally, act=act, owner=open_accounts_of):
        last_of[account.id] = record.id
        tally.accounts[account.id] = account
    if not tally.statement_ids:
        raise UnreadableFile("The file holds no statement.")
    for account_id, statement_id in last_of.items():
        balances.bring_forward(session, tally.accounts[account_id], statement_id, act=act)


def _statements(
    session: Session, items: Iterator[Item], file_id: str, tally: _Tally, *, act: Act, owner: str | None
) -> Iterator[tuple[StatementRecord, BankAccount]]:
    """Write the statements of a file with their lines, one after another."""
    writer: booking.StatementWriter | None = None
    pending: list[Line] = []
    for item in items:
        match item:
            case Header():
                account = _account(session, item, owner=owner, act=act)
                writer = booking.StatementWriter(
                    session, file_id, item, account, tally.identities[account.id], act
                )
                tally.statement_ids.append(writer.record.id)
            case Line() if writer is not None:
                pending.append(item)
                if len(pending) >= CHUNK:
                    writer.add(_dated(pending))
                    pending = []
            case Statement() if writer is not None:
                writer.add(_dated(pending))
                pending = []
                writer.finish(item)
                tally.imported += writer.record.new_count
                tally.known += writer.record.known_count
                tally.problems.extend(writer.record.problems)
                yield writer.record, writer.account
                writer = None


def _require_taken_in(format_name: str) -> None:
    if not format_name.startswith(TAKEN_IN):
        raise OnlyInspected(
            f"A file of format {format_name} can be inspected, but only {TAKEN_IN} is taken into the books."
        )


def _dated(lines: list[Line]) -> list[Line]:
    for line in lines:
        if line.status is LineStatus.BOOKED and line.booked_on is None and line.valued_on is None:
            raise MissingDate(f"Line {line.position} is booked, but has no date.")
    return lines


def _account(session: Session, header: Header, *, owner: str | None, act: Act) -> BankAccount:
    account, found = header.account, _find(session, header)
    if found is not None:
        return found
    if owner is None or (account.iban is None and account.other is None):
        raise UnknownAccount(
            "The statement is about an account that is not among the bank accounts. "
            "Add the account first, or let the import open it."
        )
    if header.currency is None:
        raise UnknownAccount("The statement does not say the currency of its account; add the account first.")
    booking.require_short((account.iban or account.other,), _ACCOUNT_NUMBER, "The statement")
    session.execute(select(booking.exclusive("accounts")))
    iban = _sound_iban(account.iban)
    return _find(session, header) or creditors.open_bank_account(
        session, creditor_id=owner, name="opened by a statement", iban=iban,
        other_number=None if iban else account.iban or account.other, currency=header.currency, act=act,
    )  # fmt: skip


def _sound_iban(number: str | None) -> str | None:
    """The account's IBAN, or None where the bank's own number of it only looks like one."""
    try:
        return Iban.parse(number).compact if number else None
    except InvalidIban:
        return None


def _find(session: Session, header: Header) -> BankAccount | None:
    return creditors.find_bank_account(
        session, iban=header.account.iban, other_number=header.account.other, currency=header.currency
    )
