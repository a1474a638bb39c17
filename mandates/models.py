"""The tables of mandates: who allowed us to debit, each debit drawn, and the batches they go out in."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

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
from sqlalchemy.orm import Mapped, mapped_column

from ledger.database import AccountNumberType, Base, Identifier, Instant
from ledger.models import one_of
from mandates.states import LIVE, BatchState, DebitState, MandateState, NoticeState


class Scheme(StrEnum):
    """The SEPA direct-debit schemes: consumers and anybody, or companies only."""

    CORE = "CORE"
    B2B = "B2B"


class MandateType(StrEnum):
    """Whether a mandate serves for many debits or for one."""

    RECURRENT = "recurrent"
    ONE_OFF = "one_off"


class AnnouncedBy(StrEnum):
    """Who tells the customer of a debit before it is drawn."""

    DUECOURSE = "duecourse"
    ERP = "erp"


class CollectionTerms(Base):
    """How a creditor collects; without a row the defaults of mandates.terms hold."""

    __tablename__ = "collection_terms"
    __table_args__ = (
        one_of("announced_by", AnnouncedBy),
        CheckConstraint("notice_days BETWEEN 0 AND 90", name="notice_days"),
        CheckConstraint("most_retries BETWEEN 0 AND 5", name="most_retries"),
        CheckConstraint("retry_after_days BETWEEN 1 AND 60", name="retry_after_days"),
        CheckConstraint("most_failures BETWEEN 1 AND 20", name="most_failures"),
        CheckConstraint(
            "largest_debit_minor > 0 AND largest_debtor_day_minor > 0 AND largest_file_minor > 0",
            name="limits_positive",
        ),
    )

    creditor_id: Mapped[str] = mapped_column(ForeignKey("creditors.id"), primary_key=True)
    announced_by: Mapped[str] = mapped_column(String(10))
    notice_days: Mapped[int]
    not_before_due: Mapped[bool]
    largest_debit_minor: Mapped[int | None] = mapped_column(BigInteger)
    largest_debtor_day_minor: Mapped[int | None] = mapped_column(BigInteger)
    largest_file_minor: Mapped[int | None] = mapped_column(BigInteger)
    two_persons: Mapped[bool]
    most_retries: Mapped[int]
    retry_after_days: Mapped[int]
    most_failures: Mapped[int]
    charge_return_fee: Mapped[bool]
    changed_at: Mapped[datetime] = mapped_column(Instant)
    changed_by: Mapped[str] = mapped_column(String(100))
    version: Mapped[int] = mapped_column(server_default="1")


class ReasonPolicy(Base):
    """What a creditor does about a reason code, where it is not what mandates.reason_codes says."""

    __tablename__ = "reason_policies"

    creditor_id: Mapped[str] = mapped_column(ForeignKey("creditors.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(35), primary_key=True)
    step: Mapped[str] = mapped_column(String(12))
    changed_at: Mapped[datetime] = mapped_column(Instant)
    changed_by: Mapped[str] = mapped_column(String(100))


class Mandate(Base):
    """A customer's permission to debit an account; banks know it by creditor identifier and `reference`.

    The `presented` columns are what the debtor's bank was told by the last collection it accepted; what differs
    from them goes into the next file as an amendment (EPC130-08, AmdmntInfDtls).
    """

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
    iban: Mapped[str] = mapped_column(AccountNumberType, index=True)
    bic: Mapped[str | None] = mapped_column(String(11))
    debtor_country: Mapped[str | None] = mapped_column(String(2))
    debtor_street: Mapped[str | None] = mapped_column(String(70))
    debtor_postcode: Mapped[str | None] = mapped_column(String(16))
    debtor_town: Mapped[str | None] = mapped_column(String(35))
    signed_on: Mapped[date]
    signed_at_place: Mapped[str | None] = mapped_column(String(70))
    last_collection_on: Mapped[date | None]
    presented_reference: Mapped[str | None] = mapped_column(String(35))
    presented_creditor_identifier: Mapped[str | None] = mapped_column(String(35))
    presented_creditor_name: Mapped[str | None] = mapped_column(String(70))
    presented_iban: Mapped[str | None] = mapped_column(AccountNumberType)
    failures_in_a_row: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(server_default="1")


class MandateAmendment(Base):
    """One change of a mandate's data after its signature: what it was before, who changed it and why."""

    __tablename__ = "mandate_amendments"
    __table_args__ = (Index("ix_mandate_amendments_mandate_id", "mandate_id"),)

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    mandate_id: Mapped[str] = mapped_column(ForeignKey("mandates.id"))
    reference_before: Mapped[str] = mapped_column(String(35))
    debtor_name_before: Mapped[str] = mapped_column(String(70))
    iban_before: Mapped[str] = mapped_column(AccountNumberType)
    reason: Mapped[str] = mapped_column(String(200))
    amended_at: Mapped[datetime] = mapped_column(Instant)
    amended_by: Mapped[str] = mapped_column(String(100))


