"""What always holds for statements, their lines and what the lines became."""

from ledger.verify import Invariant
from reconciliation.balances import EXPECTED_BALANCE, ORDER, PROVED
from reconciliation.running_balances import COUNTED

INVARIANTS = (
    Invariant(
        "bank_is_closing_balance",
        "The journal's balance of every bank account is the closing balance of its last statement.",
        "minor units at the banks",
        f"""
        SELECT coalesce(sum(booked), 0), count(*) FILTER (WHERE booked <> expected)
        FROM (
            SELECT accounts.id, ({EXPECTED_BALANCE}) AS expected, coalesce((
                SELECT sum(postings.amount_minor) FROM postings
                JOIN accounts AS book ON book.id = postings.account_id
                WHERE book.kind = 'bank' AND book.bank_account_id = accounts.id
            ), 0) AS booked
            FROM bank_accounts AS accounts
        ) AS compared
        """,  # noqa: S608 - put together from constants
    ),
    Invariant(
        "brought_forward_is_explained",
        "What is brought forward is the balance that an account should have, less every line that it has.",
        "minor units brought forward",
        f"""
        SELECT coalesce(sum(brought), 0), count(*) FILTER (WHERE brought <> expected - counted)
        FROM (
            SELECT accounts.id, ({EXPECTED_BALANCE}) AS expected, coalesce((
                SELECT sum(lines.amount_minor) FROM statement_lines AS lines
                WHERE lines.bank_account_id = accounts.id AND {COUNTED}
            ), 0) AS counted, coalesce((
                SELECT -sum(postings.amount_minor) FROM postings
                JOIN accounts AS book ON book.id = postings.account_id
                WHERE book.kind = 'brought_forward' AND book.bank_account_id = accounts.id
            ), 0) AS brought
            FROM bank_accounts AS accounts
        ) AS compared
        """,  # noqa: S608 - put together from constants
    ),
    Invariant(
        "gaps_are_recorded",
        "What is missing between two statements, and what one does not prove, is recorded as gap and break.",
        "statements with balances",
        f"""
        SELECT count(*), count(*) FILTER (WHERE coalesce(gap_minor, 0) <> CASE
            WHEN before IS NULL OR before = base_minor THEN 0
            ELSE base_minor - coalesce(break_minor, 0) - before
        END)
        FROM (
            SELECT *, lag(base_minor) OVER (PARTITION BY bank_account_id ORDER BY {ORDER}) AS before
            FROM statements WHERE {PROVED}
        ) AS chained
        """,  # noqa: S608 - put together from constants
    ),
    Invariant(
        "breaks_are_recorded",
        "What a statement's balances do not prove of its lines is recorded as its break.",
        "statements with balances",
        f"""
        SELECT count(*), count(*) FILTER (
            WHERE coalesce(break_minor, 0) <> closing_minor - opening_minor - booked_minor
            OR balanced IS DISTINCT FROM (break_minor IS NULL)
        ) FROM statements WHERE {PROVED}
        """,  # noqa: S608 - put together from constants
    ),
    Invariant(
        "booked_lines_are_posted",
        "Every booked line stands in the journal once, with its amount; an announced one does not.",
        "lines",
        f"""
        SELECT count(*), count(*) FILTER (WHERE posted IS DISTINCT FROM expected)
        FROM (
            SELECT lines.id, CASE WHEN {COUNTED} THEN lines.amount_minor ELSE 0 END AS expected, coalesce((
                SELECT sum(postings.amount_minor) FROM journal_entries
                JOIN postings ON postings.entry_id = journal_entries.id
                JOIN accounts AS book ON book.id = postings.account_id AND book.kind = 'bank'
                WHERE journal_entries.object_id = lines.id AND journal_entries.kind = 'statement_line'
            ), 0) AS posted
            FROM statement_lines AS lines JOIN bank_accounts AS accounts ON accounts.id = lines.bank_account_id
        ) AS compared
        """,  # noqa: S608 - put together from constants
    ),
    Invariant(
        "suspense_is_unexplained_lines",
        "The suspense account is the sum of booked lines that nobody has explained.",
        "minor units unexplained",
        """
        SELECT coalesce(sum(waiting), 0), count(*) FILTER (WHERE waiting <> -booked)
        FROM (
            SELECT creditor_id, currency, sum(waiting) AS waiting, sum(booked) AS booked
            FROM (
                SELECT bank_accounts.creditor_id, statement_lines.currency,
                    statement_lines.amount_minor AS waiting, 0 AS booked
                FROM statement_lines JOIN bank_accounts ON bank_accounts.id = statement_lines.bank_account_id
                WHERE statement_lines.status = 'booked' AND NOT statement_lines.provisional
                AND statement_lines.currency = bank_accounts.currency
                AND statement_lines.state IN ('new', 'unexplained', 'proposed', 'ignored')
                UNION ALL
                SELECT accounts.creditor_id, accounts.currency, 0, postings.amount_minor
                FROM postings JOIN accounts ON accounts.id = postings.account_id
                WHERE accounts.kind = 'suspense'
            ) AS sides GROUP BY creditor_id, currency
        ) AS compared
        """,
    ),
    Invariant(
        "matches_account_for_their_lines",
        "The parts of a standing match add up to its line, and every explained line has one.",
        "matched lines",
        """
        SELECT count(*), count(*) FILTER (WHERE parts IS DISTINCT FROM amount_minor)
        FROM (
            SELECT statement_lines.id, statement_lines.amount_minor, (
                SELECT sum(match_parts.amount_minor) FROM matches
                JOIN match_parts ON match_parts.match_id = matches.id
                WHERE matches.line_id = statement_lines.id AND matches.undone_at IS NULL
            ) AS parts
            FROM statement_lines
            WHERE state IN ('matched', 'partly_matched', 'returned_debit', 'batch_booking', 'payout')
        ) AS explained
        """,
    ),
    Invariant(
        "other_money_is_matched",
        "Fees, interest, transfers, payouts and other money are booked as the parts of standing matches say.",
        "minor units",
        """
        SELECT coalesce(sum(abs(said)), 0), count(*) FILTER (WHERE said <> -booked)
        FROM (
            SELECT creditor_id, currency, kind, sum(said) AS said, sum(booked) AS booked
            FROM (
                SELECT bank_accounts.creditor_id, lines.currency, CASE parts.kind
                    WHEN 'transfer' THEN 'transfer_clearing' WHEN 'payout' THEN 'payout_clearing'
                    WHEN 'tax' THEN 'other' WHEN 'salary' THEN 'other' ELSE parts.kind
                    END AS kind, parts.amount_minor AS said, 0 AS booked
                FROM match_parts AS parts
                JOIN matches ON matches.id = parts.match_id AND matches.undone_at IS NULL
                JOIN statement_lines AS lines ON lines.id = matches.line_id
                JOIN bank_accounts ON bank_accounts.id = lines.bank_account_id
                WHERE parts.kind IN ('fee', 'interest', 'transfer', 'payout', 'tax', 'salary', 'other')
                UNION ALL
                SELECT accounts.creditor_id, accounts.currency, accounts.kind, 0, postings.amount_minor
                FROM postings JOIN accounts ON accounts.id = postings.account_id
                JOIN journal_entries ON journal_entries.id = postings.entry_id
                WHERE accounts.kind IN ('interest', 'transfer_clearing', 'payout_clearing', 'other')
                OR accounts.kind = 'fee' AND journal_entries.kind NOT IN ('allocation', 'allocation_reversed')
            ) AS sides GROUP BY creditor_id, currency, kind
        ) AS compared
        """,
    ),
    Invariant(
        "payments_of_lines_are_matched_once",
        "A payment that a line brought is in one standing match; in none once it is cancelled or in transit again.",
        "payments",
        """
        SELECT count(*), count(*) FILTER (WHERE standing <> CASE
            WHEN state = 'cancelled' OR recorded_at IS NOT NULL AND met_at IS NULL THEN 0 ELSE 1
        END)
        FROM (
            SELECT payments.state, payments.recorded_at, payments.met_at,
                count(*) FILTER (WHERE matches.undone_at IS NULL) AS standing
            FROM match_parts AS parts JOIN matches ON matches.id = parts.match_id
            JOIN payments ON payments.id = parts.object_id
            WHERE parts.kind = 'payment' GROUP BY payments.id
        ) AS brought
        """,
    ),
    Invariant(
        "cancelled_payments_give_nothing",
        "No allocation of a cancelled payment, or granted beside one, stands.",
        "cancelled payments",
        """
        SELECT count(*), count(*) FILTER (WHERE EXISTS (
            SELECT FROM allocations WHERE allocations.reversed_at IS NULL
            AND (allocations.payment_id = payments.id OR allocations.beside_payment_id = payments.id)
        )) FROM payments WHERE state = 'cancelled'
        """,
    ),
    Invariant(
        "memories_decide_for_their_creditor",
        "Every payer memory that helped to decide a match is of the creditor whose line it is.",
        "matches decided with a memory",
        """
        SELECT count(*), count(*) FILTER (WHERE memories.creditor_id IS DISTINCT FROM accounts.creditor_id)
        FROM match_memories
        LEFT JOIN payer_memories AS memories ON memories.id = match_memories.memory_id
        LEFT JOIN matches ON matches.id = match_memories.match_id
        LEFT JOIN statement_lines AS lines ON lines.id = matches.line_id
        LEFT JOIN bank_accounts AS accounts ON accounts.id = lines.bank_account_id
        """,
    ),
    Invariant(
        "transfers_have_two_legs",
        "A line that is one leg of a transfer, and names the other, is named by it with the opposite amount.",
        "legs",
        """
        SELECT count(*), count(*) FILTER (WHERE NOT EXISTS (
            SELECT 1 FROM matches AS theirs JOIN match_parts AS back ON back.match_id = theirs.id
            WHERE theirs.line_id = parts.object_id AND theirs.undone_at IS NULL AND back.kind = 'transfer'
            AND back.object_id = matches.line_id AND back.amount_minor = -parts.amount_minor
        ))
        FROM match_parts AS parts JOIN matches ON matches.id = parts.match_id AND matches.undone_at IS NULL
        WHERE parts.kind = 'transfer' AND parts.object_id IS NOT NULL
        """,
    ),
    Invariant(
        "rejected_debits_are_told",
        "Every rejected debit is rejected by one item of one status report of the bank.",
        "rejected debits",
        """
        SELECT count(*), count(*) FILTER (WHERE told <> 1)
        FROM (
            SELECT debits.id, (
                SELECT count(*) FROM status_report_items AS items
                WHERE items.debit_id = debits.id AND items.outcome = 'rejected'
            ) AS told FROM debits WHERE debits.state = 'rejected'
        ) AS counted
        """,
    ),
    Invariant(
        "reject_clearing_is_what_goes_back",
        "The account reject_clearing is what banks credited of rejected debits and have not taken back yet.",
        "minor units that go back",
        """
        SELECT coalesce(sum(open), 0), count(*) FILTER (WHERE open <> booked)
        FROM (
            SELECT creditor_id, sum(open) AS open, sum(booked) AS booked
            FROM (
                SELECT debits.creditor_id, parts.amount_minor AS open, 0 AS booked
                FROM match_parts AS parts
                JOIN matches ON matches.id = parts.match_id AND matches.undone_at IS NULL
                JOIN debits ON debits.id = parts.object_id
                WHERE parts.kind = 'rejected_debit'
                UNION ALL
                SELECT accounts.creditor_id, 0, -postings.amount_minor
                FROM postings JOIN accounts ON accounts.id = postings.account_id
                WHERE accounts.kind = 'reject_clearing'
            ) AS sides GROUP BY creditor_id
        ) AS compared
        """,
    ),
    Invariant(
        "status_reports_are_complete",
        "Count and outcomes of every status report are those of its items.",
        "items",
        """
        SELECT coalesce(sum(item_count), 0), count(*) FILTER (WHERE item_count <> counted OR outcomes <> told)
        FROM (
            SELECT reports.item_count, reports.outcomes, coalesce(sum(found.number), 0) AS counted,
                coalesce(jsonb_object_agg(found.outcome, found.number) FILTER (WHERE found.outcome IS NOT NULL),
                    '{}') AS told
            FROM status_reports AS reports LEFT JOIN (
                SELECT report_id, outcome, count(*) AS number FROM status_report_items GROUP BY report_id, outcome
            ) AS found ON found.report_id = reports.id
            GROUP BY reports.id
        ) AS compared
        """,
    ),
    Invariant(
        "every_line_is_accounted_for",
        "New, known and refused lines of a statement are all its lines, and of each it is known what it is.",
        "lines",
        """
        SELECT coalesce(sum(line_count), 0), count(*) FILTER (
            WHERE line_count <> new_count + known_count + refused_count
            OR new_count <> news OR refused_count <> refused
        ) FROM statements LEFT JOIN (
            SELECT statement_id, count(*) FILTER (WHERE fate = 'new') AS news,
                count(*) FILTER (WHERE fate = 'refused') AS refused
            FROM line_sightings GROUP BY statement_id
        ) AS sighted ON sighted.statement_id = statements.id
        WHERE line_count > 0
        """,
    ),
    Invariant(
        "lumps_are_their_parts",
        "Announced bookings that became parts of a lump add up to it.",
        "lumps",
        """
        SELECT count(*), count(*) FILTER (WHERE parts <> amount_minor)
        FROM (
            SELECT lump.id, lump.amount_minor, sum(part.amount_minor) AS parts
            FROM statement_lines AS part JOIN statement_lines AS lump ON lump.id = part.lump_id GROUP BY lump.id
        ) AS lumps
        """,
    ),
    Invariant(
        "statement_files_unchanged",
        "The bytes of every statement file still have the hash they arrived with.",
        "files",
        "SELECT count(*), count(*) FILTER (WHERE encode(sha256(content), 'hex') <> sha256) FROM statement_files",
    ),
)
