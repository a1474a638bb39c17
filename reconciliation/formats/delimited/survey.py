"""The first reading of a table, which finds what only the whole file proves: dates, decimal sign, signs, accounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from reconciliation.formats.delimited.layout import Signs
from reconciliation.formats.delimited.rows import Plan
from reconciliation.formats.delimited.text import Cells, Row
from reconciliation.formats.delimited.values import is_meant_as_a_date, marks, orders
from reconciliation.formats.delimited.words import Role, titled
from reconciliation.formats.written import DateOrder, DecimalMark
from reconciliation.statement import UnreadableFile

ENOUGH_AMOUNTS = 1_000  # cells that are looked at for a decimal sign that is known or proved already
_MOST_TEXTS = 20_000  # different dates that are kept in mind; the calendar has 7,000 days in twenty years
MOST_ACCOUNTS = 50
MOST_MIXED = 20  # accounts whose rows may be mixed: the file is read once for each of them
MOST_IDLE = 10_000  # rows in a row that may hold no booking

# The account of a booking as the file writes it, and its currency where each currency is an account.
Key: TypeAlias = tuple[str, str]
NO_KEY: Key = ("", "")


@dataclass(slots=True)
class Survey:
    """What the rows of a file prove."""

    rows: int = 0
    last_dated_line: int | None = None
    orders: Counter[DateOrder] = field(default_factory=Counter)
    unclear_dates: int = 0
    marks: Counter[DecimalMark] = field(default_factory=Counter)
    unclear_amounts: int = 0
    keys: dict[Key, str] = field(default_factory=dict)
    first_currency: str = ""
    is_mixed: bool = False
    signs: Counter[tuple[str, bool]] = field(default_factory=Counter)

    @property
    def date_order(self) -> DateOrder | None:
        """The order that the file proves; None where it does not, or where it proves two."""
        return next(iter(self.orders)) if len(self.orders) == 1 else None

    @property
    def decimal_mark(self) -> DecimalMark | None:
        return next(iter(self.marks)) if len(self.marks) == 1 else None

    @property
    def needs_order(self) -> bool:
        """Whether some date cannot be read without knowing the order."""
        return bool(self.unclear_dates or self.orders)

    @property
    def needs_mark(self) -> bool:
        """Whether some amount cannot be read without knowing the decimal sign."""
        return bool(self.unclear_amounts or self.marks)

    @property
    def has_mixed_signs(self) -> bool:
        """Whether a side or a mark has amounts of both signs, so that it does not tell the sign alone."""
        return any((kind, not is_below) in self.signs for kind, is_below in self.signs)


def survey(rows: Iterator[Row], plan: Plan) -> Survey:
    """Reads all rows once. Raises UnreadableFile where thousands of them in a row hold no date."""
    found = Survey()
    date, begins_at = plan.date, plan.table.last_line
    note = _noters(plan)
    seen: set[str] = set()
    idle = 0
    for first, last, cells in rows:
        idle += 1
        if idle > MOST_IDLE:
            raise UnreadableFile("The file holds thousands of rows without a booking.", line=last)
        if cells is None or last <= begins_at or len(cells) <= date:
            continue
        text = cells[date]
        if text not in seen:
            if not text.strip() or not _note_date(text, found):
                continue
            if len(seen) < _MOST_TEXTS:
                seen.add(text)
        idle = 0
        found.rows += 1
        found.last_dated_line = first
        for each in note:
            each(cells, found)
    return found


Noter: TypeAlias = Callable[[Cells, "Survey"], None]


def _noters(plan: Plan) -> list[Noter]:
    """What there is to be noted of each row; a table whose layout says everything needs little."""
    noters: list[Noter] = [_Amounts(plan)]
    valued = plan.one(Role.VALUED_ON)
    if plan.layout.date_order is None and valued is not None and valued != plan.date:
        noters.append(_Dates(valued))
    sides = _sides(plan)
    if sides is not None:
        noters.append(sides)
    if key_places(plan) is not None or plan.places.get(Role.CURRENCY):
        noters.append(_Keyed(plan))
    return noters


class _Dates:
    """Notes what the dates of another column prove."""

    def __init__(self, place: int) -> None:
        self.place = place
        self.seen: set[str] = set()

    def __call__(self, cells: Cells, found: Survey) -> None:
        text = cells[self.place] if self.place < len(cells) else ""
        if text and text not in self.seen:
            _note_date(text, found)
            if len(self.seen) < _MOST_TEXTS:
                self.seen.add(text)


class _Amounts:
    """Notes what amounts prove of the decimal sign: until it is proved, and in any case of the first rows."""

    def __init__(self, plan: Plan) -> None:
        self.places = (*plan.amounts, *plan.places.get(Role.BALANCE, ()))
        self.is_known = plan.layout.decimal_mark is not None
        self.looked = 0

    def __call__(self, cells: Cells, found: Survey) -> None:
        if self.looked >= ENOUGH_AMOUNTS and (self.is_known or found.marks):
            return
        self.looked += 1
        for at in self.places:
            if at < len(cells) and cells[at]:
                _note_amount(cells[at], found)


def _note_date(text: str, found: Survey) -> bool:
    """Whether the text has the form of a date; what it proves is noted."""
    possible = orders(text)
    if len(possible) == 1:
        found.orders[next(iter(possible))] += 1
    elif possible:
        found.unclear_dates += 1
    return bool(possible) or is_meant_as_a_date(text)


def _note_amount(text: str, found: Survey) -> None:
    possible = marks(text)
    if len(possible) == 1:
        found.marks[next(iter(possible))] += 1
    elif possible and not text.strip(" +-").isdigit():
        found.unclear_amounts += 1


class _Keyed:
    """Notes the accounts of a file in their order, and whether their rows are mixed."""

    def __init__(self, plan: Plan) -> None:
        self.places = key_places(plan)
        only_account = self.places is not None and not self.places[1]
        self.account = self.places[0][0] if self.places is not None and only_account else None
        self.text: str | None = None
        self.current: Key | None = None
        self.currency = plan.places.get(Role.CURRENCY, ())

    def __call__(self, cells: Cells, found: Survey) -> None:
        if self.places is None:
            found.first_currency = found.first_currency or self.currency_in(cells)
            return
        if self.account is not None and self.account < len(cells) and cells[self.account] == self.text:
            return
        if self.account is not None and self.account < len(cells):
            self.text = cells[self.account]
        key = key_of(cells, self.places, self.current)
        if key == self.current:
            return
        if key in found.keys:
            found.is_mixed = True
        elif len(found.keys) <= MOST_ACCOUNTS:
            found.keys[key] = self.currency_in(cells)
        self.current = key

    def currency_in(self, cells: Cells) -> str:
        return next((cells[at].strip() for at in self.currency if at < len(cells) and cells[at].strip()), "")


def key_places(plan: Plan) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Where the account stands, and the currency if each is an account; None where the table is about one account."""
    account = plan.places.get(Role.ACCOUNT, ())
    currency = plan.places.get(Role.CURRENCY, ()) if plan.layout.per_currency else ()
    return (account, currency) if account or currency else None


