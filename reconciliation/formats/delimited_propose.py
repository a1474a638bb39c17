"""Proposes a layout for a table that none describes: what titles and cells show, and what is left to ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import BinaryIO

from ledger.currencies import KNOWN
from ledger.errors import Rejected
from reconciliation.formats import delimited_text
from reconciliation.formats.delimited_balances import Steps
from reconciliation.formats.delimited_figures import FigureReader, Unreadable
from reconciliation.formats.delimited_header import Table
from reconciliation.formats.delimited_layout import (
    CURRENCY,
    Column,
    Continues,
    Layout,
    Proposal,
    Question,
    Signs,
)
from reconciliation.formats.delimited_lines import LineMaker
from reconciliation.formats.delimited_preamble import preamble
from reconciliation.formats.delimited_rows import Notes, Plan, bookings
from reconciliation.formats.delimited_survey import Survey, resolved_signs, survey
from reconciliation.formats.delimited_text import Cells, Row
from reconciliation.formats.delimited_values import (
    DateOrder,
    DecimalMark,
    currency_of,
    looks_like_a_date,
    marks,
    unit_of,
)
from reconciliation.formats.delimited_words import (
    BOOKED_WORDS,
    CREDIT_MARKS,
    DEBIT_MARKS,
    MANY,
    PENDING_WORDS,
    TITLES,
    VOID_WORDS,
    Role,
    currency_in_title,
    titled,
)

NAME = "own"  # what a proposed layout is called until a person names it
SAMPLE = 1_000  # rows that are looked at for what a column holds
_ENOUGH = 0.8  # the share of filled cells that have to be of a kind for the column to be
_SOME_REFERENCE = "EUR"  # any currency of two decimals serves to test the balances

_DATES = frozenset({Role.BOOKED_ON, Role.VALUED_ON})
_AMOUNTS = frozenset(
    {Role.AMOUNT, Role.CREDIT, Role.DEBIT, Role.BALANCE, Role.ORIGINAL, Role.CHARGES, Role.DETAIL}
)


@dataclass(slots=True)
class Seen:
    """What the cells of one column are, of as many as are filled."""

    filled: int = 0
    dates: int = 0
    amounts: int = 0
    currencies: int = 0
    letters: int = 0
    below: int = 0
    words: set[str] = field(default_factory=set)

    def note(self, cell: str) -> None:
        text = cell.strip()
        if not text:
            return
        self.filled += 1
        if looks_like_a_date(text):
            self.dates += 1
        elif marks(text):
            self.amounts += 1
            self.below += "-" in text or "(" in text
        else:
            self.letters += 1
        self.currencies += text.upper() in KNOWN
        if len(self.words) < _MOST_WORDS:
            self.words.add(titled(text) or text)

    def is_mostly(self, number: int) -> bool:
        return self.filled > 0 and number >= _ENOUGH * self.filled


_MOST_WORDS = 12


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


def proposal(stream: BinaryIO, encoding: str, table: Table) -> Proposal:
    """The layout that titles and cells suggest. Raises UnreadableFile."""
    columns = [Seen() for _ in table.titles]
    for _, _, cells in islice(_body(stream, encoding, table), SAMPLE):
        for seen, cell in zip(columns, cells or (), strict=False):
            seen.note(cell)
    roles = _roles(table, columns)
    layout = Layout(
        name=NAME,
        columns=tuple(
            Column(title=title, role=role) for title, role in zip(table.titles, roles, strict=True)
        ),
        delimiter=table.delimiter,
        headed=table.headed,
        currency=_currency(table, roles),
    )
    missing = _missing(layout, columns)
    if missing:
        return Proposal(layout=layout, asks=tuple(missing))
    return _proved(stream, encoding, table, layout, columns)


def _body(stream: BinaryIO, encoding: str, table: Table) -> Iterator[Row]:
    rows = delimited_text.rows(delimited_text.lines(stream, encoding), table.delimiter)
    return (row for row in rows if row[1] > table.last_line)


# --- the meaning of the columns ---


def _roles(table: Table, columns: Sequence[Seen]) -> list[Role | None]:
    """A meaning for each column: by its title where its cells agree, else by its cells."""
    roles: list[Role | None] = [None] * len(columns)
    taken: set[Role] = set()
    for at, (title, seen) in enumerate(zip(table.compared, columns, strict=True)):
        role = _fitting(TITLES.get(title), seen)
        if role is not None and (role in MANY or role not in taken):
            roles[at] = role
            taken.add(role)
    _complete(roles, columns)
    return roles


def _fitting(role: Role | None, seen: Seen) -> Role | None:
    """The role that the title suggests if what stands in the column can be that."""
    if role is None or not seen.filled:
        return role
    if role in _DATES:
        if seen.is_mostly(seen.dates):
            return role
        return Role.CURRENCY if seen.is_mostly(seen.currencies) else None
    if role in _AMOUNTS:
        return role if 2 * seen.amounts >= seen.filled else None
    if role is Role.CURRENCY:
        return role if seen.is_mostly(seen.currencies) else None
    if role is Role.MARK:
        return role if seen.words <= CREDIT_MARKS | DEBIT_MARKS else None
    if role is Role.STATUS:
        return role if seen.words & (BOOKED_WORDS | PENDING_WORDS | VOID_WORDS) else None
    return role


def _complete(roles: list[Role | None], columns: Sequence[Seen]) -> None:
    """Gives the roles that every table has to have to columns without one, where only one column can be it."""
    free = [at for at, role in enumerate(roles) if role is None]
    _complete_dates(roles, [at for at in free if columns[at].is_mostly(columns[at].dates)])
    _complete_amounts(roles, columns, free)
    _complete_one(roles, Role.CURRENCY, [at for at in free if columns[at].is_mostly(columns[at].currencies)])
    if Role.REMITTANCE not in roles:
        texts = [at for at in free if roles[at] is None and columns[at].is_mostly(columns[at].letters)]
        _complete_one(roles, Role.REMITTANCE, texts[:1])


def _complete_dates(roles: list[Role | None], dates: Sequence[int]) -> None:
    """The first column of dates is that of booking, the next that of value, as nearly all banks have them."""
    wanted = [role for role in (Role.BOOKED_ON, Role.VALUED_ON) if role not in roles]
    if Role.BOOKED_ON in wanted:
        for role, at in zip(wanted, dates, strict=False):
            roles[at] = role


def _complete_amounts(roles: list[Role | None], columns: Sequence[Seen], free: Sequence[int]) -> None:
    has_sides = Role.CREDIT in roles or Role.DEBIT in roles
    if Role.AMOUNT in roles and has_sides:
        _drop(roles, {Role.CREDIT, Role.DEBIT})
    elif has_sides:
        _drop(roles, {Role.MARK})
        return
    _complete_one(roles, Role.AMOUNT, [at for at in free if columns[at].is_mostly(columns[at].amounts)])
    if not _has_minus(roles, columns):
        _complete_one(roles, Role.MARK, [at for at in free if _is_of_marks(columns[at].words)])


def _complete_one(roles: list[Role | None], role: Role, places: Sequence[int]) -> None:
    """Gives `role` to the one column that it can be; among several nothing is chosen."""
    if role not in roles and len(places) == 1 and roles[places[0]] is None:
        roles[places[0]] = role


def _is_of_marks(words: set[str]) -> bool:
    """Whether a column without a telling title holds nothing but marks, those of credits and those of debits."""
    return words <= CREDIT_MARKS | DEBIT_MARKS and bool(words & CREDIT_MARKS) and bool(words & DEBIT_MARKS)


def _drop(roles: list[Role | None], unwanted: set[Role]) -> None:
    roles[:] = [None if role in unwanted else role for role in roles]


def _has_minus(roles: Sequence[Role | None], columns: Sequence[Seen]) -> bool:
    return any(seen.below for role, seen in zip(roles, columns, strict=True) if role is Role.AMOUNT)


def _currency(table: Table, roles: Sequence[Role | None]) -> str | None:
    if Role.CURRENCY in roles:
        return None
    amounts = [
        currency_in_title(title)
        for title, role in zip(table.titles, roles, strict=True)
        if role in (Role.AMOUNT, Role.CREDIT, Role.DEBIT)
    ]
    return next(filter(None, amounts), None)


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


def _proved(
    stream: BinaryIO, encoding: str, table: Table, layout: Layout, columns: Sequence[Seen]
) -> Proposal:
    found = _Proofs()
    layout = _with_continuations(stream, encoding, table, layout, found)
    plan = Plan.of(layout, table)
    seen = survey(delimited_text.rows(delimited_text.lines(stream, encoding), table.delimiter), plan)
    layout = _with_writing(layout, seen, found)
    if not any(question.about in ("date_order", "decimal_mark") for question in found.asks):
        layout = _with_signs(stream, encoding, table, layout, seen, columns, found)
    layout = _with_currency(stream, encoding, table, layout, found)
    return Proposal(layout=layout, sure=tuple(found.sure), asks=tuple(found.asks))


def _with_continuations(
    stream: BinaryIO, encoding: str, table: Table, layout: Layout, found: _Proofs
) -> Layout:
    """Whether rows without date and amount stand between the bookings, and whether rows end early."""
    plan = Plan.of(layout, table)
    going_on = short = whole = 0
    for _, _, cells in islice(_body(stream, encoding, table), SAMPLE):
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
    stream: BinaryIO,
    encoding: str,
    table: Table,
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
        proved = [way for way in ways if _is_proved(stream, encoding, table, way, seen)]
        if len(proved) == 1 or (proved and proved[0] == ways[0]):
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


def _is_proved(stream: BinaryIO, encoding: str, table: Table, layout: Layout, seen: Survey) -> bool:
    """Whether every step of the running balance follows from the amounts when they are read that way."""
    plan = Plan.of(layout, table)
    figures = FigureReader(
        plan,
        date_order=layout.date_order,
        decimal_mark=layout.decimal_mark or DecimalMark.POINT,
        signs=resolved_signs(plan, seen),
        currency=_SOME_REFERENCE,
    )
    maker = LineMaker(plan, figures)
    steps = Steps()
    rows = delimited_text.rows(delimited_text.lines(stream, encoding), table.delimiter)
    for booking in bookings(rows, plan, seen.last_dated_line, Notes()):
        try:
            line, _, balance = maker.made(booking)
        except (Unreadable, Rejected):
            continue
        steps.add(booking.first_line, line.amount.minor, balance, line.booked_on)
    return steps.is_proved


def _with_currency(stream: BinaryIO, encoding: str, table: Table, layout: Layout, found: _Proofs) -> Layout:
    if layout.has(Role.CURRENCY):
        found.sure.append("A column names the currency.")
        return layout
    if layout.currency is None:
        layout = replace(layout, currency=_in_amounts(stream, encoding, table, layout))
    if layout.currency is not None:
        found.sure.append(f"The amounts are in {layout.currency}.")
    elif preamble(table.preamble, layout.date_order).currency is None:
        found.asks.append(Question(about=CURRENCY, text="In which currency is the account?"))
    return layout


def _in_amounts(stream: BinaryIO, encoding: str, table: Table, layout: Layout) -> str | None:
    """The currency that stands at the amounts themselves, if it is one."""
    amounts = Plan.of(layout, table).amounts
    units = {
        currency_of(unit_of(cells[at]))
        for _, _, cells in islice(_body(stream, encoding, table), SAMPLE)
        for at in amounts
        if cells is not None and at < len(cells) and cells[at].strip()
    }
    return units.pop() if len(units) == 1 else None
