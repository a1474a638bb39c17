"""Names of people and companies in a form in which spellings of one name are equal."""

from __future__ import annotations

from anyascii import anyascii

_LONGEST = 140


def name_key(name: str) -> str:
    """The words of a name, folded to ASCII, in small letters and sorted; at most 140 characters."""
    return " ".join(sorted(anyascii(name).lower().split()))[:_LONGEST]
