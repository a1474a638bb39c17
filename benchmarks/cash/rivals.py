"""Three ways to match that are often seen, written here only, to be held against the product on the same lines."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from benchmarks.cash.facts import Customer, Invoice, Line, Month, Share
from benchmarks.cash.judging import Done
from ledger.party_names import name_key

_SHORTEST = 4  # signs of a number that is looked for inside a text
_MARKS = re.compile(r"[^A-Z0-9]")


@dataclass
class _Open:
    """What is open of the year so far, found by number, amount and payer's name."""

    customers: list[Customer]
    left: dict[str, int] = field(default_factory=dict)
    owner: dict[str, int] = field(default_factory=dict)
    by_number: dict[str, str] = field(default_factory=dict)
    by_amount: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_customer: dict[int, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    by_name: dict[str, int] = field(default_factory=dict)
    lengths: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        for one in reversed(self.customers):
            self.by_name[name_key(one.name)] = one.index

    def add(self, invoice: Invoice) -> None:
        number = _MARKS.sub("", invoice.number.upper())
        self.left[invoice.number], self.owner[invoice.number] = invoice.total_minor, invoice.customer
        self.by_number[number] = invoice.number
        self.lengths.add(len(number))
        self.by_amount[invoice.total_minor].add(invoice.number)
        self.by_customer[invoice.customer][invoice.number] = None

    def take(self, number: str, amount: int) -> Share:
        """As much of the amount as is open of the invoice."""
        given = min(amount, self.left[number])
        self.by_amount[self.left[number]].discard(number)
        self.left[number] -= given
        if self.left[number]:
            self.by_amount[self.left[number]].add(number)
        else:
            del self.by_customer[self.owner[number]][number]
        return Share(number, given)


_Rival = Callable[[_Open, Line], Done | None]


def number_inside(books: _Open, line: Line) -> Done | None:
    """Any number of an open invoice that stands somewhere inside the text, whatever the amount."""
    text = _MARKS.sub("", line.text.upper())
    found = dict.fromkeys(
        books.by_number[piece]
        for length in sorted(books.lengths, reverse=True) if length >= _SHORTEST
        for piece in (text[at : at + length] for at in range(len(text) - length + 1))
        if piece in books.by_number and books.left[books.by_number[piece]]
    )  # fmt: skip
    return _given(books, line, found)


def exact_amount(books: _Open, line: Line) -> Done | None:
    """The one open invoice of exactly this amount."""
    found = books.by_amount.get(line.amount_minor, set())
    return _given(books, line, found) if len(found) == 1 else None


def oldest_first(books: _Open, line: Line) -> Done | None:
    """The customer of this name, and its open invoices from the oldest on until the money is gone."""
    customer = books.by_name.get(name_key(line.name))
    if customer is None or not books.by_customer[customer]:
        return None
    return _given(books, line, books.by_customer[customer])


RIVALS: Mapping[str, _Rival] = {
    "number inside the text": number_inside,
    "exact amount": exact_amount,
    "oldest first by name": oldest_first,
}


def play(rival: _Rival, customers: list[Customer], months: Iterable[Month]) -> dict[str, Done]:
    """What the rival does about every line that came in."""
    books, done = _Open(customers), {}
    for month in months:
        for invoice, line in _in_turn(month):
            if invoice is not None:
                books.add(invoice)
            elif line is not None and line.amount_minor > 0 and (made := rival(books, line)) is not None:
                done[line.key] = made
    return done


def _in_turn(month: Month) -> Iterator[tuple[Invoice | None, Line | None]]:
    """Invoices and lines by their day, invoices first."""
    things: list[tuple[Invoice | None, Line | None]] = [(one, None) for one in month.invoices]
    things += [(None, line) for line in month.lines]
    return iter(
        sorted(
            things,
            key=lambda pair: pair[0].issued_on if pair[0] else pair[1].booked_on if pair[1] else month.last,
        )
    )


def _given(books: _Open, line: Line, found: Iterable[str]) -> Done | None:
    left, shares = line.amount_minor, []
    for number in list(found):
        if left > 0:
            shares.append(books.take(number, left))
            left -= shares[-1].amount_minor
    if not shares:
        return None
    return Done(("payment",), books.owner[shares[0].invoice], tuple(shares), left)
