"""The keys of invoice numbers: what stays of a number however it is written.

A payer writes `RE 2026/0815`, `re20260815` or `2026-0815` and means invoice `RE-2026-0815`. The core is what all of
them share, so it is what invoices are looked up by; the shape is what tells a number of ours from any other digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ledger.models import NumberShape

_NEITHER_LETTER_NOR_DIGIT = re.compile(r"[^A-Z0-9]+")
_PREFIX = re.compile(r"[A-Z]*0*")
_DIGITS = str.maketrans("0123456789", "9999999999")


def compact(number: str) -> str:
    """The letters A to Z, in capitals, and digits of `number`: `RE-2026/0815` gives `RE20260815`."""
    plain = number if number.isascii() else number.encode("ascii", "ignore").decode("ascii")
    return _NEITHER_LETTER_NOR_DIGIT.sub("", plain.upper())


def core(compacted: str) -> str:
    """A compact number without its leading letters and the zeros behind them; itself if nothing else is in it.

    The database computes the same for every invoice (column number_core).
    """
    return _PREFIX.sub("", compacted, count=1) or compacted


def shape(compacted: str) -> str:
    """A compact number with every digit as 9: `RE20260815` gives `RE99999999`."""
    return compacted.translate(_DIGITS)


def learn(session: Session, numbers: Iterable[tuple[str, str]]) -> None:
    """Remember the shapes of invoice numbers, given as (creditor id, number); what is known already stays."""
    found = {(creditor_id, shape(compact(number))) for creditor_id, number in numbers}
    rows = [{"creditor_id": creditor_id, "shape": one} for creditor_id, one in sorted(found) if one]
    if rows:
        session.execute(insert(NumberShape).on_conflict_do_nothing(), rows)


def shapes(session: Session, creditor_id: str) -> frozenset[str]:
    """Every shape that an invoice number of this creditor has had."""
    rows = session.execute(
        text("SELECT shape FROM number_shapes WHERE creditor_id = :id"), {"id": creditor_id}
    )
    return frozenset(row[0] for row in rows)
