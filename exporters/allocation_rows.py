"""One row for each allocation that stands, with the statement line whose money it is; and what is on account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

COLUMNS = (
    "statement_file", "line_id", "bank_reference", "end_to_end_id", "booked_on", "line_amount_minor", "currency",
    "invoice_number", "invoice_external_id", "kind", "amount_minor", "decided_by", "evidence",
)  # fmt: skip
_AT_A_TIME = 2_000

# The line of a payment is that of the standing match which made it, or brought it. What was granted beside a payment
# stands with its line; a write-off by itself, a credit note by itself and a payment in transit have none. Who decides
# by hand has an API key.
_ROWS = text(
    """
    WITH lines AS (
        SELECT parts.object_id AS payment_id, matches.rule, matches.decided_by, matches.evidence,
            files.name AS statement_file, lines.id AS line_id, lines.bank_reference, lines.end_to_end_id,
            lines.booked_on, lines.amount_minor AS line_amount_minor
        FROM match_parts AS parts
        JOIN matches ON matches.id = parts.match_id AND matches.undone_at IS NULL
        JOIN statement_lines AS lines ON lines.id = matches.line_id
        JOIN statements ON statements.id = lines.statement_id
        JOIN statement_files AS files ON files.id = statements.file_id
        WHERE parts.kind = 'payment'
    )
    SELECT lines.statement_file, lines.line_id, lines.bank_reference, lines.end_to_end_id, lines.booked_on,
        lines.line_amount_minor, allocations.currency, invoices.number AS invoice_number,
        invoices.external_id AS invoice_external_id, allocations.kind, allocations.amount_minor,
        allocations.decided_by, allocations.evidence, allocations.id AS place
    FROM allocations
    JOIN invoices ON invoices.id = allocations.invoice_id
    LEFT JOIN lines ON lines.payment_id = coalesce(allocations.payment_id, allocations.beside_payment_id)
    WHERE allocations.reversed_at IS NULL
    UNION ALL
    SELECT lines.statement_file, lines.line_id, lines.bank_reference, lines.end_to_end_id, lines.booked_on,
        lines.line_amount_minor, payments.currency, NULL, NULL, 'on_account', payments.unallocated_minor,
        CASE WHEN starts_with(lines.decided_by, 'key_') THEN lines.decided_by ELSE lines.rule END,
        coalesce(lines.evidence, '[]'), payments.id
    FROM payments
    LEFT JOIN lines ON lines.payment_id = payments.id
    WHERE payments.unallocated_minor > 0 AND payments.state IN ('provisional', 'final')
    ORDER BY place
    """
)


def rows(session: Session) -> Iterator[Mapping[str, Any]]:
    """The rows, keys as in COLUMNS, in the order in which they were allocated, then those on account.

    `decided_by` is the name of a rule or a person; `amount_minor` is in minor units of `currency`. The database sends
    them bit by bit.
    """
    found = session.execute(_ROWS, execution_options={"yield_per": _AT_A_TIME})
    for row in found.mappings():
        yield dict(row)
