"""Which MT940 messages are pages of one statement, and what is said of a page whose sisters are missing.

Source: SWIFT MT940: :28C: is the number of a statement and of its page, :60M: and :62M: are the balances between
pages, :60F: and :62F: those at its beginning and end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciliation.statement import Account, Balance

_BETWEEN_FIRST, _BETWEEN_LAST = "60M", "62M"
_LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True)
class Page:
    """What one message says of its place among the pages of a statement."""

    account: Account | None
    sequence: str | None
    opening: Balance | None
    closing: Balance | None

    @property
    def announces_another(self) -> bool:
        return self.closing is not None and self.closing.kind == _BETWEEN_LAST


def goes_on(before: Page, page: Page) -> bool:
    """Whether `page` is the next one behind `before` of the same statement.

    That is so by their numbers; where a bank does not count its pages, by the balance that both state.
    """
    if not before.announces_another or page.opening is None or page.opening.kind != _BETWEEN_FIRST:
        return False
    number_before, page_before = _numbers(before.sequence)
    number, page_number = _numbers(page.sequence)
    if before.account != page.account or number_before != number or not _are_in_one_currency(before, page):
        return False
    if page_before is not None and page_number is not None and page_before != page_number:
        return page_number == page_before + 1
    return meets(before, page)


def meets(before: Page, page: Page) -> bool:
    """Whether the second opens with the balance that the first closed with."""
    if before.closing is None or page.opening is None:
        return False
    return before.closing.amount == page.opening.amount


def _are_in_one_currency(before: Page, page: Page) -> bool:
    if before.closing is None or page.opening is None:
        return False
    return before.closing.amount.currency == page.opening.amount.currency


def _numbers(sequence: str | None) -> tuple[str, int | None]:
    """The number of a statement without leading zeros, and that of its page where one is stated."""
    number, _, page = (sequence or "").partition("/")
    is_counted = page.isascii() and page.isdigit() and len(page) <= _LONGEST_NUMBER
    return number.strip().lstrip("0"), int(page) if is_counted else None


def missing(opening: Balance | None, closing: Balance | None) -> Iterator[str]:
    """What is said of pages that have to exist by the balances of a statement and are not there."""
    is_earlier = opening is not None and opening.kind == _BETWEEN_FIRST
    is_further = closing is not None and closing.kind == _BETWEEN_LAST
    if is_earlier or is_further:
        which = "Earlier and further" if is_earlier and is_further else "Earlier" if is_earlier else "Further"
        yield f"{which} pages of the statement stand elsewhere, so it is proved by its own balances."
