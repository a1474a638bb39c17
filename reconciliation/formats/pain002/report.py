"""What a status report says: frozen, as it stands in the file, at each of its three levels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from ledger.money import Money
from reconciliation.formats.pain002.naming import Order, answered

REJECTED = "RJCT"
PARTLY = "PART"
# ISO 20022 ExternalPaymentGroupStatus1Code and ExternalPaymentTransactionStatus1Code: every one of these says that
# the bank has taken the order, none of them that there is money.
ACCEPTED = frozenset({"ACTC", "ACCP", "ACSP", "ACWC", "ACSC"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a status was given: a code, ISO's (`Cd`) or the bank's own (`Prtry`), kept as it stands, and words.

    `bank` is the BIC of the bank that decided, `party` the name of who did where it was no bank.
    """

    code: str | None = None
    is_proprietary: bool = False
    information: tuple[str, ...] = ()
    bank: str | None = None
    party: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many transactions of the level have a status (NbOfTxsPerSts)."""

    status: str | None
    count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStatus:
    """The head of a report: which file it answers, and what becomes of the file as a whole."""

    format: str
    message_id: str | None
    created: str | None
    original_message_id: str | None
    original_message_name: str | None
    original_count: int | None = None
    status: str | None = None
    reasons: tuple[Reason, ...] = ()
    counts: tuple[Count, ...] = ()

    @property
    def order(self) -> Order:
        """What kind of order it answers."""
        return answered(self.original_message_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockStatus:
    """What becomes of one payment block (PmtInf) as a whole."""

    payment_information_id: str | None
    original_count: int | None = None
    status: str | None = None
    reasons: tuple[Reason, ...] = ()
    counts: tuple[Count, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionStatus:
    """What becomes of one transaction, with what the bank repeats of the order; `position` counts from 1."""

    position: int
    payment_information_id: str | None = None
    status_id: str | None = None
    instruction_id: str | None = None
    end_to_end_id: str | None = None
    status: str | None = None
    reasons: tuple[Reason, ...] = ()
    bank_reference: str | None = None
    amount: Money | None = None
    collect_on: date | None = None
    mandate_id: str | None = None
    debtor_name: str | None = None
    debtor_iban: str | None = None


# A reader yields, for each report of a file: its FileStatus, then each BlockStatus before its TransactionStatuses.
Item: TypeAlias = FileStatus | BlockStatus | TransactionStatus
