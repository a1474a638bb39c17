"""The tables of the books: creditors and customers, invoices and payments, the journal, the audit trail."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, column_property, mapped_column, validates
from sqlalchemy.types import Numeric

from ledger.database import AccountNumberType, Base, Identifier, Instant
from ledger.party_names import name_key
from ledger.states import CollectionStatus, PaymentState, RefundState


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """The CHECK that keeps `column` within `values`."""
    allowed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=column)


def _compact(column: str) -> str:
    """The letters A to Z, in capitals, and digits of a column, as ledger.invoice_numbers.compact gives them."""
    return f"upper(regexp_replace({column}, '[^A-Za-z0-9]', '', 'g') COLLATE \"C\")"


_NUMBER_CORE = (
    f"coalesce(nullif(regexp_replace({_compact('number')}, '^[A-Z]*0*', ''), ''), {_compact('number')})"
)


class Creditor(Base):
    """A company of ours that is owed money."""

    __tablename__ = "creditors"

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    name: Mapped[str] = mapped_column(String(70))
    creditor_identifier: Mapped[str | None] = mapped_column(String(35), unique=True)
    country: Mapped[str] = mapped_column(String(2))
    street: Mapped[str | None] = mapped_column(String(70))
    postcode: Mapped[str | None] = mapped_column(String(16))
    town: Mapped[str | None] = mapped_column(String(35))
    currency: Mapped[str] = mapped_column(String(3), server_default="EUR")
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(server_default="1")


class BankAccount(Base):
    """An account of a creditor: statements are about it, and direct debits are credited to it.

    `cut_off_time`, `cut_off_zone` and `cut_off_days` say until when its bank takes a file, `days_ahead` how many
    calendar days ahead it takes one (see ledger.cut_offs); the profiles say how a file for it is written.
    """

    __tablename__ = "bank_accounts"
    __table_args__ = (
        CheckConstraint("iban IS NOT NULL OR other_number IS NOT NULL", name="has_a_number"),
        CheckConstraint("cut_off_days BETWEEN 0 AND 10", name="cut_off_days"),
        CheckConstraint("days_ahead BETWEEN 2 AND 365", name="days_ahead"),
        UniqueConstraint("iban", "currency"),
        UniqueConstraint("other_number", "currency"),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    creditor_id: Mapped[str] = mapped_column(ForeignKey("creditors.id"), index=True)
    name: Mapped[str] = mapped_column(String(70))
    iban: Mapped[str | None] = mapped_column(AccountNumberType)
    other_number: Mapped[str | None] = mapped_column(AccountNumberType)
    bic: Mapped[str | None] = mapped_column(String(11))
    currency: Mapped[str] = mapped_column(String(3))
    batch_booking: Mapped[bool] = mapped_column(server_default=text("true"))
    cut_off_time: Mapped[time] = mapped_column(server_default=text("'14:00'"))
    cut_off_zone: Mapped[str] = mapped_column(String(40), server_default="Europe/Berlin")
    cut_off_days: Mapped[int] = mapped_column(server_default="0")
    days_ahead: Mapped[int] = mapped_column(server_default="14")
    file_profile: Mapped[str] = mapped_column(String(30), server_default="pain.008.001.08")
    character_profile: Mapped[str] = mapped_column(String(10), server_default="latin")
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(server_default="1")


class Customer(Base):
    """Somebody who owes us money, or will.

    `notice_days` is how long before a debit the customer agreed to be told of it; None means as the creditor's terms
    say. Once `automatic_stopped_at` is set nothing is collected or chased without a person.
    """

    __tablename__ = "customers"
    __table_args__ = (
        CheckConstraint("notice_days BETWEEN 0 AND 90", name="notice_days"),
        CheckConstraint(
            "(automatic_stopped_at IS NULL) = (automatic_stopped_because IS NULL)", name="stopped_with_reason"
        ),
        Index(
            "ix_customers_name", text('"left"(name_key::text, 12)'), postgresql_where=text("name_key <> ''")
        ),
        Index("ix_customers_number", "number_key", postgresql_where=text("number_key IS NOT NULL")),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    external_id: Mapped[str | None] = mapped_column(String(100), unique=True)
    name: Mapped[str] = mapped_column(String(140))
    name_key: Mapped[str] = mapped_column(String(140), server_default="")
    number_key: Mapped[str | None] = mapped_column(
        String(100), Computed(_compact("external_id"), persisted=True)
    )
    email: Mapped[str | None] = mapped_column(String(254))
    iban: Mapped[str | None] = mapped_column(AccountNumberType, index=True)
    country: Mapped[str | None] = mapped_column(String(2))
    street: Mapped[str | None] = mapped_column(String(70))
    postcode: Mapped[str | None] = mapped_column(String(16))
    town: Mapped[str | None] = mapped_column(String(35))
    notice_days: Mapped[int | None]
    automatic_stopped_at: Mapped[datetime | None] = mapped_column(Instant)
    automatic_stopped_because: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(server_default="1")

    @validates("name")
    def _fold(self, _: str, name: str) -> str:
        """The key follows the name."""
        self.name_key = name_key(name)
        return name


class Invoice(Base):
    """What a customer owes. `allocated_minor` is the sum of its standing allocations: a trigger sees to it.

    `pre_notified_on` is the day on which the invoice itself was sent and announced its debit, as the ERP says.
    `number_core` is what payers' spellings of the number have in common (see ledger.invoice_numbers); `instalments`
    are the parts that it may be paid in, each a day and an amount in minor units.
    """

    __tablename__ = "invoices"
    __table_args__ = (
        CheckConstraint("total_minor > 0", name="total_positive"),
        CheckConstraint("allocated_minor BETWEEN 0 AND total_minor", name="not_over_allocated"),
        one_of("collection_status", CollectionStatus),
        UniqueConstraint("creditor_id", "number"),
        UniqueConstraint("creditor_id", "external_id"),
        Index("ix_invoices_number_core", "creditor_id", "number_core"),
        Index("ix_invoices_reference", "reference", postgresql_where=text("reference IS NOT NULL")),
        Index(
            "ix_invoices_purchase_order",
            "purchase_order_key",
            postgresql_where=text("purchase_order IS NOT NULL"),
        ),
        Index("ix_invoices_open_due", "creditor_id", "due_on", postgresql_where=text("open_minor > 0")),
        Index("ix_invoices_open_customer", "customer_id", postgresql_where=text("open_minor > 0")),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    creditor_id: Mapped[str] = mapped_column(ForeignKey("creditors.id"))
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"), index=True)
    external_id: Mapped[str | None] = mapped_column(String(100))
    external_key: Mapped[str | None] = mapped_column(String(64))
    number: Mapped[str] = mapped_column(String(60))
    number_core: Mapped[str] = mapped_column(String(60), Computed(_NUMBER_CORE, persisted=True))
    currency: Mapped[str] = mapped_column(String(3))
    total_minor: Mapped[int] = mapped_column(BigInteger)
    allocated_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    open_minor: Mapped[int] = mapped_column(
        BigInteger, Computed("total_minor - allocated_minor", persisted=True)
    )
    issued_on: Mapped[date]
    due_on: Mapped[date]
    reference: Mapped[str | None] = mapped_column(String(35))
    purchase_order: Mapped[str | None] = mapped_column(String(60))
    purchase_order_key: Mapped[str | None] = mapped_column(
        String(60), Computed(_compact("purchase_order"), persisted=True)
    )
    discount_days: Mapped[int | None]
    discount_percent: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    collection_status: Mapped[str] = mapped_column(String(20))
    hold: Mapped[str | None] = mapped_column(String(20))
    pre_notified_on: Mapped[date | None]
    instalments: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(server_default="1")


class NumberShape(Base):
    """A form that invoice numbers of a creditor have: the compact number with every digit as 9."""

    __tablename__ = "number_shapes"

    creditor_id: Mapped[str] = mapped_column(ForeignKey("creditors.id"), primary_key=True)
    shape: Mapped[str] = mapped_column(String(60), primary_key=True)


class CreditNote(Base):
    """What we owe a customer back; it is allocated to invoices like a payment."""

    __tablename__ = "credit_notes"
    __table_args__ = (
        CheckConstraint("total_minor > 0", name="total_positive"),
        CheckConstraint("allocated_minor BETWEEN 0 AND total_minor", name="not_over_allocated"),
        UniqueConstraint("creditor_id", "number"),
        UniqueConstraint("creditor_id", "external_id"),
        Index("ix_credit_notes_open_customer", "customer_id", postgresql_where=text("open_minor > 0")),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    creditor_id: Mapped[str] = mapped_column(ForeignKey("creditors.id"))
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"), index=True)
    external_id: Mapped[str | None] = mapped_column(String(100))
    number: Mapped[str] = mapped_column(String(60))
    currency: Mapped[str] = mapped_column(String(3))
    total_minor: Mapped[int] = mapped_column(BigInteger)
    allocated_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    open_minor: Mapped[int] = mapped_column(
        BigInteger, Computed("total_minor - allocated_minor", persisted=True)
    )
    issued_on: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(server_default="1")


class Method(StrEnum):
    """How a payment came in."""

    TRANSFER = "transfer"
    DIRECT_DEBIT = "direct_debit"
    CARD = "card"
    OTHER = "other"


class Payment(Base):
    """Money that came in. What is neither allocated nor gone back is unallocated.

    `allocated_minor` and `refunded_minor` are seen to by triggers. A provisional payment may still be taken back
    until the end of `reversible_until`. One that was `recorded_at` some time was told by a person or the ERP before
    a statement showed it; `met_at` is when its statement line came, until which its money is in transit.
    """

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint(
            "allocated_minor >= 0 AND returned_minor >= 0 AND refunded_minor >= 0 "
            "AND allocated_minor + returned_minor + refunded_minor <= amount_minor",
            name="not_over_allocated",
        ),
        one_of("state", PaymentState),
        one_of("method", Method),
        Index("ix_payments_provisional", "reversible_until", postgresql_where=text("state = 'provisional'")),
        Index(
            "ix_payments_in_transit",
            "creditor_id",
            "amount_minor",
            postgresql_where=text("recorded_at IS NOT NULL AND met_at IS NULL"),
        ),
        CheckConstraint("met_at IS NULL OR recorded_at IS NOT NULL", name="met_what_was_recorded"),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    creditor_id: Mapped[str] = mapped_column(ForeignKey("creditors.id"))
    customer_id: Mapped[str | None] = mapped_column(ForeignKey("customers.id"), index=True)
    bank_account_id: Mapped[str | None] = mapped_column(ForeignKey("bank_accounts.id"))
    method: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    allocated_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    returned_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    refunded_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    unallocated_minor: Mapped[int] = mapped_column(
        BigInteger,
        Computed("amount_minor - allocated_minor - returned_minor - refunded_minor", persisted=True),
    )
    received_on: Mapped[date]
    reversible_until: Mapped[date | None]
    reference: Mapped[str | None] = mapped_column(String(140))
    recorded_at: Mapped[datetime | None] = mapped_column(Instant)
    met_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(server_default="1")


class AllocationKind(StrEnum):
    """What closes a part of an invoice."""

    PAYMENT = "payment"
    CREDIT_NOTE = "credit_note"
    DISCOUNT = "discount"
    WRITE_OFF = "write_off"
    FEE = "fee"


class Allocation(Base):
    """What closes a part of an invoice. It stands until it is reversed; never deleted.

    A payment or credit note gives what it has. A discount, a write-off or a bank's fee that we bear closes without
    money: `beside_payment_id` is the payment beside which it was granted, `reason` why. A credit note that was netted
    with a payment names it likewise.
    """

    __tablename__ = "allocations"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint(
            "(kind = 'payment' AND payment_id IS NOT NULL AND credit_note_id IS NULL) OR "
            "(kind = 'credit_note' AND credit_note_id IS NOT NULL AND payment_id IS NULL) OR "
            "(kind IN ('discount', 'write_off', 'fee') AND payment_id IS NULL AND credit_note_id IS NULL)",
            name="one_source",
        ),
        CheckConstraint(
            "beside_payment_id IS NULL OR kind <> 'payment'",
            name="beside_a_payment",
        ),
        CheckConstraint("kind <> 'write_off' OR reason IS NOT NULL", name="written_off_with_reason"),
        one_of("kind", AllocationKind),
        Index(
            "ix_allocations_beside_payment_id",
            "beside_payment_id",
            postgresql_where=text("beside_payment_id IS NOT NULL"),
        ),
        Index("ix_allocations_invoice_id", "invoice_id"),
        Index("ix_allocations_payment_id", "payment_id"),
        Index("ix_allocations_credit_note_id", "credit_note_id"),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    payment_id: Mapped[str | None] = mapped_column(ForeignKey("payments.id"))
    credit_note_id: Mapped[str | None] = mapped_column(ForeignKey("credit_notes.id"))
    beside_payment_id: Mapped[str | None] = mapped_column(ForeignKey("payments.id"))
    invoice_id: Mapped[str] = mapped_column(ForeignKey("invoices.id"))
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str | None] = mapped_column(String(200))
    allocated_on: Mapped[date]
    decided_by: Mapped[str] = mapped_column(String(100))
    evidence: Mapped[list[str]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(Instant)
    reversed_at: Mapped[datetime | None] = mapped_column(Instant)
    reversed_because: Mapped[str | None] = mapped_column(String(200))


class Refund(Base):
    """Unallocated money that goes back to the customer; it leaves the payment when it is requested.

    The payee is who gets it; one is missing only on refunds from before refunds were written as files.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        one_of("state", RefundState),
        CheckConstraint("(payee_name IS NULL) = (payee_iban IS NULL)", name="payee_whole"),
        UniqueConstraint("end_to_end_id"),
    )

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    creditor_id: Mapped[str] = mapped_column(ForeignKey("creditors.id"))
    payment_id: Mapped[str] = mapped_column(ForeignKey("payments.id"), index=True)
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(20))
    end_to_end_id: Mapped[str] = mapped_column(String(35))
    reason: Mapped[str] = mapped_column(String(200))
    payee_name: Mapped[str | None] = mapped_column(String(70))
    payee_iban: Mapped[str | None] = mapped_column(AccountNumberType)
    payee_bic: Mapped[str | None] = mapped_column(String(11))
    requested_on: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(server_default="1")


