"""One line of an MT940 or MT942, its field :61: and the texts behind it, as a Line."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from functools import lru_cache

from reconciliation.formats import drafts
from reconciliation.formats.identifiers import NO_REFERENCE, known_reference, looks_like_bic
from reconciliation.formats.mt940 import returns, texts
from reconciliation.formats.mt940.fields import EXPLANATION
from reconciliation.formats.mt940.oddities import Oddity
from reconciliation.formats.mt940.texts import Facts
from reconciliation.formats.mt940.values import AMOUNT, days, minor_units
from reconciliation.statement import Batch, Line, LineStatus, Party, UnreadableFile

# Value date, booking date, mark, third letter of the currency, amount, transaction type, references.
_ENTRY = re.compile(
    rf"([0-9]{{6}})([0-9]{{4}})?([RE]?[CD])([A-Z])?({AMOUNT}) ?(?:([A-Z][A-Z0-9 ]{{3}})|(?=//|\s*$))(.*)$",
    re.MULTILINE,
)
_VALUE_DATE = re.compile(r"[0-9]{6}")
_MARKED = re.compile(r"[0-9]{6}(?:[0-9]{4})?[RE]?[CD][A-Z]?")
_AMOUNT = re.compile(AMOUNT)

_DUTCH_COUNT = re.compile(r"TOTAAL ([0-9]{1,6}) (?:POSTEN|VZ)")

_LOOKS_LIKE_FIELD = re.compile(r"\n:[0-9A-Z]{2,3}:")

_CREDITS = frozenset({"C", "RD", "EC"})  # RD takes a debit back, RC a credit
_NO_REFERENCE = NO_REFERENCE | {""}
_POINTERS = frozenset({"KREF+", "EREF", "MARF", "PREF", "EREF+", "MREF+"})  # the reference stands in :86:
_REFERENCE_WIDTH = 16
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_ACCOUNT = re.compile(rf"P?[0-9]{{7,10}}|{_IBAN.pattern}")
_REFERENCE_BELOW = re.compile(r"[0-9]{32}")  # PostFinance: the day and the number of the booking

# German codes of business events (GVC) of lumps that are our payment blocks.
_LUMP_CODES = frozenset({"191", "192", "194", "195", "196", "197"})
_LONGEST_CODE = 60

_BOOKED, _PENDING = LineStatus.BOOKED, LineStatus.PENDING
_NO_FACTS: Facts = {}

_NOBODY = Party()


def line(entry: str, currency: str, position: int, oddities: Counter[Oddity]) -> tuple[Line, bool]:
    """The Line of a field :61: with the texts behind it, and whether it is a credit.

    `position` counts from 1; what is strange is counted. Raises UnreadableFile, or what Money.parse raises,
    without a line number.
    """
    found = _ENTRY.match(entry)
    if found is None:
        raise _why(entry)
    value, booked, mark, letter, stated, swift, references = found.groups()
    unsigned = minor_units(stated, currency)
    is_credit = mark in _CREDITS
    amount = drafts.money(unsigned if is_credit else -unsigned, currency)
    valued_on, booked_on = days(value, booked)
    if swift is None or letter is not None or valued_on is None or "," not in stated:
        _note(swift, letter, valued_on, stated, currency, oddities)
    below, facts = _explained(entry[found.end() :], oddities)
    get = facts.get
    customer, bank_reference, name = _references(references)
    counterparty = _counterparty(facts, customer, name, below)
    reversal = mark[0] == "R"
    return_reason, original, charges = returns.told(facts, swift, reversal, below, amount, oddities)
    made = drafts.line(
        amount,
        _PENDING if mark[0] == "E" else _BOOKED,
        booked_on,
        valued_on,
        counterparty,
        get("purpose") if not below and get("purpose") else _remittance(facts, below, customer, counterparty),
        get("reference"),
        known_reference(get("end_to_end_id")),
        known_reference(get("mandate_id")),
        get("creditor_id"),
        bank_reference or _reference_below(below),
        _code(swift, get("code"), get("primanota"), get("key")),
        reversal,
        return_reason,
        original,
        charges,
        None,  # COAM+ tells charges and interest in one sum
        _batch(facts, customer),
        (),
        position,
    )
    return made, is_credit


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
    swift: str | None,
    letter: str | None,
    valued_on: date | None,
    amount: str,
    currency: str,
    oddities: Counter[Oddity],
) -> None:
    if swift is None:
        oddities[Oddity.NO_TYPE] += 1
    if letter is not None and letter != currency[2]:
        oddities[Oddity.OTHER_LETTER] += 1
    if valued_on is None:
        oddities[Oddity.INTEREST_DAY] += 1
    if "," not in amount:
        oddities[Oddity.NO_COMMA] += 1


def _explained(rest: str, oddities: Counter[Oddity]) -> tuple[str, Facts]:
    """What stands in the lines below the first one of a :61:, and what the texts :86: and :NS: behind it say."""
    below, _, text = rest.partition("\n:86:")
    if "\n:" in text or "\n:" in below:
        return _explained_by_several(rest, oddities)
    return below.replace("\n", "").strip() if below else "", texts.facts(text) if text else _NO_FACTS


def _explained_by_several(rest: str, oddities: Counter[Oddity]) -> tuple[str, Facts]:
    below, *pairs = EXPLANATION.split(rest)
    by_tag: dict[str, list[str]] = {"86": [], "NS": []}
    for tag, text in zip(pairs[::2], pairs[1::2], strict=True):
        by_tag[tag].append(text)
        if _LOOKS_LIKE_FIELD.search(text):
            oddities[Oddity.TAG_IN_TEXT] += 1
    facts = texts.facts("\n".join(by_tag["86"])) if by_tag["86"] else {}
    if by_tag["NS"]:
        facts = texts.facts_of_ns("\n".join(by_tag["NS"]).split("\n")) | facts
    return below.replace("\n", "").strip(), facts


def _references(text: str) -> tuple[str, str | None, str | None]:
    """The customer's reference, the bank's behind "//", and the name some Dutch banks put behind the former."""
    customer, _, bank = text.partition("//")
    customer, bank = customer.strip(), bank.strip()
    if len(bank) > _REFERENCE_WIDTH and bank[_REFERENCE_WIDTH] == "/":
        bank = bank[:_REFERENCE_WIDTH]  # key words of the bank follow
    if len(customer) > _REFERENCE_WIDTH and customer[_REFERENCE_WIDTH - 1] == " ":
        return (
            customer[:_REFERENCE_WIDTH].rstrip(),
            known_reference(bank),
            customer[_REFERENCE_WIDTH:].strip(),
        )
    return customer, known_reference(bank), None


def _counterparty(facts: Facts, customer: str, name: str | None, below: str) -> Party:
    """The other side by :86:; Dutch banks also write its account as the reference or below :61:."""
    account, bic = facts.get("account") or None, facts.get("bic") or None
    name = facts.get("name") or name
    if account is None:
        if name is not None and _ACCOUNT.fullmatch(customer):
            account = customer
        elif below and _ACCOUNT.fullmatch(below):
            account = below
        elif below and name is None and _IBAN.fullmatch(customer):  # ASN Bank, with the name below
            account, name = customer, below
        elif name is None and bic is None:
            return _NOBODY
    return drafts.party(name, account, bic if bic is None or looks_like_bic(bic) else None)


def _reference_below(below: str) -> str | None:
    return below if below and _REFERENCE_BELOW.fullmatch(below) else None


def _remittance(facts: Facts, below: str, customer: str, counterparty: Party) -> str | None:
    """The payer's text; where there is neither that nor a reference, what the bank says of the line.

    The account of the other side is no reference where it stands in the place of one.
    """
    if purpose := facts.get("purpose"):
        own = f"{customer} {below}"  # ASN Bank repeats account and name before the payer's text
        return purpose.removeprefix(own).strip() or None if counterparty.iban == customer else purpose
    if "reference" in facts:
        return None
    if below and below[0] != "/" and not _ACCOUNT.fullmatch(below) and not _REFERENCE_BELOW.fullmatch(below):
        return below
    if said := facts.get("booking_text") or facts.get("more"):
        return said
    is_none = customer in _NO_REFERENCE or customer in _POINTERS or customer == counterparty.iban
    return None if is_none else customer


@lru_cache(maxsize=1024)
def _code(swift: str | None, code: str | None, primanota: str | None, key: str | None) -> str | None:
    """As German banks write it in camt: SWIFT type, GVC, primanota and key, such as NTRF+166+9075."""
    kind = swift.strip() if swift else ""
    if not code:
        return kind or None
    return "+".join((kind, code, primanota or "", key or "")).rstrip("+")[:_LONGEST_CODE]


def _batch(facts: Facts, customer: str) -> Batch | None:
    """The payment block of a lump: by KREF+ or the customer's reference in Germany, by /PREF/ in the Netherlands."""
    batch_id, code = facts.get("batch_id"), facts.get("code")
    if code:
        if code not in _LUMP_CODES:
            return None
        own = None if customer in _NO_REFERENCE or customer in _POINTERS else customer
        return Batch(payment_information_id=batch_id or own) if batch_id or own else None
    if not batch_id or "end_to_end_id" in facts:
        return None
    counted = _DUTCH_COUNT.match(facts.get("purpose", ""))
    return Batch(payment_information_id=batch_id, count=int(counted[1]) if counted else None)
