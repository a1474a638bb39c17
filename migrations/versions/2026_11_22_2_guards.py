"""What the database itself enforces: balanced entries, sums of allocations, histories nobody can rewrite.

Locks: only tables made by the migration before, all of them empty.
"""

from alembic import op

revision = "2026_11_22_2_guards"
down_revision = "2026_11_22_1_tables"

_CHAIN_HEAD = """
INSERT INTO chain_head (id, seq, hash, event_position) VALUES (1, 0, repeat('0', 64), 0)
"""

_ENTRIES_BALANCE = """
CREATE FUNCTION require_balanced_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM added JOIN accounts ON accounts.id = added.account_id
        GROUP BY added.entry_id, accounts.creditor_id, accounts.currency HAVING sum(added.amount_minor) <> 0
    ) THEN
        RAISE EXCEPTION 'a journal entry does not sum to zero'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'postings_balanced';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER postings_balanced AFTER INSERT ON postings
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION require_balanced_entries()
"""

_APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only';
END $$
"""

# Sums are brought up to date by the database, whoever changes allocations and however.
_COUNT_INSERTED = """
CREATE FUNCTION count_new_allocations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE payments SET allocated_minor = allocated_minor + sums.change FROM (
        SELECT payment_id, sum(amount_minor) AS change FROM added
        WHERE payment_id IS NOT NULL AND reversed_at IS NULL GROUP BY payment_id
    ) AS sums WHERE payments.id = sums.payment_id;
    UPDATE credit_notes SET allocated_minor = allocated_minor + sums.change FROM (
        SELECT credit_note_id, sum(amount_minor) AS change FROM added
        WHERE credit_note_id IS NOT NULL AND reversed_at IS NULL GROUP BY credit_note_id
    ) AS sums WHERE credit_notes.id = sums.credit_note_id;
    UPDATE invoices SET allocated_minor = allocated_minor + sums.change FROM (
        SELECT invoice_id, sum(amount_minor) AS change FROM added
        WHERE reversed_at IS NULL GROUP BY invoice_id
    ) AS sums WHERE invoices.id = sums.invoice_id;
    RETURN NULL;
END $$;
CREATE TRIGGER allocations_counted AFTER INSERT ON allocations
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_new_allocations()
"""

_COUNT_REVERSED = """
CREATE FUNCTION count_reversed_allocations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE payments SET allocated_minor = allocated_minor - sums.change FROM (
        SELECT after.payment_id, sum(after.amount_minor) AS change
        FROM after JOIN before USING (id)
        WHERE after.payment_id IS NOT NULL AND before.reversed_at IS NULL AND after.reversed_at IS NOT NULL
        GROUP BY after.payment_id
    ) AS sums WHERE payments.id = sums.payment_id;
    UPDATE credit_notes SET allocated_minor = allocated_minor - sums.change FROM (
        SELECT after.credit_note_id, sum(after.amount_minor) AS change
        FROM after JOIN before USING (id)
        WHERE after.credit_note_id IS NOT NULL AND before.reversed_at IS NULL AND after.reversed_at IS NOT NULL
        GROUP BY after.credit_note_id
    ) AS sums WHERE credit_notes.id = sums.credit_note_id;
    UPDATE invoices SET allocated_minor = allocated_minor - sums.change FROM (
        SELECT after.invoice_id, sum(after.amount_minor) AS change
        FROM after JOIN before USING (id)
        WHERE before.reversed_at IS NULL AND after.reversed_at IS NOT NULL
        GROUP BY after.invoice_id
    ) AS sums WHERE invoices.id = sums.invoice_id;
    RETURN NULL;
END $$;
CREATE TRIGGER allocations_counted_back AFTER UPDATE ON allocations
    REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION count_reversed_allocations()
"""

_ALLOCATIONS_ONLY_REVERSE = """
CREATE FUNCTION only_reverse_allocations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.reversed_at IS NOT NULL
        OR (to_jsonb(NEW) - 'reversed_at' - 'reversed_because')
            IS DISTINCT FROM (to_jsonb(OLD) - 'reversed_at' - 'reversed_because')
    THEN
        RAISE EXCEPTION 'an allocation can only be reversed, once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'allocations_only_reverse';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER allocations_only_reverse BEFORE UPDATE ON allocations
    FOR EACH ROW EXECUTE FUNCTION only_reverse_allocations()
"""

_REFUNDS_COUNT = """
CREATE FUNCTION count_refunds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE payments SET refunded_minor = refunded_minor + NEW.amount_minor WHERE id = NEW.payment_id;
    ELSIF NEW.state = 'cancelled' AND OLD.state <> 'cancelled' THEN
        UPDATE payments SET refunded_minor = refunded_minor - NEW.amount_minor WHERE id = NEW.payment_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER refunds_counted AFTER INSERT OR UPDATE ON refunds
    FOR EACH ROW EXECUTE FUNCTION count_refunds()
"""

_BYTES_STAY = """
CREATE FUNCTION keep_bytes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.content IS DISTINCT FROM OLD.content OR NEW.sha256 <> OLD.sha256
        OR NEW.size <> OLD.size
    THEN
        RAISE EXCEPTION 'the bytes of a file never change'
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_bytes_stay';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stored_files_bytes_stay BEFORE UPDATE OR DELETE ON stored_files
    FOR EACH ROW EXECUTE FUNCTION keep_bytes();
CREATE TRIGGER statement_files_bytes_stay BEFORE UPDATE OR DELETE ON statement_files
    FOR EACH ROW EXECUTE FUNCTION keep_bytes()
"""

_RELEASED_ONCE = """
CREATE FUNCTION release_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.released_at IS NOT NULL AND (NEW.released_at, NEW.released_by)
        IS DISTINCT FROM (OLD.released_at, OLD.released_by)
    THEN
        RAISE EXCEPTION 'what is released stays released, as it was'
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_released_once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stored_files_released_once BEFORE UPDATE ON stored_files
    FOR EACH ROW EXECUTE FUNCTION release_once();
CREATE TRIGGER batches_released_once BEFORE UPDATE ON batches
    FOR EACH ROW EXECUTE FUNCTION release_once()
"""

_NEVER_CHANGED = (
    "journal_entries", "postings", "state_changes", "audit_records", "events", "file_downloads", "match_parts",
)  # fmt: skip
_NEVER_DELETED = (
    "accounts", "allocations", "bank_accounts", "batches", "chain_head", "credit_notes", "creditors", "debits",
    "invoices", "mandates", "matches", "payment_blocks", "payments", "refunds", "statement_files",
    "statement_lines", "statements", "stored_files",
)  # fmt: skip


def upgrade() -> None:
    op.execute(_CHAIN_HEAD)
    for guard in (
        _ENTRIES_BALANCE, _APPEND_ONLY, _COUNT_INSERTED, _COUNT_REVERSED, _ALLOCATIONS_ONLY_REVERSE,
        _REFUNDS_COUNT, _BYTES_STAY, _RELEASED_ONCE,
    ):  # fmt: skip
        op.execute(guard)
    for table in _NEVER_CHANGED:
        op.execute(_guard(table, "UPDATE OR DELETE OR TRUNCATE"))
    for table in _NEVER_DELETED:
        op.execute(_guard(table, "DELETE OR TRUNCATE"))


def _guard(table: str, events: str) -> str:
    return (
        f"CREATE TRIGGER {table}_append_only BEFORE {events} ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
