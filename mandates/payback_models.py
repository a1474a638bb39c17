"""The tables of money that goes back by order of ours: payback batches, and what they hold."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ledger.database import Base, Identifier, Instant
from ledger.models import one_of
from mandates.states import PaybackState, ReversalState


class PaybackKind(StrEnum):
    """What a payback batch tells the bank: to transfer refunds, or to reverse collections."""

    REFUNDS = "pain.001"
    REVERSALS = "pain.007"


class ReversalReason(StrEnum):
    """Why a creditor reverses a collection (EPC173-14, codes of the column "Reversal")."""

    DUPLICATE = "AM05"
    BY_CREDITOR = "MS02"
    BY_BANK = "MS03"


class PaybackBatch(Base):
    """Money that leaves one account in one file, by order of ours.

    A batch of refunds is one PmtInf of a pain.001, executed on `execute_on`. A batch of reversals takes back
    collections of the debit batch `batch_id` by a pain.007. With `one_person` the creditor's terms said, when it
    was drafted, that nobody else has to look at it.
    """

    __tablename__ = "payback_batches"
    __table_args__ = (
        one_of("kind", PaybackKind),
        one_of("state", PaybackState),
        CheckConstraint(
            "CASE kind WHEN 'pain.001' THEN payment_information_id IS NOT NULL AND execute_on IS NOT NULL "
            "AND batch_id IS NULL ELSE payment_information_id IS NULL AND execute_on IS NULL "
            "AND batch_id IS NOT NULL END",
            name="shaped_by_kind",
        ),
        CheckConstraint(
            "one_person OR (approved_by IS DISTINCT FROM drafted_by AND released_by IS DISTINCT FROM drafted_by)",
            name="two_persons",
        ),
        CheckConstraint("part_count > 0 AND total_minor > 0", name="not_empty"),
        CheckConstraint("currency = 'EUR'", name="euro"),
        UniqueConstraint("message_id"),
        UniqueConstraint("payment_information_id"),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    creditor_id: Mapped[str] = mapped_column(ForeignKey("creditors.id"))
    bank_account_id: Mapped[str] = mapped_column(ForeignKey("bank_accounts.id"))
    kind: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(20))
    message_id: Mapped[str] = mapped_column(String(35))
    payment_information_id: Mapped[str | None] = mapped_column(String(35))
    execute_on: Mapped[date | None]
    batch_id: Mapped[str | None] = mapped_column(ForeignKey("batches.id"))
    accept_provisional: Mapped[bool] = mapped_column(server_default=text("false"))
    part_count: Mapped[int]
    total_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    one_person: Mapped[bool] = mapped_column(server_default=text("false"))
    drafted_by: Mapped[str] = mapped_column(String(100))
    approved_by: Mapped[str | None] = mapped_column(String(100))
    approved_at: Mapped[datetime | None] = mapped_column(Instant)
    approved_sha256: Mapped[str | None] = mapped_column(String(64))
    released_by: Mapped[str | None] = mapped_column(String(100))
    released_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(server_default="1")


class PaybackRefund(Base):
    """A refund in a payback batch. A discarded batch gives it back; only one batch holds it at a time."""

    __tablename__ = "payback_refunds"
    __table_args__ = (
        Index(
            "uq_payback_refunds_one_standing",
            "refund_id",
            unique=True,
            postgresql_where=text("given_back_at IS NULL"),
        ),
    )

    payback_id: Mapped[str] = mapped_column(ForeignKey("payback_batches.id"), primary_key=True)
    refund_id: Mapped[str] = mapped_column(ForeignKey("refunds.id"), primary_key=True)
    given_back_at: Mapped[datetime | None] = mapped_column(Instant)


class DebitReversal(Base):
    """Our order to give one collected debit back, whole. A debit has one that is not cancelled, at most."""

    __tablename__ = "debit_reversals"
    __table_args__ = (
        one_of("state", ReversalState),
        one_of("reason", ReversalReason),
        Index(
            "uq_debit_reversals_one_standing",
            "debit_id",
            unique=True,
            postgresql_where=text("state <> 'cancelled'"),
        ),
        Index("ix_debit_reversals_payback_id", "payback_id"),
        UniqueConstraint("reference"),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    debit_id: Mapped[str] = mapped_column(ForeignKey("debits.id"))
    payback_id: Mapped[str] = mapped_column(ForeignKey("payback_batches.id"))
    reason: Mapped[str] = mapped_column(String(4))
    state: Mapped[str] = mapped_column(String(20))
    reference: Mapped[str] = mapped_column(String(35))
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(server_default="1")
