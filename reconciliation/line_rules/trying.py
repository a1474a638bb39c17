"""A rule is tried on the lines of the last days before it is written: what it would take, and from whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Result, Row, and_, select
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.errors import Rejected
from ledger.models import BankAccount
from reconciliation.line_rules import conditions, writing
from reconciliation.line_rules.writing import Draft
from reconciliation.models import LineState, Match, StatementLine
from reconciliation.statement import LineStatus

MOST_DAYS = 366
MOST_SHOWN = 100
MOST_LOOKED_AT = 200_000  # lines: an answer within seconds; the report says when there are more
_WAITING = (LineState.NEW, LineState.PROPOSED, LineState.UNEXPLAINED)


class TooManyDays(Rejected):
    """A rule is tried on 1 to 366 days."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A line that meets the rule. `matched_by` is the rule or person that explains it today; None where it waits."""

    line_id: str
    booked_on: date
    amount_minor: int
    currency: str
    state: str
    counterparty_name: str | None
    remittance: str | None
    held: bool
    matched_by: str | None


@dataclass
class Trial:
    """What a rule would take, the newest lines first.

    `sums` are minor units by currency, signed. `lines` and `otherwise` are the first hundred of all, and of those that
    are explained otherwise today: these it would take from a customer. The trial is `complete` unless there are more
    lines in these days than are looked at.
    """

    since: date
    looked_at: int = 0
    count: int = 0
    sums: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    explained_otherwise: int = 0
    lines: list[Taken] = field(default_factory=list)
    otherwise: list[Taken] = field(default_factory=list)
    complete: bool = True

    def take(self, line: Taken) -> None:
        """Count a line that meets the rule."""
        self.count += 1
        self.sums[line.currency] = self.sums.get(line.currency, 0) + line.amount_minor
        waits = line.state in _WAITING
        self.waiting += waits
        if len(self.lines) < MOST_SHOWN:
            self.lines.append(line)
        if not waits:
            self.explained_otherwise += 1
            if len(self.otherwise) < MOST_SHOWN:
                self.otherwise.append(line)


def try_out(session: Session, *, creditor_id: str, draft: Draft, days: int, act: Act) -> Trial:
    """Ask a rule that is not written about the booked lines of the last `days` days; nothing is changed.

    Raises what `writing.check` raises, or TooManyDays.
    """
    if not 1 <= days <= MOST_DAYS:
        raise TooManyDays(f"A rule is tried on 1 to {MOST_DAYS} days.", field="days")
    holds = conditions.all_of(writing.check(session, creditor_id, draft))
    trial = Trial(since=act.today - timedelta(days=days))
    with _rows(session, creditor_id, trial.since) as rows:
        for row in rows:
            if trial.looked_at == MOST_LOOKED_AT:
                trial.complete = False
                break
            trial.looked_at += 1
            if holds(_facts(row)):
                trial.take(_taken(row))
    return trial


def _rows(session: Session, creditor_id: str, since: date) -> Result[Any]:
    accounts = select(BankAccount.id).where(BankAccount.creditor_id == creditor_id)
    line = StatementLine
    query = (
        select(
            line.id, line.booked_on, line.amount_minor, line.currency, line.state, line.counterparty_name,
            line.counterparty_account, line.remittance, line.transaction_code, line.bank_account_id,
            line.held_at, Match.rule,
        )
        .outerjoin(Match, and_(Match.line_id == line.id, Match.undone_at.is_(None)))
        .where(
            line.bank_account_id.in_(accounts), line.booked_on >= since, ~line.provisional,
            line.status == LineStatus.BOOKED,
        )
        .order_by(line.booked_on.desc(), line.id.desc())
        .limit(MOST_LOOKED_AT + 1)
        .execution_options(yield_per=2_000)
    )  # fmt: skip
    return session.execute(query)


def _facts(row: Row[Any]) -> conditions.Facts:
    return conditions.facts(
        remittance=row.remittance, counterparty_name=row.counterparty_name,
        counterparty_account=row.counterparty_account, transaction_code=row.transaction_code,
        amount_minor=row.amount_minor, currency=row.currency, bank_account_id=row.bank_account_id,
    )  # fmt: skip


def _taken(row: Row[Any]) -> Taken:
    return Taken(
        row.id, row.booked_on, row.amount_minor, row.currency, row.state, row.counterparty_name,
        row.remittance, row.held_at is not None, row.rule,
    )  # fmt: skip
