"""The figures of one booking of a table: its currency, its signed amount, its days and its balance."""

from __future__ import annotations

from datetime import date

from ledger.currencies import KNOWN, decimals
from reconciliation.formats.delimited.layout import Signs
from reconciliation.formats.delimited.rows import Plan
from reconciliation.formats.delimited.text import Cells
from reconciliation.formats.delimited.values import NoAmount, contradicts, currency_of, day, minor, near
from reconciliation.formats.delimited.words import CREDIT_MARKS, DEBIT_MARKS, Role, titled
from reconciliation.formats.written import DateOrder, DecimalMark

_LONGEST_TOLD = 40


class Unreadable(Exception):
    """A booking cannot be read; the message is the reason as a sentence."""


class FigureReader:
    """Reads the figures in the rows of one table; how dates and amounts are written is settled before.

    `currency` is that of every amount where no column names one. All methods raise Unreadable.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        date_order: DateOrder | None,
        decimal_mark: DecimalMark,
        signs: Signs | None,
        currency: str | None,
    ) -> None:
        layout, one = plan.layout, plan.one
        self.order, self.mark, self.signs, self.currency = date_order, decimal_mark, signs, currency
        self.inverted = layout.inverted
        self.booked, self.valued = one(Role.BOOKED_ON), one(Role.VALUED_ON)
        self.amount, self.credit, self.debit = one(Role.AMOUNT), one(Role.CREDIT), one(Role.DEBIT)
        self.marked = one(Role.MARK)
        self.currencies = plan.places.get(Role.CURRENCY, ())
        self.credit_marks = CREDIT_MARKS | frozenset(map(titled, layout.credits))
        self.debit_marks = DEBIT_MARKS | frozenset(map(titled, layout.debits))
        self._places: dict[str, int] = {}

    def currency_of(self, cells: Cells) -> str:
        """The currency of the booking."""
        for place in self.currencies:
            code = cells[place]
            if code in KNOWN:
                return code
            if code and not code.isspace():
                return self._known(code.strip().upper())
        if self.currencies or self.currency is None:
            raise Unreadable("it names no currency.")
        return self.currency

    def _known(self, code: str) -> str:
        known = currency_of(code)
        if known is None:
            raise Unreadable(f"{code[:12]!r} is no currency of ISO 4217.")
        return known

    def value(self, cells: Cells, currency: str) -> tuple[int, bool]:
        """Minor units signed from the holder's view, and whether it is a credit; zero is one too."""
        if self.amount is not None:
            value = self.minor(cells[self.amount], currency)
            is_credit = value >= 0
            if self.marked is not None:
                is_credit = self._is_credit(cells[self.marked])
                if self.signs is None and value < 0:
                    raise Unreadable("its amount has a sign of its own beside its mark for credit or debit.")
                value = abs(value) if is_credit else -abs(value)
        else:
            value, is_credit = self._of_sides(cells, currency)
        if self.inverted:
            return -value, not is_credit if value or self.marked is not None else is_credit
        return value, is_credit

    def _of_sides(self, cells: Cells, currency: str) -> tuple[int, bool]:
        credit = self._side(cells, self.credit, currency)
        debit = self._side(cells, self.debit, currency)
        if credit is None and debit is None:
            raise Unreadable("it has no amount.")
        if credit and debit:
            raise Unreadable("it has both a credit and a debit.")
        is_credit = debit is None or bool(credit)
        value = (credit if is_credit else debit) or 0
        if self.signs is None and value < 0:
            raise Unreadable("its amount has a sign of its own beside its column for credits or debits.")
        if self.signs is Signs.ARITHMETIC:
            value = value if is_credit else -value
            return value, value >= 0
        return (abs(value) if is_credit else -abs(value)), is_credit

    def _side(self, cells: Cells, place: int | None, currency: str) -> int | None:
        if place is None:
            return None
        text = cells[place]
        return None if not text or text.isspace() else self.minor(text, currency)

    def _is_credit(self, mark: str) -> bool:
        word = titled(mark) or mark.strip()
        if word in self.credit_marks:
            return True
        if word in self.debit_marks:
            return False
        raise Unreadable(f"{mark[:12]!r} marks neither a credit nor a debit.")

    def minor(self, text: str, currency: str) -> int:
        """The amount in a cell, in minor units of the currency."""
        places = self._places.get(currency)
        if places is None:
            places = self._places[currency] = decimals(currency)
        try:
            value, unit = minor(text, self.mark, places)
        except NoAmount as reason:
            if not text.strip():
                raise Unreadable("it has no amount.") from None
            raise Unreadable(str(reason)) from None
        if contradicts(unit, currency):
            raise Unreadable(f"its amount is in {unit}, but the booking in {currency}.")
        return value

    def days(self, cells: Cells) -> tuple[date | None, date | None]:
        """The day of booking, else that of value, and the day of value."""
        booked_on = valued_on = None
        if self.valued is not None:
            text = cells[self.valued]
            if text and not text.isspace():
                valued_on = day(text, self.order)
                if valued_on is None:
                    raise Unreadable(f"{text[:_LONGEST_TOLD]!r} is no value date that can be read.")
        if self.booked is not None:
            text = cells[self.booked]
            booked_on = day(text, self.order) or near(text, valued_on)
            if booked_on is None and text and not text.isspace():
                raise Unreadable(f"{text[:_LONGEST_TOLD]!r} is no date that can be read.")
        if booked_on is None:
            if self.booked is not None or valued_on is None:
                raise Unreadable("it has no date.")
            booked_on = valued_on
        return booked_on, valued_on
