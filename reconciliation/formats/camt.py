"""Reads camt bank statements of every version as a stream: a header, its lines, then the proved statement.

Source: ISO 20022 bank-to-customer cash management, camt.053.001.02 to .13. The messages camt.052 and camt.054
are built alike and name two elements otherwise; MESSAGES says which of them are read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import BinaryIO

from lxml import etree

from ledger.errors import Rejected
from ledger.money import Money, checked_currency
from reconciliation.formats import camt_entries, xml
from reconciliation.formats.camt_entries import Oddity
from reconciliation.formats.camt_tables import ENTRY, STATEMENT, money
from reconciliation.formats.tables import Fill, Record, compiled
from reconciliation.formats.tally import Tally, counted
from reconciliation.statement import Account, Balance, Header, Item, Line, Statement, UnreadableFile


@dataclass(frozen=True, slots=True)
class Message:
    """One kind of camt message: its root element and the element of one statement within it."""

    name: str
    root: str
    statement: str
    is_read: bool


MESSAGES = (
    Message("camt.052", "BkToCstmrAcctRpt", "Rpt", is_read=False),
    Message("camt.053", "BkToCstmrStmt", "Stmt", is_read=True),
    Message("camt.054", "BkToCstmrDbtCdtNtfctn", "Ntfctn", is_read=False),
)
_READ = tuple(message for message in MESSAGES if message.is_read)
_VERSION = re.compile(r"(camt\.05[234])\.[0-9]{3}\.[0-9]{2}")
_ENTRY = "Ntry"
_TAGS = tuple(f"{{*}}{name}" for name in (_ENTRY, *(message.statement for message in _READ)))

# Balance types (ISO 20022 BalanceType): booked at the opening and the closing of the day, at the closing of
# the day before, and at the turn of a page where a statement has several.
_OPENING, _CLOSING, _PREVIOUS, _INTERIM = "OPBD", "CLBD", "PRCD", "ITBD"

_COPIES = {"CODU": "a copy of a duplicate", "COPY": "a copy", "DUPL": "a duplicate"}

_ODDITIES = {
    Oddity.DATED_BY_STATEMENT: "{} without a booking date, dated by the only day of the statement.",
    Oddity.NO_STATUS: "{} without a status, counted as booked because a statement lists booked lines.",
    Oddity.UNKNOWN_STATUS: "{} with an unknown status, not counted.",
    Oddity.PARTS_WITHOUT_AMOUNT: "{} whose parts do not all state an amount; the parts are left out.",
    Oddity.PARTS_DO_NOT_ADD_UP: "{} whose parts do not add up to it.",
    Oddity.FOREIGN_PARTS: "{} with parts in another currency.",
    Oddity.FOREIGN_ORIGINAL: "{} with an original amount in another currency, which is left out.",
    Oddity.FOREIGN_CHARGES: "{} with charges in another currency, which are left out.",
}


def identify(head: bytes) -> str | None:
    """The version, such as "camt.053.001.08", if `head` begins a camt message that is read here, else None.

    Where the namespace does not tell a version it is "camt.053".
    """
    found = identify_any(head)
    return found if found is not None and found.startswith(tuple(message.name for message in _READ)) else None


def identify_any(head: bytes) -> str | None:
    """Like `identify`, but for every camt message about an account, whether it is read here or not."""
    try:
        return named(xml.opening(head))
    except UnreadableFile:
        return None


def named(names: Iterable[xml.Name]) -> str | None:
    """The camt version that the first elements of a file tell: by the root element, else by a namespace."""
    names = tuple(names)
    for name in names:
        for message in MESSAGES:
            if name.local == message.root:
                return _version(name.namespace, message)
    versions = (_VERSION.search(name.namespace) for name in names)
    return next((found[0] for found in versions if found is not None), None)


def _version(namespace: str, message: Message) -> str:
    found = _VERSION.search(namespace)
    return found[0] if found is not None and found[1] == message.name else message.name


# --- the stream ---


def read(stream: BinaryIO) -> Iterator[Item]:
    """For each statement of `stream` its Header, its Lines, and last its Statement, in the file's order.

    Memory stays flat however long the file is. Raises UnreadableFile, possibly after lines were given:
    nothing is to be kept of a file that was not read to its end.
    """
    current: _Reading | None = None
    position = found = 0
    for element in xml.iterate(stream, tags=_TAGS):
        owner = element.getparent() if str(element.tag).endswith(_ENTRY) else element
        if current is None or owner is not current.element:
            message = _message_of(owner)
            if owner is None or message is None:
                continue
            current = _Reading.of(owner, message, None if owner is element else element)
            yield current.header
        if owner is not element:
            position += 1
            yield current.line(element, position)
        else:
            yield current.finished()
            current, found = None, found + 1
        _forget(element)
    if not found:
        raise UnreadableFile("The file holds no statement.")


def _message_of(element: etree._Element | None) -> Message | None:
    """Which message `element` is a statement of; None where it stands anywhere else."""
    parent = None if element is None else element.getparent()
    if element is None or parent is None:
        return None
    names = (xml.Name.of(parent).local, xml.Name.of(element).local)
    return next((message for message in _READ if names == (message.root, message.statement)), None)


def _forget(element: etree._Element) -> None:
    """Frees what was read. The element itself goes with the next one: the parser may still add behind it."""
    del element[:]
    previous = element.getprevious()
    if previous is not None and previous.tag == element.tag:
        parent = element.getparent()
        if parent is not None:
            parent.remove(previous)


@dataclass(slots=True)
class _Reading:
    """The statement that is being read."""

    element: etree._Element
    header: Header
    own: str | None
    only_day: date | None
    fill: Fill
    fill_entry: Fill
    tally: Tally = field(default_factory=Tally)
    oddities: Counter[Oddity] = field(default_factory=Counter)

    @classmethod
    def of(cls, element: etree._Element, message: Message, entry: etree._Element | None) -> _Reading:
        namespace = xml.Name.of(element).namespace
        fill, fill_entry = _fills(namespace)
        record: Record = {}
        fill(element, record)
        header = _header(record, _version(namespace, message))
        header = replace(header, currency=_currency_ahead(header, record, entry))
        own = header.account.iban or header.account.other
        day = _only_day(header, record)
        return cls(element, header, own and camt_entries.compact(own), day, fill, fill_entry)

    def line(self, element: etree._Element, position: int) -> Line:
        entry: Record = {}
        self.fill_entry(element, entry)
        try:
            line = camt_entries.line(
                entry, own=self.own, only_day=self.only_day, position=position, oddities=self.oddities
            )
        except UnreadableFile as refusal:
            raise UnreadableFile(refusal.message, line=xml.line_of(element)) from None
        self.tally.add(line, is_credit=entry["sign"] > 0)
        return line

    def finished(self) -> Statement:
        record: Record = {}
        self.fill(self.element, record)
        try:
            return self._proved(record)
        except Rejected as refusal:
            raise UnreadableFile(refusal.message, line=xml.line_of(self.element)) from None

    def _proved(self, record: Record) -> Statement:
        if _header(record, self.header.format) != replace(self.header, currency=None):
            raise UnreadableFile("The statement names itself or its account only after its first entry.")
        balances = [_balance(found) for found in record.get("balances", ())]
        currency = _currency(self.header, balances, self.tally)
        opening, closing = _ends([balance for balance in balances if balance.amount.currency == currency])
        noticed = (
            *_header_problems(self.header, record),
            *_balance_problems(record.get("balances", ()), balances, currency),
            *(_ODDITIES[oddity].format(counted(number, "line")) for oddity, number in self.oddities.items()),
            *_declaration_problems(record, currency, self.tally),
        )
        return self.tally.close(
            self.header, currency=currency, opening=opening, closing=closing, noticed=noticed
        )


@lru_cache(maxsize=64)
def _fills(namespace: str) -> tuple[Fill, Fill]:
    return compiled(STATEMENT, namespace), compiled(ENTRY, namespace)


# --- the statement's own fields ---


def _header(record: Record, format_name: str) -> Header:
    return Header(
        format=format_name,
        statement_id=record.get("id"),
        sequence=record.get("electronic_sequence") or record.get("legal_sequence"),
        account=Account(
            iban=record.get("iban"),
            other=record.get("other"),
            currency=record.get("currency"),
            bic=record.get("servicer_bic"),
        ),
        from_on=record.get("from_on"),
        to_on=record.get("to_on"),
    )


def _currency_ahead(header: Header, record: Record, entry: etree._Element | None) -> str | None:
    """What the account is kept in, as `_currency` will find it, from what stands before and in the first entry."""
    balances: list[Record] = record.get("balances", [])
    by_balance = next((found["amount"].currency for found in balances if "amount" in found), None)
    amounts = () if entry is None else (part for part in entry if xml.Name.of(part).local == "Amt")
    by_entry = next((amount.get("Ccy") for amount in amounts), None)
    return header.account.currency or by_balance or by_entry


def _only_day(header: Header, record: Record) -> date | None:
    """The statement's day if its period, or else its booked balances, tell of a single one."""
    if header.from_on is not None or header.to_on is not None:
        return header.to_on if header.from_on == header.to_on else None
    balances: list[Record] = record.get("balances", [])
    days = {found.get("on") for found in balances if found.get("kind") in (_OPENING, _CLOSING)}
    return days.pop() if len(days) == 1 else None


