"""Which lines a rule may decide about by itself."""

from __future__ import annotations

from sqlalchemy import exists, or_

from reconciliation.models import LineSighting, StatementLine, StatementRecord

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
AUTOMATIC = (~StatementLine.provisional, StatementLine.held_at.is_(None), or_(~_BROKEN, _PROVED_ELSEWHERE))
