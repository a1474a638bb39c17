"""The tables of departures: files that leave, byte for byte, and who fetched them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ledger.database import Base, Identifier, Instant
from mandates.payback_models import PaybackBatch


class StoredFile(Base):
    """A file that leaves: written once, sealed by its SHA-256; triggers forbid later changes of its bytes.

    A draft that is edited gets another file; the one before is withdrawn and never leaves. `findings` are what the
    rules said of these bytes.
    """

    __tablename__ = "stored_files"
    __table_args__ = (
        Index(
            "uq_stored_files_one_standing",
            "batch_id",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
        Index("ix_stored_files_batch_id", "batch_id"),
        Index(
            "uq_stored_files_one_standing_payback",
            "payback_id",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
        Index("ix_stored_files_payback_id", "payback_id"),
        CheckConstraint("batch_id IS NULL OR payback_id IS NULL", name="one_origin"),
        CheckConstraint("withdrawn_at IS NULL OR released_at IS NULL", name="withdrawn_or_released"),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    name: Mapped[str] = mapped_column(String(100))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    batch_id: Mapped[str | None] = mapped_column(ForeignKey("batches.id"))
    payback_id: Mapped[str | None] = mapped_column(ForeignKey(PaybackBatch.id))
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(100))
    findings: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)
    released_at: Mapped[datetime | None] = mapped_column(Instant)
    released_by: Mapped[str | None] = mapped_column(String(100))


class FileDownload(Base):
    """Who fetched a stored file, when, and the hash of the bytes handed out."""

    __tablename__ = "file_downloads"
    __table_args__ = (Index("ix_file_downloads_file_id", "file_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    file_id: Mapped[str] = mapped_column(ForeignKey("stored_files.id"))
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(String(100))
    sha256: Mapped[str] = mapped_column(String(64))
