"""What a person should know of a camt statement, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ledger.money import Money
from reconciliation.formats.camt.messages import is_version
from reconciliation.formats.camt.returns import Oddity
from reconciliation.formats.camt.tables import money
from reconciliation.formats.tables import Record
from reconciliation.formats.tally import Tally, counted, told
from reconciliation.statement import Balance, Header, StatementKind

TRUE, _FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})

# ISO 20022 CopyDuplicate1Code.
_COPIES = {"CODU": "a copy of a duplicate", "COPY": "a copy", "DUPL": "a duplicate"}

_KINDS = {
    StatementKind.STATEMENT: "statement",
    StatementKind.REPORT: "report",
    StatementKind.NOTIFICATION: "notification",
}

_ODDITIES = {
    Oddity.DATED_BY_STATEMENT: "{} without a booking date, dated by the only day of the statement.",
    Oddity.NO_STATUS: "{} without a status, counted as booked because a statement lists booked lines.",
    Oddity.NO_STATUS_IN_REPORT: "{} without a status, not counted because a report lists other lines too.",
    Oddity.UNKNOWN_STATUS: "{} with an unknown status, not counted.",
    Oddity.PARTS_WITHOUT_AMOUNT: "{} whose parts do not all state an amount; the parts are left out.",
    Oddity.PARTS_DO_NOT_ADD_UP: "{} whose parts do not add up to it.",
    Oddity.FOREIGN_PARTS: "{} with parts in another currency.",
    Oddity.FOREIGN_ORIGINAL: "{} with an original amount in another currency, which is left out.",
    Oddity.FOREIGN_CHARGES: "{} with charges in another currency, which are left out.",
}


def of_header(header: Header) -> Iterator[str]:
    kind = _KINDS[header.kind]
    if not is_version(header.format):
        yield f"The file does not say in which version of {header.format} it is written."
    if header.account.iban is None and header.account.other is None:
        yield f"The {kind} does not name its account."
    if header.copy is not None:
        yield f"The bank marks the {kind} as {_COPIES.get(header.copy, 'a copy or duplicate')}."


def of_pages(pages: Sequence[Record], group: Record) -> Iterator[str]:
    """Which pages are missing before and behind those of the file, by the statement's or the message's count."""
    first = pages[0] if "page" in pages[0] else group
    number: str = first.get("page", "1").lstrip("0")
    if number != "1":
        yield f"The file begins with page {number[:5]}; earlier pages of the statement stand elsewhere."
    last = pages[-1] if "last_page" in pages[-1] else group
    if last.get("last_page") in _FALSE:
        yield "Further pages of the statement stand elsewhere."


def of_balances(stated: Sequence[Record], balances: Sequence[Balance], currency: str) -> Iterator[str]:
    unmarked = sum("sign" not in found for found in stated)
    if unmarked:
        yield f"{counted(unmarked, 'balance')} not marked as credit or debit, read as credit."
    undated = sum("on" not in found for found in stated)
    if undated:
        yield f"{counted(undated, 'balance')} without a date."
    for other in sorted({balance.amount.currency for balance in balances} - {currency}):
        yield f"A balance in {other} is left out, because the account is kept in {currency}."


def of_entries(oddities: Counter[Oddity]) -> Iterator[str]:
    return told(oddities, _ODDITIES)


def of_totals(pages: Sequence[Record], currency: str, tally: Tally) -> Iterator[str]:
    """Where the bank's own totals (TxsSummry) fit neither the booked lines nor all lines.

    Each page of a statement may declare its own totals or those of the whole. Raises Rejected for a sum that is
    no amount.
    """
    booked, every = tally.booked(currency), tally.all(currency)
    checks = (
        ("all", "line", (booked.lines, every.lines), (booked.moved_minor, every.moved_minor)),
        ("credits", "credit", (booked.credits, every.credits), (booked.credits_minor, every.credits_minor)),
        ("debits", "debit", (booked.debits, every.debits), (booked.debits_minor, every.debits_minor)),
    )
    for field, noun, counts, sums in checks:
        declared: list[Record] = [one for page in pages for one in page.get(f"declared_{field}", ())]
        numbers = [number for one in declared if (number := _number(one.get("count", ""))) is not None]
        for number in _unfounded(numbers, counts):
            yield f"The bank declares {number} {noun}s, but the file holds {counts[0]}."
        totals = [money(one["sum"], currency).minor for one in declared if "sum" in one]
        for total in _unfounded(totals, sums):
            yield (
                f"The bank declares {noun}s of {Money(total, currency)}, "
                f"but they add up to {Money(sums[0], currency)}."
            )


def _number(written: str) -> int | None:
    return int(written) if written.isascii() and written.isdigit() and len(written) <= 15 else None


def _unfounded(declared: Sequence[int], found: Iterable[int]) -> Iterator[int]:
    """What is declared and not so, unless it is so when all pages are taken together."""
    true = frozenset(found)
    if sum(declared) not in true:
        yield from dict.fromkeys(number for number in declared if number not in true)
