"""The characters a bank takes, as profiles, and the way of any text into them (EPC217-08, EPC230-15)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from anyascii import anyascii

from ledger.errors import NotFound

# EPC217-08 chapter 6.2: what all banks support; a bank may refuse or replace everything else.
GUARANTEED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")
REPLACEMENT = "."

# Umlauts as the German banks write them: the alternative that Anlage 3 of the DFÜ agreement allows.
_TWO_LETTERS = {"Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ẞ": "SS"}

# The same letters by the table of EPC217-08 itself, which has no ẞ.
_ONE_LETTER = {"Ä": "A", "Ö": "O", "Ü": "U", "ä": "a", "ö": "o", "ü": "u", "ß": "s", "ẞ": "SS"}

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

_WORDS = 4096  # remembered, because many people share their names

_MARKS = ("Mn", "Me")
_LETTERS_AND_NUMBERS = ("L", "N")


class UnknownCharacters(NotFound):
    """No character profile has this name."""


class _Equivalents(dict[str, str]):
    """Character to text of one profile, worked out when first met and then remembered."""

    def __init__(self, own: Mapping[str, str]) -> None:
        super().__init__()
        self._own = own

    def __missing__(self, character: str) -> str:
        self[character] = equivalent = self._equivalent(character)
        return equivalent

    def _equivalent(self, character: str) -> str:
        """Its row of our tables, without accents, in Latin letters, else a full stop."""
        if character.isspace():
            return " "
        if character in self._own:
            return self._own[character]
        if unicodedata.category(character) in _MARKS:
            return ""
        return self._without_marks(character) or _in_latin(character) or REPLACEMENT

    def _without_marks(self, character: str) -> str | None:
        """The compatibility form without accents, when all that is left is taken or has a row of its own."""
        base = [part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part)]
        if any(part not in GUARANTEED and part not in self._own for part in base):
            return None
        return "".join(part if part in GUARANTEED else self._own[part] for part in base)


def _in_latin(character: str) -> str | None:
    """Letters and numbers of other scripts in Latin ones; pictures have names there, which nobody wrote."""
    if unicodedata.category(character)[0] not in _LETTERS_AND_NUMBERS:
        return None
    return "".join(part if part in GUARANTEED else REPLACEMENT for part in anyascii(character))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Characters:
    """What one kind of bank takes: `taken` stays as it is, `beyond` finds a character that does not."""

    name: str
    taken: frozenset[str]
    beyond: re.Pattern[str]
    clean: re.Pattern[str]
    equivalents: dict[str, str]


def _profile(name: str, also: str, umlauts: Mapping[str, str]) -> Characters:
    taken = GUARANTEED | frozenset(also)
    inside = re.escape("".join(sorted(taken - {" "})))
    return Characters(
        name=name,
        taken=taken,
        beyond=re.compile(f"[^{inside} ]"),
        clean=re.compile(f"[{inside}]++(?: [{inside}]++)*+"),
        equivalents=_Equivalents({**umlauts, **_LETTERS, **_SIGNS}),
    )


# The guaranteed set and nothing else, umlauts in two letters: right for every bank.
LATIN = _profile("latin", "", _TWO_LETTERS)

# What German banks must take besides (DFÜ agreement, Anlage 3, V26.11): it stays as it is.
GERMAN = _profile("german", "ÄÖÜäöüß&*$%", _TWO_LETTERS)

# The letters of French and the at sign, which French banks take where it is agreed with them (CFONB); the
# umlauts French does not have go by the table of EPC217-08.
FRENCH = _profile("french", "ÀÂÇÈÉÊËÎÏÔÙÛÜàâçèéêëîïôùûüÿ@", _ONE_LETTER)

CHARACTERS: Mapping[str, Characters] = MappingProxyType({each.name: each for each in (LATIN, GERMAN, FRENCH)})
DEFAULT = LATIN


def by_name(name: str) -> Characters:
    """The character profile called `name`. Raises UnknownCharacters with the names there are."""
    try:
        return CHARACTERS[name]
    except KeyError:
        known = ", ".join(CHARACTERS)
        raise UnknownCharacters(
            f"There are no characters of that name; there are {known}.", field="character_profile"
        ) from None


def is_clean(text: str, characters: Characters = DEFAULT) -> bool:
    """Whether `text` can stay as it is: characters the bank takes, no blank at either end, no two in a row."""
    return characters.clean.fullmatch(text) is not None


def to_sepa(text: str, characters: Characters = DEFAULT) -> str:
    """`text` in the characters the bank takes, blanks collapsed; what has no equivalent becomes a full stop.

    Accents fall away, other scripts are written in Latin letters; with `latin` and `german` an umlaut that
    cannot stay becomes two letters. Only text without any visible character becomes empty. What is clean comes
    back unchanged. For names and free text; never for references, which are compared character by character.
    """
    if characters.clean.fullmatch(text) is not None:
        return text
    words = [_word(word, characters) for word in text.split()]
    return " ".join(filter(None, words)) or (REPLACEMENT if words else "")


@lru_cache(_WORDS)
def _word(word: str, characters: Characters) -> str:
    """A text without blanks in the characters the bank takes; an equivalent may bring in blanks."""
    written = unicodedata.normalize("NFC", word)
    for character in set(characters.beyond.findall(written)):
        written = written.replace(character, characters.equivalents[character])
    return " ".join(written.split())


def shortened(text: str, limit: int, characters: Characters = DEFAULT) -> str:
    """The first `limit` characters of `to_sepa`, as a file has them; still never empty for a visible text."""
    written = to_sepa(text, characters)
    return written if len(written) <= limit else written[:limit].rstrip()


def changed(
    text: str, characters: Characters = DEFAULT, *, limit: int | None = None
) -> tuple[str, str] | None:
    """Before and after, where the file will not say exactly `text`; None where it will. For showing to people."""
    after = to_sepa(text, characters) if limit is None else shortened(text, limit, characters)
    return None if after == text else (text, after)
