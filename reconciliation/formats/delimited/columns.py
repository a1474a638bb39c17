"""What the columns of an unknown table seem to mean, by their titles and by what stands in their cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ledger.currencies import KNOWN
from reconciliation.formats.delimited.header import Table
from reconciliation.formats.delimited.values import looks_like_a_date, marks
from reconciliation.formats.delimited.words import (
    BOOKED_WORDS,
    CREDIT_MARKS,
    DEBIT_MARKS,
    MANY,
    PENDING_WORDS,
    TITLES,
    VOID_WORDS,
    Role,
    currency_in_title,
    titled,
)

_ENOUGH = 0.8  # the share of filled cells that have to be of a kind for the column to be
_MOST_WORDS = 12  # different words of a column that are kept in mind

_DATES = frozenset({Role.BOOKED_ON, Role.VALUED_ON})
_AMOUNTS = frozenset(
    {Role.AMOUNT, Role.CREDIT, Role.DEBIT, Role.BALANCE, Role.ORIGINAL, Role.CHARGES, Role.DETAIL}
)


@dataclass(slots=True)
class Seen:
    """What the cells of one column are, of as many as are filled."""

    filled: int = 0
    dates: int = 0
    amounts: int = 0
    currencies: int = 0
    letters: int = 0
    below: int = 0
    words: set[str] = field(default_factory=set)

    def note(self, cell: str) -> None:
        text = cell.strip()
        if not text:
            return
        self.filled += 1
        if looks_like_a_date(text):
            self.dates += 1
        elif marks(text):
            self.amounts += 1
            self.below += "-" in text or "(" in text
        else:
            self.letters += 1
        self.currencies += text.upper() in KNOWN
        if len(self.words) < _MOST_WORDS:
            self.words.add(titled(text) or text)

    def is_mostly(self, number: int) -> bool:
        return self.filled > 0 and number >= _ENOUGH * self.filled


def roles_of(table: Table, columns: Sequence[Seen], known: Mapping[str, Role | None]) -> list[Role | None]:
    """A meaning for each column: the `known` one of its title, or what that suggests, or by its cells."""
    roles: list[Role | None] = [None] * len(columns)
    taken: set[Role] = set()
    for at, (title, seen) in enumerate(zip(table.compared, columns, strict=True)):
        role = _fitting(known.get(title, TITLES.get(title)), seen)
        if role is not None and (role in MANY or role not in taken):
            roles[at] = role
            taken.add(role)
    _complete(roles, columns)
    return roles


def _fitting(role: Role | None, seen: Seen) -> Role | None:
    """The role that the title suggests if what stands in the column can be that."""
    if role is None or not seen.filled:
        return role
    if role in _DATES:
        if seen.is_mostly(seen.dates):
            return role
        return Role.CURRENCY if seen.is_mostly(seen.currencies) else None
    if role in _AMOUNTS:
        return role if 2 * seen.amounts >= seen.filled else None
    if role is Role.CURRENCY:
        return role if seen.is_mostly(seen.currencies) else None
    if role is Role.MARK:
        return role if seen.words <= CREDIT_MARKS | DEBIT_MARKS else None
    if role is Role.STATUS:
        return role if seen.words & (BOOKED_WORDS | PENDING_WORDS | VOID_WORDS) else None
    return role


def _complete(roles: list[Role | None], columns: Sequence[Seen]) -> None:
    """Gives the roles that every table has to have to columns without one, where only one column can be it."""
    free = [at for at, role in enumerate(roles) if role is None]
    _complete_dates(roles, [at for at in free if columns[at].is_mostly(columns[at].dates)])
    _complete_amounts(roles, columns, free)
    _complete_one(roles, Role.CURRENCY, [at for at in free if columns[at].is_mostly(columns[at].currencies)])
    if Role.REMITTANCE not in roles:
        texts = [at for at in free if roles[at] is None and columns[at].is_mostly(columns[at].letters)]
        _complete_one(roles, Role.REMITTANCE, texts[:1])


def _complete_dates(roles: list[Role | None], dates: Sequence[int]) -> None:
    """The first column of dates is that of booking, the next that of value, as nearly all banks have them."""
    wanted = [role for role in (Role.BOOKED_ON, Role.VALUED_ON) if role not in roles]
    if Role.BOOKED_ON in wanted:
        for role, at in zip(wanted, dates, strict=False):
            roles[at] = role


def _complete_amounts(roles: list[Role | None], columns: Sequence[Seen], free: Sequence[int]) -> None:
    has_sides = Role.CREDIT in roles or Role.DEBIT in roles
    if Role.AMOUNT in roles and has_sides:
        _drop(roles, {Role.CREDIT, Role.DEBIT})
    elif has_sides:
        _drop(roles, {Role.MARK})
        return
    _complete_one(roles, Role.AMOUNT, [at for at in free if columns[at].is_mostly(columns[at].amounts)])
    if not _has_minus(roles, columns):
        _complete_one(roles, Role.MARK, [at for at in free if _is_of_marks(columns[at].words)])


def _complete_one(roles: list[Role | None], role: Role, places: Sequence[int]) -> None:
    """Gives `role` to the one column that it can be; among several nothing is chosen."""
    if role not in roles and len(places) == 1 and roles[places[0]] is None:
        roles[places[0]] = role


def _is_of_marks(words: set[str]) -> bool:
    """Whether a column without a telling title holds nothing but marks, those of credits and those of debits."""
    return words <= CREDIT_MARKS | DEBIT_MARKS and bool(words & CREDIT_MARKS) and bool(words & DEBIT_MARKS)


def _drop(roles: list[Role | None], unwanted: set[Role]) -> None:
    roles[:] = [None if role in unwanted else role for role in roles]


def _has_minus(roles: Sequence[Role | None], columns: Sequence[Seen]) -> bool:
    return any(seen.below for role, seen in zip(roles, columns, strict=True) if role is Role.AMOUNT)


def currency_of_titles(table: Table, roles: Sequence[Role | None]) -> str | None:
    if Role.CURRENCY in roles:
        return None
    amounts = [
        currency_in_title(title)
        for title, role in zip(table.titles, roles, strict=True)
        if role in (Role.AMOUNT, Role.CREDIT, Role.DEBIT)
    ]
    return next(filter(None, amounts), None)
