"""One booking of a table as a Line, or the reason why it cannot be read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

from ledger.money import Money
from mandates.reason_codes import IN_TEXTS
from reconciliation.formats import drafts
from reconciliation.formats.delimited.figures import FigureReader, Unreadable
from reconciliation.formats.delimited.rows import Booking, Plan
from reconciliation.formats.delimited.text import Cells
from reconciliation.formats.delimited.texts import joined, parted, without_breaks
from reconciliation.formats.delimited.words import BOOKED_WORDS, PENDING_WORDS, VOID_WORDS, Role, titled
from reconciliation.formats.identifiers import known_reference, looks_like_bic
from reconciliation.statement import Batch, Line, LineStatus, Party

NARRATIVE = "NARR"  # ISO 20022: the reason is told in words only

_NOBODY = Party()
_REASON = re.compile(r"(?<![A-Z0-9])[A-Z]{2}[0-9]{2}(?![A-Z0-9])")
_LONGEST_CODE = 60
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


# A Line, whether it is a credit, and the balance of the account behind it where the row says one.
Made: TypeAlias = tuple[Line, bool, "int | None"]


class LineMaker:
    """Makes lines of the bookings of one table by what `figures` says of them."""

    def __init__(self, plan: Plan, figures: FigureReader) -> None:
        layout, one, many = plan.layout, plan.one, plan.places.get
        self.figures, self.line_break = figures, layout.line_break
        self.balance, self.status, self.detail = one(Role.BALANCE), one(Role.STATUS), one(Role.DETAIL)
        self.original, self.charges = one(Role.ORIGINAL), one(Role.CHARGES)
        self.texts, self.names = many(Role.REMITTANCE, ()), many(Role.NAME, ())
        blank = len(
            plan.table.titles
        )  # where a blank is put behind each row, for columns that the table lacks
        (
            self.booking_text, self.batch, self.reference, self.end_to_end, self.mandate, self.creditor,
            self.bank_reference, self.code, self.payer, self.payee, self.iban, self.bic,
        ) = (blank if place is None else place for place in map(one, _TEXTS))  # fmt: skip
        self.statuses = _statuses(layout.booked, layout.pending)
        self.oddities: Counter[Oddity] = Counter()

    def made(self, booking: Booking) -> Made:
        """Raises Unreadable."""
        if booking.fault is not None:
            raise Unreadable(booking.fault)
        cells, figures = booking.cells, self.figures
        currency = figures.currency_of(cells)
        value, is_credit = figures.value(cells, currency)
        booked_on, valued_on = figures.days(cells)
        balance = None if self.balance is None else self._balance(cells[self.balance], currency)
        return self._line(booking, drafts.money(value, currency), booked_on, valued_on), is_credit, balance

    def stated(self, cells: Cells) -> Money:
        """The balance that a row among the bookings states in the place of their amounts. Raises Unreadable."""
        currency = self.figures.currency_of(cells)
        return Money(self.figures.value(cells, currency)[0], currency)

    def _balance(self, text: str, currency: str) -> int | None:
        """None where the row states none; what cannot be read is told, for it proves nothing."""
        if not text or text.isspace():
            return None
        try:
            return self.figures.minor(text, currency)
        except Unreadable:
            self.oddities[Oddity.UNREADABLE_PART] += 1
            return None

    def _line(self, booking: Booking, amount: Money, booked_on: date | None, valued_on: date | None) -> Line:
        cells = [*booking.cells, ""]
        purpose, facts = self._purpose(booking, cells)
        booking_text = cells[self.booking_text].strip()
        original = charges = reason = None
        if amount.minor < 0 and self._is_returned(cells, booking_text, facts):
            original, charges = self._parts(cells, amount)
            reason = facts.get("reason") or _reason(purpose, facts.get("return_note", ""), booking_text)
        batch_id = cells[self.batch].strip() or facts.get("batch_id")
        return drafts.line(
            amount,
            LineStatus.BOOKED if self.status is None else self._status_of(cells[self.status]),
            booked_on,
            valued_on,
            self._counterparty(cells, facts, is_credit=amount.minor >= 0),
            purpose or booking_text or None,
            cells[self.reference].strip() or None,
            known_reference(cells[self.end_to_end].strip() or facts.get("end_to_end_id")),
            known_reference(cells[self.mandate].strip() or facts.get("mandate_id")),
            cells[self.creditor].strip() or facts.get("creditor_id"),
            cells[self.bank_reference].strip() or None,
            cells[self.code].strip()[:_LONGEST_CODE] or None,
            False,  # no table marks a reversal apart from its sign
            reason,
            original,
            charges,
            None,  # no table tells interest apart
            Batch(payment_information_id=batch_id) if batch_id else None,
            self._details(booking, amount) if booking.more and self.detail is not None else (),
            booking.position,
        )

    def _purpose(self, booking: Booking, cells: Cells) -> tuple[str, Mapping[str, str]]:
        """The payer's text without the tags in it, and what these say."""
        text = joined([cells[place] for place in self.texts])
        if booking.more:
            more = [joined([row[place] for place in self.texts]) for row in booking.more]
            text = " ".join(filter(None, (text, *more)))
        if self.line_break is not None:
            text = without_breaks(text, self.line_break)
        return parted(text)

    def _counterparty(self, cells: Cells, facts: Mapping[str, str], *, is_credit: bool) -> Party:
        name = joined([cells[place] for place in self.names]) if self.names else ""
        if not name:
            name = cells[self.payer if is_credit else self.payee].strip() or facts.get("name", "")
        iban = cells[self.iban] or facts.get("account", "")
        if " " in iban:
            iban = iban.replace(" ", "")
        bic = cells[self.bic].strip() or facts.get("bic", "")
        if not (name or iban or bic):
            return _NOBODY
        return drafts.party(name or None, iban or None, bic if looks_like_bic(bic) else None)

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

    def _is_returned(self, cells: Cells, booking_text: str, facts: Mapping[str, str]) -> bool:
        """Whether money that was collected went back."""
        if self.original is not None and cells[self.original].strip():
            return True
        if "reason" in facts or "original" in facts:
            return True
        return _names_a_return(booking_text)

    def _parts(self, cells: Cells, amount: Money) -> tuple[Money | None, Money | None]:
        """What was collected before fees, and the fees, both counted upwards; None where not told.

        The booking holds both, so without the first it is the booking less the fees.
        """
        original = self._part(cells, self.original, amount)
        charges = self._part(cells, self.charges, amount)
        if original is None and charges is not None:
            original = abs(amount) - charges
        return original, charges

    def _part(self, cells: Cells, place: int | None, amount: Money) -> Money | None:
        """The amount in a cell beside the booking's own, counted upwards."""
        text = "" if place is None else cells[place].strip()
        if not text:
            return None
        try:
            return Money(abs(self.figures.minor(text, amount.currency)), amount.currency)
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
            text = joined([more[place] for place in self.texts])
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


@lru_cache(maxsize=1024)
def _names_a_return(booking_text: str) -> bool:
    return _RETURNED.search(booking_text) is not None


def _reason(*texts: str) -> str:
    """The first ISO code of a return in the texts, else that of a reason that is told in words only."""
    return next((word for word in _REASON.findall(" ".join(texts)) if word in IN_TEXTS), NARRATIVE)
