"""The tables of arrivals: statement files as they came, statements, their lines, and what each line became."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ledger.database import AccountNumberType, Base, Identifier, Instant
from ledger.models import one_of
from ledger.states import Machine, moves
from reconciliation.statement import LineStatus


class FileState(StrEnum):
    """What became of a file: its lines are in the books, or it was refused as a whole."""

    IMPORTED = "imported"
    REFUSED = "refused"


class LineState(StrEnum):
    """What became of a line."""

    NEW = "new"
    MATCHED = "matched"
    PARTLY_MATCHED = "partly_matched"
    PROPOSED = "proposed"
    UNEXPLAINED = "unexplained"
    IGNORED = "ignored"
    RETURNED_DEBIT = "returned_debit"
    BATCH_BOOKING = "batch_booking"
    PAYOUT = "payout"


_WAITING = (LineState.NEW, LineState.PROPOSED, LineState.UNEXPLAINED)
_EXPLAINED = (
    LineState.MATCHED,
    LineState.PARTLY_MATCHED,
    LineState.RETURNED_DEBIT,
    LineState.BATCH_BOOKING,
    LineState.PAYOUT,
)

# A line waits until it is explained or set aside, and may be looked at anew when that is undone.
LINE = Machine(
    noun="statement_line",
    table="statement_lines",
    column="state",
    moves=moves(
        {
            **{
                state: (*(other for other in _WAITING if other != state), *_EXPLAINED, LineState.IGNORED)
                for state in _WAITING
            },
            **dict.fromkeys(_EXPLAINED, (LineState.UNEXPLAINED,)),
            LineState.IGNORED: (LineState.UNEXPLAINED,),
        }
    ),
)


class StatementFile(Base):
    """The bytes of a file as the bank made them, stored once whatever becomes of it."""

    __tablename__ = "statement_files"
    __table_args__ = (one_of("state", FileState), UniqueConstraint("sha256"))

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(20))
    format: Mapped[str | None] = mapped_column(String(30))
    refusal_code: Mapped[str | None] = mapped_column(String(60))
    refusal: Mapped[str | None] = mapped_column(String(500))
    refusal_line: Mapped[int | None]
    received_at: Mapped[datetime] = mapped_column(Instant)
    received_by: Mapped[str] = mapped_column(String(100))


class StatementRecord(Base):
    """One statement of one account, with its proof.

    `known_minor` is the part of the booked lines that was in the books already; `gap_minor` what is missing between
    the closing balance before and this opening balance.
    """

    __tablename__ = "statements"
    __table_args__ = (Index("ix_statements_chain", "bank_account_id", "closes_on"),)

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    file_id: Mapped[str] = mapped_column(ForeignKey("statement_files.id"), index=True)
    bank_account_id: Mapped[str] = mapped_column(ForeignKey("bank_accounts.id"))
    format: Mapped[str] = mapped_column(String(30))
    bank_statement_id: Mapped[str | None] = mapped_column(String(100))
    sequence: Mapped[str | None] = mapped_column(String(40))
    sequence_number: Mapped[int | None] = mapped_column(BigInteger)
    from_on: Mapped[date | None]
    to_on: Mapped[date | None]
    closes_on: Mapped[date | None]
    currency: Mapped[str] = mapped_column(String(3))
    opening_minor: Mapped[int | None] = mapped_column(BigInteger)
    closing_minor: Mapped[int | None] = mapped_column(BigInteger)
    booked_minor: Mapped[int] = mapped_column(BigInteger)
    known_minor: Mapped[int] = mapped_column(BigInteger)
    gap_minor: Mapped[int | None] = mapped_column(BigInteger)
    line_count: Mapped[int]
    new_count: Mapped[int]
    known_count: Mapped[int]
    balanced: Mapped[bool | None]
    problems: Mapped[list[str]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(Instant)


class StatementLine(Base):
    """One booked (or announced) movement of an account. `identity` tells it apart from every other of the account."""

    __tablename__ = "statement_lines"
    __table_args__ = (
        one_of("state", LineState),
        one_of("status", LineStatus),
        UniqueConstraint("bank_account_id", "identity"),
        Index("ix_statement_lines_statement_id", "statement_id", "position"),
        Index(
            "ix_statement_lines_waiting",
            "id",
            postgresql_where=text("state IN ('new', 'unexplained', 'proposed')"),
        ),
        Index("ix_statement_lines_end_to_end_id", "end_to_end_id"),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    statement_id: Mapped[str] = mapped_column(ForeignKey("statements.id"))
    bank_account_id: Mapped[str] = mapped_column(ForeignKey("bank_accounts.id"))
    position: Mapped[int]
    identity: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20))
    waiting_because: Mapped[str | None] = mapped_column(String(300))
    status: Mapped[str] = mapped_column(String(10))
    booked_on: Mapped[date]
    valued_on: Mapped[date | None]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    counterparty_name: Mapped[str | None] = mapped_column(String(300))
    counterparty_account: Mapped[str | None] = mapped_column(AccountNumberType)
    counterparty_bic: Mapped[str | None] = mapped_column(String(40))
    remittance: Mapped[str | None]
    reference: Mapped[str | None] = mapped_column(String(140))
    end_to_end_id: Mapped[str | None] = mapped_column(String(140))
    mandate_reference: Mapped[str | None] = mapped_column(String(140))
    creditor_identifier: Mapped[str | None] = mapped_column(String(140))
    bank_reference: Mapped[str | None] = mapped_column(String(140))
    transaction_code: Mapped[str | None] = mapped_column(String(60))
    reversal: Mapped[bool]
    return_reason: Mapped[str | None] = mapped_column(String(140))
    original_minor: Mapped[int | None] = mapped_column(BigInteger)
    charges_minor: Mapped[int | None] = mapped_column(BigInteger)
    batch_payment_information_id: Mapped[str | None] = mapped_column(String(140))
    batch_message_id: Mapped[str | None] = mapped_column(String(140))
    batch_count: Mapped[int | None]
    details: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(server_default="1")

    @property
    def takes_back(self) -> bool:
        """Whether it undoes an earlier booking: a return, a refund by the bank, or a reversal."""
        return self.reversal or self.return_reason is not None


class Match(Base):
    """What a line became: by which rule or person, and why."""

    __tablename__ = "matches"
    __table_args__ = (
        Index(
            "uq_matches_one_standing_per_line",
            "line_id",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    line_id: Mapped[str] = mapped_column(ForeignKey("statement_lines.id"))
    rule: Mapped[str] = mapped_column(String(60))
    decided_by: Mapped[str] = mapped_column(String(100))
    decided_at: Mapped[datetime] = mapped_column(Instant)
    evidence: Mapped[list[str]] = mapped_column(JSONB)
    undone_at: Mapped[datetime | None] = mapped_column(Instant)


class PartKind(StrEnum):
    """What a part of a line can be."""

    PAYMENT = "payment"
    RETURNED_DEBIT = "returned_debit"
    FEE = "fee"
    REFUND = "refund"


class MatchPart(Base):
    """A part of a matched line, signed as the line is; the parts of a match add up to its line."""

    __tablename__ = "match_parts"
    __table_args__ = (
        one_of("kind", PartKind),
        CheckConstraint("kind = 'fee' OR object_id IS NOT NULL", name="names_its_object"),
        Index("ix_match_parts_match_id", "match_id"),
        Index("ix_match_parts_object_id", "object_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    match_id: Mapped[str] = mapped_column(ForeignKey("matches.id"))
    kind: Mapped[str] = mapped_column(String(20))
    object_id: Mapped[str | None] = mapped_column(Identifier)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