class AccountKind(StrEnum):
    """The chart of accounts of the sub-ledger; see docs/concepts/journal.md for what moves between them."""

    BANK = "bank"
    SUSPENSE = "suspense"
    RECEIVABLE = "receivable"
    UNAPPLIED = "unapplied"
    BILLED = "billed"
    FEE = "fee"
    INTEREST = "interest"
    REJECT_CLEARING = "reject_clearing"
    REFUND_CLEARING = "refund_clearing"
    DISCOUNT = "discount"
    WRITE_OFF = "write_off"
    TRANSFER_CLEARING = "transfer_clearing"
    PAYOUT_CLEARING = "payout_clearing"
    IN_TRANSIT = "in_transit"
    OTHER = "other"
    BROUGHT_FORWARD = "brought_forward"


class Account(Base):
    """One account of the journal, in one currency. Bank and brought-forward exist once per bank account."""

    __tablename__ = "accounts"
    __table_args__ = (
        one_of("kind", AccountKind),
        Index(
            "uq_accounts_place",
            "creditor_id",
            "kind",
            "currency",
            text("coalesce(bank_account_id, '')"),
            unique=True,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    creditor_id: Mapped[str] = mapped_column(ForeignKey("creditors.id"))
    kind: Mapped[str] = mapped_column(String(20))
    currency: Mapped[str] = mapped_column(String(3))
    bank_account_id: Mapped[str | None] = mapped_column(ForeignKey("bank_accounts.id"))


class JournalEntry(Base):
    """One balanced booking. What it books is named by `kind` and `object_id`, and is booked once."""

    __tablename__ = "journal_entries"
    __table_args__ = (UniqueConstraint("object_id", "kind"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    creditor_id: Mapped[str] = mapped_column(ForeignKey("creditors.id"))
    posted_on: Mapped[date]
    kind: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[str] = mapped_column(Identifier)
    created_at: Mapped[datetime] = mapped_column(Instant)


class Posting(Base):
    """One side of a booking: debit above zero, credit below. A trigger refuses entries that do not sum to zero."""

    __tablename__ = "postings"
    __table_args__ = (
        CheckConstraint("amount_minor <> 0", name="amount_not_zero"),
        Index("ix_postings_account_id", "account_id", postgresql_include=["amount_minor"]),
        Index("ix_postings_entry_id", "entry_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("journal_entries.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)


class StateChange(Base):
    """The history of every state machine: what moved, from where to where, when, by whom and why."""

    __tablename__ = "state_changes"
    __table_args__ = (Index("ix_state_changes_object_id", "object_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    object_id: Mapped[str] = mapped_column(Identifier)
    from_state: Mapped[str | None] = mapped_column(String(20))
    to_state: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(Instant)
    actor: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str | None] = mapped_column(String(200))


class AuditRecord(Base):
    """One link of the audit chain. `body` is canonical JSON; `hash` seals it together with the link before.

    Everything one reads is computed from `body`, so it cannot say anything else: `object_id` when it is written, for
    its index, and the rest when it is read.
    """

    __tablename__ = "audit_records"
    __table_args__ = (Index("ix_audit_records_object_id", "object_id", "seq"),)

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    body: Mapped[str]
    object_id: Mapped[str | None] = mapped_column(Computed("(body::jsonb) ->> 'object'", persisted=True))
    at: Mapped[str] = column_property(literal_column("(body::jsonb) ->> 'at'", String))
    actor: Mapped[str] = column_property(literal_column("(body::jsonb) ->> 'actor'", String))
    action: Mapped[str] = column_property(literal_column("(body::jsonb) ->> 'action'", String))


class ChainHead(Base):
    """The one row that knows the last link of the audit chain and the last event; locked last and shortest."""

    __tablename__ = "chain_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
    event_position: Mapped[int] = mapped_column(BigInteger)


class Event(Base):
    """What happened, told to the outside: `position` follows the order of commits, `sequence` counts per object."""

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("object_id", "sequence"),)

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(Identifier, unique=True)
    type: Mapped[str] = mapped_column(String(60), index=True)
    object_id: Mapped[str] = mapped_column(Identifier)
    sequence: Mapped[int]
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    actor: Mapped[str] = mapped_column(String(100))
    cause: Mapped[str | None] = mapped_column(String(60))
    origin: Mapped[str] = mapped_column(String(20))
    reason_code: Mapped[str | None] = mapped_column(String(35))
    parent: Mapped[str | None] = mapped_column(Identifier)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
