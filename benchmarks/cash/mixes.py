"""The difficulty classes of a statement line, and how often each comes in a hundred lines."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Case(StrEnum):
    """What makes a line easy or hard; every line has exactly one. The value is how the report calls it."""

    EXACT_REFERENCE = "one whole number, exact amount"
    STRUCTURED_REFERENCE = "structured reference"
    SEVERAL_LISTED = "several numbers listed"
    RANGE = "range of numbers"
    TYPO = "typo in the number"
    CUT_NUMBER = "number cut by a line break"
    MISSING_PREFIX = "number without its prefix"
    DISCOUNT_RIGHT = "discount taken rightly"
    DISCOUNT_LATE = "discount taken late"
    DISCOUNT_WRONG = "discount of another percent"
    SEVERAL_DISCOUNTED = "several numbers, a discount on each"
    BANK_FEE = "bank's fee deducted"
    PART_PAYMENT = "part payment"
    OVERPAYMENT = "overpayment"
    DOUBLED_PAYMENT = "doubled payment"
    CREDIT_NOTE_NAMED = "credit note netted, named"
    CREDIT_NOTE_UNNAMED = "credit note netted, not named"
    PARENT_FOR_CHILD = "parent pays for child"
    KNOWN_ACCOUNT = "no number, known account"
    LEARNT_ACCOUNT = "no number, account paid before"
    SEVERAL_UNNAMED = "no number, several summed"
    SUBSCRIPTION = "no number, common amount"
    NAME_ONLY = "no number, only the name"
    NAMESAKE = "namesake, unknown account"
    OWN_NUMBER = "payer's own number like ours"
    OTHERS_NUMBER = "somebody else's number"
    OLD_NUMBER = "number paid long ago"
    PURCHASE_ORDER = "purchase order instead"
    CUSTOMER_NUMBER = "customer number instead"
    ADVANCE = "paid before the invoice"
    FOREIGN_CURRENCY = "converted from foreign money"
    NO_EVIDENCE = "nobody could know"
    REFUND_SENT = "refund of ours leaves"
    REFUND_RETURNED = "refund of ours comes back"
    SUPPLIER_REFUND = "supplier's refund to us"
    PAYOUT = "card provider's payout"
    OWN_TRANSFER = "transfer between own accounts"
    TAX_REFUND = "tax refund"
    BANK_CHARGES = "bank charges"
    INTEREST = "interest"
    TAX = "tax paid"
    SALARY = "salary paid"
    SUPPLIER = "supplier paid"


WHOLE = 10_000  # shares are hundredths of a percent of all lines, so that a mix adds up exactly

# What the account of a middling company sees: most payers name the number, a tenth name none, a few are wrong.
STANDARD: Mapping[Case, int] = {
    Case.EXACT_REFERENCE: 60_00,
    Case.STRUCTURED_REFERENCE: 2_00,
    Case.SEVERAL_LISTED: 4_50,
    Case.RANGE: 40,
    Case.TYPO: 1_50,
    Case.CUT_NUMBER: 2_00,
    Case.MISSING_PREFIX: 2_50,
    Case.DISCOUNT_RIGHT: 2_50,
    Case.DISCOUNT_LATE: 30,
    Case.DISCOUNT_WRONG: 20,
    Case.SEVERAL_DISCOUNTED: 40,
    Case.BANK_FEE: 40,
    Case.PART_PAYMENT: 1_00,
    Case.OVERPAYMENT: 50,
    Case.DOUBLED_PAYMENT: 35,
    Case.CREDIT_NOTE_NAMED: 50,
    Case.CREDIT_NOTE_UNNAMED: 30,
    Case.PARENT_FOR_CHILD: 80,
    Case.KNOWN_ACCOUNT: 3_50,
    Case.LEARNT_ACCOUNT: 1_20,
    Case.SEVERAL_UNNAMED: 60,
    Case.SUBSCRIPTION: 2_50,
    Case.NAME_ONLY: 60,
    Case.NAMESAKE: 15,
    Case.OWN_NUMBER: 60,
    Case.OTHERS_NUMBER: 15,
    Case.OLD_NUMBER: 30,
    Case.PURCHASE_ORDER: 80,
    Case.CUSTOMER_NUMBER: 1_10,
    Case.ADVANCE: 40,
    Case.FOREIGN_CURRENCY: 25,
    Case.NO_EVIDENCE: 25,
    Case.REFUND_SENT: 20,
    Case.REFUND_RETURNED: 5,
    Case.SUPPLIER_REFUND: 15,
    Case.PAYOUT: 60,
    Case.OWN_TRANSFER: 40,
    Case.TAX_REFUND: 5,
    Case.BANK_CHARGES: 60,
    Case.INTEREST: 10,
    Case.TAX: 30,
    Case.SALARY: 60,
    Case.SUPPLIER: 4_40,
}

# The same business on its worst days: every class that needs thought comes three times as often or more.
HARD: Mapping[Case, int] = {
    Case.EXACT_REFERENCE: 10_40,
    Case.STRUCTURED_REFERENCE: 2_00,
    Case.SEVERAL_LISTED: 9_00,
    Case.RANGE: 2_00,
    Case.TYPO: 5_00,
    Case.CUT_NUMBER: 5_00,
    Case.MISSING_PREFIX: 6_00,
    Case.DISCOUNT_RIGHT: 7_00,
    Case.DISCOUNT_LATE: 1_50,
    Case.DISCOUNT_WRONG: 1_50,
    Case.SEVERAL_DISCOUNTED: 1_50,
    Case.BANK_FEE: 2_00,
    Case.PART_PAYMENT: 3_00,
    Case.OVERPAYMENT: 2_00,
    Case.DOUBLED_PAYMENT: 2_00,
    Case.CREDIT_NOTE_NAMED: 2_00,
    Case.CREDIT_NOTE_UNNAMED: 1_50,
    Case.PARENT_FOR_CHILD: 3_00,
    Case.KNOWN_ACCOUNT: 5_50,
    Case.LEARNT_ACCOUNT: 3_00,
    Case.SEVERAL_UNNAMED: 2_50,
    Case.SUBSCRIPTION: 4_00,
    Case.NAME_ONLY: 2_00,
    Case.NAMESAKE: 1_00,
    Case.OWN_NUMBER: 2_50,
    Case.OTHERS_NUMBER: 1_00,
    Case.OLD_NUMBER: 1_50,
    Case.PURCHASE_ORDER: 2_00,
    Case.CUSTOMER_NUMBER: 2_00,
    Case.ADVANCE: 1_00,
    Case.FOREIGN_CURRENCY: 1_00,
    Case.NO_EVIDENCE: 50,
    Case.REFUND_SENT: 50,
    Case.REFUND_RETURNED: 20,
    Case.SUPPLIER_REFUND: 40,
    Case.PAYOUT: 60,
    Case.OWN_TRANSFER: 60,
    Case.TAX_REFUND: 10,
    Case.BANK_CHARGES: 60,
    Case.INTEREST: 10,
    Case.TAX: 30,
    Case.SALARY: 60,
    Case.SUPPLIER: 10,
}

MIXES: Mapping[str, Mapping[Case, int]] = {"standard": STANDARD, "hard": HARD}
