"""Single values of an OFX file: a text, a day, an amount."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from ledger.currencies import decimals
from ledger.money import Money, UnreadableAmount, minor_units
from reconciliation.formats import drafts
from reconciliation.statement import UnreadableFile

_REFERENCE = re.compile(r"&(?:(amp|lt|gt|quot|apos|nbsp)|#([0-9]{1,7})|#[xX]([0-9a-fA-F]{1,6}));")
_LETTERS = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": " "}

# OFX 1.6, section 3.2.8.1: YYYYMMDDHHMMSS.XXX[offset:zone], of which only the day is needed.
_DAY = re.compile(r"([0-9]{8})(?:[0-9]{2}){0,3}(?:\.[0-9]*)?\s*(?:\[[^\]]{0,40}\])?")
_NO_DAY = "00000000"
_FIRST_YEAR = 1900  # what is before it lost its century

# Thousands are set apart only where the sign before the decimals is another one, or they are set by blanks.
_GROUPED = re.compile(
    r"[+-]?(?:[0-9]{1,3}(?:(,)[0-9]{3})+\.[0-9]*|[0-9]{1,3}(?:(\.)[0-9]{3})+,[0-9]*"
    r"|[0-9]{1,3}(?:([ \u00a0\u202f'])[0-9]{3})+(?:[.,][0-9]*)?)"
)
# With this sign of decimals and no other it may be a thousand and more, or a thousandth part of it.
_THOUSANDS_OR_DECIMALS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")
_CENTS = re.compile(r"\s*[+-]?[0-9]{1,12}\.[0-9]{2}\s*")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)")


def written(value: str | None) -> str | None:
    """A field as one line of text with its character references decoded once; None where it is blank.

    Raises UnreadableFile for a reference to a character that no text holds.
    """
    if value is None:
        return None
    value = value.strip()
    if "&" in value:
        value = _REFERENCE.sub(_letter, value)
    return (" ".join(value.split()) if "\n" in value else value) or None


def _letter(found: re.Match[str]) -> str:
    name, decimal, hexadecimal = found.groups()
    if name is not None:
        return _LETTERS[name]
    code = int(decimal) if decimal is not None else int(hexadecimal, 16)
    if code == 0 or code > 0x10FFFF or 0xD800 <= code < 0xE000:
        raise UnreadableFile("The file refers to a character that no text can hold.")
    return chr(code)


def day(value: str | None) -> date | None:
    """The day as it is written, whatever hour and time zone stand behind it; None where it is blank.

    Raises UnreadableFile for what is no day of the calendar.
    """
    if value is None:
        return None
    return _day(value if len(value) < 100 else value.strip())


@lru_cache(maxsize=2048)
def _day(value: str) -> date | None:
    text = value.strip()
    if not text:
        return None
    if len(text) > 100 or _DAY.fullmatch(text) is None:
        raise UnreadableFile("A date in the file is not written as year, month and day.")
    if text.startswith(_NO_DAY):
        return None
    try:
        found = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        found = date.min
    if found.year < _FIRST_YEAR:
        raise UnreadableFile("A date in the file is no day of the calendar.")
    return found


def number(value: str, currency: str) -> str:
    """A decimal without the separators of its thousands, where there is no doubt that they are some.

    Raises UnreadableFile for what is no decimal, without quoting it, and where three digits stand behind a comma
    though `currency` has fewer decimals.
    """
    text = value.strip()
    if _THOUSANDS_OR_DECIMALS.fullmatch(text) is not None and decimals(currency) < 3:
        raise UnreadableFile("An amount in the file has a comma that may part thousands or decimals.")
    grouped = _GROUPED.fullmatch(text)
    if grouped is not None and grouped.lastindex is not None:
        text = text.replace(grouped[grouped.lastindex], "")
    if _NUMBER.fullmatch(text) is None:
        raise UnreadableFile("An amount in the file is not a number.")
    return text


def money(value: str | None, currency: str) -> Money:
    """An amount with its sign, in a currency that is known to be one.

    Raises UnreadableFile where there is none, or it is no number, or not exact in `currency`.
    """
    if value is None:
        raise UnreadableFile("A line has no amount.")
    if _CENTS.fullmatch(value) is not None and decimals(currency) == 2:
        return drafts.money(int(value.replace(".", "")), currency)
    if not value.strip():
        raise UnreadableFile("A line has no amount.")
    try:
        return Money(minor_units(number(value, currency), currency), currency)
    except UnreadableAmount as refusal:
        raise UnreadableFile(refusal.message) from None
