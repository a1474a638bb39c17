"""Matching that says why: keys of invoices and payers, proposals, memories, written rules, terms, runs.

Locks: ACCESS EXCLUSIVE on customers and invoices while they are written anew with their keys, and on allocations,
payments, statement_lines, matches, mandates and audit_records for as long as it takes to add or drop columns and
indexes.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from ledger.party_names import name_key

revision = "2026_11_27_2_matching"
down_revision = "2026_11_27_1_collecting"

_ID = sa.String(40, collation="C")
_AT = sa.DateTime(timezone=True)
_ACCOUNT_NUMBER = sa.String(64)

_SHAPES_OF_STORED_INVOICES = r"""
INSERT INTO number_shapes (creditor_id, shape)
SELECT DISTINCT creditor_id, regexp_replace(
    upper(regexp_replace(number, '[^A-Za-z0-9]', '', 'g') COLLATE "C"), '[0-9]', '9', 'g'
) AS shape FROM invoices WHERE number ~ '[A-Za-z0-9]'
"""
_NEVER_DELETED = ("line_rules", "match_runs", "number_shapes", "payer_memories", "proposals")
_NEVER_CHANGED = ("match_memories", "matching_terms")
_PART_KINDS = (
    "kind IN ('payment', 'returned_debit', 'rejected_debit', 'fee', 'interest', 'refund', 'transfer', 'payout', 'tax', "
    "'salary', 'other')"
)
_NAMES_ITS_OBJECT = (
    "kind NOT IN ('payment', 'returned_debit', 'rejected_debit', 'refund') OR object_id IS NOT NULL"
)
_ACCOUNT_KINDS = (
    "kind IN ('bank', 'suspense', 'receivable', 'unapplied', 'billed', 'fee', 'interest', 'reject_clearing', "
    "'refund_clearing', 'discount', 'write_off', 'transfer_clearing', 'payout_clearing', 'in_transit', 'other', "
    "'brought_forward')"
)
_ALLOCATION_CHECKS = {
    "kind": "kind IN ('payment', 'credit_note', 'discount', 'write_off', 'fee')",
    "one_source": (
        "(kind = 'payment' AND payment_id IS NOT NULL AND credit_note_id IS NULL) OR "
        "(kind = 'credit_note' AND credit_note_id IS NOT NULL AND payment_id IS NULL) OR "
        "(kind IN ('discount', 'write_off', 'fee') AND payment_id IS NULL AND credit_note_id IS NULL)"
    ),
}


# Whoever adds allocations may have counted them in the write that moved the invoice, or when the payment was made;
# whatever does not agree with the allocations that stand is locked, in the order in which everyone locks, and counted.
# Foreign keys hold the same rows for whoever else adds allocations to them: only a lock that leaves keys alone fits.
# Without the index the first plan, made for few rows, would go on to read whole tables for as long as a connection lives.
_COUNT_WHAT_IS_NOT_COUNTED = """
CREATE OR REPLACE FUNCTION count_new_allocations() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    uncounted text[];
BEGIN
{counts}
    RETURN NULL;
END $$
"""
_COUNT = """
    uncounted := ARRAY(
        SELECT {table}.id FROM (SELECT DISTINCT {column} AS id FROM added) AS touched JOIN {table} USING (id)
        WHERE {table}.allocated_minor <> ({standing}) ORDER BY {table}.id
    );
    IF uncounted <> '{{}}' THEN
        PERFORM id FROM {table} WHERE id = ANY (uncounted) ORDER BY id FOR NO KEY UPDATE;
        UPDATE {table} SET allocated_minor = ({standing}) WHERE id = ANY (uncounted);
    END IF;
