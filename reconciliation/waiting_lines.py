"""A waiting line that a person decides about: locked, explained in that person's name, and held from then on."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from ledger import audit
from ledger.acts import Act
from ledger.errors import Conflict, NotFound
from reconciliation import matching
from reconciliation.models import (
    LineState,
    Match,
    MatchPart,
    PartKind,
    Proposal,
    ProposalState,
    StatementLine,
)
from reconciliation.outcomes import Explained

WAITING = (LineState.NEW, LineState.UNEXPLAINED, LineState.PROPOSED)
_EXPLAINED_OTHERWISE = "Its line was explained otherwise."


class LineNotFound(NotFound):
    """There is no such statement line."""


class LineNotWaiting(Conflict):
    """A person decides about booked lines that wait; one that was explained is undone first."""


def lock(session: Session, line_ids: Sequence[str]) -> list[StatementLine]:
    """The lines in the order given, locked in id order until the transaction ends. Raises LineNotFound."""
    rows = session.scalars(
        select(StatementLine)
        .where(StatementLine.id.in_(line_ids))
        .order_by(StatementLine.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {line.id: line for line in rows}
    for wanted in line_ids:
        if wanted not in found:
            raise LineNotFound(f"There is no statement line {wanted[:40]}.", field="line_id")
    return [found[wanted] for wanted in line_ids]


def lock_waiting(session: Session, line_id: str) -> StatementLine:
    """A booked line that waits, locked. Raises LineNotFound or LineNotWaiting."""
    line = lock(session, [line_id])[0]
    require_waiting(line)
    return line


def lock_waiting_credit(session: Session, line_id: str) -> StatementLine:
    """A booked credit that waits, locked. Raises LineNotFound or LineNotWaiting."""
    line = lock_waiting(session, line_id)
    if line.amount_minor <= 0:
        raise LineNotWaiting(
            f"Money went out by line {line_id}: it cannot become a payment.", field="line_id"
        )
    return line


def require_waiting(line: StatementLine) -> None:
    """Raises LineNotWaiting unless the line is booked and waits."""
    if line.provisional:
        raise LineNotWaiting(
            f"Line {line.id} is only announced: no statement has booked it.", field="line_id"
        )
    if line.state not in WAITING:
        raise LineNotWaiting(
            f"Line {line.id} is {line.state.replace('_', ' ')} and does not wait: undo that first.",
            field="line_id",
        )


def hold(session: Session, line: StatementLine, *, act: Act) -> None:
    """From now on nothing that runs by itself decides about the line."""
    session.flush()
    session.execute(
        update(StatementLine)
        .where(StatementLine.id == line.id)
        .values(held_at=act.at, held_by=act.actor)
        .execution_options(synchronize_session=False)
    )
    session.expire(line)


def explain(
    session: Session,
    line: StatementLine,
    outcome: Explained,
    *,
    act: Act,
    why: str | None = None,
    confirmed: str | None = None,
) -> str:
    """Write down what a person decided about a locked line, hold it, and let its other proposals go.

    `confirmed` is the proposal that was decided on, if one was. Gives the id of the match.
    """
    session.execute(
        update(Proposal)
        .where(
            Proposal.line_id == line.id, Proposal.state == ProposalState.OPEN, Proposal.id != (confirmed or "")
        )
        .values(
            state=ProposalState.SUPERSEDED, decided_at=act.at, decided_by=act.actor,
            decided_because=_EXPLAINED_OTHERWISE,
        )
        .execution_options(synchronize_session="fetch")
    )  # fmt: skip
    matching.apply_by_hand(session, line, outcome, act=act)
    hold(session, line, act=act)
    match_id = session.scalars(
        select(Match.id).where(Match.line_id == line.id, Match.undone_at.is_(None))
    ).one()
    audit.record(
        session, "statement_line.decided", line.id, act=act, why=why, match=match_id, rule=outcome.rule,
        state=str(outcome.state), proposal=confirmed,
    )  # fmt: skip
    return match_id


def payments_of(line_id: str) -> Select[str | None]:
    """The ids of the payments that a line became, or brought, as a query: for use in another one."""
    return (
        select(MatchPart.object_id)
        .join(Match, Match.id == MatchPart.match_id)
        .where(Match.line_id == line_id, Match.undone_at.is_(None), MatchPart.kind == PartKind.PAYMENT)
    )
