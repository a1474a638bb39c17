"""Reads status reports of every version as a stream: the file's status, its blocks, their transactions.

Source: ISO 20022 CustomerPaymentStatusReport, pain.002.001.03 to .14, and DK's pain.002.002.02 and .003.03.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import BinaryIO

from lxml import etree

from reconciliation.formats import xml
from reconciliation.formats.pain002 import tables
from reconciliation.formats.pain002.naming import NAME, ROOTS, named
from reconciliation.formats.pain002.report import (
    BlockStatus,
    Count,
    FileStatus,
    Item,
    Reason,
    TransactionStatus,
)
from reconciliation.formats.tables import Layout, Record, Table
from reconciliation.statement import UnreadableFile

_HEADER, _GROUP, _BLOCK, _TRANSACTION = "GrpHdr", "OrgnlGrpInfAndSts", "OrgnlPmtInfAndSts", "TxInfAndSts"
_TABLES: dict[str, Table] = {
    _HEADER: tables.HEADER, _GROUP: tables.GROUP, _BLOCK: tables.BLOCK, _TRANSACTION: tables.TRANSACTION,
}  # fmt: skip
_TAGS = tuple(f"{{*}}{name}" for name in (*_TABLES, *ROOTS))


def read(stream: BinaryIO) -> Iterator[Item]:
    """For each report of `stream` its FileStatus, and each BlockStatus before its TransactionStatuses.

    Memory stays flat however many transactions it has. Raises UnreadableFile, possibly after items were given:
    nothing is to be kept of a file that was not read to its end.
    """
    current, reports = _Reading(), 0
    for element in xml.iterate(stream, tags=_TAGS):
        name = xml.Name.of(element).local
        if name in ROOTS:
            if not current.has_group:
                raise UnreadableFile(
                    "The report does not say which file it answers.", line=xml.line_of(element)
                )
            current, reports = _Reading(), reports + 1
        elif _stands_right(element, name):
            yield from current.items(element, name)
        _forget(element)
    if not reports:
        raise UnreadableFile("The file holds no status report.")


@dataclass
class _Reading:
    """What was read of one report so far."""

    header: Record = field(default_factory=dict)
    has_group: bool = False
    block: etree._Element | None = None
    told: BlockStatus | None = None
    transactions: int = 0

    def items(self, element: etree._Element, name: str) -> Iterator[Item]:
        record = _record(element, name)
        if name == _HEADER:
            self.header = record
        elif name == _GROUP:
            yield self._file(element, record)
        elif not self.has_group:
            raise UnreadableFile(
                "A status stands before the file that it is about.", line=xml.line_of(element)
            )
        elif name == _TRANSACTION:
            yield from self._transaction(element, record)
        else:
            yield from self._end_block(element)

    def _file(self, element: etree._Element, record: Record) -> FileStatus:
        if self.has_group:
            raise UnreadableFile("The report answers two files at once.", line=xml.line_of(element))
        self.has_group = True
        return FileStatus(
            format=named(_above(element)) or NAME,
            message_id=self.header.get("message_id"),
            created=self.header.get("created"),
            original_message_id=record.get("original_message_id"),
            original_message_name=record.get("original_message_name"),
            original_count=record.get("original_count"),
            status=record.get("status"),
            reasons=_reasons(record),
            counts=_counts(record),
        )

    def _transaction(self, element: etree._Element, record: Record) -> Iterator[Item]:
        parent = element.getparent()
        if parent is not None and xml.Name.of(parent).local == _BLOCK and parent is not self.block:
            self.block, self.told = parent, _block(_record(parent, _BLOCK))
            yield self.told
        self.transactions += 1
        record.pop("original_count", None)
        reasons = _reasons(record)
        record.pop("reasons", None)
        if self.told is not None and self.block is parent:
            record["payment_information_id"] = self.told.payment_information_id
        yield TransactionStatus(position=self.transactions, reasons=reasons, **record)

    def _end_block(self, element: etree._Element) -> Iterator[Item]:
        told = _block(_record(element, _BLOCK))
        if element is not self.block:
            yield told
        elif told != self.told:
            raise UnreadableFile(
                "A block states its status behind its transactions.", line=xml.line_of(element)
            )
        self.block = self.told = None


def _stands_right(element: etree._Element, name: str) -> bool:
    """Whether an element of the report stands where one belongs, and not in something that a bank has added."""
    parent = element.getparent()
    above = "" if parent is None else xml.Name.of(parent).local
    return above in ROOTS or (name == _TRANSACTION and above == _BLOCK)


def _above(element: etree._Element) -> Iterator[xml.Name]:
    return (xml.Name.of(one) for one in (element, *element.iterancestors()))


@lru_cache(maxsize=64)
def _layout(name: str, namespace: str) -> Layout:
    return Layout.of(_TABLES[name], namespace)


def _record(element: etree._Element, name: str) -> Record:
    return _layout(name, xml.Name.of(element).namespace).record(element)


def _block(record: Record) -> BlockStatus:
    return BlockStatus(
        payment_information_id=record.get("payment_information_id"),
        original_count=record.get("original_count"),
        status=record.get("status"),
        reasons=_reasons(record),
        counts=_counts(record),
    )


def _reasons(record: Record) -> tuple[Reason, ...]:
    return tuple(
        Reason(
            code=one.get("code", one.get("proprietary")),
            is_proprietary="code" not in one and "proprietary" in one,
            information=tuple(" ".join(text.split()) for text in one.get("information", ())),
            bank=one.get("bank"),
            party=one.get("party"),
        )
        for one in record.get("reasons", ())
    )


def _counts(record: Record) -> tuple[Count, ...]:
    return tuple(Count(status=one.get("status"), count=one.get("count")) for one in record.get("counts", ()))


def _forget(element: etree._Element) -> None:
    """Frees what was read. The element itself goes with the next one: the parser may still add behind it."""
    if xml.Name.of(element).local == _TRANSACTION:
        del element[:]
    previous = element.getprevious()
    if previous is not None and previous.tag == element.tag:
        parent = element.getparent()
        if parent is not None:
            parent.remove(previous)
