"""What a person still has to decide, and what was decided: reads over statements, lines and matches."""

from __future__ import annotations

import io
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ledger import audit
from ledger.acts import Act
from ledger.creditors import get_bank_account
from ledger.errors import Conflict, NotFound
from ledger.texts import checked_text
from reconciliation import importing, reading
from reconciliation.models import Match, MatchPart, StatementFile, StatementLine, StatementRecord
from reconciliation.waiting_lines import LineNotFound


class StatementNotFound(NotFound):
    """There is no such statement."""


class NoBreak(Conflict):
    """The statement adds up, so there is no break to accept."""


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


def accept_break(session: Session, statement_id: str, *, because: str, act: Act) -> StatementRecord:
    """Let the lines of a statement be matched although it does not add up; the reason is kept.

    Raises StatementNotFound, NoBreak, or UnreadableText for a reason that says nothing.
    """
    record = session.scalars(
        select(StatementRecord)
        .where(StatementRecord.id == statement_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if record is None:
        raise StatementNotFound(f"There is no statement {statement_id[:40]}.")
    if record.break_minor is None:
        raise NoBreak(f"Statement {statement_id} adds up: there is nothing to accept.")
    checked_text(because, field="because", longest=300)
    if record.accepted_at is None:
        record.accepted_at, record.accepted_by, record.accepted_because = act.at, act.actor, because
        audit.record(session, "statement.break_accepted", record.id, act=act, why=because)
        session.execute(_RELEASE, {"id": record.id})
    return record


_RELEASE = text(
    "UPDATE statement_lines SET waiting_because = NULL WHERE statement_id = :id AND state = 'new'"
)


def raw_fragment(session: Session, line_id: str) -> bytes:
    """The bytes of a line as they stand in the file of the statement that books it. Raises LineNotFound."""
    line = get_line(session, line_id)
    record = get_statement(session, line.statement_id)
    file = get_file(session, record.file_id)
    account = get_bank_account(session, line.bank_account_id)
    known = importing.known_of(session, file, account, revoked=True)
    return reading.fragment(io.BytesIO(file.content), line.position, known)


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
