"""Check digits worked out by hand, to compare with those of the house and its libraries."""

from __future__ import annotations


def check_digits_by_hand(text: str) -> str:
    """ISO 7064 MOD 97-10 by long division, one character after the other."""
    remainder = 0
    for character in text + "00":
        value = int(character, 36)
        remainder = (remainder * (10 if value < 10 else 100) + value) % 97
    return f"{98 - remainder:02d}"
