"""The main job, run on the invented company: from invoices and mandates to pain.008, from statements to paid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from credit_control import collecting
from exporters import debit_batches, stored_files
from exporters.pain008 import reader
from exporters.pain008.message import DirectDebitMessage
from gateway import access
from gateway.roles import Role
from gateway.runtime import Runtime
from gateway.sandbox import bank, company
from gateway.sandbox.company import Company
from gateway.sandbox.entries import Entry, Truth
from gateway.sandbox.founding import found
from gateway.sandbox.outcomes import USUAL_RETURN_RATE
from ledger import invoices
from ledger.acts import Act
from ledger.business_days import add_business_days, roll_forward
from ledger.models import Allocation, Invoice, Payment
from ledger.money import Money
from mandates.models import AnnouncedBy, Scheme
from reconciliation import importing, matching
from reconciliation.matching import MatchReport
from reconciliation.models import Match, MatchPart, StatementLine

OPENING = Money(12_500_000, "EUR")
DAYS_AGO = 12  # when the company's debits were sent, so that their first returns are back today
CAMT_053 = "camt.053.001.08"


@dataclass
class DemoReport:
    """What happened, for printing: every figure is read from the books afterwards or counted on the way."""

    company: Company
    folder: Path
    batches: list[tuple[str, str, int, int]] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    lines: int = 0
    repeated: int = 0
    matching: MatchReport = field(default_factory=MatchReport)
    statuses: list[tuple[str, int, int]] = field(default_factory=list)
    right: int = 0
    wrong: int = 0
    keys: Path | None = None


class _Clock:
    """The days of the story, each at nine in the morning (UTC)."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.sent_on = roll_forward(today - timedelta(days=DAYS_AGO))

    def act(self, actor: str, on: date) -> Act:
        return Act(actor=actor, at=datetime.combine(on, time(9), tzinfo=UTC), today=on)


def run(runtime: Runtime, *, today: date, seed: int, folder: Path, say: Callable[[str], None]) -> DemoReport:
    """Tell the whole story on an empty database; its files are written into `folder`."""
    clock = _Clock(today)
    made = company.build(today=clock.sent_on, seed=seed)
    report = DemoReport(company=made, folder=folder)
    say(f"{made.creditor.name}: {len(made.customers)} customers, {len(made.mandates)} mandates, "
        f"{len(made.invoices)} invoices")  # fmt: skip
    creditor_id = runtime.run(
        lambda session: found(
            session, made, act=clock.act("erp", clock.sent_on), announced_by=AnnouncedBy.ERP
        )
    )
    say("Batches drafted by the clerk, approved and released by the manager")
    messages = [_send(runtime, creditor_id, scheme, clock, report) for scheme in Scheme]
    say("The bank books the lumps, returns some debits, and other people's money comes in")
    entries = _other_bookings(made, clock, seed)
    answer = bank.simulate(
        _as_one(messages), seed=seed, return_rate=USUAL_RETURN_RATE, booking=bank.Booking.BATCH,
        extra_entries=entries, account_opening=OPENING,
    )  # fmt: skip
    statements = [file for file in answer.of_format(CAMT_053) if file.on <= today]
    _keep_files(
        folder / "bank", ((file.name, file.content) for file in answer.files if file.on <= today), report
    )
    say(f"{len(statements)} statements imported and matched")
    for file in statements:
        _take_in(runtime, file.name, file.content, clock.act("clerk", file.on), report)
    report.repeated = sum(
        _import(runtime, file.name, file.content, clock.act("clerk", today)) for file in statements
    )
    runtime.run(lambda session: invoices.age(session, act=clock.act("clerk", today)))
    _look_back(runtime, entries, report)
    report.keys = _make_keys(runtime, folder, clock.act("demo", today))
    return report


