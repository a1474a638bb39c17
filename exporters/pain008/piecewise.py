"""Holds a file against the schema piece by piece: each becomes a document with the heads that belong to it."""

from __future__ import annotations

import re
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from lxml import etree

from exporters.pain008 import schema
from exporters.pain008.cutting import NotPlain
from exporters.pain008.fields import BLOCK, INITIATION, TRANSACTION, local_name
from exporters.pain008.schema import SchemaError
from exporters.pain008.tree import PREFIXED
from reconciliation.formats import xml
from reconciliation.statement import UnreadableFile

_AHEAD = 2  # documents that wait while the next is made

_BLOCK_ENDS = re.compile(rb"\s*</PmtInf>")
_COLLECTION_BEGINS = re.compile(rb"<DrctDbtTxInf[\s>]")
_END_OF_BLOCK = b"</PmtInf>"
_CLOSING = b"</PmtInf></CstmrDrctDbtInitn></Document>"
_PLACE = re.compile(rf"(/\w+/{INITIATION}/){BLOCK}\[([0-9]+)\](?:(/{TRANSACTION})\[([0-9]+)\])?(.*)")


@dataclass(slots=True)
class Cut:
    """A piece of the blocks; `block` and `before` tell the block open at its start and the collections so far.

    `counts` is filled by whoever reads it: the collections of that block, if any come, and of each further one.
    """

    body: bytes
    block: int
    before: int
    counts: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Document:
    """What is validated for a cut, and how lines of it become lines of the file."""

    content: bytes
    cut: Cut
    has_head: bool
    head_shift: int
    body_shift: int


class PiecewiseSchema:
    """One file before its schema. Documents are validated on a thread of their own while the file is read on."""

    def __init__(self, opening: bytes, version: str) -> None:
        self._opening = opening
        self._version = version
        self._head = b""
        self._head_line = 0
        self._line = 1 + opening.count(b"\n")  # of the file, where the next cut begins
        self._waiting: deque[tuple[_Document, Future[bool] | None]] = deque()
        self._threads: ThreadPoolExecutor | None = None
        self._faults: dict[SchemaError, None] = {}

    def add(self, cut: Cut, *, is_last: bool) -> None:
        """The next piece. Raises NotPlain when an earlier one shows that the file cannot be cut."""
        document = self._document(cut)
        self._remember_head(cut.body)
        self._line += cut.body.count(b"\n")
        if is_last and not self._waiting:
            self._waiting.append((document, None))
            return
        if self._threads is None:
            self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pain008-schema")
        waiting = self._threads.submit(schema.is_valid, document.content, self._version)
        self._waiting.append((document, waiting))
        while len(self._waiting) > _AHEAD:
            self._settle()

    def faults(self) -> list[SchemaError]:
        """The breaches of the schema in the whole file, at most MOST of them. Raises NotPlain."""
        while self._waiting:
            self._settle()
        return list(self._faults)[: schema.MOST]

    def close(self) -> None:
        """End the thread, if there is one."""
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)

    def _document(self, cut: Cut) -> _Document:
        """A cut behind the heads; one that begins with the end of a block has nothing to do with that block."""
        ended = _BLOCK_ENDS.match(cut.body) if self._head else None
        head = b"" if ended else self._head
        skipped = ended.end() if ended else 0
        before_body = self._opening.count(b"\n") + head.count(b"\n")
        return _Document(
            content=self._opening + head + cut.body[skipped:] + _CLOSING,
            cut=cut,
            has_head=bool(head),
            head_shift=self._head_line - 1 - self._opening.count(b"\n"),
            body_shift=self._line - 1 - before_body + cut.body.count(b"\n", 0, skipped),
        )

    def _remember_head(self, body: bytes) -> None:
        """The head of the block that is open where `body` ends, if it begins there."""
        end = body.rfind(_END_OF_BLOCK)
        begin = 0 if end < 0 else end + len(_END_OF_BLOCK)
        if self._head and end < 0:
            return
        if (found := _COLLECTION_BEGINS.search(body, begin)) is None:
            raise NotPlain
        self._head = body[begin : found.start()]
        self._head_line = self._line + body.count(b"\n", 0, begin)

    def _settle(self) -> None:
        document, waiting = self._waiting.popleft()
        is_valid = schema.is_valid(document.content, self._version) if waiting is None else waiting.result()
        if not is_valid:
            self._explain(document)

    def _explain(self, document: _Document) -> None:
        try:
            root = xml.parse(document.content)
        except UnreadableFile:
            raise NotPlain from None
        if PREFIXED.search(document.content) or _counts(root) != [n for n in document.cut.counts if n]:
            raise NotPlain
        if len(self._faults) < schema.MOST:
            for fault in schema.errors(root, self._version):
                self._faults[_in_file(fault, document)] = None


def _counts(root: etree._Element) -> list[int]:
    """The collections of each block in a document. Raises NotPlain when anything stands behind the first one."""
    counts = []
    for block in root[0].iterchildren(f"{{*}}{BLOCK}"):
        names = [local_name(str(child.tag)) for child in block]
        count = names.count(TRANSACTION)
        if names[len(names) - count :] != [TRANSACTION] * count:
            raise NotPlain
        counts.append(count)
    return counts


def _in_file(fault: SchemaError, document: _Document) -> SchemaError:
    """The same breach with its line and path in the whole file."""
    found = _PLACE.fullmatch(fault.path)
    if found is None:
        return fault
    around, block, collection, number, rest = found.groups()
    nth, cut = int(block), document.cut
    is_open = document.has_head and nth == 1
    of_block = cut.block + nth - (1 if document.has_head else 0)
    path = f"{around}{BLOCK}[{of_block}]"
    if collection:
        path += f"{collection}[{int(number) + (cut.before if is_open else 0)}]"
    shift = document.head_shift if is_open and not collection else document.body_shift
    return SchemaError(fault.line + shift, path + rest, fault.message, fault.transaction)
