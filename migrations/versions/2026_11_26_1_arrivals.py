"""How every file tells of every line: sightings, provisional lines, archives, layouts, breaks that a person accepts.

Locks: ACCESS EXCLUSIVE on statement_files, statements and statement_lines, for as long as it takes to add columns
and to write one sighting for each line that is stored.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_26_1_arrivals"
down_revision = "2026_11_22_3_jobs"

_ID = sa.String(40, collation="C")

_SIGHTINGS_OF_STORED_LINES = """
INSERT INTO line_sightings (statement_id, position, line_id, fate, family, counts, moved_minor, bank_reference)
SELECT lines.statement_id, lines.position, lines.id, 'new',
    substring(statements.format FROM '^[a-z0-9]+(?:[.]05[234])?'),
    lines.status = 'booked' AND lines.currency = statements.currency,
    coalesce(sum(lines.amount_minor) FILTER (
        WHERE lines.status = 'booked' AND lines.currency = statements.currency
    ) OVER (PARTITION BY lines.statement_id ORDER BY lines.position), 0),
    lines.bank_reference
FROM statement_lines AS lines JOIN statements ON statements.id = lines.statement_id
"""

_BREAKS_OF_STORED_STATEMENTS = """
UPDATE statements SET break_minor = nullif(closing_minor - opening_minor - booked_minor, 0)
WHERE closing_minor IS NOT NULL AND opening_minor IS NOT NULL
"""


# Comparing the bytes of a file costs more than reading it where only its state changes.
_BYTES_STAY = """
DROP TRIGGER {table}_bytes_stay ON {table};
CREATE TRIGGER {table}_bytes_stay BEFORE UPDATE OF content, sha256, size OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION keep_bytes()
"""

# The base of every stored statement: its closing balance less each line of its account up to the day it closes.
_BASES_OF_STORED_STATEMENTS = """
UPDATE statements SET place = 0, base_minor = closing_minor - coalesce((
    SELECT sum(lines.amount_minor) FROM statement_lines AS lines
    WHERE lines.bank_account_id = statements.bank_account_id AND lines.status = 'booked'
    AND lines.currency = statements.currency AND lines.booked_on <= statements.closes_on
), 0)
WHERE closing_minor IS NOT NULL AND opening_minor IS NOT NULL
"""


def upgrade() -> None:
    _widen_files()
    _widen_statements()
    _widen_lines()
    _create_sightings()
    _create_layouts()
    _create_progress()
    op.execute(_SIGHTINGS_OF_STORED_LINES)
    op.execute(_BREAKS_OF_STORED_STATEMENTS)
    op.execute(_BASES_OF_STORED_STATEMENTS)
    for table in ("stored_files", "statement_files"):
        op.execute(_BYTES_STAY.format(table=table))
    for table in ("line_sightings", "statement_layouts"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _widen_files() -> None:
    op.alter_column("statement_files", "format", type_=sa.String(70))
    op.add_column("statement_files", sa.Column("archive_id", _ID, nullable=True))
    op.add_column("statement_files", sa.Column("bank_account_id", _ID, nullable=True))
    op.add_column("statement_files", sa.Column("open_accounts_of", _ID, nullable=True))
    op.add_column("statement_files", sa.Column("proposal", postgresql.JSONB(), nullable=True))
    op.add_column("statement_files", sa.Column("unopened", postgresql.JSONB(), nullable=True))
    op.add_column("statement_files", sa.Column("member_ids", postgresql.JSONB(), nullable=True))
    op.add_column("statement_files", sa.Column("date_order", sa.String(20), nullable=True))
    for column, table in (
        ("archive_id", "statement_files"), ("bank_account_id", "bank_accounts"),
        ("open_accounts_of", "creditors"),
    ):  # fmt: skip
        op.create_foreign_key(
            op.f(f"fk_statement_files_{column}"), "statement_files", table, [column], ["id"]
        )
    op.drop_constraint(op.f("ck_statement_files_state"), "statement_files")
    op.create_check_constraint(
        op.f("ck_statement_files_state"), "statement_files",
        "state IN ('received', 'imported', 'refused', 'unpacked', 'handed_on')",
    )  # fmt: skip
    op.create_index(op.f("ix_statement_files_archive_id"), "statement_files", ["archive_id"])


def _widen_statements() -> None:
    op.alter_column("statements", "format", type_=sa.String(70))
    op.drop_column("statements", "known_minor")
    for column in (
        sa.Column("kind", sa.String(20), server_default="statement", nullable=False),
        sa.Column("copy", sa.String(10), nullable=True),
        sa.Column("refused_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("promoted_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("break_minor", sa.BigInteger(), nullable=True),
        sa.Column("base_minor", sa.BigInteger(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("descending", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("sequence_problem", sa.String(200), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_by", sa.String(100), nullable=True),
        sa.Column("accepted_because", sa.String(300), nullable=True),
    ):
        op.add_column("statements", column)
    op.create_check_constraint(
        op.f("ck_statements_kind"), "statements", "kind IN ('statement', 'report', 'notification')"
    )
    op.create_check_constraint(
        op.f("ck_statements_accepted_with_reason"), "statements",
        "(accepted_at IS NULL) = (accepted_by IS NULL) AND (accepted_at IS NULL) = (accepted_because IS NULL)",
    )  # fmt: skip


def _widen_lines() -> None:
    op.add_column(
        "statement_lines", sa.Column("provisional", sa.Boolean(), server_default="false", nullable=False)
    )
    op.add_column("statement_lines", sa.Column("lump_id", _ID, nullable=True))
    op.create_foreign_key(
        op.f("fk_statement_lines_lump_id"), "statement_lines", "statement_lines", ["lump_id"], ["id"]
    )
    op.create_index(
        "ix_statement_lines_facts", "statement_lines", ["bank_account_id", "booked_on", "amount_minor"]
    )
    op.create_index(
        "ix_statement_lines_valued", "statement_lines", ["bank_account_id", "valued_on", "amount_minor"],
        postgresql_where=sa.text("valued_on <> booked_on"),
    )  # fmt: skip
    op.alter_column("statement_lines", "batch_count", type_=sa.BigInteger())
    op.create_index(
        "ix_statement_lines_provisional", "statement_lines", ["bank_account_id", "booked_on"],
        postgresql_where=sa.text("provisional AND lump_id IS NULL"),
    )  # fmt: skip


def _create_sightings() -> None:
    op.create_table(
        "line_sightings",
        sa.Column("statement_id", _ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("line_id", _ID, nullable=True),
        sa.Column("fate", sa.String(10), nullable=False),
        sa.Column("family", sa.String(20), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("moved_minor", sa.BigInteger(), nullable=False),
        sa.Column("bank_reference", sa.String(140), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("reason", sa.String(500), nullable=True),
        sa.CheckConstraint(
            "fate IN ('new', 'known', 'promoted', 'refused')", name=op.f("ck_line_sightings_fate")
        ),
        sa.CheckConstraint(
            "(fate = 'refused') = (line_id IS NULL)", name=op.f("ck_line_sightings_refused_or_stored")
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statements.id"], name=op.f("fk_line_sightings_statement_id")
        ),
        sa.ForeignKeyConstraint(["line_id"], ["statement_lines.id"], name=op.f("fk_line_sightings_line_id")),
        sa.PrimaryKeyConstraint("statement_id", "position", name=op.f("pk_line_sightings")),
    )
    op.create_index(op.f("ix_line_sightings_line_id"), "line_sightings", ["line_id"])


def _create_layouts() -> None:
    op.create_table(
        "statement_layouts",
        sa.Column("id", _ID, nullable=False),
        sa.Column("bank_account_id", _ID, nullable=False),
        sa.Column("signature", sa.String(2000), nullable=False),
        sa.Column("layout", postgresql.JSONB(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.String(100), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["bank_account_id"], ["bank_accounts.id"], name=op.f("fk_statement_layouts_bank_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_layouts")),
    )
    op.create_index(
        "uq_statement_layouts_one_standing", "statement_layouts",
        ["bank_account_id", sa.text("md5(signature)")],
        unique=True, postgresql_where=sa.text("revoked_at IS NULL"),
    )  # fmt: skip


def _create_progress() -> None:
    op.create_table(
        "statement_file_progress",
        sa.Column("file_id", _ID, nullable=False),
        sa.Column("bytes_read", sa.BigInteger(), nullable=False),
        sa.Column("lines_read", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["statement_files.id"], name=op.f("fk_statement_file_progress_file_id")
        ),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_statement_file_progress")),
    )
