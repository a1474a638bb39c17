"""One booking of a table as a Line, or the reason why it cannot be read."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

from ledger.currencies import KNOWN, decimals
from ledger.money import Money
from mandates.reason_codes import BY_CODE
from reconciliation.formats import delimited_texts
from reconciliation.formats.delimited_layout import Signs
from reconciliation.formats.delimited_rows import Booking, Plan
from reconciliation.formats.delimited_text import Cells
from reconciliation.formats.delimited_values import (
    DateOrder,
    DecimalMark,
    NoAmount,
    currency_of,
    day,
    minor,
    near,
)
from reconciliation.formats.delimited_words import (
    BOOKED_WORDS,
    CREDIT_MARKS,
    DEBIT_MARKS,
    PENDING_WORDS,
    VOID_WORDS,
    Role,
    titled,
)
from reconciliation.statement import Batch, Line, LineStatus, Party

NARRATIVE = "NARR"  # ISO 20022: the reason is told in words only

_NOBODY = Party()
_NO_REFERENCE = frozenset({"NONREF", "NOTPROVIDED", ""})
_REASON = re.compile(r"(?<![A-Z0-9])[A-Z]{2}[0-9]{2}(?![A-Z0-9])")
_LONGEST_CODE = 60
_LONGEST_TOLD = 40
_MOST_STATUSES = 500

# The facts that one cell tells as it stands, and that a table may lack; in the order of LineMaker's places.
_TEXTS = (
    Role.BOOKING_TEXT,
    Role.BATCH_ID,
    Role.REFERENCE,
    Role.END_TO_END_ID,
    Role.MANDATE_ID,
    Role.CREDITOR_ID,
    Role.BANK_REFERENCE,
    Role.CODE,
    Role.PAYER,
    Role.PAYEE,
    Role.IBAN,
    Role.BIC,
)

# What the booking text of a collection says that came back unpaid.
_RETURNED = re.compile(
    r"r(?:ü|ue)ck(?:lastschrift|gabe|buchung)|lastschrift-?r(?:ü|ue)ckgabe|retoure|returned debit|return debit"
    r"|sdd return|reject|impay(?:é|e)|insoluto|storno lastschrift",
    re.IGNORECASE,
)


class Oddity(StrEnum):
    """What can be strange about a booking that is readable all the same."""

    UNKNOWN_STATUS = "unknown_status"
    UNREADABLE_PART = "unreadable_part"
    UNPROVED_DETAILS = "unproved_details"


class Unreadable(Exception):
    """A booking cannot be read; the message is the reason as a sentence."""


# A Line, whether it is a credit, and the balance of the account behind it where the row says one.
Made: TypeAlias = tuple[Line, bool, "int | None"]


class LineMaker:
    """Makes lines of the bookings of one table; how dates and amounts are written is settled before."""

    def __init__(
        self,
        plan: Plan,
        *,
        date_order: DateOrder | None,
        decimal_mark: DecimalMark,
        signs: Signs | None,
        currency: str | None,
    ) -> None:
        layout, one, many = plan.layout, plan.one, plan.places.get
        self.order, self.mark, self.signs, self.currency = date_order, decimal_mark, signs, currency
        self.inverted, self.line_break = layout.inverted, layout.line_break
        self.booked, self.valued, self.balance = (one(Role.BOOKED_ON), one(Role.VALUED_ON), one(Role.BALANCE))
        self.amount, self.credit, self.debit = one(Role.AMOUNT), one(Role.CREDIT), one(Role.DEBIT)
        self.marked, self.status, self.detail = one(Role.MARK), one(Role.STATUS), one(Role.DETAIL)
        self.original, self.charges = one(Role.ORIGINAL), one(Role.CHARGES)
        self.currencies = many(Role.CURRENCY, ())
        self.texts, self.names = many(Role.REMITTANCE, ()), many(Role.NAME, ())
        blank = len(
            plan.table.titles
        )  # where a blank is put behind each row, for columns that the table lacks
        (
            self.booking_text,
            self.batch,
            self.reference,
            self.end_to_end,
            self.mandate,
            self.creditor,
            self.bank_reference,
            self.code,
            self.payer,
            self.payee,
            self.iban,
            self.bic,
        ) = (blank if place is None else place for place in map(one, _TEXTS))
        self.statuses = _statuses(layout.booked, layout.pending)
        self.credit_marks = CREDIT_MARKS | frozenset(map(titled, layout.credits))
        self.debit_marks = DEBIT_MARKS | frozenset(map(titled, layout.debits))
        self.oddities: Counter[Oddity] = Counter()
        self._places: dict[str, int] = {}

    def made(self, booking: Booking) -> Made:
        """Raises Unreadable."""
        if booking.fault is not None:
            raise Unreadable(booking.fault)
        cells = booking.cells
        currency = self._currency_of(cells)
        value, is_credit = self._value(cells, currency)
        booked_on, valued_on = self._days(cells)
        balance = self._balance(cells, currency)
        line = self._line(booking, cells, Money(value, currency), booked_on, valued_on)
        return line, is_credit, balance

    def stated(self, cells: Cells) -> Money:
        """The balance that a row among the bookings states in the place of their amounts. Raises Unreadable."""
        currency = self._currency_of(cells)
        return Money(self._value(cells, currency)[0], currency)

    # --- the four facts that every booking has to have ---

    def _currency_of(self, cells: Cells) -> str:
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

    def _value(self, cells: Cells, currency: str) -> tuple[int, bool]:
        """Minor units signed from the holder's view, and whether it is a credit; zero is one too."""
        if self.amount is not None:
            value = self._minor(cells[self.amount], currency)
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
        return None if not text or text.isspace() else self._minor(text, currency)

    def _is_credit(self, mark: str) -> bool:
        word = titled(mark) or mark.strip()
        if word in self.credit_marks:
            return True
        if word in self.debit_marks:
            return False
        raise Unreadable(f"{mark[:12]!r} marks neither a credit nor a debit.")

    def _minor(self, text: str, currency: str) -> int:
        places = self._places.get(currency)
        if places is None:
            places = self._places[currency] = decimals(currency)
        try:
            value, unit = minor(text, self.mark, places)
        except NoAmount as reason:
            if not text.strip():
                raise Unreadable("it has no amount.") from None
            raise Unreadable(str(reason)) from None
        named = currency_of(unit)
        if named is not None and named != currency:
            raise Unreadable(f"its amount is in {named}, but the booking in {currency}.")
        return value

    def _days(self, cells: Cells) -> tuple[date | None, date | None]:
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

    def _balance(self, cells: Cells, currency: str) -> int | None:
        """None where the row states none; what cannot be read is told, for it proves nothing."""
        if self.balance is None:
            return None
        text = cells[self.balance]
        if not text or text.isspace():
            return None
        try:
            return self._minor(text, currency)
        except Unreadable:
            self.oddities[Oddity.UNREADABLE_PART] += 1
            return None

    # --- the rest ---

    def _line(
        self, booking: Booking, cells: Cells, amount: Money, booked_on: date | None, valued_on: date | None
    ) -> Line:
        cells = [*cells, ""]
        facts = self._facts(booking, cells)
        booking_text = cells[self.booking_text].strip() or None
        original = charges = reason = None
        if amount.minor < 0 and self._is_returned(cells, booking_text, facts):
            original, charges = (
                self._part(cells, self.original, amount),
                self._part(cells, self.charges, amount),
            )
            reason = facts.get("reason") or _reason(facts, booking_text)
            if original is None and charges is not None:
                original = abs(amount) - charges
        batch_id = cells[self.batch].strip() or facts.get("batch_id")
        return Line(
            amount=amount,
            status=LineStatus.BOOKED if self.status is None else self._status_of(cells[self.status]),
            booked_on=booked_on,
            valued_on=valued_on,
            counterparty=self._counterparty(cells, facts, is_credit=amount.minor >= 0),
            remittance=facts.get("purpose") or booking_text,
            reference=cells[self.reference].strip() or None,
            end_to_end_id=_told(cells[self.end_to_end].strip() or facts.get("end_to_end_id")),
            mandate_id=_told(cells[self.mandate].strip() or facts.get("mandate_id")),
            creditor_id=cells[self.creditor].strip() or facts.get("creditor_id"),
            bank_reference=cells[self.bank_reference].strip() or None,
            transaction_code=cells[self.code].strip()[:_LONGEST_CODE] or None,
            return_reason=reason,
            original=original,
            charges=charges,
            batch=Batch(payment_information_id=batch_id) if batch_id else None,
            details=self._details(booking, amount) if booking.more and self.detail is not None else (),
            position=booking.position,
        )

    def _facts(self, booking: Booking, cells: Cells) -> dict[str, str]:
        pieces = [cells[place] for place in self.texts]
        for more in booking.more or ():
            pieces += [more[place] for place in self.texts]
        if not pieces:
            return {}
        text = delimited_texts.joined(pieces)
        if self.line_break is not None:
            text = delimited_texts.without_breaks(text, self.line_break)
        return delimited_texts.facts(text)

    def _counterparty(self, cells: Cells, facts: dict[str, str], *, is_credit: bool) -> Party:
        name = delimited_texts.joined([cells[place] for place in self.names]) if self.names else ""
        if not name:
            name = cells[self.payer if is_credit else self.payee].strip() or facts.get("name") or ""
        iban = cells[self.iban] or facts.get("account") or ""
        bic = cells[self.bic].strip() or facts.get("bic") or ""
        if " " in iban:
            iban = iban.replace(" ", "")
        if not (name or iban or bic):
            return _NOBODY
        is_bic = len(bic) in (8, 11) and bic.isalnum() and not bic.isdigit()
        return Party(name=name or None, iban=iban or None, bic=bic if is_bic else None)

    def _status_of(self, text: str) -> LineStatus:
        status = self.statuses.get(text)
        if status is not None:
            return status
        status = self.statuses.get(titled(text)) if text.strip() else LineStatus.BOOKED
        if status is None:
            self.oddities[Oddity.UNKNOWN_STATUS] += 1
            return LineStatus.INFO
        if len(self.statuses) < _MOST_STATUSES:
            self.statuses[text] = status
        return status

    def _is_returned(self, cells: Cells, booking_text: str | None, facts: dict[str, str]) -> bool:
        """Whether money that was collected went back."""
        if self.original is not None and cells[self.original].strip():
            return True
        if "reason" in facts or "original" in facts:
            return True
        return booking_text is not None and _names_a_return(booking_text)

    def _part(self, cells: Cells, place: int | None, amount: Money) -> Money | None:
        """The amount in a cell beside the booking's own, counted upwards."""
        text = "" if place is None else cells[place].strip()
        if not text:
            return None
        try:
            return Money(abs(self._minor(text, amount.currency)), amount.currency)
        except Unreadable:
            self.oddities[Oddity.UNREADABLE_PART] += 1
            return None

    def _details(self, booking: Booking, amount: Money) -> tuple[Line, ...]:
        """The parts of a lump, where the rows below it have amounts that add up to it."""
        if self.detail is None:
            return ()
        parts: list[Line] = []
        for more in booking.more or ():
            part = self._part(more, self.detail, amount)
            if part is None:
                return ()
            signed = part if amount.minor >= 0 else -part
            text = delimited_texts.joined([more[place] for place in self.texts])
            parts.append(Line(amount=signed, remittance=text or None))
        if sum(part.amount.minor for part in parts) != amount.minor:
            self.oddities[Oddity.UNPROVED_DETAILS] += 1
            return ()
        return tuple(parts)


def _statuses(booked: tuple[str, ...], pending: tuple[str, ...]) -> dict[str, LineStatus]:
    """What each word of a status column means; what failed or was called off is shown and is no money."""
    return {
        **dict.fromkeys(VOID_WORDS, LineStatus.INFO),
        **dict.fromkeys((*BOOKED_WORDS, *map(titled, booked)), LineStatus.BOOKED),
        **dict.fromkeys((*PENDING_WORDS, *map(titled, pending)), LineStatus.PENDING),
    }


def _told(reference: str | None) -> str | None:
    return None if reference is None or reference.upper() in _NO_REFERENCE else reference


@lru_cache(maxsize=1024)
def _names_a_return(booking_text: str) -> bool:
    return _RETURNED.search(booking_text) is not None


def _reason(facts: dict[str, str], booking_text: str | None) -> str:
    words = _REASON.findall(
        " ".join((facts.get("purpose", ""), facts.get("return_note", ""), booking_text or ""))
    )
    return next((word for word in words if word in BY_CODE), NARRATIVE)
