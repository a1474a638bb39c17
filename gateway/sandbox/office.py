"""The company's people in a year: the ERP bills, the clerk drafts and reads, the manager approves and releases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from credit_control import collecting, follow_ups, return_fees
from exporters import debit_batches, stored_files
from gateway import invoice_import
from gateway.runtime import Runtime
from gateway.sandbox.books import Company, Invoice
from gateway.sandbox.case_work import CaseWork
from gateway.sandbox.entries import Entry
from gateway.sandbox.fortune import News
from gateway.sandbox.founding import found, row_of
from gateway.sandbox.lives import announces_debit
from gateway.sandbox.paying_back import PayingBack
from gateway.sandbox.post_office import PostOffice
from gateway.sandbox.statements import AnswerFile
from ledger import invoices
from ledger.acts import Act
from ledger.business_days import add_business_days
from mandates import batches, returns, terms
from mandates.drafting import NothingToCollect
from mandates.models import AnnouncedBy, Debit, Scheme
from mandates.states import LIVE
from reconciliation import importing, matching
from reconciliation.importing import ImportReport

MORNING, NOON, EVENING = time(8), time(10), time(19)  # UTC
DAYS_AHEAD = 5  # T2 days before its collection that a debit goes into a file
ERP, CLERK, MANAGER = "erp", "clerk", "manager"


@dataclass
class Office:
    """What the people do on a day, each piece in a transaction of its own; `count` says how much of what."""

    runtime: Runtime
    company: Company
    creditor_id: str = ""
    count: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    seed: int = 0
    announced_by: AnnouncedBy = AnnouncedBy.ERP
    charges_fees: bool = False
    scheduled_before: int = DAYS_AHEAD  # T2 days before its due date that an invoice gets its debit

    def __post_init__(self) -> None:
        self.cases = CaseWork(self.runtime, self.seed, self.count)
        self.post = PostOffice(self.runtime, self.seed, self.count)
        self.paying_back = PayingBack(self.runtime, self.count)

    def open_books(self, on: date) -> None:
        """The ERP pushes creditor, account, customers and mandates."""
        act = _act(ERP, on, MORNING)
        self.creditor_id = self.runtime.run(
            lambda session: found(session, self.company, act=act, announced_by=self.announced_by)
        )
        if self.charges_fees:
            self.runtime.run(
                lambda session: terms.change(session, self.creditor_id, charge_return_fee=True, act=act)
            )

    def bill(self, bills: Sequence[Invoice], on: date) -> None:
        """The ERP pushes the invoices of the day."""
        if bills:
            act = _act(ERP, on, MORNING)
            rows = [(position, self._row(one)) for position, one in enumerate(bills, start=1)]
            done = self.runtime.run(lambda session: invoice_import.import_rows(session, iter(rows), act=act))
            self.count["invoices"] += done.created

    def hear(self, news: Iterable[News], on: date) -> None:
        """The clerk writes down what customers have told."""
        act = _act(CLERK, on, MORNING)
        for one in news:
            if one.cancels:
                self.cases.end_mandate(one.customer_external_id, act=act)
            elif one.new_iban is not None:
                self.cases.move_account(one.customer_external_id, one.new_iban, act=act)

    def work_on_cases(self, known: Mapping[str | None, Entry], on: date, *, decide: bool) -> None:
        """What people do once a week: read the lines that wait, and where they `decide`, mend files and call."""
        act = _act(CLERK, on, MORNING)
        if decide:
            self.cases.mend_files(act=act)
            self.cases.call_customers(act=act)
            self.post.write_again(act=act)
        self.cases.read_lines(known, act=act)

    def collect(self, on: date) -> Iterator[bytes]:
        """The files that leave on the day, one for each scheme that has something to collect."""
        clerk = _act(CLERK, on, NOON)
        until = add_business_days(on, self.scheduled_before)
        self.runtime.run(
            lambda session: collecting.collect_due(
                session, creditor_id=self.creditor_id, due_until=until, act=clerk
            )
        )
        for scheme in Scheme:
            content = self.send(scheme, on)
            if content is not None:
                yield content

    def reversals(self, on: date) -> Iterator[bytes]:
        """The pain.007 files of the day."""
        return self.paying_back.reversals(clerk=_act(CLERK, on, NOON), manager=_act(MANAGER, on, NOON))

    def refunds(self, on: date) -> Iterator[bytes]:
        """The pain.001 files of the day."""
        return self.paying_back.refunds(clerk=_act(CLERK, on, NOON), manager=_act(MANAGER, on, NOON))

    def take_in(self, files: Iterable[AnswerFile], on: date) -> None:
        """The clerk imports what the bank has sent, and matching decides what it means."""
        act = _act(CLERK, on, EVENING)
        for file in files:
            done = self._import(file, act)
            self.count["lines"] += done.imported
            self.count["lines that had come before"] += done.known
            self.count["files that had come before"] += done.duplicate
            if done.refusal is not None:
                self.refused.append(f"{file.name}: {done.refusal.message}")
        self._match(act)

    def end_day(self, on: date) -> None:
        """What jobs do by themselves: invoices age, and money becomes final."""
        act = _act("job", on, EVENING)
        self.post.send_due(act=act)
        self.runtime.run(lambda session: invoices.age(session, act=act))
        while True:
            done = self.runtime.run(lambda session: follow_ups.follow_up(session, act=act))
            if not done.looked_at:
                break
            self.count["debits tried again"] += len(done.retried)
            self.count["debits not tried again"] += len(done.left)
        self._charge_fees(act)
        self.count["settled"] += self.runtime.run(lambda session: returns.settle(session, act=act))

    def _charge_fees(self, act: Act) -> None:
        while True:
            done = self.runtime.run(lambda session: return_fees.charge(session, act=act))
            if not done.looked_at:
                return
            self.count["fees charged on"] += len(done.charged)

    def has_live_debits(self) -> bool:
        """Whether a debit waits to be sent, or for the bank."""
        with self.runtime.sessions() as session:
            return session.scalars(select(Debit.id).where(Debit.state.in_(LIVE)).limit(1)).first() is not None

    def send(self, scheme: Scheme, on: date) -> bytes | None:
        """The file of what is scheduled in one scheme: the clerk drafts it, the manager approves and releases it."""
        clerk, manager = _act(CLERK, on, NOON), _act(MANAGER, on, NOON)

        def drafted(session: Session) -> str | None:
            try:
                batch, _ = debit_batches.draft(
                    session,
                    creditor_id=self.creditor_id,
                    scheme=scheme,
                    collect_until=add_business_days(on, DAYS_AHEAD),
                    act=clerk,
                )
            except NothingToCollect:
                return None
            return batch.id

        def released(session: Session) -> bytes:
            total = batches.get(session, batch_id or "").total_minor
            debit_batches.approve(session, batch_id or "", confirmed_total_minor=total, act=manager)
            batch, stored = debit_batches.release(session, batch_id or "", act=manager)
            self.count["batches"] += 1
            self.count["debits"] += batch.debit_count
            return stored_files.download(session, stored.id, act=manager).content

        batch_id = self.runtime.run(drafted)
        return None if batch_id is None else self.runtime.run(released)

    def _row(self, bill: Invoice) -> dict[str, object]:
        """Most invoices say by themselves when they will be collected; the other customers get a notice."""
        if self.announced_by is AnnouncedBy.ERP or not announces_debit(bill):
            return row_of(bill)
        return row_of(bill) | {"pre_notified_on": str(bill.issued_on)}

    def _import(self, file: AnswerFile, act: Act) -> ImportReport:
        return self.runtime.run(
            lambda session: importing.import_file(session, file.content, name=file.name, act=act)
        )

    def _match(self, act: Act) -> None:
        after: str | None = None
        while True:
            start = after
            done = self.runtime.run(
                lambda session: matching.match_chunk(session, act=act, after=start)  # noqa: B023 - run at once
            )
            self.count.update({f"line: {rule}": number for rule, number in done.by_rule.items()})
            if done.looked_at < matching.CHUNK:
                return
            after = done.last_line_id


def _act(actor: str, on: date, at: time) -> Act:
    return Act(actor=actor, at=datetime.combine(on, at, tzinfo=UTC), today=on)
