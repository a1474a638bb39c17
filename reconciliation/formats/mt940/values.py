"""Dates, amounts, balances and accounts as MT940 and MT942 write them."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from ledger.currencies import KNOWN, decimals
from ledger.money import Money, checked_currency
from reconciliation.formats import identifiers
from reconciliation.statement import Account, Balance, UnreadableFile

_CENTURY_TURNS = 80  # two digits of a year: 80 to 99 are of the last century
_DAYS_OF_INTEREST_MONTH = ("0229", "0230")

_OF_CENTS = frozenset(currency for currency in KNOWN if decimals(currency) == 2)
_SAFE_LENGTH = 15  # of an amount that is below the largest one for certain

# What an amount may look like. SWIFT asks for a comma; some banks write a point, or neither for whole units.
AMOUNT = r"[0-9]{1,18}(?:[,.][0-9]{0,17})?"
_BALANCE = re.compile(rf"([CD])([0-9]{{6}})([A-Z]{{3}})?({AMOUNT})")
_FLOOR = re.compile(rf"([A-Z]{{3}})[CD]?({AMOUNT})")
_CURRENCY_BEHIND = re.compile(r"(?<=[0-9 ])([A-Z]{3})")


@lru_cache(maxsize=4096)
def day(text: str) -> date:
    """The date of six digits YYMMDD. Raises UnreadableFile where the calendar has no such day."""
    year = int(text[:2])
    try:
        return date(year + (1900 if year >= _CENTURY_TURNS else 2000), int(text[2:4]), int(text[4:]))
    except ValueError:
        raise UnreadableFile(f"There is no day {text[4:]}.{text[2:4]}. in the year {text[:2]}.") from None


@lru_cache(maxsize=4096)
def days(value: str, booked: str | None) -> tuple[date | None, date]:
    """The value day YYMMDD and the booking day, which is the same where `booked` does not state MMDD.

    The booking day is of the year that brings it nearest to the value day, so a booking of January for a value
    of December is of the next year. There is no value day where it is the 30 February that some banks write as
    the end of an interest month of 30 days, if the booking has a day. Raises UnreadableFile.
    """
    if booked is None:
        only = day(value)
        return only, only
    months = int(booked[:2]) - int(value[2:4])
    year = int(value[:2]) + (months < -6) - (months > 6)
    booked_on = day(f"{year % 100:02d}{booked}")
    try:
        return day(value), booked_on
    except UnreadableFile:
        if value[2:] not in _DAYS_OF_INTEREST_MONTH:
            raise
        return None, booked_on


def minor_units(text: str, currency: str) -> int:
    """An amount that AMOUNT matches in minor units. Raises UnreadableAmount where it does not fit them."""
    if text[-3:-2] == "," and len(text) <= _SAFE_LENGTH and currency in _OF_CENTS:
        return int(text[:-3] + text[-2:])
    return Money.parse(text, currency).minor


def balance(text: str, kind: str, currency: str | None) -> Balance:
    """The balance in a field :60x: or :62x:, below zero where marked D.

    `currency` is what it is in where it does not say. Raises UnreadableFile, and what Money.parse raises.
    """
    found = _BALANCE.fullmatch(text.strip())
    if found is None:
        raise UnreadableFile(f"The balance in field :{kind}: cannot be read.")
    mark, on, stated, amount = found.groups()
    stated = stated or currency
    if stated is None:
        raise UnreadableFile(f"The balance in field :{kind}: has no currency.")
    unsigned = minor_units(amount, checked_currency(stated))
    return Balance(amount=Money(-unsigned if mark == "D" else unsigned, stated), on=day(on), kind=kind)


def names_currency(text: str) -> bool:
    """Whether a balance field says its currency itself."""
    found = _BALANCE.fullmatch(text.strip())
    return found is not None and found[3] is not None


def floor_currency(text: str) -> str:
    """The currency of a field :34F:, the floor from which an MT942 reports entries. Raises UnreadableFile."""
    found = _FLOOR.fullmatch(text.strip())
    if found is None:
        raise UnreadableFile("The floor limit in field :34F: cannot be read.")
    return checked_currency(found[1])


def account(text: str) -> Account:
    """The account of a field :25:, an IBAN or another number, with the currency and the BIC that stand by it.

    A German account is written as bank code and number, "37040044/0532013000".
    """
    number, currency = _without_currency(" ".join(text.split()))
    before, slash, behind = number.partition("/")
    if slash and (bic := identifiers.bic(before)) is not None:
        iban = identifiers.iban(behind)
        return Account(iban=iban, other=None if iban else behind or None, currency=currency, bic=bic)
    iban = identifiers.iban(number)
    return Account(iban=iban, other=None if iban else number or None, currency=currency)


def _without_currency(number: str) -> tuple[str, str | None]:
    """The number, and the currency code that stands right behind its digits or behind a blank."""
    found = _CURRENCY_BEHIND.fullmatch(number, max(len(number) - 3, 0))
    if found is None or found[1] not in KNOWN or identifiers.iban(number) is not None:
        return number, None
    return number[:-3].rstrip(), found[1]
