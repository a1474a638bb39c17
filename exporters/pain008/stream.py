"""Checks a plain file in pieces as they come, in the same little memory at any size."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import closing
from datetime import date

from exporters.pain008 import schema
from exporters.pain008.characters import Characters
from exporters.pain008.cutting import Cutter, NotPlain
from exporters.pain008.fields import BLOCK, TRANSACTION, Fields, File, Part, fields_of, opened
from exporters.pain008.findings import Setting
from exporters.pain008.judge import Judge
from exporters.pain008.markup import Look, Looks, Texts, Unclear
from exporters.pain008.piecewise import Cut, PiecewiseSchema
from exporters.pain008.places import END_TO_END_ID, NOT_PROVIDED
from exporters.pain008.profiles import Profile, nearest, taking
from exporters.pain008.report import Report, of_version
from exporters.pain008.totals import repeated_id
from exporters.pain008.tree import PREFIXED
from reconciliation.formats import xml
from reconciliation.statement import UnreadableFile

_COLLECTION_BEGINS = re.compile(r"<DrctDbtTxInf[\s>]")
_END_OF_COLLECTION = "</DrctDbtTxInf>"
_END_OF_BLOCK = "</PmtInf>"
_CLOSING = b"</CstmrDrctDbtInitn></Document>"


def check(
    pieces: Iterable[bytes], *, chosen: Profile | None, characters: Characters, today: date | None
) -> Report:
    """Everything a bank would refuse in a file, in the order of the layers. Raises NotPlain, then nothing counts."""
    cutter = Cutter(pieces)
    opening = cutter.opening()
    file = _opened(opening)
    version = file.version or ""
    held_to = taking(chosen or nearest(version), characters)
    with closing(Judge(held_to, today)) as judge, closing(PiecewiseSchema(opening, version)) as against:
        header = file.header()
        judge.header(header)
        walk = _Walk(judge, file.path)
        for body in cutter.bodies():
            cut = Cut(body, walk.blocks, walk.number)
            against.add(cut, is_last=cutter.is_over)
            cut.counts = walk.go(body)
        walk.end()
        judge.finish(header)
        found = (
            *of_version(version, chosen),
            *schema.findings(against.faults()),
            *judge.findings(),
        )
        whole = judge.totals.whole
        return Report(
            version=version, transactions=whole.count, control_sum_minor=whole.minor, findings=found
        )


def _opened(opening: bytes) -> File:
    """The beginning of the file as a document of its own. Raises NotPlain, also without a schema to hold it to."""
    try:
        file = opened(opening + _CLOSING)
    except UnreadableFile:
        raise NotPlain from None
    encoding = file.root.getroottree().docinfo.encoding or "UTF-8"
    if (
        file.version not in schema.SCHEMAS
        or encoding.upper() != "UTF-8"
        or not opening.startswith(b"<")
        or PREFIXED.search(opening)
        or any(file.root.nsmap.keys() - {None, "xsi"})
    ):
        raise NotPlain
    return file


class _Walk:
    """Goes through blocks and collections by their text and brings them before the judge."""

    def __init__(self, judge: Judge, path: str) -> None:
        self.blocks = 0
        self.number = 0  # collections of the block that began last
        self._judge = judge
        self._path = path
        self._block = Part("", {})
        self._looks = Looks(judge.setting)

    def go(self, body: bytes) -> list[int]:
        """The next piece of the file; gives the collections of the open block in it, and of each further one."""
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise NotPlain from None
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")  # as a parser reads the ends of lines
        of_open_block, *others = text.split(_END_OF_BLOCK)
        if not self.blocks:
            return [self._begin(section) for section in (of_open_block, *others)]
        return [self._collections(of_open_block), *[self._begin(section) for section in others]]

    def end(self) -> None:
        """The block that began last is over, if there is one."""
        if self.blocks:
            self._judge.end(self._block)

    def _begin(self, section: str) -> int:
        """A block; gives the number of its collections so far."""
        found = _COLLECTION_BEGINS.search(section)
        if found is None:
            raise NotPlain
        self.end()
        self.blocks, self.number = self.blocks + 1, 0
        self._block = Part(f"{self._path}/{BLOCK}[{self.blocks}]", _head(section[: found.start()]))
        self._judge.begin(self._block)
        if self._judge.setting != self._looks.setting:
            self._looks = Looks(self._judge.setting)
        return self._collections(section[found.start() :])

    def _collections(self, text: str) -> int:
        """Collections one after the other; gives their number."""
        *collections, rest = text.split(_END_OF_COLLECTION)
        if rest.strip():
            raise NotPlain
        try:
            looks, texts = self._looks.of(collections)
        except Unclear:
            raise NotPlain from None
        start = 0
        for position in _doubtful(looks, texts, self._judge.setting):
            self._keep(looks[start:position], texts[start:position], start)
            fields = looks[position].fields(texts[position])
            self._judge.transaction(Part(self._place(position), fields))
            start = position + 1
        self._keep(looks[start:], texts[start:], start)
        self.number += len(collections)
        return len(collections)

    def _keep(self, looks: list[Look], texts: list[Texts], start: int) -> None:
        """Collections of which no rule has anything to say, the first at position `start`."""
        if not looks:
            return
        totals = self._judge.totals
        totals.creditor(is_named=False)
        identifiers = [each[look.identifier] for look, each in zip(looks, texts, strict=True)]
        named = [(n, one) for n, one in enumerate(identifiers, start=start) if one != NOT_PROVIDED]
        amounts = [each[look.amount] for look, each in zip(looks, texts, strict=True)]
        for position in totals.add(amounts, [one for _, one in named]):
            at, identifier = named[position]
            self._judge.keep([repeated_id(Part(self._place(at), {END_TO_END_ID: identifier}))])

    def _place(self, position: int) -> str:
        return f"{self._block.path}/{TRANSACTION}[{self.number + position + 1}]"


def _doubtful(looks: list[Look], texts: list[Texts], setting: Setting) -> list[int]:
    """The positions of collections of which some rule has something to say, or that are unusual."""
    found: list[int] = []
    for look in set(looks):
        waiting = [[position for position, other in enumerate(looks) if other is look]]
        while waiting:
            some = waiting.pop()
            if look.is_usual and look.are_clean([texts[position] for position in some], setting):
                continue
            if len(some) == 1:
                found += some
            else:
                waiting += [some[: len(some) // 2], some[len(some) // 2 :]]
    return sorted(found)


def _head(text: str) -> Fields:
    """What stands in a PmtInf before its collections."""
    try:
        return fields_of(xml.parse((text.strip() + _END_OF_BLOCK).encode()))
    except UnreadableFile:
        raise NotPlain from None
