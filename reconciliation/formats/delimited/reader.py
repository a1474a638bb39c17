"""Reads the tables (CSV) of banks as a stream: a header for each account, its lines, then the proved statement.

A table has no standard. What its columns mean is known from a layout: one that a person has confirmed, or one that
is shipped. What only the whole file proves, such as the order of day and month, is found by reading it once before.
Nothing is guessed: a table that no layout describes raises UnknownLayout with a proposal, and one that is nearly of
a known layout raises LayoutDrifted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import BinaryIO

from reconciliation.formats.delimited import header
from reconciliation.formats.delimited.header import HEAD
from reconciliation.formats.delimited.layout import Layout
from reconciliation.formats.delimited.opening import opened, table_of
from reconciliation.formats.delimited.proposal import Proposal
from reconciliation.formats.delimited.propose import proposal
from reconciliation.formats.delimited.rows import Notes, bookings
from reconciliation.formats.delimited.statements import statements
from reconciliation.formats.delimited.text import encoding, raw_lines
from reconciliation.statement import Item, NoSuchLine, UnreadableFile

NAME = "csv"


def identify(head: bytes) -> str | None:
    """ "csv" with the name of the shipped layout, "csv" alone for another table of bookings, else None."""
    try:
        text = header.decoded(head)
    except UnreadableFile:
        return None
    if text is None or header.is_of_another_format(text):
        return None
    if header.line_of_no_text(text) is not None:
        return None
    found = header.find(text[:HEAD])
    if found is None:
        return None
    return NAME if found.layout is None else f"{NAME}.{found.layout.name}"


def read(stream: BinaryIO, *, layouts: Sequence[Layout] = (), currency: str | None = None) -> Iterator[Item]:
    """For each account of the seekable `stream` its Header, its Lines and RefusedLines, and last its Statement.

    `layouts` are those a person has confirmed; they come before the shipped ones. `currency` is that of the account
    where the file names none; without either, amounts have two decimals and the currency XXX, and the header has
    None: they can be shown, not booked. Raises UnknownLayout, LayoutDrifted and other UnreadableFile, also while
    iterating: nothing is to be kept of a file that was not read to its end.
    """
    yield from statements(opened(stream, layouts), currency)


def propose(stream: BinaryIO) -> Proposal:
    """How the table seems to be laid out, what of that the file proves, and what a person has to answer.

    Raises UnreadableFile where nothing in the file looks like a table of bookings.
    """
    found = table_of(stream)
    if found.layout is not None:
        return Proposal(
            layout=found.layout, sure=(f"The columns are those of the layout {found.layout.name!r}.",)
        )
    return proposal(stream, encoding(stream).name, found.table)


def fragment(stream: BinaryIO, position: int, *, layouts: Sequence[Layout] = ()) -> bytes:
    """The bytes of the rows of the booking at `position`, with those that go on from it; NoSuchLine beyond."""
    file = opened(stream, layouts)
    found = bookings(file.rows(), file.plan, file.survey.last_dated_line, Notes())
    booking = next(islice(found, position - 1, None), None) if position > 0 else None
    if booking is None:
        raise NoSuchLine(f"The file has no line at position {position}.")
    return raw_lines(stream, file.encoding, booking.first_line, booking.last_line)
