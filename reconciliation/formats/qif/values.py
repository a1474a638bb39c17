"""Single values of a QIF file: a day in one of three orders, an amount with one of two decimal marks."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from ledger.currencies import decimals
from ledger.money import UnreadableAmount, minor_units
from reconciliation.formats.written import DateOrder, DecimalMark

_PARTS = re.compile(r"([0-9]{1,4})\s*[/.-]\s*([0-9]{1,2})\s*([/.'-])\s*([0-9]{1,4})", re.ASCII)
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")

# Two digits from here on are a year of the twentieth century, below it of ours (POSIX, as strptime reads %y).
_FIRST_OF_CENTURY = 70


def day(text: str, order: DateOrder) -> date | None:
    """The day that `text` is if it is written in `order`, None where it is none then.

    An apostrophe before a year says that it is of this century.
    """
    return _day(text, order) if len(text) <= 40 else None


@lru_cache(maxsize=4096)
def _day(text: str, order: DateOrder) -> date | None:
    compact = _COMPACT.fullmatch(text)
    if compact is not None:
        return _date(int(compact[1]), compact[2], compact[3]) if order is DateOrder.YMD else None
    found = _PARTS.fullmatch(text)
    if found is None:
        return None
    first, second, sign, third = found.groups()
    if order is DateOrder.YMD:
        return None if sign == "'" else _date(_year(first, ""), second, third)
    days, months = (first, second) if order is DateOrder.DMY else (second, first)
    return _date(_year(third, sign), months, days)


def _year(text: str, sign: str) -> int | None:
    if len(text) == 4:
        return int(text)
    if sign == "'" and len(text) < 3:
        return 2000 + int(text)
    if len(text) != 2:
        return None
    return int(text) + (1900 if int(text) >= _FIRST_OF_CENTURY else 2000)


def _date(year: int | None, month: str, day_: str) -> date | None:
    try:
        return None if year is None or len(day_) > 2 else date(year, int(month), int(day_))
    except ValueError:
        return None


_GROUPED = {
    DecimalMark.POINT: re.compile(
        r"([+-]?[1-9][0-9]{0,2}(?:([,'\s])[0-9]{3})(?:\2[0-9]{3})*)(?:\.([0-9]*))?"
    ),
    DecimalMark.COMMA: re.compile(r"([+-]?[1-9][0-9]{0,2}(?:([.'\s])[0-9]{3})(?:\2[0-9]{3})*)(?:,([0-9]*))?"),
}
_PLAIN = {
    DecimalMark.POINT: re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"),
    DecimalMark.COMMA: re.compile(r"[+-]?(?:[0-9]+(?:,[0-9]*)?|,[0-9]+)"),
}
_OTHER = {DecimalMark.POINT: DecimalMark.COMMA, DecimalMark.COMMA: DecimalMark.POINT}


def minor(text: str, mark: DecimalMark, currency: str) -> int | None:
    """The minor units that `text` is if `mark` stands before its decimals, None where it is no amount then.

    Thousands are set apart by the other mark, a blank or an apostrophe, if at all.
    Three digits behind a mark are thousands where the currency has fewer decimals.
    """
    text = text.strip()
    if _PLAIN[mark].fullmatch(text) is not None:
        if decimals(currency) < 3 and mark in text and _GROUPED[_OTHER[mark]].fullmatch(text) is not None:
            return None
        return _minor(text, currency)
    grouped = _GROUPED[mark].fullmatch(text)
    if grouped is None:
        return None
    return _minor(f"{grouped[1].replace(grouped[2], '')}.{grouped[3] or ''}", currency)


def _minor(text: str, currency: str) -> int | None:
    try:
        return minor_units(text, currency)
    except UnreadableAmount:
        return None
