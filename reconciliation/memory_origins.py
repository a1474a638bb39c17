"""What undone matches had taught: handed to another match that shows the same, or taken back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ledger import audit
from ledger.acts import Act
from ledger.database import among
from ledger.party_names import name_key
from reconciliation import payer_memory
from reconciliation.models import MemoryKind, PayerMemory

# Standing matches that made payments of these customers and were not decided by one of these memories.
_SHOWN = text(
    """
    SELECT matches.id, payments.customer_id, lines.counterparty_account, lines.counterparty_name, ARRAY(
        SELECT DISTINCT invoices.customer_id FROM allocations
        JOIN invoices ON invoices.id = allocations.invoice_id
        WHERE allocations.payment_id = payments.id AND allocations.reversed_at IS NULL
    ) AS billed
    FROM payments
    JOIN match_parts AS parts ON parts.object_id = payments.id AND parts.kind = 'payment'
    JOIN matches ON matches.id = parts.match_id AND matches.undone_at IS NULL
    JOIN statement_lines AS lines ON lines.id = matches.line_id
    WHERE payments.customer_id = ANY(:customers) AND NOT EXISTS (
        SELECT FROM match_memories
        WHERE match_memories.match_id = matches.id AND match_memories.memory_id = ANY(:memories)
    )
    ORDER BY matches.id
    """
)


def forget(
    session: Session, match_ids: Iterable[str], *, because: str, act: Act
) -> defaultdict[str, list[str]]:
    """Take back what only these undone matches had taught; by match, the ids of those memories.

    Where a standing match shows the same and did not need the memory for it, the memory stays and names that match.
    """
    taught = list(
        session.scalars(
            select(PayerMemory)
            .where(among(PayerMemory.match_id, match_ids), PayerMemory.revoked_at.is_(None))
            .order_by(PayerMemory.id)
        )
    )
    heirs = _heirs(session, taught) if taught else {}
    for memory in taught:
        if memory.id in heirs:
            memory.match_id = heirs[memory.id]
            audit.record(session, "payer_memory.shown_again", memory.id, act=act, match=memory.match_id)
    orphans = {memory.id: str(memory.match_id) for memory in taught if memory.id not in heirs}
    forgotten: defaultdict[str, list[str]] = defaultdict(list)
    for memory_id in payer_memory.end(session, orphans, because=because, act=act):
        forgotten[orphans[memory_id]].append(memory_id)
    return forgotten


def _heirs(session: Session, taught: list[PayerMemory]) -> dict[str, str]:
    """By memory, the first standing match that shows the same."""
    rows = session.execute(
        _SHOWN,
        {
            "customers": sorted({memory.payer_id or memory.customer_id for memory in taught}),
            "memories": [memory.id for memory in taught],
        },
    )
    shown: dict[tuple[str, str, str], str] = {}
    for row in rows:
        shown.setdefault((MemoryKind.ACCOUNT, row.counterparty_account or "", row.customer_id), row.id)
        shown.setdefault((MemoryKind.NAME, name_key(row.counterparty_name or ""), row.customer_id), row.id)
        for billed in row.billed:
            shown.setdefault((MemoryKind.PAYS_FOR, row.customer_id, billed), row.id)
    return {
        memory.id: shown[key]
        for memory in taught
        if (
            key := (
                memory.kind,
                memory.account or memory.name_key or memory.payer_id or "",
                memory.customer_id,
            )
        )
        in shown
    }
