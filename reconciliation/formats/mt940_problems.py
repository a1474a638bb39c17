"""What a person should know of an MT940 or MT942 that is readable all the same, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ledger.money import Money
from reconciliation.formats.mt940_lines import Oddity
from reconciliation.formats.mt940_values import Total
from reconciliation.formats.tally import Figures, counted

_ODDITIES = {
    Oddity.NO_TYPE: "{} without a transaction type.",
    Oddity.NO_COMMA: "{} whose amount has no decimal comma; a point was read as one, and none as whole units.",
    Oddity.OTHER_LETTER: "{} with a currency letter that is not that of the account.",
    Oddity.INTEREST_DAY: "{} with a value date in February that does not exist, left without a value date.",
    Oddity.TAG_IN_TEXT: "{} whose text has a line that looks like an unknown field and was read as text.",
    Oddity.FOREIGN_ORIGINAL: "{} with an original amount in another currency, which is left out.",
    Oddity.FOREIGN_CHARGES: "{} with charges in another currency, which are left out.",
    Oddity.UNREADABLE_PART: "{} whose original amount or charges cannot be read, which are left out.",
}


def of_lines(oddities: Mapping[Oddity, int]) -> Iterator[str]:
    """What is odd about lines, with how many there are of each."""
    for oddity, number in oddities.items():
        yield _ODDITIES[oddity].format(counted(number, "line"))


def of_totals(totals: Mapping[str, Total], figures: Figures, currency: str) -> Iterator[str]:
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
