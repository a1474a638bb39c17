"""The direct-debit loop: cut-offs, terms, notices, amendments, edited batches, what follows a failed debit.

Locks: ACCESS EXCLUSIVE on bank_accounts, customers, invoices, mandates, batches, debits, refunds and stored_files, for as
long as it takes to add columns; batches are rewritten with the account of their first block.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_27_1_collecting"
down_revision = "2026_11_26_1_arrivals"

_ID = sa.String(40, collation="C")
_AT = sa.DateTime(timezone=True)
_ACCOUNT_NUMBER = sa.String(64)

_ACCOUNTS_OF_STORED_BATCHES = """
UPDATE batches SET file_profile = 'pain.008.001.08', bank_account_id = (
    SELECT blocks.bank_account_id FROM payment_blocks AS blocks
    WHERE blocks.batch_id = batches.id ORDER BY blocks.id LIMIT 1
)
"""

# What was approved was the one file there is.
_HASHES_OF_APPROVED_BATCHES = """
UPDATE batches SET approved_sha256 = stored_files.sha256 FROM stored_files
WHERE stored_files.batch_id = batches.id AND batches.approved_by IS NOT NULL
"""

# What left before is what the debtors' banks were told.
_FACTS_OF_STORED_DEBITS = """
UPDATE debits SET debtor_iban = mandates.iban, mandate_reference = mandates.reference,
    creditor_identifier = creditors.creditor_identifier, creditor_name = creditors.name,
    debtor_name = mandates.debtor_name
FROM mandates, creditors
WHERE mandates.id = debits.mandate_id AND creditors.id = debits.creditor_id AND debits.block_id IS NOT NULL
"""
_PRESENTED_BY_STORED_DEBITS = """
UPDATE mandates SET presented_reference = mandates.reference, presented_iban = mandates.iban,
    presented_creditor_identifier = creditors.creditor_identifier, presented_creditor_name = creditors.name
