"""Writes small BAI2 files whose control totals are right unless they are told otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

HEADER = "01,BANKGB2L,DUECOURSE,261120,0700,F-1,,,2/"


def transaction(
    amount: str = "1250",
    code: str = "195",
    *,
    funds: str = "",
    bank: str = "B-1",
    customer: str = "",
    text: Sequence[str] = ("Invoice RE-1",),
) -> list[str]:
    """The lines of one transaction; `funds` may hold the parts of its funds type too."""
    first, *more = text or ("/",)
    return [f"16,{code},{amount},{funds},{bank},{customer},{first}", *(f"88,{one}" for one in more)]


@dataclass(frozen=True, kw_only=True)
class Stated:
    """One account. A control total that is None is the right one."""

    entries: Sequence[list[str]] = ()
    account: str = "0532013000"
    currency: str = "EUR"
    opening: int | None = 100000
    closing: int | None = None
    figures: str = ""
    total: int | None = None
    records: int | None = None

    def lines(self) -> list[str]:
        figures = [
            f"{code},{minor},,"
            for code, minor in (("010", self.opening), ("015", self.closing))
            if minor is not None
        ]
        head = f"03,{self.account},{self.currency},{','.join([*figures, *filter(None, [self.figures])]) or ',,,'}/"
        body = [head, *(line for entry in self.entries for line in entry)]
        total = self.right_total() if self.total is None else self.total
        return [*body, f"49,{total},{len(body) + 1 if self.records is None else self.records}/"]

    def right_total(self) -> int:
        amounts = (entry[0].split(",")[2] for entry in self.entries)
        known = sum(int(amount) for amount in amounts if re.fullmatch("-?[0-9]{1,18}", amount))
        return known + (self.opening or 0) + (self.closing or 0)


@dataclass(frozen=True, kw_only=True)
class Grouped:
    """One group of accounts of one day."""

    accounts: Sequence[Stated] = ()
    status: str = "1"
    as_of: str = "261119"
    currency: str = ""
    modifier: str = "2"
    total: int | None = None

    def lines(self) -> list[str]:
        head = f"02,DUECOURSE,BANKGB2L,{self.status},{self.as_of},2400,{self.currency},{self.modifier}/"
        body = [head, *(line for account in self.accounts for line in account.lines())]
        return [*body, f"98,{self.right_total()},{len(self.accounts)},{len(body) + 1}/"]

    def right_total(self) -> int:
        if self.total is not None:
            return self.total
        return sum(one.right_total() if one.total is None else one.total for one in self.accounts)


def bai2(
    *groups: Grouped | Stated, line_end: str = "\n", encoding: str = "utf-8", total: int | None = None
) -> bytes:
    """A file of groups; an account by itself is a group of one."""
    whole = [Grouped(accounts=[one]) if isinstance(one, Stated) else one for one in groups]
    body = [HEADER, *(line for group in whole for line in group.lines())]
    right = sum(group.right_total() for group in whole) if total is None else total
    body.append(f"99,{right},{len(whole)},{len(body) + 1}/")
    return "".join(f"{line}{line_end}" for line in body).encode(encoding)
