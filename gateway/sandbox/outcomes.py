"""What becomes of each collection of a pain.008 file: paid, or sent back with a reason, on which day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from random import Random
from types import MappingProxyType

from exporters.pain008.message import DirectDebitMessage, PaymentBlock, Scheme, Transaction
from gateway.sandbox.kinds import ALLOWED, LAST_RETURN_DAY, USES, Kind, Level
from gateway.sandbox.luck import USUAL_RETURN_RATE, comes_back_on, drawn
from ledger.business_days import add_business_days, roll_forward
from ledger.errors import Rejected

__all__ = ["LAST_RETURN_DAY", "USES", "USUAL_RETURN_RATE", "Fate", "Kind", "Level", "decide"]

LONGEST_CODE = 4  # ISO 20022 external status reason codes
LONGEST_DELAY = 500  # T2 days; the last refund of what was never authorised comes after some 13 months


class UnknownOutcome(Rejected):
    """The text names no outcome of a SEPA direct debit."""


class ImpossibleOutcome(Rejected):
    """The scheme does not know this reason code for this kind of outcome."""


class UnknownCollection(Rejected):
    """An outcome is asked for an EndToEndId that the file does not carry exactly once."""


class UnknownBlock(Rejected):
    """A reject is asked for a payment block that the file does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of one collection, credited on `settled_on`.

    `known_on` is the day its fate shows: a reject is reported, a return or refund booked, or the credit came.
    `level` says what a reject names; with any other kind it means nothing.
    """

    block: PaymentBlock = field(repr=False)
    transaction: Transaction = field(repr=False)
    kind: Kind
    reason: str | None = None
    level: Level = Level.TRANSACTION
    settled_on: date
    known_on: date

    @property
    def by_debtor(self) -> bool:
        """Whether the debtor, not a bank, sent the money back: a refund, or MS02 (customer generated)."""
        return self.kind is Kind.REFUND or self.reason == "MS02"


def decide(
    message: DirectDebitMessage,
    *,
    outcomes: Mapping[str, str] = MappingProxyType({}),
    reject_file: str | None = None,
    reject_blocks: Mapping[str, str] = MappingProxyType({}),
    seed: int = 0,
    return_rate: Decimal = Decimal(0),
) -> tuple[Fate, ...]:
    """The fate of every transaction of `message`, in its order.

    `outcomes` maps an EndToEndId to a reason code (`AM04`), a code with its kind (`AM04:late_return`,
    `MD01:return`, `MS02:reject`), one with its delay in T2 days after settlement (`AC04:return+23`) or `paid`. A
    code that the guidance does not list needs its kind.
    `reject_blocks` maps a PmtInfId to the code its whole block is refused for, `reject_file` is that of the
    file; these may be any code of four characters, banks have more of them than the scheme. Of all others a share of
    `return_rate` (0 to 1) comes back. The same arguments give the same fates, and each transaction is drawn
    for itself: an outcome more changes no other. Raises UnknownCollection, UnknownBlock, UnknownOutcome,
    ImpossibleOutcome; ValueError for a rate outside 0 to 1.
    """
    if not 0 <= return_rate <= 1:
        raise ValueError("a return rate lies between 0 and 1")
    _check_collections(message, outcomes)
    _check_blocks(message, reject_blocks)
    _check_codes([*reject_blocks.values(), *([] if reject_file is None else [reject_file])])
    return tuple(
        _fate(message, block, transaction, outcomes.get(transaction.end_to_end_id), chance, return_rate)
        if refusal is None
        else _refused_with_others(message, block, transaction, *refusal)
        for block in message.blocks
        for refusal in [_refusal(block, reject_file, reject_blocks)]
        for position, transaction in enumerate(block.transactions)
        for chance in [_chance(seed, *_place(block), position)]
    )


def _refusal(
    block: PaymentBlock, reject_file: str | None, reject_blocks: Mapping[str, str]
) -> tuple[Level, str] | None:
    if reject_file is not None:
        return Level.FILE, reject_file
    code = reject_blocks.get(block.payment_information_id)
    return None if code is None else (Level.BLOCK, code)


def _refused_with_others(
    message: DirectDebitMessage, block: PaymentBlock, transaction: Transaction, level: Level, reason: str
) -> Fate:
    return Fate(
        block=block, transaction=transaction, kind=Kind.REJECT, reason=reason, level=level,
        settled_on=roll_forward(block.collect_on), known_on=_refused_on(message, block),
    )  # fmt: skip


def _place(block: PaymentBlock) -> tuple[object, ...]:
    """What a block is about, without the ids made for it: the same collections are drawn the same way again."""
    return block.creditor.iban, block.scheme, block.sequence_type, block.collect_on


def _chance(*parts: object) -> Random:
    return Random("/".join(map(str, parts)))  # noqa: S311 - a repeatable game, no secret


def _check_collections(message: DirectDebitMessage, outcomes: Mapping[str, str]) -> None:
    found = Counter(
        transaction.end_to_end_id for block in message.blocks for transaction in block.transactions
    )
    for end_to_end_id in outcomes:
        if found[end_to_end_id] != 1:
            raise UnknownCollection(
                f"The file has {found[end_to_end_id]} collections with the EndToEndId "
                f"{end_to_end_id[:35]!r}; an outcome needs exactly one.",
                field="outcomes",
            )


def _check_blocks(message: DirectDebitMessage, reject_blocks: Mapping[str, str]) -> None:
    found = {block.payment_information_id for block in message.blocks}
    for name in reject_blocks:
        if name not in found:
            raise UnknownBlock(f"The file has no payment block {name[:35]!r}.", field="reject_blocks")


def _check_codes(codes: Iterable[str]) -> None:
    for code in codes:
        if not _is_code(code):
            raise UnknownOutcome(f"{code[:12]!r} is no reason code of a bank.", field="outcomes")


def _is_code(text: str) -> bool:
    return text.isascii() and text.isalnum() and text.isupper() and len(text) <= LONGEST_CODE


def _fate(
    message: DirectDebitMessage,
    block: PaymentBlock,
    transaction: Transaction,
    wish: str | None,
    chance: Random,
    return_rate: Decimal,
) -> Fate:
    settled_on, delay = roll_forward(block.collect_on), None
    if wish is None:
        kind, reason = drawn(block.scheme, chance, return_rate)
    else:
        kind, reason, delay = _wished(block.scheme, wish)
    return Fate(
        block=block,
        transaction=transaction,
        kind=kind,
        reason=reason,
        settled_on=settled_on,
        known_on=_known_on(message, block, kind, reason, delay, chance),
    )


def _known_on(
    message: DirectDebitMessage,
    block: PaymentBlock,
    kind: Kind,
    reason: str | None,
    delay: int | None,
    chance: Random,
) -> date:
    settled_on = roll_forward(block.collect_on)
    if kind is Kind.REJECT:
        return _refused_on(message, block)
    if delay is not None:
        return add_business_days(settled_on, delay)
    return comes_back_on(kind, reason, scheme=block.scheme, settled_on=settled_on, chance=chance)


def _refused_on(message: DirectDebitMessage, block: PaymentBlock) -> date:
    """A reject is told on the day of the file, and before settlement at the latest."""
    return min(roll_forward(message.created_at.date()), roll_forward(block.collect_on))


def _wished(scheme: Scheme, wish: str) -> tuple[Kind, str | None, int | None]:
    """Kind, code and T2 days of delay a text asks for: the code is None for what is to be paid."""
    if wish == Kind.PAID:
        return Kind.PAID, None, None
    what, plus, delay = wish.partition("+")
    reason, _, named = what.partition(":")
    kind = _kind_of(scheme, reason, named)
    return kind, reason, _delay(kind, delay) if plus else None


def _kind_of(scheme: Scheme, reason: str, named: str) -> Kind:
    if reason not in USES and not (named and _is_code(reason)):
        raise UnknownOutcome(f"{reason[:12]!r} is no reason code of a SEPA direct debit.", field="outcomes")
    if named and named not in set(Kind):
        raise UnknownOutcome(f"{named[:12]!r} is none of {', '.join(Kind)}.", field="outcomes")
    uses = USES.get(reason, tuple(Kind))
    possible = [kind for kind in uses if kind in ALLOWED[scheme]]
    if not possible or (named and named not in possible):
        raise ImpossibleOutcome(
            f"The {scheme} scheme has no {named or uses[0]} with the reason {reason}.", field="outcomes"
        )
    return Kind(named) if named else possible[0]


def _delay(kind: Kind, text: str) -> int:
    if kind is Kind.REJECT or not (text.isascii() and text.isdecimal()) or not 0 < int(text) <= LONGEST_DELAY:
        raise UnknownOutcome(f"{text[:12]!r} is no delay of a {kind} in T2 days.", field="outcomes")
    return int(text)
