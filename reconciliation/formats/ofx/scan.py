"""Takes the text of an OFX file apart: the elements of its envelope one by one, each transaction as one record.

A leaf may lack its end, as SGML allows, or have it, as XML asks; an aggregate always has it (OFX 1.6, section
2.3.2). The usual transaction is one flat run of leaves and is read in one stroke; any other goes leaf by leaf.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple, NoReturn, TypeAlias

from reconciliation.formats.ofx.stroke import usual
from reconciliation.formats.ofx.text import CUT_OFF, LONGEST
from reconciliation.statement import UnreadableFile

DEEPEST = 32  # the deepest place OFX defines is about half of it
MOST_FIELDS = 500  # of one transaction, which knows about forty

_FIRST, _LAST = "<STMTTRN>", "</STMTTRN>"
_ROOT = re.compile(r"<OFX(?:\s[^<>]*)?>", re.IGNORECASE)
_TAG = re.compile(r"<(/?[A-Za-z][A-Za-z0-9._]*)\s*(/?)>")

TRANSACTIONS = frozenset({"STMTTRN", "STMTTRNP"})

# What holds other elements and so must be closed: everything else that is followed by text is a leaf.
_AGGREGATES = TRANSACTIONS | frozenset(
    """
    OFX SIGNONMSGSRSV1 SONRS STATUS FI BANKMSGSRSV1 STMTTRNRS STMTRS BANKACCTFROM BANKTRANLIST BANKTRANLISTP
    LEDGERBAL AVAILBAL CREDITCARDMSGSRSV1 CCSTMTTRNRS CCSTMTRS CCACCTFROM INVSTMTMSGSRSV1 INVSTMTTRNRS INVSTMTRS
    INVACCTFROM INVTRANLIST INVBANKTRAN INVPOSLIST INVBAL SECLISTMSGSRSV1 SECLIST
    PAYEE BANKACCTTO CCACCTTO CURRENCY ORIGCURRENCY
    """.split()
)

# What is a leaf even where it is blank and not closed, so that nothing after it is taken to be inside.
_LEAVES = frozenset(
    """
    TRNUID CODE SEVERITY MESSAGE CURDEF BANKID BRANCHID ACCTID ACCTTYPE ACCTKEY BROKERID DTSTART DTEND BALAMT DTASOF
    TRNTYPE DTPOSTED DTUSER DTAVAIL DTTRAN TRNAMT FITID CHECKNUM REFNUM NAME EXTDNAME MEMO CORRECTFITID
    CORRECTACTION CURSYM CURRATE MKTGINFO
    """.split()
)


class Kind(Enum):
    OPENED = auto()
    CLOSED = auto()
    LEAF = auto()


class Mark(NamedTuple):
    """One step through the envelope. `parent` is the element around it, `line` counts from 1."""

    kind: Kind
    name: str
    parent: str
    text: str
    line: int


@dataclass(slots=True)
class Transaction:
    """One STMTTRN or STMTTRNP: its leaves by name, those of an aggregate within it as "PAYEE.NAME".

    `fault` is why it cannot be read by itself, where that shows already.
    """

    name: str
    fields: dict[str, str]
    line: int
    fault: str | None = None


Event: TypeAlias = Mark | Transaction


def scan(pieces: Iterable[str], noticed: list[str]) -> Iterator[Event]:
    """The events of a file, which is read no further than they are asked for; its root is not among them.

    Text that belongs to no field is told in `noticed` at the end. Raises UnreadableFile.
    """
    walk = _Walk()
    rest, line = "", 1
    for piece in pieces:
        *whole, rest = (rest + piece).split(_LAST)
        for segment in whole:
            before, found, body = segment.rpartition(_FIRST)
            if found and len(body) > LONGEST:
                _refuse_length(line + before.count("\n"))
            fields = usual(body) if found else None
            if fields is None:
                yield from walk.through(segment + _LAST, line)
            else:
                if before and not before.isspace():
                    yield from walk.through(before, line)
                if not walk.is_settled:
                    yield from walk.settle(line)
                yield Transaction("STMTTRN", fields, line + before.count("\n"))
            line += segment.count("\n")
        envelope, found, rest = rest.partition(_FIRST)
        yield from walk.through(envelope, line)
        line += envelope.count("\n")
        rest = found + rest
        if len(rest) > LONGEST:
            _refuse_length(line)
    yield from walk.through(rest, line)
    walk.finish(noticed)


class _Walk:
    """Where in the file the reading is: the elements around, and the one last opened with its text."""

    def __init__(self) -> None:
        self.is_settled = False  # whether a transaction may begin without a further look
        self._around: list[str] = []
        self._opened: str | None = None
        self._text = ""
        self._has_begun = self._has_ended = False
        self._line = self._opened_line = 1
        self._before = 0
        self._record: dict[str, str] | None = None
        self._fault: str | None = None
        self._record_line = 1
        self._events: list[Event] = []
        self._stray_line: int | None = None

    def through(self, text: str, line: int) -> list[Event]:
        """What happens in `text`, which begins on `line`."""
        self._line = line
        self.is_settled = False
        if not self._has_begun:
            text = self._begin(text)
        self._events = []
        if text:
            leading, *tags = _TAG.split(text)
            self._add(leading)
            for tag, is_empty, following in zip(tags[::3], tags[1::3], tags[2::3], strict=True):
                self._tag(tag.upper(), bool(is_empty))
                self._add(following)
        return self._events

    def settle(self, line: int) -> list[Event]:
        """What a transaction that begins here brings to its end. Raises UnreadableFile within another one."""
        if self._record is not None or not self._has_begun or self._has_ended:
            self._line = line
            self._refuse_nesting()
        self._events = []
        self._settle()
        self.is_settled = True
        return self._events

    def finish(self, noticed: list[str]) -> None:
        """Raises UnreadableFile unless the file's root is closed."""
        if not self._has_begun or not self._has_ended:
            raise UnreadableFile(CUT_OFF, line=self._line)
        if self._stray_line is not None:
            noticed.append(
                f"The file holds text that belongs to no field, first on line {self._stray_line}; it is left out."
            )

    def _begin(self, text: str) -> str:
        """Past the root's own tag; what stands before it is the header, which was read already."""
        root = _ROOT.search(text)
        if root is None:
            self._before += len(text)
            if self._before > LONGEST:
                raise UnreadableFile("The file's header is not followed by the element OFX.", line=1)
            return ""
        self._has_begun = True
        self._line += text.count("\n", 0, root.end())
        self._around.append("OFX")
        return text[root.end() :]

    def _add(self, text: str) -> None:
        if self._opened is not None:
            self._text += text
            if len(self._text) > LONGEST:
                raise UnreadableFile(
                    f"A field in the file is longer than {LONGEST} letters or never ends.",
                    line=self._opened_line,
                )
        elif text and not text.isspace():
            self._stray(text)
        self._line += text.count("\n")

    def _stray(self, text: str) -> None:
        if self._has_ended and text.strip(" \n\t\x1a"):
            raise UnreadableFile("The file goes on behind its last element.", line=self._line)
        if not self._has_ended and self._stray_line is None:
            self._stray_line = self._line

    def _tag(self, tag: str, is_empty: bool) -> None:
        if self._has_ended:
            raise UnreadableFile("The file goes on behind its last element.", line=self._line)
        if tag.startswith("/"):
            self._close(tag[1:])
            return
        self._settle()
        if is_empty:
            return
        self._opened, self._text, self._opened_line = tag, "", self._line
        if tag in _AGGREGATES:
            self._settle()

    def _settle(self) -> None:
        """Decides what the element last opened is: a leaf by its name or its text, else an aggregate."""
        name = self._opened
        if name is None:
            return
        self._opened = None
        is_blank = not self._text or self._text.isspace()
        if name not in _AGGREGATES and (not is_blank or name in _LEAVES):
            self._leaf(name)
            return
        if name in TRANSACTIONS:
            self._begin_record()
        elif self._record is None:
            self._events.append(Mark(Kind.OPENED, name, self._around[-1], "", self._opened_line))
        self._around.append(name)
        if len(self._around) > DEEPEST:
            raise UnreadableFile("The file nests its elements too deep.", line=self._opened_line)

    def _begin_record(self) -> None:
        if self._record is not None:
            self._refuse_nesting()
        self._record, self._record_line, self._fault = {}, self._opened_line, None

    def _refuse_nesting(self) -> None:
        raise UnreadableFile(
            "A line in the file begins before the one above it has ended, or outside of any statement.",
            line=self._line,
        )

    def _leaf(self, name: str) -> None:
        parent = self._around[-1]
        if self._record is None:
            self._events.append(Mark(Kind.LEAF, name, parent, self._text, self._opened_line))
            return
        key = name if parent in TRANSACTIONS or parent not in _AGGREGATES else f"{parent}.{name}"
        if _contradicts(self._record, key, self._text):
            self._fault = "A line in the file states one of its fields twice."
        else:
            _put(self._record, key, self._text, self._opened_line)

    def _close(self, name: str) -> None:
        if self._opened == name:
            self._opened = None
            self._leaf(name)
            return
        self._settle()
        if name not in self._around:
            if name in _AGGREGATES:
                self._refuse_close()
            return
        while (left := self._around.pop()) != name:
            if left in _AGGREGATES:
                self._refuse_close()
        self._closed(name)

    def _closed(self, name: str) -> None:
        if name in TRANSACTIONS and self._record is not None:
            self._events.append(Transaction(name, self._record, self._record_line, self._fault))
            self._record = None
        elif not self._around:
            self._has_ended = True
        elif self._record is None:
            self._events.append(Mark(Kind.CLOSED, name, self._around[-1], "", self._line))

    def _refuse_close(self) -> None:
        raise UnreadableFile(
            "The file is broken: an element is closed that is not the one last opened.", line=self._line
        )


# What may be stated in several pieces; of any other field there is only one.
_TEXTS = frozenset({"MEMO", "NAME", "EXTDNAME", "PAYEE.NAME"})


def _contradicts(record: dict[str, str], key: str, text: str) -> bool:
    known = record.get(key, "").strip()
    return key not in _TEXTS and bool(known) and text.strip() not in ("", known)


def _put(record: dict[str, str], key: str, text: str, line: int) -> None:
    """A text that is stated again adds to the one before, unless it only repeats it."""
    known = record.get(key, "")
    if not known.strip():
        record[key] = text
    elif text.strip() not in ("", known.strip()):
        record[key] = f"{known} {text}"
    if len(record) > MOST_FIELDS or len(record[key]) > LONGEST:
        _refuse_length(line)


def _refuse_length(line: int) -> NoReturn:
    raise UnreadableFile("A line in the file is too long to be one, or never ends.", line=line)
