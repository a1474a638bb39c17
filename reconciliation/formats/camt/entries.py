"""One entry of a camt message as a Line: what its fields mean together, whatever version they come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from ledger.errors import Rejected
from ledger.money import Money
from reconciliation.formats import drafts
from reconciliation.formats.camt import returns
from reconciliation.formats.camt.parties import NOBODY, counterparty, creditor_id
from reconciliation.formats.camt.returns import TURNED_FAMILIES, Oddity
from reconciliation.formats.camt.texts import references_of, remittance
from reconciliation.formats.identifiers import known_reference
from reconciliation.formats.tables import Record
from reconciliation.statement import Batch, Line, LineStatus, StatementKind

# ISO 20022 EntryStatus; FUTR is a booking announced for a later day.
STATUSES = {
    "BOOK": LineStatus.BOOKED,
    "PDNG": LineStatus.PENDING,
    "FUTR": LineStatus.PENDING,
    "INFO": LineStatus.INFO,
}

_TRUE = frozenset({"true", "1"})
_NO_FACTS: Record = {}

# What the parts of an entry have from the entry itself.
_SHARED = ("booked_on", "valued_on", "reversal", "code_domain", "code_family", "code_sub_family")


class Incomplete(Rejected):
    """An entry without an amount, or without saying whether money came in or went out."""


@dataclass(frozen=True, slots=True)
class About:
    """What an entry has to know of its statement.

    `own` is the statement's account as `compact` writes it, `only_day` its day where it is about a single one:
    an entry without a booking date was booked then. What a person should know of is counted in `oddities`.
    """

    own: str | None
    only_day: date | None
    kind: StatementKind
    oddities: Counter[Oddity]


def line(entry: Record, about: About, *, position: int) -> Line:
    """The Line of one entry's record. A single part is lifted into it, several become its `details`.

    `position` counts from 1. Raises Incomplete where the amount or its direction is missing.
    """
    booked = _booked_amount(entry)
    status = _status(entry, about)
    if about.only_day is not None and "booked_on" not in entry and status is LineStatus.BOOKED:
        entry["booked_on"] = about.only_day
        about.oddities[Oddity.DATED_BY_STATEMENT] += 1
    parts: list[Record] = entry.get("parts", [])
    if len(parts) > 1:
        details = _details(entry, parts, booked, status, about)
        return _line(_NO_FACTS, entry, booked, status, about, position=position, details=details)
    return _line(parts[0] if parts else _NO_FACTS, entry, booked, status, about, position=position)


def _booked_amount(entry: Record) -> Money:
    if "amount" not in entry:
        raise Incomplete("An entry has no amount.")
    if "sign" not in entry:
        raise Incomplete("An entry does not say whether it is a credit or a debit.")
    return _signed(entry["amount"], entry["sign"])


def _signed(unsigned: Money, direction: int) -> Money:
    return unsigned if direction > 0 else -unsigned


def _status(entry: Record, about: About) -> LineStatus:
    """Without a status booked, unless in a report of the running day; of an unknown status never money."""
    written = entry.get("status")
    if written is None:
        is_report = about.kind is StatementKind.REPORT
        about.oddities[Oddity.NO_STATUS_IN_REPORT if is_report else Oddity.NO_STATUS] += 1
        return LineStatus.INFO if is_report else LineStatus.BOOKED
    status = STATUSES.get(written)
    if status is None:
        about.oddities[Oddity.UNKNOWN_STATUS] += 1
        return LineStatus.INFO
    return status


def _line(
    facts: Record,
    entry: Record,
    booked: Money,
    status: LineStatus,
    about: About,
    *,
    position: int,
    details: tuple[Line, ...] = (),
) -> Line:
    find, code = facts.get, _code(facts, entry)
    family = "" if code is None else code[-4:]
    is_reversal = entry.get("reversal") in _TRUE
    is_turned = is_reversal or "returned" in facts or family in TURNED_FAMILIES
    original, charges, interest = None, None, None
    if is_turned:
        original, charges = returns.original_and_charges(facts, entry, booked, about.oddities)
        interest = returns.interest_of(facts, entry, booked.currency)
    elif "charges" in entry or "charges" in facts:
        charges = returns.charges_of(facts, entry, booked.currency, about.oddities)
    references: Sequence[str] = references_of(facts["references"]) if "references" in facts else ()
    return drafts.line(
        booked,
        status,
        entry.get("booked_on"),
        entry.get("valued_on"),
        counterparty(facts, entry["sign"], is_turned, about.own) if facts else NOBODY,
        remittance(facts, entry, references),
        references[0] if references else None,
        known_reference(find("end_to_end_id")),
        known_reference(find("mandate_id")),
        creditor_id(facts),
        known_reference(entry.get("bank_reference")) or known_reference(find("bank_reference")),
        code,
        is_reversal,
        returns.reason(facts, entry, family) if is_turned else None,
        original,
        charges,
        interest,
        _batch(facts, entry, about.kind),
        details,
        position,
    )


# --- the parts of an entry ---


def _details(
    entry: Record, parts: list[Record], booked: Money, status: LineStatus, about: About
) -> tuple[Line, ...]:
    """The parts as lines that add up to the entry; none where the bank does not say what each of them is."""
    shared = {field: entry[field] for field in _SHARED if field in entry}
    amounts = _part_amounts(entry, parts, booked, about.oddities)
    return tuple(
        _line(
            part,
            {**shared, "sign": part.get("sign", entry["sign"])},
            moved,
            status,
            about,
            position=number,
        )
        for number, (part, moved) in enumerate(zip(parts, amounts, strict=False), start=1)
    )


def _part_amounts(
    entry: Record, parts: list[Record], booked: Money, oddities: Counter[Oddity]
) -> Sequence[Money]:
    """What each part moved on the account: as stated, or with its charges if only so they make the entry."""
    currency = booked.currency
    stated = [
        _signed(found, part["sign"] if "sign" in part else entry["sign"])
        for part in parts
        if (found := _part_amount(part, currency)) is not None
    ]
    if len(stated) < len(parts):
        oddities[Oddity.PARTS_WITHOUT_AMOUNT] += 1
        return ()
    if any(moved.currency != currency for moved in stated):
        oddities[Oddity.FOREIGN_PARTS] += 1
        return stated
    if _sum(stated) == booked.minor:
        return stated
    charges = [returns.charged(part.get("charges", ()), currency, Counter()) for part in parts]
    charged = [moved - kept if kept else moved for moved, kept in zip(stated, charges, strict=True)]
    if _sum(charged) == booked.minor:
        return charged
    oddities[Oddity.PARTS_DO_NOT_ADD_UP] += 1
    return stated


def _part_amount(part: Record, currency: str) -> Money | None:
    """The part's amount; where it is stated in several currencies, that of the account."""
    stated = [part[field] for field in ("amount", "transacted", "instructed") if field in part]
    in_currency = (found for found in stated if found.currency == currency)
    return next(in_currency, stated[0] if stated else None)


