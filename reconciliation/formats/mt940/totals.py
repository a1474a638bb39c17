"""The totals :90D: and :90C: of an MT942: reading them, and where its lines add up to something else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ledger.money import Money
from reconciliation.formats.mt940.values import AMOUNT
from reconciliation.formats.tally import Figures, counted
from reconciliation.statement import UnreadableFile

_TOTAL = re.compile(rf"([0-9]{{1,5}})([A-Z]{{3}})({AMOUNT})")


@dataclass(frozen=True, slots=True)
class Total:
    """What a field :90D: or :90C: declares: how many entries, and their sum counted upwards."""

    count: int
    sum: Money


def parse(text: str, tag: str) -> Total:
    """Raises UnreadableFile where the field cannot be read."""
    found = _TOTAL.fullmatch(text.strip())
    if found is None:
        raise UnreadableFile(f"The total in field :{tag}: cannot be read.")
    return Total(int(found[1]), Money.parse(found[3], found[2]))


def differences(totals: Mapping[str, Total], figures: Figures, currency: str) -> Iterator[str]:
    """Where the totals :90D: and :90C: of an interim report are not those of its lines, booked and expected."""
    for tag, total in totals.items():
        noun, count, minor = (
            ("debit", figures.debits, figures.debits_minor)
            if tag == "90D"
            else ("credit", figures.credits, figures.credits_minor)
        )
        if total.count != count:
            yield f"The bank declares {counted(total.count, noun)}, but the file holds {count}."
        if total.sum != (reached := Money(minor, currency)):
            yield f"The bank declares {noun}s of {total.sum}, but they add up to {reached}."
