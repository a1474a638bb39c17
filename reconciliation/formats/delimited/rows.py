"""Which rows of a table are bookings, and which go on from the one above, remark something, or end the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from reconciliation.formats.delimited.header import Table
from reconciliation.formats.delimited.layout import Continues, Layout
from reconciliation.formats.delimited.text import Cells, Row
from reconciliation.formats.delimited.values import is_meant_as_a_date
from reconciliation.formats.delimited.words import (
    BALANCE_TEXTS,
    CLOSING_WORDS,
    FOOTER_WORDS,
    OPENING_WORDS,
    Role,
    titled,
)

_OF_WORDS = (Role.REMITTANCE, Role.NAME, Role.BOOKING_TEXT, Role.END_TO_END_ID)


@dataclass(frozen=True, slots=True)
class Plan:
    """A layout laid on the columns of one file: where in a row each fact stands.

    `words` are the places where a row may say that it holds a balance and no booking.
    """

    layout: Layout
    table: Table
    width: int
    places: dict[Role, tuple[int, ...]]
    words: tuple[int, ...]

    @classmethod
    def of(cls, layout: Layout, table: Table) -> Plan:
        """Columns are found by their titles, in whatever order they stand."""
        at = {title: index for index, title in enumerate(table.compared)}
        places: dict[Role, tuple[int, ...]] = {}
        for column, title in zip(layout.columns, layout.titles, strict=True):
            if column.role is not None:
                places[column.role] = (*places.get(column.role, ()), at[title])
        words = tuple(place for role in _OF_WORDS for place in places.get(role, ()))
        return cls(layout, table, len(table.titles), places, words)

    def one(self, role: Role) -> int | None:
        """Where the column of that role is, if there is one."""
        return self.places.get(role, (None,))[0]

    @property
    def date(self) -> int:
        """Where the date is by which a row is known as a booking."""
        place = self.one(Role.BOOKED_ON)
        return place if place is not None else self.places[Role.VALUED_ON][0]

    @property
    def amounts(self) -> tuple[int, ...]:
        return tuple(
            place for role in (Role.AMOUNT, Role.CREDIT, Role.DEBIT) for place in self.places.get(role, ())
        )


@dataclass(slots=True)
class Booking:
    """The rows of one booking, with the lines of the file they stand in.

    `fault` says why the first of them cannot be one of this table.
    """

    position: int
    first_line: int
    last_line: int
    cells: Cells
    more: list[Cells] | None = None
    fault: str | None = None


@dataclass(slots=True)
class Notes:
    """What stands in a table beside its bookings."""

    remarks: int = 0
    footers: int = 0
    opening: Cells | None = None
    closing: Cells | None = None
    sums: list[Cells] = field(default_factory=list)


def bookings(rows: Iterator[Row], plan: Plan, last_line: int | None, notes: Notes) -> Iterator[Booking]:
    """The bookings of a table in the order of the file; what is none is noted.

    `last_line` is the last one that holds a date: behind it rows without a date are the footer.
    """
    date, amounts, words, width = plan.date, plan.amounts, plan.words, plan.width
    begins_at = plan.table.last_line
    keeps = plan.layout.continues is not Continues.NEVER
    current: Booking | None = None
    position = 0
    for first, last, cells in rows:
        if last <= begins_at:
            continue
        fault = None
        if cells is None or len(cells) != width or not _is_usual(cells, date, amounts, words):
            cells, fault = _fitted(cells, plan)
            if not any(cells) and fault is None:
                continue
            if keeps and fault is None and current is not None and _goes_on(cells, current, plan):
                if current.more is None:
                    current.more = []
                current.more.append(cells)
                current.last_line = last
                continue
            if any(cells) and _is_noted(
                cells, plan, notes, is_behind=last_line is not None and first > last_line
            ):
                continue
        if current is not None:
            yield current
        position += 1
        current = Booking(position, first, last, cells, None, fault)
    if current is not None:
        yield current


def _is_usual(cells: Cells, date: int, amounts: Sequence[int], words: Sequence[int]) -> bool:
    """Whether the row has a date of numbers and an amount on one side, and is no balance, as nearly all rows."""
    if not cells[date][:1].isdigit():
        return False
    for at in words:
        if cells[at] in BALANCE_TEXTS:
            return False
    filled = 0
    for at in amounts:
        if cells[at]:
            filled += 1
    return filled == 1


def _fitted(cells: Cells | None, plan: Plan) -> tuple[Cells, str | None]:
    """The row in the width of the titles, and what is wrong if that cannot be."""
    width = plan.width
    if cells is None:
        return [""] * width, "its quotes do not close where its cells end."
    count = len(cells)
    while count > width and not cells[count - 1].strip():
        count -= 1
    row = cells[:width] + [""] * (width - count)
    is_blank = not any(cells)
    if not is_blank and (count > plan.table.width or (count < width and not plan.layout.ragged)):
        return row, f"it has {len(cells)} cells, but the table has {width} columns."
    return row, None


def _goes_on(cells: Cells, current: Booking, plan: Plan) -> bool:
    """Whether the row tells more of the booking above it."""
    if any(cells[at].strip() for at in plan.amounts):
        return False
    if plan.layout.continues is Continues.UNDATED:
        return not cells[plan.date].strip()
    place = plan.one(Role.BANK_REFERENCE)
    if place is None:
        return False
    return bool(cells[place].strip()) and cells[place] == current.cells[place]


def _is_noted(cells: Cells, plan: Plan, notes: Notes, *, is_behind: bool) -> bool:
    """Whether the row holds no booking but something to note: a remark, a balance, a footer."""
    filled = [cell for cell in cells if cell.strip()]
    words = {titled(cell) for cell in filled if len(cell) < 40 and not cell[:1].isdigit()}
    if words & OPENING_WORDS:
        notes.opening = cells
    elif words & CLOSING_WORDS:
        notes.closing = cells
    elif is_meant_as_a_date(cells[plan.date]):
        return False
    elif len(filled) < 2 and not any(cells[at].strip() for at in plan.amounts):
        notes.remarks += 1
    elif is_behind and (_is_footer(filled) or _has_no_one_amount(cells, plan.amounts)):
        notes.footers += 1
        notes.sums.append(cells)
    else:
        return False
    return True


def _is_footer(filled: Sequence[str]) -> bool:
    return titled(filled[0]).startswith(FOOTER_WORDS)


def _has_no_one_amount(cells: Cells, amounts: Sequence[int]) -> bool:
    """Whether no amount is there, or both sides have one, which no booking has."""
    filled = sum(1 for at in amounts if cells[at].strip())
    return filled == 0 or filled > 1
