"""Evidence that ties a line to an invoice: small pure functions over texts and amounts."""

from __future__ import annotations

import re

# What separates the words of a remittance text; the marks inside invoice numbers (- / . _) do not.
_SEPARATORS = re.compile(r"[\s,;:()\[\]\"'+#*]+")
_LONGEST_NUMBER = 4  # words; an invoice number with more blanks than that is not recognised


def whole_tokens(text: str | None) -> set[str]:
    """Every run of one to four whole words of a remittance text, in capitals, words joined by one blank.

    A number is found only where it stands by itself: `815` is no token of `0815` nor of `RE-815`.
    """
    words = [word.strip(".-/_") for word in _SEPARATORS.split((text or "").upper())]
    words = [word for word in words if word]
    return {
        " ".join(words[start : start + length])
        for length in range(1, _LONGEST_NUMBER + 1)
        for start in range(len(words) - length + 1)
    }
