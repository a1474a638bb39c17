"""Which characters a reference may have if every bank is to carry it unchanged."""

from __future__ import annotations

import re

# EPC230-15: the letters, digits and marks that every SEPA bank takes; no slash at the ends, none doubled.
_REFERENCE = re.compile(r"(?!/)(?!.*//)[A-Za-z0-9/\-?:().,'+]+(?<!/)")
LONGEST_REFERENCE = 35


def is_sepa_reference(text: str, *, limit: int = LONGEST_REFERENCE) -> bool:
    """Whether `text` can serve as MsgId, EndToEndId, MndtId and the like (EPC230-15): 1 to `limit` characters."""
    return len(text) <= limit and _REFERENCE.fullmatch(text) is not None
