"""The envelope of one OFX statement: its account, currency, period and balance, read by ofxparse.

ofxparse is given neither header nor encoding nor transactions as the bank wrote them, for those it mistakes or
reads slowly, but the few fields of the envelope in the plainest form of OFX.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from datetime import date, datetime
from xml.sax.saxutils import escape

from ofxparse import OfxParser
from ofxparse.ofxparse import OfxParserException

from ledger.errors import Rejected
from ledger.money import Money, checked_currency
from reconciliation.formats import identifiers
from reconciliation.formats.ofx import values
from reconciliation.formats.ofx.scan import Mark
from reconciliation.formats.ofx.values import written
from reconciliation.statement import Account, Balance, UnreadableFile

# The one balance that is booked (OFX 1.6, section 11.4.1.1); AVAILBAL is what may be spent.
LEDGER_BALANCE = "LEDGERBAL"

_ACCOUNTS = ("BANKACCTFROM", "CCACCTFROM", "INVACCTFROM")
_ACCOUNT_FIELDS = ("BANKID", "BROKERID", "BRANCHID", "ACCTID", "ACCTTYPE")
_FIELDS = {
    "STMTRS": ("CURDEF",),
    "BANKTRANLIST": ("DTSTART", "DTEND"),
    LEDGER_BALANCE: ("BALAMT", "DTASOF"),
    **dict.fromkeys(_ACCOUNTS, _ACCOUNT_FIELDS),
}
_STATEMENTS = ("STMTRS", "CCSTMTRS", "INVSTMTRS")
_DAYS = ("DTSTART", "DTEND", "DTASOF")

_HEADER = """\
OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:UTF-8
CHARSET:NONE
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

"""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands around the transactions of one statement; `currency` is None where it states none."""

    account: Account
    currency: str | None
    from_on: date | None
    to_on: date | None
    closing: Balance | None


class Collected:
    """The fields of one envelope as they come."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], str] = {}
        self._read: Envelope | None = None

    def add(self, mark: Mark) -> None:
        """Keeps a leaf that belongs to the envelope. Raises UnreadableFile where it is stated twice otherwise."""
        parent = "STMTRS" if mark.parent in _STATEMENTS else mark.parent
        if mark.name not in _FIELDS.get(parent, ()):
            return
        value = written(mark.text)
        if value is None:
            return
        if self._values.setdefault((parent, mark.name), value) != value:
            raise UnreadableFile("The statement states its account, period or balance twice.", line=mark.line)
        self._read = None

    def read(self) -> Envelope:
        """What ofxparse makes of the fields so far. Raises UnreadableFile, without a line number."""
        if self._read is None:
            self._read = _envelope(self._written())
        return self._read

    def _written(self) -> bytes:
        """The fields as a file of their own, days without hours, amounts without thousands."""
        groups: dict[str, str] = {}
        currency = self._values.get(("STMTRS", "CURDEF"), "").upper()
        for (parent, name), value in self._values.items():
            if plain := _plain(name, value, currency):
                groups[parent] = groups.get(parent, "") + f"<{name}>{escape(plain)}</{name}>"
        own = groups.pop("STMTRS", "")
        rest = "".join(f"<{parent}>{inside}</{parent}>" for parent, inside in groups.items())
        return f"{_HEADER}<OFX><STMTRS>{own}{rest}</STMTRS></OFX>".encode()


def _plain(name: str, value: str, currency: str) -> str:
    if name in _DAYS:
        day = values.day(value)
        return "" if day is None else day.strftime("%Y%m%d")
    if name == "BALAMT":
        return values.number(value, currency)
    return value.upper() if name == "CURDEF" else value


def _envelope(content: bytes) -> Envelope:
    try:
        with warnings.catch_warnings():
            # ofxparse calls its own parser by names that are no longer liked there.
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            found = OfxParser.parse(io.BytesIO(content)).accounts[0]
    except OfxParserException:
        raise UnreadableFile("The statement's account, period or balance cannot be read.") from None
    statement = found.statement
    currency = found.curdef
    return Envelope(
        account=_account(found.account_id, found.routing_number, currency),
        currency=currency,
        from_on=_day(statement.start_date),
        to_on=_day(statement.end_date),
        closing=_closing(statement, currency),
    )


def _account(number: str, bank: str, currency: str | None) -> Account:
    iban = identifiers.iban(number)
    return Account(
        iban=iban,
        other=None if iban else number or None,
        currency=currency,
        bic=identifiers.bic(bank),
    )


def _day(found: object) -> date | None:
    return found.date() if isinstance(found, datetime) else None


def _closing(statement: object, currency: str | None) -> Balance | None:
    amount = getattr(statement, "balance", None)
    if amount is None or currency is None:
        return None
    try:
        money = Money.parse(format(amount, "f"), checked_currency(currency))
    except Rejected as refusal:
        raise UnreadableFile(refusal.message) from None
    return Balance(amount=money, on=_day(getattr(statement, "balance_date", None)), kind=LEDGER_BALANCE)
