"""What always holds for files that leave."""

from ledger.verify import Invariant

INVARIANTS = (
    Invariant(
        "stored_files_unchanged",
        "The bytes of every stored file still have the hash they were stored with.",
        "files",
        "SELECT count(*), count(*) FILTER (WHERE encode(sha256(content), 'hex') <> sha256) FROM stored_files",
    ),
    Invariant(
        "released_batches_have_released_files",
        "A batch is released exactly when its one file is.",
        "released files",
        """
        SELECT count(stored_files.released_at), count(*) FILTER (
            WHERE (batches.released_at IS NULL) <> (stored_files.released_at IS NULL)
        ) FROM batches
        LEFT JOIN stored_files ON stored_files.batch_id = batches.id AND stored_files.withdrawn_at IS NULL
        """,
    ),
    Invariant(
        "released_paybacks_have_released_files",
        "A payback batch is released exactly when its one file is.",
        "released files",
        """
        SELECT count(files.released_at), count(*) FILTER (
            WHERE (paybacks.released_at IS NULL) <> (files.released_at IS NULL)
        ) FROM payback_batches AS paybacks
        LEFT JOIN stored_files AS files ON files.payback_id = paybacks.id AND files.withdrawn_at IS NULL
        """,
    ),
    Invariant(
        "paybacks_add_up",
        "Count and sum of a payback batch are those of its refunds or reversals.",
        "payback batches",
        """
        SELECT count(*), count(*) FILTER (WHERE part_count <> parts OR total_minor <> total)
        FROM (
            SELECT paybacks.id, part_count, total_minor, count(held.amount_minor) AS parts,
                coalesce(sum(held.amount_minor), 0) AS total
            FROM payback_batches AS paybacks LEFT JOIN (
                SELECT payback_id, amount_minor FROM payback_refunds
                JOIN refunds ON refunds.id = payback_refunds.refund_id
                UNION ALL
                SELECT payback_id, amount_minor FROM debit_reversals
                JOIN debits ON debits.id = debit_reversals.debit_id
            ) AS held ON held.payback_id = paybacks.id
            GROUP BY paybacks.id
        ) AS sums
        """,
    ),
    Invariant(
        "refunds_leave_in_one_payback",
        "A refund is in one payback batch at most that was not discarded.",
        "refunds in batches",
        """
        SELECT count(*), count(*) FILTER (WHERE standing > 1 OR closed > 0)
        FROM (
            SELECT refund_id, count(*) AS standing, count(*) FILTER (WHERE state = 'closed') AS closed
            FROM payback_refunds JOIN payback_batches ON payback_batches.id = payback_refunds.payback_id
            WHERE given_back_at IS NULL GROUP BY refund_id
        ) AS held
        """,
    ),
    Invariant(
        "two_persons_pay_back",
        "Every released payback batch that needs two persons was approved and released by the second one.",
        "released payback batches",
        """
        SELECT count(*), count(*) FILTER (
            WHERE approved_by IS NULL OR released_by IS NULL
            OR NOT one_person AND (approved_by = drafted_by OR released_by = drafted_by)
        ) FROM payback_batches
        WHERE released_at IS NOT NULL OR state NOT IN ('draft', 'approved', 'closed')
        """,
    ),
    Invariant(
        "nothing_goes_back_twice",
        "A debit whose reversal is booked is refunded, and no refund is made of one that is being reversed.",
        "reversals",
        """
        SELECT count(*), count(*) FILTER (
            WHERE reversals.state = 'booked' AND debits.state <> 'refunded'
            OR reversals.state <> 'cancelled' AND payments.refunded_minor > 0
        )
        FROM debit_reversals AS reversals
        JOIN debits ON debits.id = reversals.debit_id
        LEFT JOIN payments ON payments.id = debits.payment_id
        """,
    ),
    Invariant(
        "payback_history_tells_the_state",
        "The last history row of every payback batch and reversal names its state.",
        "things",
        """
        SELECT count(*), count(*) FILTER (WHERE state IS DISTINCT FROM (
            SELECT to_state FROM state_changes
            WHERE object_id = things.id ORDER BY state_changes.id DESC LIMIT 1
        ))
        FROM (
            SELECT id, state FROM payback_batches UNION ALL SELECT id, state FROM debit_reversals
        ) AS things
        """,
    ),
)
