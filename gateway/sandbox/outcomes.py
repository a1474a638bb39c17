"""What becomes of each collection of a pain.008 file: paid, or sent back with a reason, on which day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from random import Random
from typing import TypeVar

from exporters.pain008.message import DirectDebitMessage, PaymentBlock, Scheme, Transaction
from ledger.business_days import add_business_days, roll_forward
from ledger.errors import Rejected

_T = TypeVar("_T")


class UnknownOutcome(Rejected):
    """The text names no outcome of a SEPA direct debit."""


class ImpossibleOutcome(Rejected):
    """The scheme does not know this reason code for this kind of outcome."""


class UnknownCollection(Rejected):
    """An outcome is asked for an EndToEndId that the file does not carry exactly once."""


class Kind(StrEnum):
    """When the money comes back: never, before settlement, in days, on the last day allowed, weeks later."""

    PAID = "paid"
    REJECT = "reject"
    RETURN = "return"
    LATE_RETURN = "late_return"
    REFUND = "refund"


_RETURNS = (Kind.RETURN, Kind.LATE_RETURN)

# What each reason code may be used for: EPC173-14 version 8.0, guidance on reason codes of direct debits.
# The first use that the scheme allows is meant when an outcome names only the code.
_SETTLED_OR_NOT = (
    *("AC01", "AC04", "AC06", "AC13", "AG01", "AG02", "AM04", "AM05", "BE05"),
    *("MD07", "MS02", "MS03", "RC01", "RR01", "RR02", "RR03", "RR04", "SL01"),
)
_NEVER_SETTLED = (
    *("BE01", "BE04", "BE07", "CNOR", "CURR", "CUST", "DNOR"),
    *("DT01", "DUPL", "ED05", "FF01", "FF05", "MD02", "TM01"),
)
USES: Mapping[str, tuple[Kind, ...]] = {
    **dict.fromkeys(_SETTLED_OR_NOT, (*_RETURNS, Kind.REJECT)),
    **dict.fromkeys(_NEVER_SETTLED, (Kind.REJECT,)),
    "FOCR": _RETURNS,
    "MD01": (Kind.REFUND, *_RETURNS, Kind.REJECT),
    "MD06": (Kind.REFUND,),
}

# The business scheme has no refund of an authorised collection (EPC222-07); want of a mandate is a return.
_ALLOWED: Mapping[Scheme, frozenset[Kind]] = {
    Scheme.CORE: frozenset(Kind),
    Scheme.B2B: frozenset(Kind) - {Kind.REFUND},
}

# Last day of a return in T2 days after settlement (EPC016-06 and EPC222-07, rulebooks of 2025).
LAST_RETURN_DAY: Mapping[Scheme, int] = {Scheme.CORE: 5, Scheme.B2B: 3}

# A refund reaches the creditor up to two T2 days after the debtor's bank has accepted the claim.
_REFUND_TRANSIT_DAYS = 2

# Calendar days after the debit in which the debtor claims a refund: 8 weeks without a reason; then, for
# what was never authorised (MD01), up to 13 months (EPC016-06).
_REFUND_DAYS = (1, 56)
_UNAUTHORISED_REFUND_DAYS = (57, 390)

# Invented weights: only their order is meant to be lifelike. Want of funds comes first, then the banks'
# cover-all reason, then refunds and closed accounts; in the business scheme, mandates the bank does not have.
_SEEDED_REASONS: Mapping[Scheme, Mapping[str, int]] = {
    Scheme.CORE: {
        "AM04": 46,
        "MS03": 20,
        "MD06": 14,
        "AC04": 7,
        "AC01": 4,
        "MS02": 4,
        "AC06": 2,
        "MD01": 1,
        "MD07": 1,
        "SL01": 1,
    },
    Scheme.B2B: {"AM04": 40, "MD01": 25, "MS03": 20, "AC04": 10, "SL01": 5},
}
_SEEDED_KINDS: Mapping[Kind, int] = {Kind.RETURN: 80, Kind.LATE_RETURN: 10, Kind.REJECT: 10}

# Returns arrive sooner rather than later: weights of the first, second ... T2 day after settlement.
_DAY_WEIGHTS = (30, 40, 20, 7, 3)

# A share of collections that comes back at many creditors; what a caller without figures of its own may use.
USUAL_RETURN_RATE = Decimal("0.02")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of one collection, credited on `settled_on`.

    `known_on` is the day its fate shows: a reject is reported, a return or refund booked, or the credit came.
    """

    block: PaymentBlock = field(repr=False)
    transaction: Transaction = field(repr=False)
    kind: Kind
    reason: str | None = None
    settled_on: date
    known_on: date

    @property
    def by_debtor(self) -> bool:
        """Whether the debtor, not a bank, sent the money back: a refund, or MS02 (customer generated)."""
        return self.kind is Kind.REFUND or self.reason == "MS02"