def _send(
    runtime: Runtime, creditor_id: str, scheme: Scheme, clock: _Clock, report: DemoReport
) -> DirectDebitMessage:
    """Collect what is due by one scheme: the clerk drafts, the manager approves, releases and downloads."""
    clerk, manager = clock.act("clerk", clock.sent_on), clock.act("manager", clock.sent_on)
    due_until = add_business_days(clock.sent_on, 2)

    def drafted(session: Session) -> str:
        collecting.collect_due(session, creditor_id=creditor_id, due_until=due_until, act=clerk)
        batch, _ = debit_batches.draft(session, creditor_id=creditor_id, scheme=scheme, act=clerk)
        return batch.id

    def released(session: Session) -> tuple[str, bytes]:
        debit_batches.approve(session, batch_id, act=manager)
        batch, stored = debit_batches.release(session, batch_id, act=manager)
        report.batches.append((batch.message_id, batch.scheme, batch.debit_count, batch.total_minor))
        return stored.name, stored_files.download(session, stored.id, act=manager).content

    batch_id = runtime.run(drafted)
    name, content = runtime.run(released)
    _keep_files(report.folder / "pain.008", [(name, content)], report)
    return reader.read(content)


def _as_one(messages: Iterable[DirectDebitMessage]) -> DirectDebitMessage:
    """The bank keeps one account for both files: their blocks side by side, for one chain of statements."""
    several = list(messages)
    return replace(several[0], blocks=tuple(block for message in several for block in message.blocks))


def _other_bookings(made: Company, clock: _Clock, seed: int) -> list[Entry]:
    mandated = made.mandated()
    payable = [one for one in made.invoices if one.customer_external_id not in mandated]
    on = add_business_days(clock.sent_on, 2)
    return company.bank_day(made, open_invoices=payable, today=on, seed=seed)


def _keep_files(folder: Path, files: Iterable[tuple[str, bytes]], report: DemoReport) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files:
        path = folder / name
        path.write_bytes(content)
        report.files.append(path)


def _import(runtime: Runtime, name: str, content: bytes, act: Act) -> int:
    """How many new lines one statement file brought."""
    done = runtime.run(lambda session: importing.import_file(session, content, name=name, act=act))
    if done.refusal is not None:
        raise done.refusal
    return done.imported


def _take_in(runtime: Runtime, name: str, content: bytes, act: Act, report: DemoReport) -> None:
    report.lines += _import(runtime, name, content, act)
    done = runtime.run(lambda session: matching.match_chunk(session, act=act))
    report.matching.by_rule += done.by_rule


def _look_back(runtime: Runtime, entries: Iterable[Entry], report: DemoReport) -> None:
    """Read the outcome from the books, and compare it with the truth that only the simulator knew."""
    with runtime.sessions() as session:
        report.matching.waiting = Counter(
            dict(
                session.execute(
                    select(StatementLine.waiting_because, text("count(*)"))
                    .where(StatementLine.state == "unexplained")
                    .group_by(StatementLine.waiting_because)
                ).all()
            )
        )
        report.statuses = [
            (row.status, row.number, row.open_minor)
            for row in session.execute(
                text(
                    "SELECT collection_status AS status, count(*) AS number, sum(open_minor) AS open_minor "
                    "FROM invoices GROUP BY collection_status ORDER BY count(*) DESC"
                )
            )
        ]
        decided = _decided(session)
    for entry in entries:
        truth, paid = entry.origin, decided.pop(_key(entry), None)
        if truth is None or paid is None:
            continue
        honest = truth.truth in (Truth.EXACT, Truth.PAID_TWICE) and paid in truth.invoices
        report.right, report.wrong = report.right + honest, report.wrong + (not honest)


def _key(entry: Entry) -> tuple[int, str | None, str | None]:
    return entry.amount.minor, entry.remittance, entry.counterparty.iban


def _decided(session: Session) -> dict[tuple[int, str | None, str | None], str]:
    """The invoice number that each matched transfer paid, by what the transfer said."""
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
        .where(Match.rule == "invoice_number")
    )
    return {(row[0], row[1], row[2]): row[3] for row in rows}


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
