"""What a camt entry says of money that came back: why, how much it was once, and what the bank kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum

from ledger.money import Money
from reconciliation.formats.tables import Record

# ISO 20022 sub-families of returned, reversed and refunded payments.
TURNED_FAMILIES = frozenset({"UPDD", "PRDD", "RCDD", "RRTN"})

# Those of them that a bank books because a payment failed, not because its creditor wished to give it back.
_RETURN_FAMILIES = frozenset({"UPDD", "RRTN"})

# A return reason standing alone in a free text: the ISO 20022 codes SEPA uses that could not be a word.
_REASON_IN_TEXT = re.compile(
    r"(?<![A-Z0-9])((?:A[CGM]|BE|DT|ED|FF|MD|MS|RC|RR|SL|TM)[0-9]{2}|[CD]NOR|FOCR)(?![A-Z0-9])"
)
_REASON_CODE = re.compile(r"[A-Z][A-Z0-9]{3}")
NARRATIVE = "NARR"  # ISO 20022: the reason is told in words only

_FALSE = frozenset({"false", "0"})


class Oddity(StrEnum):
    """What can be strange about an entry that is readable all the same."""

    DATED_BY_STATEMENT = "dated_by_statement"
    NO_STATUS = "no_status"
    NO_STATUS_IN_REPORT = "no_status_in_report"
    UNKNOWN_STATUS = "unknown_status"
    PARTS_WITHOUT_AMOUNT = "parts_without_amount"
    PARTS_DO_NOT_ADD_UP = "parts_do_not_add_up"
    FOREIGN_PARTS = "foreign_parts"
    FOREIGN_ORIGINAL = "foreign_original"
    FOREIGN_CHARGES = "foreign_charges"


def reason(facts: Record, entry: Record, family: str) -> str | None:
    """Why a payment came back: the code where it is stated, else one in the words, else the bank's own, else NARR.

    Where the bank only books it as a return of `family` it is a code in the words. None of any other payment.
    """
    if "returned" not in facts:
        if family not in _RETURN_FAMILIES or not (facts or "parts" not in entry):
            return None
        words = (*facts.get("remittance", ()), facts.get("information", ""), entry.get("information", ""))
        return _in_words(words)
    stated: str = facts.get("reason", "")
    if _REASON_CODE.fullmatch(stated) and stated != NARRATIVE:
        return stated
    return _in_words((stated, *facts.get("return_remarks", ()))) or stated or NARRATIVE


def _in_words(words: Iterable[str]) -> str | None:
    found = _REASON_IN_TEXT.search(" ".join(words))
    return found[1] if found else None


def original_and_charges(
    facts: Record, entry: Record, booked: Money, oddities: Counter[Oddity]
) -> tuple[Money | None, Money | None]:
    """What was collected or paid before fees, and what the bank kept of it: charges and interest together.

    Each is told, or follows from the other and from what was `booked`: a booking contains its charges unless
    the bank marks them as not included.
    """
    blocks = [*_blocks(facts, entry, "charges"), *_blocks(facts, entry, "interest")]
    kept = charged(blocks, booked.currency, oddities)
    told = facts if "instructed" in facts or "transacted" in facts else entry
    original: Money | None = told.get("instructed")
    if original is None and told.get("transacted") != abs(booked):
        original = told.get("transacted")
    if original is None:
        if kept is None:
            return None, None
        contained = charged(_contained(blocks), booked.currency, Counter())
        return abs(booked + contained) if contained else abs(booked), kept
    if original.currency != booked.currency:
        oddities[Oddity.FOREIGN_ORIGINAL] += 1
        return None, kept
    if kept is None and -booked > original:
        kept = -booked - original
    return original, kept


def interest_of(facts: Record, entry: Record, currency: str) -> Money | None:
    """How much of what the bank kept of a return was interest, where it says so."""
    blocks = _blocks(facts, entry, "interest")
    return charged(blocks, currency, Counter()) if blocks else None


def charges_of(facts: Record, entry: Record, currency: str, oddities: Counter[Oddity]) -> Money | None:
    """What the bank kept of a payment that did not come back; interest is then what the payment is about."""
    blocks = _blocks(facts, entry, "charges")
    return charged(blocks, currency, oddities) if blocks else None


def charged(blocks: Iterable[Record], currency: str, oddities: Counter[Oddity]) -> Money | None:
    """The sum of all charges in `currency`; one that the bank gave back counts against it. None without any."""
    kept: list[int] = []
    for charge in _single(blocks):
        found: Money | None = charge.get("amount", charge.get("total"))
        if found is not None and found.currency == currency:
            kept.append(found.minor * -charge.get("sign", -1))
        elif found is not None:
            oddities[Oddity.FOREIGN_CHARGES] += 1
    return Money(sum(kept), currency) if kept else None


def _blocks(facts: Record, entry: Record, field: str) -> list[Record]:
    """What the entry says, else its only part: both tell of the same money."""
    return entry.get(field) or facts.get(field) or []


def _single(blocks: Iterable[Record]) -> Iterator[Record]:
    for block in blocks:
        yield from block.get("records") or (block,)


def _contained(blocks: Iterable[Record]) -> Iterator[Record]:
    return (charge for charge in _single(blocks) if charge.get("is_included") not in _FALSE)