class Batch(Base):
    """Debits of one creditor and scheme that go out in one file to the bank of one account.

    With `one_person` the creditor's terms said, when it was drafted, that nobody else has to look at it.
    """

    __tablename__ = "batches"
    __table_args__ = (
        one_of("state", BatchState),
        one_of("scheme", Scheme),
        CheckConstraint(
            "one_person OR (approved_by IS DISTINCT FROM drafted_by AND released_by IS DISTINCT FROM drafted_by "
            "AND (edited_by IS NULL OR approved_by IS DISTINCT FROM edited_by "
            "AND released_by IS DISTINCT FROM edited_by))",
            name="two_persons",
        ),
        UniqueConstraint("message_id"),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    creditor_id: Mapped[str] = mapped_column(ForeignKey("creditors.id"))
    bank_account_id: Mapped[str] = mapped_column(ForeignKey("bank_accounts.id"))
    scheme: Mapped[str] = mapped_column(String(4))
    state: Mapped[str] = mapped_column(String(20))
    message_id: Mapped[str] = mapped_column(String(35))
    file_profile: Mapped[str] = mapped_column(String(30))
    debit_count: Mapped[int]
    total_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    one_person: Mapped[bool] = mapped_column(server_default=text("false"))
    drafted_by: Mapped[str] = mapped_column(String(100))
    edited_by: Mapped[str | None] = mapped_column(String(100))
    edited_at: Mapped[datetime | None] = mapped_column(Instant)
    approved_by: Mapped[str | None] = mapped_column(String(100))
    approved_at: Mapped[datetime | None] = mapped_column(Instant)
    approved_sha256: Mapped[str | None] = mapped_column(String(64))
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
    """One collection of an invoice by a mandate; `end_to_end_id` is how banks name it back to us.

    `debtor_iban`, `debtor_name`, `mandate_reference`, `creditor_identifier` and `creditor_name` are what its file
    says; they are taken from mandate and creditor when it is put into a batch. `collect_on` is a T2 day; where it is
    not the day that was wished for, `moved_because` says why. `notice_days` are the days agreed when it was
    released; None where the ERP announced it. A failed debit has `failed_on`, the `next_step` its reason code asks
    for, and what was done about it in `followed_up`; once a person has `cleared` it, it no longer speaks against
    collecting.
    """

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
        Index(
            "uq_debits_retry_of",
            "retry_of",
            unique=True,
            postgresql_where=text("retry_of IS NOT NULL AND state <> 'cancelled'"),
        ),
        Index(
            "ix_debits_to_follow_up",
            "id",
            postgresql_where=text("failed_on IS NOT NULL AND followed_up_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    creditor_id: Mapped[str] = mapped_column(ForeignKey("creditors.id"))
    invoice_id: Mapped[str] = mapped_column(ForeignKey("invoices.id"))
    mandate_id: Mapped[str] = mapped_column(ForeignKey("mandates.id"))
    bank_account_id: Mapped[str] = mapped_column(ForeignKey("bank_accounts.id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    collect_on: Mapped[date]
    wished_on: Mapped[date | None]
    moved_because: Mapped[str | None] = mapped_column(String(200))
    sequence_type: Mapped[str] = mapped_column(String(4))
    end_to_end_id: Mapped[str] = mapped_column(String(35))
    state: Mapped[str] = mapped_column(String(20))
    block_id: Mapped[str | None] = mapped_column(ForeignKey("payment_blocks.id"))
    payment_id: Mapped[str | None] = mapped_column(ForeignKey("payments.id"))
    reason_code: Mapped[str | None] = mapped_column(String(35))
    debtor_iban: Mapped[str | None] = mapped_column(AccountNumberType)
    mandate_reference: Mapped[str | None] = mapped_column(String(35))
    creditor_identifier: Mapped[str | None] = mapped_column(String(35))
    creditor_name: Mapped[str | None] = mapped_column(String(70))
    debtor_name: Mapped[str | None] = mapped_column(String(70))
    notice_days: Mapped[int | None]
    retry_of: Mapped[str | None] = mapped_column(ForeignKey("debits.id"))
    attempt: Mapped[int] = mapped_column(server_default="1")
    failed_on: Mapped[date | None]
    next_step: Mapped[str | None] = mapped_column(String(12))
    followed_up_at: Mapped[datetime | None] = mapped_column(Instant)
    followed_up: Mapped[str | None] = mapped_column(String(300))
    cleared_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(server_default="1")


class NoticeChannel(StrEnum):
    """How a customer is told of a debit: by a message of ours, by the invoice's own e-mail, or by a letter."""

    EMAIL = "email"
    INVOICE = "invoice"
    LETTER = "letter"


class PreNotification(Base):
    """The notice of one debit to its debtor, with the bytes of the message that was sent (EPC016-06, section 4.3).

    `noticed_on` is the day that counts: it must lie `days` before `collect_on`. Before `try_after` nobody else tries to
    send a queued one.
    """

    __tablename__ = "pre_notifications"
    __table_args__ = (
        one_of("channel", NoticeChannel),
        one_of("state", NoticeState),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("state <> 'sent' OR noticed_on IS NOT NULL", name="sent_with_day"),
        Index(
            "uq_pre_notifications_one_standing",
            "debit_id",
            unique=True,
            postgresql_where=text("state <> 'superseded'"),
        ),
        Index("ix_pre_notifications_debit_id", "debit_id"),
        Index("ix_pre_notifications_queued", "id", postgresql_where=text("state = 'queued'")),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    debit_id: Mapped[str] = mapped_column(ForeignKey("debits.id"))
    channel: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(12))
    recipient: Mapped[str | None] = mapped_column(String(254))
    collect_on: Mapped[date]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    days: Mapped[int]
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    sha256: Mapped[str | None] = mapped_column(String(64))
    message_id: Mapped[str | None] = mapped_column(String(300), unique=True)
    attempts: Mapped[int] = mapped_column(server_default="0")
    try_after: Mapped[datetime | None] = mapped_column(Instant)
    last_error: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    noticed_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(server_default="1")
