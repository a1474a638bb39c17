"""The items of an opened table: for each account its header, its lines, and its statement with the proof."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ledger.currencies import KNOWN, decimals
from ledger.money import Money, checked_currency
from reconciliation.formats.delimited.balances import Steps
from reconciliation.formats.delimited.figures import FigureReader, Unreadable
from reconciliation.formats.delimited.lines import LineMaker, Oddity
from reconciliation.formats.delimited.opening import Opened
from reconciliation.formats.delimited.preamble import Preamble, account_of, preamble
from reconciliation.formats.delimited.rows import Booking, Notes, bookings
from reconciliation.formats.delimited.survey import MOST_ACCOUNTS, MOST_MIXED, NO_KEY, Key, key_of, key_places
from reconciliation.formats.delimited.text import Cells
from reconciliation.formats.delimited.values import NoAmount, minor
from reconciliation.formats.delimited.words import Role, currency_in_title
from reconciliation.formats.refusals import Refusals
from reconciliation.formats.tally import Tally, counted, told
from reconciliation.statement import (
    Account,
    Balance,
    Header,
    Item,
    Line,
    LineStatus,
    RefusedLine,
    Statement,
    UnreadableFile,
)

NO_CURRENCY = (
    "XXX"  # ISO 4217: no currency is involved; as with QIF, such amounts can be shown and not booked
)
STATED = "stated"  # the kind of a balance that is written beside the table

_ODDITIES = {
    Oddity.UNKNOWN_STATUS: "{} with a status that is not known, shown for information and not counted.",
    Oddity.UNREADABLE_PART: "{} with a balance or a part of the amount that cannot be read, which is left out.",
    Oddity.UNPROVED_DETAILS: "{} whose parts do not add up to the amount; they are read as text only.",
}


def statements(opened: Opened, currency: str | None) -> Iterator[Item]:
    """The items of the file in its order; accounts whose rows are mixed are read one after the other."""
    keys = tuple(opened.survey.keys)
    if len(keys) > MOST_ACCOUNTS:
        raise UnreadableFile(f"The table is about more than {MOST_ACCOUNTS} accounts.")
    stated = preamble(opened.plan.table.preamble, opened.date_order)
    file = _File(opened, stated, _known_currency(opened, stated, currency))
    if opened.survey.is_mixed:
        if len(keys) > MOST_MIXED:
            raise UnreadableFile(f"The table mixes the rows of more than {MOST_MIXED} accounts.")
        for key in keys:
            yield from file.of_one(key, is_last=key == keys[-1])
    else:
        yield from file.in_turn()


def _known_currency(opened: Opened, stated: Preamble, currency: str | None) -> str | None:
    """The currency where no column names it: by a title, the layout, what stands before the table, or the caller."""
    titles = opened.plan.table.titles
    amounts = [*opened.plan.amounts, *opened.plan.places.get(Role.BALANCE, ())]
    by_title = next(filter(None, (currency_in_title(titles[at]) for at in amounts)), None)
    found = by_title or opened.plan.layout.currency or stated.currency
    if found is None and currency is not None:
        return checked_currency(currency)
    return found


class _File:
    """A file whose statements are being read; `currency` is that of amounts where no column names one."""

    def __init__(self, opened: Opened, stated: Preamble, currency: str | None) -> None:
        self.opened, self.stated, self.currency = opened, stated, currency
        self.first: Key = next(iter(opened.survey.keys), NO_KEY)
        self.refusals = Refusals()

    def in_turn(self) -> Iterator[Item]:
        """The statements of accounts whose rows follow one another."""
        maker, notes = self._maker(), Notes()
        current: _Statement | None = None
        for key, booking in self._bookings(notes):
            if current is None or key != current.key:
                if current is not None:
                    yield current.closed(maker, Notes())
                current = _Statement(self, key)
                yield current.header
            yield current.taken(booking, maker)
        if current is None:
            current = _Statement(self, self.first)
            yield current.header
        yield current.closed(maker, notes)

    def of_one(self, key: Key, *, is_last: bool) -> Iterator[Item]:
        """The statement of one account among others whose rows are mixed with its own."""
        maker, notes = self._maker(), Notes()
        current = _Statement(self, key)
        yield current.header
        for other, booking in self._bookings(notes):
            if other == key:
                yield current.taken(booking, maker)
        yield current.closed(maker, notes if is_last else Notes())

    def _maker(self) -> LineMaker:
        figures = FigureReader(
            self.opened.plan,
            date_order=self.opened.date_order,
            decimal_mark=self.opened.decimal_mark,
            signs=self.opened.signs,
            currency=self.currency or NO_CURRENCY,
        )
        return LineMaker(self.opened.plan, figures)

    def _bookings(self, notes: Notes) -> Iterator[tuple[Key, Booking]]:
        """All bookings of the file, each with its account; a row that names none goes with the one before.

        So does a row with another account that no dated row names: it cannot be read anyway.
        """
        opened = self.opened
        places, keys, key = key_places(opened.plan), opened.survey.keys, self.first
        flat = [] if places is None else [*places[0], *places[1]]
        written: list[str] = []
        for booking in bookings(opened.rows(), opened.plan, opened.survey.last_dated_line, notes):
            if flat and booking.fault is None:
                cells = booking.cells
                if written != (written := [cells[place] for place in flat]):
                    named = key_of(cells, places, key)
                    key = named if named in keys else key
            yield key, booking


class _Statement:
    """The statement that is being read."""

    def __init__(self, file: _File, key: Key) -> None:
        opened, stated = file.opened, file.stated
        self.key, self.opened, self.stated, self.refusals = key, opened, stated, file.refusals
        account = account_of(key[0]) if key[0] else stated.account
        first = opened.survey.keys.get(key) or opened.survey.first_currency
        self.currency = next((code for code in (key[1], first) if code in KNOWN), file.currency)
        self.header = Header(
            format=f"csv.{opened.plan.layout.name}",
            statement_id=None,
            sequence=None,
            account=Account(
                iban=account.iban,
                other=account.other,
                currency=account.currency or self.currency,
                bic=account.bic,
            ),
            from_on=stated.from_on,
            to_on=stated.to_on,
            currency=self.currency,
        )
        self.tally, self.steps = Tally(), Steps()

    def taken(self, booking: Booking, maker: LineMaker) -> Line | RefusedLine:
        """The booking as a line, or refused with its reason. Raises UnreadableFile after too many of these."""
        try:
            line, is_credit, balance = maker.made(booking)
        except Unreadable as reason:
            refused = RefusedLine(position=booking.position, reason=str(reason), line=booking.first_line)
            return self.refusals.add(refused, self.tally)
        self.tally.add(line, is_credit=is_credit)
        if maker.balance is not None and line.status is LineStatus.BOOKED:
            self.steps.add(booking.first_line, line.amount.minor, balance, line.booked_on)
        return line

    def closed(self, maker: LineMaker, notes: Notes) -> Statement:
        """The finished statement; what a file says beside its bookings is told with its last one."""
        currency = self.tally.currency or self.currency or NO_CURRENCY
        opening, closing = self.steps.opening(currency), self.steps.closing(currency)
        beside = self._beside(maker, notes, currency)
        noticed = (
            *self._header_problems(),
            *self.steps.problems(),
            *self._closing_problems(opening, closing, beside[1]),
            *_noted(notes),
            *told(maker.oddities, _ODDITIES),
        )
        maker.oddities.clear()
        statement = self.tally.close(
            self.header,
            currency=currency,
            opening=opening or beside[0],
            closing=closing or (beside[1] if opening is None else None),
            noticed=noticed,
        )
        return replace(statement, newest_first=bool(self.steps.is_new_first))

    def _header_problems(self) -> Iterator[str]:
        account = self.header.account
        if not (account.iban or account.other):
            yield "The table does not name its account."
        if self.currency is None:
            yield "The table does not name the currency of its amounts."
        if self.opened.is_mixed:
            yield "Some letters of the file are in another encoding than the others, and are read wrongly."

    def _closing_problems(
        self, opening: Balance | None, closing: Balance | None, beside: Balance | None
    ) -> Iterator[str]:
        if opening is not None and closing is None:
            yield "The newest booking states no balance, so the closing balance is not known."
        if closing is not None and beside is not None and closing.amount != beside.amount:
            yield (
                f"The balance stated beside the table is {beside.amount}, "
                f"but that of the newest booking {closing.amount}."
            )

    def _beside(self, maker: LineMaker, notes: Notes, currency: str) -> tuple[Balance | None, Balance | None]:
        """Opening and closing balance where the file states them in rows before, behind or between the bookings."""
        if self.opened.survey.is_mixed or len(self.opened.survey.keys) > 1:
            return None, None
        stated = self.stated
        opening = self._in_row(maker, notes.opening) or self._in_text(stated.opening, currency)
        closing = self._in_row(maker, notes.closing) or self._in_text(stated.closing, currency)
        return (
            None if opening is None else Balance(amount=opening, on=stated.from_on, kind=STATED),
            None
            if closing is None
            else Balance(amount=closing, on=stated.closing_on or stated.to_on, kind=STATED),
        )

    def _in_row(self, maker: LineMaker, cells: Cells | None) -> Money | None:
        if cells is None:
            return None
        try:
            return maker.stated(cells)
        except Unreadable:
            return None

    def _in_text(self, text: str | None, currency: str) -> Money | None:
        if text is None:
            return None
        try:
            return Money(minor(text.strip(), self.opened.decimal_mark, decimals(currency))[0], currency)
        except NoAmount:
            return None


def _noted(notes: Notes) -> Iterator[str]:
    if notes.remarks:
        yield f"{counted(notes.remarks, 'row')} between the bookings with a remark and no booking."
    if notes.footers:
        yield f"{counted(notes.footers, 'row')} behind the last booking, read as the end of the table."
