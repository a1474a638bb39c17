"""What statements must have told before a person may say that the bank never took a file."""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ledger.errors import Conflict
from reconciliation.models import StatementRecord


class MayHaveBeenTaken(Conflict):
    """The statements do not prove that the bank never took a file: it would be collected a second time."""


def require_told(session: Session, bank_account_id: str, until: date, *, field: str) -> None:
    """Raises MayHaveBeenTaken unless the statements of the account reach the day `until`."""
    told = session.scalar(
        select(func.max(func.coalesce(StatementRecord.closes_on, StatementRecord.to_on))).where(
            StatementRecord.bank_account_id == bank_account_id
        )
    )
    if told is None or told < until:
        raise MayHaveBeenTaken(
            f"The statements of its account do not reach {until.isoformat()}: import them first.", field=field
        )
