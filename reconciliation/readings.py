"""How a lump can be read: which debits of ours its amount is made of, and whether there is only one such reading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mandates.models import Debit
from mandates.named import NamedBlock
from reconciliation.ways import TooManyWays, ways


@dataclass(frozen=True, slots=True)
class Reading:
    """The waiting debits that a lump pays, and the rejected ones that it credits all the same."""

    debits: tuple[Debit, ...]
    rejected: tuple[Debit, ...] = ()
    blocks: int = 1


class Ambiguous(Exception):
    """The amount can be read in more than one way."""


def the_reading(
    blocks: Sequence[NamedBlock],
    amount_minor: int,
    *,
    waits: Callable[[Debit], bool],
    was_rejected: Callable[[Debit], bool],
    count: int | None = None,
) -> Reading | None:
    """The one way in which a lump of `amount_minor` is made of these blocks; None where there is none.

    Read is: everything that waits, without what was rejected; all of it with some of what was rejected; or
    everything that waits in some of the blocks. Where several fit, the number of bookings that the bank tells
    decides, or else nobody: Ambiguous.
    """
    found = list(_readings(blocks, amount_minor, waits, was_rejected))
    different = {_key(reading): reading for reading in found}
    if len(different) > 1 and count is not None:
        different = {
            key: reading
            for key, reading in different.items()
            if len(reading.debits) + len(reading.rejected) == count
        } or different
    if len(different) > 1:
        raise Ambiguous
    return next(iter(different.values()), None)


def _key(reading: Reading) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(one.id for one in reading.debits), frozenset(one.id for one in reading.rejected)


def _readings(
    blocks: Sequence[NamedBlock],
    amount_minor: int,
    waits: Callable[[Debit], bool],
    was_rejected: Callable[[Debit], bool],
) -> list[Reading]:
    waiting = [tuple(debit for debit in block.debits if waits(debit)) for block in blocks]
    whole = tuple(debit for members in waiting for debit in members)
    rejected = [debit for block in blocks for debit in block.debits if was_rejected(debit)]
    gross = amount_minor - _sum(whole)
    found: list[Reading] = []
    try:
        if gross == 0 and whole:
            found.append(Reading(whole, blocks=sum(map(bool, waiting))))
        if gross > 0:
            found += [
                Reading(whole, tuple(rejected[place] for place in way), len(blocks))
                for way in ways([debit.amount_minor for debit in rejected], gross)
            ]
        some = [members for members in waiting if members]
        if gross < 0 and len(some) > 1:
            found += [
                Reading(tuple(debit for place in way for debit in some[place]), blocks=len(way))
                for way in ways([_sum(members) for members in some], amount_minor)
            ]
    except TooManyWays:
        raise Ambiguous from None
    return found


def _sum(debits: Sequence[Debit]) -> int:
    return sum(debit.amount_minor for debit in debits)