FROM creditors
WHERE creditors.id = mandates.creditor_id AND EXISTS (
    SELECT 1 FROM debits WHERE debits.mandate_id = mandates.id
    AND debits.state IN ('collected', 'settled', 'returned', 'refunded')
)
"""
# Until now whoever scheduled a debit had to announce it; that stays so for creditors who are here already.
_TERMS_OF_STORED_CREDITORS = """
INSERT INTO collection_terms (
    creditor_id, announced_by, notice_days, not_before_due, two_persons, most_retries, retry_after_days,
    most_failures, charge_return_fee, changed_at, changed_by
) SELECT id, 'erp', 14, false, true, 2, 5, 3, false, now(), 'migration' FROM creditors
"""

_TWO_PERSONS = (
    "one_person OR (approved_by IS DISTINCT FROM drafted_by AND released_by IS DISTINCT FROM drafted_by "
    "AND (edited_by IS NULL OR approved_by IS DISTINCT FROM edited_by "
    "AND released_by IS DISTINCT FROM edited_by))"
)
# The banks' answers that were only kept until now are read by a worker (gateway.statement_import.queue_waiting).
_READ_STORED_ANSWERS = "UPDATE statement_files SET state = 'received' WHERE state = 'handed_on'"
# Rows of these tables stay for ever; those of the second group never change either.
_NEVER_DELETED = (
    "collection_terms", "debit_reversals", "payback_batches", "payback_refunds", "pre_notifications",
    "status_reports",
)  # fmt: skip
_NEVER_CHANGED = ("mandate_amendments", "return_fees", "status_report_items")
# What may have reached a customer stays as it was, whatever becomes of the notice.
_BYTES_STAY = """
CREATE TRIGGER pre_notifications_bytes_append_only BEFORE UPDATE ON pre_notifications FOR EACH ROW
WHEN (OLD.content IS NOT NULL AND (
    NEW.content, NEW.sha256, NEW.message_id, NEW.collect_on, NEW.amount_minor
) IS DISTINCT FROM (OLD.content, OLD.sha256, OLD.message_id, OLD.collect_on, OLD.amount_minor))
EXECUTE FUNCTION refuse_change()
"""


def upgrade() -> None:
    _widen_accounts_and_customers()
    _create_terms()
    _widen_mandates()
    _widen_batches()
    _widen_debits()
    _create_return_fees()
    _create_notices()
    _let_files_be_withdrawn()
    _create_paybacks()
    _create_status_reports()
    _widen_matches()
    for statement in (
        _ACCOUNTS_OF_STORED_BATCHES, _HASHES_OF_APPROVED_BATCHES, _FACTS_OF_STORED_DEBITS, _PRESENTED_BY_STORED_DEBITS, _TERMS_OF_STORED_CREDITORS,
        _BYTES_STAY, _READ_STORED_ANSWERS,
    ):  # fmt: skip
        op.execute(statement)
    op.alter_column("batches", "bank_account_id", nullable=False)
    op.alter_column("batches", "file_profile", nullable=False)
    for table in _NEVER_DELETED:
        op.execute(_guard(table, "DELETE OR TRUNCATE"))
    for table in _NEVER_CHANGED:
        op.execute(_guard(table, "UPDATE OR DELETE OR TRUNCATE"))


def _guard(table: str, events: str) -> str:
    return (
        f"CREATE TRIGGER {table}_append_only BEFORE {events} ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _widen_accounts_and_customers() -> None:
    accounts: tuple[sa.Column[Any], ...] = (
        sa.Column("cut_off_time", sa.Time(), server_default=sa.text("'14:00'"), nullable=False),
        sa.Column("cut_off_zone", sa.String(40), server_default="Europe/Berlin", nullable=False),
        sa.Column("cut_off_days", sa.Integer(), server_default="0", nullable=False),
        sa.Column("days_ahead", sa.Integer(), server_default="14", nullable=False),
        sa.Column("file_profile", sa.String(30), server_default="pain.008.001.08", nullable=False),
        sa.Column("character_profile", sa.String(10), server_default="latin", nullable=False),
    )
    for column in accounts:
        op.add_column("bank_accounts", column)
    op.create_check_constraint(
        op.f("ck_bank_accounts_cut_off_days"), "bank_accounts", "cut_off_days BETWEEN 0 AND 10"
    )
    op.create_check_constraint(
        op.f("ck_bank_accounts_days_ahead"), "bank_accounts", "days_ahead BETWEEN 2 AND 365"
    )
    customers: tuple[sa.Column[Any], ...] = (
        sa.Column("notice_days", sa.Integer(), nullable=True),
        sa.Column("automatic_stopped_at", _AT, nullable=True),
        sa.Column("automatic_stopped_because", sa.String(200), nullable=True),
    )
    for column in customers:
        op.add_column("customers", column)
    op.create_check_constraint(op.f("ck_customers_notice_days"), "customers", "notice_days BETWEEN 0 AND 90")
    op.create_check_constraint(
        op.f("ck_customers_stopped_with_reason"), "customers",
        "(automatic_stopped_at IS NULL) = (automatic_stopped_because IS NULL)",
    )  # fmt: skip
    op.add_column("invoices", sa.Column("pre_notified_on", sa.Date(), nullable=True))


def _create_terms() -> None:
    op.create_table(
        "collection_terms",
        sa.Column("creditor_id", _ID, nullable=False),
        sa.Column("announced_by", sa.String(10), nullable=False),
        sa.Column("notice_days", sa.Integer(), nullable=False),
        sa.Column("not_before_due", sa.Boolean(), nullable=False),
        sa.Column("largest_debit_minor", sa.BigInteger(), nullable=True),
        sa.Column("largest_debtor_day_minor", sa.BigInteger(), nullable=True),
        sa.Column("largest_file_minor", sa.BigInteger(), nullable=True),
        sa.Column("two_persons", sa.Boolean(), nullable=False),
        sa.Column("most_retries", sa.Integer(), nullable=False),
        sa.Column("retry_after_days", sa.Integer(), nullable=False),
        sa.Column("most_failures", sa.Integer(), nullable=False),
        sa.Column("charge_return_fee", sa.Boolean(), nullable=False),
        sa.Column("changed_at", _AT, nullable=False),
        sa.Column("changed_by", sa.String(100), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "announced_by IN ('duecourse', 'erp')", name=op.f("ck_collection_terms_announced_by")
        ),
        sa.CheckConstraint("notice_days BETWEEN 0 AND 90", name=op.f("ck_collection_terms_notice_days")),
        sa.CheckConstraint("most_retries BETWEEN 0 AND 5", name=op.f("ck_collection_terms_most_retries")),
        sa.CheckConstraint(
            "retry_after_days BETWEEN 1 AND 60", name=op.f("ck_collection_terms_retry_after_days")
        ),
        sa.CheckConstraint("most_failures BETWEEN 1 AND 20", name=op.f("ck_collection_terms_most_failures")),
        sa.CheckConstraint(
            "largest_debit_minor > 0 AND largest_debtor_day_minor > 0 AND largest_file_minor > 0",
            name=op.f("ck_collection_terms_limits_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["creditor_id"], ["creditors.id"], name=op.f("fk_collection_terms_creditor_id")
        ),
        sa.PrimaryKeyConstraint("creditor_id", name=op.f("pk_collection_terms")),
    )
    op.create_table(
        "reason_policies",
        sa.Column("creditor_id", _ID, nullable=False),
        sa.Column("code", sa.String(35), nullable=False),
        sa.Column("step", sa.String(12), nullable=False),
        sa.Column("changed_at", _AT, nullable=False),
        sa.Column("changed_by", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(
            ["creditor_id"], ["creditors.id"], name=op.f("fk_reason_policies_creditor_id")
        ),
        sa.PrimaryKeyConstraint("creditor_id", "code", name=op.f("pk_reason_policies")),
    )


def _widen_mandates() -> None:
    for column in (
        sa.Column("presented_reference", sa.String(35), nullable=True),
        sa.Column("presented_creditor_identifier", sa.String(35), nullable=True),
        sa.Column("presented_creditor_name", sa.String(70), nullable=True),
        sa.Column("presented_iban", _ACCOUNT_NUMBER, nullable=True),
        sa.Column("failures_in_a_row", sa.Integer(), server_default="0", nullable=False),
    ):
        op.add_column("mandates", column)
    op.create_table(
        "mandate_amendments",
        sa.Column("id", _ID, nullable=False),
        sa.Column("mandate_id", _ID, nullable=False),
        sa.Column("reference_before", sa.String(35), nullable=False),
        sa.Column("debtor_name_before", sa.String(70), nullable=False),
        sa.Column("iban_before", _ACCOUNT_NUMBER, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("amended_at", _AT, nullable=False),
        sa.Column("amended_by", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(
            ["mandate_id"], ["mandates.id"], name=op.f("fk_mandate_amendments_mandate_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate_amendments")),
    )
    op.create_index("ix_mandate_amendments_mandate_id", "mandate_amendments", ["mandate_id"])


def _widen_batches() -> None:
    for column in (
        sa.Column("bank_account_id", _ID, nullable=True),
        sa.Column("file_profile", sa.String(30), nullable=True),
        sa.Column("one_person", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("edited_by", sa.String(100), nullable=True),
        sa.Column("edited_at", _AT, nullable=True),
        sa.Column("approved_sha256", sa.String(64), nullable=True),
    ):
        op.add_column("batches", column)
    op.create_foreign_key(
        op.f("fk_batches_bank_account_id"), "batches", "bank_accounts", ["bank_account_id"], ["id"]
    )
    op.drop_constraint(op.f("ck_batches_two_persons"), "batches")
    op.create_check_constraint(op.f("ck_batches_two_persons"), "batches", _TWO_PERSONS)


def _widen_debits() -> None:
    op.alter_column("debits", "reason_code", type_=sa.String(35))
    for column in (
        sa.Column("debtor_iban", _ACCOUNT_NUMBER, nullable=True),
        sa.Column("mandate_reference", sa.String(35), nullable=True),
        sa.Column("creditor_identifier", sa.String(35), nullable=True),
        sa.Column("creditor_name", sa.String(70), nullable=True),
        sa.Column("debtor_name", sa.String(70), nullable=True),
        sa.Column("notice_days", sa.Integer(), nullable=True),
        sa.Column("wished_on", sa.Date(), nullable=True),
        sa.Column("moved_because", sa.String(200), nullable=True),
        sa.Column("retry_of", _ID, nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="1", nullable=False),
        sa.Column("failed_on", sa.Date(), nullable=True),
        sa.Column("next_step", sa.String(12), nullable=True),
        sa.Column("followed_up_at", _AT, nullable=True),
        sa.Column("followed_up", sa.String(300), nullable=True),
        sa.Column("cleared_at", _AT, nullable=True),
    ):
        op.add_column("debits", column)
    op.create_foreign_key(op.f("fk_debits_retry_of"), "debits", "debits", ["retry_of"], ["id"])
    op.create_index(
        "uq_debits_retry_of",
        "debits",
        ["retry_of"],
        unique=True,
        postgresql_where=sa.text("retry_of IS NOT NULL AND state <> 'cancelled'"),
    )
    op.create_index(
        "ix_debits_to_follow_up", "debits", ["id"],
        postgresql_where=sa.text("failed_on IS NOT NULL AND followed_up_at IS NULL"),
    )  # fmt: skip


def _create_return_fees() -> None:
    op.create_table(
        "return_fees",
        sa.Column("line_id", _ID, nullable=False),
        sa.Column("debit_id", _ID, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("invoice_id", _ID, nullable=True),
        sa.Column("because", sa.String(200), nullable=False),
        sa.Column("decided_at", _AT, nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_return_fees_amount_positive")),
        sa.ForeignKeyConstraint(["line_id"], ["statement_lines.id"], name=op.f("fk_return_fees_line_id")),
        sa.ForeignKeyConstraint(["debit_id"], ["debits.id"], name=op.f("fk_return_fees_debit_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name=op.f("fk_return_fees_invoice_id")),
        sa.PrimaryKeyConstraint("line_id", "debit_id", name=op.f("pk_return_fees")),
        sa.UniqueConstraint("invoice_id", name=op.f("uq_return_fees_invoice_id")),
    )


def _create_notices() -> None:
    op.create_table(
        "pre_notifications",
        sa.Column("id", _ID, nullable=False),
        sa.Column("debit_id", _ID, nullable=False),
        sa.Column("channel", sa.String(10), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("recipient", sa.String(254), nullable=True),
        sa.Column("collect_on", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("message_id", sa.String(300), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("try_after", _AT, nullable=True),
        sa.Column("last_error", sa.String(200), nullable=True),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("sent_at", _AT, nullable=True),
        sa.Column("noticed_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "channel IN ('email', 'invoice', 'letter')", name=op.f("ck_pre_notifications_channel")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'sent', 'failed', 'superseded')", name=op.f("ck_pre_notifications_state")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_pre_notifications_amount_positive")),
        sa.CheckConstraint(
            "state <> 'sent' OR noticed_on IS NOT NULL", name=op.f("ck_pre_notifications_sent_with_day")
        ),
        sa.ForeignKeyConstraint(["debit_id"], ["debits.id"], name=op.f("fk_pre_notifications_debit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pre_notifications")),
        sa.UniqueConstraint("message_id", name=op.f("uq_pre_notifications_message_id")),
    )
    op.create_index(
        "uq_pre_notifications_one_standing", "pre_notifications", ["debit_id"],
        unique=True, postgresql_where=sa.text("state <> 'superseded'"),
    )  # fmt: skip
    op.create_index("ix_pre_notifications_debit_id", "pre_notifications", ["debit_id"])
    op.create_index(
        "ix_pre_notifications_queued",
        "pre_notifications",
        ["id"],
        postgresql_where=sa.text("state = 'queued'"),
    )


def _let_files_be_withdrawn() -> None:
    op.add_column("stored_files", sa.Column("withdrawn_at", _AT, nullable=True))
    op.add_column("stored_files", sa.Column("findings", postgresql.JSONB(), nullable=True))
    op.drop_constraint(op.f("uq_stored_files_batch_id"), "stored_files")
    op.create_index("ix_stored_files_batch_id", "stored_files", ["batch_id"])
    op.create_index(
        "uq_stored_files_one_standing", "stored_files", ["batch_id"],
        unique=True, postgresql_where=sa.text("withdrawn_at IS NULL"),
    )  # fmt: skip
    op.create_check_constraint(
        op.f("ck_stored_files_withdrawn_or_released"), "stored_files",
        "withdrawn_at IS NULL OR released_at IS NULL",
    )  # fmt: skip


_TWO_PERSONS_PAY_BACK = (
    "one_person OR (approved_by IS DISTINCT FROM drafted_by AND released_by IS DISTINCT FROM drafted_by)"
)
_SHAPED_BY_KIND = (
    "CASE kind WHEN 'pain.001' THEN payment_information_id IS NOT NULL AND execute_on IS NOT NULL "
    "AND batch_id IS NULL ELSE payment_information_id IS NULL AND execute_on IS NULL "
    "AND batch_id IS NOT NULL END"
)
_RELEASED_ONCE = """
CREATE TRIGGER payback_batches_released_once BEFORE UPDATE ON payback_batches
    FOR EACH ROW EXECUTE FUNCTION release_once()
