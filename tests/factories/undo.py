"""The whole of the books as figures, so that a test can say that they are as they were before."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_FIGURES = {
    "accounts": (
        "SELECT accounts.creditor_id, accounts.kind, accounts.currency, accounts.bank_account_id, "
        "sum(postings.amount_minor)::bigint FROM accounts JOIN postings ON postings.account_id = accounts.id "
        "GROUP BY 1, 2, 3, 4 HAVING sum(postings.amount_minor) <> 0 ORDER BY 1, 2, 3, 4"
    ),
    "invoices": "SELECT id, open_minor, allocated_minor, collection_status FROM invoices ORDER BY id",
    "credit notes": "SELECT id, open_minor FROM credit_notes ORDER BY id",
    "payments": ("SELECT id, state, unallocated_minor FROM payments WHERE state <> 'cancelled' ORDER BY id"),
    "allocations": "SELECT id FROM allocations WHERE reversed_at IS NULL ORDER BY id",
    "matches": "SELECT id, line_id FROM matches WHERE undone_at IS NULL ORDER BY id",
}


def figures(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """Every balance that is not zero, what is open of invoices and notes, and what stands."""
    session.flush()
    return {name: [tuple(row) for row in session.execute(text(query))] for name, query in _FIGURES.items()}
