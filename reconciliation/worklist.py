"""What a person still has to decide, and what was decided: reads over statements, lines and matches."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.errors import NotFound
from reconciliation.by_hand import LineNotFound
from reconciliation.models import Match, MatchPart, StatementFile, StatementLine, StatementRecord


class StatementNotFound(NotFound):
    """There is no such statement."""


class StatementFileNotFound(NotFound):
    """There is no such statement file."""


def get_statement(session: Session, statement_id: str) -> StatementRecord:
    """Raises StatementNotFound."""
    found = session.get(StatementRecord, statement_id)
    if found is None:
        raise StatementNotFound(f"There is no statement {statement_id[:40]}.")
    return found


def get_file(session: Session, file_id: str) -> StatementFile:
    """Raises StatementFileNotFound."""
    found = session.get(StatementFile, file_id)
    if found is None:
        raise StatementFileNotFound(f"There is no statement file {file_id[:40]}.")
    return found


def get_line(session: Session, line_id: str) -> StatementLine:
    """Raises LineNotFound."""
    found = session.get(StatementLine, line_id)
    if found is None:
        raise LineNotFound(f"There is no statement line {line_id[:40]}.")
    return found


def match_of(session: Session, line_id: str) -> dict[str, Any] | None:
    """The standing match of a line with its parts, or None while it waits."""
    match = session.scalars(select(Match).where(Match.line_id == line_id, Match.undone_at.is_(None))).first()
    if match is None:
        return None
    parts = session.scalars(select(MatchPart).where(MatchPart.match_id == match.id).order_by(MatchPart.id))
    return {
        "id": match.id, "rule": match.rule, "decided_by": match.decided_by, "decided_at": match.decided_at,
        "evidence": match.evidence,
        "parts": [
            {"kind": part.kind, "object_id": part.object_id, "amount_minor": part.amount_minor}
            for part in parts
        ],
    }  # fmt: skip
