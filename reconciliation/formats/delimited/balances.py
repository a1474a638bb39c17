"""Proves a table by its column of running balances, whichever way its rows run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from ledger.money import Money
from reconciliation.formats.tally import counted
from reconciliation.statement import Balance

RUNNING = "running"  # the kind of a balance that comes from the column of running balances
_MOST_TOLD = 10


@dataclass(slots=True)
class _Way:
    """The steps between balances, if the rows run one way: how many agree, and the lines where they do not."""

    agreeing: int = 0
    breaking: int = 0
    lines: list[int] = field(default_factory=list)

    def step(self, line: int, *, agrees: bool) -> None:
        if agrees:
            self.agreeing += 1
            return
        self.breaking += 1
        if self.breaking <= _MOST_TOLD:
            self.lines.append(line)


@dataclass(slots=True)
class Steps:
    """The running balances of one account as its booked lines are read.

    Some banks state a balance only on one row of each day, so amounts are added up from one balance to the next.
    """

    _old_first: _Way = field(default_factory=_Way)
    _new_first: _Way = field(default_factory=_Way)
    _last_balance: int | None = None
    _first_balance: int | None = None
    _first_balance_on: date | None = None
    _last_balance_on: date | None = None
    _since: int = 0  # amounts of the rows behind the last balance
    _of_last: int = 0  # the amount of the row with the last balance
    _before_first: int = 0  # amounts of the rows up to the first balance and with it
    _first_on: date | None = None
    _last_on: date | None = None
    _is_first_stated: bool = False
    _is_last_stated: bool = False
    _rows: int = 0

    def add(self, line: int, amount: int, balance: int | None, on: date | None) -> None:
        """Takes in the next booked line of the file: where it stands, its amount, and the balance it states."""
        self._rows += 1
        self._first_on = self._first_on or on
        self._last_on = on or self._last_on
        self._is_last_stated = balance is not None
        if balance is None:
            self._since += amount
            if self._last_balance is None:
                self._before_first += amount
            return
        if self._last_balance is None:
            self._first_balance, self._first_balance_on = balance, on
            self._is_first_stated = self._rows == 1
            self._before_first += amount
        else:
            before = self._last_balance
            self._old_first.step(line, agrees=before + self._since + amount == balance)
            self._new_first.step(line, agrees=before - self._of_last - self._since == balance)
        self._last_balance, self._last_balance_on = balance, on
        self._of_last, self._since = amount, 0

    @property
    def is_new_first(self) -> bool | None:
        """Whether the newest row stands first: by the balances, else by the dates; None where neither tells."""
        if self._old_first.agreeing != self._new_first.agreeing:
            return self._new_first.agreeing > self._old_first.agreeing
        if self._first_on is None or self._last_on is None or self._first_on == self._last_on:
            return None
        return self._first_on > self._last_on

    @property
    def is_proved(self) -> bool:
        """Whether there is a step and none breaks."""
        way = self._new_first if self.is_new_first else self._old_first
        return way.agreeing > 0 and way.breaking == 0

    def opening(self, currency: str) -> Balance | None:
        """The balance before the oldest row, as it follows from the oldest balance that is stated."""
        if self._last_balance is None or self._first_balance is None:
            return None
        if self.is_new_first:
            value, on = self._last_balance - self._of_last - self._since, self._last_on
        else:
            value, on = self._first_balance - self._before_first, self._first_on
        return Balance(amount=Money(value, currency), on=on, kind=RUNNING)

    def closing(self, currency: str) -> Balance | None:
        """The balance on the newest row, where that one states it."""
        if self._last_balance is None or self._first_balance is None:
            return None
        if self.is_new_first:
            value, on, is_stated = self._first_balance, self._first_balance_on, self._is_first_stated
        else:
            value, on, is_stated = self._last_balance, self._last_balance_on, self._is_last_stated
        return Balance(amount=Money(value, currency), on=on, kind=RUNNING) if is_stated else None

    def problems(self) -> Iterator[str]:
        """Where the balances do not follow from the amounts."""
        way = self._new_first if self.is_new_first else self._old_first
        if not way.breaking:
            return
        places = ", ".join(map(str, way.lines))
        more = f" and {way.breaking - _MOST_TOLD} more" if way.breaking > _MOST_TOLD else ""
        noun = "line" if way.breaking == 1 else "lines"
        yield (
            f"The running balance does not follow from the amounts in {counted(way.breaking, 'place')}: "
            f"{noun} {places}{more} of the file."
        )
