"""Where a payer memory comes from, whether it still counts, and which matches it has decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from reconciliation.models import PayerMemory
from reconciliation.payer_memory import MOST_CUSTOMERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The line and the rule or person that taught a memory, and how many matches it helped to decide since.

    `decided` counts those that stand. A memory of an account that `pays_for_many` customers is not used.
    """

    line_id: str | None
    rule: str | None
    decided: int
    pays_for_many: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A match that a memory helped to decide, with its line's amount in minor units."""

    match_id: str
    line_id: str
    rule: str
    decided_by: str
    decided_at: datetime
    amount_minor: int
    currency: str
    undone_at: datetime | None


_ORIGINS = text(
    """
    SELECT memories.id, matches.line_id, matches.rule, (
        SELECT count(*) FROM match_memories
        JOIN matches AS decided ON decided.id = match_memories.match_id AND decided.undone_at IS NULL
        WHERE match_memories.memory_id = memories.id
    ) AS decided, memories.account IS NOT NULL AND (
        SELECT count(*) > :most FROM payer_memories AS others
        WHERE others.account = memories.account AND others.creditor_id = memories.creditor_id
        AND others.revoked_at IS NULL
    ) AS pays_for_many
    FROM payer_memories AS memories LEFT JOIN matches ON matches.id = memories.match_id
    WHERE memories.id = ANY(:ids)
    """
)


def origins(session: Session, memories: Sequence[PayerMemory]) -> dict[str, Origin]:
    """The origin of each memory, by its id."""
    ids = [memory.id for memory in memories]
    rows = session.execute(_ORIGINS, {"ids": ids, "most": MOST_CUSTOMERS})
    return {
        row.id: Origin(
            line_id=row.line_id, rule=row.rule, decided=row.decided, pays_for_many=row.pays_for_many
        )
        for row in rows
    }  # fmt: skip


_DECIDED = text(
    """
    SELECT matches.id AS match_id, line_id, rule, decided_by, decided_at, undone_at,
        lines.amount_minor, lines.currency
    FROM match_memories JOIN matches ON matches.id = match_memories.match_id
    JOIN statement_lines AS lines ON lines.id = matches.line_id
    WHERE match_memories.memory_id = :memory_id ORDER BY matches.id
    """
)


def decided(session: Session, memory_id: str) -> list[Decided]:
    """Every match that a memory helped to decide, the undone ones among them, in id order."""
    rows = session.execute(_DECIDED, {"memory_id": memory_id})
    return [Decided(**row) for row in rows.mappings()]
