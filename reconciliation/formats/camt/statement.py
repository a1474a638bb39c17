"""One statement of a camt message while it is read: its header, its entries, its pages, and its proof."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache

from lxml import etree

from ledger.errors import Rejected
from reconciliation.formats import xml
from reconciliation.formats.camt import (
    entries,
    problems,
    tables,
)
from reconciliation.formats.camt.balances import CLOSING, OPENING, balance, currency_of, ends
from reconciliation.formats.camt.entries import About
from reconciliation.formats.camt.messages import GROUP, Message, version
from reconciliation.formats.camt.parties import compact
from reconciliation.formats.tables import Layout, Record
from reconciliation.formats.tally import Tally
from reconciliation.statement import Account, Header, Line, Statement, UnreadableFile


@dataclass(frozen=True, slots=True)
class Layouts:
    """The tables made ready for one namespace."""

    statement: Layout
    entry: Layout
    group: Layout

    @staticmethod
    @lru_cache(maxsize=64)
    def of(namespace: str) -> Layouts:
        return Layouts(
            Layout.of(tables.STATEMENT, namespace),
            Layout.of(tables.ENTRY, namespace),
            Layout.of(tables.GROUP, namespace),
        )


@dataclass(slots=True)
class Reading:
    """The statement that is being read, page after page. `element` is that of its page at hand."""

    element: etree._Element
    header: Header
    layouts: Layouts
    page_header: Header
    page: Record
    group: Record
    about: About
    tally: Tally = field(default_factory=Tally)
    pages: list[Record] = field(default_factory=list)

    @classmethod
    def of(cls, element: etree._Element, message: Message, entry: etree._Element | None) -> Reading:
        """A statement of which what stands before its first `entry` was read, or all of it if there is none."""
        namespace = xml.Name.of(element).namespace
        layouts = Layouts.of(namespace)
        page = layouts.statement.record(element)
        bare = _header(page, version(namespace, message), message)
        header = replace(bare, currency=_currency_ahead(bare, page, entry))
        own = header.account.iban or header.account.other
        about = About(
            own=own and compact(own),
            only_day=_only_day(header, page),
            kind=message.kind,
            oddities=Counter(),
        )
        return cls(element, header, layouts, bare, page, _group(element, layouts), about)

    def line(self, record: Record | UnreadableFile, position: int) -> Line:
        """The line of an entry of this statement. Raises Rejected where it cannot be read by itself."""
        if isinstance(record, UnreadableFile):
            raise record
        line = entries.line(record, self.about, position=position)
        self.tally.add(line, is_credit=record["sign"] > 0)
        return line

    def end_page(self) -> None:
        """Reads what the page at hand says at its end, where everything of it is known."""
        page = self.layouts.statement.record(self.element)
        if _header(page, self.page_header.format, self.page_header) != self.page_header:
            raise UnreadableFile(
                "The statement names itself or its account only after its first entry.",
                line=xml.line_of(self.element),
            )
        self.page = page
        self.pages.append(page)

    def goes_on_with(self, other: Reading) -> bool:
        """Whether `other` is the next page of this statement, going by page numbers or else by identity.

        Without page numbers a page lacks what another page of its set has: the closing or the opening balance.
        """
        ours, theirs = self.page_header, other.page_header
        if (ours.account, ours.sequence, ours.format) != (theirs.account, theirs.sequence, theirs.format):
            return False
        is_same = ours.statement_id is not None and ours.statement_id == theirs.statement_id
        number, following = _page_number(self.page), _page_number(other.page)
        if number is not None or following is not None:
            is_last = self.page.get("last_page") in problems.TRUE
            is_next = number is not None and following == number + 1
            return is_next and not is_last and (is_same or ours.sequence is not None)
        is_cut = CLOSING not in _kinds(self.page) and OPENING not in _kinds(other.page)
        return is_same and ours.sequence is not None and is_cut

    def turn_to(self, other: Reading) -> None:
        """Goes on with the page that `other` has begun."""
        self.element, self.layouts = other.element, other.layouts
        self.page_header, self.page = other.page_header, other.page

    def finished(self) -> Statement:
        """The statement of all its pages. Raises UnreadableFile where its own balances or totals are broken."""
        try:
            return self._proved()
        except Rejected as refusal:
            raise UnreadableFile(refusal.message, line=xml.line_of(self.element)) from None

    def _proved(self) -> Statement:
        stated: list[Record] = [found for page in self.pages for found in page.get("balances", ())]
        balances = [balance(found) for found in stated]
        currency = currency_of(self.header, balances, self.tally)
        opening, closing = ends([one for one in balances if one.amount.currency == currency])
        noticed = (
            *problems.of_header(self.header),
            *problems.of_pages(self.pages, self.group),
            *problems.of_balances(stated, balances, currency),
            *problems.of_entries(self.about.oddities),
            *problems.of_totals(self.pages, currency, self.tally),
        )
        return self.tally.close(
            self.header, currency=currency, opening=opening, closing=closing, noticed=noticed
        )


def _group(element: etree._Element, layouts: Layouts) -> Record:
    parent = element.getparent()
    group = None if parent is None else parent.find(f"{{*}}{GROUP}")
    return {} if group is None else layouts.group.record(group)


def _header(page: Record, format_name: str, about: Message | Header) -> Header:
    return Header(
        format=format_name,
        statement_id=page.get("id"),
        sequence=page.get("electronic_sequence") or page.get("legal_sequence"),
        account=Account(
            iban=page.get("iban"),
            other=page.get("other"),
            currency=page.get("currency"),
            bic=page.get("servicer_bic"),
        ),
        from_on=page.get("from_on"),
        to_on=page.get("to_on"),
        kind=about.kind,
        copy=page.get("copy"),
    )


def _currency_ahead(header: Header, page: Record, entry: etree._Element | None) -> str | None:
    """What the account is kept in, as `currency_of` will find it, from what stands before and in the first entry."""
    balances: list[Record] = page.get("balances", [])
    by_balance = next((found["amount"].currency for found in balances if "amount" in found), None)
    amounts = () if entry is None else (part for part in entry if xml.Name.of(part).local == "Amt")
    by_entry = next((amount.get("Ccy") for amount in amounts), None)
    return header.account.currency or by_balance or by_entry


def _only_day(header: Header, page: Record) -> date | None:
    """The statement's day if its period, or else its booked balances, tell of a single one."""
    if header.from_on is not None or header.to_on is not None:
        return header.to_on if header.from_on == header.to_on else None
    balances: list[Record] = page.get("balances", [])
    days = {found.get("on") for found in balances if found.get("kind") in (OPENING, CLOSING)}
    return days.pop() if len(days) == 1 else None


def _kinds(page: Record) -> set[str | None]:
    return {found.get("kind") for found in page.get("balances", ())}


def _page_number(page: Record) -> int | None:
    written: str = page.get("page", "")
    return int(written) if written.isascii() and written.isdigit() and len(written) <= 5 else None
