"""The tables of credit control: what was decided about the fees of returned debits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ledger.database import Base, Identifier, Instant


class ReturnFee(Base):
    """What a bank took for a failed debit on one line, and the invoice that charges it on, or why there is none."""

    __tablename__ = "return_fees"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        UniqueConstraint("invoice_id"),
    )

    line_id: Mapped[str] = mapped_column(Identifier, ForeignKey("statement_lines.id"), primary_key=True)
    debit_id: Mapped[str] = mapped_column(Identifier, ForeignKey("debits.id"), primary_key=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    invoice_id: Mapped[str | None] = mapped_column(ForeignKey("invoices.id"))
    because: Mapped[str] = mapped_column(String(200))
    decided_at: Mapped[datetime] = mapped_column(Instant)