"""
_STANDING = """
            SELECT coalesce(sum(amount_minor), 0) FROM allocations
            WHERE allocations.{column} = {table}.id AND reversed_at IS NULL
        """


def _counts() -> str:
    sources = (("payments", "payment_id"), ("credit_notes", "credit_note_id"), ("invoices", "invoice_id"))
    return "".join(
        _COUNT.format(
            table=table, column=column, standing=_STANDING.format(table=table, column=column).strip()
        )
        for table, column in sources
    )


def upgrade() -> None:
    op.execute(_COUNT_WHAT_IS_NOT_COUNTED.format(counts=_counts()))
    _widen_tables()
    _read_audit_records_from_their_bodies()
    _create_tables()
    _move_checks()
    op.create_foreign_key(op.f("fk_matches_line_rule_id"), "matches", "line_rules", ["line_rule_id"], ["id"])
    op.execute(_SHAPES_OF_STORED_INVOICES)
    _fold_names_of_stored_customers()
    for table in _NEVER_DELETED:
        op.execute(_guard(table, "DELETE OR TRUNCATE"))
    for table in _NEVER_CHANGED:
        op.execute(_guard(table, "UPDATE OR DELETE OR TRUNCATE"))


def _guard(table: str, events: str) -> str:
    return (
        f"CREATE TRIGGER {table}_append_only BEFORE {events} ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _read_audit_records_from_their_bodies() -> None:
    """What was computed for each record, and hardly ever read, took half of the time of writing it."""
    for column in ("at", "actor", "action"):
        op.drop_column("audit_records", column)


def _fold_names_of_stored_customers() -> None:
    connection = op.get_bind()
    held = connection.execute(sa.text("SELECT id, name FROM customers")).all()
    keys = [{"id": row.id, "key": name_key(row.name)} for row in held]
    if keys:
        connection.execute(sa.text("UPDATE customers SET name_key = :key WHERE id = :id"), keys)


def _move_checks() -> None:
    for table, name, condition in (
        ("match_parts", "kind", _PART_KINDS),
        ("match_parts", "names_its_object", _NAMES_ITS_OBJECT),
        ("accounts", "kind", _ACCOUNT_KINDS),
        *(("allocations", name, condition) for name, condition in _ALLOCATION_CHECKS.items()),
    ):
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
    op.create_check_constraint(
        op.f("ck_allocations_beside_a_payment"), "allocations",
        "beside_payment_id IS NULL OR kind <> 'payment'",
    )  # fmt: skip
    op.create_check_constraint(
        op.f("ck_allocations_written_off_with_reason"),
        "allocations",
        "kind <> 'write_off' OR reason IS NOT NULL",
    )
    op.create_check_constraint(
        op.f("ck_payments_met_what_was_recorded"), "payments", "met_at IS NULL OR recorded_at IS NOT NULL"
    )


def _widen_tables() -> None:
    op.add_column("allocations", sa.Column("beside_payment_id", _ID, nullable=True))
    op.add_column("allocations", sa.Column("reason", sa.String(200), nullable=True))
    op.create_index(
        "ix_allocations_beside_payment_id",
        "allocations",
        ["beside_payment_id"],
        postgresql_where=sa.text("beside_payment_id IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("fk_allocations_beside_payment_id"), "allocations", "payments", ["beside_payment_id"], ["id"]
    )
    op.create_index(
        "ix_credit_notes_open_customer",
        "credit_notes",
        ["customer_id"],
        postgresql_where=sa.text("open_minor > 0"),
    )
    op.add_column("customers", sa.Column("name_key", sa.String(140), server_default="", nullable=False))
    op.add_column(
        "customers",
        sa.Column(
            "number_key",
            sa.String(100),
            sa.Computed(
                "upper(regexp_replace(external_id, '[^A-Za-z0-9]', '', 'g') COLLATE \"C\")", persisted=True
            ),
            nullable=True,
        ),
    )
    op.create_index(
        "ix_customers_name",
        "customers",
        [sa.literal_column('"left"(name_key::text, 12)')],
        postgresql_where=sa.text("name_key <> ''"),
    )
    op.create_index(
        "ix_customers_number", "customers", ["number_key"], postgresql_where=sa.text("number_key IS NOT NULL")
    )
    op.add_column(
        "invoices",
        sa.Column(
            "number_core",
            sa.String(60),
            sa.Computed(
                "coalesce(nullif(regexp_replace(upper(regexp_replace(number, '[^A-Za-z0-9]', '', 'g') COLLATE \"C\"), '^[A-Z]*0*', ''), ''), upper(regexp_replace(number, '[^A-Za-z0-9]', '', 'g') COLLATE \"C\"))",
                persisted=True,
            ),
            nullable=False,
        ),
    )
    op.add_column(
        "invoices",
        sa.Column(
            "purchase_order_key",
            sa.String(60),
            sa.Computed(
                "upper(regexp_replace(purchase_order, '[^A-Za-z0-9]', '', 'g') COLLATE \"C\")", persisted=True
            ),
            nullable=True,
        ),
    )
    op.add_column("invoices", sa.Column("instalments", postgresql.JSONB(), nullable=True))
    op.create_index("ix_invoices_number_core", "invoices", ["creditor_id", "number_core"])
    op.create_index(
        "ix_invoices_open_customer", "invoices", ["customer_id"], postgresql_where=sa.text("open_minor > 0")
    )
    op.create_index(
        "ix_invoices_purchase_order",
        "invoices",
        ["purchase_order_key"],
        postgresql_where=sa.text("purchase_order IS NOT NULL"),
    )
    op.create_index(op.f("ix_mandates_iban"), "mandates", ["iban"])
    op.add_column("matches", sa.Column("line_rule_id", _ID, nullable=True))
    op.add_column("matches", sa.Column("undone_by", sa.String(100), nullable=True))
    op.add_column("matches", sa.Column("undone_because", sa.String(200), nullable=True))
    op.add_column("payments", sa.Column("recorded_at", _AT, nullable=True))
    op.add_column("payments", sa.Column("met_at", _AT, nullable=True))
    op.create_index(
        "ix_payments_in_transit",
        "payments",
        ["creditor_id", "amount_minor"],
        postgresql_where=sa.text("recorded_at IS NOT NULL AND met_at IS NULL"),
    )
    op.add_column("statement_lines", sa.Column("held_at", _AT, nullable=True))
    op.add_column("statement_lines", sa.Column("held_by", sa.String(100), nullable=True))
    op.drop_index("ix_invoices_open_number", "invoices")
    op.drop_index("ix_invoices_reference", "invoices")
    op.create_index(
        "ix_invoices_reference", "invoices", ["reference"], postgresql_where=sa.text("reference IS NOT NULL")
    )


def _create_tables() -> None:
    op.create_table(
        "match_findings",
        sa.Column("run_id", _ID, nullable=False),
        sa.Column("stage", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("line_id", _ID, nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "stage", "line_id", name=op.f("pk_match_findings")),
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_match_findings_in_turn", "match_findings", ["run_id", "stage", "share"])
    op.create_table(
        "match_runs",
        sa.Column("id", _ID, nullable=False),
        sa.Column("began_at", _AT, nullable=False),
        sa.Column("ended_at", _AT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_runs")),
    )
    op.create_table(
        "line_rules",
        sa.Column("id", _ID, nullable=False),
        sa.Column("creditor_id", _ID, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("becomes", sa.String(10), nullable=False),
        sa.Column("conditions", postgresql.JSONB(), nullable=False),
        sa.Column("written_at", _AT, nullable=False),
        sa.Column("written_by", sa.String(100), nullable=False),
        sa.Column("revoked_at", _AT, nullable=True),
        sa.Column("revoked_by", sa.String(100), nullable=True),
        sa.CheckConstraint(
            "becomes IN ('fee', 'interest', 'payout', 'tax', 'salary', 'other', 'ignored')",
            name=op.f("ck_line_rules_becomes"),
        ),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by IS NULL)", name=op.f("ck_line_rules_revoked_by_whom")
        ),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditors.id"], name=op.f("fk_line_rules_creditor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_rules")),
    )
    op.create_index(
        "ix_line_rules_creditor_id",
        "line_rules",
        ["creditor_id"],
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "match_work",
        sa.Column("run_id", _ID, nullable=False),
        sa.Column("stage", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("task", postgresql.JSONB(), nullable=False),
        sa.Column("done", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("outcome", postgresql.JSONB(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["match_runs.id"], name=op.f("fk_match_work_run_id")),
        sa.PrimaryKeyConstraint("run_id", "stage", "part", name=op.f("pk_match_work")),
    )
    op.create_table(
        "matching_terms",
        sa.Column("id", _ID, nullable=False),
        sa.Column("creditor_id", _ID, nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("set_at", _AT, nullable=False),
        sa.Column("set_by", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(
            ["creditor_id"], ["creditors.id"], name=op.f("fk_matching_terms_creditor_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matching_terms")),
    )
    op.create_index("ix_matching_terms_creditor_id", "matching_terms", ["creditor_id", "id"])
    op.create_table(
        "number_shapes",
        sa.Column("creditor_id", _ID, nullable=False),
        sa.Column("shape", sa.String(60), nullable=False),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditors.id"], name=op.f("fk_number_shapes_creditor_id")),
        sa.PrimaryKeyConstraint("creditor_id", "shape", name=op.f("pk_number_shapes")),
    )
    op.create_table(
        "proposals",
        sa.Column("id", _ID, nullable=False),
        sa.Column("line_id", _ID, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("reading", postgresql.JSONB(), nullable=False),
        sa.Column("supports", postgresql.JSONB(), nullable=False),
        sa.Column("contradicts", postgresql.JSONB(), nullable=False),
        sa.Column("certainty", sa.String(60), nullable=True),
        sa.Column("because", sa.String(300), nullable=True),
        sa.Column("proposed_at", _AT, nullable=False),
        sa.Column("decided_at", _AT, nullable=True),
        sa.Column("decided_by", sa.String(100), nullable=True),
        sa.Column("decided_because", sa.String(200), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'confirmed', 'rejected', 'superseded')", name=op.f("ck_proposals_state")
        ),
        sa.ForeignKeyConstraint(["line_id"], ["statement_lines.id"], name=op.f("fk_proposals_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
    )
    op.create_index("ix_proposals_line_id", "proposals", ["line_id"])
    op.create_index(
        "uq_proposals_one_of_a_kind",
        "proposals",
        ["line_id", "digest"],
        unique=True,
        postgresql_where=sa.text("state IN ('open', 'rejected')"),
    )
    op.create_table(
        "payer_memories",
        sa.Column("id", _ID, nullable=False),
        sa.Column("creditor_id", _ID, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("account", _ACCOUNT_NUMBER, nullable=True),
        sa.Column("name_key", sa.String(140), nullable=True),
        sa.Column("payer_id", _ID, nullable=True),
        sa.Column("customer_id", _ID, nullable=False),
        sa.Column("match_id", _ID, nullable=True),
        sa.Column("learnt_at", _AT, nullable=False),
        sa.Column("learnt_by", sa.String(100), nullable=False),
        sa.Column("revoked_at", _AT, nullable=True),
        sa.Column("revoked_by", sa.String(100), nullable=True),
        sa.Column("revoked_because", sa.String(200), nullable=True),
        sa.CheckConstraint(
            "CASE kind WHEN 'account' THEN account IS NOT NULL AND name_key IS NULL AND payer_id IS NULL WHEN 'name' THEN name_key IS NOT NULL AND account IS NULL AND payer_id IS NULL ELSE payer_id IS NOT NULL AND account IS NULL AND name_key IS NULL END",
            name=op.f("ck_payer_memories_one_payer"),
        ),
        sa.CheckConstraint("kind IN ('account', 'name', 'pays_for')", name=op.f("ck_payer_memories_kind")),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by IS NULL)", name=op.f("ck_payer_memories_revoked_by_whom")
        ),
        sa.ForeignKeyConstraint(
            ["creditor_id"], ["creditors.id"], name=op.f("fk_payer_memories_creditor_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_payer_memories_customer_id")
        ),
        sa.ForeignKeyConstraint(["match_id"], ["matches.id"], name=op.f("fk_payer_memories_match_id")),
        sa.ForeignKeyConstraint(["payer_id"], ["customers.id"], name=op.f("fk_payer_memories_payer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payer_memories")),
    )
    op.create_index(
        "ix_payer_memories_account",
        "payer_memories",
        ["account"],
        postgresql_where=sa.text("revoked_at IS NULL AND account IS NOT NULL"),
    )
    op.create_index(
        "ix_payer_memories_name",
        "payer_memories",
        ["name_key"],
        postgresql_where=sa.text("revoked_at IS NULL AND name_key IS NOT NULL"),
    )
    op.create_index(
        "ix_payer_memories_payer",
        "payer_memories",
        ["payer_id"],
        postgresql_where=sa.text("revoked_at IS NULL AND payer_id IS NOT NULL"),
    )
    op.create_index("ix_payer_memories_match_id", "payer_memories", ["match_id"])
    op.create_index(
        "ix_payer_memories_revoked",
        "payer_memories",
        ["customer_id"],
        postgresql_where=sa.text("revoked_at IS NOT NULL"),
    )
    op.create_index(
        "uq_payer_memories_one_standing",
        "payer_memories",
        ["creditor_id", "customer_id", "kind", sa.literal_column("coalesce(account, name_key, payer_id)")],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "match_memories",
        sa.Column("match_id", _ID, nullable=False),
        sa.Column("memory_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["match_id"], ["matches.id"], name=op.f("fk_match_memories_match_id")),
        sa.ForeignKeyConstraint(
            ["memory_id"], ["payer_memories.id"], name=op.f("fk_match_memories_memory_id")
        ),
        sa.PrimaryKeyConstraint("match_id", "memory_id", name=op.f("pk_match_memories")),
    )
    op.create_index(op.f("ix_match_memories_memory_id"), "match_memories", ["memory_id"])
