"""What always holds for statements, their lines and what the lines became."""

from ledger.verify import Invariant
from reconciliation.balances import EXPECTED_BALANCE, chain

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
        "What is brought forward is what an account held before its first line, and every known gap and break.",
        "minor units brought forward",
        f"""
        WITH explained AS (
            SELECT chain.bank_account_id,
                (array_agg(chain.base - chain.break_minor ORDER BY chain.place))[1]
                + sum(coalesce(statements.gap_minor, 0) + chain.break_minor) AS expected
            FROM ({chain("")}) AS chain JOIN statements ON statements.id = chain.id
            GROUP BY chain.bank_account_id
        ), brought AS (
            SELECT book.bank_account_id, -sum(postings.amount_minor) AS booked
            FROM postings JOIN accounts AS book ON book.id = postings.account_id
            WHERE book.kind = 'brought_forward' GROUP BY book.bank_account_id
        )
        SELECT coalesce(sum(booked), 0), count(*) FILTER (
            WHERE coalesce(booked, 0) <> coalesce(expected, 0)
        )
        FROM (SELECT * FROM explained FULL JOIN brought USING (bank_account_id)) AS compared
        WHERE NOT EXISTS (
            SELECT 1 FROM statements WHERE statements.bank_account_id = compared.bank_account_id
            AND (opening_minor IS NULL OR closing_minor IS NULL)
        )
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
                WHERE statement_lines.status = 'booked' AND statement_lines.currency = bank_accounts.currency
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
        "every_line_is_accounted_for",
        "New and already known lines of a statement are all its lines, and the new ones are stored.",
        "lines",
        """
        SELECT coalesce(sum(line_count), 0), count(*) FILTER (
            WHERE line_count <> new_count + known_count
            OR new_count <> (SELECT count(*) FROM statement_lines WHERE statement_id = statements.id)
        ) FROM statements
        """,
    ),
    Invariant(
        "statement_files_unchanged",
        "The bytes of every statement file still have the hash they arrived with.",
        "files",
        "SELECT count(*), count(*) FILTER (WHERE encode(sha256(content), 'hex') <> sha256) FROM statement_files",
    ),
)
