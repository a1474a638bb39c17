"""One entry of a camt message as a Line: what its fields mean together, whatever version they come from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum

from ledger.money import Money
from reconciliation.formats.tables import Record
from reconciliation.statement import Batch, Line, LineStatus, Party, UnreadableFile

# ISO 20022 EntryStatus; FUTR is a booking announced for a later day.
STATUSES = {
    "BOOK": LineStatus.BOOKED,
    "PDNG": LineStatus.PENDING,
    "FUTR": LineStatus.PENDING,
    "INFO": LineStatus.INFO,
}

# What banks write where a reference has to stand and there is none (EPC implementation guidelines; SWIFT).
_NO_REFERENCE = frozenset({"NOTPROVIDED", "NONREF"})

# Widths at which banks cut one text into pieces: a German MT940 subfield, a SWIFT line, ISO 20022 Max140Text.
_CUT_WIDTHS = frozenset({27, 35, 140})

# ISO 20022 sub-families of returned, reversed and refunded payments.
_RETURN_FAMILIES = frozenset({"UPDD", "PRDD", "RCDD", "RRTN"})

# A return reason standing alone in a free text: the ISO 20022 codes SEPA uses that could not be a word.
_REASON_IN_TEXT = re.compile(
    r"(?<![A-Z0-9])((?:A[CGM]|BE|DT|ED|FF|MD|MS|RC|RR|SL|TM)[0-9]{2}|[CD]NOR|FOCR)(?![A-Z0-9])"
)
_REASON_CODE = re.compile(r"[A-Z][A-Z0-9]{3}")
NARRATIVE = "NARR"  # ISO 20022: the reason is told in words only

# A creditor identifier by its shape (EPC262-08), for parties that do not name its scheme.
_CREDITOR_ID = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{3}[A-Z0-9]{1,28}")

_TRUE = frozenset({"true", "1"})
_NOBODY = Party()

# What the parts of an entry have from the entry itself.
_SHARED = ("status", "booked_on", "valued_on", "reversal", "code_domain", "code_family", "code_sub_family")


class Oddity(StrEnum):
    """What can be strange about an entry that is readable all the same."""

    DATED_BY_STATEMENT = "dated_by_statement"
    NO_STATUS = "no_status"
    UNKNOWN_STATUS = "unknown_status"
    PARTS_WITHOUT_AMOUNT = "parts_without_amount"
    PARTS_DO_NOT_ADD_UP = "parts_do_not_add_up"
    FOREIGN_PARTS = "foreign_parts"
    FOREIGN_ORIGINAL = "foreign_original"
    FOREIGN_CHARGES = "foreign_charges"


def line(
    entry: Record, *, own: str | None, only_day: date | None, position: int, oddities: Counter[Oddity]
) -> Line:
    """The Line of one entry's record. A single part is lifted into it, several become its `details`.

    `own` is the statement's account as `compact` writes it, `only_day` its day where it is about a single
    one: an entry without a booking date was booked then. `position` counts from 1. What a person should know
    of is counted in `oddities`. Raises UnreadableFile, without a line number, where the amount or its
    direction is missing.
    """
    booked = _booked_amount(entry)
    if only_day is not None and "booked_on" not in entry and _status(entry) is LineStatus.BOOKED:
        entry["booked_on"] = only_day
        oddities[Oddity.DATED_BY_STATEMENT] += 1
    _note_status(entry, oddities)
    parts: list[Record] = entry.get("parts", [])
    facts = parts[0] if len(parts) == 1 else {}
    details = _details(entry, parts, booked, own, oddities) if len(parts) > 1 else ()
    return _line(facts, entry, booked, own=own, position=position, details=details, oddities=oddities)


def compact(account: str) -> str:
    """An account number for comparing: upper case, without blanks."""
    return account.replace(" ", "").upper()


def _booked_amount(entry: Record) -> Money:
    if "amount" not in entry:
        raise UnreadableFile("An entry has no amount.")
    if "sign" not in entry:
        raise UnreadableFile("An entry does not say whether it is a credit or a debit.")
    return _signed(entry["amount"], entry["sign"])


def _signed(unsigned: Money, direction: int) -> Money:
    return unsigned if direction > 0 else -unsigned


def _note_status(entry: Record, oddities: Counter[Oddity]) -> None:
    status = entry.get("status")
    if status is None:
        oddities[Oddity.NO_STATUS] += 1
    elif status not in STATUSES:
        oddities[Oddity.UNKNOWN_STATUS] += 1


def _status(entry: Record) -> LineStatus:
    """Without a status booked, for that is what a statement lists; of an unknown status never money."""
    status = entry.get("status")
    return LineStatus.BOOKED if status is None else STATUSES.get(status, LineStatus.INFO)


def _line(
    facts: Record,
    entry: Record,
    booked: Money,
    *,
    own: str | None,
    position: int,
    oddities: Counter[Oddity],
    details: tuple[Line, ...] = (),
) -> Line:
    code = _code(facts, entry)
    is_reversal = entry.get("reversal") in _TRUE
    is_returned = "returned" in facts
    is_turned = is_returned or is_reversal or (code is not None and code[-4:] in _RETURN_FAMILIES)
    charges: list[Record] = entry.get("charges") or facts.get("charges", [])
    return Line(
        amount=booked,
        status=_status(entry),
        booked_on=entry.get("booked_on"),
        valued_on=entry.get("valued_on"),
        counterparty=_counterparty(facts, entry["sign"], is_turned, own) if facts else _NOBODY,
        remittance=_remittance(facts, entry),
        reference=facts["references"][0].strip() if "references" in facts else None,
        end_to_end_id=_reference(facts.get("end_to_end_id")),
        mandate_id=_reference(facts.get("mandate_id")),
        creditor_id=_creditor_id(facts),
        bank_reference=_reference(entry.get("bank_reference")) or _reference(facts.get("bank_reference")),
        transaction_code=code,
        reversal=is_reversal,
        return_reason=_return_reason(facts) if is_returned else None,
        original=_original(facts, booked, charges, oddities) if is_turned else None,
        charges=_charges(charges, booked.currency, oddities) if charges else None,
        batch=_batch(facts, entry),
        details=details,
        position=position,
    )


# --- the parts of an entry ---


def _details(
    entry: Record, parts: list[Record], booked: Money, own: str | None, oddities: Counter[Oddity]
) -> tuple[Line, ...]:
    """The parts as lines that add up to the entry; none where the bank does not say what each of them is."""
    shared = {field: entry[field] for field in _SHARED if field in entry}
    amounts = _part_amounts(entry, parts, booked, oddities)
    return tuple(
        _line(
            part,
            {**shared, "sign": part.get("sign", entry["sign"])},
            moved,
            own=own,
            position=number,
            oddities=oddities,
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
    charges = [_charges(part.get("charges", ()), currency, Counter()) for part in parts]
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


def _reference(found: str | None) -> str | None:
    return None if found is None or found.upper() in _NO_REFERENCE else found


def _code(facts: Record, entry: Record) -> str | None:
    """The ISO code as domain/family/sub-family, the part's before the entry's; else the bank's own code."""
    for record in (facts, entry):
        if "code_domain" in record:
            family, sub_family = record.get("code_family"), record.get("code_sub_family")
            return "/".join(filter(None, (record["code_domain"], family, sub_family)))
    return facts.get("code_proprietary") or entry.get("code_proprietary")


