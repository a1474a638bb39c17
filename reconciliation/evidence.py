"""Evidence that ties a line to an invoice: small pure functions over texts and amounts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

# What separates the words of a remittance text; the marks inside invoice numbers (- / . _) do not, nor does the
# comma of an amount.
_SEPARATORS = re.compile(r"(?:[\s;:()\[\]\"'+#*]|(?<![0-9]),|,(?![0-9]))+")
_LONGEST_NUMBER = 4  # words; an invoice number with more blanks than that is not recognised

# Words after which digits are a telephone number, and words that may stand between.
_PHONE = re.compile(
    r"(?:TEL|TELEFON|TELEPHONE|TÉLÉPHONE|TELEFOON|TELEFONO|FON|PHONE|FAX|TELEFAX|MOBIL|MOBILE|HANDY|GSM|RÜCKRUF)"
    r"(?:[.\-/]*(?:NR|NO|NUMMER))?"
)
_NUMBER_FOLLOWS = frozenset({"NR", "NO", "NUMMER", "NUMBER", "UNTER"})
_DIGITS = re.compile(r"[0-9./\-]+")


def whole_tokens(text: str | None) -> set[str]:
    """Every run of one to four whole words of a remittance text, in capitals, words joined by one blank.

    A number is found only where it stands by itself: `815` is no token of `0815` nor of `RE-815`. Telephone
    numbers that are called so are left out.
    """
    words = [word.strip(".-/_") for word in _SEPARATORS.split((text or "").upper())]
    return {token for run in _runs(word for word in words if word) for token in _tokens(run)}


def _tokens(words: list[str]) -> Iterator[str]:
    for length in range(1, _LONGEST_NUMBER + 1):
        for start in range(len(words) - length + 1):
            yield " ".join(words[start : start + length])


def _runs(words: Iterable[str]) -> Iterator[list[str]]:
    """The words in pieces, cut where a telephone number stood."""
    run: list[str] = []
    calls = False
    for word in words:
        if calls and _DIGITS.fullmatch(word):
            yield run
            run = []
            continue
        calls = _PHONE.fullmatch(word) is not None or (calls and word in _NUMBER_FOLLOWS)
        run.append(word)
    yield run
