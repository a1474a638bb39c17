"""The purpose of a booking as tables write it: pieces joined, and the German SEPA tags in it taken apart."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from reconciliation.formats.mt940 import german

# Lengths at which German banks cut one text into pieces (MT940 :86: and ISO 20022); such a piece runs on where a
# table has more columns for them than the few that are texts of their own.
_CUT_AT = frozenset({27, 35})
_FEW = 3
_WITHOUT_BLANKS = ("account", "bic", "creditor_id")
_NOTHING: Mapping[str, str] = {}

# The tags of MT940 (DFÜ-Abkommen Anlage 3), which Atruvia writes with a colon instead of the plus.
_TAGS = "EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|BREF|RREF|PURP"
_TAGGED = re.compile(rf"(?:\A|(?<=[\s,;]))(?:{_TAGS})(?:\+|: ?)")


def joined(pieces: Sequence[str]) -> str:
    """One text of the pieces that several columns hold; blanks are single."""
    if len(pieces) == 1:
        text = pieces[0]
    else:
        filled = [piece for piece in pieces if piece and not piece.isspace()]
        cut_at = _CUT_AT if len(pieces) > _FEW else frozenset()
        text = "".join(piece if len(piece) in cut_at else piece + " " for piece in filled)
    return " ".join(text.split()) if "  " in text or "\n" in text or "\t" in text else text.strip()


def without_breaks(text: str, line_break: str) -> str:
    """The text with the bank's own mark of a line break taken out; a line is cut anywhere, so it runs on."""
    pieces = text.split(line_break)
    return "".join(f" {piece}" if _TAGGED.match(piece) else piece for piece in pieces).strip()


def parted(text: str) -> tuple[str, Mapping[str, str]]:
    """The text without the tags in it, and what these say by the names that MT940 has for it."""
    if "+" not in text and ":" not in text:
        return text, _NOTHING
    tagged = _TAGGED.search(text)
    if tagged is None:
        return text, _NOTHING
    tags = text[tagged.start() :]
    found = german.attributes(tags, []) if "+" in tags else {"purpose": tags}
    if ":" in tags:
        german.read_spelled(found)
    for name in _WITHOUT_BLANKS:
        if name in found:
            found[name] = found[name].replace(" ", "")
    before = text[: tagged.start()].strip(" ,;")
    return " ".join(part for part in (before, found.get("purpose", "")) if part), found