def _counterparty(facts: Record, direction: int, is_turned: bool, own: str | None) -> Party:
    """Who stands against the account holder: the debtor of a credit, the creditor of a debit.

    In a return both have the roles of the original payment, so it is the other way round. An account that is
    the statement's own is the holder's, whatever its role.
    """
    chosen, other = "debtor", "creditor"
    if (direction > 0) is is_turned:
        chosen, other = other, chosen
    party = _party(facts, chosen)
    if _is_holder(party, own) or (is_turned and party == _NOBODY):
        opposite = _party(facts, other)
        return _NOBODY if _is_holder(opposite, own) else opposite
    return party


def _is_holder(party: Party, own: str | None) -> bool:
    return party.iban is not None and compact(party.iban) == own


def _party(facts: Record, role: str) -> Party:
    find = facts.get
    return Party(
        name=find(role + "_name") or find(f"ultimate_{role}_name") or find(role + "_agent_bank"),
        iban=_reference(find(role + "_account")),
        bic=_reference(find(role + "_bic") or find(role + "_agent_bic")),
    )


def _creditor_id(facts: Record) -> str | None:
    """The creditor identifier: an identification of scheme SEPA, or of no scheme at all but of its shape."""
    if "creditor_private_ids" not in facts and "creditor_organisation_ids" not in facts:
        return None
    for found in (*facts.get("creditor_private_ids", ()), *facts.get("creditor_organisation_ids", ())):
        identifier: str = found.get("id", "").replace(" ", "").upper()
        is_sepa = found.get("scheme", "").upper() == "SEPA"
        has_no_scheme = "scheme" not in found and "code" not in found
        if _CREDITOR_ID.fullmatch(identifier) and (is_sepa or has_no_scheme):
            return identifier
    return None


