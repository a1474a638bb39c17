"""The bank in tests: it answers our debit files and books other things, and keeps its own balance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from io import BytesIO

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from exporters.pain008.message import DirectDebitMessage
from gateway.sandbox import bank, camt053, statements
from gateway.sandbox import transaction_codes as codes
from gateway.sandbox.camt053 import Statement
from gateway.sandbox.entries import Entry
from ledger import journal
from ledger.acts import Act
from ledger.database import Base
from ledger.journal import Place
from ledger.models import AccountKind, BankAccount
from ledger.money import Money
from reconciliation import importing, matching
from reconciliation.importing import ImportReport
from reconciliation.matching import MatchReport
from reconciliation.models import StatementLine, StatementRecord
from reconciliation.statement import Account, Party
from tests.factories.books import OUR_IBAN, debtor_iban

CAMT_053 = "camt.053.001.08"
DAY = date(2026, 11, 18)  # the tests' today
START = 1_000_000  # what the bank holds for us before the first statement


def transfer(
    amount_minor: int,
    remittance: str | None = None,
    *,
    day: date = DAY,
    payer: int = 1,
    currency: str = "EUR",
    **facts: object,
) -> Entry:
    """Money that came in from the account of payer number `payer`."""
    return Entry(
        amount=Money(amount_minor, currency), booked_on=day, valued_on=day, code=codes.TRANSFER_IN,
        counterparty=Party(name=f"Max Mustermann {payer}", iban=debtor_iban(500_000 + payer)),
        remittance=remittance, **facts,
    )  # fmt: skip


def payment_out(
    amount_minor: int, remittance: str | None = None, *, day: date = DAY, **facts: object
) -> Entry:
    """Money that went out by transfer, given without a sign."""
    return replace(transfer(-amount_minor, remittance, day=day, **facts), code=codes.TRANSFER_OUT)


class Bank:
    """One account as its bank keeps it; every method gives the bytes of the camt.053 files it sends."""

    def __init__(
        self, *, iban: str = OUR_IBAN, opening_minor: int = START, currency: str = "EUR", first: int = 1
    ) -> None:
        self.account = Account(iban=iban, currency=currency)
        self.balance = Money(opening_minor, currency)
        self.sequence = first

    def answer(self, message: DirectDebitMessage, **wishes: object) -> list[bytes]:
        """A statement for every day on which something of `message` is booked; see `bank.simulate`."""
        said = bank.simulate(message, account_opening=self.balance, first_sequence=self.sequence, **wishes)
        self._go_on(said.statements)
        return [file.content for file in said.of_format(CAMT_053)]

    def days(self, *entries: Entry) -> list[Statement]:
        """A statement for every day of `entries`, as data."""
        kept = statements.keep(
            self.account, owner="Muster Energie GmbH", entries=entries, opening=self.balance,
            first_sequence=self.sequence,
        )  # fmt: skip
        self._go_on(kept)
        return list(kept)

    def book(self, *entries: Entry) -> list[bytes]:
        """A file for every day of `entries`."""
        return [written(day) for day in self.days(*entries)]

    def _go_on(self, kept: Sequence[Statement]) -> None:
        if kept:
            self.balance, self.sequence = kept[-1].closing, kept[-1].sequence + 1


def written(*days: Statement, message_id: str | None = None) -> bytes:
    """One camt.053 file with these statements."""
    out = BytesIO()
    camt053.write(out, days, message_id=message_id or days[0].statement_id, created_at=days[0].created_at)
    return out.getvalue()


def together(*days: Statement) -> Statement:
    """One statement over several days, as a bank sends it at the end of a week or month."""
    first, last = days[0], days[-1]
    return replace(
        last, statement_id=f"W{last.statement_id}"[:35], opening=first.opening,
        entries=tuple(entry for day in days for entry in day.entries),
    )  # fmt: skip


def take_in(session: Session, content: bytes, act: Act, *, name: str = "statement.xml") -> ImportReport:
    """Import a file that must be taken."""
    report = importing.import_file(session, content, name=name, act=act)
    assert report.refusal is None, report.refusal
    return report


def take_in_all(session: Session, files: Iterable[bytes], act: Act) -> list[ImportReport]:
    return [take_in(session, content, act) for content in files]


def match(session: Session, act: Act, *, limit: int = matching.CHUNK) -> MatchReport:
    """Match everything that waits, chunk after chunk, as often as the job does it."""
    whole = last = _look(session, act, limit)
    for _ in range(matching.MOST_LOOKS - 1):
        if not last.goes_on():
            break
        last = _look(session, act, limit)
        whole.followed_by(last)
    session.expire_all()
    return whole


def _look(session: Session, act: Act, limit: int) -> MatchReport:
    whole, after = MatchReport(), None
    while (done := matching.match_chunk(session, act=act, after=after, limit=limit)).looked_at:
        whole.add(done)
        after = done.last_line_id
    return whole


def lines_of(session: Session) -> list[StatementLine]:
    """Every stored line, in the order of dates and then of amounts."""
    order = (StatementLine.booked_on, StatementLine.amount_minor, StatementLine.id)
    query = select(StatementLine).order_by(*order).execution_options(populate_existing=True)
    return list(session.scalars(query))


def statements_of(session: Session) -> list[StatementRecord]:
    """Every stored statement, in the order of their closing days."""
    query = select(StatementRecord).order_by(StatementRecord.closes_on, StatementRecord.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def bank_balance(session: Session, account: BankAccount) -> int:
    """What the journal says is at the bank."""
    return journal.balance_minor(
        session, Place(account.creditor_id, AccountKind.BANK, account.currency, account.id)
    )


def row_counts(session: Session) -> dict[str, int]:
    """How many rows every table has, to see that nothing was added."""
    return {
        table.name: session.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
    }
