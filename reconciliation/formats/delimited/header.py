"""Finds the table in a delimited file: its delimiter, its header row, and the layout that describes it."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from reconciliation.formats.delimited.layout import NUMBERED, Layout, compared, signature
from reconciliation.formats.delimited.profiles import BY_SIGNATURE, PROFILES
from reconciliation.formats.delimited.text import Cells, encoding_of
from reconciliation.formats.delimited.values import looks_like_a_date, marks
from reconciliation.formats.delimited.words import TITLES, Role

DELIMITERS = ";,\t|"
HEAD = 64 * 1024
_MOST_ROWS = 100  # the header row stands within these
_ENOUGH_ALIKE = 0.7  # the share of rows that have to look like bookings in a table without titles
_AMOUNTS = frozenset({Role.AMOUNT, Role.CREDIT, Role.DEBIT})
_DATES = frozenset({Role.BOOKED_ON, Role.VALUED_ON})

# How much of the titles have to be the same for a table to be one that has drifted from a known layout. What a
# person has confirmed is watched more closely than what is shipped, for banks of one country use the same words.
_ALIKE_CONFIRMED, _FEWEST_CONFIRMED = 0.6, 2
_ALIKE_SHIPPED, _FEWEST_SHIPPED = 0.75, 5

_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f]")
_OTHER_FORMATS = re.compile(r"\s*(?:[<{\[]|![A-Z]|:[0-9]{2}[A-Z]?:|\{1:|01,[^\n]*\n0?2,|OFXHEADER|%PDF|PK)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Where a table begins: `last_line` is the line in which its header row ends, 0 if it has none.

    `titles` are as the file writes them, without empty ones at the end, and `width` counts these too; `preamble` are
    the rows in front of the table.
    """

    delimiter: str
    titles: tuple[str, ...]
    last_line: int
    width: int
    headed: bool = True
    preamble: tuple[Cells, ...] = ()

    @property
    def compared(self) -> tuple[str, ...]:
        return compared(self.titles)

    @property
    def signature(self) -> str:
        return signature(self.compared)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A table, the layout that describes it exactly, or else the one from which it seems to have drifted."""

    table: Table
    layout: Layout | None = None
    drifted_from: Layout | None = None


def decoded(head: bytes) -> str | None:
    """The beginning of a file as text with "\n" at the end of lines, or None where it is none."""
    encoding = encoding_of(head)
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def line_of_no_text(text: str) -> int | None:
    """The first line with a character that no text has."""
    found = _NO_TEXT.search(text)
    return None if found is None else text.count("\n", 0, found.start()) + 1


def is_of_another_format(text: str) -> bool:
    """Whether the text begins like markup, JSON, MT940, QIF, BAI2 or OFX."""
    return _OTHER_FORMATS.match(text) is not None


def find(text: str, layouts: Sequence[Layout] = ()) -> Found | None:
    """The table in the beginning of a file. Confirmed `layouts` come before the shipped ones.

    None where nothing looks like a table of bookings.
    """
    headers = list(_candidates(text))
    known = {layout.signature: layout for layout in reversed(layouts)}
    for by_signature in (known, BY_SIGNATURE):
        for table in headers:
            layout = by_signature.get(table.signature)
            if layout is not None and layout.headed:
                return Found(table=table, layout=layout)
    drifted = _drifted(headers, layouts)
    if drifted is not None:
        return drifted
    best = max(headers, key=_known_titles, default=None)
    if best is not None and _is_of_bookings(best):
        return Found(table=best)
    return _without_titles(text, known)


def _candidates(text: str) -> Iterator[Table]:
    """Every row of the beginning that may be the header row, by every delimiter."""
    for delimiter in DELIMITERS:
        if delimiter not in text:
            continue
        before: list[Cells] = []
        for last_line, cells in _head_rows(text, delimiter):
            titles = _trimmed(cells)
            if len(titles) > 1 and not any(looks_like_a_date(title) for title in titles):
                yield Table(
                    delimiter=delimiter,
                    titles=titles,
                    last_line=last_line,
                    width=len(cells),
                    preamble=tuple(before),
                )
            before.append(cells)


def _trimmed(cells: Cells) -> tuple[str, ...]:
    """The cells without empty ones at the end; a blank counts as a title, for some banks have such a column."""
    count = len(cells)
    while count and not cells[count - 1]:
        count -= 1
    return tuple(cells[:count])


def _head_rows(text: str, delimiter: str) -> Iterator[tuple[int, Cells]]:
    """The last line and the cells of each of the first rows, as far as their quotes can be read."""
    reader = csv.reader(_lines(text), delimiter=delimiter)
    for _ in range(_MOST_ROWS):
        try:
            cells = next(reader)
        except (StopIteration, csv.Error):
            return
        yield reader.line_num, cells


def _lines(text: str) -> Iterator[str]:
    return (line + "\n" for line in islice(text.split("\n"), 10 * _MOST_ROWS))


def _known_titles(table: Table) -> int:
    roles = {TITLES[title] for title in table.compared if title in TITLES}
    return len(roles) if roles & _AMOUNTS and roles & _DATES else 0


def _is_of_bookings(table: Table) -> bool:
    return _known_titles(table) > 1


# --- drift ---


def _drifted(headers: Sequence[Table], layouts: Sequence[Layout]) -> Found | None:
    """The table whose titles are most like those of a layout, if that is alike enough for an alarm."""
    watched = [layout for layout in layouts if layout.headed]
    for known, alike, fewest in (
        (_Index.of(watched), _ALIKE_CONFIRMED, _FEWEST_CONFIRMED),
        (_SHIPPED, _ALIKE_SHIPPED, _FEWEST_SHIPPED),
    ):
        best: tuple[float, Found] | None = None
        for table in headers:
            for share, common, layout in known.alike(table):
                if share >= alike and common >= fewest and (best is None or share > best[0]):
                    best = share, Found(table=table, drifted_from=layout)
        if best is not None:
            return best[1]
    return None


@dataclass(frozen=True, slots=True)
class _Index:
    """Layouts by their titles, so that a row is compared only with those that have one of its titles."""

    layouts: tuple[Layout, ...]
    sizes: tuple[int, ...]
    by_title: dict[str, list[int]]

    @classmethod
    def of(cls, layouts: Sequence[Layout]) -> _Index:
        by_title: dict[str, list[int]] = {}
        sizes = []
        for number, layout in enumerate(layouts):
            titles = set(layout.titles) - {""}
            sizes.append(len(titles))
            for title in titles:
                by_title.setdefault(title, []).append(number)
        return cls(tuple(layouts), tuple(sizes), by_title)

    def alike(self, table: Table) -> Iterator[tuple[float, int, Layout]]:
        """The share and the number of titles in common, for each layout that has any of them."""
        titles = set(table.compared) - {""}
        common = Counter(number for title in titles for number in self.by_title.get(title, ()))
        for number, count in common.items():
            yield count / (len(titles) + self.sizes[number] - count), count, self.layouts[number]


_SHIPPED = _Index.of(PROFILES)


# --- tables without a header row ---


def _without_titles(text: str, known: dict[str, Layout]) -> Found | None:
    best: Table | None = None
    for delimiter in DELIMITERS:
        if delimiter not in text:
            continue
        rows = [(line, cells) for line, cells in _head_rows(text, delimiter) if any(cells)]
        table = _numbered(rows, delimiter)
        if table is not None and (best is None or len(table.titles) > len(best.titles)):
            best = table
    if best is None:
        return None
    layout = known.get(best.signature)
    return Found(table=best, layout=layout if layout is not None and not layout.headed else None)


def _numbered(rows: Sequence[tuple[int, Cells]], delimiter: str) -> Table | None:
    """A table of numbered columns if enough of its rows hold a date in one column and an amount in another."""
    booked = [(line, cells) for line, cells in rows if any(looks_like_a_date(cell) for cell in cells)]
    if not booked:
        return None
    first, cells = booked[0]
    if len(booked) < _ENOUGH_ALIKE * sum(1 for line, cells in rows if line >= first and cells[0]):
        return None
    has_amount = [any(marks(cell) and not looks_like_a_date(cell) for cell in cells) for _, cells in booked]
    if has_amount.count(True) < _ENOUGH_ALIKE * len(has_amount):
        return None
    width = max(len(cells) for _, cells in booked)
    before = [(line, cells) for line, cells in rows if line < first]
    if before and len(_trimmed(before[-1][1])) >= len(_trimmed(cells)):
        return Table(
            delimiter=delimiter,
            titles=_trimmed(before[-1][1]),
            last_line=before[-1][0],
            width=len(before[-1][1]),
            preamble=tuple(row for _, row in before[:-1]),
        )
    return Table(
        delimiter=delimiter,
        titles=tuple(f"{NUMBERED}{number}" for number in range(1, width + 1)),
        last_line=0 if not before else first - 1,
        width=width,
        headed=False,
        preamble=tuple(row for _, row in before),
    )
