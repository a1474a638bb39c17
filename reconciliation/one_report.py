"""One status report while it is read: what it says of its file, of blocks and of transactions, kept and applied."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from ledger import outbox
from ledger.acts import Act
from ledger.database import among, copy_rows
from ledger.identifiers import new_id
from mandates import rejections
from mandates.models import Batch, Debit, PaymentBlock
from reconciliation import report_items
from reconciliation.answer_inspection import reason_as_json
from reconciliation.formats import pain002
from reconciliation.formats.identifiers import known_reference
from reconciliation.formats.pain002 import (
    ACCEPTED,
    REJECTED,
    BlockStatus,
    FileStatus,
    Order,
    TransactionStatus,
)
from reconciliation.models import ItemOutcome, Level, StatementFile, StatusReport
from reconciliation.report_items import Finding, Meant, Placed

CHUNK = 5_000  # transactions that are looked up and written together; bounds memory, not meaning

_COLUMNS = (
    "report_id", "position", "level", "payment_information_id", "end_to_end_id", "status_id", "status", "reason_code",
    "reasons", "amount_minor", "currency", "collect_on", "mandate_reference", "debit_id", "outcome", "because",
)  # fmt: skip
_OTHER_ORDER = Meant(ItemOutcome.OTHER_ORDER, "It is no answer to direct debits.")
_NO_SUCH_FILE = Meant(ItemOutcome.UNKNOWN, "No batch of ours has the name of the file that it answers.")
_NO_SUCH_BLOCK = Meant(ItemOutcome.UNKNOWN, "No payment block of ours that it could mean has this name.")


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one report: how many of the things it says by what became of each."""

    report_id: str
    answers: Order
    original_message_id: str | None
    batch_id: str | None
    outcomes: dict[str, int]


@dataclass
class _Block:
    """A payment block of a report: what is said of it, and ours that it names."""

    told: BlockStatus
    id: str | None = None
    batch_id: str | None = None


