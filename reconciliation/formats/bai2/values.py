"""Single fields of BAI2 records: whole numbers, days, the figures behind an account, and what a type code means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from bai2.constants import FundsType, TypeCodeLevel, TypeCodes, TypeCodeTransaction

from ledger.money import LARGEST_MINOR
from reconciliation.statement import UnreadableFile

_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
_CODE = re.compile(r"[0-9]{3}")
_DAY = re.compile(r"[0-9]{6}")
_FUNDS = frozenset(known.value for known in FundsType)

# Codes that the table of the standard lacks: its ranges, and those it leaves to the banks (BAI2 appendix A).
_CREDITS, _DEBITS = ((100, 399), (930, 959)), ((400, 699), (960, 999))


def number(text: str, what: str) -> int | None:
    """A whole number, None where it is blank. Raises UnreadableFile for what is none; `what` opens the sentence."""
    text = text.strip()
    if not text:
        return None
    if _NUMBER.fullmatch(text) is None:
        raise UnreadableFile(f"{what} is not a whole number.")
    return int(text)


def amount(text: str, what: str) -> int | None:
    """Minor units, which is how BAI2 writes an amount; None where it is blank. Raises UnreadableFile."""
    found = number(text, what)
    if found is not None and abs(found) > LARGEST_MINOR:
        raise UnreadableFile(f"{what} is larger than any amount of money.")
    return found


def day(text: str) -> date | None:
    """A day written YYMMDD, None where it is blank. Raises UnreadableFile for what is none."""
    text = text.strip()
    if not text:
        return None
    if _DAY.fullmatch(text) is None:
        raise UnreadableFile("A date in the file is not written as YYMMDD.")
    try:
        return datetime.strptime(text, "%y%m%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise UnreadableFile("A date in the file is no day of the calendar.") from None


class Meaning(NamedTuple):
    """What a type code says of a transaction: whether money came (None where it is neither), and if it is one."""

    is_credit: bool | None
    is_detail: bool


@lru_cache(maxsize=1024)
def meaning(code: str) -> Meaning:
    """What the standard says of a type code. Raises UnreadableFile where it is none, or says nothing."""
    known = TypeCodes.get(code)
    if known is not None:
        is_credit = {TypeCodeTransaction.credit: True, TypeCodeTransaction.debit: False}.get(
            known.transaction
        )
        return Meaning(is_credit, known.level is TypeCodeLevel.detail)
    if _CODE.fullmatch(code) is None:
        raise UnreadableFile("The type code of a line is not three digits.")
    for ranges, is_credit in ((_CREDITS, True), (_DEBITS, False)):
        if any(first <= int(code) <= last for first, last in ranges):
            return Meaning(is_credit, True)
    raise UnreadableFile(f"The type code {code} does not say whether money came or went.")


def availability(fields: list[str]) -> int:
    """How many fields behind a funds type (the first of `fields`) tell when the money is there.

    Raises UnreadableFile for a type that BAI2 does not know.
    """
    funds = fields[0].strip() if fields else ""
    if funds and funds not in _FUNDS:
        raise UnreadableFile("The funds type of an amount is none of BAI2.")
    match funds:
        case "S":
            return 3
        case "V":
            return 2
        case "D":
            parts = number(fields[1] if len(fields) > 1 else "", "The number of parts of an amount") or 0
            if not 0 <= parts <= len(fields):
                raise UnreadableFile("An amount has fewer parts than it says.")
            return 1 + 2 * parts
    return 0


class Figure(NamedTuple):
    """A balance or a total of an account by its type code, in minor units where it has an amount."""

    code: str
    minor: int | None


def figures(fields: list[str]) -> Iterator[Figure]:
    """What stands behind the number and the currency of an account. Raises UnreadableFile.

    Some banks end a line with one comma more than the standard asks, so blank fields before a code are passed.
    """
    at = 0
    while at < len(fields):
        code = fields[at].strip()
        if not code:
            at += 1
            continue
        if _CODE.fullmatch(code) is None:
            raise UnreadableFile("The type code of a balance is not three digits.")
        yield Figure(code, amount(fields[at + 1] if at + 1 < len(fields) else "", "A balance of the account"))
        at += 4 + availability(fields[at + 3 :])
