"""One row for each statement line: what it became and why, or what it waits for with its ranked proposals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

COLUMNS = (
    "statement_file", "line_id", "bank_reference", "end_to_end_id", "booked_on", "line_amount_minor", "currency",
    "state", "waiting_because", "rule", "decided_by", "evidence", "proposals",
)  # fmt: skip
_AT_A_TIME = 2_000

_ROWS = text(
    """
    SELECT files.name AS statement_file, lines.id AS line_id, lines.bank_reference, lines.end_to_end_id,
        lines.booked_on, lines.amount_minor AS line_amount_minor, lines.currency, lines.state,
        lines.waiting_because, matches.rule, matches.decided_by, matches.evidence
    FROM statement_lines AS lines
    JOIN statements ON statements.id = lines.statement_id
    JOIN statement_files AS files ON files.id = statements.file_id
    LEFT JOIN matches ON matches.line_id = lines.id AND matches.undone_at IS NULL
    ORDER BY lines.id
    """
)
_PROPOSALS = text(
    """
    SELECT line_id, id, rank, reading, supports, contradicts, because FROM proposals
    WHERE line_id = ANY(:ids) AND state = 'open' ORDER BY line_id, rank, id
    """
)
_NUMBERS = text("SELECT id, number, external_id FROM invoices WHERE id = ANY(:ids)")


def rows(session: Session) -> Iterator[Mapping[str, Any]]:
    """The rows, keys as in COLUMNS, in the order in which the lines came. The database sends them bit by bit.

    `proposals` are those that are open, best first: `rank`, `proposal_id`, `customer_id`, `allocations` (each with
    `invoice_number`, `invoice_external_id`, `kind`, `amount_minor`), `on_account_minor`, `supports`, `contradicts`.
    """
    found = session.execute(_ROWS, execution_options={"yield_per": _AT_A_TIME})
    for lines in found.mappings().partitions():
        part = [dict(row) for row in lines]
        waiting = [row["line_id"] for row in part if row["rule"] is None]
        proposed = _proposals(session, waiting)
        for row in part:
            yield {**row, "evidence": row["evidence"] or [], "proposals": proposed.get(row["line_id"], [])}


def _proposals(session: Session, line_ids: list[str]) -> dict[str, list[dict[str, Any]]]:
    found = [dict(row) for row in session.execute(_PROPOSALS, {"ids": line_ids}).mappings()]
    wanted = {share["invoice_id"] for row in found for share in row["reading"]["shares"]}
    invoices = {row.id: row for row in session.execute(_NUMBERS, {"ids": sorted(wanted)})}
    by_line: dict[str, list[dict[str, Any]]] = {}
    for row in found:
        by_line.setdefault(row["line_id"], []).append(_told(row, invoices))
    return by_line


def _told(row: Mapping[str, Any], invoices: Mapping[str, Any]) -> dict[str, Any]:
    reading = row["reading"]
    return {
        "rank": row["rank"],
        "proposal_id": row["id"],
        "customer_id": reading["customer_id"],
        "allocations": [
            {
                "invoice_number": invoices[share["invoice_id"]].number,
                "invoice_external_id": invoices[share["invoice_id"]].external_id,
                "kind": share["kind"],
                "amount_minor": share["amount_minor"],
            }
            for share in reading["shares"]
        ],
        "on_account_minor": reading["on_account_minor"],
        "supports": row["supports"],
        "contradicts": row["contradicts"],
    }
