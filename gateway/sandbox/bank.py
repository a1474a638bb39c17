"""The bank simulator: takes a direct-debit file and answers with the files a bank would send, day by day."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from types import MappingProxyType

from exporters.pain008.message import DirectDebitMessage, PaymentBlock, Scheme
from gateway.sandbox import outcomes as fates
from gateway.sandbox import pain002, statements
from gateway.sandbox import transaction_codes as codes
from gateway.sandbox.camt053 import Statement
from gateway.sandbox.entries import Entry
from gateway.sandbox.outcomes import Fate, Kind
from gateway.sandbox.statements import AnswerFile
from ledger.errors import Rejected
from ledger.money import Money, total
from reconciliation.statement import Account, Batch, Party

CURRENCY = "EUR"

# What German banks commonly pass on for a returned debit, inside the one booking of the return.
USUAL_RETURN_FEE = Money(300, CURRENCY)

# Reason code and the key that German banks add to the booking of a return (Textschluesselergaenzung), as far
# as public sources agree on it.
_GERMAN_RETURN_KEYS = {
    "AC01": "901",
    "AC04": "902",
    "AC06": "903",
    "AG01": "904",
    "AM04": "906",
    "AM05": "907",
    "BE04": "908",
    "MD01": "909",
    "MD02": "910",
    "MD06": "912",
    "MD07": "913",
    "MS03": "914",
    "RC01": "915",
}

_LUMP = {Scheme.CORE: codes.CORE_LUMP, Scheme.B2B: codes.B2B_LUMP}
_CREDIT = {Scheme.CORE: codes.CORE_CREDIT, Scheme.B2B: codes.B2B_CREDIT}
_RETURN = {Scheme.CORE: codes.CORE_RETURN, Scheme.B2B: codes.B2B_RETURN}

_REPORT_DELAY = timedelta(hours=1)


class UnclearAccount(Rejected):
    """An extra entry does not say on which of the file's accounts it is booked."""


class Booking(StrEnum):
    """How collections are credited: a lump per payment block, each on its own, or as BtchBookg asks."""

    BATCH = "batch"
    SINGLE = "single"
    AS_FILE_SAYS = "as_file_says"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedAnswer:
    """What the bank sends for one file: `files` by day, and what they say as data to compare with."""

    files: tuple[AnswerFile, ...]
    statements: tuple[Statement, ...]
    fates: tuple[Fate, ...]

    def of_format(self, form: str) -> tuple[AnswerFile, ...]:
        """The files of one format (`camt.053.001.08`), oldest first."""
        return tuple(file for file in self.files if file.format == form)


def simulate(
    message: DirectDebitMessage,
    *,
    outcomes: Mapping[str, str] = MappingProxyType({}),
    seed: int = 0,
    return_rate: Decimal = Decimal(0),
    booking: Booking = Booking.AS_FILE_SAYS,
    net_rejects: bool = False,
    return_fee: Money = USUAL_RETURN_FEE,
    extra_entries: Sequence[Entry] = (),
    account_opening: Money = Money(0, CURRENCY),
    first_sequence: int = 1,
) -> SimulatedAnswer:
    """The bank's answer to `message`; the same arguments give the same bytes.

    `outcomes`, `seed` and `return_rate` decide what comes back: see `outcomes.decide`. Each account credited
    gets a camt.053 for every bank day with bookings, opening with `account_opening` and numbered from
    `first_sequence`; beside a lump there is the camt.054 that itemises it. A return or refund is one debit of
    the collection plus `return_fee`, as German banks book it. Rejects are reported in a pain.002; on the
    account they are credited and debited on the collection day without a fee, or with `net_rejects` left out
    of the credit. `extra_entries` are booked as well.

    Raises what `outcomes.decide` raises, UnclearAccount, and ValueError for a fee below zero.
    """
    if return_fee.minor < 0:
        raise ValueError("a fee is not below zero")
    decided = fates.decide(message, outcomes=outcomes, seed=seed, return_rate=return_rate)
    accounts = {block.creditor.iban: block.creditor for block in message.blocks}
    booked: dict[str, list[Entry]] = {iban: [] for iban in accounts}
    for block, of_block in _by_block(message, decided):
        booked[block.creditor.iban] += _booked(message, block, of_block, booking, net_rejects, return_fee)
    for entry in extra_entries:
        booked[_account_of(entry, booked)].append(entry)
    kept = tuple(
        statement
        for iban, creditor in accounts.items()
        for statement in statements.keep(
            Account(iban=iban, currency=CURRENCY, bic=creditor.bic),
            owner=creditor.name,
            entries=booked[iban],
            opening=account_opening,
            first_sequence=first_sequence,
        )
    )
    files = [
        *_reports(message, decided),
        *(file for statement in kept for file in statements.files(statement)),
    ]
    return SimulatedAnswer(
        files=tuple(sorted(files, key=lambda file: file.on)), statements=kept, fates=decided
    )


