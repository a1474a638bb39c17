"""The chain of an account's statements: the balance it should have, gaps, and what was there before."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import journal, outbox
from ledger.acts import Act
from ledger.journal import Booking, Place
from ledger.models import AccountKind, BankAccount
from reconciliation.models import StatementRecord

# The balance an account should have: its last closing balance, and what came later without any balance.
EXPECTED_BALANCE = """
    SELECT coalesce((
        SELECT closing_minor FROM statements
        WHERE bank_account_id = accounts.id AND closing_minor IS NOT NULL AND opening_minor IS NOT NULL
        ORDER BY closes_on DESC NULLS LAST, sequence_number DESC NULLS LAST, id DESC LIMIT 1
    ), 0) + coalesce((
        SELECT sum(lines.amount_minor) FROM statement_lines AS lines
        JOIN statements ON statements.id = lines.statement_id
        WHERE statements.bank_account_id = accounts.id AND lines.status = 'booked'
        AND lines.currency = accounts.currency
        AND (statements.closing_minor IS NULL OR statements.opening_minor IS NULL)
        AND lines.booked_on > coalesce((
            SELECT max(closes_on) FROM statements AS closed
            WHERE closed.bank_account_id = accounts.id AND closed.closing_minor IS NOT NULL
            AND closed.opening_minor IS NOT NULL
        ), '-infinity')
    ), 0)
"""


def chain(where: str) -> str:
    """A query of the statements with balances, in the order in which they close, of the accounts in `where`.

    `base` is what an account held before all lines we have: a closing balance less every line up to it. It is the
    same for all statements of an account unless lines are missing between two of them, or one does not add up:
    `break_minor`. `gap` is what is missing before a statement. A statement whose lines were all known already,
    of a period that longer ones cover, says nothing new and is left out unless it is the last.

    The lines up to a closing balance are those stored by this statement and those before it. Where statements
    overlap, some of them were stored by a statement that closes later: what it had brought already when this one
    came, of days up to the closing; or what it brought afterwards of days before.
    """
    return f"""
        WITH placed AS (
            SELECT statements.*,
                closing_minor - opening_minor - booked_minor AS break_minor,
                sum(booked_minor - known_minor) OVER chronological AS stored_minor,
                row_number() OVER chronological AS place
            FROM statements {where}
            WINDOW chronological AS (
                PARTITION BY bank_account_id
                ORDER BY closes_on NULLS FIRST, sequence_number NULLS FIRST, id
            )
        ), overlapping AS (
            SELECT this.id, this.currency, this.closes_on AS until, later.id AS later_id
            FROM placed AS this JOIN placed AS later USING (bank_account_id)
            WHERE this.known_count > 0 AND later.place > this.place AND later.id < this.id
            UNION ALL
            SELECT this.id, this.currency, this.closes_on - 1, later.id
            FROM placed AS later JOIN placed AS this USING (bank_account_id)
            WHERE later.known_count > 0 AND later.place > this.place AND later.id > this.id
        ), reaching_back AS (
            SELECT overlapping.id, sum(lines.amount_minor) AS minor
            FROM overlapping JOIN statement_lines AS lines ON lines.statement_id = overlapping.later_id
            WHERE lines.status = 'booked' AND lines.currency = overlapping.currency
            AND lines.booked_on <= overlapping.until
            GROUP BY overlapping.id
        ), based AS (
            SELECT placed.*, closing_minor - stored_minor - coalesce(reaching_back.minor, 0) AS base,
                place = max(place) OVER (PARTITION BY bank_account_id) AS is_last
            FROM placed LEFT JOIN reaching_back USING (id)
            WHERE opening_minor IS NOT NULL AND closing_minor IS NOT NULL
        )
        SELECT id, bank_account_id, place, break_minor, base,
            base - break_minor - lag(base) OVER (PARTITION BY bank_account_id ORDER BY place) AS gap
        FROM based WHERE new_count > 0 OR line_count = 0 OR is_last
    """  # noqa: S608 - put together from constants


_GAPS = text(
    f"""
    UPDATE statements SET gap_minor = nullif(chain.gap, 0)
    FROM statements AS things LEFT JOIN ({chain("WHERE bank_account_id = :account")}) AS chain USING (id)
    WHERE statements.id = things.id AND things.bank_account_id = :account
    AND statements.gap_minor IS DISTINCT FROM nullif(chain.gap, 0)
    RETURNING statements.id, statements.gap_minor
    """  # noqa: S608 - put together from constants
)


def bring_forward(session: Session, account: BankAccount, statement_id: str, *, act: Act) -> None:
    """Make the journal's bank account agree with the last closing balance, and find gaps between statements.

    What the lines at hand do not explain - the balance before the first statement, and gaps until the missing
    statement arrives - stands on the account `brought_forward`.
    """
    session.flush()
    expected = session.execute(
        text(f"SELECT ({EXPECTED_BALANCE}) FROM bank_accounts AS accounts WHERE accounts.id = :account"),  # noqa: S608 - a constant
        {"account": account.id},
    ).scalar_one()
    bank = Place(account.creditor_id, AccountKind.BANK, account.currency, account.id)
    brought = Place(account.creditor_id, AccountKind.BROUGHT_FORWARD, account.currency, account.id)
    booking = Booking(
        kind="brought_forward", object_id=statement_id, posted_on=act.today, debit=bank, credit=brought,
        amount_minor=int(expected) - journal.balance_minor(session, bank),
    )  # fmt: skip
    journal.post(session, [booking], act=act)
    _note_gaps(session, account, act)


def _note_gaps(session: Session, account: BankAccount, act: Act) -> None:
    """Write down the gaps as they are now; a new one is told, a healed one is gone."""
    for statement_id, gap in session.execute(_GAPS, {"account": account.id}):
        if gap is not None:
            data = {"gap_minor": gap, "currency": account.currency, "bank_account_id": account.id}
            outbox.emit(
                session,
                outbox.NewEvent(
                    type="statement.gap_found", object_id=statement_id, act=act, origin="bank", data=data
                ),
            )
    for thing in session:
        if isinstance(thing, StatementRecord):
            session.expire(thing, ["gap_minor"])
