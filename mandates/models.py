"""The tables of mandates: who allowed us to debit, each debit drawn, and the batches they go out in."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ledger.database import AccountNumberType, Base, Identifier, Instant
from ledger.models import one_of
from mandates.states import LIVE, BatchState, DebitState, MandateState


class Scheme(StrEnum):
    """The SEPA direct-debit schemes: consumers and anybody, or companies only."""

    CORE = "CORE"
    B2B = "B2B"


class MandateType(StrEnum):
    """Whether a mandate serves for many debits or for one."""

    RECURRENT = "recurrent"
    ONE_OFF = "one_off"


class Mandate(Base):
    """A customer's permission to debit an account; banks know it by creditor identifier and `reference`."""

    __tablename__ = "mandates"
    __table_args__ = (
        one_of("state", MandateState),
        one_of("scheme", Scheme),
        one_of("type", MandateType),
        UniqueConstraint("creditor_id", "reference"),
        Index("ix_mandates_active_customer", "customer_id", postgresql_where=text("state = 'active'")),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    creditor_id: Mapped[str] = mapped_column(ForeignKey("creditors.id"))
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"))
    reference: Mapped[str] = mapped_column(String(35))
    scheme: Mapped[str] = mapped_column(String(4))
    type: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(20))
    debtor_name: Mapped[str] = mapped_column(String(70))
    iban: Mapped[str] = mapped_column(AccountNumberType)
    bic: Mapped[str | None] = mapped_column(String(11))
    debtor_country: Mapped[str | None] = mapped_column(String(2))
    debtor_street: Mapped[str | None] = mapped_column(String(70))
    debtor_postcode: Mapped[str | None] = mapped_column(String(16))
    debtor_town: Mapped[str | None] = mapped_column(String(35))
    signed_on: Mapped[date]
    signed_at_place: Mapped[str | None] = mapped_column(String(70))
    last_collection_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(server_default="1")


class Batch(Base):
    """Debits of one creditor and scheme that go out in one file."""

    __tablename__ = "batches"
    __table_args__ = (
        one_of("state", BatchState),
        one_of("scheme", Scheme),
        CheckConstraint("approved_by IS NULL OR approved_by <> drafted_by", name="two_persons"),
        UniqueConstraint("message_id"),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    creditor_id: Mapped[str] = mapped_column(ForeignKey("creditors.id"))
    scheme: Mapped[str] = mapped_column(String(4))
    state: Mapped[str] = mapped_column(String(20))
    message_id: Mapped[str] = mapped_column(String(35))
    debit_count: Mapped[int]
    total_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    drafted_by: Mapped[str] = mapped_column(String(100))
    approved_by: Mapped[str | None] = mapped_column(String(100))
    approved_at: Mapped[datetime | None] = mapped_column(Instant)
    released_by: Mapped[str | None] = mapped_column(String(100))
    released_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(server_default="1")


class PaymentBlock(Base):
    """One PmtInf of a batch: the same account, date and sequence type; a bank books it as one lump."""

    __tablename__ = "payment_blocks"
    __table_args__ = (UniqueConstraint("payment_information_id"),)

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.id"), index=True)
    bank_account_id: Mapped[str] = mapped_column(ForeignKey("bank_accounts.id"))
    payment_information_id: Mapped[str] = mapped_column(String(35))
    sequence_type: Mapped[str] = mapped_column(String(4))
    collect_on: Mapped[date]
    batch_booking: Mapped[bool]
    debit_count: Mapped[int]
    total_minor: Mapped[int] = mapped_column(BigInteger)


class Debit(Base):
    """One collection of an invoice by a mandate; `end_to_end_id` is how banks name it back to us."""

    __tablename__ = "debits"
    __table_args__ = (
        one_of("state", DebitState),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("currency = 'EUR'", name="euro"),
        UniqueConstraint("end_to_end_id"),
        Index(
            "uq_debits_one_live_per_invoice",
            "invoice_id",
            unique=True,
            postgresql_where=text(f"state IN ({', '.join(repr(str(state)) for state in LIVE)})"),
        ),
        Index("ix_debits_invoice_id", "invoice_id"),
        Index("ix_debits_block_id", "block_id"),
        Index("ix_debits_mandate_id", "mandate_id"),
        Index("ix_debits_payment_id", "payment_id"),
        Index("ix_debits_scheduled", "creditor_id", postgresql_where=text("state = 'scheduled'")),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    creditor_id: Mapped[str] = mapped_column(ForeignKey("creditors.id"))
    invoice_id: Mapped[str] = mapped_column(ForeignKey("invoices.id"))
    mandate_id: Mapped[str] = mapped_column(ForeignKey("mandates.id"))
    bank_account_id: Mapped[str] = mapped_column(ForeignKey("bank_accounts.id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    collect_on: Mapped[date]
    sequence_type: Mapped[str] = mapped_column(String(4))
    end_to_end_id: Mapped[str] = mapped_column(String(35))
    state: Mapped[str] = mapped_column(String(20))
    block_id: Mapped[str | None] = mapped_column(ForeignKey("payment_blocks.id"))
    payment_id: Mapped[str | None] = mapped_column(ForeignKey("payments.id"))
    reason_code: Mapped[str | None] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(server_default="1")
