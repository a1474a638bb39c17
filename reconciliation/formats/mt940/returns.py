"""What an MT940 line says of a payment that comes back: why, what it was before fees, and the fees."""

from __future__ import annotations

import re
from collections import Counter

from ledger.money import Money, UnreadableAmount
from mandates.reason_codes import IN_TEXTS
from reconciliation.formats.mt940.oddities import Oddity
from reconciliation.formats.mt940.texts import Facts
from reconciliation.formats.mt940.values import AMOUNT, minor_units

# German codes of business events (GVC) of payments that come back.
_RETURN_CODES = frozenset({"108", "109", "159", "181", "184"})
_RETURNED_ITEM = "RTI"  # SWIFT transaction type

# German return keys (?34) whose ISO reason is clear; others are kept as the bank wrote them.
_REASONS = {
    "901": "AC01",
    "902": "AC04",
    "903": "AC06",
    "904": "AG01",
    "906": "AM04",
    "907": "AM05",
    "908": "BE04",
    "909": "MD01",
    "910": "MD02",
    "912": "MD06",
    "913": "MD07",
    "914": "MS03",
    "915": "RC01",
}

_NARRATIVE = "NARR"  # ISO 20022: the reason is told in words only
_REASON = re.compile(r"(?<![A-Z0-9])[A-Z]{2}[0-9]{2}(?![A-Z0-9])")

# Amounts of the bank in the line below :61:, such as /OCMT/EUR11,85//CHGS/EUR0,50/
_STATED = re.compile(rf"/(OCMT|CHGS)/([A-Z]{{3}}) ?({AMOUNT})")
_STATED_IN_TEXT = re.compile(rf"(?:([A-Z]{{3}}) ?)?({AMOUNT})(?: ?([A-Z]{{3}}))?")


def told(
    facts: Facts, swift: str | None, is_reversal: bool, below: str, moved: Money, oddities: Counter[Oddity]
) -> tuple[str | None, Money | None, Money | None]:
    """The reason of a return, what was moved before fees, and the fees; None where it is none or not told.

    `below` is what stands under the first line of the :61:, `moved` the amount of the line.
    """
    is_returned = _is_returned(facts, swift)
    if not (is_returned or is_reversal or below or facts.get("charges")):
        return None, None, None
    original, charges = _amounts(facts, below, moved, is_returned or is_reversal, oddities)
    return _reason(facts) if is_returned else None, original, charges


def _is_returned(facts: Facts, swift: str | None) -> bool:
    """Whether a line is a payment that comes back: by its GVC, its reason, or its SWIFT type."""
    if facts.get("code") in _RETURN_CODES or "reason" in facts:
        return True
    return swift is not None and swift[1:] == _RETURNED_ITEM


def _reason(facts: Facts) -> str:
    """The ISO code the bank states, or that of its key, or one within its words; else the key, else NARR."""
    if "reason" in facts:
        return facts["reason"]
    key = facts.get("key", "")
    if key in _REASONS:
        return _REASONS[key]
    words = _REASON.findall(" ".join((facts.get("purpose", ""), facts.get("return_note", ""))))
    return next((word for word in words if word in IN_TEXTS), key or _NARRATIVE)


def _amounts(
    facts: Facts, below: str, moved: Money, is_turned: bool, oddities: Counter[Oddity]
) -> tuple[Money | None, Money | None]:
    """What was collected before fees, and the fees, both counted upwards; None where not told.

    A booking of what comes back holds both, so without the first it is the booking less the fees.
    """
    original, charges = _part(facts, "original", moved, oddities), _part(facts, "charges", moved, oddities)
    if below[:1] == "/":
        for kind, stated, amount in _STATED.findall(below):
            if stated == moved.currency:
                part = Money(minor_units(amount, stated), stated)
                original, charges = (part, charges) if kind == "OCMT" else (original, part)
            elif kind == "CHGS":
                oddities[Oddity.FOREIGN_CHARGES] += 1
            elif is_turned:
                oddities[Oddity.FOREIGN_ORIGINAL] += 1
    if not is_turned:
        return None, charges
    if original is None and charges is not None:
        original = abs(moved) - charges if moved.minor < 0 else moved + charges
    return original, charges


def _part(facts: Facts, name: str, moved: Money, oddities: Counter[Oddity]) -> Money | None:
    """The amount of OAMT+ or COAM+, in the currency of the account."""
    text = facts.get(name)
    if not text:
        return None
    found = _STATED_IN_TEXT.fullmatch(text)
    if found is not None and found[1] in (None, moved.currency) and found[3] in (None, moved.currency):
        try:
            return Money(minor_units(found[2], moved.currency), moved.currency)
        except UnreadableAmount:
            pass
    oddities[Oddity.UNREADABLE_PART] += 1
    return None