def key_of(cells: Cells, places: tuple[tuple[int, ...], tuple[int, ...]] | None, before: Key | None) -> Key:
    """The account of a row; one that does not name it goes with the row `before`."""
    if places is None:
        return NO_KEY
    account, currency = places
    name = cells[account[0]].strip() if account and account[0] < len(cells) else ""
    code = next((cells[at].strip() for at in currency if at < len(cells) and cells[at].strip()), "")
    if before is None:
        return name, code
    return (name or before[0]), (code or (before[1] if currency else ""))


def _sides(plan: Plan) -> Noter | None:
    """What notes the signs of amounts by side or mark, where the layout leaves open what they mean."""
    if plan.layout.signs is not None:
        return None
    mark, amount = plan.one(Role.MARK), plan.one(Role.AMOUNT)
    if mark is not None and amount is not None:

        def by_mark(cells: Cells, found: Survey) -> None:
            if amount < len(cells) and mark < len(cells):
                _note_sign(titled(cells[mark]), cells[amount], found)

        return by_mark
    sides = [(role.value, place) for role in (Role.CREDIT, Role.DEBIT) for place in plan.places.get(role, ())]
    if not sides:
        return None

    def by_side(cells: Cells, found: Survey) -> None:
        for name, place in sides:
            if place < len(cells) and cells[place]:
                _note_sign(name, cells[place], found)

    return by_side


def _note_sign(kind: str, text: str, found: Survey) -> None:
    if text.strip("0., +-"):
        found.signs[kind, "-" in text or "(" in text] += 1


def resolved_signs(plan: Plan, found: Survey) -> Signs | None:
    """What the signs mean: as the layout says, or SIZE where no side or mark has both."""
    if plan.layout.signs is not None or found.has_mixed_signs:
        return plan.layout.signs
    return Signs.SIZE
