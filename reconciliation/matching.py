"""From lines to money: the rules in order; what they explain is applied, all else waits with its reason."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import exists, or_, select, text
from sqlalchemy.orm import Session

from ledger import audit, states
from ledger.acts import Act
from ledger.database import copy_rows
from ledger.identifiers import new_id
from ledger.models import BankAccount
from mandates import named
from mandates.named import Named
from reconciliation import (
    batch_bookings,
    debit_charges,
    invoice_numbers,
    own_refunds,
    own_reversals,
    returned_debits,
)
from reconciliation.models import LINE, LineSighting, LineState, StatementLine, StatementRecord
from reconciliation.outcomes import Explained, Outcome, Waiting

JOB = "match_lines"  # the name under which matching is queued
CHUNK = 2_000  # lines decided in one transaction
MOST_LOOKS = 5  # at everything that waits, while what one explains may let another be explained
DEBIT_RULES = (
    batch_bookings.LUMP_RULE, batch_bookings.SINGLE_RULE, returned_debits.RULE, debit_charges.RULE,
)  # fmt: skip
_MATCH_COLUMNS = ("id", "line_id", "rule", "decided_by", "decided_at", "evidence")

# No rule decides about what is only announced, nor about lines of a statement that does not add up before a person
# accepts that, unless another statement proves them; nor about what a person holds.
_BROKEN = exists().where(
    StatementRecord.id == StatementLine.statement_id,
    StatementRecord.break_minor.is_not(None),
    StatementRecord.accepted_at.is_(None),
)
_PROVED_ELSEWHERE = (
    exists()
    .where(LineSighting.line_id == StatementLine.id, LineSighting.counts)
    .where(StatementRecord.id == LineSighting.statement_id, StatementRecord.balanced.is_(True))
)
AUTOMATIC = (
    ~StatementLine.provisional,
    StatementLine.held_at.is_(None),
    or_(~_BROKEN, _PROVED_ELSEWHERE),
)

NOTHING_KNOWN = "Neither a reference of ours nor an invoice number stands in it."
MONEY_OUT = "Money went out, and no return or refund of ours explains it."
MONEY_BACK = "It takes an earlier booking back, and no debit or refund of ours explains it."


@dataclass
class MatchReport:
    """How many lines were looked at, which rules explained how many, and why how many wait."""

    looked_at: int = 0
    by_rule: Counter[str] = field(default_factory=Counter)
    waiting: Counter[str] = field(default_factory=Counter)
    last_line_id: str | None = None
    following: int = 0  # of those that wait, how many may follow from others

    def add(self, other: MatchReport) -> None:
        """Count another chunk in."""
        self.looked_at += other.looked_at
        self.by_rule += other.by_rule
        self.waiting += other.waiting
        self.last_line_id = other.last_line_id
        self.following += other.following

    def goes_on(self) -> bool:
        """Whether another look may explain more: some lines follow from others, and of such others some are known."""
        return self.following > 0 and any(self.by_rule[rule] for rule in DEBIT_RULES)

    def followed_by(self, other: MatchReport) -> None:
        """Count what another look at the same lines has explained; what waits is what waited then."""
        self.by_rule += other.by_rule
        self.waiting, self.following = other.waiting, other.following


def match_chunk(session: Session, *, act: Act, after: str | None = None, limit: int = CHUNK) -> MatchReport:
    """Decide the next `limit` waiting lines after line id `after`; gives what was done, `looked_at` 0 at the end.

    The lines are locked; those that another worker holds are passed over. Collections are applied before
    returns, so that a statement with both ends where two statements would.
    """
    lines = _lock_waiting(session, after, limit)
    outcomes = _decide(session, lines, act)
    _write(session, lines, outcomes, act)
    return _report(lines, outcomes)


def _decide(session: Session, lines: Sequence[StatementLine], act: Act) -> dict[str, Outcome]:
    """Apply the rules in turn, each to the lines that those before it say nothing about."""
    creditor_of = _creditors(session, lines)
    outcomes: dict[str, Outcome] = {}

    def rest() -> list[StatementLine]:
        return [line for line in lines if line.id not in outcomes]

    outcomes |= batch_bookings.explain(session, rest(), _named_debits(session, rest()), creditor_of, act=act)
    outcomes |= own_reversals.explain(session, rest(), creditor_of, act=act)
    for rule in (debit_charges, returned_debits):
        outcomes |= rule.explain(session, rest(), _named_debits(session, rest()), creditor_of, act=act)
    outcomes |= own_refunds.explain(session, rest(), creditor_of, act=act)
    outcomes |= invoice_numbers.explain(session, rest(), creditor_of, act=act)
    return outcomes | {line.id: Waiting(_nothing_found(line)) for line in rest()}


def _named_debits(session: Session, lines: Sequence[StatementLine]) -> Named:
    """Every debit of ours that one of the lines names, locked and as it is now."""
    names = {line.end_to_end_id for line in lines}
    names |= {part["end_to_end_id"] for line in lines for part in line.details}
    blocks = {line.batch_payment_information_id for line in lines}
    files = {line.batch_message_id for line in lines}
    return named.find(
        session, end_to_end_ids=filter(None, names), payment_information_ids=filter(None, blocks),
        message_ids=filter(None, files), due=batch_bookings.dues(lines),
    )  # fmt: skip


def _nothing_found(line: StatementLine) -> str:
    if line.amount_minor < 0:
        return MONEY_OUT
    return MONEY_BACK if line.takes_back else NOTHING_KNOWN


def apply_by_hand(session: Session, line: StatementLine, outcome: Explained, *, act: Act) -> None:
    """Write down what a person decided about a waiting line that is locked by the caller."""
    _write(session, [line], {line.id: outcome}, act)


def _lock_waiting(session: Session, after: str | None, limit: int) -> list[StatementLine]:
    query = (
        select(StatementLine)
        .where(StatementLine.state.in_((LineState.NEW, LineState.UNEXPLAINED)), *AUTOMATIC)
        .order_by(StatementLine.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if after is not None:
        query = query.where(StatementLine.id > after)
    return list(session.scalars(query))


def _creditors(session: Session, lines: Sequence[StatementLine]) -> dict[str, str]:
    wanted = {line.bank_account_id for line in lines}
    rows = session.execute(select(BankAccount.id, BankAccount.creditor_id).where(BankAccount.id.in_(wanted)))
    return {row[0]: row[1] for row in rows}


def _write(
    session: Session, lines: Sequence[StatementLine], outcomes: Mapping[str, Outcome], act: Act
) -> None:
    explained = [(line, found) for line in lines if isinstance(found := outcomes[line.id], Explained)]
    _write_matches(session, explained, act)
    for state in sorted({found.state for _, found in explained}):
        ids = [line.id for line, found in explained if found.state == state]
        states.move(session, LINE, ids, state, act=act)
    _let_wait(
        session, [(line, found) for line in lines if isinstance(found := outcomes[line.id], Waiting)], act
    )


def _write_matches(session: Session, explained: Sequence[tuple[StatementLine, Explained]], act: Act) -> None:
    if not explained:
        return
    matches, parts = [], []
    for line, found in explained:
        match_id = new_id("mat")
        matches.append((match_id, line.id, found.rule, act.actor, act.at, json.dumps(found.evidence)))
        parts += [(match_id, str(part.kind), part.object_id, part.amount_minor) for part in found.parts]
        audit.record(session, "match.made", match_id, act=act, line=line.id, rule=found.rule)
    copy_rows(session, "matches", _MATCH_COLUMNS, matches)
    copy_rows(session, "match_parts", ("match_id", "kind", "object_id", "amount_minor"), parts)
    session.execute(
        text("UPDATE statement_lines SET waiting_because = NULL WHERE id = ANY(:ids)"),
        {"ids": sorted(line.id for line, _ in explained)},
    )


def _let_wait(session: Session, waiting: Sequence[tuple[StatementLine, Waiting]], act: Act) -> None:
    changed = [
        {"id": line.id, "because": found.because[:300]}
        for line, found in waiting
        if line.waiting_because != found.because[:300]
    ]
    if changed:
        session.execute(text("UPDATE statement_lines SET waiting_because = :because WHERE id = :id"), changed)
    new = [line.id for line, _ in waiting if line.state == LineState.NEW]
    states.move(session, LINE, new, LineState.UNEXPLAINED, act=act)


def _report(lines: Sequence[StatementLine], outcomes: Mapping[str, Outcome]) -> MatchReport:
    report = MatchReport(looked_at=len(lines), last_line_id=lines[-1].id if lines else None)
    for outcome in outcomes.values():
        if isinstance(outcome, Explained):
            report.by_rule[outcome.rule] += 1
        else:
            report.waiting[outcome.because] += 1
            report.following += outcome.follows
    return report
