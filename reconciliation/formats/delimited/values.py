"""Dates and amounts as the tables of banks write them, and what the way they are written proves."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from ledger.currencies import KNOWN
from ledger.money import LARGEST_MINOR
from reconciliation.formats.delimited.words import MONTHS
from reconciliation.formats.written import DateOrder, DecimalMark

_CENTURY_TURNS = 80  # two digits of a year: 80 to 99 are of the last century


# --- dates ---

_NUMBERS = re.compile(r"([0-9]{1,4})([./:-])([0-9]{1,2})\2([0-9]{1,4})(?:[T ,].*)?")
_DAY_AND_MONTH = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.?")
_COMPACT = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})")
_WORDS = re.compile(r"(?:([0-9]{1,2})\.? ?)?([^\W\d_]{3,12})\.?(?: ([0-9]{1,2}))?,? ?([0-9]{4})")


def looks_like_a_date(text: str) -> bool:
    """Whether `text` has the form of a date, also of one that no calendar has."""
    stripped = text.strip()
    return bool(
        _NUMBERS.fullmatch(stripped) or _COMPACT.fullmatch(stripped) or _spelled(stripped) is not None
    )


def is_meant_as_a_date(text: str) -> bool:
    """Whether `text` in a column of dates has the form of one; a year may be missing there, as in 31.12."""
    return looks_like_a_date(text) or _DAY_AND_MONTH.fullmatch(text.strip()) is not None


def near(text: str, other: date | None) -> date | None:
    """A day that is written without its year, in the year that brings it nearest to the `other` date."""
    found = _DAY_AND_MONTH.fullmatch(text.strip())
    if found is None or other is None:
        return None
    months = int(found[2]) - other.month
    return _calendar(other.year + (months < -6) - (months > 6), int(found[2]), int(found[1]))


@lru_cache(maxsize=8192)
def day(text: str, order: DateOrder | None) -> date | None:
    """The date, or None where the text is none in that order or the calendar has no such day.

    Without an order only what is the same in each of them is read: a year of four digits in front, or a month
    in words. A time of day behind the date is passed over.
    """
    text = text.strip()
    found = _NUMBERS.fullmatch(text)
    if found is not None:
        return _of_numbers(found[1], found[3], found[4], order)
    compact = _COMPACT.fullmatch(text)
    if compact is not None:
        return _calendar(int(compact[1]), int(compact[2]), int(compact[3]))
    return _spelled(text)


@lru_cache(maxsize=8192)
def orders(text: str) -> frozenset[DateOrder]:
    """The orders in which a date of numbers can be read; empty where it is none or is clear without.

    No country writes points between month, day and year (Unicode CLDR), so these prove that the day is first. A
    year of two digits stands in front only where hyphens part it, as ISO 8601 once allowed.
    """
    found = _NUMBERS.fullmatch(text.strip())
    if found is None or len(found[1]) > 2:
        return frozenset()
    readable = [order for order in DateOrder if _of_numbers(found[1], found[3], found[4], order)]
    if found[2] == "." and DateOrder.DMY in readable:
        return frozenset({DateOrder.DMY})
    return frozenset(order for order in readable if order is not DateOrder.YMD or found[2] == "-")


def _of_numbers(first: str, second: str, third: str, order: DateOrder | None) -> date | None:
    if len(first) > 2:
        return _calendar(int(first), int(second), int(third)) if len(first) == 4 and len(third) < 3 else None
    if order is None or len(third) == 3:
        return None
    if order is DateOrder.YMD:
        is_short = len(first) == len(third) == 2
        return _calendar(_year(first), int(second), int(third)) if is_short else None
    if len(third) == 1:
        return None
    days, months = (first, second) if order is DateOrder.DMY else (second, first)
    return _calendar(_year(third), int(months), int(days))


def _year(text: str) -> int:
    year = int(text)
    if len(text) == 4:
        return year
    return year + (1900 if year >= _CENTURY_TURNS else 2000)


def _spelled(text: str) -> date | None:
    found = _WORDS.fullmatch(text)
    if found is None or (found[1] is None) == (found[3] is None):
        return None
    month = MONTHS.get(found[2].casefold()) or MONTHS.get(found[2].casefold()[:3])
    return None if month is None else _calendar(int(found[4]), month, int(found[1] or found[3]))


def _calendar(year: int, month: int, day_of_month: int) -> date | None:
    try:
        return date(year, month, day_of_month)
    except ValueError:
        return None


# --- amounts ---

_SYMBOLS = "€$£¥"
_CODE = r"[A-Z]{3}"
_DRESSED = re.compile(
    rf"(?P<open>\()?(?P<before>[+\-]?)(?P<unit>[{_SYMBOLS}]|{_CODE})?(?P<between>[+\-]?)"
    rf"(?P<number>[0-9][0-9.,']*|[.,][0-9]+)(?P<behind>[+\-]?)(?P<unit_behind>[{_SYMBOLS}]|{_CODE})?(?P<close>\))?"
)
_PLAIN = {
    DecimalMark.COMMA: re.compile(r"([+-]?)([0-9]+),([0-9]{2})"),
    DecimalMark.POINT: re.compile(r"([+-]?)([0-9]+)\.([0-9]{2})"),
}
_GROUPED = {
    DecimalMark.COMMA: re.compile(r"([0-9]+|[0-9]{1,3}(?:[.'][0-9]{3})+)?(?:,([0-9]*))?"),
    DecimalMark.POINT: re.compile(r"([0-9]+|[0-9]{1,3}(?:[,'][0-9]{3})+)?(?:\.([0-9]*))?"),
}
# Blanks and apostrophes of every kind that group thousands, and the other signs that stand for a minus.
_SMOOTH = str.maketrans({"\xa0": " ", "\u202f": " ", "’": "'", "´": "'", "`": "'", "−": "-", "–": "-"})
_GROUPING_BLANK = re.compile(r"(?<=[0-9]) (?=[0-9])")
_LONGEST_AMOUNT = 40


class NoAmount(ValueError):
    """The cell holds no amount that can be read exactly; the reason is a sentence without the amount's owner."""


