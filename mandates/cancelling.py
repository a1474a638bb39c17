"""Ending a mandate together with what was still to be drawn on it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from ledger.acts import Act
from mandates import lifecycle, suspending
from mandates.models import Mandate


def cancel(session: Session, mandate_id: str, *, reason: str, act: Act) -> Mandate:
    """Cancel a mandate and its scheduled debits; a batch with a debit on it can no longer be released.

    Raises MandateNotFound or IllegalMove.
    """
    mandate = lifecycle.cancel(session, mandate_id, reason=reason, act=act)
    suspending.drop_scheduled(session, [mandate_id], reason="mandate cancelled", act=act)
    return mandate
