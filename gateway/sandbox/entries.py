"""What the simulated bank books: entries on an account, and the truth behind the made-up ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from gateway.sandbox.transaction_codes import TransactionCode
from ledger.money import Money
from reconciliation.statement import Batch, Party


class Truth(StrEnum):
    """How a made-up entry came about: what a person who knew everything would say of it."""

    EXACT = "exact"  # the whole invoice number and the exact amount
    SPACED_NUMBER = "spaced_number"  # the invoice number with blanks inside, the exact amount
    TWO_INVOICES = "two_invoices"  # two invoice numbers, the sum of both
    PART_PAYMENT = "part_payment"  # the whole invoice number, less than the amount
    CUSTOMER_NUMBER = "customer_number"  # the customer's number instead of the invoice's, the exact amount
    MISTYPED_NUMBER = "mistyped_number"  # an invoice number that does not exist, the exact amount
    PAID_TWICE = "paid_twice"  # the same transfer a second time
    SAME_AMOUNT = "same_amount"  # a stranger's transfer that happens to be as large as an open invoice
    PHONE_NUMBER = (
        "phone_number"  # a telephone number that holds the digits of an open invoice, and its amount
    )
    UNKNOWN_PAYER = "unknown_payer"  # a transfer that pays no invoice
    NOT_A_CUSTOMER = "not_a_customer"  # fees, interest, wages, taxes, own transfers, card payouts

    @property
    def is_customers(self) -> bool:
        """Whether the money is of the customer whose invoices the note names."""
        return self not in _OF_OTHERS


_OF_OTHERS = frozenset((Truth.SAME_AMOUNT, Truth.PHONE_NUMBER, Truth.UNKNOWN_PAYER, Truth.NOT_A_CUSTOMER))


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The truth note of a made-up entry and the invoice numbers it is about; no file ever holds it."""

    truth: Truth
    invoices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One booking on an account, or one itemised part of a booking in `parts`.

    `amount` is signed from the account holder's view. `original` is what a returned collection was without
    the bank's `charges`, both above zero and both in `amount`. `batch` with a count makes the entry a lump;
    without one it names the payment block a single collection came from. The `parts` of a lump stand in the
    statement if it is `itemised`, else only in the notification beside it. `bank_reference` is the bank's own
    (AcctSvcrRef); the simulator gives one where there is none. `account` is the compact IBAN booked on and
    may be left out while there is only one.
    """

    amount: Money
    booked_on: date
    valued_on: date | None = None
    code: TransactionCode
    counterparty: Party = field(default_factory=Party, repr=False)
    remittance: str | None = field(default=None, repr=False)
    creditor_reference: str | None = None
    end_to_end_id: str | None = None
    mandate_id: str | None = None
    creditor_id: str | None = None
    instruction_id: str | None = None
    bank_reference: str | None = None
    batch: Batch | None = None
    parts: tuple[Entry, ...] = ()
    itemised: bool = False
    return_reason: str | None = None
    returned_by_debtor: bool = False
    original: Money | None = None
    charges: Money | None = None
    account: str | None = field(default=None, repr=False)
    origin: Origin | None = None