def _balance(found: Record) -> Balance:
    """Below zero where marked DBIT; without a mark a credit, which is named among the problems."""
    if "amount" not in found:
        raise UnreadableFile("A balance has no amount.")
    unsigned: Money = found["amount"]
    signed = unsigned if found.get("sign", 1) > 0 else -unsigned
    return Balance(amount=signed, on=found.get("on"), kind=found.get("kind", ""))


def _currency(header: Header, balances: list[Balance], tally: Tally) -> str:
    """The account's own currency, else that of its first balance, else that of its first line."""
    by_balance = next((balance.amount.currency for balance in balances), None)
    found = header.account.currency or by_balance or tally.currency
    if found is None:
        raise UnreadableFile("The statement does not say in which currency its account is kept.")
    return checked_currency(found)


def _ends(balances: list[Balance]) -> tuple[Balance | None, Balance | None]:
    """The opening and the closing booked balance of a statement, or of the page of one.

    A page has interim balances at its inner ends; a single one with nothing at the other end proves nothing.
    """
    opening = _earliest(balances, _OPENING) or _earliest(balances, _PREVIOUS)
    closing = _latest(balances, _CLOSING)
    interim = [balance for balance in balances if balance.kind == _INTERIM]
    if interim and (opening or closing or len(interim) > 1):
        opening = opening or interim[0]
        closing = closing or interim[-1]
    return opening, closing


