"""What a camt entry says in words and references, put together from the pieces that banks cut it into."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reconciliation.formats.tables import Record

# Widths at which banks cut one text into pieces: a German MT940 subfield, a SWIFT line, ISO 20022 Max140Text.
_CUT_WIDTHS = frozenset({27, 35, 140})

# Types of a reference that a creditor gave its invoice: ISO 11649 (SCOR) and the Swiss QR bill (QRR).
_CREDITOR_REFERENCES = frozenset({"SCOR", "QRR"})

# Marks of Swiss banks that stand among a payer's remarks (SIX implementation guidelines).
_SWISS_MARK = re.compile(r"\?(?:REJECT|ERROR)\?[0-9]*")


def references_of(stated: Sequence[Record]) -> Sequence[str]:
    """Structured references, the creditor's own first: by its type, else the one that comes first."""
    found = [one for one in stated if "reference" in one]
    found.sort(key=lambda one: one.get("type") not in _CREDITOR_REFERENCES)
    return [one["reference"] for one in found]


def remittance(facts: Record, entry: Record, references: Sequence[str]) -> str | None:
    """The payer's text, then the document numbers, remarks and further references that it does not repeat.

    Where the payer gave neither a text nor a reference, it is what the bank says of the entry.
    """
    written = joined(facts["remittance"]) if "remittance" in facts else ""
    if written == "NOTPROVIDED":
        written = ""
    if references or "documents" in facts or "remarks" in facts:
        remarks = (remark for remark in facts.get("remarks", ()) if not _SWISS_MARK.fullmatch(remark.strip()))
        extras = (*facts.get("documents", ()), *references[1:], *remarks)
        said = {written, *written.split()}
        new = dict.fromkeys(extra for extra in map(str.strip, extras) if extra not in said)
        written = " ".join(filter(None, (written, *new)))
    if written:
        return written
    if references:
        return None
    return joined(facts.get("return_remarks", ())) or facts.get("information") or entry.get("information")


def joined(pieces: Sequence[str]) -> str:
    """One text of the pieces a bank gives: those cut at full width run on, between others comes a blank.

    Pieces are cut if all but the last are of one known width, or a blank short of it, where the cut ate one.
    """
    if len(pieces) == 1:
        return _on_one_line(pieces[0]).strip()
    cut = [_on_one_line(piece) for piece in pieces]
    width = max(map(len, cut), default=0)
    is_cut = width in _CUT_WIDTHS and all(len(piece) >= width - 1 for piece in cut[:-1])
    if not is_cut:
        return " ".join(piece.strip() for piece in cut)
    return "".join(piece if len(piece) == width else piece + " " for piece in cut).strip()


def _on_one_line(piece: str) -> str:
    return " ".join(piece.split()) if "\n" in piece else piece
