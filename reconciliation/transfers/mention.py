"""A number in a text that can be one of our invoices, and how plainly it stands there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ledger.invoice_numbers import compact
from reconciliation.transfers.units import letters_before_digits

_BLANKS = re.compile(r"\s+")


class How(StrEnum):
    """How a number stands in the text."""

    WHOLE = "whole"  # with the letters our numbers have, or without where ours have none
    WITHOUT_PREFIX = "without_prefix"
    OTHER_PREFIX = (
        "other_prefix"  # behind letters or a word that ours do not have: Rechnung20260815, RG 20260815
    )
    LISTED = "listed"  # behind another number, and called what that is called
    RANGED = "ranged"  # one of `1001-1005`
    JOINED = "joined"  # only found by joining digits over a blank or a line break


@dataclass(frozen=True, slots=True)
class Mention:
    """A number in a text that can be one of our invoices."""

    core: str  # what invoices are looked up by
    how: How
    text: str  # as it stood, with its letters; of a range the whole range
    position: int
    letters: str  # before the digits, as written; the word where one stands instead; empty if there are none
    called_invoice: bool  # by a word like Rechnung or facture
    called_otherwise: bool  # customer, contract, order ...; or it has the form of a date or a year
    fits: bool  # it has the shape of ours, so it contradicts every other invoice if there is none with it


def as_written(mention: Mention, number: str) -> How:
    """How the mention stands against the number of the invoice it was looked up for.

    Only the number itself tells whether a blank stands where it has a mark of its own (`RE 2026 0815` for
    RE-2026/0815 is whole), and whether the letters are those of this invoice.
    """
    how = mention.how
    if how is How.JOINED and _cuts(mention.text) <= _cuts_by_any(number):
        how = How.WHOLE
    if how not in (How.WHOLE, How.WITHOUT_PREFIX, How.OTHER_PREFIX):
        return how
    letters = letters_before_digits(compact(number))
    if mention.letters == letters:
        return How.WHOLE
    if not mention.letters:
        return How.WITHOUT_PREFIX
    named = mention.called_invoice or mention.how is How.WHOLE
    return How.WHOLE if not letters and named and how is How.WHOLE else How.OTHER_PREFIX


def _cuts(text: str) -> set[int]:
    """Where blanks stand in it, counted in letters and digits from the end."""
    pieces = [compact(piece) for piece in _BLANKS.split(text)]
    return _offsets(pieces)


def _cuts_by_any(number: str) -> set[int]:
    """Where anything but letters and digits stands, and where letters end, counted from the end."""
    whole = compact(number)
    pieces = [compact(piece) for piece in re.split(r"[^A-Za-z0-9]+", number)]
    return _offsets(pieces) | {len(whole) - len(letters_before_digits(whole))}


def _offsets(pieces: Sequence[str]) -> set[int]:
    offsets, behind = set(), 0
    for piece in reversed(pieces[1:]):
        behind += len(piece)
        offsets.add(behind)
    return offsets - {0}