"""


def _create_paybacks() -> None:
    for name, kind in (
        ("payee_name", sa.String(70)), ("payee_iban", _ACCOUNT_NUMBER), ("payee_bic", sa.String(11)),
    ):  # fmt: skip
        op.add_column("refunds", sa.Column(name, kind, nullable=True))
    op.create_check_constraint(
        op.f("ck_refunds_payee_whole"), "refunds", "(payee_name IS NULL) = (payee_iban IS NULL)"
    )
    op.create_table(
        "payback_batches",
        sa.Column("id", _ID, nullable=False),
        sa.Column("creditor_id", _ID, nullable=False),
        sa.Column("bank_account_id", _ID, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("message_id", sa.String(35), nullable=False),
        sa.Column("payment_information_id", sa.String(35), nullable=True),
        sa.Column("execute_on", sa.Date(), nullable=True),
        sa.Column("batch_id", _ID, nullable=True),
        sa.Column("accept_provisional", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("part_count", sa.Integer(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("one_person", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("drafted_by", sa.String(100), nullable=False),
        sa.Column("approved_by", sa.String(100), nullable=True),
        sa.Column("approved_at", _AT, nullable=True),
        sa.Column("approved_sha256", sa.String(64), nullable=True),
        sa.Column("released_by", sa.String(100), nullable=True),
        sa.Column("released_at", _AT, nullable=True),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("kind IN ('pain.001', 'pain.007')", name=op.f("ck_payback_batches_kind")),
        sa.CheckConstraint(
            "state IN ('draft', 'approved', 'released', 'accepted', 'rejected', 'booked', 'closed')",
            name=op.f("ck_payback_batches_state"),
        ),
        sa.CheckConstraint(_SHAPED_BY_KIND, name=op.f("ck_payback_batches_shaped_by_kind")),
        sa.CheckConstraint(_TWO_PERSONS_PAY_BACK, name=op.f("ck_payback_batches_two_persons")),
        sa.CheckConstraint("part_count > 0 AND total_minor > 0", name=op.f("ck_payback_batches_not_empty")),
        sa.CheckConstraint("currency = 'EUR'", name=op.f("ck_payback_batches_euro")),
        sa.ForeignKeyConstraint(
            ["creditor_id"], ["creditors.id"], name=op.f("fk_payback_batches_creditor_id")
        ),
        sa.ForeignKeyConstraint(
            ["bank_account_id"], ["bank_accounts.id"], name=op.f("fk_payback_batches_bank_account_id")
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_payback_batches_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payback_batches")),
        sa.UniqueConstraint("message_id", name=op.f("uq_payback_batches_message_id")),
        sa.UniqueConstraint("payment_information_id", name=op.f("uq_payback_batches_payment_information_id")),
    )
    op.execute(_RELEASED_ONCE)
    _create_what_paybacks_hold()
    op.add_column("stored_files", sa.Column("payback_id", _ID, nullable=True))
    op.create_foreign_key(
        op.f("fk_stored_files_payback_id"), "stored_files", "payback_batches", ["payback_id"], ["id"]
    )
    op.create_index("ix_stored_files_payback_id", "stored_files", ["payback_id"])
    op.create_index(
        "uq_stored_files_one_standing_payback", "stored_files", ["payback_id"],
        unique=True, postgresql_where=sa.text("withdrawn_at IS NULL"),
    )  # fmt: skip
    op.create_check_constraint(
        op.f("ck_stored_files_one_origin"), "stored_files", "batch_id IS NULL OR payback_id IS NULL"
    )


def _create_what_paybacks_hold() -> None:
    op.create_table(
        "payback_refunds",
        sa.Column("payback_id", _ID, nullable=False),
        sa.Column("refund_id", _ID, nullable=False),
        sa.Column("given_back_at", _AT, nullable=True),
        sa.ForeignKeyConstraint(
            ["payback_id"], ["payback_batches.id"], name=op.f("fk_payback_refunds_payback_id")
        ),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.id"], name=op.f("fk_payback_refunds_refund_id")),
        sa.PrimaryKeyConstraint("payback_id", "refund_id", name=op.f("pk_payback_refunds")),
    )
    op.create_index(
        "uq_payback_refunds_one_standing", "payback_refunds", ["refund_id"],
        unique=True, postgresql_where=sa.text("given_back_at IS NULL"),
    )  # fmt: skip
    op.create_table(
        "debit_reversals",
        sa.Column("id", _ID, nullable=False),
        sa.Column("debit_id", _ID, nullable=False),
        sa.Column("payback_id", _ID, nullable=False),
        sa.Column("reason", sa.String(4), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reference", sa.String(35), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("reason IN ('AM05', 'MS02', 'MS03')", name=op.f("ck_debit_reversals_reason")),
        sa.CheckConstraint(
            "state IN ('batched', 'sent', 'booked', 'cancelled')", name=op.f("ck_debit_reversals_state")
        ),
        sa.ForeignKeyConstraint(["debit_id"], ["debits.id"], name=op.f("fk_debit_reversals_debit_id")),
        sa.ForeignKeyConstraint(
            ["payback_id"], ["payback_batches.id"], name=op.f("fk_debit_reversals_payback_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_debit_reversals")),
        sa.UniqueConstraint("reference", name=op.f("uq_debit_reversals_reference")),
    )
    op.create_index("ix_debit_reversals_payback_id", "debit_reversals", ["payback_id"])
    op.create_index(
        "uq_debit_reversals_one_standing", "debit_reversals", ["debit_id"],
        unique=True, postgresql_where=sa.text("state <> 'cancelled'"),
    )  # fmt: skip


def _create_status_reports() -> None:
    op.create_table(
        "status_reports",
        sa.Column("id", _ID, nullable=False),
        sa.Column("file_id", _ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(70), nullable=False),
        sa.Column("answers", sa.String(10), nullable=False),
        sa.Column("message_id", sa.String(140), nullable=True),
        sa.Column("made_at", sa.String(140), nullable=True),
        sa.Column("original_message_id", sa.String(140), nullable=True),
        sa.Column("original_message_name", sa.String(140), nullable=True),
        sa.Column("batch_id", _ID, nullable=True),
        sa.Column("status", sa.String(140), nullable=True),
        sa.Column("reasons", postgresql.JSONB(), nullable=False),
        sa.Column("item_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("outcomes", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.CheckConstraint(
            "answers IN ('debits', 'transfers', 'reversals', 'other', 'unstated')",
            name=op.f("ck_status_reports_answers"),
        ),
        sa.ForeignKeyConstraint(["file_id"], ["statement_files.id"], name=op.f("fk_status_reports_file_id")),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_status_reports_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_reports")),
        sa.UniqueConstraint("file_id", "position", name=op.f("uq_status_reports_file_id_position")),
    )
    op.create_index("ix_status_reports_batch_id", "status_reports", ["batch_id"])
    op.create_table(
        "status_report_items",
        sa.Column("report_id", _ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(12), nullable=False),
        sa.Column("payment_information_id", sa.String(140), nullable=True),
        sa.Column("end_to_end_id", sa.String(140), nullable=True),
        sa.Column("status_id", sa.String(140), nullable=True),
        sa.Column("status", sa.String(140), nullable=True),
        sa.Column("reason_code", sa.String(140), nullable=True),
        sa.Column("reasons", postgresql.JSONB(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(3), nullable=True),
        sa.Column("collect_on", sa.Date(), nullable=True),
        sa.Column("mandate_reference", sa.String(140), nullable=True),
        sa.Column("debit_id", _ID, nullable=True),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.Column("because", sa.String(300), nullable=True),
        sa.CheckConstraint(
            "level IN ('file', 'block', 'transaction')", name=op.f("ck_status_report_items_level")
        ),
        sa.CheckConstraint(
            "outcome IN ('rejected', 'accepted', 'credited', 'already', 'noted', 'unknown', 'other_amount', "
            "'other_order')",
            name=op.f("ck_status_report_items_outcome"),
        ),
        sa.CheckConstraint(
            "outcome NOT IN ('rejected', 'credited', 'already') OR debit_id IS NOT NULL",
            name=op.f("ck_status_report_items_names_its_debit"),
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["status_reports.id"], name=op.f("fk_status_report_items_report_id")
        ),
        sa.ForeignKeyConstraint(["debit_id"], ["debits.id"], name=op.f("fk_status_report_items_debit_id")),
        sa.PrimaryKeyConstraint("report_id", "position", name=op.f("pk_status_report_items")),
    )
    op.create_index("ix_status_report_items_debit_id", "status_report_items", ["debit_id"])


def _widen_matches() -> None:
    op.add_column("statement_lines", sa.Column("interest_minor", sa.BigInteger(), nullable=True))
    op.drop_constraint(op.f("ck_match_parts_kind"), "match_parts")
    op.create_check_constraint(
        op.f("ck_match_parts_kind"), "match_parts",
        "kind IN ('payment', 'returned_debit', 'rejected_debit', 'fee', 'interest', 'refund')",
    )  # fmt: skip
    op.drop_constraint(op.f("ck_match_parts_names_its_object"), "match_parts")
    op.create_check_constraint(
        op.f("ck_match_parts_names_its_object"), "match_parts",
        "kind IN ('fee', 'interest') OR object_id IS NOT NULL",
    )  # fmt: skip
    op.drop_constraint(op.f("ck_accounts_kind"), "accounts")
    op.create_check_constraint(
        op.f("ck_accounts_kind"), "accounts",
        "kind IN ('bank', 'suspense', 'receivable', 'unapplied', 'billed', 'fee', 'interest', 'reject_clearing', "
        "'refund_clearing', 'brought_forward')",
    )  # fmt: skip
