"""Ending a mandate together with what was still to be drawn on it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.acts import Act
from mandates import debits, lifecycle
from mandates.models import Debit, Mandate
from mandates.states import DebitState


def cancel(session: Session, mandate_id: str, *, reason: str, act: Act) -> Mandate:
    """Cancel a mandate and its scheduled debits; a batch with a debit on it can no longer be released.

    Raises MandateNotFound or IllegalMove.
    """
    mandate = lifecycle.cancel(session, mandate_id, reason=reason, act=act)
    scheduled = session.scalars(
        select(Debit)
        .where(Debit.mandate_id == mandate_id, Debit.state == DebitState.SCHEDULED)
        .order_by(Debit.id)
        .with_for_update()
    ).all()
    debits.drop(session, scheduled, reason="mandate cancelled", act=act)
    return mandate
