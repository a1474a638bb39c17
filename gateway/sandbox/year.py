"""A year of business days in one run: the company collects, its bank answers, and at the end both are compared."""

from __future__ import annotations

import time as stopwatch
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import takewhile
from zoneinfo import ZoneInfo

from exporters.pain008 import reader
from gateway import verifying
from gateway.runtime import Runtime
from gateway.sandbox import agreement, company, lives
from gateway.sandbox.agreement import Agreement
from gateway.sandbox.books import Company, Invoice
from gateway.sandbox.fortune import World
from gateway.sandbox.habits import Booking, Fees, Habits, Itemised, Reports, Returns
from gateway.sandbox.office import Office
from gateway.sandbox.standing_bank import Bank, Lateness
from gateway.sandbox.watch import Watch
from ledger.business_days import add_business_days, is_business_day
from ledger.cut_offs import CutOff
from ledger.money import Money
from ledger.verify import Finding
from mandates.models import AnnouncedBy
from reconciliation.statement import Account

START = date(
    2027, 1, 1
)  # a year with everything: Easter in March, a May Day on a Saturday, Christmas at a weekend
OPENING = Money(25_000_000, "EUR")
MANDATES_PERCENT = 85
PAYING_BACK_DAYS = (1, 3)  # Tuesdays and Thursdays
TIME_TO_ANNOUNCE = 25  # T2 days before its due date that an invoice gets its debit; a notice takes two weeks
LONGEST_WIND_DOWN = 80  # T2 days; the second retry of a late return is collected by then
HANDED_IN_AT = time(10, 30)  # UTC; the bank's cut-off is 14:00 in Berlin

# What the bank does in each month; the same kind of month comes round again.
_HABITS = (
    Habits(booking=Booking.BATCH),
    Habits(booking=Booking.SINGLE, returns=Returns.BATCH, reports=Reports.SUMMARY),
    Habits(booking=Booking.BATCH, net_rejects=True, fees=Fees.SEPARATE, interest=Money(4, "EUR")),
    Habits(booking=Booking.ACROSS_BLOCKS, reports=Reports.ALL, report_version="pain.002.001.03"),
    Habits(booking=Booking.AS_FILE_SAYS, itemised=Itemised.STATEMENT, interest=Money(4, "EUR")),
    Habits(booking=Booking.BATCH, itemised=Itemised.NEVER, fees=Fees.DAILY, report_version="pain.002.001.14"),
    Habits(booking=Booking.ACROSS_BLOCKS, itemised=Itemised.STATEMENT, net_rejects=True),
)
_TWICE, _LATE = Decimal("0.02"), Decimal("0.04")  # shares of the bank's files


@dataclass
class YearReport:
    """What a year came to: counts, the comparison of bank and books, and the invariants."""

    seed: int
    customers: int
    months: int
    days: int = 0
    seconds: float = 0.0
    until: date = START
    count: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    agreement: Agreement = field(default_factory=Agreement)
    findings: list[Finding] = field(default_factory=list)
    bank: Bank | None = None
    creditor_id: str = ""

    @property
    def differences(self) -> list[str]:
        """Whatever is not as it must be, in sentences."""
        broken = [
            f"{one.invariant.sentence} Broken {one.breaches} times." for one in self.findings if not one.holds
        ]
        return [*self.refused, *self.agreement.differences, *broken]

    @property
    def holds(self) -> bool:
        return not self.differences


def run(
    runtime: Runtime,
    *,
    seed: int,
    customers: int = 500,
    months: int = 12,
    start: date = START,
    trouble: int = 1,
    say: Callable[[str], None] = lambda _line: None,
) -> YearReport:
    """Play a year on an empty database, and go on without new invoices until nothing can come back any more.

    Things go wrong `trouble` times as often as usual, 1 to 10. The same arguments make the same year.
    """
    begun = stopwatch.monotonic()
    report = YearReport(seed=seed, customers=customers, months=months)
    year = _Year.of(runtime, seed=seed, customers=customers, months=months, start=start, trouble=trouble)
    for on in year.business_days():
        year.day(on)
        report.days += 1
        report.until = on
        if on.day == 1 or add_business_days(on, -1).month != on.month:
            say(f"{on:%B %Y}: {year.office.count['debits']} debits, {year.office.count['lines']} lines")
    year.wind_down()
    year.run_out()
    report.bank, report.creditor_id = year.bank, year.office.creditor_id
    report.until = year.today
    report.count, report.refused = year.office.count, [*year.office.refused, *year.watch.complaints]
    with runtime.sessions() as session:
        report.agreement = agreement.compare(session, year.bank, creditor_id=year.office.creditor_id)
    report.findings = verifying.verify(runtime)
    report.seconds = stopwatch.monotonic() - begun
    return report


