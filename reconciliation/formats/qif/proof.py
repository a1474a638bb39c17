"""Finds in which order a QIF file writes its days and which decimal mark it uses, by what its own values allow."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from itertools import combinations
from typing import Generic, TypeVar

from reconciliation.formats.qif.records import Event, Kind, Record
from reconciliation.formats.qif.values import day, minor
from reconciliation.formats.written import DateOrder, DecimalMark
from reconciliation.statement import UnreadableFile

AMOUNTS = ("T", "U", "$")


class AmbiguousDates(UnreadableFile):
    """The dates of the file fit several orders, or no single one; whoever knows the order must tell it."""


class AmbiguousAmounts(UnreadableFile):
    """The amounts of the file fit both decimal marks with different values, or neither of them."""


Way = TypeVar("Way", bound=StrEnum)


class Evidence(Generic[Way]):
    """Which of several ways to read fit all values seen so far, and which of them make the same of all."""

    def __init__(self, ways: type[Way], read: Callable[[str, Way], object]) -> None:
        self.fitting: list[Way] = list(ways)
        self.has_conflict = False
        self._ways = list(ways)
        self._read = read
        self._differing: set[frozenset[Way]] = set()

    def add(self, text: str) -> None:
        """Takes a value into account; one that fits no way at all proves nothing."""
        values = {way: value for way in self._ways if (value := self._read(text, way)) is not None}
        if not values:
            return
        self.fitting = [way for way in self.fitting if way in values]
        self.has_conflict = self.has_conflict or not self.fitting
        for one, other in combinations(values, 2):
            if values[one] != values[other]:
                self._differing.add(frozenset((one, other)))

    @property
    def proved(self) -> Way | None:
        """The way that is left, or the first of several that make no difference; None where there is a doubt."""
        if not self.fitting or any(
            frozenset(pair) in self._differing for pair in combinations(self.fitting, 2)
        ):
            return None
        return self.fitting[0]


class Proof:
    """How the values of a file are written."""

    def __init__(self, events: Iterable[Event], *, currency: str, date_order: DateOrder | None) -> None:
        """Looks at all `events`. Raises AmbiguousDates, unless `date_order` is told, or AmbiguousAmounts."""
        dates: Evidence[DateOrder] = Evidence(DateOrder, day)
        amounts: Evidence[DecimalMark] = Evidence(DecimalMark, lambda text, mark: minor(text, mark, currency))
        for event in events:
            if isinstance(event, Record):
                _look(event, dates, amounts)
        self.date_order = date_order or _order(dates)
        self.mark = _mark(amounts)


def _look(record: Record, dates: Evidence[DateOrder], amounts: Evidence[DecimalMark]) -> None:
    kind = record.section.kind
    if kind in (Kind.BANK, Kind.INVESTMENT):
        for text in record.all("D"):
            dates.add(text)
    if kind is Kind.BANK:
        for letter in AMOUNTS:
            for text in record.all(letter):
                amounts.add(text)


def _order(dates: Evidence[DateOrder]) -> DateOrder:
    if (order := dates.proved) is not None:
        return order
    if dates.has_conflict:
        raise AmbiguousDates("The dates of the file are not all in one order of day, month and year.")
    ways = " and as ".join(dates.fitting)
    raise AmbiguousDates(
        f"The dates of the file can be read as {ways}, and nothing in it shows which: tell in which order they are.",
        orders=list(dates.fitting),
    )


def _mark(amounts: Evidence[DecimalMark]) -> DecimalMark:
    if (mark := amounts.proved) is not None:
        return mark
    if amounts.has_conflict:
        raise AmbiguousAmounts("Some amounts of the file have a decimal point and others a decimal comma.")
    raise AmbiguousAmounts(
        "Nothing in the file shows whether its amounts have decimals or thousands behind a mark."
    )
