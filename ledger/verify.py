"""Every invariant of the books as one named SQL query, and the function that runs them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Invariant:
    """A sentence that always holds, and one query that gives (`figure`, `breaches`).

    `figure` says how much was looked at or what the sum is, in the words of `unit`; `breaches` must be 0.
    """

    name: str
    sentence: str
    unit: str
    sql: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What an invariant says now."""

    invariant: Invariant
    figure: int
    breaches: int

    @property
    def holds(self) -> bool:
        return self.breaches == 0


def run(session: Session, invariants: Iterable[Invariant]) -> Iterator[Finding]:
    """Ask each invariant in turn, in one consistent view of the database.

    `session` must not have asked the database anything in its present transaction.
    """
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    for invariant in invariants:
        figure, breaches = session.execute(text(invariant.sql)).one()
        yield Finding(invariant, int(figure or 0), int(breaches or 0))


INVARIANTS = (
    Invariant(
        "journal_balanced",
        "Every journal entry sums to zero.",
        "entries",
        """
        SELECT count(*), count(*) FILTER (WHERE total <> 0 OR sides < 2)
        FROM (
            SELECT journal_entries.id, coalesce(sum(postings.amount_minor), 0) AS total, count(postings.id) AS sides
            FROM journal_entries LEFT JOIN postings ON postings.entry_id = journal_entries.id
            GROUP BY journal_entries.id
        ) AS entries
        """,
    ),
    Invariant(
        "receivables_are_open_invoices",
        "The receivable account is the sum of open invoices less open credit notes.",
        "minor units open",
        """
        SELECT coalesce(sum(open_minor), 0), count(*) FILTER (WHERE open_minor <> booked)
        FROM (
            SELECT creditor_id, currency, sum(open_minor) AS open_minor, sum(booked) AS booked
            FROM (
                SELECT creditor_id, currency, open_minor, 0 AS booked FROM invoices
                UNION ALL
                SELECT creditor_id, currency, -open_minor, 0 FROM credit_notes
                UNION ALL
                SELECT accounts.creditor_id, accounts.currency, 0, postings.amount_minor
                FROM postings JOIN accounts ON accounts.id = postings.account_id
                WHERE accounts.kind = 'receivable'
            ) AS sides GROUP BY creditor_id, currency
        ) AS compared
        """,
    ),
    Invariant(
        "unapplied_is_unallocated",
        "The unapplied account is what payments have left.",
        "minor units unallocated",
        """
        SELECT coalesce(sum(unallocated), 0), count(*) FILTER (WHERE unallocated <> -booked)
        FROM (
            SELECT creditor_id, currency, sum(unallocated) AS unallocated, sum(booked) AS booked
            FROM (
                SELECT creditor_id, currency, unallocated_minor AS unallocated, 0 AS booked FROM payments
                UNION ALL
                SELECT accounts.creditor_id, accounts.currency, 0, postings.amount_minor
                FROM postings JOIN accounts ON accounts.id = postings.account_id
                WHERE accounts.kind = 'unapplied'
            ) AS sides GROUP BY creditor_id, currency
        ) AS compared
        """,
    ),
    Invariant(
        "refunds_set_aside",
        "The refund clearing account is the sum of refunds that have not left yet.",
        "minor units on their way",
        """
        SELECT coalesce(sum(waiting), 0), count(*) FILTER (WHERE waiting <> -booked)
        FROM (
            SELECT creditor_id, currency, sum(waiting) AS waiting, sum(booked) AS booked
            FROM (
                SELECT creditor_id, currency, amount_minor AS waiting, 0 AS booked
                FROM refunds WHERE state = 'requested'
                UNION ALL
                SELECT accounts.creditor_id, accounts.currency, 0, postings.amount_minor
                FROM postings JOIN accounts ON accounts.id = postings.account_id
                WHERE accounts.kind = 'refund_clearing'
            ) AS sides GROUP BY creditor_id, currency
        ) AS compared
        """,
    ),
    Invariant(
        "grants_are_booked",
        "Discounts, write-offs and the bank's fees that we bear are booked as the allocations that stand.",
        "minor units granted",
        """
        SELECT coalesce(sum(granted), 0), count(*) FILTER (WHERE granted <> booked)
        FROM (
            SELECT creditor_id, currency, kind, sum(granted) AS granted, sum(booked) AS booked
            FROM (
                SELECT invoices.creditor_id, allocations.currency, allocations.kind,
                    allocations.amount_minor AS granted, 0 AS booked
                FROM allocations JOIN invoices ON invoices.id = allocations.invoice_id
                WHERE allocations.kind IN ('discount', 'write_off', 'fee') AND allocations.reversed_at IS NULL
                UNION ALL
                SELECT accounts.creditor_id, accounts.currency, accounts.kind, 0, postings.amount_minor
                FROM postings JOIN accounts ON accounts.id = postings.account_id
                JOIN journal_entries ON journal_entries.id = postings.entry_id
                WHERE accounts.kind IN ('discount', 'write_off')
                OR accounts.kind = 'fee' AND journal_entries.kind IN ('allocation', 'allocation_reversed')
            ) AS sides GROUP BY creditor_id, currency, kind
        ) AS compared
        """,
    ),
    Invariant(
        "in_transit_is_recorded",
        "The account in_transit is the payments that were recorded and that no statement has shown yet.",
        "minor units in transit",
        """
        SELECT coalesce(sum(waiting), 0), count(*) FILTER (WHERE waiting <> booked)
        FROM (
            SELECT creditor_id, currency, sum(waiting) AS waiting, sum(booked) AS booked
            FROM (
                SELECT creditor_id, currency, amount_minor AS waiting, 0 AS booked FROM payments
                WHERE recorded_at IS NOT NULL AND met_at IS NULL AND state <> 'cancelled'
                UNION ALL
                SELECT accounts.creditor_id, accounts.currency, 0, postings.amount_minor
                FROM postings JOIN accounts ON accounts.id = postings.account_id
                WHERE accounts.kind = 'in_transit'
            ) AS sides GROUP BY creditor_id, currency
        ) AS compared
        """,
    ),
    Invariant(
        "invoices_not_over_allocated",
        "What is allocated to an invoice is the sum of its standing allocations and never above its total.",
        "invoices",
        """
        SELECT count(*), count(*) FILTER (WHERE allocated <> allocated_minor OR allocated > total_minor)
        FROM (
            SELECT invoices.total_minor, invoices.allocated_minor,
                coalesce(sum(allocations.amount_minor), 0) AS allocated
            FROM invoices LEFT JOIN allocations
                ON allocations.invoice_id = invoices.id AND allocations.reversed_at IS NULL
            GROUP BY invoices.id
        ) AS sums
        """,
    ),
    Invariant(
        "payments_not_over_allocated",
        "Allocated, returned and refunded parts of a payment never exceed it.",
        "payments",
        """
        SELECT count(*), count(*) FILTER (
            WHERE allocated <> allocated_minor OR refunded <> refunded_minor
            OR allocated + returned_minor + refunded > amount_minor
        )
        FROM (
            SELECT payments.*,
                coalesce((
                    SELECT sum(amount_minor) FROM allocations
                    WHERE allocations.payment_id = payments.id AND reversed_at IS NULL
                ), 0) AS allocated,
                coalesce((
                    SELECT sum(amount_minor) FROM refunds
                    WHERE refunds.payment_id = payments.id AND state <> 'cancelled'
                ), 0) AS refunded
            FROM payments
        ) AS sums
        """,
    ),
    Invariant(
        "credit_notes_not_over_allocated",
        "What is allocated of a credit note is the sum of its standing allocations and never above its total.",
        "credit notes",
        """
        SELECT count(*), count(*) FILTER (WHERE allocated <> allocated_minor OR allocated > total_minor)
        FROM (
            SELECT credit_notes.total_minor, credit_notes.allocated_minor,
                coalesce(sum(allocations.amount_minor), 0) AS allocated
            FROM credit_notes LEFT JOIN allocations
                ON allocations.credit_note_id = credit_notes.id AND allocations.reversed_at IS NULL
            GROUP BY credit_notes.id
        ) AS sums
        """,
    ),
    Invariant(
        "allocations_stay_in_currency",
        "An allocation, its invoice and the payment that it is of, or beside, are of one creditor and one currency.",
        "allocations",
        """
        SELECT count(*), count(*) FILTER (
            WHERE invoices.currency <> allocations.currency
            OR payments.currency <> allocations.currency OR payments.creditor_id <> invoices.creditor_id
            OR credit_notes.currency <> allocations.currency OR credit_notes.creditor_id <> invoices.creditor_id
        )
        FROM allocations
        JOIN invoices ON invoices.id = allocations.invoice_id
        LEFT JOIN payments ON payments.id IN (allocations.payment_id, allocations.beside_payment_id)
        LEFT JOIN credit_notes ON credit_notes.id = allocations.credit_note_id
        """,
    ),
    Invariant(
        "status_follows_amounts",
        "An invoice is paid or written off exactly when nothing is open, and written off when nothing else closed it.",
        "invoices",
        """
        SELECT count(*), count(*) FILTER (
            WHERE collection_status <> 'cancelled' AND (
                (open_minor = 0) <> (collection_status IN ('paid', 'paid_provisional', 'written_off'))
                OR (open_minor = 0 AND (collection_status = 'written_off') <> NOT EXISTS (
                    SELECT 1 FROM allocations
                    WHERE allocations.invoice_id = invoices.id AND reversed_at IS NULL AND kind <> 'write_off'
                ))
            )
        ) FROM invoices
        """,
    ),
    Invariant(
        "history_tells_the_state",
        "The last history row of every invoice, payment and refund names its state.",
        "things",
        """
        SELECT count(*), count(*) FILTER (WHERE state IS DISTINCT FROM (
            SELECT to_state FROM state_changes WHERE object_id = things.id ORDER BY state_changes.id DESC LIMIT 1
        ))
        FROM (
            SELECT id, collection_status AS state FROM invoices
            UNION ALL SELECT id, state FROM payments
            UNION ALL SELECT id, state FROM refunds
        ) AS things
        """,
    ),
    Invariant(
        "audit_chain_unbroken",
        "Every audit record seals the one before it, and the last one is the head.",
        "records",
        """
        SELECT count(*), count(*) FILTER (
            WHERE previous_hash <> before
            OR hash <> encode(sha256(convert_to(previous_hash || E'\\n' || body, 'UTF8')), 'hex')
            OR seq <> place
        ) + (SELECT count(*) FROM (VALUES (1)) AS expected (id) LEFT JOIN chain_head USING (id)
            WHERE (seq, hash) IS DISTINCT FROM (
            coalesce((SELECT max(audit_records.seq) FROM audit_records), 0),
            coalesce(
                (SELECT audit_records.hash FROM audit_records ORDER BY audit_records.seq DESC LIMIT 1), repeat('0', 64)
            )
        ))
        FROM (
            SELECT seq, previous_hash, hash, body,
                lag(hash, 1, repeat('0', 64)) OVER (ORDER BY seq) AS before,
                row_number() OVER (ORDER BY seq) AS place
            FROM audit_records
        ) AS links
        """,
    ),
    Invariant(
        "events_in_order",
        "Events have positions without gaps, and sequences without gaps per object.",
        "events",
        """
        SELECT count(*), count(*) FILTER (WHERE position <> place OR sequence <> turn)
            + (SELECT count(*) FROM (VALUES (1)) AS expected (id) LEFT JOIN chain_head USING (id)
               WHERE event_position IS DISTINCT FROM coalesce((SELECT max(position) FROM events), 0))
        FROM (
            SELECT position, sequence, row_number() OVER (ORDER BY position) AS place,
                row_number() OVER (PARTITION BY object_id ORDER BY position) AS turn
            FROM events
        ) AS numbered
        """,
    ),
)
