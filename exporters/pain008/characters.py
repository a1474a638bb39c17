"""The characters every SEPA bank must take, and the way of any text into them (EPC217-08, EPC230-15)."""

from __future__ import annotations

import re
import unicodedata

from anyascii import anyascii

# EPC217-08 chapter 6.2: what all banks support; a bank may refuse or replace everything else.
GUARANTEED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")
REPLACEMENT = "."

# Umlauts as the German banks write them (DFÜ agreement, Anlage 3, alternative to the table of EPC217-08).
_UMLAUTS = {"Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ẞ": "SS"}

# Letters that do not fall apart into a base and an accent (table of EPC217-08).
_LETTERS = {"Æ": "A", "æ": "a", "Œ": "O", "œ": "o", "Ø": "O", "ø": "o", "Ł": "L", "ł": "l", "€": "E"}

# Signs with an equivalent (table of EPC217-08); dashes and quotes it lacks go to the nearest sign.
_SIGNS = {
    **dict.fromkeys("_~‐‑‒–—―−", "-"),
    **dict.fromkeys('"`´„“”‟‘’‚‛«»‹›', "'"),
    **dict.fromkeys("[{", "("),
    **dict.fromkeys("]}", ")"),
    **dict.fromkeys("\\|", "/"),
    ";": ",",
    "&": "+",
    "…": "...",
}
_OWN = {**_UMLAUTS, **_LETTERS, **_SIGNS}

_MARKS = ("Mn", "Me")
_LETTERS_AND_NUMBERS = ("L", "N")

_CLEAN = re.compile(r"[A-Za-z0-9/\-?:().,'+]+(?: [A-Za-z0-9/\-?:().,'+]+)*")


class _Equivalents(dict[int, str]):
    """Code point to SEPA text, worked out when first met and then remembered."""

    def __missing__(self, code: int) -> str:
        equivalent = _equivalent(chr(code))
        self[code] = equivalent
        return equivalent


def _equivalent(character: str) -> str:
    """SEPA text for one character: itself, our map, without accents, in Latin letters, else a full stop."""
    if character in GUARANTEED:
        return character
    if character.isspace():
        return " "
    if character in _OWN:
        return _OWN[character]
    if unicodedata.category(character) in _MARKS:
        return ""
    return _without_marks(character) or _in_latin(character) or REPLACEMENT


def _without_marks(character: str) -> str | None:
    """The compatibility form without accents, when all that is left is SEPA text or has an own equivalent."""
    base = [part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part)]
    if any(part not in GUARANTEED and part not in _OWN for part in base):
        return None
    return "".join(_OWN.get(part, part) for part in base)


def _in_latin(character: str) -> str | None:
    """Letters and numbers of other scripts in Latin ones; pictures have names there, which nobody wrote."""
    if unicodedata.category(character)[0] not in _LETTERS_AND_NUMBERS:
        return None
    return "".join(part if part in GUARANTEED else REPLACEMENT for part in anyascii(character))


_EQUIVALENTS = _Equivalents()


def is_clean(text: str) -> bool:
    """Whether `text` is SEPA text already: guaranteed characters, no blank at either end, no two in a row."""
    return _CLEAN.fullmatch(text) is not None


def to_sepa(text: str) -> str:
    """`text` in the guaranteed characters, blanks collapsed; what has no equivalent becomes a full stop.

    German umlauts become two letters, other accents fall away, other scripts are written in Latin letters.
    Only text without any visible character becomes empty. SEPA text comes back unchanged. For names and free
    text; never for references, which are compared character by character.
    """
    if is_clean(text):
        return text
    converted = " ".join(unicodedata.normalize("NFC", text).translate(_EQUIVALENTS).split())
    return converted or (REPLACEMENT if text.strip() else "")
