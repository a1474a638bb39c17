"""What always holds for mandates, debits and batches."""

from ledger.verify import Invariant

INVARIANTS = (
    Invariant(
        "one_live_debit_per_invoice",
        "An invoice has at most one debit that is scheduled, batched or submitted.",
        "live debits",
        """
        SELECT coalesce(sum(live), 0), count(*) FILTER (WHERE live > 1)
        FROM (
            SELECT invoice_id, count(*) AS live FROM debits
            WHERE state IN ('scheduled', 'batched', 'submitted') GROUP BY invoice_id
        ) AS counted
        """,
    ),
    Invariant(
        "collecting_means_a_live_debit",
        "An invoice is held as collecting exactly while a live debit exists.",
        "invoices held",
        """
        SELECT count(*) FILTER (WHERE hold = 'collecting'), count(*) FILTER (
            WHERE (hold IS NOT DISTINCT FROM 'collecting') <> EXISTS (
                SELECT 1 FROM debits WHERE debits.invoice_id = invoices.id
                AND debits.state IN ('scheduled', 'batched', 'submitted')
            )
        ) FROM invoices
        """,
    ),
    Invariant(
        "collected_debits_have_payments",
        "A collected debit has a payment of its amount; a returned one has a payment that went back.",
        "debits",
        """
        SELECT count(*), count(*) FILTER (WHERE payments.id IS NULL
            OR payments.amount_minor <> debits.amount_minor
            OR (debits.state IN ('returned', 'refunded')) <> (payments.state IN ('returned', 'refunded')))
        FROM debits LEFT JOIN payments ON payments.id = debits.payment_id
        WHERE debits.state IN ('collected', 'settled', 'returned', 'refunded')
        """,
    ),
    Invariant(
        "rejected_debits_are_no_money",
        "A rejected debit has no payment and a day on which it failed, and its one-off mandate is not used up.",
        "rejected debits",
        """
        SELECT count(*), count(*) FILTER (WHERE debits.payment_id IS NOT NULL OR debits.failed_on IS NULL
            OR (mandates.state = 'consumed' AND NOT EXISTS (
                SELECT 1 FROM debits AS others WHERE others.mandate_id = mandates.id
                AND others.state NOT IN ('rejected', 'cancelled')
            )))
        FROM debits JOIN mandates ON mandates.id = debits.mandate_id WHERE debits.state = 'rejected'
        """,
    ),
    Invariant(
        "batches_add_up",
        "Count and sum of a batch and of each of its payment blocks are those of their debits.",
        "batches",
        """
        SELECT (SELECT count(*) FROM batches), count(*) FROM (
            SELECT batches.id FROM batches
            LEFT JOIN payment_blocks ON payment_blocks.batch_id = batches.id
            WHERE batches.state <> 'closed' OR batches.released_at IS NOT NULL
            GROUP BY batches.id
            HAVING batches.debit_count <> coalesce(sum(payment_blocks.debit_count), 0)
            OR batches.total_minor <> coalesce(sum(payment_blocks.total_minor), 0)
            UNION ALL
            SELECT payment_blocks.id FROM payment_blocks
            JOIN batches ON batches.id = payment_blocks.batch_id
            LEFT JOIN debits ON debits.block_id = payment_blocks.id
            WHERE batches.state <> 'closed' OR batches.released_at IS NOT NULL
            GROUP BY payment_blocks.id
            HAVING payment_blocks.debit_count <> count(debits.id)
            OR payment_blocks.total_minor <> coalesce(sum(debits.amount_minor), 0)
        ) AS wrong
        """,
    ),
    Invariant(
        "two_persons_release",
        "Every released batch was approved and released by others than who drafted or last edited it, or says why not.",
        "released batches",
        """
        SELECT count(*), count(*) FILTER (
            WHERE approved_by IS NULL OR released_by IS NULL OR (NOT one_person AND (
                approved_by IN (drafted_by, edited_by) OR released_by IN (drafted_by, edited_by)
            ))
        ) FROM batches
        WHERE released_at IS NOT NULL OR state NOT IN ('draft', 'approved', 'closed')
        """,
    ),
    Invariant(
        "debits_rest_on_mandates",
        "A debit's mandate was signed by the collection date, by the invoice's customer, for its creditor.",
        "debits",
        """
        SELECT count(*), count(*) FILTER (
            WHERE mandates.signed_on > debits.collect_on OR mandates.customer_id <> invoices.customer_id
            OR mandates.creditor_id <> debits.creditor_id OR invoices.creditor_id <> debits.creditor_id
        )
        FROM debits
        JOIN mandates ON mandates.id = debits.mandate_id
        JOIN invoices ON invoices.id = debits.invoice_id
        """,
    ),
    Invariant(
        "one_off_mandates_serve_once",
        "A one-off mandate has one debit at most, apart from cancelled and rejected ones.",
        "one-off mandates",
        """
        SELECT count(*), count(*) FILTER (WHERE drawn > 1)
        FROM (
            SELECT mandates.id, count(debits.id) AS drawn
            FROM mandates LEFT JOIN debits
                ON debits.mandate_id = mandates.id AND debits.state NOT IN ('cancelled', 'rejected')
            WHERE mandates.type = 'one_off' GROUP BY mandates.id
        ) AS counted
        """,
    ),
    Invariant(
        "scheduled_debits_can_be_drawn",
        "A scheduled debit's mandate is active, and nothing is scheduled for a customer who is stopped.",
        "scheduled debits",
        """
        SELECT count(*), count(*) FILTER (
            WHERE mandates.state <> 'active' OR customers.automatic_stopped_at IS NOT NULL
        )
        FROM debits
        JOIN mandates ON mandates.id = debits.mandate_id
        JOIN customers ON customers.id = mandates.customer_id
        WHERE debits.state = 'scheduled'
        """,
    ),
    Invariant(
        "failures_are_followed_up_once",
        "A failed debit is tried again once at most, for the same invoice and as its next attempt of at most six.",
        "retries",
        """
        SELECT count(*), count(*) FILTER (
            WHERE failed.state NOT IN ('rejected', 'returned', 'refunded') OR failed.invoice_id <> debits.invoice_id
            OR debits.attempt NOT IN (1, failed.attempt + 1) OR debits.attempt > 6 OR failed.followed_up_at IS NULL
            OR debits.state <> 'cancelled' AND EXISTS (
                SELECT 1 FROM debits AS twins WHERE twins.retry_of = debits.retry_of AND twins.id <> debits.id
                AND twins.state <> 'cancelled'
            )
        )
        FROM debits JOIN debits AS failed ON failed.id = debits.retry_of
        """,
    ),
    Invariant(
        "failures_have_a_next_step",
        "Every debit that failed says when and what follows, and no other one does.",
        "failed debits",
        """
        SELECT count(*) FILTER (WHERE next_step IS NOT NULL), count(*) FILTER (
            WHERE (failed_on IS NULL) <> (next_step IS NULL)
            OR next_step IS NOT NULL AND state NOT IN ('rejected', 'returned', 'refunded')
            OR (followed_up_at IS NULL) <> (followed_up IS NULL)
            OR cleared_at IS NOT NULL AND followed_up_at IS NULL
        ) FROM debits
        """,
    ),
    Invariant(
        "debit_history_tells_the_state",
        "The last history row of every mandate, debit, batch and notice names its state.",
        "things",
        """
        SELECT count(*), count(*) FILTER (WHERE state IS DISTINCT FROM (
            SELECT to_state FROM state_changes
            WHERE object_id = things.id ORDER BY state_changes.id DESC LIMIT 1
        ))
        FROM (
            SELECT id, state FROM mandates
            UNION ALL SELECT id, state FROM debits
            UNION ALL SELECT id, state FROM batches
            UNION ALL SELECT id, state FROM pre_notifications
        ) AS things
        """,
    ),
    Invariant(
        "debits_announced_in_time",
        "A submitted debit that we announce has a notice of its amount and day that was out as long before as agreed.",
        "debits",
        """
        SELECT count(*), count(*) FILTER (WHERE NOT EXISTS (
            SELECT 1 FROM pre_notifications AS notices
            WHERE notices.debit_id = debits.id AND notices.state = 'sent' AND notices.collect_on = debits.collect_on
            AND CASE WHEN notices.channel = 'invoice' THEN notices.amount_minor >= debits.amount_minor
                ELSE notices.amount_minor = debits.amount_minor END
            AND notices.noticed_on + debits.notice_days <= debits.collect_on
        ))
        FROM debits
        WHERE notice_days IS NOT NULL
        AND state IN ('submitted', 'collected', 'settled', 'returned', 'refunded', 'rejected')
        """,
    ),
    Invariant(
        "notices_unchanged",
        "The bytes of every notice still have the hash they were sent with; one that was sent by e-mail has bytes.",
        "notices",
        """
        SELECT count(*), count(*) FILTER (
            WHERE encode(sha256(content), 'hex') IS DISTINCT FROM sha256
            OR (channel = 'email' AND state = 'sent' AND (content IS NULL OR message_id IS NULL))
        ) FROM pre_notifications
        """,
    ),
)