def minor(text: str, mark: DecimalMark, places: int) -> tuple[int, str | None]:
    """Minor units with `places` decimals, and the currency sign or code written at the amount.

    Nothing is rounded. Raises NoAmount.
    """
    plain = _PLAIN[mark].fullmatch(text)
    if plain is not None and places == 2 and len(text) < 16:
        value = int(plain[2] + plain[3])
        return (-value if plain[1] == "-" else value), None
    found = _DRESSED.fullmatch(_smooth(text)) if len(text) <= _LONGEST_AMOUNT else None
    grouped = _GROUPED[mark].fullmatch(found["number"]) if found is not None else None
    if found is None or grouped is None or not _is_dressed_well(found):
        raise NoAmount(f"{text[:_LONGEST_AMOUNT]!r} is not an amount with the decimal sign {mark.value!r}.")
    whole, fraction = grouped[1] or "0", grouped[2] or ""
    if fraction[places:].strip("0"):
        raise NoAmount(f"{text[:_LONGEST_AMOUNT]!r} has more than {places} decimals.")
    value = int(whole.translate(_UNGROUPED) + fraction[:places].ljust(places, "0"))
    if value > LARGEST_MINOR:
        raise NoAmount(f"{text[:_LONGEST_AMOUNT]!r} is larger than any amount of money.")
    is_below = found["open"] or "-" in (found["before"], found["between"], found["behind"])
    return (-value if is_below else value), found["unit"] or found["unit_behind"]


_UNGROUPED = str.maketrans("", "", ".,'")


def _is_dressed_well(found: re.Match[str]) -> bool:
    signs = [found[name] for name in ("before", "between", "behind") if found[name]]
    units = [found[name] for name in ("unit", "unit_behind") if found[name]]
    brackets = bool(found["open"]) + bool(found["close"])
    return len(signs) + brackets // 2 <= 1 and len(units) <= 1 and brackets in (0, 2)


def marks(text: str) -> frozenset[DecimalMark]:
    """The decimal signs with which the cell is an amount of money; empty where it is none.

    So `1.234,56` proves the comma and `12.5` the point, while `1.000` and `7` leave both open.
    """
    if len(text) > _LONGEST_AMOUNT:
        return frozenset()
    found = _DRESSED.fullmatch(_smooth(text))
    if found is None or not _is_dressed_well(found):
        return frozenset()
    number = found["number"]
    return frozenset(mark for mark in DecimalMark if _GROUPED[mark].fullmatch(number))


def unit_of(text: str) -> str | None:
    """The currency sign or code written at an amount."""
    found = _DRESSED.fullmatch(_smooth(text)) if len(text) <= _LONGEST_AMOUNT else None
    return None if found is None else found["unit"] or found["unit_behind"]


def contradicts(unit: str | None, currency: str) -> bool:
    """Whether the sign or code at an amount names another currency, or none; "$" and the like are never the euro."""
    if unit is None:
        return False
    if unit in _SYMBOLS:
        return (unit == "€") is not (currency == "EUR")
    return unit != currency


def currency_of(unit: str | None) -> str | None:
    """The currency that a sign or code names beyond doubt; a dollar or a pound may be one of several."""
    if unit == "€":
        return "EUR"
    return unit if unit in KNOWN else None


def _smooth(text: str) -> str:
    """The amount with apostrophes for all that groups thousands but "." and ",", and without other blanks."""
    return _GROUPING_BLANK.sub("'", text.translate(_SMOOTH).strip()).replace(" ", "")
