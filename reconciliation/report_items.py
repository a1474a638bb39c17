"""What one thing that a status report says means for our debits: which is meant, and what becomes of it.

Sources: ISO 20022 pain.002 (a reason stands at one of three levels, and what a level says of itself holds for what
is below it); EPC130-08 (a report may name only what is refused: of everything else it says nothing).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.money import Money
from mandates.models import Debit
from mandates.states import DebitState
from reconciliation.formats.identifiers import known_reference
from reconciliation.formats.pain002 import ACCEPTED, PARTLY, REJECTED, Count, Reason, TransactionStatus
from reconciliation.models import ItemOutcome, Level

NARRATIVE = "NARR"  # ISO 20022: the reason is told in words only
_LONGEST_CODE = 35  # ISO 20022 Max35Text: the bank's own codes

# ISO 20022 ExternalStatusReason1Code: the bank has this file or block already. What it had first is not meant.
DUPLICATES = frozenset({"AM05", "DUPL", "DU01", "DU02"})
SENT_TWICE = "The bank refuses it as one that it has already: what it had first is not touched by that."

_CREDITED = (DebitState.COLLECTED, DebitState.SETTLED)
_GONE = (DebitState.REJECTED, DebitState.RETURNED, DebitState.REFUNDED)


@dataclass(frozen=True, slots=True)
class Placed:
    """A debit of ours, locked, with the block and batch that it went out in."""

    debit: Debit
    payment_information_id: str | None
    batch_id: str | None


@dataclass(frozen=True, slots=True)
class Meant:
    """What becomes of one thing that is said, of which debit, and why where that has to be told."""

    outcome: ItemOutcome
    because: str | None = None
    placed: Placed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One item of a report as it is kept."""

    level: Level
    meant: Meant
    payment_information_id: str | None = None
    status: str | None = None
    reasons: tuple[Reason, ...] = ()
    transaction: TransactionStatus | None = None


def reason_code(reasons: Sequence[Reason]) -> str | None:
    """The first code that is stated, as it is stated; NARR where there are only words."""
    stated = next((reason.code for reason in reasons if reason.code), None)
    if stated is None and any(reason.information for reason in reasons):
        return NARRATIVE
    return stated


def as_code(stated: str | None) -> str | None:
    """A stated reason where it can be a code; sentences are told by NARR, and stay where they were said."""
    if stated is None or (len(stated) <= _LONGEST_CODE and not any(map(str.isspace, stated))):
        return stated
    return NARRATIVE


def whole(status: str | None, reasons: Sequence[Reason]) -> Meant:
    """What a status of a file or block of ours means where it is not a rejection of each of its debits."""
    if status in ACCEPTED:
        return Meant(ItemOutcome.ACCEPTED)
    if status == REJECTED and sent_twice(reasons):
        return Meant(ItemOutcome.NOTED, SENT_TWICE)
    return Meant(ItemOutcome.NOTED)


def sent_twice(reasons: Sequence[Reason]) -> bool:
    """Whether a bank refuses a file or block because it has it already."""
    return reason_code(reasons) in DUPLICATES


def rejects_each(status: str | None, reasons: Sequence[Reason], counts: Sequence[Count]) -> bool:
    """Whether a file or block is rejected with everything in it, also what is not listed.

    It is not where the bank counts others, nor where it only refuses to take the same thing a second time.
    """
    others = any(one.count and one.status not in (None, REJECTED) for one in counts)
    return status == REJECTED and not others and not sent_twice(reasons)


def inherited(own: str | None, *above: str | None) -> str | None:
    """The status of something, its own or the nearest of those above it; that a part of them is taken tells nothing."""
    found = (status for status in (own, *above) if status is not None)
    status = next(found, None)
    return None if own is None and status == PARTLY else status


def find(
    told: TransactionStatus, by_name: dict[str, Placed], *, batch_id: str | None, block_is_ours: bool
) -> Meant | Placed:
    """The debit that a transaction names, or why none is meant.

    Its EndToEndId is enough within the file or block that the report answers. Where neither is ours it takes the
    amount too.
    """
    name = known_reference(told.end_to_end_id)
    if name is None:
        return Meant(ItemOutcome.UNKNOWN, "It does not say which transaction it is about.")
    placed = by_name.get(name)
    if placed is None:
        return Meant(ItemOutcome.UNKNOWN, "No debit of ours has this EndToEndId.")
    debit = placed.debit
    asked, said = Money(debit.amount_minor, debit.currency), told.amount
    if said is not None and said != asked:
        return Meant(
            ItemOutcome.OTHER_AMOUNT, f"Debit {debit.id} asks for {asked}, the bank speaks of {said}.", placed
        )
    in_batch = batch_id is not None and placed.batch_id == batch_id
    in_block = block_is_ours and placed.payment_information_id == told.payment_information_id
    if (batch_id is not None and not in_batch) or (block_is_ours and not in_block):
        because = f"Debit {debit.id} went out in another file or block than the one that is answered."
        return Meant(ItemOutcome.UNKNOWN, because)
    if said is None and not in_batch and not in_block:
        because = (
            "It names no file or block of ours and no amount, and the EndToEndId alone proves too little."
        )
        return Meant(ItemOutcome.UNKNOWN, because)
    return placed


def judge(placed: Placed, status: str | None) -> Meant:
    """What a status says of a debit of ours, as the debit stands now."""
    debit = placed.debit
    if status is None:
        return Meant(ItemOutcome.NOTED, "The bank gives no status of it.", placed)
    if status in ACCEPTED:
        return Meant(ItemOutcome.ACCEPTED, None, placed)
    if status != REJECTED:
        return Meant(ItemOutcome.NOTED, None, placed)
    if debit.state == DebitState.SUBMITTED:
        return Meant(ItemOutcome.REJECTED, None, placed)
    if debit.state in _CREDITED:
        because = f"Debit {debit.id} was credited already: the booking that takes it back returns it."
        return Meant(ItemOutcome.CREDITED, because, placed)
    if debit.state in _GONE:
        return Meant(ItemOutcome.ALREADY, f"Debit {debit.id} is {debit.state} already.", placed)
    return Meant(ItemOutcome.NOTED, f"Debit {debit.id} is {debit.state}: it was not sent.", placed)
