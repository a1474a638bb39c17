"""Rules for what any text and any identifier in a pain.008 file may hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from exporters.pain008 import places
from exporters.pain008.findings import Case, Fault
from ledger.sepa_text import is_sepa_reference

HEADER_IDENTIFIERS = (places.MESSAGE_ID,)
BLOCK_IDENTIFIERS = (places.BLOCK_ID,)
TRANSACTION_IDENTIFIERS = (
    places.INSTRUCTION_ID,
    places.END_TO_END_ID,
    places.MANDATE_ID,
    places.ORIGINAL_MANDATE_ID,
    places.NOTIFICATION_ID,
)
_IDENTIFIERS = frozenset(HEADER_IDENTIFIERS + BLOCK_IDENTIFIERS + TRANSACTION_IDENTIFIERS)

_BEYOND = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
_DOUBTFUL = "The text holds characters that not every bank takes; it may be changed or refused."
_EMPTY = "The element holds nothing but blanks; leave it out instead."


def identifiers(*paths: str) -> Callable[[Case], Iterator[Fault]]:
    """Identifiers keep to the guaranteed characters and to 35 of them, with slashes only inside."""

    def faults(case: Case) -> Iterator[Fault]:
        limit = case.profile.identifier_length
        for path in paths:
            value = case.fields.get(path)
            if value is not None and not is_sepa_reference(value, limit):
                yield path, _form(limit)

    return faults


def _form(limit: int) -> str:
    return (
        f"An identifier has 1 to {limit} of the characters that every bank takes, with slashes and blanks "
        "only inside and no two slashes in a row."
    )


def no_blank_text(case: Case) -> Iterator[Fault]:
    """No element is there only to hold nothing; a bank may refuse the whole file for one."""
    for path, value in case.fields.items():
        if value is not None and (not value or value.isspace()):
            yield path, _EMPTY


def guaranteed_characters(case: Case) -> Iterator[Fault]:
    """Texts keep to the characters that every bank takes. Identifiers have a stricter rule of their own."""
    if _BEYOND.search("".join([value for value in case.fields.values() if value])) is None:
        return
    for path, value in case.fields.items():
        if value is not None and path not in _IDENTIFIERS and _BEYOND.search(value):
            yield path, _DOUBTFUL
