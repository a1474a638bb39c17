"""Plays a year through the real product: invoices and credit notes in, statements in, matching with no hands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from benchmarks import data
from benchmarks.cash import treasury
from benchmarks.cash.facts import CreditNote, Customer, Invoice, Line, Month
from benchmarks.cash.other_lines import SECOND_IBAN
from benchmarks.cash.statements import statement
from benchmarks.cash.year import FIRST, Year
from benchmarks.comparison import require
from gateway import jobs, statement_import
from gateway.invoice_import import CHUNK
from gateway.runtime import Runtime
from gateway.settings import Settings
from ledger import credit_notes, creditors, database, invoices, refunds
from ledger.acts import Act
from ledger.credit_notes import CreditNoteFacts
from ledger.identifiers import new_id
from ledger.invoice_facts import InvoiceFacts
from ledger.models import Customer as CustomerRecord
from ledger.party_names import name_key
from ledger.refunds import Payee
from reconciliation import receiving

_ACCOUNTS = (data.OUR_IBAN, SECOND_IBAN)
_ACTOR = "benchmark"
_OPENING = 1_000_000_00
_PAYMENT_OF = text(
    "SELECT p.object_id, y.unallocated_minor FROM statement_lines l JOIN matches m ON m.line_id = l.id "
    "JOIN match_parts p ON p.match_id = m.id JOIN payments y ON y.id = p.object_id "
    "WHERE l.bank_reference = :key AND m.undone_at IS NULL AND p.kind = 'payment'"
)


class _Clocked(Runtime):
    """The running product on the days of the year instead of today."""

    day = FIRST

    def act(self, actor: str) -> Act:
        at = datetime(self.day.year, self.day.month, self.day.day, 19, 0, tzinfo=UTC)
        return Act(actor=actor, at=at, today=self.day)


@dataclass
class Spent:
    """Seconds that the parts of the work took, and how many lines were taken in."""

    billing: float = 0.0
    importing: float = 0.0
    matching: float = 0.0
    lines: int = 0
    balances: list[int] = field(default_factory=lambda: [_OPENING, _OPENING])


# Called after each matching with the lines that were brought, for those who do more than the product does by itself.
After = Callable[[Runtime, Sequence[Line]], None]


@contextmanager
def opened(url: str) -> Iterator[_Clocked]:
    """The product on the database at `url`."""
    engine = database.connect(url, connections=4)
    try:
        yield _Clocked(Settings(database_url=SecretStr(url)), engine)
    finally:
        engine.dispose()


class Player:
    """Plays month after month; keeps which of our ids belongs to which number of the year."""

    def __init__(self, runtime: _Clocked, year: Year, *, days: int = 7) -> None:
        self._runtime, self._days = runtime, days
        self._end_to_end: dict[str, str] = {}
        self._files = 0
        self.spent = Spent()
        self.creditor_id = runtime.run(self._found)
        self._customers = runtime.run(
            lambda session: _add_customers(session, year.customers, runtime.act(_ACTOR))
        )

    def play(self, month: Month, after: After | None = None) -> None:
        """The month in steps of some days: what is issued, what the banks tell, what the product makes of it."""
        first = month.first
        while first <= month.last:
            last = min(first + timedelta(days=self._days - 1), month.last)
            if (month.last - last).days < 3:  # no statement for a short rest
                last = month.last
            self._runtime.day = last
            self._step(month, first, last, after)
            first = last + timedelta(days=1)

    def _step(self, month: Month, first: date, last: date, after: After | None) -> None:
        begun = time.perf_counter()
        is_first = first == month.first
        self._issue(
            [one for one in month.invoices if one.issued_on <= last and (is_first or one.issued_on >= first)]
        )
        self._credit(
            [
                one
                for one in month.credit_notes
                if one.issued_on <= last and (is_first or one.issued_on >= first)
            ]
        )
        lines = [self._resolved(line) for line in month.lines if first <= line.booked_on <= last]
        billed = time.perf_counter()
        self._bring(lines, first, last)
        brought = time.perf_counter()
        jobs.match_everything(self._runtime, actor=_ACTOR)
        matched = time.perf_counter()
        self.spent.billing += billed - begun
        self.spent.importing += brought - billed
        self.spent.matching += matched - brought
        self.spent.lines += len(lines)
        if after is not None:
            after(self._runtime, lines)

    def _found(self, session: Session) -> str:
        act = self._runtime.act(_ACTOR)
        creditor = creditors.create(
            session, name=data.CREDITOR_NAME, country="DE", creditor_identifier=data.CREDITOR_IDENTIFIER,
            town="Berlin", act=act,
        )  # fmt: skip
        for name, iban in zip(("Main", "Second"), _ACCOUNTS, strict=True):
            creditors.open_bank_account(session, creditor_id=creditor.id, name=name, iban=iban, act=act)
        treasury.write_rules(session, creditor.id, act)
        return creditor.id

    def _issue(self, many: Sequence[Invoice]) -> None:
        act = self._runtime.act(_ACTOR)
        facts = [
            InvoiceFacts(
                creditor_id=self.creditor_id, customer_id=self._customers[one.customer], number=one.number,
                currency="EUR", total_minor=one.total_minor, issued_on=one.issued_on, due_on=one.due_on,
                reference=one.reference, purchase_order=one.purchase_order, discount_days=one.discount_days,
                discount_percent=one.discount_percent,
            )
            for one in many
        ]  # fmt: skip
        for start in range(0, len(facts), CHUNK):
            part = facts[start : start + CHUNK]
            issued = self._runtime.run(lambda session: invoices.issue_many(session, part, act=act))  # noqa: B023 - run at once
            require(all(outcome.new for outcome in issued), "every invoice is new and sound")

    def _credit(self, many: Sequence[CreditNote]) -> None:
        act = self._runtime.act(_ACTOR)

        def issue(session: Session) -> None:
            for one in many:
                facts = CreditNoteFacts(
                    creditor_id=self.creditor_id, customer_id=self._customers[one.customer], number=one.number,
                    currency="EUR", total_minor=one.total_minor, issued_on=one.issued_on,
                )  # fmt: skip
                credit_notes.issue(session, facts, act=act)

        self._runtime.run(issue)

    def _bring(self, lines: Sequence[Line], first: date, last: date) -> None:
        """A statement for each of our accounts, as files of the bank."""
        self._files += 1
        for account, iban in enumerate(_ACCOUNTS):
            told = [line for line in lines if line.account == account]
            content, closing = statement(
                iban, told, opening=self.spent.balances[account], number=self._files, first=first, last=last
            )
            self.spent.balances[account] = closing
            report = statement_import.bring(
                self._runtime, content, name=f"{iban[-4:]}-{self._files}.xml", actor=_ACTOR,
                wishes=receiving.NO_WISHES, progress=lambda _bytes, _lines: None,
            )  # fmt: skip
            require(
                report.refusal is None and report.imported == len(told),
                f"{len(told)} lines of {iban[-4:]} taken in",
            )

    def _resolved(self, line: Line) -> Line:
        """The line with the EndToEndId of the refund it is, where the product was asked for that refund."""
        end_to_end_id = None
        if line.refund_of is not None:
            end_to_end_id = self._runtime.run(lambda session: self._ask_refund(session, line))
        elif line.returns is not None:
            end_to_end_id = self._end_to_end.get(line.returns)
        if end_to_end_id is None:
            return line
        self._end_to_end[line.key] = end_to_end_id
        return replace(line, end_to_end_id=end_to_end_id)

    def _ask_refund(self, session: Session, line: Line) -> str | None:
        """Ask for the refund if the product has that much of the payment left; gives its EndToEndId."""
        found = session.execute(_PAYMENT_OF, {"key": line.refund_of}).first()
        if found is None or found.unallocated_minor < -line.amount_minor:
            return None
        refund = refunds.request(
            session, payment_id=found.object_id, amount_minor=-line.amount_minor, reason="Paid too much",
            payee=Payee(name=line.name[:70], iban=line.iban), act=self._runtime.act(_ACTOR),
        )  # fmt: skip
        return refund.end_to_end_id


def _add_customers(session: Session, many: Sequence[Customer], act: Act) -> list[str]:
    """All customers in one statement, as a first import from the ERP; gives their ids in order."""
    rows = [
        {
            "id": new_id("cus"), "external_id": one.number, "name": one.name, "name_key": name_key(one.name),
            "iban": one.account if one.is_known else None, "country": one.country, "created_at": act.at,
        }
        for one in many
    ]  # fmt: skip
    session.execute(insert(CustomerRecord), rows)
    return [str(row["id"]) for row in rows]
