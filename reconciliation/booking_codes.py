"""What the code of a booking says: that it credits direct debits, or that the bank takes something for itself.

Sources: ISO 20022 external code set of bank transactions (domain/family/sub-family); SWIFT transaction types and the
German business transaction codes (GVC), as banks write them in MT940 and beside the ISO code (`NDDT+192`).
"""

from __future__ import annotations

import re
from enum import StrEnum

# IDDT is a direct debit that its creditor has sent in: ESDD in the Core scheme, BBDD in B2B.
_DEBIT_CREDITS = frozenset({"PMNT/IDDT/ESDD", "PMNT/IDDT/BBDD"})
_GERMAN_DEBIT_CREDITS = frozenset({"171", "174", "192", "196"})

_CHARGES = frozenset({"CHRG", "COMM", "FEES"})
_INTEREST = frozenset({"INTR"})
_SWIFT = re.compile(r"[NFS]([A-Z]{3})(?:\+([0-9]{3}))?(?:\+.*)?")


# What `taken` knows, and perhaps more, as PostgreSQL finds it.
TAKEN_SQL = "/(CHRG|COMM|FEES|INTR)$|^[NFS](CHG|INT)|[+]808"


class Taken(StrEnum):
    """What a bank takes for itself."""

    CHARGES = "charges"
    INTEREST = "interest"


def is_debit_credit(code: str | None) -> bool:
    """Whether a booking of this code credits direct debits of ours."""
    if code in _DEBIT_CREDITS:
        return True
    found = _SWIFT.fullmatch(code or "")
    return found is not None and found[2] in _GERMAN_DEBIT_CREDITS


def taken(code: str | None) -> Taken | None:
    """What the bank takes by a booking of this code; None where the code says something else."""
    if code is None:
        return None
    sub_family = code.rpartition("/")[2] if code.count("/") == 2 else ""
    found = _SWIFT.fullmatch(code)
    kind = found[1] if found is not None else ""
    if sub_family in _CHARGES or kind == "CHG" or (found is not None and found[2] == "808"):
        return Taken.CHARGES
    return Taken.INTEREST if sub_family in _INTEREST or kind == "INT" else None
