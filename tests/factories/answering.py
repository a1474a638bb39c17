"""A bank that answers a batch in tests: reports, lumps, counter-bookings, returns and fees, each as one file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import journal
from ledger.acts import Act
from ledger.journal import Place
from ledger.models import AccountKind
from mandates import batches
from mandates.models import Batch, Debit
from reconciliation.importing import ImportReport
from reconciliation.models import StatusReport, StatusReportItem
from tests.factories import camt
from tests.factories.bank import lines_of, match, take_in
from tests.factories.books import OUR_IBAN, Books
from tests.factories.collecting import reload, scheduled, sent
from tests.factories.pain002 import Block, Tx, report

THURSDAY = date(2026, 11, 19)  # the day on which what is sent today is collected
OPENING = 1_000_000


@dataclass
class Answers:
    """One sent batch, and files of the bank about it. Statements follow one another in the order they are made."""

    session: Session
    books: Books
    batch: Batch
    debits: list[Debit]
    opening: int = OPENING
    number: int = field(default=1)

    @property
    def block(self) -> str:
        """The PmtInfId of the only block."""
        (block,) = batches.blocks_of(self.session, self.batch.id)
        return block.payment_information_id

    def statement(self, *entries: camt.Entry, day: date = THURSDAY) -> bytes:
        """One camt.053 with these entries; the bank's balance goes on from the one before."""
        content = camt.camt053(
            entries, account=OUR_IBAN, opening=self.opening, from_on=day, to_on=day,
            statement_id=f"S{self.number}", sequence=str(self.number),
        )  # fmt: skip
        self.opening += sum(entry.amount for entry in entries)
        self.number += 1
        return content

    def report(self, *blocks: Block, **about: object) -> bytes:
        """A report about the file of the batch."""
        return report(*blocks, **{"original_message_id": self.batch.message_id} | about)

    def rejects(self, *debits: Debit, code: str = "AC04", **about: object) -> bytes:
        """A report that names these debits as rejected and is silent about all others."""
        told = [Tx(debit.end_to_end_id, code=code, amount=debit.amount_minor) for debit in debits]
        return self.report(Block(self.block, told), **about)

    def lump(self, amount: int, *, itemised: Iterable[Debit] = (), count: int | None = None) -> camt.Entry:
        parts = [camt.Part(amount=one.amount_minor, end_to_end_id=one.end_to_end_id) for one in itemised]
        return camt.lump(
            amount, payment_information_id=self.block, count=count, parts=parts, booked_on=THURSDAY
        )

    def take_in(self, *contents: bytes, act: Act | None = None) -> list[ImportReport]:
        """Import files one after another, match, and commit."""
        who = act or self.books.act
        done = [take_in(self.session, content, who) for content in contents]
        match(self.session, who)
        self.session.commit()
        reload(self.session, self.batch, *self.debits)
        return done

    def states(self) -> list[str]:
        reload(self.session, self.batch, *self.debits)
        return [debit.state for debit in self.debits]

    def balance(self, kind: AccountKind) -> int:
        return journal.balance_minor(self.session, Place(self.books.creditor.id, kind, "EUR"))

    def waiting(self) -> list[str]:
        """Why lines wait, in the order of dates and amounts."""
        return [str(line.waiting_because) for line in lines_of(self.session) if line.state == "unexplained"]


def answers(books: Books, *amounts: int) -> Answers:
    """A batch with debits of these amounts, released and sent."""
    debits = [scheduled(books, amount) for amount in amounts]
    batch, _ = sent(books)
    books.session.commit()
    reload(books.session, batch, *debits)
    return Answers(books.session, books, batch, debits)


def single(debit: Debit, **facts: object) -> camt.Entry:
    """The credit of one debit."""
    return camt.credit(debit.amount_minor, end_to_end_id=debit.end_to_end_id, booked_on=THURSDAY, **facts)


def taken_back(debit: Debit, *, charges: int = 0, on: date = THURSDAY, **facts: object) -> camt.Entry:
    """A debit that comes back by itself, with what the bank keeps."""
    facts = {"reason": "AC04"} | facts
    made = camt.returned(debit.amount_minor, charges=charges, end_to_end_id=debit.end_to_end_id, **facts)
    return replace(made, booked_on=on)


def reports_of(session: Session) -> list[StatusReport]:
    query = select(StatusReport).order_by(StatusReport.id).execution_options(populate_existing=True)
    return list(session.scalars(query))


def items_of(session: Session) -> list[tuple[str, str, str | None]]:
    """Level, outcome and debit of every item of every report, in their order."""
    query = (
        select(StatusReportItem)
        .join(StatusReport, StatusReport.id == StatusReportItem.report_id)
        .order_by(StatusReport.id, StatusReportItem.position)
    )
    return [(item.level, item.outcome, item.debit_id) for item in session.scalars(query)]


def outcomes(done: Sequence[ImportReport]) -> list[dict[str, int]]:
    """What became of the reports in each file."""
    return [answer.outcomes for one in done for answer in one.answers]
