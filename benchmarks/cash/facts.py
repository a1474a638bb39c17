"""What a year of business consists of: customers, invoices, credit notes, statement lines, and their truth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from benchmarks.cash.mixes import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who owes us. `account` is the IBAN it usually pays from; the creditor knows it only where `is_known`."""

    index: int
    number: str
    name: str
    language: str
    country: str
    is_company: bool
    account: str
    is_known: bool
    subscription_minor: int | None = None
    discount_days: int | None = None
    discount_percent: Decimal | None = None
    parent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """An invoice as the ERP pushes it, in euro cents."""

    number: str
    customer: int
    total_minor: int
    issued_on: date
    due_on: date
    discount_days: int | None = None
    discount_percent: Decimal | None = None
    purchase_order: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNote:
    """A credit note as the ERP pushes it, in euro cents."""

    number: str
    customer: int
    total_minor: int
    issued_on: date


class Closes(StrEnum):
    """What closes a part of an invoice."""

    PAYMENT = "payment"
    CREDIT_NOTE = "credit_note"
    DISCOUNT = "discount"
    FEE = "fee"


@dataclass(frozen=True, slots=True)
class Share:
    """So much of the invoice with this number is closed, in cents; a credit note's share names the note."""

    invoice: str
    amount_minor: int
    closes: Closes = Closes.PAYMENT
    credit_note: str | None = None


class Nature(StrEnum):
    """What a line is, where it is no customer's payment."""

    PAYMENT = "payment"
    REFUND = "refund"
    FEE = "fee"
    INTEREST = "interest"
    TAX = "tax"
    SALARY = "salary"
    TRANSFER = "transfer"
    PAYOUT = "payout"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What a line really is.

    A customer's payment gives `shares` to invoices, and `on_account_minor` stays the customer's. Where it is not
    `is_knowable` the line carries nothing from which anybody could know that. Every other nature names no customer.
    """

    case: Case
    nature: Nature = Nature.PAYMENT
    customer: int | None = None
    shares: tuple[Share, ...] = ()
    on_account_minor: int = 0
    is_knowable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A statement line as the bank tells it; `amount_minor` is signed, above zero for money that came in.

    `pieces` are the remittance lines. `account` is 0 for our main account, 1 for the second. `refund_of` names the
    earlier line whose spare money goes back by this one; `returns` the earlier refund that comes back.
    """

    key: str
    account: int
    booked_on: date
    amount_minor: int
    name: str
    iban: str
    pieces: tuple[str, ...]
    end_to_end_id: str
    code: str
    truth: Truth
    reference: str | None = None
    refund_of: str | None = None
    returns: str | None = None

    @property
    def text(self) -> str:
        """The remittance as one text, as the payer meant it to be read."""
        return "".join(self.pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What happens in a month, each list in order of days."""

    first: date
    last: date
    invoices: list[Invoice]
    credit_notes: list[CreditNote]
    lines: list[Line]
