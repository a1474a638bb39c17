"""One transaction of an OFX file as a Line: what its fields mean together.

Source: OFX 1.6, section 11.4.2 (STMTTRN), and OFX 2.2, section 11.4.3 (STMTTRNP, which is pending).
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from enum import StrEnum
from functools import lru_cache

from ledger.money import Money, UnknownCurrency, checked_currency
from reconciliation.formats import drafts
from reconciliation.formats.identifiers import bic, creditor_reference, iban
from reconciliation.formats.ofx import values
from reconciliation.formats.ofx.values import written
from reconciliation.statement import Line, LineStatus, Party, UnreadableFile

# What a transaction has besides what all have; a line without any of these needs no further look.
_UNUSUAL = frozenset(
    """
    DTAVAIL DTUSER DTTRAN EXTDNAME PAYEE.NAME BANKACCTTO.ACCTID CCACCTTO.ACCTID REFNUM CHECKNUM CURRENCY.CURSYM
    CORRECTFITID
    """.split()
)

_BOOKED = LineStatus.BOOKED
_NO_REFERENCES = (None, None, None, None)  # of the creditor, end to end, of the mandate, of the creditor's
_NO_RETURN = (
    False,
    None,
    None,
    None,
    None,
    None,
)  # whether it is a reversal, its reason, its parts, its payment block

LONGEST_KEPT = 140  # letters of a name that is kept for the next line with it


class Oddity(StrEnum):
    """What can be strange about a transaction that is readable all the same."""

    NO_BANK_REFERENCE = "no_bank_reference"
    SIGN_AGAINST_TYPE = "sign_against_type"
    CORRECTION = "correction"


ODDITIES = {
    Oddity.NO_BANK_REFERENCE: "{} without the bank's own number (FITID).",
    Oddity.SIGN_AGAINST_TYPE: "{} whose type and sign contradict each other; the sign counts.",
    Oddity.CORRECTION: "{} by which the bank corrects an earlier line, not counted; a person must see to it.",
}

# What money does by a line's type; of the other types either may be.
_SIGNS: dict[str | None, int] = {"CREDIT": 1, "DEBIT": -1}


def line(
    fields: dict[str, str], currency: str, is_pending: bool, position: int, oddities: Counter[Oddity]
) -> Line:
    """The Line of one transaction in an account kept in `currency`; `position` counts from 1.

    What a person should know of is counted in `oddities`. Raises UnreadableFile, without a line number, where
    the amount is missing or a value cannot be read.
    """
    if is_pending or not _UNUSUAL.isdisjoint(fields):
        return _unusual(fields, currency, is_pending, position, oddities)
    get = fields.get
    amount, booked_on = values.money(get("TRNAMT"), currency), values.day(get("DTPOSTED"))
    bank_reference = written(get("FITID"))
    code = _code(get("TRNTYPE"))
    if bank_reference is None or amount.minor * _SIGNS.get(code, 0) < 0:
        _note(code, amount, bank_reference, oddities)
    return drafts.line(
        amount,
        _BOOKED,
        booked_on,
        None,  # the day of value
        _party(get("NAME")),
        written(get("MEMO")),
        *_NO_REFERENCES,
        bank_reference,
        code,
        *_NO_RETURN,
        (),
        position,
    )


def _unusual(
    fields: dict[str, str], currency: str, is_pending: bool, position: int, oddities: Counter[Oddity]
) -> Line:
    """The Line of a transaction that is pending, or has more than what all have."""
    get = fields.get
    amount = values.money(get("TRNAMT"), _currency(fields, currency))
    status = _status(fields, is_pending)
    bank_reference = written(get("FITID"))
    code = _code(get("TRNTYPE"))
    if status is LineStatus.INFO:
        oddities[Oddity.CORRECTION] += 1
    elif status is LineStatus.BOOKED:
        _note(code, amount, bank_reference, oddities)
    memo, numbers = written(get("MEMO")), _numbers(fields, bank_reference)
    return Line(
        amount=amount,
        status=status,
        booked_on=values.day(get("DTPOSTED")),
        valued_on=_valued_on(fields),
        counterparty=_counterparty(fields),
        remittance=_remittance(memo, numbers),
        reference=_reference(numbers),
        bank_reference=bank_reference,
        transaction_code=code,
        position=position,
    )


# A type stands on most lines of a file, and a customer's name on all of his.
_code = lru_cache(maxsize=64)(written)


def _party(name: str | None) -> Party:
    return _named(name) if name is None or len(name) <= LONGEST_KEPT else Party(name=written(name))


@lru_cache(maxsize=16_384)
def _named(name: str | None) -> Party:
    return Party(name=written(name))


def _currency(fields: dict[str, str], currency: str) -> str:
    """CURRENCY where the bank states it, for then it has not converted the amount; else the account's."""
    return _stated_currency(fields.get("CURRENCY.CURSYM")) or currency


def _stated_currency(value: str | None) -> str | None:
    stated = written(value)
    try:
        return None if stated is None else checked_currency(stated.upper())
    except UnknownCurrency as refusal:
        raise UnreadableFile(refusal.message) from None


def _status(fields: dict[str, str], is_pending: bool) -> LineStatus:
    """A correction replaces or deletes a line known before: it is no money of its own."""
    if is_pending:
        return LineStatus.PENDING
    if "CORRECTFITID" in fields and written(fields["CORRECTFITID"]) is not None:
        return LineStatus.INFO
    return LineStatus.BOOKED


def _note(code: str | None, amount: Money, bank_reference: str | None, oddities: Counter[Oddity]) -> None:
    if bank_reference is None:
        oddities[Oddity.NO_BANK_REFERENCE] += 1
    if amount.minor * _SIGNS.get(code, 0) < 0:
        oddities[Oddity.SIGN_AGAINST_TYPE] += 1


def _valued_on(fields: dict[str, str]) -> date | None:
    """The day the money is available, else the one on which its user moved it."""
    for field in ("DTAVAIL", "DTUSER", "DTTRAN"):
        if field in fields and (found := values.day(fields[field])) is not None:
            return found
    return None


def _counterparty(fields: dict[str, str]) -> Party:
    """The name in its longest form; the account the money went to or came from, an IBAN or not."""
    name = _first(fields, "EXTDNAME", "NAME", "PAYEE.NAME")
    account = _first(fields, "BANKACCTTO.ACCTID", "CCACCTTO.ACCTID")
    if account is None:
        return Party(name=name)
    return Party(name=name, iban=iban(account) or account, bic=bic(written(fields.get("BANKACCTTO.BANKID"))))


def _first(fields: dict[str, str], *names: str) -> str | None:
    """The first of several fields that is not blank."""
    for name in names:
        if name in fields and (found := written(fields[name])) is not None:
            return found
    return None


def _numbers(fields: dict[str, str], bank_reference: str | None) -> list[str]:
    """The reference and the number of the cheque, where they are not just the bank's own number again."""
    found = (written(fields.get(field)) for field in ("REFNUM", "CHECKNUM"))
    return [number for number in found if number is not None and number != bank_reference]


def _remittance(memo: str | None, numbers: list[str]) -> str | None:
    """The text, then the numbers that it does not repeat and that are no structured reference."""
    said = set((memo or "").split())
    new = dict.fromkeys(
        number for number in numbers if number not in said and creditor_reference(number) is None
    )
    return " ".join(filter(None, (memo, *new))) or None


def _reference(numbers: list[str]) -> str | None:
    return next(filter(None, map(creditor_reference, numbers)), None)
