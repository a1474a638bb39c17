"""Refunds of ours seen leaving the account: the line carries the EndToEndId that we gave them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import refunds
from ledger.acts import Act
from ledger.database import among
from ledger.models import Refund
from ledger.money import Money
from reconciliation.models import LineState, PartKind, StatementLine
from reconciliation.outcomes import Explained, Outcome, Part, Waiting

RULE = "own_refund"


def explain(
    session: Session, lines: Sequence[StatementLine], creditor_of: Mapping[str, str], *, act: Act
) -> dict[str, Outcome]:
    """Mark the refunds that these booked charges pay; gives an outcome for each line that names one of ours.

    `creditor_of` maps bank account ids to creditor ids. A refund leaves once: with the first line in the order
    given.
    """
    charges = [line for line in lines if line.amount_minor < 0 and line.end_to_end_id]
    names = [str(line.end_to_end_id) for line in charges]
    ours = select(Refund.id).where(among(Refund.end_to_end_id, names)).order_by(Refund.id)
    session.execute(ours.with_for_update())
    waiting = refunds.find_requested(session, names)
    outcomes: dict[str, Outcome] = {}
    for line in charges:
        refund = waiting.get(str(line.end_to_end_id))
        if refund is None or refund.creditor_id != creditor_of[line.bank_account_id]:
            continue
        outcomes[line.id] = _outcome(line, refund)
        if isinstance(outcomes[line.id], Explained):
            refunds.paid(session, waiting.pop(refund.end_to_end_id), on=line.booked_on, act=act)
    return outcomes


def _outcome(line: StatementLine, refund: Refund) -> Outcome:
    name = f"The EndToEndId is that of refund {refund.id}"
    if (refund.amount_minor, refund.currency) != (-line.amount_minor, line.currency):
        return Waiting(
            f"{name}, but it is of {Money(refund.amount_minor, refund.currency)} "
            f"and the amount is {Money(-line.amount_minor, line.currency)}."
        )
    return Explained(
        rule=RULE,
        state=LineState.MATCHED,
        parts=(Part(PartKind.REFUND, line.amount_minor, refund.id),),
        evidence=(f"{name}.", "The amount agrees."),
    )
