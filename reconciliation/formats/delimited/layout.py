"""What is known of a table's columns, as a layout to keep.

A `Layout` says which column tells what and how dates and amounts are written. It is plain data: `to_json` gives
what a database keeps, `Layout.from_json` takes it back, and `signature` is the key to find it by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from ledger.errors import Rejected
from ledger.money import checked_currency
from reconciliation.formats.delimited.words import MANY, Role, titled
from reconciliation.formats.written import DateOrder, DecimalMark

NUMBERED = "#"  # the title of a column in a table without a header row is its number behind this


class Signs(StrEnum):
    """Where the sign of an amount comes from, if not simply from the amount itself.

    SIZE: a column or a mark says whether it is a credit, and the sign in the cell means nothing.
    ARITHMETIC: the amount is the credit less the debit, each with its own sign.
    """

    SIZE = "size"
    ARITHMETIC = "arithmetic"


class Continues(StrEnum):
    """Whether the rows below a booking may tell more of it.

    UNDATED: a row with neither date nor amount does. SAME_REFERENCE: one without an amount and with the same bank
    reference does.
    """

    NEVER = "never"
    UNDATED = "undated"
    SAME_REFERENCE = "same_reference"


class BadLayout(Rejected):
    """A layout cannot be used: a column is missing, or told twice, or an answer is none of the choices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column by its title as the file writes it, and what it tells; None where it is passed over."""

    title: str
    role: Role | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How one bank writes its table.

    `date_order`, `decimal_mark` and `signs` are None where each file has to prove them. `currency` is that of every
    amount where no column names one. `inverted`: money out is written as positive, as in exports of credit cards.
    `ragged`: rows may end before their last columns. `per_currency`: each currency is an account of its own.
    `booked`, `pending` and `credits`, `debits` are further words of the status and mark columns. `source` says where
    a shipped layout comes from and the date it was seen.
    """

    name: str
    columns: tuple[Column, ...]
    delimiter: str | None = None
    headed: bool = True
    date_order: DateOrder | None = None
    decimal_mark: DecimalMark | None = None
    signs: Signs | None = None
    inverted: bool = False
    currency: str | None = None
    encoding: str | None = None
    continues: Continues = Continues.NEVER
    ragged: bool = False
    per_currency: bool = False
    booked: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    credits: tuple[str, ...] = ()
    debits: tuple[str, ...] = ()
    line_break: str | None = None
    source: str = ""

    @property
    def titles(self) -> tuple[str, ...]:
        """The titles as they are compared, in the order of the columns; of equal ones the later are numbered."""
        return compared([column.title for column in self.columns])

    @property
    def signature(self) -> str:
        """The key of the layout: equal for every table with the same titles, in whatever order they stand."""
        return signature(self.titles)

    def all_of(self, role: Role) -> tuple[int, ...]:
        """Where in `columns` those with that role stand."""
        return tuple(index for index, column in enumerate(self.columns) if column.role is role)

    def has(self, role: Role) -> bool:
        return any(column.role is role for column in self.columns)

    def to_json(self) -> dict[str, Any]:
        """The layout as values that JSON knows."""
        plain = asdict(self)
        plain["columns"] = [
            {"title": column.title, "role": column.role and column.role.value} for column in self.columns
        ]
        for name in ("date_order", "decimal_mark", "signs", "continues"):
            plain[name] = plain[name] and str(plain[name].value)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Layout:
        """The layout that `to_json` gave, checked. Raises BadLayout."""
        return unchecked(plain).checked()

    def checked(self) -> Layout:
        """The layout itself. Raises BadLayout, or UnknownCurrency, where no booking could be read by it."""
        for fault in self._faults():
            raise BadLayout(fault)
        if self.currency is not None:
            checked_currency(self.currency)
        return self

    def _faults(self) -> Iterator[str]:
        for role in Role:
            if role not in MANY and len(self.all_of(role)) > 1:
                yield f"More than one column is given the meaning {role.value}."
        if not self.has(Role.BOOKED_ON) and not self.has(Role.VALUED_ON):
            yield "No column is said to hold the date of the booking."
        has_sides = self.has(Role.CREDIT) or self.has(Role.DEBIT)
        if self.has(Role.AMOUNT) == has_sides:
            yield "Either one column has to hold the amount, or two hold credits and debits."
        if self.has(Role.MARK) and has_sides:
            yield "A column that marks credits and debits does not go with two columns for them."
        if self.delimiter is not None and len(self.delimiter) != 1:
            yield "A delimiter is one character."


_KINDS: dict[str, type[StrEnum]] = {
    "date_order": DateOrder,
    "decimal_mark": DecimalMark,
    "signs": Signs,
    "continues": Continues,
}


def unchecked(plain: Mapping[str, Any]) -> Layout:
    """The layout that `to_json` gave, which may still lack what a proposal asks for. Raises BadLayout."""
    try:
        facts = dict(plain)
        facts["columns"] = tuple(_column(column) for column in facts["columns"])
        for name, kind in _KINDS.items():
            facts[name] = None if facts.get(name) is None else kind(facts[name])
        facts["continues"] = facts["continues"] or Continues.NEVER
        for name in ("booked", "pending", "credits", "debits"):
            facts[name] = tuple(str(word) for word in facts.get(name, ()))
        return Layout(**facts)
    except (KeyError, TypeError, ValueError):
        raise BadLayout("The layout is not one that was written here.") from None


def _column(plain: Mapping[str, Any]) -> Column:
    role = plain.get("role")
    return Column(title=str(plain["title"]), role=None if role is None else Role(role))


def compared(titles: Sequence[str]) -> tuple[str, ...]:
    """Titles as they are compared, in their order; of equal ones the later are numbered."""
    seen: dict[str, int] = {}
    result = []
    for title in titles:
        bare = titled(title) if not title.startswith(NUMBERED) else title
        seen[bare] = seen.get(bare, 0) + 1
        result.append(bare if seen[bare] == 1 else f"{bare} {seen[bare]}")
    return tuple(result)


def signature(titles: Sequence[str]) -> str:
    """The key of titles that `compared` gave. Titles without a header row keep their order, for it is all they have."""
    return "|".join(sorted(titles))
