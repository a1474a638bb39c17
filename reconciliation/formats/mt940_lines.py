"""One line of an MT940 or MT942, its field :61: and the texts behind it, as a Line."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from enum import StrEnum
from functools import lru_cache

from ledger.money import Money, UnreadableAmount
from mandates.reason_codes import BY_CODE
from reconciliation.formats import mt940_texts
from reconciliation.formats.mt940_texts import Facts
from reconciliation.formats.mt940_values import AMOUNT, day, entry_day, is_interest_day, minor_units
from reconciliation.statement import Batch, Line, LineStatus, Party, UnreadableFile

# Value date, booking date, mark, third letter of the currency, amount, transaction type, references.
_ENTRY = re.compile(
    rf"([0-9]{{6}})([0-9]{{4}})?(R?[CD]|E[CD])([A-Z])?({AMOUNT}) ?(?:([A-Z][A-Z0-9 ]{{3}})(.*)|(//.*)?)",
    re.DOTALL,
)
_VALUE_DATE = re.compile(r"[0-9]{6}")
_MARKED = re.compile(r"[0-9]{6}(?:[0-9]{4})?(?:R?[CD]|E[CD])[A-Z]?")
_AMOUNT = re.compile(AMOUNT)

# Amounts of the bank in the line below :61:, such as /OCMT/EUR11,85//CHGS/EUR0,50/
_STATED = re.compile(rf"/(OCMT|CHGS)/([A-Z]{{3}}) ?({AMOUNT})")
_STATED_IN_TEXT = re.compile(rf"(?:([A-Z]{{3}}) ?)?({AMOUNT})(?: ?([A-Z]{{3}}))?")
_DUTCH_COUNT = re.compile(r"TOTAAL ([0-9]{1,6}) (?:POSTEN|VZ)")
_REASON = re.compile(r"(?<![A-Z0-9])[A-Z]{2}[0-9]{2}(?![A-Z0-9])")

_CREDITS = frozenset({"C", "RD", "EC"})  # RD takes a debit back, RC a credit
_NO_REFERENCE = frozenset({"NONREF", "NOTPROVIDED", ""})
_POINTERS = frozenset({"KREF+", "EREF", "MARF", "PREF", "EREF+", "MREF+"})  # the reference stands in :86:
_REFERENCE_WIDTH = 16
_ACCOUNT = re.compile(r"P?[0-9]{7,10}|[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")

# German codes of business events (GVC): payments that come back, and lumps of our payment blocks.
_RETURN_CODES = frozenset({"108", "109", "159", "181", "184"})
_LUMP_CODES = frozenset({"191", "192", "194", "195", "196", "197"})
_RETURNED_ITEM = "RTI"  # SWIFT transaction type
_LONGEST_CODE = 60

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

_NOBODY = Party()


class Oddity(StrEnum):
    """What can be strange about a line that is readable all the same."""

    NO_TYPE = "no_type"
    NO_COMMA = "no_comma"
    OTHER_LETTER = "other_letter"
    INTEREST_DAY = "interest_day"
    TAG_IN_TEXT = "tag_in_text"
    FOREIGN_ORIGINAL = "foreign_original"
    FOREIGN_CHARGES = "foreign_charges"
    UNREADABLE_PART = "unreadable_part"


def line(
    entry: str, text: str, ns: str, currency: str, position: int, oddities: Counter[Oddity]
) -> tuple[Line, bool]:
    """The Line of a field :61: with its :86: and :NS:, and whether it is a credit.

    `position` counts from 1; what is strange is counted. Raises UnreadableFile, or what Money.parse raises,
    without a line number.
    """
    first, _, below = entry.partition("\n")
    found = _ENTRY.fullmatch(first.rstrip())
    if found is None:
        raise _why(first)
    value, booked, mark, letter, amount, swift, references, bare = found.groups()
    if swift is None or letter is not None or "," not in amount:
        _note(swift, letter, amount, currency, oddities)
    unsigned = minor_units(amount, currency)
    is_credit = mark in _CREDITS
    moved = Money(unsigned if is_credit else -unsigned, currency)
    valued_on, booked_on = _days(value, booked, oddities)
    facts = _facts(text, ns)
    customer, bank, name = _references(references or bare or "")
    extra = below.replace("\n", "").strip() if below else ""
    is_returned = _is_returned(facts, swift)
    is_turned = is_returned or mark[0] == "R"
    original = charges = None
    if is_turned or extra or "charges" in facts:
        original, charges = _amounts(facts, extra, moved, is_turned, oddities)
    return Line(
        amount=moved,
        status=LineStatus.PENDING if mark[0] == "E" else LineStatus.BOOKED,
        booked_on=booked_on,
        valued_on=valued_on,
        counterparty=_counterparty(facts, customer, name, extra),
        remittance=_remittance(facts, extra, customer),
        reference=facts.get("reference"),
        end_to_end_id=_known(facts.get("end_to_end_id")),
        mandate_id=_known(facts.get("mandate_id")),
        creditor_id=facts.get("creditor_id"),
        bank_reference=bank,
        transaction_code=_code(swift, facts.get("code"), facts.get("primanota"), facts.get("key")),
        reversal=mark[0] == "R",
        return_reason=_return_reason(facts) if is_returned else None,
        original=original,
        charges=charges,
        batch=_batch(facts, customer),
        position=position,
    ), is_credit


def _why(text: str) -> UnreadableFile:
    """What is wrong with the first line of a field :61: that cannot be read."""
    if _VALUE_DATE.match(text) is None:
        return UnreadableFile("A statement line (:61:) does not begin with its value date.")
    marked = _MARKED.match(text)
    if marked is None:
        return UnreadableFile("A statement line (:61:) does not say whether it is a credit or a debit.")
    if _AMOUNT.match(text, marked.end()) is None:
        return UnreadableFile("A statement line (:61:) has no amount behind its mark for credit or debit.")
    return UnreadableFile("A statement line (:61:) cannot be read behind the beginning of its amount.")


def _note(
    swift: str | None, letter: str | None, amount: str, currency: str, oddities: Counter[Oddity]
) -> None:
    if swift is None:
        oddities[Oddity.NO_TYPE] += 1
    if letter is not None and letter != currency[2]:
        oddities[Oddity.OTHER_LETTER] += 1
    if "," not in amount:
        oddities[Oddity.NO_COMMA] += 1


def _days(value: str, booked: str | None, oddities: Counter[Oddity]) -> tuple[date | None, date | None]:
    """The value day and the booking day, which is the same where none is stated.

    The value day is None for the 30 February that some banks write as the end of an interest month, if the
    booking has a day of its own.
    """
    if booked is None:
        valued_on = day(value)
        return valued_on, valued_on
    booked_on = entry_day(value, booked)
    if not is_interest_day(value):
        return day(value), booked_on
    try:
        return day(value), booked_on
    except UnreadableFile:
        oddities[Oddity.INTEREST_DAY] += 1
        return None, booked_on


def _facts(text: str, ns: str) -> Facts:
    found = mt940_texts.facts(text) if text else {}
    if ns:
        for name, value in mt940_texts.facts_of_ns(ns.split("\n")).items():
            found.setdefault(name, value)
    return found


def _references(text: str) -> tuple[str, str | None, str | None]:
    """The customer's reference, the bank's behind "//", and the name some Dutch banks put behind the former."""
    customer, _, bank = text.partition("//")
    customer, bank, name = customer.strip(), bank.strip(), None
    if len(customer) > _REFERENCE_WIDTH and customer[_REFERENCE_WIDTH - 1] == " ":
        customer, name = customer[:_REFERENCE_WIDTH].rstrip(), customer[_REFERENCE_WIDTH:].strip()
    return customer, None if bank in _NO_REFERENCE else bank, name


def _known(reference: str | None) -> str | None:
    return None if reference is None or reference.upper() in _NO_REFERENCE else reference


def _counterparty(facts: Facts, customer: str, name: str | None, extra: str) -> Party:
    """The other side by :86:; Dutch banks also write its account as the reference or below :61:."""
    account, bic = facts.get("account"), facts.get("bic")
    name = facts.get("name") or name
    if account is None:
        if name is not None and _ACCOUNT.fullmatch(customer):
            account = customer
        elif extra and _ACCOUNT.fullmatch(extra):
            account = extra
    if account is None and name is None and bic is None:
        return _NOBODY
    return Party(name=name, iban=account, bic=bic if bic is None or _is_bic(bic) else None)


def _is_bic(text: str) -> bool:
    """In the place of a BIC German banks also write their own bank code of eight digits."""
    return len(text) in (8, 11) and text.isalnum() and not text.isdigit()


def _remittance(facts: Facts, extra: str, customer: str) -> str | None:
    """The payer's text; where there is neither that nor a reference, what the bank says of the line."""
    purpose = facts.get("purpose")
    if purpose or "reference" in facts:
        return purpose or None
    if extra and extra[0] != "/" and not _ACCOUNT.fullmatch(extra):
        return extra
    if "booking_text" in facts or "more" in facts:
        return facts.get("booking_text") or facts["more"]
    return None if customer in _NO_REFERENCE or customer in _POINTERS else customer


