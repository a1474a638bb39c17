"""From lines to money: first what is about our own orders, then what customers sent; all else waits with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import exists, func, or_, select, text
from sqlalchemy.orm import Session

from ledger import outbox, states
from ledger.acts import Act
from ledger.database import among, expire_rows
from ledger.models import BankAccount
from mandates import named
from mandates.models import Debit
from mandates.named import Named
from reconciliation import (
    bank_charges,
    batch_bookings,
    booking_codes,
    debit_charges,
    matches,
    own_refunds,
    own_reversals,
    own_transfers,
    returned_debits,
)
from reconciliation.automatic import AUTOMATIC
from reconciliation.line_rules import asking as line_rules
from reconciliation.models import LINE, LineRule, LineState, StatementLine
from reconciliation.outcomes import Explained, Outcome, Waiting
from reconciliation.transfers import runs, settling
from reconciliation.transfers.candidates import credits_where
from reconciliation.transfers.finding import NOTHING_KNOWN

JOB = "match_lines"  # the name under which matching is queued
CHUNK = 2_000  # lines decided in one transaction
MOST_LOOKS = 5  # at everything that waits, while what one explains may let another be explained
DEBIT_RULES = (
    batch_bookings.LUMP_RULE, batch_bookings.SINGLE_RULE, returned_debits.RULE, debit_charges.RULE,
)  # fmt: skip
_WAITING = (LineState.NEW, LineState.UNEXPLAINED, LineState.PROPOSED)

# Lines that can be about our own orders: money out or back, what carries an id of ours or of a batch, and what comes
# from an account of ours. All others are credits that somebody sent.
_CAN_BE_OURS = or_(
    StatementLine.amount_minor < 0,
    StatementLine.reversal,
    StatementLine.return_reason.is_not(None),
    StatementLine.end_to_end_id != "NOTPROVIDED",
    StatementLine.batch_payment_information_id.is_not(None),
    StatementLine.batch_message_id.is_not(None),
    StatementLine.counterparty_account.is_(None),
    func.jsonb_array_length(StatementLine.details) > 0,
    exists().where(BankAccount.iban == StatementLine.counterparty_account),
    exists().where(BankAccount.other_number == StatementLine.counterparty_account),
    StatementLine.transaction_code.regexp_match(booking_codes.TAKEN_SQL),
    exists()
    .where(LineRule.creditor_id == BankAccount.creditor_id, LineRule.revoked_at.is_(None))
    .where(BankAccount.id == StatementLine.bank_account_id),
)

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

    def take_in(self, applied: runs.Applied) -> None:
        """Count in what became of credits that customers sent."""
        self.by_rule += applied.by_row
        self.waiting += applied.waiting

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


def look_again(session: Session) -> None:
    """Queue a look at what waits, if anything does: something has come that may explain it."""
    if runs.count_waiting(session, 1):
        outbox.defer(session, JOB, lock=JOB)


def match_chunk(session: Session, *, act: Act, after: str | None = None, limit: int = CHUNK) -> MatchReport:
    """Decide the next `limit` waiting lines after line id `after`; gives what was done, `looked_at` 0 at the end.

    The lines are locked; those that another worker holds are passed over. Our own debits, refunds and reversals come
    first: collections before returns, so that a statement with both ends where two statements would. Then come the
    credits that customers sent.
    """
    lines = _lock_waiting(session, after, limit)
    report, rest = _decide_own(session, lines, act)
    sent = [line.id for line in rest if _may_be_sent(line)]
    if sent:
        some = credits_where(session, "lines.id = ANY(:ids)", ids=sent)
        report.take_in(runs.find_and_apply(session, some, act=act))
        _expire(session, sent)
    _let_rest_wait(session, rest, report, act)
    return report


def match_own_chunk(
    session: Session, *, act: Act, after: str | None = None, limit: int = CHUNK
) -> tuple[MatchReport, list[str]]:
    """As match_chunk, for lines that can be ours; credits that nothing of ours explains are left for a run.

    Gives the lines with it that wait for a reason of ours, and which such a run has to pass over.
    """
    lines = _lock_waiting(session, after, limit, only_own=True)
    report, rest = _decide_own(session, lines, act)
    _let_rest_wait(session, rest, report, act)
    unexplained = {line.id: NOTHING_KNOWN for line in _carrying_ids_of_ours(session, rest)}
    settling.let_wait(session, unexplained, act=act)
    report.waiting += Counter(unexplained.values())
    left = {line.id for line in rest}
    return report, [line.id for line in lines if line.id not in left and line.state in _WAITING]


def _decide_own(
    session: Session, lines: Sequence[StatementLine], act: Act
) -> tuple[MatchReport, list[StatementLine]]:
    """Apply what our own debits, refunds and rules say; gives the lines that they say nothing about.

    What a person holds is left to the person.
    """
    outcomes = _decide(session, [line for line in lines if line.held_at is None], act)
    decided = [line for line in lines if line.id in outcomes]
    _write(session, [*decided, *_others(session, lines, outcomes)], outcomes, act)
    return _report(lines, outcomes), [line for line in lines if line.id not in outcomes]


def _carrying_ids_of_ours(session: Session, rest: Sequence[StatementLine]) -> list[StatementLine]:
    """Credits that carry an id of a debit or a batch, though nothing of ours explains them: no run looks at them."""
    named = {line.end_to_end_id for line in rest if line.end_to_end_id}
    ours = set(session.scalars(select(Debit.end_to_end_id).where(among(Debit.end_to_end_id, named))))
    return [
        line
        for line in rest
        if _may_be_sent(line)
        and line.held_at is None
        and (line.end_to_end_id in ours or line.batch_payment_information_id or line.batch_message_id)
    ]


def _may_be_sent(line: StatementLine) -> bool:
    """Whether a line can be money that a customer sent."""
    return line.amount_minor > 0 and not line.takes_back


def _let_rest_wait(session: Session, rest: Sequence[StatementLine], report: MatchReport, act: Act) -> None:
    """Lines that nothing of ours explains, and that are no credit, wait."""
    reasons = {
        line.id: MONEY_OUT if line.amount_minor < 0 else MONEY_BACK
        for line in rest
        if not _may_be_sent(line) and line.held_at is None
    }
    report.waiting += Counter(reasons.values())
    settling.let_wait(session, reasons, act=act)
    _expire(session, list(reasons))


def _expire(session: Session, line_ids: Sequence[str]) -> None:
    expire_rows(session, "statement_lines", line_ids, ("state", "waiting_because", "version"))


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
    for not_a_payment in (own_transfers, line_rules, bank_charges):
        outcomes |= not_a_payment.explain(session, rest(), creditor_of, act=act)
    return outcomes


def _others(
    session: Session, lines: Sequence[StatementLine], outcomes: Mapping[str, Outcome]
) -> list[StatementLine]:
    """The other legs of own transfers: lines of other chunks, locked by the rule that explains them."""
    others = outcomes.keys() - {line.id for line in lines}
    return list(session.scalars(select(StatementLine).where(among(StatementLine.id, others))))


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


def apply_by_hand(session: Session, line: StatementLine, outcome: Explained, *, act: Act) -> None:
    """Write down what a person decided about a waiting line that is locked by the caller."""
    _write(session, [line], {line.id: outcome}, act)


def _lock_waiting(
    session: Session, after: str | None, limit: int, *, only_own: bool = False
) -> list[StatementLine]:
    query = (
        select(StatementLine)
        .where(StatementLine.state.in_(_WAITING), *AUTOMATIC, *((_CAN_BE_OURS,) if only_own else ()))
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
    explained = {line.id: found for line in lines if isinstance(found := outcomes[line.id], Explained)}
    matches.write(session, explained, act=act)
    settling.supersede(session, list(explained), act=act)
    _let_wait(
        session, [(line, found) for line in lines if isinstance(found := outcomes[line.id], Waiting)], act
    )


def _let_wait(session: Session, waiting: Sequence[tuple[StatementLine, Waiting]], act: Act) -> None:
    changed = [
        {"id": line.id, "because": found.because[:300]}
        for line, found in waiting
        if line.waiting_because != found.because[:300]
    ]
    if changed:
        session.execute(text("UPDATE statement_lines SET waiting_because = :because WHERE id = :id"), changed)
    settling.supersede(session, [line.id for line, _ in waiting if line.state == LineState.PROPOSED], act=act)
    moved = [line.id for line, _ in waiting if line.state != LineState.UNEXPLAINED]
    states.move(session, LINE, moved, LineState.UNEXPLAINED, act=act)


def _report(lines: Sequence[StatementLine], outcomes: Mapping[str, Outcome]) -> MatchReport:
    report = MatchReport(looked_at=len(lines), last_line_id=lines[-1].id if lines else None)
    for outcome in outcomes.values():
        if isinstance(outcome, Explained):
            report.by_rule[outcome.rule] += 1
        else:
            report.waiting[outcome.because] += 1
            report.following += outcome.follows
    return report
