"""Tells of a text in a bank file whether it is an IBAN, a BIC or a creditor reference."""

from __future__ import annotations

from functools import lru_cache

from ledger.banking import Bic, Iban, InvalidBic, InvalidIban, InvalidReference, RfReference


def creditor_reference(text: str) -> str | None:
    """`text` if it is a creditor reference by ISO 11649."""
    try:
        return RfReference.parse(text).compact if text[:2].upper() == "RF" else None
    except InvalidReference:
        return None


@lru_cache(maxsize=1024)
def iban(text: str) -> str | None:
    """The IBAN without blanks if `text` is one."""
    try:
        return Iban.parse(text).compact if text[:2].isalpha() else None
    except InvalidIban:
        return None


@lru_cache(maxsize=1024)
def bic(text: str | None) -> str | None:
    """The BIC if a bank's number is one."""
    try:
        return None if text is None else Bic.parse(text).compact
    except InvalidBic:
        return None
