"""What ties a credit to a customer and to invoices, and what speaks against it: names, and the sentence of each.

Every function here is pure and gives one Support or Doubt. The names are what the table of certainty is written in
(reconciliation.transfers.certainty); the sentences are what a clerk reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from ledger.money import Money


class Evidence(StrEnum):
    """What speaks for a reading: which invoice is meant, who pays, and how the amount fits."""

    REFERENCE = "structured_reference"
    NUMBER = "invoice_number"
    LOOSE_NUMBER = "loose_number"
    NEAR_NUMBER = "near_number"
    PURCHASE_ORDER = "purchase_order"
    RECORDED = "recorded_payment"

    ACCOUNT = "payer_account"
    MANDATE_ACCOUNT = "mandate_account"
    REMEMBERED_ACCOUNT = "remembered_account"
    NAME = "payer_name"
    SIMILAR_NAME = "similar_name"
    REMEMBERED_NAME = "remembered_name"
    PAYS_FOR = "pays_for_customer"
    CUSTOMER_NUMBER = "customer_number"
    CUSTOMER_NAMED = "customer_named"

    OPEN_AMOUNT = "open_amount"
    SUM = "sum_of_open_amounts"
    DISCOUNT = "discount_in_time"
    CREDIT_NOTE = "less_credit_note"
    CHARGE = "less_bank_charge"
    INSTALMENT = "instalment"
    PART = "part_payment"
    OVER = "overpayment"
    PAID_ALREADY = "paid_already"

    ONLY_SET = "only_set"
    ONLY_ITEM = "only_open_item"
    FEW_ITEMS = "few_open_items"
    ALL_OPEN = "all_open_items"
    OLDEST_FIRST = "oldest_first"
    PAYS_OLDEST = "usually_pays_oldest"
    DEDUCTS = "usually_deducts"


class Doubt(StrEnum):
    """What speaks against a reading."""

    OTHER_PAYER = "account_of_other_customer"
    OTHER_NAME = "name_of_other_customer"
    UNKNOWN_PAYER = "payer_unknown"
    SEVERAL_PAYERS = "several_customers"
    NUMBER_UNKNOWN = "number_unknown"
    NUMBER_ELSEWHERE = "other_invoice_named"
    CALLED_OTHERWISE = "number_called_otherwise"
    SHORT_NUMBER = "number_short"
    ANOTHER_FITS = "another_fits_equally"
    DISCOUNT_LATE = "discount_late"
    DISCOUNT_WRONG = "discount_wrong"
    REST_FITS = "rest_fits_other_items"
    NOT_SEARCHED = "too_many_items"
    OTHER_CURRENCY = "other_currency"
    AFTER_PAYMENT = "issued_after_payment"
    CONVERTED = "converted"


class Support(NamedTuple):
    """One piece of evidence with its sentence."""

    evidence: Evidence
    sentence: str


class Objection(NamedTuple):
    """One doubt with its sentence."""

    doubt: Doubt
    sentence: str


# --- which invoice ---


def number_named(number: str) -> Support:
    """The whole number stands in the text, whatever separates its parts."""
    return Support(Evidence.NUMBER, f"The text names invoice {number}.")


def number_loosely_named(number: str, as_written: str) -> Support:
    """The number stands in the text without its prefix, in pieces, or in a list or range."""
    return Support(Evidence.LOOSE_NUMBER, f'The text says "{as_written[:60]}", which is invoice {number}.')


def number_nearly_named(number: str, as_written: str) -> Support:
    """The text has a number that differs from the invoice's in one place."""
    return Support(
        Evidence.NEAR_NUMBER,
        f'The text says "{as_written[:60]}", one typing error away from invoice {number}.',
    )


def number_partly_named(number: str, as_written: str) -> Support:
    """The text has the end of the invoice's number, whose beginning was left out."""
    return Support(
        Evidence.NEAR_NUMBER, f'The text says "{as_written[:60]}", with which invoice {number} ends.'
    )


def reference_given(number: str) -> Support:
    """The structured reference with its check digits is the invoice's."""
    return Support(Evidence.REFERENCE, f"It carries the structured reference of invoice {number}.")