def _earliest(balances: list[Balance], kind: str) -> Balance | None:
    found = [balance for balance in balances if balance.kind == kind]
    return min(found, key=lambda balance: balance.on or date.max, default=None)


def _latest(balances: list[Balance], kind: str) -> Balance | None:
    found = [balance for balance in reversed(balances) if balance.kind == kind]
    return max(found, key=lambda balance: balance.on or date.min, default=None)


# --- what a person should know of ---


def _header_problems(header: Header, record: Record) -> Iterator[str]:
    if _VERSION.fullmatch(header.format) is None:
        yield f"The file does not say in which version of {header.format} it is written."
    if header.account.iban is None and header.account.other is None:
        yield "The statement does not name its account."
    if "copy" in record:
        yield f"The bank marks the statement as {_COPIES.get(record['copy'], 'a copy or duplicate')}."
    if record.get("last_page") in ("false", "0"):
        yield "Further pages of the statement stand elsewhere."


def _balance_problems(records: list[Record], balances: list[Balance], currency: str) -> Iterator[str]:
    unmarked = sum("sign" not in found for found in records)
    if unmarked:
        yield f"{counted(unmarked, 'balance')} not marked as credit or debit, read as credit."
    for other in sorted({balance.amount.currency for balance in balances} - {currency}):
        yield f"A balance in {other} is left out, because the account is kept in {currency}."


def _declaration_problems(record: Record, currency: str, tally: Tally) -> Iterator[str]:
    """Where the bank's own totals (TxsSummry) fit neither the booked lines nor all lines."""
    booked, every = tally.booked(currency), tally.all(currency)
    checks = (
        ("declared_all", "line", (booked.lines, every.lines), (booked.moved_minor, every.moved_minor)),
        (
            "declared_credits",
            "credit",
            (booked.credits, every.credits),
            (booked.credits_minor, every.credits_minor),
        ),
        (
            "declared_debits",
            "debit",
            (booked.debits, every.debits),
            (booked.debits_minor, every.debits_minor),
        ),
    )
    for field_name, noun, counts, sums in checks:
        for declared in record.get(field_name, ()):
            count, total = declared.get("count"), declared.get("sum")
            if count is not None and count.lstrip("0") not in [str(number or "") for number in counts]:
                yield f"The bank declares {count[:15]} {noun}s, but the file holds {counts[0]}."
            if total is not None and (stated := money(total, currency)).minor not in sums:
                yield f"The bank declares {noun}s of {stated}, but they add up to {Money(sums[0], currency)}."
