"""The frozen content of a CustomerDirectDebitInitiation (pain.008), as the writer takes it and the reader gives it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from ledger.money import Money


class Scheme(StrEnum):
    """Local instrument (LclInstrm/Cd): the consumer scheme or the business one; never both in one file."""

    CORE = "CORE"
    B2B = "B2B"


class SequenceType(StrEnum):
    """SeqTp: RCUR unless there is a reason; FRST has not been required since the rulebook of November 2016."""

    FRST = "FRST"
    RCUR = "RCUR"
    OOFF = "OOFF"
    FNAL = "FNAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A structured or hybrid postal address; `town` and `country` are mandatory wherever one is given."""

    country: str
    town: str
    postcode: str | None = None
    street: str | None = None
    building: str | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A debtor or creditor with its account. `iban` is compact; `bic` is left out inside the EEA."""

    name: str
    iban: str
    bic: str | None = None
    address: Address | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """AmdmntInfDtls: what the mandate said before, each given only if it changed (EPC016-06 section 4.8.5)."""

    original_mandate_id: str | None = None
    original_creditor_id: str | None = None
    original_creditor_name: str | None = None
    original_debtor_iban: str | None = None
    same_mandate_new_debtor_agent: bool = False  # SMNDA: the debtor moved to another bank


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One collection (DrctDbtTxInf). `amount` is in EUR and above zero.

    `remittance` is unstructured text, `creditor_reference` an RF reference; at most one of them is given.
    """

    end_to_end_id: str
    amount: Money
    mandate_id: str
    signed_on: date
    debtor: Party
    remittance: str | None = None
    creditor_reference: str | None = None
    instruction_id: str | None = None
    amendment: Amendment | None = None
    ultimate_debtor: str | None = None
    purpose: str | None = None


class Transactions(Protocol):
    """What a block holds: a tuple, or what `Streamed` gives once."""

    def __iter__(self) -> Iterator[Transaction]: ...

    def __len__(self) -> int: ...


class Streamed:
    """Transactions that come only once, as from a cursor; `count` and `control_sum_minor` are known before.

    Whoever writes them compares both with what came, because the head of a file stands before them.
    """

    def __init__(self, source: Iterable[Transaction], *, count: int, control_sum_minor: int) -> None:
        self._source = source
        self._count = count
        self.control_sum_minor = control_sum_minor

    def __iter__(self) -> Iterator[Transaction]:
        return iter(self._source)

    def __len__(self) -> int:
        return self._count


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentBlock:
    """One PmtInf: everything collected into one account on one date with one scheme and sequence type."""

    payment_information_id: str
    scheme: Scheme
    sequence_type: SequenceType
    collect_on: date
    creditor: Party
    creditor_id: str
    batch_booking: bool = True
    category_purpose: str | None = None
    ultimate_creditor: str | None = None
    transactions: Transactions

    @property
    def control_sum_minor(self) -> int:
        """In EUR cents: added up, or as it was announced for transactions that come only once."""
        if isinstance(self.transactions, Streamed):
            return self.transactions.control_sum_minor
        return sum(transaction.amount.minor for transaction in self.transactions)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectDebitMessage:
    """One file: `message_id` is unique for ever, `created_at` an aware instant; both come from the caller."""

    message_id: str
    created_at: datetime
    initiating_party: str
    blocks: tuple[PaymentBlock, ...]

    @property
    def transaction_count(self) -> int:
        return sum(len(block.transactions) for block in self.blocks)

    @property
    def control_sum_minor(self) -> int:
        return sum(block.control_sum_minor for block in self.blocks)