@dataclass
class OneReport:
    """One report while it is read: give it each block and transaction in their order, and `finish` it."""

    session: Session
    file: StatementFile
    head: FileStatus
    position: int
    act: Act
    row: StatusReport = field(init=False)
    batch_id: str | None = field(init=False)
    is_ours: bool = field(init=False)  # whether it may speak of direct debits at all
    current: _Block | None = None
    pending: list[TransactionStatus] = field(default_factory=list)
    told: set[str] = field(default_factory=set)  # debits of which something was said
    named: set[str] = field(default_factory=set)  # blocks of which something was said
    accepted: set[str] = field(default_factory=set)  # blocks that the bank took
    batches: set[str] = field(default_factory=set)  # batches that something was said of
    outcomes: Counter[str] = field(default_factory=Counter)
    written: int = 0

    def __post_init__(self) -> None:
        self.batch_id = self._batch(self.head.original_message_id)
        order = self.head.order
        self.is_ours = order in (Order.DEBITS, Order.UNSTATED) or (
            order == Order.OTHER and self.batch_id is not None
        )
        if not self.is_ours:
            self.batch_id = None
        if self.batch_id is not None:
            self.batches.add(self.batch_id)
        self.row = self._row()
        self.session.add(self.row)
        self.session.flush()

    def _batch(self, message_id: str | None) -> str | None:
        name = known_reference(message_id)
        return None if name is None else self.session.scalar(select(Batch.id).where(Batch.message_id == name))

    def _row(self) -> StatusReport:
        head = self.head
        return StatusReport(
            id=new_id("rep"), file_id=self.file.id, position=self.position, format=head.format,
            answers=head.order, message_id=head.message_id, made_at=head.created,
            original_message_id=head.original_message_id, original_message_name=head.original_message_name,
            status=head.status, reasons=[reason_as_json(one) for one in head.reasons],
            outcomes={}, created_at=self.act.at,
        )  # fmt: skip

    # --- what comes from the file ---

    def block(self, told: BlockStatus) -> None:
        self._end_block()
        self.current = self._open(told)

    def transaction(self, told: TransactionStatus) -> None:
        if self.current is None or self.current.told.payment_information_id != told.payment_information_id:
            self.block(BlockStatus(payment_information_id=told.payment_information_id))
        self.pending.append(told)
        if len(self.pending) >= CHUNK:
            self._flush()

    def finish(self) -> Applied:
        """Say what the file as a whole means, and let the batches follow."""
        self._end_block()
        self._end_file()
        taken = self._accepted_batches()
        rejections.note_answers(self.session, self.batches, accepted=taken, act=self.act)
        # Named only now, when the batch is locked: naming it holds its key, which whoever locks it would wait for.
        self.row.batch_id = self.batch_id or (next(iter(self.batches)) if len(self.batches) == 1 else None)
        self.row.item_count, self.row.outcomes = self.written, dict(self.outcomes)
        self.session.flush()
        self._tell()
        return Applied(
            self.row.id, self.head.order, self.head.original_message_id, self.row.batch_id,
            dict(self.outcomes),
        )  # fmt: skip

    def _open(self, told: BlockStatus) -> _Block:
        name = known_reference(told.payment_information_id)
        if not self.is_ours or name is None:
            return _Block(told)
        row = self.session.execute(
            select(PaymentBlock.id, PaymentBlock.batch_id).where(PaymentBlock.payment_information_id == name)
        ).first()
        if row is None or (self.batch_id is not None and row.batch_id != self.batch_id):
            return _Block(told)
        self.named.add(row.id)
        self.batches.add(row.batch_id)
        return _Block(told, row.id, row.batch_id)

    # --- transactions ---

    def _flush(self) -> None:
        pending, self.pending = self.pending, []
        if pending:
            self._write(self._judged(pending))

    def _judged(self, pending: Sequence[TransactionStatus]) -> list[Finding]:
        names = [name for one in pending if (name := known_reference(one.end_to_end_id)) is not None]
        by_name = {
            placed.debit.end_to_end_id: placed
            for placed in (_locked(self.session, among(Debit.end_to_end_id, names)) if self.is_ours else ())
        }
        return [self._judge(one, by_name) for one in pending]

    def _judge(self, one: TransactionStatus, by_name: dict[str, Placed]) -> Finding:
        block = self.current or _Block(BlockStatus(payment_information_id=None))
        status = report_items.inherited(one.status, block.told.status, self.head.status)
        reasons = one.reasons or ((block.told.reasons or self.head.reasons) if status == REJECTED else ())
        meant = _OTHER_ORDER if not self.is_ours else self._meant(one, status, block, by_name)
        return Finding(
            level=Level.TRANSACTION, meant=meant, payment_information_id=one.payment_information_id,
            status=status, reasons=reasons, transaction=one,
        )  # fmt: skip

    def _meant(
        self, one: TransactionStatus, status: str | None, block: _Block, by_name: dict[str, Placed]
    ) -> Meant:
        found = report_items.find(one, by_name, batch_id=self.batch_id, block_is_ours=block.id is not None)
        if isinstance(found, Meant):
            return found
        above = block.told.reasons or self.head.reasons
        if status == REJECTED and not one.reasons and report_items.sent_twice(above):
            return self._once(Meant(ItemOutcome.NOTED, report_items.SENT_TWICE, found))
        return self._once(report_items.judge(found, status))

    def _once(self, meant: Meant) -> Meant:
        """The same, but that a debit is rejected once however often one report says so."""
        if meant.placed is None:
            return meant
        debit, known = meant.placed.debit, meant.placed.debit.id in self.told
        self.told.add(debit.id)
        if meant.placed.batch_id is not None:
            self.batches.add(meant.placed.batch_id)
        if known and meant.outcome == ItemOutcome.REJECTED:
            return Meant(
                ItemOutcome.ALREADY, f"Debit {debit.id} is rejected by this report already.", meant.placed
            )
        return meant

    # --- blocks and the file as a whole ---

    def _end_block(self) -> None:
        self._flush()
        block, self.current = self.current, None
        if block is None:
            return
        told = block.told
        if block.id is not None and told.status in ACCEPTED:
            self.accepted.add(block.id)
        status = told.status or (REJECTED if self.head.status == REJECTED else None)
        if status is None:
            return
        own = told.status is not None
        reasons = told.reasons or (self.head.reasons if status == REJECTED else ())
        counts = told.counts if own else (*told.counts, *self.head.counts)
        level = Level.BLOCK if own else Level.FILE
        refused: list[Finding] = []
        if block.id is not None and report_items.rejects_each(status, reasons, counts):
            rest = _locked(self.session, Debit.block_id == block.id)
            refused = [self._whole(level, one, reasons) for one in rest if one.debit.id not in self.told]
        if refused:
            self._write(refused)
        elif own:
            meant = (
                report_items.whole(status, reasons)
                if block.id is not None
                else self._stranger(_NO_SUCH_BLOCK)
            )
            self._write([self._said(Level.BLOCK, meant, told, reasons)])

    def _end_file(self) -> None:
        head = self.head
        if head.status is None:
            return
        refused: list[Finding] = []
        if self.batch_id is not None and report_items.rejects_each(head.status, head.reasons, head.counts):
            blocks = select(PaymentBlock.id).where(PaymentBlock.batch_id == self.batch_id)
            unnamed = set(self.session.scalars(blocks)) - self.named
            rest = _locked(self.session, among(Debit.block_id, unnamed))
            refused = [
                self._whole(Level.FILE, one, head.reasons) for one in rest if one.debit.id not in self.told
            ]
        if refused:
            self._write(refused)
        elif self.outcomes[ItemOutcome.REJECTED] == 0 or head.status != REJECTED:
            meant = (
                report_items.whole(head.status, head.reasons)
                if self.batch_id
                else self._stranger(_NO_SUCH_FILE)
            )
            self._write([self._said(Level.FILE, meant, head, head.reasons)])

    def _stranger(self, meant: Meant) -> Meant:
        return meant if self.is_ours else _OTHER_ORDER

    def _said(
        self, level: Level, meant: Meant, told: BlockStatus | FileStatus, reasons: tuple[pain002.Reason, ...]
    ) -> Finding:
        name = told.payment_information_id if isinstance(told, BlockStatus) else None
        return Finding(
            level=level, meant=meant, payment_information_id=name, status=told.status, reasons=reasons
        )

    def _whole(self, level: Level, placed: Placed, reasons: tuple[pain002.Reason, ...]) -> Finding:
        return Finding(
            level=level, meant=self._once(report_items.judge(placed, REJECTED)),
            payment_information_id=placed.payment_information_id, status=REJECTED, reasons=reasons,
        )  # fmt: skip

    def _accepted_batches(self) -> set[str]:
        """Batches that the bank took as a whole: it says so of the file, or of each of its blocks."""
        if self.batch_id is not None and self.head.status in ACCEPTED:
            return {self.batch_id}
        rows = self.session.execute(
            select(PaymentBlock.batch_id, PaymentBlock.id).where(among(PaymentBlock.batch_id, self.batches))
        )
        blocks: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            blocks[row.batch_id].add(row.id)
        return {batch_id for batch_id, ids in blocks.items() if ids <= self.accepted}

    # --- what is written ---

    def _write(self, findings: Sequence[Finding]) -> None:
        """Keep what was found, and reject the debits that it rejects."""
        rows = (self._item(self.written + number, one) for number, one in enumerate(findings, start=1))
        copy_rows(self.session, "status_report_items", _COLUMNS, rows)
        self.written += len(findings)
        self.outcomes.update(str(one.meant.outcome) for one in findings)
        refused: dict[str | None, list[Debit]] = defaultdict(list)
        for one in findings:
            if one.meant.outcome == ItemOutcome.REJECTED and one.meant.placed is not None:
                code = report_items.as_code(report_items.reason_code(one.reasons))
                refused[code].append(one.meant.placed.debit)
        for code, debits in sorted(refused.items(), key=lambda pair: min(one.id for one in pair[1])):
            rejections.reject(self.session, debits, on=self._day(), reason_code=code, act=self.act)

    def _item(self, position: int, one: Finding) -> tuple[Any, ...]:
        placed, told = one.meant.placed, one.transaction
        amount = None if told is None else told.amount
        debit = None if placed is None else placed.debit
        return (
            self.row.id, position, str(one.level), one.payment_information_id,
            told.end_to_end_id if told is not None else debit and debit.end_to_end_id,
            told and told.status_id, one.status, report_items.reason_code(one.reasons),
            json.dumps([reason_as_json(reason) for reason in one.reasons]),
            amount and amount.minor, amount and amount.currency, told and told.collect_on,
            told and told.mandate_id, debit and debit.id, str(one.meant.outcome), one.meant.because,
        )  # fmt: skip

    def _day(self) -> date:
        """The day on which the bank made the report, as far as it tells one that can be."""
        try:
            made = date.fromisoformat((self.head.created or "")[:10])
        except ValueError:
            return self.act.today
        return min(made, self.act.today)

    def _tell(self) -> None:
        data = {
            "answers": str(self.row.answers), "batch_id": self.row.batch_id, "file_id": self.file.id,
            "status": self.row.status, "outcomes": dict(self.outcomes),
        }  # fmt: skip
        outbox.emit(
            self.session,
            outbox.NewEvent(
                type="status_report.received", object_id=self.row.id, act=self.act, origin="bank",
                parent=self.row.batch_id, data=data,
            ),
        )  # fmt: skip


def _locked(session: Session, which: ColumnElement[bool]) -> Iterator[Placed]:
    """Debits of ours with their places, locked in id order and as they are now."""
    rows = session.execute(
        select(Debit, PaymentBlock.payment_information_id, PaymentBlock.batch_id)
        .outerjoin(PaymentBlock, PaymentBlock.id == Debit.block_id)
        .where(which)
        .order_by(Debit.id)
        .with_for_update(of=Debit)
        .execution_options(populate_existing=True)
    )
    return (Placed(*row) for row in rows)
