"""Reads BAI2 balance reports as a stream: for each account a header, its lines, and the statement with its proofs.

Source: Cash Management Balance Reporting Specifications, Version 2 (BAI, 2005). Records and transactions are
taken apart by the library bai2, one at a time; groups, accounts and their control totals are followed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO, NoReturn

from ledger.errors import Rejected
from reconciliation.formats.bai2.accounts import Account, Group
from reconciliation.formats.bai2.records import Record, records
from reconciliation.formats.bai2.totals import Count, Trailer, outer_trailer, problems
from reconciliation.formats.refusals import Refusals
from reconciliation.statement import Item, NoSuchLine, Statement, UnreadableFile

FORMAT = "bai2"
TRANSACTION = "16"

_BEGIN = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*01,[^,\r\n]*,[^,\r\n]*,[0-9]{6},[^\r\n]*[\r\n]\s*"
    rb"(?:88,[^\r\n]*[\r\n]\s*)*(?:02|99)[,/]"
)


def identify(head: bytes) -> str | None:
    """ "bai2" if `head` begins with the header of a file (01) and that of a group (02), else None."""
    return FORMAT if _BEGIN.match(head) else None


def read(stream: BinaryIO) -> Iterator[Item]:
    """For each account of `stream` its Header, its Lines and RefusedLines, and last its Statement.

    Amounts are minor units of the account's currency. Memory stays flat however long the file is. Raises
    UnreadableFile, possibly after lines were given: nothing is to be kept of a file not read to its end.
    """
    file = _File()
    for record in records(stream):
        try:
            yield from file.record(record)
        except Rejected as refusal:
            known = refusal.line if isinstance(refusal, UnreadableFile) else None
            raise UnreadableFile(refusal.message, line=known or record.line) from None
    yield file.last()


def fragment(stream: BinaryIO, position: int) -> bytes:
    """The bytes of the transaction at `position` with all the lines that continue it, as they stand in the file.

    Needs a seekable stream. Raises NoSuchLine beyond the last, and UnreadableFile for what is no BAI2 file.
    """
    transactions = (record for record in records(stream) if record.code == TRANSACTION)
    for number, record in enumerate(transactions, start=1):
        if number == position:
            stream.seek(record.first)
            return stream.read(record.behind - record.first)
    raise NoSuchLine(f"The file has no line {position}.")


class _File:
    """The file that is being read: in which group and account it is, and what is counted of it so far."""

    def __init__(self) -> None:
        self._id: str | None = None
        self._has_begun = False
        self._count = Count()
        self._group: Group | None = None
        self._account: Account | None = None
        self._held: Statement | None = None
        self._position = 0
        self._refusals = Refusals()

    def record(self, record: Record) -> Iterator[Item]:
        """What one record brings. Raises UnreadableFile where it stands in a wrong place."""
        match record.code:
            case "01":
                self._begin(record)
            case "02":
                self._begin_group(record)
            case "03":
                yield from self._begin_account(record)
            case "16":
                yield self._line(record)
            case "49":
                self._end_account(record)
            case "98":
                self._end_group(record)
            case _:
                self._end(record)

    def last(self) -> Statement:
        """The last statement of the file. Raises UnreadableFile where it was cut off, or holds none."""
        if self._has_begun:
            raise UnreadableFile("The file ends in the middle: it was cut off on its way.")
        if self._held is None:
            raise UnreadableFile("The file holds no account.")
        return self._held

    def _begin(self, record: Record) -> None:
        if self._has_begun:
            _refuse_place()
        version = record.fields[7].strip() if len(record.fields) > 7 else ""
        if version != "2":
            raise UnreadableFile("The file is not written in version 2 of the format.")
        self._has_begun, self._count = True, Count(rows=record.rows)
        self._id = record.fields[4].strip() or None

    def _begin_group(self, record: Record) -> None:
        if not self._has_begun or self._group is not None:
            _refuse_place()
        self._group = Group.of(record)

    def _begin_account(self, record: Record) -> Iterator[Item]:
        if self._group is None or self._account is not None:
            _refuse_place()
        if self._held is not None:
            yield self._held
        self._account = Account(record, self._group, self._id, self._refusals)
        self._held = None
        yield self._account.header

    def _line(self, record: Record) -> Item:
        if self._account is None:
            _refuse_place()
        self._position += 1
        return self._account.line(record, self._position)

    def _end_account(self, record: Record) -> None:
        if self._account is None or self._group is None:
            _refuse_place()
        self._held = self._account.finished(record)
        self._group.count.add(self._account.count, self._account.declared)
        self._account = None

    def _end_group(self, record: Record) -> None:
        if self._group is None or self._account is not None:
            _refuse_place()
        count, declared = self._group.count, outer_trailer(record.fields)
        if not count.parts:
            raise UnreadableFile("A group of the file holds no account.")
        count.rows += record.rows
        self._notice(problems("group", count, declared, "accounts"))
        self._count.add(count, declared.minor)
        self._group = None

    def _end(self, record: Record) -> None:
        if not self._has_begun or self._group is not None:
            _refuse_place()
        if not self._count.parts:
            raise UnreadableFile("The file holds no account.")
        self._count.rows += record.rows
        declared: Trailer = outer_trailer(record.fields)
        self._notice(problems("file", self._count, declared, "groups"))
        self._has_begun = False

    def _notice(self, sentences: Iterator[str]) -> None:
        """What is to be said of what stands around the last account."""
        if self._held is not None:
            self._held = replace(self._held, problems=(*self._held.problems, *sentences))


def _refuse_place() -> NoReturn:
    raise UnreadableFile("A record of the file stands where none of its kind can.")