def order_named(number: str, order: str) -> Support:
    """The purchase order of the invoice stands in the text."""
    return Support(
        Evidence.PURCHASE_ORDER, f"The text names order {order[:60]}, which invoice {number} bills."
    )


def recorded_before() -> Support:
    """The same money was recorded before by a person or the ERP."""
    return Support(Evidence.RECORDED, "The payment was recorded before, and this is its money.")


# --- who pays ---


def account_of_customer() -> Support:
    """The account that paid is the customer's."""
    return Support(Evidence.ACCOUNT, "It comes from the customer's account.")


def account_on_mandate() -> Support:
    """The account that paid stands on a mandate of the customer."""
    return Support(Evidence.MANDATE_ACCOUNT, "It comes from the account of the customer's mandate.")


def account_remembered() -> Support:
    """The account has paid for the customer before."""
    return Support(Evidence.REMEMBERED_ACCOUNT, "This account has paid for the customer before.")


def name_of_customer() -> Support:
    """The payer's name is the customer's, whatever its spelling."""
    return Support(Evidence.NAME, "The payer has the customer's name.")


def name_like_customer() -> Support:
    """The payer's name is nearly the customer's."""
    return Support(Evidence.SIMILAR_NAME, "The payer's name is nearly the customer's.")


def name_remembered() -> Support:
    """Under this name money came for the customer before."""
    return Support(Evidence.REMEMBERED_NAME, "Under this name money came for the customer before.")


def pays_for_customer() -> Support:
    """The payer is another customer, who pays for this one."""
    return Support(Evidence.PAYS_FOR, "The payer is a customer who pays for this one.")


def customer_number_named(number: str) -> Support:
    """The customer's number stands in the text."""
    return Support(Evidence.CUSTOMER_NUMBER, f"The text names customer number {number[:40]}.")


def customer_named(name: str) -> Support:
    """The text says for whom it is paid."""
    return Support(Evidence.CUSTOMER_NAMED, f'The text says that it is for "{name[:60]}".')


# --- how the amount fits ---


def open_amount_paid() -> Support:
    """The amount is what one invoice has open."""
    return Support(Evidence.OPEN_AMOUNT, "Exactly its open amount was paid.")


def sum_paid(count: int) -> Support:
    """The amount is what several invoices have open together."""
    return Support(Evidence.SUM, f"It is exactly what these {count} invoices have open together.")


def discount_taken(amount: Money, last_day: date) -> Support:
    """What is missing is the discount of the terms, taken in time."""
    return Support(Evidence.DISCOUNT, f"{amount} were deducted, the discount granted until {last_day}.")


def credit_note_deducted(numbers: Sequence[str]) -> Support:
    """What is missing is what the customer has open in credit notes."""
    named = ", ".join(numbers[:5])
    return Support(Evidence.CREDIT_NOTE, f"Credit note {named} was deducted.")


def charge_deducted(amount: Money) -> Support:
    """What is missing is a bank's charge, within what is tolerated."""
    return Support(Evidence.CHARGE, f"{amount} are missing, a bank's charge on a payment from abroad.")


def instalment_paid(due_on: date) -> Support:
    """The amount is the next instalment of the invoice."""
    return Support(Evidence.INSTALMENT, f"It is the instalment due on {due_on}.")


def part_paid(amount: Money) -> Support:
    """The amount is less than what is open."""
    return Support(Evidence.PART, f"It is a part of what is open; {amount} stay open.")


def overpaid(amount: Money) -> Support:
    """The amount is more than what is open."""
    return Support(Evidence.OVER, f"{amount} more than is open were paid; they stay on account.")


def paid_already(number: str) -> Support:
    """The invoice that is named has nothing open any more."""
    return Support(Evidence.PAID_ALREADY, f"Invoice {number} is paid already; the money stays on account.")


def only_set() -> Support:
    """No other open items of the payer make this amount."""
    return Support(Evidence.ONLY_SET, "No other open items of the payer make this amount.")


def only_item() -> Support:
    """The payer has nothing else open."""
    return Support(Evidence.ONLY_ITEM, "The payer has nothing else open.")


def few_items(count: int) -> Support:
    """The payer has so few open items that an amount hardly fits a set of them by chance."""
    return Support(Evidence.FEW_ITEMS, f"The payer has {count} open item{'s' if count > 1 else ''}.")


