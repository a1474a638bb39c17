"""The frozen content of a CustomerPaymentReversal (pain.007), as the writer takes it and the reader gives it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from exporters.pain008.message import Scheme, SequenceType
from ledger.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A name with its account, as the collection named it; `iban` is compact."""

    name: str
    iban: str
    bic: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """What the reversed collection said (OrgnlTxRef)."""

    collect_on: date
    creditor_id: str
    scheme: Scheme
    sequence_type: SequenceType
    mandate_id: str
    signed_on: date
    debtor: Party
    creditor: Party


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One reversed collection (TxInf), given back whole. `amount` is in EUR; `reason` is AM05, MS02 or MS03."""

    reversal_id: str
    end_to_end_id: str
    amount: Money
    reason: str
    collection: Collection


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesOfBlock:
    """Single collections of one payment block of the original file."""

    payment_information_id: str
    lines: tuple[Line, ...]

    @property
    def count(self) -> int:
        return len(self.lines)

    @property
    def control_sum_minor(self) -> int:
        return sum(line.amount.minor for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeBlock:
    """A payment block of the original file that is reversed whole (PmtInfRvsl): its count, its sum and why."""

    payment_information_id: str
    count: int
    control_sum_minor: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversalMessage:
    """One file. It refers to one original file by its MsgId and version, as `pain.008.001.08`.

    `message_id` is unique for ever, `created_at` an aware instant; both come from the caller.
    """

    message_id: str
    created_at: datetime
    initiating_party: str
    creditor_bic: str | None = None
    original_message_id: str
    original_version: str
    blocks: tuple[LinesOfBlock | WholeBlock, ...]

    @property
    def count(self) -> int:
        return sum(block.count for block in self.blocks)

    @property
    def control_sum_minor(self) -> int:
        return sum(block.control_sum_minor for block in self.blocks)
