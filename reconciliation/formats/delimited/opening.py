"""Opens a table: its encoding, its layout, and what a first reading proves; or the alarm that stops it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NoReturn

from reconciliation.formats.delimited import header
from reconciliation.formats.delimited import text as delimited_text
from reconciliation.formats.delimited.header import HEAD, Found, Table
from reconciliation.formats.delimited.layout import Layout, Signs
from reconciliation.formats.delimited.proposal import LayoutDrifted, Proposal, Question, UnknownLayout
from reconciliation.formats.delimited.propose import (
    asked_mark,
    asked_order,
    asked_signs,
    proposal,
)
from reconciliation.formats.delimited.rows import Plan
from reconciliation.formats.delimited.survey import Survey, resolved_signs, survey
from reconciliation.formats.delimited.text import Row
from reconciliation.formats.written import DateOrder, DecimalMark
from reconciliation.statement import UnreadableFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A file whose layout is known, with everything that is needed to read its rows.

    `is_mixed` tells that some of its letters are not of its encoding.
    """

    stream: BinaryIO
    encoding: str
    is_mixed: bool
    plan: Plan
    survey: Survey
    date_order: DateOrder | None
    decimal_mark: DecimalMark
    signs: Signs | None

    def rows(self) -> Iterator[Row]:
        """All rows of the file, from its start."""
        return _rows(self.stream, self.encoding, self.plan.table)


def opened(stream: BinaryIO, layouts: Sequence[Layout]) -> Opened:
    """The file, read once. Raises UnknownLayout, LayoutDrifted and other UnreadableFile."""
    found = table_of(stream, layouts)
    encoding, is_mixed = delimited_text.encoding(stream)
    layout = found.layout
    if layout is None:
        _refuse(stream, encoding, found)
    if layout.encoding is not None and encoding not in ("utf-8", "utf-8-sig", "utf-16"):
        encoding = layout.encoding
    plan = Plan.of(layout, found.table)
    seen = survey(_rows(stream, encoding, found.table), plan)
    _require_agreement(stream, encoding, plan, seen)
    _require_answers(plan, seen)
    return Opened(
        stream=stream,
        encoding=encoding,
        is_mixed=is_mixed,
        plan=plan,
        survey=seen,
        date_order=layout.date_order or seen.date_order,
        decimal_mark=layout.decimal_mark or seen.decimal_mark or DecimalMark.POINT,
        signs=resolved_signs(plan, seen),
    )


def table_of(stream: BinaryIO, layouts: Sequence[Layout] = ()) -> Found:
    """The table in the file. Raises UnreadableFile where there is none of bookings."""
    stream.seek(0)
    text = header.decoded(stream.read(HEAD))
    if text is None:
        raise UnreadableFile(delimited_text.OTHER_ENCODING)
    if (line := header.line_of_no_text(text)) is not None:
        raise UnreadableFile("The file holds characters that no text has.", line=line)
    if not text.strip("\ufeff \t\n"):
        raise UnreadableFile("The file is empty.")
    found = header.find(text, layouts)
    if found is None:
        raise UnreadableFile("Nothing in the file looks like a table of bookings with dates and amounts.")
    return found


def _rows(stream: BinaryIO, encoding: str, table: Table) -> Iterator[Row]:
    return delimited_text.rows(delimited_text.lines(stream, encoding), table.delimiter)


def _refuse(stream: BinaryIO, encoding: str, found: Found) -> NoReturn:
    proposed = proposal(stream, encoding, found.table, like=found.drifted_from)
    line = found.table.last_line or None
    if found.drifted_from is None:
        raise UnknownLayout(
            "The layout of the table is not known; a person has to confirm what its columns mean.",
            proposed,
            line=line,
        )
    known, now = found.drifted_from, found.table
    missing = [
        column.title
        for column, title in zip(known.columns, known.titles, strict=True)
        if title not in now.compared
    ]
    added = [title for title, bare in zip(now.titles, now.compared, strict=True) if bare not in known.titles]
    raise LayoutDrifted(known.name, missing=missing, added=added, proposal=proposed, line=line)


def _require_agreement(stream: BinaryIO, encoding: str, plan: Plan, seen: Survey) -> None:
    """Raises LayoutDrifted where the file proves another way of writing than the layout says."""
    layout, why = plan.layout, None
    if layout.date_order is not None and seen.orders and layout.date_order not in seen.orders:
        why = "with its dates in another order"
    elif layout.decimal_mark is not None and seen.marks and layout.decimal_mark not in seen.marks:
        why = "with another decimal sign in its amounts"
    if why is not None:
        raise LayoutDrifted(
            layout.name,
            missing=(),
            added=(),
            why=why,
            proposal=proposal(stream, encoding, plan.table, like=layout),
            line=plan.table.last_line or None,
        )


def _require_answers(plan: Plan, seen: Survey) -> None:
    """Raises UnknownLayout with the questions that neither the layout nor the file answers."""
    layout = plan.layout
    asks: list[Question] = []
    if layout.date_order is None and seen.needs_order and seen.date_order is None:
        asks.append(asked_order(seen))
    if layout.decimal_mark is None and seen.needs_mark and seen.decimal_mark is None:
        asks.append(asked_mark(seen))
    if layout.signs is None and seen.has_mixed_signs:
        asks.append(asked_signs())
    if asks:
        proposed = Proposal(layout=layout, sure=("The meaning of the columns is known.",), asks=tuple(asks))
        raise UnknownLayout(
            f"The columns are those of the layout {layout.name!r}, but the file does not prove how it is to be "
            f"read: {' '.join(question.text for question in asks)}",
            proposed,
            line=plan.table.last_line or None,
        )
