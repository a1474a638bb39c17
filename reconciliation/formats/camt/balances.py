"""The balances of a camt statement: which of them open and close it, and its currency."""

from __future__ import annotations

from datetime import date

from ledger.errors import Rejected
from ledger.money import Money, checked_currency
from reconciliation.formats.tables import Record
from reconciliation.formats.tally import Tally
from reconciliation.statement import Balance, Header

# Balance types (ISO 20022 BalanceType): booked at the opening and the closing of the day, at the closing of
# the day before, and within the day, as at the turn of a page.
OPENING, CLOSING, _PREVIOUS, _INTERIM = "OPBD", "CLBD", "PRCD", "ITBD"


class NoBalance(Rejected):
    """A balance without an amount, or an account without a currency."""


def balance(found: Record) -> Balance:
    """Below zero where marked DBIT; without a mark a credit, which is named among the problems."""
    if "amount" not in found:
        raise NoBalance("A balance has no amount.")
    unsigned: Money = found["amount"]
    signed = unsigned if found.get("sign", 1) > 0 else -unsigned
    return Balance(amount=signed, on=found.get("on"), kind=found.get("kind", ""))


def currency_of(header: Header, balances: list[Balance], tally: Tally) -> str:
    """The account's own currency, else that of its first balance, else that of its first line."""
    by_balance = next((one.amount.currency for one in balances), None)
    found = header.account.currency or by_balance or tally.currency
    if found is None:
        raise NoBalance("The statement does not say in which currency its account is kept.")
    return checked_currency(found)


def ends(balances: list[Balance]) -> tuple[Balance | None, Balance | None]:
    """The opening and the closing booked balance of a statement, or of the pages of one.

    A page has interim balances at its inner ends; a single one with nothing at the other end proves nothing.
    """
    opening = _earliest(balances, OPENING) or _earliest(balances, _PREVIOUS)
    closing = _latest(balances, CLOSING)
    interim = [one for one in balances if one.kind == _INTERIM]
    if interim and (opening or closing or len(interim) > 1):
        opening = opening or interim[0]
        closing = closing or interim[-1]
    return opening, closing


def _earliest(balances: list[Balance], kind: str) -> Balance | None:
    found = [one for one in balances if one.kind == kind]
    return min(found, key=lambda one: one.on or date.max, default=None)


def _latest(balances: list[Balance], kind: str) -> Balance | None:
    found = [one for one in reversed(balances) if one.kind == kind]
    return max(found, key=lambda one: one.on or date.min, default=None)
