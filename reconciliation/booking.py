"""Writing statements into the books: lines in bulk against suspense, and the balance that was there before them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, text
from sqlalchemy.orm import Session

from ledger import journal, outbox
from ledger.acts import Act
from ledger.database import copy_rows
from ledger.identifiers import new_id
from ledger.journal import Booking, Place
from ledger.models import AccountKind, BankAccount
from reconciliation.identity import Identities
from reconciliation.models import LineState, StatementRecord
from reconciliation.statement import Header, Line, LineStatus, Statement

_LINE_COLUMNS = (
    "id", "statement_id", "bank_account_id", "position", "identity", "state", "waiting_because", "status",
    "booked_on", "valued_on", "amount_minor", "currency",
    "counterparty_name", "counterparty_account", "counterparty_bic", "remittance", "reference",
    "end_to_end_id", "mandate_reference", "creditor_identifier", "bank_reference", "transaction_code",
    "reversal", "return_reason", "original_minor", "charges_minor",
    "batch_payment_information_id", "batch_message_id", "batch_count", "details",
)  # fmt: skip


def upload_lock(digest: str) -> ColumnElement[Any]:
    """Held until the transaction ends, so that the same bytes are never imported twice at once."""
    return func.pg_advisory_xact_lock(func.hashtextextended(f"statement:{digest}", 0))


class StatementWriter:
    """Writes one statement: its row when it opens, its new lines chunk by chunk, its proof when it ends."""

    def __init__(
        self,
        session: Session,
        file_id: str,
        header: Header,
        account: BankAccount,
        identities: Identities,
        act: Act,
    ) -> None:
        self.account = account
        self._session, self._identities, self._act = session, identities, act
        self._last_day: date | None = None
        self.record = StatementRecord(
            id=new_id("stm"), file_id=file_id, bank_account_id=account.id, format=header.format,
            bank_statement_id=header.statement_id, sequence=header.sequence,
            sequence_number=_number(header.sequence), from_on=header.from_on, to_on=header.to_on,
            currency=account.currency, booked_minor=0, known_minor=0, line_count=0, new_count=0,
            known_count=0, problems=[], created_at=act.at,
        )  # fmt: skip
        session.add(self.record)
        session.flush()

    def add(self, lines: Sequence[Line]) -> None:
        """Store and post the lines that are not in the books yet."""
        named = [(self._identities.name(line), line) for line in lines]
        known = self._known([identity for identity, _ in named])
        rows = [(new_id("lin"), identity, line) for identity, line in named if identity not in known]
        copy_rows(self._session, "statement_lines", _LINE_COLUMNS, (self._row(*row) for row in rows))
        counted = [(line_id, line) for line_id, _, line in rows if self._counts(line)]
        journal.post(
            self._session, [self._booking(line_id, line) for line_id, line in counted], act=self._act
        )
        self._count(lines, [line for identity, line in named if identity in known], len(rows))

    def finish(self, statement: Statement) -> None:
        """Write down the balances and what they prove, and tell that the statement is in."""
        record = self.record
        record.opening_minor = statement.opening.amount.minor if statement.opening else None
        record.closing_minor = statement.closing.amount.minor if statement.closing else None
        record.balanced = statement.balanced
        record.problems = list(statement.problems)
        record.closes_on = (
            (statement.closing.on if statement.closing else None) or record.to_on or self._last_day
        )
        self._session.flush()
        outbox.emit(
            self._session,
            outbox.NewEvent(
                type="statement.imported", object_id=record.id, act=self._act, origin="bank",
                data={"lines": record.new_count, "known": record.known_count, "balanced": record.balanced},
            ),
        )  # fmt: skip

    def _known(self, identities: Sequence[str]) -> set[str]:
        found = self._session.scalars(
            text(
                "SELECT identity FROM statement_lines "
                "WHERE bank_account_id = :account AND identity = ANY(:identities)"
            ),
            {"account": self.account.id, "identities": list(identities)},
        )
        return set(found)

    def _count(self, lines: Sequence[Line], known: Sequence[Line], new: int) -> None:
        record = self.record
        record.line_count += len(lines)
        record.new_count += new
        record.known_count += len(known)
        record.booked_minor += sum(line.amount.minor for line in lines if self._counts(line))
        record.known_minor += sum(line.amount.minor for line in known if self._counts(line))
        days = [day for line in lines if (day := line.booked_on or line.valued_on) is not None]
        self._last_day = max([*days, self._last_day] if self._last_day else days, default=None)

    def _counts(self, line: Line) -> bool:
        """Only what is booked, in the currency of the account, moves its balance."""
        return line.status == LineStatus.BOOKED and line.amount.currency == self.account.currency

    def _row(self, line_id: str, identity: str, line: Line) -> tuple[Any, ...]:
        state, because = self._first_state(line)
        batch = line.batch
        return (
            line_id, self.record.id, self.account.id, line.position, identity, state, because, str(line.status),
            line.booked_on or line.valued_on, line.valued_on, line.amount.minor, line.amount.currency,
            line.counterparty.name, line.counterparty.iban, line.counterparty.bic, line.remittance,
            line.reference, line.end_to_end_id, line.mandate_id, line.creditor_id, line.bank_reference,
            line.transaction_code, line.reversal, line.return_reason,
            line.original.minor if line.original else None, line.charges.minor if line.charges else None,
            batch.payment_information_id if batch else None, batch.message_id if batch else None,
            batch.count if batch else None, json.dumps([_detail(part) for part in line.details]),
        )  # fmt: skip

    def _first_state(self, line: Line) -> tuple[str, str | None]:
        if line.status != LineStatus.BOOKED:
            return LineState.IGNORED, f"The bank says {line.status}: not booked, so not money yet."
        if line.amount.currency != self.account.currency:
            return LineState.IGNORED, "The line is in another currency than its account."
        return LineState.NEW, None

    def _booking(self, line_id: str, line: Line) -> Booking:
        account = self.account
        return Booking(
            kind="statement_line",
            object_id=line_id,
            posted_on=line.booked_on or line.valued_on or self._act.today,
            debit=_bank(account),
            credit=Place(account.creditor_id, AccountKind.SUSPENSE, account.currency),
            amount_minor=line.amount.minor,
        )


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

_GAPS = text(
    """
    WITH chain AS (
        SELECT id, opening_minor - lag(closing_minor) OVER (
            ORDER BY closes_on, sequence_number NULLS FIRST, id
        ) + known_minor AS gap
        FROM statements
        WHERE bank_account_id = :account AND closing_minor IS NOT NULL AND opening_minor IS NOT NULL
    )
    UPDATE statements SET gap_minor = nullif(chain.gap, 0)
    FROM chain
    WHERE statements.id = chain.id AND statements.gap_minor IS DISTINCT FROM nullif(chain.gap, 0)
    RETURNING statements.id, statements.gap_minor
    """
)


def bring_forward(session: Session, account: BankAccount, statement_id: str, *, act: Act) -> None:
    """Make the journal's bank account agree with the last closing balance.

    What the lines at hand do not explain - the balance before the first statement, and gaps between statements
    until the missing one arrives - stands on the account `brought_forward`.
    """
    session.flush()
    session.expire_all()
    expected = session.execute(
        text(f"SELECT ({EXPECTED_BALANCE}) FROM bank_accounts AS accounts WHERE accounts.id = :account"),  # noqa: S608 - a constant
        {"account": account.id},
    ).scalar_one()
    missing = int(expected) - journal.balance_minor(session, _bank(account))
    brought = Place(account.creditor_id, AccountKind.BROUGHT_FORWARD, account.currency, account.id)
    booking = Booking(
        kind="brought_forward", object_id=statement_id, posted_on=act.today,
        debit=_bank(account), credit=brought, amount_minor=missing,
    )  # fmt: skip
    journal.post(session, [booking], act=act)
    _note_gaps(session, session.execute(_GAPS, {"account": account.id}), account, act)


def _note_gaps(
    session: Session, found: Iterable[tuple[str, int | None]], account: BankAccount, act: Act
) -> None:
    for statement_id, gap in found:
        if gap is not None:
            data = {"gap_minor": gap, "currency": account.currency, "bank_account_id": account.id}
            outbox.emit(
                session,
                outbox.NewEvent(
                    type="statement.gap_found", object_id=statement_id, act=act, origin="bank", data=data
                ),
            )


def _bank(account: BankAccount) -> Place:
    return Place(account.creditor_id, AccountKind.BANK, account.currency, account.id)


def _number(sequence: str | None) -> int | None:
    return int(sequence) if sequence is not None and sequence.isdecimal() and len(sequence) <= 18 else None


def _detail(part: Line) -> dict[str, Any]:
    """The itemised part of a lump as far as matching needs it; names and accounts stay in the file alone."""
    return {
        "amount_minor": part.amount.minor,
        "currency": part.amount.currency,
        "end_to_end_id": part.end_to_end_id,
        "mandate_reference": part.mandate_id,
        "return_reason": part.return_reason,
        "original_minor": part.original.minor if part.original else None,
        "charges_minor": part.charges.minor if part.charges else None,
        "remittance": part.remittance,
    }