@dataclass
class _Year:
    """The year under way."""

    office: Office
    bank: Bank
    world: World
    bills: list[Invoice]
    start: date
    end: date
    today: date
    watch: Watch = field(default_factory=Watch)

    def __post_init__(self) -> None:
        self.office.post.on_sent = self.watch.mailed

    @classmethod
    def of(
        cls, runtime: Runtime, *, seed: int, customers: int, months: int, start: date, trouble: int
    ) -> _Year:
        made = company.build(
            today=start,
            seed=seed,
            customers=customers,
            mandates=customers * MANDATES_PERCENT // 100,
            invoices=0,
        )
        lived = lives.live(made, start=start, months=months, seed=seed)
        office = Office(
            runtime,
            made,
            seed=seed,
            announced_by=AnnouncedBy.DUECOURSE,
            charges_fees=True,
            scheduled_before=TIME_TO_ANNOUNCE,
        )
        office.open_books(start)
        bills = list(lives.bills(list(lived.values()), start=start, months=months, seed=seed))
        return cls(
            office=office, bank=_bank(made, seed, trouble), world=World(made, lived, seed, trouble), bills=bills,
            start=start, end=lives.month_on(start, months), today=start,
        )  # fmt: skip

    def business_days(self) -> Iterator[date]:
        """The T2 days of the year."""
        day = self.start
        while day < self.end:
            if is_business_day(day):
                yield day
            day += timedelta(days=1)

    def day(self, on: date) -> None:
        """One business day: bills go out, files go to the bank, the bank's files come in."""
        self.today = on
        fresh = list(takewhile(lambda bill: bill.issued_on <= on, self.bills))
        del self.bills[: len(fresh)]
        self.office.bill(fresh, on)
        for bill in fresh:
            self.world.billed(bill)
        self._hear(on)
        if add_business_days(on, -1).isocalendar()[1] != on.isocalendar()[1]:
            self.office.work_on_cases(self.bank.booked_by_reference, on, decide=on < self.end)
        at = datetime.combine(on, HANDED_IN_AT, tzinfo=UTC)
        for content in self.office.collect(on):
            self._hand_in(content, at)
        if on.weekday() in PAYING_BACK_DAYS:
            self._pay_back(on, at)
        self._evening(on)

    def wind_down(self) -> None:
        """Go on for some weeks without new invoices: what was begun is collected, and tried again as usual."""
        for _ in range(LONGEST_WIND_DOWN):
            if not self.office.has_live_debits():
                return
            self.day(add_business_days(self.today, 1))

    def run_out(self) -> None:
        """Go on with what is under way, on days on which something happens, until nothing is."""
        self.world.is_still = True
        while (on := self.bank.next_day(self.today)) is not None or not self.world.is_quiet:
            self.today = add_business_days(self.today, 1) if not self.world.is_quiet or on is None else on
            self._evening(self.today)
        self.today = add_business_days(self.today, 60)
        self.office.work_on_cases(self.bank.booked_by_reference, self.today, decide=False)
        self.office.end_day(self.today)

    def _hand_in(self, content: bytes, at: datetime) -> None:
        message = reader.read(content)
        self.world.learn(message)
        self.watch.look(message, self.world.bills, at.date(), announced=True)
        refusal = self.bank.hand_in(content, at=at, wishes=self.world.wishes)
        if refusal is not None:
            self.office.refused.append(f"{message.message_id}: the bank took nothing: {refusal.explanation}")
            return
        answers = self.bank.record.of_file(message.message_id)
        self.world.notice(answers)
        self.watch.answered(answers, message)

    def _hear(self, on: date) -> None:
        """Customers tell of new accounts and of mandates that end."""
        told = list(self.world.news(on))
        self.office.hear(told, on)
        for one in told:
            mandate = self.world.lives[one.customer_external_id].mandate
            if one.cancels and mandate is not None:
                self.watch.cancelled(mandate.reference, on)

    def _pay_back(self, on: date, at: datetime) -> None:
        for content in self.office.reversals(on):
            # A return that the bank has booked and not told yet: it says no, and the books hear of the return later.
            self.office.count["reversals the bank refused"] += len(
                self.bank.hand_in_reversals(content, at=at)
            )
        for content in self.office.refunds(on):
            if not self.bank.hand_in_transfers(content, at=at):
                self.office.refused.append("The bank has seen a file of transfers before.")

    def _evening(self, on: date) -> None:
        for entry in self.world.transfers(on):
            self.bank.book(entry)
        self.office.take_in(self.bank.close(on), on)
        self.office.end_day(on)


def _bank(made: Company, seed: int, trouble: int) -> Bank:
    us = made.creditor
    return Bank(
        account=Account(iban=us.iban, currency="EUR", bic=us.bic), owner=us.name, opening=OPENING, seed=seed,
        cut_off=CutOff(time=time(14), zone=ZoneInfo("Europe/Berlin"), extra_days=0, days_ahead=14),
        habits_on=lambda on: _HABITS[(on.year * 12 + on.month) % len(_HABITS)],
        lateness=Lateness(twice=_TWICE * trouble, late=_LATE * trouble),
    )  # fmt: skip
