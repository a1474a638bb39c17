"""Keeps a simulated account: sorts entries into bank days, chains balances and renders the files."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time

from gateway.sandbox import camt053, camt054
from gateway.sandbox.camt053 import Statement
from gateway.sandbox.entries import Entry
from ledger.money import Money
from reconciliation.statement import Account

# When the simulated bank closes its day.
_CLOSE_OF_DAY = time(20, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFile:
    """One file from the bank: `format` as `camt.053.001.08`, `on` the bank day it appears.

    `name` is unique for its content and holds no account number; `account` is the IBAN it is about, if any.
    """

    format: str
    name: str
    on: date
    content: bytes = field(repr=False)
    account: str | None = field(default=None, repr=False)


def keep(
    account: Account, *, owner: str, entries: Iterable[Entry], opening: Money, first_sequence: int = 1
) -> tuple[Statement, ...]:
    """A statement for each bank day on which something was booked, oldest first.

    The first opens with `opening`, every other with the closing balance before it; sequence numbers count up
    from `first_sequence`. Entries of one day keep their order and all get a bank reference. Raises
    CurrencyMismatch for an entry in another currency than `opening`.
    """
    days: dict[date, list[Entry]] = {}
    for entry in _referenced(entries, account):
        days.setdefault(entry.booked_on, []).append(entry)
    statements: list[Statement] = []
    for sequence, on in enumerate(sorted(days), start=first_sequence):
        statement = Statement(
            statement_id=_statement_id(account, on, sequence, days[on]),
            sequence=sequence,
            account=account,
            owner=owner,
            on=on,
            created_at=datetime.combine(on, _CLOSE_OF_DAY),
            opening=statements[-1].closing if statements else opening,
            entries=tuple(days[on]),
        )
        statements.append(statement)
    return tuple(statements)


def files(statement: Statement) -> tuple[AnswerFile, ...]:
    """The camt.053 of one bank day, and before it the camt.054 that itemises its lumps where it has any."""
    itemised = (
        (_notification(statement),)
        if any(entry.parts and not entry.itemised for entry in statement.entries)
        else ()
    )
    content = io.BytesIO()
    camt053.write(content, [statement], message_id=statement.statement_id, created_at=statement.created_at)
    return (*itemised, _file(camt053.FORMAT, f"camt053_{_stem(statement)}", statement, content))


def _notification(statement: Statement) -> AnswerFile:
    content = io.BytesIO()
    notification_id = f"N{statement.statement_id}"
    camt054.write(content, statement, message_id=notification_id, notification_id=notification_id)
    return _file(camt054.FORMAT, f"camt054_{_stem(statement)}", statement, content)


def _file(form: str, stem: str, statement: Statement, content: io.BytesIO) -> AnswerFile:
    return AnswerFile(
        format=form,
        name=f"{stem}.xml",
        on=statement.on,
        content=content.getvalue(),
        account=statement.account.iban,
    )


def _stem(statement: Statement) -> str:
    return f"{statement.on.isoformat()}_{statement.statement_id.lower()}"


def _statement_id(account: Account, on: date, sequence: int, entries: Sequence[Entry]) -> str:
    """Up to 35 characters that no other content shares."""
    booked = (part for entry in entries for part in (entry.bank_reference, entry.amount.minor))
    return f"S{sequence:05d}-{digest(account.iban, on, sequence, *booked)}"


def _referenced(entries: Iterable[Entry], account: Account) -> Iterable[Entry]:
    """The entries, each with a bank reference made from what it says and how often it was said before.

    The same booking has the same reference in every answer, while real twins have different ones.
    """
    seen: Counter[tuple[object, ...]] = Counter()
    for entry in entries:
        key = _identity(entry)
        seen[key] += 1
        reference = f"{entry.booked_on:%Y%m%d}{digest(account.iban, *key, seen[key])}"
        parts = tuple(
            replace(part, bank_reference=part.bank_reference or f"{reference}{number:07d}")
            for number, part in enumerate(entry.parts, start=1)
        )
        yield replace(entry, bank_reference=entry.bank_reference or reference, parts=parts)


def _identity(entry: Entry) -> tuple[object, ...]:
    batch, other = entry.batch, entry.counterparty
    return (
        entry.booked_on,
        entry.amount,
        entry.code.national,
        other.name,
        other.iban,
        entry.remittance,
        entry.end_to_end_id,
        entry.mandate_id,
        batch and batch.message_id,
        batch and batch.payment_information_id,
    )


def digest(*parts: object) -> str:
    """Sixteen capital hexadecimal digits that stand for `parts`."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:16].upper()
