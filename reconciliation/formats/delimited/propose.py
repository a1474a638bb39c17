"""Proposes a layout for a table that none describes: what titles and cells show, and what is left to ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import BinaryIO

from ledger.errors import Rejected
from reconciliation.formats.delimited import text
from reconciliation.formats.delimited.balances import Steps
from reconciliation.formats.delimited.columns import Seen, currency_of_titles, roles_of
from reconciliation.formats.delimited.figures import FigureReader, Unreadable
from reconciliation.formats.delimited.header import Table
from reconciliation.formats.delimited.layout import Column, Continues, Layout, Signs
from reconciliation.formats.delimited.lines import LineMaker
from reconciliation.formats.delimited.preamble import preamble
from reconciliation.formats.delimited.proposal import CURRENCY, Proposal, Question
from reconciliation.formats.delimited.rows import Notes, Plan, bookings
from reconciliation.formats.delimited.survey import Survey, resolved_signs, survey
from reconciliation.formats.delimited.text import Cells, Row
from reconciliation.formats.delimited.values import currency_of, unit_of
from reconciliation.formats.delimited.words import Role
from reconciliation.formats.written import DateOrder, DecimalMark

NAME = "own"  # what a proposed layout is called until a person names it
SAMPLE = 1_000  # rows that are looked at for what a column holds
_SOME_CURRENCY = "EUR"  # any currency of two decimals serves to test the balances


def asked_order(seen: Survey) -> Question:
    """Which of day and month stands first."""
    return Question(
        about="date_order",
        text="Does a date begin with the day (DMY), the month (MDY) or the year (YMD)?",
        choices=tuple(order.value for order in (seen.orders or DateOrder)),
    )


def asked_mark(seen: Survey) -> Question:
    """Which sign stands before the decimals."""
    return Question(
        about="decimal_mark",
        text="Are decimals written behind a comma or behind a point?",
        choices=tuple(mark.value for mark in (seen.marks or DecimalMark)),
    )


def asked_signs() -> Question:
    """What a minus means beside a column or a mark that says credit or debit."""
    return Question(
        about="signs",
        text="Is an amount as large as it stands, whatever its sign (size), or is it the credit less the debit "
        "(arithmetic)?",
        choices=tuple(sign.value for sign in Signs),
    )


@dataclass(frozen=True, slots=True)
class _File:
    """The file of a table, which is gone through as often as there is something to prove."""

    stream: BinaryIO
    encoding: str
    table: Table

    def rows(self) -> Iterator[Row]:
        return text.rows(text.lines(self.stream, self.encoding), self.table.delimiter)

    def body(self) -> Iterator[Row]:
        """The rows below the titles."""
        return (row for row in self.rows() if row[1] > self.table.last_line)


def proposal(stream: BinaryIO, encoding: str, table: Table, *, like: Layout | None = None) -> Proposal:
    """The layout that titles and cells suggest; what a layout `like` it says of a title comes first.

    Raises UnreadableFile.
    """
    file = _File(stream, encoding, table)
    columns = [Seen() for _ in table.titles]
    for _, _, cells in islice(file.body(), SAMPLE):
        for seen, cell in zip(columns, cells or (), strict=False):
            seen.note(cell)
    known = {} if like is None else dict(zip(like.titles, (one.role for one in like.columns), strict=True))
    roles = roles_of(table, columns, known)
    layout = Layout(
        name=NAME if like is None else like.name,
        columns=tuple(
            Column(title=title, role=role) for title, role in zip(table.titles, roles, strict=True)
        ),
        delimiter=table.delimiter,
        headed=table.headed,
        currency=currency_of_titles(table, roles),
    )
    missing = _missing(layout, columns)
    if missing:
        return Proposal(layout=layout, asks=tuple(missing))
    return _proved(file, layout, columns)


def _missing(layout: Layout, columns: Sequence[Seen]) -> list[Question]:
    """What is asked where not even the columns of date and amount are clear."""
    asks = []
    if not (layout.has(Role.BOOKED_ON) or layout.has(Role.VALUED_ON)):
        dates = _titles(layout, columns, "dates")
        asks.append(
            Question(about="booked_on", text="Which column holds the date of a booking?", choices=dates)
        )
    if not (layout.has(Role.AMOUNT) or layout.has(Role.CREDIT) or layout.has(Role.DEBIT)):
        amounts = _titles(layout, columns, "amounts")
        asks.append(Question(about="amount", text="Which column holds the amount?", choices=amounts))
    return asks


def _titles(layout: Layout, columns: Sequence[Seen], kind: str) -> tuple[str, ...]:
    return tuple(
        column.title for column, seen in zip(layout.columns, columns, strict=True) if getattr(seen, kind) > 0
    )


# --- what the whole file proves ---


@dataclass(slots=True)
class _Proofs:
    """The sentences and questions of a proposal as they are found."""

    sure: list[str] = field(default_factory=list)
    asks: list[Question] = field(default_factory=list)


def _proved(file: _File, layout: Layout, columns: Sequence[Seen]) -> Proposal:
    found = _Proofs()
    layout = _with_continuations(file, layout, found)
    plan = Plan.of(layout, file.table)
    seen = survey(file.rows(), plan)
    layout = _with_writing(layout, seen, found)
    if not any(question.about in ("date_order", "decimal_mark") for question in found.asks):
        layout = _with_signs(file, layout, seen, columns, found)
    layout = _with_currency(file, layout, found)
    return Proposal(layout=layout, sure=tuple(found.sure), asks=tuple(found.asks))


def _with_continuations(file: _File, layout: Layout, found: _Proofs) -> Layout:
    """Whether rows without date and amount stand between the bookings, and whether rows end early."""
    plan = Plan.of(layout, file.table)
    going_on = short = whole = 0
    for _, _, cells in islice(file.body(), SAMPLE):
        if not cells or sum(1 for cell in cells if cell.strip()) == 0:
            continue
        is_short = len(cells) < plan.width
        row = cells + [""] * (plan.width - len(cells))
        if row[plan.date].strip():
            whole += 1
            short += is_short
        elif whole and not any(row[at].strip() for at in plan.amounts) and _has_text(row, plan):
            going_on += 1
    if going_on * 10 > whole:
        found.sure.append("Rows without date and amount go on with the booking above them.")
        layout = replace(layout, continues=Continues.UNDATED, ragged=True)
    if short * 10 > whole:
        found.sure.append("Rows may end before the last column.")
        layout = replace(layout, ragged=True)
    return layout


def _has_text(row: Cells, plan: Plan) -> bool:
    return any(row[at].strip() for at in plan.places.get(Role.REMITTANCE, ()))


def _with_writing(layout: Layout, seen: Survey, found: _Proofs) -> Layout:
    if seen.date_order is not None:
        found.sure.append(f"The order of dates is {seen.date_order.value}.")
        layout = replace(layout, date_order=seen.date_order)
    elif seen.needs_order:
        found.asks.append(asked_order(seen))
    if seen.decimal_mark is not None:
        found.sure.append(f"Decimals stand behind {seen.decimal_mark.value!r}.")
        layout = replace(layout, decimal_mark=seen.decimal_mark)
    elif seen.needs_mark:
        found.asks.append(asked_mark(seen))
    return layout


def _with_signs(
    file: _File,
    layout: Layout,
    seen: Survey,
    columns: Sequence[Seen],
    found: _Proofs,
) -> Layout:
    """What the signs mean, where the balances prove it; else it is asked if the file leaves it open."""
    ways = [
        replace(layout, inverted=inverted, signs=signs) for inverted in (False, True) for signs in _ways(seen)
    ]
    if layout.has(Role.BALANCE):
        proved = [way for way in ways if _is_proved(file, way, seen)]
        if len(proved) == 1:
            found.sure.append("The running balance proves the signs of the amounts.")
            return proved[0]
    if seen.has_mixed_signs:
        found.asks.append(asked_signs())
    elif not (layout.has(Role.MARK) or layout.has(Role.CREDIT) or layout.has(Role.DEBIT)):
        _ask_for_inversion(layout, columns, found)
    return layout


def _ways(seen: Survey) -> tuple[Signs | None, ...]:
    return (Signs.SIZE, Signs.ARITHMETIC) if seen.has_mixed_signs else (None,)


def _ask_for_inversion(layout: Layout, columns: Sequence[Seen], found: _Proofs) -> None:
    amount = layout.all_of(Role.AMOUNT)[0]
    if columns[amount].filled and not columns[amount].below:
        found.asks.append(
            Question(
                about="inverted",
                text="No amount is below zero. Is it money that went out, as in the export of a credit card?",
                choices=("no", "yes"),
            )
        )


def _is_proved(file: _File, layout: Layout, seen: Survey) -> bool:
    """Whether every step of the running balance follows from the amounts when they are read that way."""
    plan = Plan.of(layout, file.table)
    figures = FigureReader(
        plan,
        date_order=layout.date_order,
        decimal_mark=layout.decimal_mark or DecimalMark.POINT,
        signs=resolved_signs(plan, seen),
        currency=_SOME_CURRENCY,
    )
    maker = LineMaker(plan, figures)
    steps = Steps()
    rows = file.rows()
    for booking in bookings(rows, plan, seen.last_dated_line, Notes()):
        try:
            line, _, balance = maker.made(booking)
        except (Unreadable, Rejected):
            continue
        steps.add(booking.first_line, line.amount.minor, balance, line.booked_on)
    return steps.is_proved


def _with_currency(file: _File, layout: Layout, found: _Proofs) -> Layout:
    if layout.has(Role.CURRENCY):
        found.sure.append("A column names the currency.")
        return layout
    if layout.currency is None:
        layout = replace(layout, currency=_in_amounts(file, layout))
    if layout.currency is not None:
        found.sure.append(f"The amounts are in {layout.currency}.")
    elif preamble(file.table.preamble, layout.date_order).currency is None:
        found.asks.append(Question(about=CURRENCY, text="In which currency is the account?"))
    return layout


def _in_amounts(file: _File, layout: Layout) -> str | None:
    """The currency that stands at the amounts themselves, if it is one."""
    amounts = Plan.of(layout, file.table).amounts
    units = {
        currency_of(unit_of(cells[at]))
        for _, _, cells in islice(file.body(), SAMPLE)
        for at in amounts
        if cells is not None and at < len(cells) and cells[at].strip()
    }
    return units.pop() if len(units) == 1 else None
