"""The bank simulator: takes a direct-debit file and answers with the files a bank would send, day by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from exporters.pain008 import reader
from exporters.pain008.message import DirectDebitMessage, Party
from gateway.sandbox import bookings, deliveries, refusals, reports, statements
from gateway.sandbox import outcomes as fates
from gateway.sandbox.camt053 import Statement
from gateway.sandbox.entries import Entry
from gateway.sandbox.habits import (
    CURRENCY,
    USUAL_RETURN_FEE,
    Booking,
    Fees,
    Habits,
    Itemised,
    Reports,
    Returns,
)
from gateway.sandbox.outcomes import Fate
from gateway.sandbox.refusals import Refusal
from gateway.sandbox.statements import AnswerFile
from ledger.errors import Rejected
from ledger.money import Money
from reconciliation.statement import Account

__all__ = [
    "USUAL_RETURN_FEE",
    "Booking",
    "Fees",
    "Habits",
    "Itemised",
    "Reports",
    "Returns",
    "SimulatedAnswer",
    "UnclearAccount",
    "answer",
    "simulate",
]

USUAL = Habits()


class UnclearAccount(Rejected):
    """An extra entry does not say on which of the file's accounts it is booked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedAnswer:
    """What the bank sends for one file: `files` as they arrive, and what they say as data to compare with.

    `refusal` is set when the bank took nothing of the file.
    """

    files: tuple[AnswerFile, ...]
    statements: tuple[Statement, ...] = ()
    fates: tuple[Fate, ...] = ()
    refusal: Refusal | None = None

    def of_format(self, form: str) -> tuple[AnswerFile, ...]:
        """The files of one format (`camt.053.001.08`), in the order of their arrival."""
        return tuple(file for file in self.files if file.format == form)


def answer(
    content: bytes, *, today: date | None = None, habits: Habits = USUAL, **wishes: Any
) -> SimulatedAnswer:
    """The bank's answer to the bytes of a pain.008 file; `wishes` are those of `simulate`.

    A file that breaks the schema or a rule is refused as a whole, as `pain008 check` finds it; with `today`
    one that comes too late is, too. Raises UnreadableFile for what is no pain.008, and what `simulate` raises.
    """
    refusal = refusals.refusal_of(content, today=today)
    if refusal is None:
        return simulate(reader.read(content), habits=habits, **wishes)
    at = refusal.created_at or datetime.combine(today or date(1970, 1, 1), datetime.min.time(), tzinfo=UTC)
    return SimulatedAnswer(files=(reports.refused(refusal, at=at, habits=habits),), refusal=refusal)


def simulate(
    message: DirectDebitMessage,
    *,
    outcomes: Mapping[str, str] = MappingProxyType({}),
    reject_file: str | None = None,
    reject_blocks: Mapping[str, str] = MappingProxyType({}),
    seed: int = 0,
    return_rate: Decimal = Decimal(0),
    extra_entries: Sequence[Entry] = (),
    account_opening: Money = Money(0, CURRENCY),
    first_sequence: int = 1,
    habits: Habits = USUAL,
    **changed: Any,
) -> SimulatedAnswer:
    """The bank's answer to `message`; the same arguments give the same bytes.

    `outcomes`, `reject_file`, `reject_blocks`, `seed` and `return_rate` decide what comes back: see
    `outcomes.decide`. `habits` say how the bank books, reports and delivers, with the fields in `changed` set
    otherwise. Each account credited gets a camt.053 for every bank day with bookings, opening with
    `account_opening` and numbered from `first_sequence`; lumps are itemised in a camt.054 beside it. Rejects
    are told in a pain.002; the money of a refused file or block is never booked. `extra_entries` are booked as
    well.

    Raises what `outcomes.decide` and `Habits` raise, and UnclearAccount.
    """
    habits = replace(habits, **changed)
    decided = fates.decide(
        message, outcomes=outcomes, reject_file=reject_file, reject_blocks=reject_blocks, seed=seed,
        return_rate=return_rate,
    )  # fmt: skip
    kept = _kept(message, decided, habits, extra_entries, account_opening, first_sequence)
    files = [
        *reports.of_file(message, decided, habits),
        *(file for statement in kept for file in statements.files(statement)),
    ]
    files.sort(key=lambda file: file.on)
    return SimulatedAnswer(
        files=tuple(deliveries.disturbed(files, habits, seed=seed)), statements=kept, fates=decided
    )


def _kept(
    message: DirectDebitMessage,
    decided: Sequence[Fate],
    habits: Habits,
    extra_entries: Sequence[Entry],
    opening: Money,
    first_sequence: int,
) -> tuple[Statement, ...]:
    """The statements of every account that the file credits."""
    accounts = {block.creditor.iban: block.creditor for block in message.blocks}
    booked: dict[str, list[Entry]] = {iban: [] for iban in accounts}
    for entry in (*_booked(message, decided, habits), *extra_entries):
        booked[_account_of(entry, booked)].append(entry)
    return tuple(
        statement
        for iban, creditor in accounts.items()
        for statement in statements.keep(
            _account(creditor), owner=creditor.name, entries=booked[iban], opening=opening,
            first_sequence=first_sequence,
        )
    )  # fmt: skip


def _booked(message: DirectDebitMessage, decided: Sequence[Fate], habits: Habits) -> list[Entry]:
    """Every entry the file causes, those of each block together: the credits first, then what is taken back."""
    back = [
        fate for fate in decided if fate.kind is not fates.Kind.PAID and bookings.is_credited(fate, habits)
    ]
    entries = list(bookings.credits_of(message, decided, habits))
    entries += bookings.debits_of(back, habits)
    entries += bookings.costs_of(back, habits)
    return entries


def _account(creditor: Party) -> Account:
    return Account(iban=creditor.iban, currency=CURRENCY, bic=creditor.bic)


def _account_of(entry: Entry, accounts: Mapping[str, object]) -> str:
    if entry.account is not None and entry.account in accounts:
        return entry.account
    if entry.account is None and len(accounts) == 1:
        return next(iter(accounts))
    raise UnclearAccount(
        f"The file credits {len(accounts)} accounts; each extra entry must name one of them.",
        field="extra_entries",
    )
