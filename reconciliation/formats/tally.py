"""Counts the lines of one statement as they are read, and closes it with its balance proof in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from ledger.money import Money
from reconciliation.statement import Balance, Header, Line, LineStatus, RefusedLine, Statement, StatementKind

_Oddity = TypeVar("_Oddity", bound=StrEnum)

MOST_TOLD = 20  # refused lines whose reasons are told one by one; of more only the number


@dataclass(slots=True)
class Figures:
    """How many credits and debits there are, and their sums in minor units, both counted upwards."""

    credits: int = 0
    credits_minor: int = 0
    debits: int = 0
    debits_minor: int = 0

    @property
    def lines(self) -> int:
        return self.credits + self.debits

    @property
    def net_minor(self) -> int:
        return self.credits_minor - self.debits_minor

    @property
    def moved_minor(self) -> int:
        return self.credits_minor + self.debits_minor

    def plus(self, other: Figures) -> Figures:
        return Figures(
            self.credits + other.credits,
            self.credits_minor + other.credits_minor,
            self.debits + other.debits,
            self.debits_minor + other.debits_minor,
        )


@dataclass(slots=True)
class Tally:
    """The running figures of one statement: booked lines apart from others, each currency by itself."""

    _figures: dict[tuple[str, bool], Figures] = field(default_factory=dict)
    undated: int = 0
    refused: int = 0
    _reasons: list[str] = field(default_factory=list)

    def refuse(self, line: RefusedLine) -> None:
        """Counts a line that cannot be read; the first MOST_TOLD are told with their reasons."""
        self.refused += 1
        if self.refused <= MOST_TOLD:
            self._reasons.append(str(line))

    def add(self, line: Line, *, is_credit: bool) -> None:
        """Counts `line`; a line of zero is a credit or a debit too, so it says which."""
        is_booked = line.status is LineStatus.BOOKED
        key = (line.amount.currency, is_booked)
        figures = self._figures.get(key)
        if figures is None:
            figures = self._figures[key] = Figures()
        if is_credit:
            figures.credits += 1
            figures.credits_minor += line.amount.minor
        else:
            figures.debits += 1
            figures.debits_minor -= line.amount.minor
        if is_booked and line.booked_on is None:
            self.undated += 1

    @property
    def currency(self) -> str | None:
        """The currency of the first line, where there is one."""
        return next((currency for currency, _ in self._figures), None)

    @property
    def lines(self) -> int:
        return sum(figures.lines for figures in self._figures.values())

    def booked(self, currency: str) -> Figures:
        return self._figures.get((currency, True), Figures())

    def all(self, currency: str) -> Figures:
        return self.booked(currency).plus(self._figures.get((currency, False), Figures()))

    def foreign(self, currency: str) -> dict[str, int]:
        """How many booked lines there are in each currency other than `currency`."""
        return {
            other: figures.lines
            for (other, is_booked), figures in self._figures.items()
            if is_booked and other != currency
        }

    def close(
        self,
        header: Header,
        *,
        currency: str,
        opening: Balance | None,
        closing: Balance | None,
        noticed: Iterable[str] = (),
    ) -> Statement:
        """The finished Statement; its problems are what was `noticed` before, then what the figures show."""
        figures = self.booked(currency)
        booked = Money(figures.net_minor, currency)
        shown = (
            *self._refused_problems(),
            *_balance_problems(header.kind, opening, closing, booked),
            *_line_problems(self, currency),
        )
        return Statement(
            header=header,
            currency=currency,
            opening=opening,
            closing=closing,
            booked=booked,
            booked_count=figures.lines + sum(self.foreign(currency).values()),
            lines=self.lines,
            problems=(*noticed, *shown),
            refused=self.refused,
        )

    def _refused_problems(self) -> Iterator[str]:
        yield from self._reasons
        if self.refused > MOST_TOLD:
            yield f"{counted(self.refused - MOST_TOLD, 'more line')} could not be read."


def told(oddities: Mapping[_Oddity, int], sentences: Mapping[_Oddity, str]) -> Iterator[str]:
    """What is odd about the lines of a statement, each sentence with how many lines it is true of."""
    return (sentences[oddity].format(counted(number, "line")) for oddity, number in oddities.items())


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 line", "2 lines"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _balance_problems(
    kind: StatementKind, opening: Balance | None, closing: Balance | None, booked: Money
) -> Iterator[str]:
    if opening is None or closing is None:
        if kind is not StatementKind.STATEMENT:
            return  # reports and notifications need not have balances
        missing = " and ".join(
            name for name, found in (("opening", opening), ("closing", closing)) if found is None
        )
        yield f"The statement has no {missing} balance, so its lines cannot be proved."
        return
    reached = opening.amount + booked
    if reached != closing.amount:
        yield (
            f"The balances do not prove the lines: opening {opening.amount} and booked lines of {booked} "
            f"make {reached}, but the closing balance is {closing.amount}; "
            f"the difference is {closing.amount - reached}."
        )


def _line_problems(tally: Tally, currency: str) -> Iterator[str]:
    if not tally.lines:
        yield "The statement has no lines."
    elif tally.lines == tally.all(currency).lines and not tally.booked(currency).lines:
        yield "The statement has no booked lines, only lines that are pending or for information."
    for other, number in tally.foreign(currency).items():
        yield f"{counted(number, 'booked line')} in {other}, not counted in an account kept in {currency}."
    if tally.undated:
        yield f"{counted(tally.undated, 'booked line')} without a booking date."
