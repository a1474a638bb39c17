"""Texts from outside: never empty, never longer than their column, and without characters nobody can see."""

from __future__ import annotations

import unicodedata

from ledger.errors import Rejected

# Cc: control characters, among them NUL, which PostgreSQL cannot hold. Cs: halves of surrogate pairs, not in UTF-8.
_UNREADABLE = frozenset({"Cc", "Cs"})


class UnreadableText(Rejected):
    """A text is empty, too long, or has control characters in it."""


def checked_text(text: str, *, field: str, longest: int) -> str:
    """`text` if it has 1 to `longest` characters, not all of them blanks and none a control character.

    Raises UnreadableText, which names `field` and never repeats the text.
    """
    noun = field.replace("_", " ")
    if not text.strip():
        raise UnreadableText(f"The {noun} is empty.", field=field)
    if len(text) > longest:
        raise UnreadableText(f"The {noun} is longer than {longest} characters.", field=field)
    if any(unicodedata.category(character) in _UNREADABLE for character in text):
        raise UnreadableText(f"The {noun} has control characters in it.", field=field)
    return text


def check_optional(texts: dict[str, str | None], longest: dict[str, int]) -> None:
    """`checked_text` for every one of `texts` that is there; the keys of both are the names of fields."""
    for field, limit in longest.items():
        text = texts[field]
        if text is not None:
            checked_text(text, field=field, longest=limit)