def decide(
    message: DirectDebitMessage, *, outcomes: Mapping[str, str], seed: int, return_rate: Decimal
) -> tuple[Fate, ...]:
    """The fate of every transaction of `message`, in its order.

    `outcomes` maps an EndToEndId to a reason code (`AM04`), a code with its kind (`AM04:late_return`,
    `MD01:return`, `MS02:reject`) or `paid`. Of all others a share of `return_rate` (0 to 1) comes back. The
    same arguments give the same fates, and each transaction is drawn for itself: an outcome more changes no
    other. Raises UnknownCollection, UnknownOutcome, ImpossibleOutcome; ValueError for a rate outside 0 to 1.
    """
    if not 0 <= return_rate <= 1:
        raise ValueError("a return rate lies between 0 and 1")
    _check_collections(message, outcomes)
    return tuple(
        _fate(message, block, transaction, outcomes.get(transaction.end_to_end_id), chance, return_rate)
        for block in message.blocks
        for position, transaction in enumerate(block.transactions)
        for chance in [_chance(seed, *_place(block), position)]
    )


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


def _fate(
    message: DirectDebitMessage,
    block: PaymentBlock,
    transaction: Transaction,
    wish: str | None,
    chance: Random,
    return_rate: Decimal,
) -> Fate:
    settled_on = roll_forward(block.collect_on)
    if wish is None:
        kind, reason = _drawn(block.scheme, chance, return_rate)
    else:
        kind, reason = _wished(block.scheme, wish)
    return Fate(
        block=block,
        transaction=transaction,
        kind=kind,
        reason=reason,
        settled_on=settled_on,
        known_on=_known_on(kind, reason, message, block, chance),
    )


def _wished(scheme: Scheme, wish: str) -> tuple[Kind, str | None]:
    """The kind and code a text asks for; the code is None when it is to be paid."""
    if wish == Kind.PAID:
        return Kind.PAID, None
    reason, _, named = wish.partition(":")
    if reason not in USES:
        raise UnknownOutcome(f"{reason[:12]!r} is no reason code of a SEPA direct debit.", field="outcomes")
    possible = [kind for kind in USES[reason] if kind in _ALLOWED[scheme]]
    if named and named not in set(Kind):
        raise UnknownOutcome(f"{named[:12]!r} is none of {', '.join(Kind)}.", field="outcomes")
    if not possible or (named and named not in possible):
        raise ImpossibleOutcome(
            f"The {scheme} scheme has no {named or USES[reason][0]} with the reason {reason}.",
            field="outcomes",
        )
    return (Kind(named) if named else possible[0]), reason


def _drawn(scheme: Scheme, chance: Random, return_rate: Decimal) -> tuple[Kind, str | None]:
    if Decimal(chance.random()) >= return_rate:
        return Kind.PAID, None
    reason = _weighted(chance, _SEEDED_REASONS[scheme])
    usual = next(kind for kind in USES[reason] if kind in _ALLOWED[scheme])
    return (usual if usual is Kind.REFUND else _weighted(chance, _SEEDED_KINDS)), reason


def _weighted(chance: Random, weights: Mapping[_T, int]) -> _T:
    return chance.choices(tuple(weights), tuple(weights.values()))[0]


def _known_on(
    kind: Kind, reason: str | None, message: DirectDebitMessage, block: PaymentBlock, chance: Random
) -> date:
    settled_on, last = roll_forward(block.collect_on), LAST_RETURN_DAY[block.scheme]
    match kind:
        case Kind.PAID:
            return settled_on
        case Kind.REJECT:
            return min(roll_forward(message.created_at.date()), settled_on)
        case Kind.LATE_RETURN:
            return add_business_days(settled_on, last)
        case Kind.RETURN:
            (days,) = chance.choices(range(1, last + 1), _DAY_WEIGHTS[:last])
            return add_business_days(settled_on, days)
        case Kind.REFUND:
            first, latest = _UNAUTHORISED_REFUND_DAYS if reason == "MD01" else _REFUND_DAYS
            claimed_on = settled_on + timedelta(days=chance.randint(first, latest))
            return add_business_days(claimed_on, _REFUND_TRANSIT_DAYS)
