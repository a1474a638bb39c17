"""The main job, run on the invented company: from invoices and mandates to pain.008, from statements to paid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, aliased

from credit_control import cash_at_risk
from credit_control.cash_at_risk import CashAtRisk
from exporters.pain008.message import DirectDebitMessage
from exporters.pain008.message import Scheme as FileScheme
from gateway import access
from gateway.roles import Role
from gateway.runtime import Runtime
from gateway.sandbox import company, own_money
from gateway.sandbox.books import Company
from gateway.sandbox.entries import Entry
from gateway.sandbox.founding import found
from gateway.sandbox.habits import Booking, Habits
from gateway.sandbox.office import Office
from gateway.sandbox.standing_bank import Bank, Wish
from gateway.sandbox.statements import AnswerFile
from ledger.acts import Act
from ledger.business_days import add_business_days, is_business_day, roll_forward
from ledger.cut_offs import CutOff
from ledger.models import Allocation, Invoice, Payment
from ledger.money import Money
from mandates import effects
from mandates.models import AnnouncedBy, Batch, Debit, Mandate, Scheme
from mandates.reason_codes import NextStep, look_up
from reconciliation.matching import MatchReport
from reconciliation.models import Match, MatchPart, StatementLine
from reconciliation.statement import Account

OPENING = Money(12_500_000, "EUR")
DAYS_AGO = 28  # when the first debits were sent: time enough for one to come back and be tried again
CAMT_053 = "camt.053.001.08"
_NOON, _NIGHT = time(10), time(19)  # UTC: when files go to the bank, and when its answers are read

# What the first three collections of the first file meet, in this order; the others have a customer's luck.
_CERTAIN = ("AC01:reject", "AM04:return", "MD01:return")
_LUCK = (*["AM04:return"] * 5, *["MS03:return"] * 2, "AC04:return", "MD06:refund", "AC01:reject")
_UNLUCKY_PERCENT = 2


@dataclass(frozen=True, slots=True)
class CameBack:
    """One debit that failed, and what followed: `then` is the state of the debit that tried again, if one did."""

    end_to_end_id: str
    amount_minor: int
    state: str
    reason_code: str
    meaning: str
    followed_up: str
    mandate: str
    then: str | None


@dataclass
class DemoReport:
    """What happened, for printing: every figure is read from the books afterwards or counted on the way."""

    company: Company
    folder: Path
    batches: list[tuple[str, str, int, int, str]] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    lines: int = 0
    repeated: int = 0
    matching: MatchReport = field(default_factory=MatchReport)
    came_back: list[CameBack] = field(default_factory=list)
    at_risk: CashAtRisk | None = None
    statuses: list[tuple[str, int, int]] = field(default_factory=list)
    right: int = 0
    wrong: int = 0
    keys: Path | None = None


def run(runtime: Runtime, *, today: date, seed: int, folder: Path, say: Callable[[str], None]) -> DemoReport:
    """Tell the whole story on an empty database; its files are written into `folder`."""
    first = roll_forward(today - timedelta(days=DAYS_AGO))
    made = company.build(today=first, seed=seed)
    report = DemoReport(company=made, folder=folder)
    say(f"{made.creditor.name}: {len(made.customers)} customers, {len(made.mandates)} mandates, "
        f"{len(made.invoices)} invoices")  # fmt: skip
    office = Office(runtime, made)
    office.creditor_id = runtime.run(
        lambda session: found(session, made, act=_act("erp", first, _NOON), announced_by=AnnouncedBy.ERP)
    )
    runtime.run(
        lambda session: own_money.set_up(session, office.creditor_id, act=_act("treasury", first, _NOON))
    )
    story = _Story(office, _bank(made, seed), report, seed)
    entries = story.other_bookings(add_business_days(first, 2))
    say("Batches drafted by the clerk, approved and released by the manager")
    story.day(first, office.collect(first))
    say("The bank credits lumps and takes some debits back; other people's money comes in")
    for on in _business_days(add_business_days(first, 1), today):
        story.day(on, _scheduled(office, on))
    say("What failed was followed up; every statement is imported a second time")
    story.look_back(entries, today)
    report.keys = _make_keys(runtime, folder, _act("demo", today, _NIGHT))
    return report


@dataclass
class _Story:
    """The office and the bank, day after day."""

    office: Office
    bank: Bank
    report: DemoReport
    seed: int
    statements: list[AnswerFile] = field(default_factory=list)
    savings: dict[date, list[AnswerFile]] = field(default_factory=dict)  # what the other account's bank sends
    told: bool = False

    def other_bookings(self, on: date) -> list[Entry]:
        """What other people pay on one day."""
        made = self.report.company
        mandated = made.mandated()
        payable = [one for one in made.invoices if one.customer_external_id not in mandated]
        entries = company.bank_day(made, open_invoices=payable, today=on, seed=self.seed)
        for entry in entries:
            self.bank.book(entry)
        self.savings[on] = own_money.savings_files(made.creditor, entries, on)
        return entries

    def day(self, on: date, files: Iterable[bytes]) -> None:
        """Files go to the bank, the bank's answers come in, and what has to follow follows."""
        for content in files:
            refusal = self.bank.hand_in(
                content, at=datetime.combine(on, _NOON, tzinfo=UTC), wishes=self._wishes
            )
            if refusal is not None:
                raise AssertionError(f"the bank takes no file: {refusal.explanation}")
            number = len([path for path in self.report.files if path.parent.name == "pain.008"]) + 1
            self._keep("pain.008", f"{on.isoformat()}-{number}.xml", content)
        answers = [*self.bank.close(on), *self.savings.get(on, ())]
        for file in answers:
            self._keep("bank", file.name, file.content)
        self.statements += [file for file in answers if file.format == CAMT_053]
        self.office.take_in(answers, on)
        self.office.end_day(on)

    def look_back(self, entries: Iterable[Entry], today: date) -> None:
        """Read the outcome from the books, and compare it with the truth that only the simulator knew."""
        count = self.office.count
        self.report.lines = count["lines"]
        before = count["lines"]
        self.office.take_in(self.statements, today)
        self.report.repeated = count["lines"] - before
        rules = {
            name.removeprefix("line: "): number for name, number in count.items() if name.startswith("line: ")
        }
        self.report.matching.by_rule = Counter(rules)
        with self.office.runtime.sessions() as session:
            _read(session, self.report, today)
            decided = _decided(session)
        for entry in entries:
            truth, paid = entry.origin, decided.pop(_key(entry), None)
            if truth is None or paid is None:
                continue
            honest = truth.truth.is_customers and paid <= set(truth.invoices)
            self.report.right, self.report.wrong = (
                self.report.right + honest,
                self.report.wrong + (not honest),
            )

    def _wishes(self, message: DirectDebitMessage) -> Wish:
        """The certain fates once, in the first file of the consumer scheme; luck for all other collections."""
        names = [one.end_to_end_id for block in message.blocks for one in block.transactions]
        if message.blocks[0].scheme is not FileScheme.CORE:
            return Wish(outcomes={})
        fates = {} if self.told else dict(zip(names, _CERTAIN, strict=False))
        chance = Random(f"demo/{self.seed}")  # noqa: S311 - a repeatable game, no secret
        for name in names[len(fates) :] if not self.told else []:
            if chance.randrange(100) < _UNLUCKY_PERCENT:
                fates[name] = chance.choice(_LUCK)
        self.told = True
        return Wish(outcomes=fates)

    def _keep(self, where: str, name: str, content: bytes) -> None:
        folder = self.report.folder / where
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        self.report.files.append(folder / name)


