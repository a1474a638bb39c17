"""Which lines are money in the books: booked ones, in the currency of their account."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.database import among
from ledger.models import BankAccount
from reconciliation.models import StatementLine
from reconciliation.statement import LineStatus


def only(session: Session, lines: Sequence[StatementLine]) -> list[StatementLine]:
    """Those of `lines` that stand in suspense while they wait; what is pending, for information or foreign does not."""
    accounts = {line.bank_account_id for line in lines}
    currencies = {
        row[0]: row[1]
        for row in session.execute(
            select(BankAccount.id, BankAccount.currency).where(among(BankAccount.id, accounts))
        )
    }
    return [
        line
        for line in lines
        if line.status == LineStatus.BOOKED
        and not line.provisional
        and line.currency == currencies[line.bank_account_id]
    ]
