"""From what became of collections to the pain.002 files that tell of it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby

from exporters.pain008.message import DirectDebitMessage
from gateway.sandbox import pain002, statements
from gateway.sandbox.habits import CURRENCY, Habits, Reports
from gateway.sandbox.kinds import Kind, Level
from gateway.sandbox.outcomes import Fate
from gateway.sandbox.pain002 import REJECTED, BlockStatus, TransactionStatus
from gateway.sandbox.refusals import FILE_FORMAT, Refusal
from gateway.sandbox.statements import AnswerFile
from ledger.business_days import roll_forward
from ledger.money import Money, total

RECEIVED = "ACTC"  # the file is technically sound
ACCEPTED = "ACCP"
PARTLY = "PART"
SMALLEST_DELAY, DECISION_DELAY = timedelta(minutes=5), timedelta(hours=1)


def of_file(
    message: DirectDebitMessage, fates: Sequence[Fate], habits: Habits, *, file_format: str = FILE_FORMAT
) -> tuple[AnswerFile, ...]:
    """Every report that a bank of these habits makes of a file; none where there is nothing it would tell."""
    made = [
        _file(report, habits, on=on)
        for on, report in (
            *_on_receipt(message, fates, habits, file_format),
            *_decision(message, fates, habits, file_format),
        )
    ]
    return tuple(made)


def refused(refusal: Refusal, *, at: datetime, habits: Habits) -> AnswerFile:
    """The report on a file of which nothing was taken: one reason, no block, no collection; `at` is aware."""
    at += SMALLEST_DELAY
    report = pain002.Report(
        message_id=_report_id(refusal.message_id, refusal.reason, at),
        created_at=at,
        original_message_id=refusal.message_id,
        original_name=refusal.file_format,
        status=REJECTED,
        reason=refusal.reason,
        explanation=refusal.explanation,
    )
    return _file(report, habits, on=roll_forward(at.date()))


def _on_receipt(
    message: DirectDebitMessage, fates: Sequence[Fate], habits: Habits, file_format: str
) -> Iterator[tuple[date, pain002.Report]]:
    told = habits.reports in (Reports.SUMMARY, Reports.ALL)
    if told and not any(fate.level is Level.FILE for fate in fates):
        at = message.created_at + SMALLEST_DELAY
        yield (
            roll_forward(at.date()),
            pain002.Report(
                message_id=_report_id(message.message_id, RECEIVED), created_at=at,
                original_message_id=message.message_id, original_name=file_format,
                original_count=message.transaction_count, status=RECEIVED,
            ),
        )  # fmt: skip


def _decision(
    message: DirectDebitMessage, fates: Sequence[Fate], habits: Habits, file_format: str
) -> Iterator[tuple[date, pain002.Report]]:
    refused_ones = [fate for fate in fates if fate.kind is Kind.REJECT]
    if habits.reports is Reports.NONE or (habits.reports is Reports.NEGATIVES and not refused_ones):
        return
    on = max((fate.known_on for fate in refused_ones), default=roll_forward(message.created_at.date()))
    whole = next((fate for fate in refused_ones if fate.level is Level.FILE), None)
    said = ((fate.transaction.end_to_end_id, fate.reason) for fate in refused_ones)
    sums = habits.reports in (Reports.SUMMARY, Reports.ALL)
    yield (
        on,
        pain002.Report(
            message_id=_report_id(message.message_id, habits.reports, *said),
            created_at=message.created_at + DECISION_DELAY,
            original_message_id=message.message_id,
            original_name=file_format,
            original_count=message.transaction_count,
            status=REJECTED if whole else _overall(fates) if sums else None,
            reason=whole.reason if whole else None,
            totals=tuple(_totals(fates)) if sums else (),
            blocks=() if whole else tuple(_blocks(fates, habits.reports)),
        ),
    )


def _overall(fates: Sequence[Fate]) -> str:
    kinds = {fate.kind is Kind.REJECT for fate in fates}
    return PARTLY if len(kinds) == 2 else REJECTED if True in kinds else ACCEPTED


def _totals(fates: Sequence[Fate]) -> Iterator[tuple[str, int, Money]]:
    for status, is_rejected in ((ACCEPTED, False), (REJECTED, True)):
        members = [fate.transaction.amount for fate in fates if (fate.kind is Kind.REJECT) == is_rejected]
        if members:
            yield status, len(members), total(members, CURRENCY)


def _blocks(fates: Iterable[Fate], reports: Reports) -> Iterator[BlockStatus]:
    for name, of_block in groupby(fates, key=lambda fate: fate.block.payment_information_id):
        members = tuple(of_block)
        rejected = tuple(fate for fate in members if fate.kind is Kind.REJECT)
        as_block = next((fate for fate in rejected if fate.level is Level.BLOCK), None)
        if reports is Reports.NEGATIVES and not rejected:
            continue
        named = () if as_block else members if reports is Reports.ALL else rejected
        sums = reports is not Reports.NEGATIVES
        yield BlockStatus(
            payment_information_id=name,
            count=len(members),
            status=REJECTED if as_block else _overall(members) if sums else None,
            reason=as_block.reason if as_block else None,
            transactions=tuple(_transaction(fate) for fate in named),
        )


def _transaction(fate: Fate) -> TransactionStatus:
    rejected = fate.kind is Kind.REJECT
    return TransactionStatus(
        transaction=fate.transaction,
        status=REJECTED if rejected else ACCEPTED,
        collect_on=fate.block.collect_on,
        reason=fate.reason if rejected else None,
        by_debtor=rejected and fate.by_debtor,
    )


def _report_id(*said: object) -> str:
    return f"R{statements.digest(*said)}"


def _file(report: pain002.Report, habits: Habits, *, on: date) -> AnswerFile:
    content = io.BytesIO()
    pain002.write(content, report, version=habits.report_version)
    name = f"pain002_{on}_{report.message_id.lower()}.xml"
    return AnswerFile(format=habits.report_version, name=name, on=on, content=content.getvalue())
