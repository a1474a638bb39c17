"""Writing statements into the books: their lines in bulk, against suspense."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, FromClause, func, select, text
from sqlalchemy.orm import Session

from ledger import journal, outbox
from ledger.acts import Act
from ledger.database import copy_rows
from ledger.errors import Rejected
from ledger.identifiers import new_id
from ledger.journal import Booking, Place
from ledger.models import AccountKind, BankAccount
from reconciliation.identity import Identities
from reconciliation.models import LineState, StatementLine, StatementRecord
from reconciliation.statement import Header, Line, LineStatus, Statement

_LINE_COLUMNS = (
    "id", "statement_id", "bank_account_id", "position", "identity", "state", "waiting_because", "status",
    "booked_on", "valued_on", "amount_minor", "currency",
    "counterparty_name", "counterparty_account", "counterparty_bic", "remittance", "reference",
    "end_to_end_id", "mandate_reference", "creditor_identifier", "bank_reference", "transaction_code",
    "reversal", "return_reason", "original_minor", "charges_minor",
    "batch_payment_information_id", "batch_message_id", "batch_count", "details",
)  # fmt: skip


def _lengths(table: FromClause, names: Sequence[str]) -> list[tuple[int, str, int]]:
    """Place, name and length of those columns that hold a text of limited length."""
    lengths = [getattr(table.c[name].type, "length", None) for name in names]
    return [
        (place, names[place].replace("_", " "), length)
        for place, length in enumerate(lengths)
        if length is not None
    ]


_HEAD_COLUMNS = ("bank_statement_id", "sequence")
_LONGEST_OF_HEAD = _lengths(StatementRecord.__table__, _HEAD_COLUMNS)
_LONGEST_OF_LINE = _lengths(StatementLine.__table__, _LINE_COLUMNS)
_LARGEST_SUM = 10**17  # minor units; what is larger is no money, and bigint has room for more


class TooLong(Rejected):
    """A field of a statement is longer than any bank's field is."""


class TooLarge(Rejected):
    """The lines of a statement add up to more than there is money."""


class WrongCurrency(Rejected):
    """The statement is in another currency than its account."""


def exclusive(subject: str) -> ColumnElement[Any]:
    """A lock on a subject of imports, held until the transaction ends: whoever else asks for it waits."""
    return func.pg_advisory_xact_lock(func.hashtextextended(f"statement:{subject}", 0))


class StatementWriter:
    """Writes one statement: its row when it opens, its new lines chunk by chunk, its proof when it ends.

    The account is locked until the transaction ends, so that one file after another finds out what is known.
    """

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
        # Announced lines often have no date; they are no money, so the day of the statement will do.
        self._own_day = header.to_on or header.from_on or act.today
        session.execute(select(exclusive(account.id)))
        require_short((header.statement_id, header.sequence), _LONGEST_OF_HEAD, "The statement")
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
        """Store and post the lines that are not in the books yet. Raises TooLong or TooLarge."""
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
        """Write down the balances and what they prove, and tell that the statement is in.

        Raises WrongCurrency.
        """
        record = self.record
        if statement.currency != record.currency:
            raise WrongCurrency(
                f"The statement is in {statement.currency}, but its account is kept in {record.currency}."
            )
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
        if abs(record.booked_minor) > _LARGEST_SUM:
            raise TooLarge("The lines add up to more than any amount of money.")
        days = [day for line in lines if (day := line.booked_on or line.valued_on) is not None]
        self._last_day = max([*days, self._last_day] if self._last_day else days, default=None)

    def _counts(self, line: Line) -> bool:
        """Only what is booked, in the currency of the account, moves its balance."""
        return line.status == LineStatus.BOOKED and line.amount.currency == self.account.currency

    def _row(self, line_id: str, identity: str, line: Line) -> tuple[Any, ...]:
        state, because = self._first_state(line)
        batch = line.batch
        row = (
            line_id, self.record.id, self.account.id, line.position, identity, state, because, str(line.status),
            line.booked_on or line.valued_on or self._own_day, line.valued_on, line.amount.minor, line.amount.currency,
            line.counterparty.name, line.counterparty.iban, line.counterparty.bic, line.remittance,
            line.reference, line.end_to_end_id, line.mandate_id, line.creditor_id, line.bank_reference,
            line.transaction_code, line.reversal, line.return_reason,
            line.original.minor if line.original else None, line.charges.minor if line.charges else None,
            batch.payment_information_id if batch else None, batch.message_id if batch else None,
            batch.count if batch else None, json.dumps([_detail(part) for part in line.details]),
        )  # fmt: skip
        require_short(row, _LONGEST_OF_LINE, f"Line {line.position}")
        return row

    def _first_state(self, line: Line) -> tuple[str, str | None]:
        if line.status != LineStatus.BOOKED:
            return LineState.IGNORED, f"The bank says {line.status}: not booked, so not money yet."
        if line.amount.currency != self.account.currency:
            return LineState.IGNORED, "The line is in another currency than its account."
        if not line.amount:
            return LineState.IGNORED, "No money moved."
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


def _bank(account: BankAccount) -> Place:
    return Place(account.creditor_id, AccountKind.BANK, account.currency, account.id)


def require_short(row: Sequence[Any], limits: Sequence[tuple[int, str, int]], place: str) -> None:
    """Raises TooLong unless every text of `row` fits; `limits` are its indexes, names and greatest lengths."""
    for index, name, longest in limits:
        if row[index] is not None and len(row[index]) > longest:
            raise TooLong(f"{place}: the {name} is longer than {longest} characters.")


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
