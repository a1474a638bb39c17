"""Refunds of ours seen leaving the account: the line carries the EndToEndId that we gave them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from ledger import refunds
from ledger.acts import Act
from reconciliation.models import LineState, PartKind, StatementLine
from reconciliation.outcomes import Explained, Outcome, Part

RULE = "own_refund"


def explain(session: Session, lines: Sequence[StatementLine], *, act: Act) -> dict[str, Outcome]:
    """Mark the refunds that these booked charges pay; gives an outcome for each line that is one of ours."""
    charges = [line for line in lines if line.amount_minor < 0 and line.end_to_end_id]
    waiting = refunds.find_requested(session, [str(line.end_to_end_id) for line in charges])
    outcomes: dict[str, Outcome] = {}
    for line in charges:
        refund = waiting.get(str(line.end_to_end_id))
        if refund is None or refund.amount_minor != -line.amount_minor or refund.currency != line.currency:
            continue
        refunds.paid(session, waiting.pop(refund.end_to_end_id), on=line.booked_on, act=act)
        outcomes[line.id] = Explained(
            rule=RULE,
            state=LineState.MATCHED,
            parts=(Part(PartKind.REFUND, line.amount_minor, refund.id),),
            evidence=(f"The EndToEndId and amount are those of refund {refund.id}.",),
        )
    return outcomes