def _sum(amounts: Iterable[Money]) -> int:
    return sum(found.minor for found in amounts)


# --- single fields ---


def _code(facts: Record, entry: Record) -> str | None:
    """The ISO code as domain/family/sub-family, the part's before the entry's; else the bank's own code."""
    found = facts if "code_domain" in facts else entry
    if "code_domain" in found:
        return _iso_code(found["code_domain"], found.get("code_family"), found.get("code_sub_family"))
    return facts.get("code_proprietary") or entry.get("code_proprietary")


@lru_cache(maxsize=256)
def _iso_code(*parts: str | None) -> str:
    return "/".join(filter(None, parts))


def _batch(facts: Record, entry: Record, kind: StatementKind) -> Batch | None:
    """What the bank says of a lump; else what a part says that names a payment block but no payment.

    A notification of a single payment names its block too: the statement may book that in one sum.
    """
    blocks: list[Record] = entry.get("batches", [])
    if not blocks:
        is_told_alone = kind is StatementKind.NOTIFICATION and "amount" in entry
        if "payment_information_id" not in facts or ("end_to_end_id" in facts and not is_told_alone):
            return None
        blocks = [facts]
    return Batch(
        payment_information_id=_common(blocks, "payment_information_id")
        or facts.get("payment_information_id"),
        message_id=_common(blocks, "message_id") or facts.get("message_id"),
        count=_count(blocks),
    )


def _common(blocks: list[Record], field: str) -> str | None:
    found = {block.get(field) for block in blocks}
    return found.pop() if len(found) == 1 else None


def _count(blocks: list[Record]) -> int | None:
    counts = [block.get("count", "") for block in blocks]
    if not all(count.isascii() and count.isdigit() and len(count) <= 15 for count in counts):
        return None
    return sum(map(int, counts))
