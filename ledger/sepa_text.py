"""Which characters a reference may have if every bank is to carry it unchanged."""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST_REFERENCE = 35
_REFERENCE = re.compile(
    r"(?!/)(?!.*//)[A-Za-z0-9/\-?:().,'+](?:[A-Za-z0-9/\-?:().,'+ ]*[A-Za-z0-9\-?:().,'+])?"
)


def is_sepa_reference(text: str, limit: int = LONGEST_REFERENCE) -> bool:
    """Whether `text` may be an identifier (MsgId, EndToEndId, MndtId ...): guaranteed characters, 1 to `limit`.

    No slash at either end and no two in a row (EPC230-15); no blank at either end, for banks cut it off.
    """
    return len(text) <= limit and _REFERENCE.fullmatch(text) is not None


def are_sepa_references(texts: Sequence[str], limit: int = LONGEST_REFERENCE) -> bool:
    """Whether each of many texts may be an identifier; there is at least one."""
    return max(map(len, texts)) <= limit and all(map(_REFERENCE.fullmatch, texts))
