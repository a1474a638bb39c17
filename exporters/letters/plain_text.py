"""What others wrote, made fit for one line of a letter."""

from __future__ import annotations

import unicodedata

# Line and paragraph separators and control characters end a line or a header somewhere.
_BREAKS = frozenset({"Cc", "Zl", "Zp"})
# Cf: what nobody sees, among it the signs that turn the direction of the text behind them. Cs: halves of pairs.
_UNSEEN = frozenset({"Cf", "Cs", "Co", "Cn"})
NOTHING = "\N{EN DASH}"


def one_line(text: str) -> str:
    """`text` with every run of blanks and breaks as one blank, and without characters nobody can see."""
    kinds = ((character, unicodedata.category(character)) for character in text)
    seen = (" " if kind in _BREAKS else character for character, kind in kinds if kind not in _UNSEEN)
    return " ".join("".join(seen).split()) or NOTHING


def header_line(text: str) -> str:
    """`one_line` for a header: nothing in it begins an encoded word (RFC 2047), in which line breaks could hide."""
    return one_line(text).replace("=?", "= ?")