def _remittance(facts: Record, entry: Record) -> str | None:
    """The payer's text, then the document numbers, remarks and further references that it does not repeat.

    Where the payer gave neither a text nor a reference, it is what the bank says of the entry.
    """
    written = joined(facts["remittance"]) if "remittance" in facts else ""
    if written == "NOTPROVIDED":
        written = ""
    extras = (*facts.get("documents", ()), *facts.get("references", ())[1:], *facts.get("remarks", ()))
    if extras:
        said = {written, *written.split()}
        new = dict.fromkeys(extra for extra in map(str.strip, extras) if extra not in said)
        written = " ".join(filter(None, (written, *new)))
    if written:
        return written
    if "references" in facts:
        return None
    return joined(facts.get("return_remarks", ())) or facts.get("information") or entry.get("information")


def joined(pieces: Sequence[str]) -> str:
    """One text of the pieces a bank gives: those cut at full width run on, between others comes a blank.

    Pieces are cut if all but the last are of one known width, or a blank short of it, where the cut ate one.
    """
    if len(pieces) == 1:
        return _on_one_line(pieces[0]).strip()
    cut = [_on_one_line(piece) for piece in pieces]
    width = max(map(len, cut), default=0)
    is_cut = width in _CUT_WIDTHS and all(len(piece) >= width - 1 for piece in cut[:-1])
    if not is_cut:
        return " ".join(piece.strip() for piece in cut)
    return "".join(piece if len(piece) == width else piece + " " for piece in cut).strip()


def _on_one_line(piece: str) -> str:
    return " ".join(piece.split()) if "\n" in piece else piece


def _return_reason(facts: Record) -> str:
    """The code where it is stated, else one within the words, else the bank's own reason, else NARR."""
    stated: str = facts.get("reason", "")
    if _REASON_CODE.fullmatch(stated) and stated != NARRATIVE:
        return stated
    in_text = _REASON_IN_TEXT.search(" ".join((stated, *facts.get("return_remarks", ()))))
    return in_text[1] if in_text else stated or NARRATIVE


def _original(facts: Record, booked: Money, charges: list[Record], oddities: Counter[Oddity]) -> Money | None:
    """What was collected or paid before fees: the instructed amount, else a transaction amount that differs.

    Without either it is the booked amount less the charges that the bank says it contains.
    """
    found: Money | None = facts.get("instructed")
    if found is None and facts.get("transacted") != abs(booked):
        found = facts.get("transacted")
    if found is None:
        contained = _charges(_contained(charges), booked.currency, Counter())
        return abs(booked + contained) if contained else None
    if found.currency != booked.currency:
        oddities[Oddity.FOREIGN_ORIGINAL] += 1
        return None
    return found


def _contained(blocks: Iterable[Record]) -> Iterable[Record]:
    single = (charge for block in blocks for charge in block.get("records", ()))
    return (charge for charge in single if charge.get("is_included") in _TRUE)


def _charges(blocks: Iterable[Record], currency: str, oddities: Counter[Oddity]) -> Money | None:
    """What the bank kept, in `currency`; a charge it gave back counts against it. None without any charge."""
    kept: list[int] = []
    for block in blocks:
        for charge in block.get("records") or (block,):
            found: Money | None = charge.get("amount", charge.get("total"))
            if found is not None and found.currency == currency:
                kept.append(found.minor * -charge.get("sign", -1))
            elif found is not None:
                oddities[Oddity.FOREIGN_CHARGES] += 1
    return Money(sum(kept), currency) if kept else None


def _batch(facts: Record, entry: Record) -> Batch | None:
    """What the bank says of a lump; else what a part says that names a payment block but no payment."""
    blocks: list[Record] = entry.get("batches", [])
    if not blocks:
        if "payment_information_id" not in facts or "end_to_end_id" in facts:
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