def everything_open() -> Support:
    """The items are all that the payer has open."""
    return Support(Evidence.ALL_OPEN, "It is everything that the payer has open.")


def oldest_first(count: int) -> Support:
    """The items are those due first."""
    what = "the item" if count == 1 else f"the {count} items"
    return Support(Evidence.OLDEST_FIRST, f"It is {what} due first.")


def usually_pays_oldest() -> Support:
    """The payer's last payments each closed what was due first."""
    return Support(Evidence.PAYS_OLDEST, "The payer's payments so far closed what was due first.")


def usually_deducts(amount: Money) -> Support:
    """The payer's last payments each lacked the same amount."""
    return Support(Evidence.DEDUCTS, f"The payer's payments so far lacked {amount} as well.")


# --- what speaks against it ---


def account_of_another() -> Objection:
    """The account that paid is another customer's."""
    return Objection(Doubt.OTHER_PAYER, "It comes from another customer's account.")


def name_of_another() -> Objection:
    """The payer has the name of another customer."""
    return Objection(Doubt.OTHER_NAME, "The payer has another customer's name.")


def payer_unknown() -> Objection:
    """Neither account nor name is the customer's."""
    return Objection(Doubt.UNKNOWN_PAYER, "Neither the account nor the name is the customer's.")


def several_payers(count: int) -> Objection:
    """Several customers share the account, name or number."""
    return Objection(Doubt.SEVERAL_PAYERS, f"{count} customers share this account or name.")


def number_unknown(as_written: str) -> Objection:
    """A number looks like ours, and no invoice has it."""
    return Objection(
        Doubt.NUMBER_UNKNOWN,
        f'The text says "{as_written[:60]}", which looks like an invoice number; none has it.',
    )


def other_invoice_named(number: str) -> Objection:
    """The text names an invoice that this reading does not pay."""
    return Objection(Doubt.NUMBER_ELSEWHERE, f"The text names invoice {number}.")


def called_otherwise(as_written: str) -> Objection:
    """The text calls the number a customer's, a contract's or an order's."""
    return Objection(
        Doubt.CALLED_OTHERWISE, f'The text calls "{as_written[:60]}" something else than an invoice.'
    )


def number_short(as_written: str) -> Objection:
    """A number without its prefix has so few digits that it may be anything."""
    return Objection(Doubt.SHORT_NUMBER, f'"{as_written[:60]}" is short and may be something else.')


def another_fits() -> Objection:
    """Other items fit just as well."""
    return Objection(Doubt.ANOTHER_FITS, "Other items fit just as well.")


def discount_late(days: int) -> Objection:
    """The discount was taken after its last day."""
    day = "day" if days == 1 else "days"
    return Objection(Doubt.DISCOUNT_LATE, f"The discount was taken {days} {day} too late.")


def discount_wrong() -> Objection:
    """Something like a discount was taken, other than the terms say."""
    return Objection(Doubt.DISCOUNT_WRONG, "What was deducted is not the discount of the terms.")


def rest_fits_others() -> Objection:
    """What is over makes the amount of other open items."""
    return Objection(Doubt.REST_FITS, "What is over is just what other items have open.")


def much_is_over() -> Objection:
    """More is over than what is named, and the payer has other open items."""
    return Objection(Doubt.REST_FITS, "Most of the amount is over, and the payer has other open items.")


def fits_others() -> Objection:
    """The amount is what another open item is about."""
    return Objection(Doubt.REST_FITS, "Another open invoice is of just this amount.")


def too_many_items(count: int) -> Objection:
    """The payer has more open items than are searched."""
    return Objection(Doubt.NOT_SEARCHED, f"The payer has {count} open items, too many to try every set.")


def other_currency(currency: str) -> Objection:
    """The invoice is in another currency than the money."""
    return Objection(Doubt.OTHER_CURRENCY, f"The invoice is in {currency}.")


def issued_after_payment(issued_on: date) -> Objection:
    """The invoice was issued after the money came."""
    return Objection(Doubt.AFTER_PAYMENT, f"The invoice was issued on {issued_on}, after the money came.")


def converted() -> Objection:
    """The bank converted the amount from another currency."""
    return Objection(Doubt.CONVERTED, "The bank converted the amount from another currency.")