def _act(actor: str, on: date, at: time) -> Act:
    return Act(actor=actor, at=datetime.combine(on, at, tzinfo=UTC), today=on)


def _business_days(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        if is_business_day(day):
            yield day
        day += timedelta(days=1)


def _scheduled(office: Office, on: date) -> Iterator[bytes]:
    """What is scheduled by itself, which are debits tried again."""
    for scheme in Scheme:
        content = office.send(scheme, on)
        if content is not None:
            yield content


def _bank(made: Company, seed: int) -> Bank:
    us, habits = made.creditor, Habits(booking=Booking.BATCH, net_rejects=True)
    return Bank(
        account=Account(iban=us.iban, currency="EUR", bic=us.bic), owner=us.name, opening=OPENING, seed=seed,
        cut_off=CutOff(time=time(14), zone=ZoneInfo("Europe/Berlin"), extra_days=0, days_ahead=14),
        habits_on=lambda on: habits,
    )  # fmt: skip


def _read(session: Session, report: DemoReport, today: date) -> None:
    sent = select(Batch).where(Batch.released_at.is_not(None)).order_by(Batch.id)
    report.batches = [
        (one.message_id, one.scheme, one.debit_count, one.total_minor, one.state)
        for one in session.scalars(sent)
    ]
    waiting = session.execute(
        select(StatementLine.waiting_because, text("count(*)"))
        .where(StatementLine.state == "unexplained")
        .group_by(StatementLine.waiting_because)
    )
    report.matching.waiting = Counter({row[0]: row[1] for row in waiting})
    proposed = session.scalar(
        select(func.count()).select_from(StatementLine).where(StatementLine.state == "proposed")
    )
    if proposed:
        report.matching.waiting[_PROPOSED] = proposed
    report.statuses = [
        (row.status, row.number, row.open_minor)
        for row in session.execute(
            text(
                "SELECT collection_status AS status, count(*) AS number, sum(open_minor) AS open_minor "
                "FROM invoices GROUP BY collection_status ORDER BY count(*) DESC"
            )
        )
    ]
    report.came_back = list(_came_back(session))
    report.at_risk = cash_at_risk.report(session, today=today)


_PROPOSED = "What it probably pays is proposed; it is not certain enough."


def _came_back(session: Session) -> Iterator[CameBack]:
    retry = aliased(Debit)
    rows = session.execute(
        select(Debit, Mandate.state, retry.state)
        .join(Mandate, Mandate.id == Debit.mandate_id)
        .outerjoin(retry, retry.retry_of == Debit.id)
        .where(Debit.failed_on.is_not(None))
        .order_by(Debit.failed_on, Debit.id)
    )
    for debit, mandate, then in rows:
        row, step = look_up(debit.reason_code), NextStep(debit.next_step or NextStep.DISPUTE)
        yield CameBack(
            end_to_end_id=debit.end_to_end_id, amount_minor=debit.amount_minor, state=debit.state,
            reason_code=row.code, meaning=row.meaning,
            followed_up=debit.followed_up or effects.of(row, step).debit, mandate=mandate, then=then,
        )  # fmt: skip


def _key(entry: Entry) -> tuple[int, str | None, str | None]:
    return entry.amount.minor, entry.remittance, entry.counterparty.iban


def _decided(session: Session) -> dict[tuple[int, str | None, str | None], set[str]]:
    """The numbers of the invoices that each matched transfer paid, by what the transfer said."""
    rows = session.execute(
        select(
            StatementLine.amount_minor,
            StatementLine.remittance,
            StatementLine.counterparty_account,
            Invoice.number,
        )
        .join(Match, Match.line_id == StatementLine.id)
        .join(MatchPart, MatchPart.match_id == Match.id)
        .join(Payment, Payment.id == MatchPart.object_id)
        .join(Allocation, Allocation.payment_id == Payment.id)
        .join(Invoice, Invoice.id == Allocation.invoice_id)
        .where(Match.undone_at.is_(None), Allocation.reversed_at.is_(None))
    )
    decided: dict[tuple[int, str | None, str | None], set[str]] = {}
    for amount, text_, account, number in rows:
        decided.setdefault((amount, text_, account), set()).add(number)
    return decided


def _make_keys(runtime: Runtime, folder: Path, act: Act) -> Path:
    """A key for each kind of caller, in a file that only its owner can read."""
    path = folder / "api-keys.txt"
    path.touch(mode=0o600)
    lines = []
    for role in Role:
        _, secret = runtime.run(
            lambda session, role=role: access.create_api_key(session, name=f"demo {role}", role=role, act=act)  # type: ignore[misc]
        )
        lines.append(f"{role} {secret}\n")
    path.write_text("".join(lines))
    return path
