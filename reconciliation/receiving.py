"""What arrives is stored first, raw and once: a file by its hash, and each member of an archive as a file."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import audit, creditors
from ledger.acts import Act
from ledger.errors import DuecourseError
from ledger.identifiers import new_id
from reconciliation import booking, reading
from reconciliation.formats import archive
from reconciliation.models import FileState, StatementFile
from reconciliation.statement import UnreadableFile

READ = (FileState.IMPORTED, FileState.UNPACKED, FileState.HANDED_ON)  # what is not read a second time


@dataclass(frozen=True, slots=True)
class Wishes:
    """What whoever brings a file says of it, where the file does not.

    The account it is about, or the creditor whose unknown accounts are to be opened; and in which order its dates
    are written (DMY, MDY, YMD).
    """

    bank_account_id: str | None = None
    open_accounts_of: str | None = None
    date_order: str | None = None


NO_WISHES = Wishes()


@dataclass(frozen=True, slots=True)
class Received:
    """A stored file. Of an archive `members` are the files in it, and `unopened` what could not be taken out.

    `refusal` says why an archive cannot be opened at all.
    """

    file: StatementFile
    members: tuple[StatementFile, ...] = ()
    unopened: tuple[archive.Member, ...] = ()
    refusal: UnreadableFile | None = None

    @property
    def files(self) -> tuple[StatementFile, ...]:
        """The files to read: itself, or its members."""
        return self.members if self.file.state == FileState.UNPACKED else (self.file,)


def receive(session: Session, content: bytes, *, name: str, act: Act, wishes: Wishes = NO_WISHES) -> Received:
    """Store a file, and the members of an archive each as a file of its own; what is stored already is not again.

    An archive that cannot be unpacked is stored as refused. Raises CreditorNotFound,
    BankAccountNotFound or UnknownDateOrder.
    """
    if wishes.bank_account_id is not None:
        creditors.get_bank_account(session, wishes.bank_account_id)
    if wishes.open_accounts_of is not None:
        creditors.get(session, wishes.open_accounts_of)
    reading.date_order(wishes.date_order)
    file = _store(session, content, name, act, wishes)
    if archive.identify(content[:4]) is None:
        return Received(file)
    try:
        members = list(archive.members(io.BytesIO(content), name=name))
    except UnreadableFile as refusal:
        refuse(session, file, refusal, act)
        return Received(file, refusal=refusal)
    return _unpacked(session, file, members, act, wishes)


def _store(
    session: Session, content: bytes, name: str, act: Act, wishes: Wishes, *, archive_id: str | None = None
) -> StatementFile:
    """The file's row, new or found by its hash; locked, so that two uploads of it follow one another."""
    digest = hashlib.sha256(content).hexdigest()
    session.execute(select(booking.exclusive(digest)))
    file = session.scalars(select(StatementFile).where(StatementFile.sha256 == digest)).first()
    if file is None:
        file = StatementFile(
            id=new_id("sfl"), name=name.replace("\0", "")[:255], content=content, sha256=digest,
            size=len(content), state=FileState.RECEIVED, received_at=act.at, received_by=act.actor,
            archive_id=archive_id,
        )  # fmt: skip
        session.add(file)
    if file.state not in READ:
        file.bank_account_id, file.open_accounts_of = wishes.bank_account_id, wishes.open_accounts_of
        file.date_order = wishes.date_order
    session.flush()
    return file


def _unpacked(
    session: Session,
    file: StatementFile,
    members: Sequence[archive.Member],
    act: Act,
    wishes: Wishes,
) -> Received:
    unopened = tuple(member for member in members if member.content is None)
    contents = [member.content for member in members if member.content is not None]
    for digest in sorted(hashlib.sha256(content).hexdigest() for content in contents):
        session.execute(select(booking.exclusive(digest)))  # in one order, whatever that of the archive
    stored = tuple(
        _store(session, member.content, member.name, act, wishes, archive_id=file.id)
        for member in members
        if member.content is not None
    )
    file.member_ids = [one.id for one in stored]
    if file.state != FileState.UNPACKED:
        file.state, file.format = FileState.UNPACKED, archive.identify(file.content[:4])
        file.refusal = file.refusal_code = file.refusal_line = None
        file.unopened = [
            {"name": member.name, "code": member.refusal.code, "reason": member.refusal.message}
            for member in unopened
            if member.refusal is not None
        ]
        audit.record(
            session, "statement_file.unpacked", file.id, act=act, sha256=file.sha256, members=len(stored)
        )
    return Received(file, stored, unopened)


def refuse(session: Session, file: StatementFile, refusal: DuecourseError, act: Act) -> None:
    """Keep the reason why nothing of a file was taken in."""
    file.state = FileState.REFUSED
    file.refusal_code, file.refusal = refusal.code, refusal.message[:500]
    file.refusal_line = getattr(refusal, "line", None)
    audit.record(session, "statement_file.refused", file.id, act=act, why=refusal.code, sha256=file.sha256)
