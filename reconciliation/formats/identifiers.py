"""Tells of a text in a bank file whether it is an IBAN, a BIC, a creditor reference, or none at all."""

from __future__ import annotations

from functools import lru_cache

from ledger.banking import Bic, Iban, InvalidBic, InvalidIban, InvalidReference, RfReference

# What banks write where a reference has to stand and there is none (EPC implementation guidelines; SWIFT).
NO_REFERENCE = frozenset({"NONREF", "NOTPROVIDED"})

LONGEST = 70  # letters that any of them has, blanks included; what is longer is not even looked at


def known_reference(text: str | None) -> str | None:
    """A reference or number as it is stated; None where it is blank or says that there is none."""
    if not text or (text[0] in "Nn" and text.upper() in NO_REFERENCE):
        return None
    return text


def looks_like_bic(text: str) -> bool:
    """Whether `text` stands for a BIC; in its place German banks also write their own code of eight digits."""
    return len(text) in (8, 11) and text.isalnum() and not text.isdigit()


def creditor_reference(text: str) -> str | None:
    """`text` if it is a creditor reference by ISO 11649."""
    try:
        return RfReference.parse(text).compact if text[:2].upper() == "RF" else None
    except InvalidReference:
        return None


def iban(text: str) -> str | None:
    """The IBAN without blanks if `text` is one."""
    return _iban(text) if len(text) <= LONGEST and text[:2].isalpha() else None


@lru_cache(maxsize=1024)
def _iban(text: str) -> str | None:
    try:
        return Iban.parse(text).compact
    except InvalidIban:
        return None


def bic(text: str | None) -> str | None:
    """The BIC if a bank's number is one."""
    return None if text is None or len(text) > LONGEST else _bic(text)


@lru_cache(maxsize=1024)
def _bic(text: str) -> str | None:
    try:
        return Bic.parse(text).compact
    except InvalidBic:
        return None
