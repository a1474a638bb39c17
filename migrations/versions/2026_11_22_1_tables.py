"""The tables of every floor in their first form.

Locks: only tables that it creates.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_22_1_tables"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(40, collation="C"), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('admin', 'treasury', 'erp', 'auditor')", name=op.f("ck_api_keys_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_keys_secret_hash")),
    )
    op.create_table(
        "audit_records",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("at", sa.String(), sa.Computed("(body::jsonb) ->> 'at'", persisted=True), nullable=False),
        sa.Column(
            "actor", sa.String(), sa.Computed("(body::jsonb) ->> 'actor'", persisted=True), nullable=False
        ),
        sa.Column(
            "action", sa.String(), sa.Computed("(body::jsonb) ->> 'action'", persisted=True), nullable=False
        ),
        sa.Column(
            "object_id", sa.String(), sa.Computed("(body::jsonb) ->> 'object'", persisted=True), nullable=True
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_records")),
    )
    op.create_index("ix_audit_records_object_id", "audit_records", ["object_id", "seq"], unique=False)
    op.create_table(
        "chain_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("event_position", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_chain_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_head")),
    )
    op.create_table(
        "creditors",
        sa.Column("id", sa.String(40, collation="C"), nullable=False),
        sa.Column("name", sa.String(length=70), nullable=False),
        sa.Column("creditor_identifier", sa.String(length=35), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("street", sa.String(length=70), nullable=True),
        sa.Column("postcode", sa.String(length=16), nullable=True),
        sa.Column("town", sa.String(length=35), nullable=True),
        sa.Column("currency", sa.String(length=3), server_default="EUR", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_creditors")),
        sa.UniqueConstraint("creditor_identifier", name=op.f("uq_creditors_creditor_identifier")),
    )
    op.create_table(
        "customers",
        sa.Column("id", sa.String(40, collation="C"), nullable=False),
        sa.Column("external_id", sa.String(length=100), nullable=True),
        sa.Column("name", sa.String(length=140), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("iban", sa.String(64), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("street", sa.String(length=70), nullable=True),
        sa.Column("postcode", sa.String(length=16), nullable=True),
        sa.Column("town", sa.String(length=35), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sa.UniqueConstraint("external_id", name=op.f("uq_customers_external_id")),
    )
    op.create_index(op.f("ix_customers_iban"), "customers", ["iban"], unique=False)
    op.create_table(
        "events",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(40, collation="C"), nullable=False),
        sa.Column("type", sa.String(length=60), nullable=False),
        sa.Column("object_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("cause", sa.String(length=60), nullable=True),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("reason_code", sa.String(length=35), nullable=True),
        sa.Column("parent", sa.String(40, collation="C"), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_events")),
        sa.UniqueConstraint("id", name=op.f("uq_events_id")),
        sa.UniqueConstraint("object_id", "sequence", name=op.f("uq_events_object_id_sequence")),
    )
    op.create_index(op.f("ix_events_type"), "events", ["type"], unique=False)
    op.create_table(
        "idempotent_replies",
        sa.Column("api_key_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("route", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("api_key_id", "route", "key", name=op.f("pk_idempotent_replies")),
    )
    op.create_index(
        op.f("ix_idempotent_replies_created_at"), "idempotent_replies", ["created_at"], unique=False
    )
    op.create_table(
        "state_changes",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("object_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=True),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_state_changes")),
    )
    op.create_index("ix_state_changes_object_id", "state_changes", ["object_id", "id"], unique=False)
    op.create_table(
        "statement_files",
        sa.Column("id", sa.String(40, collation="C"), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("format", sa.String(length=30), nullable=True),
        sa.Column("refusal_code", sa.String(length=60), nullable=True),
        sa.Column("refusal", sa.String(length=500), nullable=True),
        sa.Column("refusal_line", sa.Integer(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("state IN ('imported', 'refused')", name=op.f("ck_statement_files_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_files")),
        sa.UniqueConstraint("sha256", name=op.f("uq_statement_files_sha256")),
    )
    op.create_table(
        "bank_accounts",
        sa.Column("id", sa.String(40, collation="C"), nullable=False),
        sa.Column("creditor_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("name", sa.String(length=70), nullable=False),
        sa.Column("iban", sa.String(64), nullable=True),
        sa.Column("other_number", sa.String(64), nullable=True),
        sa.Column("bic", sa.String(length=11), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("batch_booking", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "iban IS NOT NULL OR other_number IS NOT NULL", name=op.f("ck_bank_accounts_has_a_number")
        ),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditors.id"], name=op.f("fk_bank_accounts_creditor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_accounts")),
        sa.UniqueConstraint("iban", "currency", name=op.f("uq_bank_accounts_iban_currency")),
        sa.UniqueConstraint("other_number", "currency", name=op.f("uq_bank_accounts_other_number_currency")),
    )
    op.create_index(op.f("ix_bank_accounts_creditor_id"), "bank_accounts", ["creditor_id"], unique=False)
    op.create_table(
        "batches",
        sa.Column("id", sa.String(40, collation="C"), nullable=False),
        sa.Column("creditor_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("scheme", sa.String(length=4), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("message_id", sa.String(length=35), nullable=False),
        sa.Column("debit_count", sa.Integer(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("drafted_by", sa.String(length=100), nullable=False),
        sa.Column("approved_by", sa.String(length=100), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.String(length=100), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("scheme IN ('CORE', 'B2B')", name=op.f("ck_batches_scheme")),
        sa.CheckConstraint(
            "state IN ('draft', 'approved', 'released', 'accepted', 'partly_rejected', 'rejected', 'booked', 'closed')",
            name=op.f("ck_batches_state"),
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> drafted_by", name=op.f("ck_batches_two_persons")
        ),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditors.id"], name=op.f("fk_batches_creditor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
        sa.UniqueConstraint("message_id", name=op.f("uq_batches_message_id")),
    )
    op.create_table(
        "credit_notes",
        sa.Column("id", sa.String(40, collation="C"), nullable=False),
        sa.Column("creditor_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("customer_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("external_id", sa.String(length=100), nullable=True),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("allocated_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "open_minor",
            sa.BigInteger(),
            sa.Computed("total_minor - allocated_minor", persisted=True),
            nullable=False,
        ),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "allocated_minor BETWEEN 0 AND total_minor", name=op.f("ck_credit_notes_not_over_allocated")
        ),
        sa.CheckConstraint("total_minor > 0", name=op.f("ck_credit_notes_total_positive")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditors.id"], name=op.f("fk_credit_notes_creditor_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_credit_notes_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_notes")),
        sa.UniqueConstraint(
            "creditor_id", "external_id", name=op.f("uq_credit_notes_creditor_id_external_id")
        ),
        sa.UniqueConstraint("creditor_id", "number", name=op.f("uq_credit_notes_creditor_id_number")),
    )
    op.create_index(op.f("ix_credit_notes_customer_id"), "credit_notes", ["customer_id"], unique=False)
    op.create_table(
        "invoices",
        sa.Column("id", sa.String(40, collation="C"), nullable=False),
        sa.Column("creditor_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("customer_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("external_id", sa.String(length=100), nullable=True),
        sa.Column("external_key", sa.String(length=64), nullable=True),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("allocated_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "open_minor",
            sa.BigInteger(),
            sa.Computed("total_minor - allocated_minor", persisted=True),
            nullable=False,
        ),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(length=35), nullable=True),
        sa.Column("purchase_order", sa.String(length=60), nullable=True),
        sa.Column("discount_days", sa.Integer(), nullable=True),
        sa.Column("discount_percent", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("collection_status", sa.String(length=20), nullable=False),
        sa.Column("hold", sa.String(length=20), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "collection_status IN ('not_due', 'due', 'overdue', 'collecting', 'partly_paid', 'paid_provisional', 'paid', 'disputed', 'promised', 'in_plan', 'written_off', 'cancelled')",
            name=op.f("ck_invoices_collection_status"),
        ),
        sa.CheckConstraint(
            "allocated_minor BETWEEN 0 AND total_minor", name=op.f("ck_invoices_not_over_allocated")
        ),
        sa.CheckConstraint("total_minor > 0", name=op.f("ck_invoices_total_positive")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditors.id"], name=op.f("fk_invoices_creditor_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_invoices_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("creditor_id", "external_id", name=op.f("uq_invoices_creditor_id_external_id")),
        sa.UniqueConstraint("creditor_id", "number", name=op.f("uq_invoices_creditor_id_number")),
    )
    op.create_index(op.f("ix_invoices_customer_id"), "invoices", ["customer_id"], unique=False)
    op.create_index(
        "ix_invoices_open_due",
        "invoices",
        ["creditor_id", "due_on"],
        unique=False,
        postgresql_where=sa.text("open_minor > 0"),
    )
    op.create_index(
        "ix_invoices_open_number",
        "invoices",
        ["creditor_id", sa.literal_column("upper(number)")],
        unique=False,
    )
    op.create_index(op.f("ix_invoices_reference"), "invoices", ["reference"], unique=False)
    op.create_table(
        "journal_entries",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("creditor_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("object_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["creditor_id"], ["creditors.id"], name=op.f("fk_journal_entries_creditor_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_entries")),
        sa.UniqueConstraint("object_id", "kind", name=op.f("uq_journal_entries_object_id_kind")),
    )
    op.create_table(
        "mandates",
        sa.Column("id", sa.String(40, collation="C"), nullable=False),
        sa.Column("creditor_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("customer_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("reference", sa.String(length=35), nullable=False),
        sa.Column("scheme", sa.String(length=4), nullable=False),
        sa.Column("type", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("debtor_name", sa.String(length=70), nullable=False),
        sa.Column("iban", sa.String(64), nullable=False),
        sa.Column("bic", sa.String(length=11), nullable=True),
        sa.Column("debtor_country", sa.String(length=2), nullable=True),
        sa.Column("debtor_street", sa.String(length=70), nullable=True),
        sa.Column("debtor_postcode", sa.String(length=16), nullable=True),
        sa.Column("debtor_town", sa.String(length=35), nullable=True),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("signed_at_place", sa.String(length=70), nullable=True),
        sa.Column("last_collection_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("scheme IN ('CORE', 'B2B')", name=op.f("ck_mandates_scheme")),
        sa.CheckConstraint(
            "state IN ('draft', 'invited', 'signed', 'pending_bank', 'active', 'suspended', 'cancelled', 'expired', 'consumed')",
            name=op.f("ck_mandates_state"),
        ),
        sa.CheckConstraint("type IN ('recurrent', 'one_off')", name=op.f("ck_mandates_type")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditors.id"], name=op.f("fk_mandates_creditor_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_mandates_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandates")),
        sa.UniqueConstraint("creditor_id", "reference", name=op.f("uq_mandates_creditor_id_reference")),
    )
    op.create_index(
        "ix_mandates_active_customer",
        "mandates",
        ["customer_id"],
        unique=False,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("creditor_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("bank_account_id", sa.String(40, collation="C"), nullable=True),
        sa.CheckConstraint(
            "kind IN ('bank', 'suspense', 'receivable', 'unapplied', 'billed', 'fee', 'refund_clearing', 'brought_forward')",
            name=op.f("ck_accounts_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["bank_account_id"], ["bank_accounts.id"], name=op.f("fk_accounts_bank_account_id")
        ),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditors.id"], name=op.f("fk_accounts_creditor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
    )
    op.create_index(
        "uq_accounts_place",
        "accounts",
        ["creditor_id", "kind", "currency", sa.literal_column("coalesce(bank_account_id, '')")],
        unique=True,
    )
    op.create_table(
        "payment_blocks",
        sa.Column("id", sa.String(40, collation="C"), nullable=False),
        sa.Column("batch_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("bank_account_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("payment_information_id", sa.String(length=35), nullable=False),
        sa.Column("sequence_type", sa.String(length=4), nullable=False),
        sa.Column("collect_on", sa.Date(), nullable=False),
        sa.Column("batch_booking", sa.Boolean(), nullable=False),
        sa.Column("debit_count", sa.Integer(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_account_id"], ["bank_accounts.id"], name=op.f("fk_payment_blocks_bank_account_id")
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_payment_blocks_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_blocks")),
        sa.UniqueConstraint("payment_information_id", name=op.f("uq_payment_blocks_payment_information_id")),
    )
    op.create_index(op.f("ix_payment_blocks_batch_id"), "payment_blocks", ["batch_id"], unique=False)
    op.create_table(
        "payments",
        sa.Column("id", sa.String(40, collation="C"), nullable=False),
        sa.Column("creditor_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("customer_id", sa.String(40, collation="C"), nullable=True),
        sa.Column("bank_account_id", sa.String(40, collation="C"), nullable=True),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("allocated_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("returned_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "unallocated_minor",
            sa.BigInteger(),
            sa.Computed("amount_minor - allocated_minor - returned_minor - refunded_minor", persisted=True),
            nullable=False,
        ),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("reversible_until", sa.Date(), nullable=True),
        sa.Column("reference", sa.String(length=140), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "method IN ('transfer', 'direct_debit', 'card', 'other')", name=op.f("ck_payments_method")
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'provisional', 'final', 'returned', 'refunded', 'charged_back', 'cancelled')",
            name=op.f("ck_payments_state"),
        ),
        sa.CheckConstraint(
            "allocated_minor >= 0 AND returned_minor >= 0 AND refunded_minor >= 0 AND allocated_minor + returned_minor + refunded_minor <= amount_minor",
            name=op.f("ck_payments_not_over_allocated"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payments_amount_positive")),
        sa.ForeignKeyConstraint(
            ["bank_account_id"], ["bank_accounts.id"], name=op.f("fk_payments_bank_account_id")
        ),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditors.id"], name=op.f("fk_payments_creditor_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_payments_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
    )
    op.create_index(op.f("ix_payments_customer_id"), "payments", ["customer_id"], unique=False)
    op.create_index(
        "ix_payments_provisional",
        "payments",
        ["reversible_until"],
        unique=False,
        postgresql_where=sa.text("state = 'provisional'"),
    )
    op.create_table(
        "statements",
        sa.Column("id", sa.String(40, collation="C"), nullable=False),
        sa.Column("file_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("bank_account_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("format", sa.String(length=30), nullable=False),
        sa.Column("bank_statement_id", sa.String(length=100), nullable=True),
        sa.Column("sequence", sa.String(length=40), nullable=True),
        sa.Column("sequence_number", sa.BigInteger(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.Column("closes_on", sa.Date(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("opening_minor", sa.BigInteger(), nullable=True),
        sa.Column("closing_minor", sa.BigInteger(), nullable=True),
        sa.Column("booked_minor", sa.BigInteger(), nullable=False),
        sa.Column("known_minor", sa.BigInteger(), nullable=False),
        sa.Column("gap_minor", sa.BigInteger(), nullable=True),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("new_count", sa.Integer(), nullable=False),
        sa.Column("known_count", sa.Integer(), nullable=False),
        sa.Column("balanced", sa.Boolean(), nullable=True),
        sa.Column("problems", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_account_id"], ["bank_accounts.id"], name=op.f("fk_statements_bank_account_id")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["statement_files.id"], name=op.f("fk_statements_file_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statements")),
    )
    op.create_index("ix_statements_chain", "statements", ["bank_account_id", "closes_on"], unique=False)
    op.create_index(op.f("ix_statements_file_id"), "statements", ["file_id"], unique=False)
    op.create_table(
        "stored_files",
        sa.Column("id", sa.String(40, collation="C"), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.String(40, collation="C"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_stored_files_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_files")),
        sa.UniqueConstraint("batch_id", name=op.f("uq_stored_files_batch_id")),
    )
    op.create_table(
        "allocations",
        sa.Column("id", sa.String(40, collation="C"), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("payment_id", sa.String(40, collation="C"), nullable=True),
        sa.Column("credit_note_id", sa.String(40, collation="C"), nullable=True),
        sa.Column("invoice_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("allocated_on", sa.Date(), nullable=False),
        sa.Column("decided_by", sa.String(length=100), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reversed_because", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "(kind = 'payment' AND payment_id IS NOT NULL AND credit_note_id IS NULL) OR (kind = 'credit_note' AND credit_note_id IS NOT NULL AND payment_id IS NULL)",
            name=op.f("ck_allocations_one_source"),
        ),
        sa.CheckConstraint("kind IN ('payment', 'credit_note')", name=op.f("ck_allocations_kind")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_allocations_amount_positive")),
        sa.ForeignKeyConstraint(
            ["credit_note_id"], ["credit_notes.id"], name=op.f("fk_allocations_credit_note_id")
        ),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name=op.f("fk_allocations_invoice_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_allocations_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocations")),
    )
    op.create_index("ix_allocations_credit_note_id", "allocations", ["credit_note_id"], unique=False)
    op.create_index("ix_allocations_invoice_id", "allocations", ["invoice_id"], unique=False)
    op.create_index("ix_allocations_payment_id", "allocations", ["payment_id"], unique=False)
    op.create_table(
        "debits",
        sa.Column("id", sa.String(40, collation="C"), nullable=False),
        sa.Column("creditor_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("invoice_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("mandate_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("bank_account_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("collect_on", sa.Date(), nullable=False),
        sa.Column("sequence_type", sa.String(length=4), nullable=False),
        sa.Column("end_to_end_id", sa.String(length=35), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("block_id", sa.String(40, collation="C"), nullable=True),
        sa.Column("payment_id", sa.String(40, collation="C"), nullable=True),
        sa.Column("reason_code", sa.String(length=10), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("currency = 'EUR'", name=op.f("ck_debits_euro")),
        sa.CheckConstraint(
            "state IN ('scheduled', 'batched', 'submitted', 'rejected', 'collected', 'returned', 'refunded', 'settled', 'cancelled')",
            name=op.f("ck_debits_state"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_debits_amount_positive")),
        sa.ForeignKeyConstraint(
            ["bank_account_id"], ["bank_accounts.id"], name=op.f("fk_debits_bank_account_id")
        ),
        sa.ForeignKeyConstraint(["block_id"], ["payment_blocks.id"], name=op.f("fk_debits_block_id")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditors.id"], name=op.f("fk_debits_creditor_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name=op.f("fk_debits_invoice_id")),
        sa.ForeignKeyConstraint(["mandate_id"], ["mandates.id"], name=op.f("fk_debits_mandate_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_debits_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_debits")),
        sa.UniqueConstraint("end_to_end_id", name=op.f("uq_debits_end_to_end_id")),
    )
    op.create_index("ix_debits_block_id", "debits", ["block_id"], unique=False)
    op.create_index("ix_debits_invoice_id", "debits", ["invoice_id"], unique=False)
    op.create_index("ix_debits_mandate_id", "debits", ["mandate_id"], unique=False)
    op.create_index("ix_debits_payment_id", "debits", ["payment_id"], unique=False)
    op.create_index(
        "ix_debits_scheduled",
        "debits",
        ["creditor_id"],
        unique=False,
        postgresql_where=sa.text("state = 'scheduled'"),
    )
    op.create_index(
        "uq_debits_one_live_per_invoice",
        "debits",
        ["invoice_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('scheduled', 'batched', 'submitted')"),
    )
    op.create_table(
        "file_downloads",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("file_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["stored_files.id"], name=op.f("fk_file_downloads_file_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_downloads")),
    )
    op.create_index("ix_file_downloads_file_id", "file_downloads", ["file_id"], unique=False)
    op.create_table(
        "postings",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_postings_amount_not_zero")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_postings_account_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["journal_entries.id"], name=op.f("fk_postings_entry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postings")),
    )
    op.create_index(
        "ix_postings_account_id",
        "postings",
        ["account_id"],
        unique=False,
        postgresql_include=["amount_minor"],
    )
    op.create_index("ix_postings_entry_id", "postings", ["entry_id"], unique=False)
    op.create_table(
        "refunds",
        sa.Column("id", sa.String(40, collation="C"), nullable=False),
        sa.Column("creditor_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("payment_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("end_to_end_id", sa.String(length=35), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("requested_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("state IN ('requested', 'paid', 'cancelled')", name=op.f("ck_refunds_state")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refunds_amount_positive")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditors.id"], name=op.f("fk_refunds_creditor_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_refunds_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("end_to_end_id", name=op.f("uq_refunds_end_to_end_id")),
    )
    op.create_index(op.f("ix_refunds_payment_id"), "refunds", ["payment_id"], unique=False)
    op.create_table(
        "statement_lines",
        sa.Column("id", sa.String(40, collation="C"), nullable=False),
        sa.Column("statement_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("bank_account_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("identity", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("waiting_because", sa.String(length=300), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("valued_on", sa.Date(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("counterparty_name", sa.String(length=300), nullable=True),
        sa.Column("counterparty_account", sa.String(64), nullable=True),
        sa.Column("counterparty_bic", sa.String(length=40), nullable=True),
        sa.Column("remittance", sa.String(), nullable=True),
        sa.Column("reference", sa.String(length=140), nullable=True),
        sa.Column("end_to_end_id", sa.String(length=140), nullable=True),
        sa.Column("mandate_reference", sa.String(length=140), nullable=True),
        sa.Column("creditor_identifier", sa.String(length=140), nullable=True),
        sa.Column("bank_reference", sa.String(length=140), nullable=True),
        sa.Column("transaction_code", sa.String(length=60), nullable=True),
        sa.Column("reversal", sa.Boolean(), nullable=False),
        sa.Column("return_reason", sa.String(length=140), nullable=True),
        sa.Column("original_minor", sa.BigInteger(), nullable=True),
        sa.Column("charges_minor", sa.BigInteger(), nullable=True),
        sa.Column("batch_payment_information_id", sa.String(length=140), nullable=True),
        sa.Column("batch_message_id", sa.String(length=140), nullable=True),
        sa.Column("batch_count", sa.Integer(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "state IN ('new', 'matched', 'partly_matched', 'proposed', 'unexplained', 'ignored', 'returned_debit', 'batch_booking', 'payout')",
            name=op.f("ck_statement_lines_state"),
        ),
        sa.CheckConstraint("status IN ('booked', 'pending', 'info')", name=op.f("ck_statement_lines_status")),
        sa.ForeignKeyConstraint(
            ["bank_account_id"], ["bank_accounts.id"], name=op.f("fk_statement_lines_bank_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statements.id"], name=op.f("fk_statement_lines_statement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_lines")),
        sa.UniqueConstraint(
            "bank_account_id", "identity", name=op.f("uq_statement_lines_bank_account_id_identity")
        ),
    )
    op.create_index("ix_statement_lines_end_to_end_id", "statement_lines", ["end_to_end_id"], unique=False)
    op.create_index(
        "ix_statement_lines_statement_id", "statement_lines", ["statement_id", "position"], unique=False
    )
    op.create_index(
        "ix_statement_lines_waiting",
        "statement_lines",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state IN ('new', 'unexplained', 'proposed')"),
    )
    op.create_table(
        "matches",
        sa.Column("id", sa.String(40, collation="C"), nullable=False),
        sa.Column("line_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("rule", sa.String(length=60), nullable=False),
        sa.Column("decided_by", sa.String(length=100), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["line_id"], ["statement_lines.id"], name=op.f("fk_matches_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matches")),
    )
    op.create_index(
        "uq_matches_one_standing_per_line",
        "matches",
        ["line_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_table(
        "match_parts",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("match_id", sa.String(40, collation="C"), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("object_id", sa.String(40, collation="C"), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind = 'fee' OR object_id IS NOT NULL", name=op.f("ck_match_parts_names_its_object")
        ),
        sa.CheckConstraint(
            "kind IN ('payment', 'returned_debit', 'fee', 'refund')", name=op.f("ck_match_parts_kind")
        ),
        sa.ForeignKeyConstraint(["match_id"], ["matches.id"], name=op.f("fk_match_parts_match_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_parts")),
    )
    op.create_index("ix_match_parts_match_id", "match_parts", ["match_id"], unique=False)
    op.create_index("ix_match_parts_object_id", "match_parts", ["object_id"], unique=False)