@lru_cache(maxsize=1024)
def _code(swift: str | None, code: str | None, primanota: str | None, key: str | None) -> str | None:
    """As German banks write it in camt: SWIFT type, GVC, primanota and key, such as NTRF+166+9075."""
    kind = swift.strip() if swift else ""
    if code is None:
        return kind or None
    return "+".join((kind, code, primanota or "", key or "")).rstrip("+")[:_LONGEST_CODE]


def _batch(facts: Facts, customer: str) -> Batch | None:
    """The payment block of a lump: by KREF+ or the customer's reference in Germany, by /PREF/ in the Netherlands."""
    batch_id = facts.get("batch_id")
    if "code" in facts:
        if facts["code"] not in _LUMP_CODES:
            return None
        own = None if customer in _NO_REFERENCE or customer in _POINTERS else customer
        return Batch(payment_information_id=batch_id or own) if batch_id or own else None
    if batch_id is None or "end_to_end_id" in facts:
        return None
    counted = _DUTCH_COUNT.match(facts.get("purpose", ""))
    return Batch(payment_information_id=batch_id, count=int(counted[1]) if counted else None)


# --- what comes back ---


def _is_returned(facts: Facts, swift: str | None) -> bool:
    return (
        facts.get("code") in _RETURN_CODES
        or "reason" in facts
        or (swift is not None and swift[1:] == _RETURNED_ITEM)
    )