def _account_of(entry: Entry, accounts: Mapping[str, object]) -> str:
    if entry.account is not None and entry.account in accounts:
        return entry.account
    if entry.account is None and len(accounts) == 1:
        return next(iter(accounts))
    raise UnclearAccount(
        f"The file credits {len(accounts)} accounts; each extra entry must name one of them.",
        field="extra_entries",
    )


def _by_block(
    message: DirectDebitMessage, decided: Iterable[Fate]
) -> Iterator[tuple[PaymentBlock, tuple[Fate, ...]]]:
    rest = iter(decided)
    for block in message.blocks:
        yield block, tuple(islice(rest, len(block.transactions)))


def _booked(
    message: DirectDebitMessage,
    block: PaymentBlock,
    decided: Sequence[Fate],
    booking: Booking,
    net_rejects: bool,
    fee: Money,
) -> Iterator[Entry]:
    """Every entry one payment block causes: the credits first, then what is taken back."""
    credited = [fate for fate in decided if not (net_rejects and fate.kind is Kind.REJECT)]
    as_lump = block.batch_booking if booking is Booking.AS_FILE_SAYS else booking is Booking.BATCH
    singles = [_credit(message, fate) for fate in credited]
    if as_lump and singles:
        yield _lump(message, block, singles)
    elif not as_lump:
        yield from singles
    for fate in credited:
        if fate.kind is not Kind.PAID:
            yield _taken_back(fate, fee)


def _lump(message: DirectDebitMessage, block: PaymentBlock, singles: Sequence[Entry]) -> Entry:
    return Entry(
        amount=total((entry.amount for entry in singles), CURRENCY),
        booked_on=singles[0].booked_on,
        valued_on=singles[0].valued_on,
        code=_LUMP[block.scheme],
        batch=Batch(
            message_id=message.message_id,
            payment_information_id=block.payment_information_id,
            count=len(singles),
        ),
        parts=tuple(singles),
    )


def _credit(message: DirectDebitMessage, fate: Fate) -> Entry:
    block = fate.block
    return replace(
        _about(fate, _CREDIT[block.scheme], fate.transaction.amount, fate.settled_on),
        batch=Batch(message_id=message.message_id, payment_information_id=block.payment_information_id),
        instruction_id=fate.transaction.instruction_id,
    )


def _taken_back(fate: Fate, fee: Money) -> Entry:
    """One debit of the original amount and the fee; a reject is taken back on the day of its credit, free."""
    original = fate.transaction.amount
    charges = Money.zero(fee.currency) if fate.kind is Kind.REJECT else fee
    on = max(fate.known_on, fate.settled_on)
    return replace(
        _about(fate, _return_code(fate), -(original + charges), on),
        return_reason=fate.reason,
        returned_by_debtor=fate.by_debtor,
        original=original,
        charges=charges or None,
    )


def _return_code(fate: Fate) -> codes.TransactionCode:
    code = _RETURN[fate.block.scheme]
    key = _GERMAN_RETURN_KEYS.get(fate.reason or "")
    return code if key is None else replace(code, national=f"{code.national}++{key}")


def _about(fate: Fate, code: codes.TransactionCode, amount: Money, on: date) -> Entry:
    """An entry with everything that the collection itself says."""
    transaction, debtor = fate.transaction, fate.transaction.debtor
    return Entry(
        amount=amount,
        booked_on=on,
        valued_on=on,
        code=code,
        counterparty=Party(name=debtor.name, iban=debtor.iban, bic=debtor.bic),
        remittance=transaction.remittance,
        creditor_reference=transaction.creditor_reference,
        end_to_end_id=transaction.end_to_end_id,
        mandate_id=transaction.mandate_id,
        creditor_id=fate.block.creditor_id,
    )


def _reports(message: DirectDebitMessage, decided: Sequence[Fate]) -> tuple[AnswerFile, ...]:
    """The pain.002 of the file, where anything of it was rejected."""
    rejected = [
        (block, refused)
        for block, of_block in _by_block(message, decided)
        if (refused := [fate for fate in of_block if fate.kind is Kind.REJECT])
    ]
    if not rejected:
        return ()
    on = max(fate.known_on for _, refused in rejected for fate in refused)
    said = ((fate.transaction.end_to_end_id, fate.reason) for _, refused in rejected for fate in refused)
    report_id = f"R{statements.digest(message.message_id, *said)}"
    content = io.BytesIO()
    pain002.write(
        content,
        message,
        [(block, [_rejection(fate) for fate in refused]) for block, refused in rejected],
        message_id=report_id,
        created_at=message.created_at + _REPORT_DELAY,
    )
    name = f"pain002_{on.isoformat()}_{report_id.lower()}.xml"
    return (AnswerFile(format=pain002.FORMAT, name=name, on=on, content=content.getvalue()),)


def _rejection(fate: Fate) -> pain002.Rejection:
    return pain002.Rejection(transaction=fate.transaction, reason=fate.reason or "", by_debtor=fate.by_debtor)