def _return_reason(facts: Facts) -> str:
    """The ISO code the bank states, or that of its key, or one within its words; else the key, else NARR."""
    if "reason" in facts:
        return facts["reason"]
    key = facts.get("key", "")
    if key in _REASONS:
        return _REASONS[key]
    words = _REASON.findall(" ".join((facts.get("purpose", ""), facts.get("return_note", ""))))
    return next((word for word in words if word in BY_CODE), key or _NARRATIVE)


def _amounts(
    facts: Facts, extra: str, moved: Money, is_turned: bool, oddities: Counter[Oddity]
) -> tuple[Money | None, Money | None]:
    """What was collected before fees, and the fees, both counted upwards; None where not told.

    A booking of what comes back holds both, so without the first it is the booking less the fees.
    """
    original, charges = _part(facts, "original", moved, oddities), _part(facts, "charges", moved, oddities)
    if extra and extra[0] == "/":
        for kind, stated, amount in _STATED.findall(extra):
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
    if name not in facts:
        return None
    found = _STATED_IN_TEXT.fullmatch(facts[name])
    if found is not None and found[1] in (None, moved.currency) and found[3] in (None, moved.currency):
        try:
            return Money(minor_units(found[2], moved.currency), moved.currency)
        except UnreadableAmount:
            pass
    oddities[Oddity.UNREADABLE_PART] += 1
    return None
