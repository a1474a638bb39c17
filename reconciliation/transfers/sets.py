"""Which sets of a payer's open items add up to an amount: an exact search that says whether another set fits, too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import islice, product
from math import gcd, isqrt, prod

MOST_ITEMS = 40
MOST_STEPS = 150_000  # of the search, a sum or 4,096 bits each: a few hundredths of a second
MOST_SHOWN = 3

_BITS_A_STEP = 4_096
_FEW_CHOICES = 64  # so many are tried one by one
_MOST_CLASSES = 64  # of alternatives, before the question whether all have one part in common is given up


class Taken(StrEnum):
    """How an open item is in a set."""

    FULL = "full"
    DISCOUNTED = "discounted"


@dataclass(frozen=True, slots=True, order=True)
class Way:
    """What an item adds to a sum, in minor units, when it is taken this way; below zero for a credit note."""

    amount_minor: int
    taken: Taken = Taken.FULL


@dataclass(frozen=True, slots=True)
class Item:
    """An open invoice or credit note. The first of its `ways` is its full open amount."""

    key: str
    due_on: date
    number: str
    ways: tuple[Way, ...]

    @property
    def is_invoice(self) -> bool:
        return self.ways[0].amount_minor > 0

    @property
    def age(self) -> tuple[date, int, str, str]:
        """What the items of a payer are sorted by: oldest due date first, then lowest number."""
        return self.due_on, len(self.number), self.number, self.key


@dataclass(frozen=True, slots=True)
class Part:
    """An item in a set, and how it was taken."""

    item: Item
    way: Way


@dataclass(frozen=True, slots=True)
class ItemSet:
    """Items that add up to the amount, oldest first."""

    parts: tuple[Part, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(part.item.key for part in self.parts)

    @property
    def total_minor(self) -> int:
        return sum(part.way.amount_minor for part in self.parts)


@dataclass(frozen=True, slots=True)
class Found:
    """The answer of a search.

    `sets` are some that fit, at most MOST_SHOWN, fewest items first; none of them only adds items that cancel each
    other out to another. `unique` says that no other set can be meant: whoever meant any fitting set meant all of
    this one. `complete` says that nothing was left out which could change that; what is not complete is never unique.
    """

    sets: tuple[ItemSet, ...]
    unique: bool
    complete: bool
    steps: int


@dataclass(frozen=True, slots=True)
class _Group:
    """Items with the same ways: any of them can stand for any other.

    `options` gives for each sum, counted from the smallest that the group can make, how many of its items are taken
    in each way.
    """

    items: tuple[Item, ...]
    ways: tuple[Way, ...]
    options: dict[int, tuple[tuple[int, ...], ...]]
    smallest_minor: int

    @property
    def largest(self) -> int:
        return max(self.options)


class _OutOfSteps(Exception):
    """The search would take longer than it may."""


class _Steps:
    """What a search has used of the steps it may take."""

    __slots__ = ("bound", "used")

    def __init__(self, bound: int) -> None:
        self.bound, self.used = bound, 0

    def take(self, count: int) -> None:
        if self.used + count > self.bound:
            raise _OutOfSteps
        self.used += count


class _Bits:
    """A set of sums as the bits of one number: for many small sums."""

    __slots__ = ("bits", "steps")

    def __init__(self, bits: int, steps: _Steps) -> None:
        self.bits, self.steps = bits, steps

    def __contains__(self, total: int) -> bool:
        self.steps.take(1 + self.bits.bit_length() // _BITS_A_STEP)
        return self.bits >> total & 1 == 1


_Sums = set[int] | _Bits
_Held = frozenset[tuple[str, int]]  # the keys of items, and what each adds
_Choice = tuple[tuple[_Group, tuple[int, ...]], ...]


def search(items: Sequence[Item], amount_minor: int, *, bound: int = MOST_STEPS) -> Found:
    """The sets of `items` that add up to `amount_minor`, each item at most once and in one of its ways.

    The answer does not depend on the order of the items. More than MOST_ITEMS are not searched: then, and where the
    search would take more than `bound` steps, only the plain sets (one item, all, the oldest) are tried. No set adds
    up to an amount of zero or less. Raises ValueError for an item without ways, or with ways of zero or of both
    signs, and for two items of one key.
    """
    _require_sound(items)
    most = sum(max(0, *(way.amount_minor for way in item.ways)) for item in items)
    if not 0 < amount_minor <= most:
        return Found((), unique=False, complete=True, steps=0)
    ordered = sorted(items, key=lambda item: item.age)
    choices = prod(1 + len(item.ways) for item in ordered)
    if choices <= min(_FEW_CHOICES, bound):
        fitting = list(_tried(ordered, amount_minor))
        return _found(fitting, list(map(_held, fitting)), amount_minor, complete=True, steps=choices)
    steps = _Steps(bound)
    classes: list[_Choice] = []
    complete = len(ordered) <= MOST_ITEMS
    if complete:
        try:
            complete = _collect(classes, _groups(ordered), amount_minor, steps)
        except _OutOfSteps:
            complete = False
    candidates = [*_plain(ordered, amount_minor), *(shown for one in classes for shown in _members(one))]
    return _found(candidates, list(map(_forced, classes)), amount_minor, complete=complete, steps=steps.used)


def _found(
    candidates: Sequence[ItemSet], held: Sequence[_Held], amount_minor: int, *, complete: bool, steps: int
) -> Found:
    """The answer: one set is meant where what all that fit hold in common makes the amount itself."""
    common = frozenset.intersection(*held) if held else frozenset()
    unique = complete and sum(minor for _, minor in common) == amount_minor
    return Found(_shown(candidates), unique=unique, complete=complete, steps=steps)


def is_everything(items: Iterable[Item], chosen: ItemSet) -> bool:
    """Whether a set is all that is open."""
    return {item.key for item in items} == set(chosen.keys)


def is_oldest_first(items: Iterable[Item], chosen: ItemSet) -> bool:
    """Whether the invoices of a set are the oldest that are open, none left out; credit notes may be of any age."""
    invoices = sorted((item for item in items if item.is_invoice), key=lambda item: item.age)
    taken = {part.item.key for part in chosen.parts if part.item.is_invoice}
    return bool(taken) and {item.key for item in invoices[: len(taken)]} == taken


def _require_sound(items: Sequence[Item]) -> None:
    if len({item.key for item in items}) != len(items):
        raise ValueError("two items have the same key")
    for item in items:
        amounts = [way.amount_minor for way in item.ways]
        if not amounts or not (min(amounts) > 0 or max(amounts) < 0):
            raise ValueError("every item needs ways, all above zero or all below")


def _tried(ordered: Sequence[Item], amount_minor: int) -> Iterator[ItemSet]:
    """The fitting sets by trying every one."""
    some: list[tuple[int, tuple[Part, ...]]] = [(0, ())]
    for item in ordered:
        ways = [Part(item, way) for way in _distinct(item.ways)]
        some += [(total + way.way.amount_minor, (*parts, way)) for total, parts in some for way in ways]
    return (ItemSet(parts) for total, parts in some if total == amount_minor)


def _groups(items: Sequence[Item]) -> list[_Group]:
    """The items by what they can add, the group of the largest sums first."""
    by_ways: dict[tuple[Way, ...], list[Item]] = {}
    for item in items:
        by_ways.setdefault(_distinct(item.ways), []).append(item)
    groups = [_group(tuple(members), ways) for ways, members in by_ways.items()]
    return sorted(groups, key=lambda group: (-group.largest, group.ways))


def _distinct(ways: Iterable[Way]) -> tuple[Way, ...]:
    """The ways of different amounts; of two with one amount the first is meant."""
    by_amount: dict[int, Way] = {}
    for way in ways:
        by_amount.setdefault(way.amount_minor, way)
    return tuple(sorted(by_amount.values()))


def _group(items: tuple[Item, ...], ways: tuple[Way, ...]) -> _Group:
    options: dict[int, list[tuple[int, ...]]] = {}
    for counts in _counts(len(items), len(ways)):
        total = sum(count * way.amount_minor for count, way in zip(counts, ways, strict=True))
        options.setdefault(total, []).append(counts)
    smallest = min(options)
    return _Group(
        items, ways, {total - smallest: tuple(options[total]) for total in sorted(options)}, smallest
    )


def _counts(most: int, places: int) -> Iterator[tuple[int, ...]]:
    """Every way to put at most `most` equal things into `places`."""
    if places == 0:
        yield ()
        return
    for count in range(most + 1):
        for rest in _counts(most - count, places - 1):
            yield (count, *rest)


def _collect(classes: list[_Choice], groups: list[_Group], amount_minor: int, steps: _Steps) -> bool:
    """Add fitting choices to `classes` until it is known what all have in common; whether that is known."""
    common: _Held | None = None
    shown = 0
    for found in islice(_choices(groups, amount_minor, steps), _MOST_CLASSES):
        classes.append(found)
        common = _forced(found) if common is None else common & _forced(found)
        shown += 1 if _is_fixed(found) else 2
        if shown >= MOST_SHOWN and sum(max(minor, 0) for _, minor in common) < amount_minor:
            return True
    return len(classes) < _MOST_CLASSES


def _choices(groups: list[_Group], amount_minor: int, steps: _Steps) -> Iterator[_Choice]:
    """Every choice of options whose sum is the amount, computed on sums that start at zero and share no divisor."""
    target = amount_minor - sum(group.smallest_minor for group in groups)
    whole = sum(group.largest for group in groups)
    divisor = gcd(*(value for group in groups for value in group.options)) or 1
    if not 0 <= target <= whole or target % divisor:
        return
    left_out = 2 * target > whole  # fewer sums lie below what is left out than below what is taken
    tables = [
        {(group.largest - value if left_out else value) // divisor: value for value in group.options}
        for group in groups
    ]
    target = (whole - target if left_out else target) // divisor
    for values in _values(tables, target, steps):
        yield from product(
            *(
                [(group, counts) for counts in group.options[table[value]]]
                for group, table, value in zip(groups, tables, values, strict=True)
            )
        )


def _values(tables: Sequence[Iterable[int]], target: int, steps: _Steps) -> Iterator[tuple[int, ...]]:
    """Every choice of one value a table that adds up to `target`.

    The sums that the last tables can reach are computed first, and where that costs less the sums of the first ones
    too, so that both meet. Then each step back goes only where a choice is known to exist.
    """
    values = [sorted(table) for table in tables]
    if _costs_of_bits(values, target) <= min(steps.bound // 2, 2 * isqrt(prod(map(len, values)))):
        yield from _back(values, _bit_layers(values, target, steps), target, steps)
        return
    head, tail = _met_layers(values, target, steps)
    middle = len(head) - 1
    steps.take(len(tail[0]))
    for first in sorted(head[0] & {target - total for total in tail[0]}):
        for start in _back(values[:middle][::-1], head, first, steps):
            for end in _back(values[middle:], tail, target - first, steps):
                yield (*start[::-1], *end)


def _back(
    values: Sequence[list[int]], reached: Sequence[_Sums], total: int, steps: _Steps
) -> Iterator[tuple[int, ...]]:
    """Every choice that adds up to `total`, where `reached[k]` holds the sums of the values from the k-th on."""
    if not values:
        if total == 0:
            yield ()
        return
    for value in values[0]:
        steps.take(1)
        if value <= total and total - value in reached[1]:
            for rest in _back(values[1:], reached[1:], total - value, steps):
                yield (value, *rest)


def _costs_of_bits(values: Sequence[list[int]], target: int) -> int:
    cost, reach = 0, 0
    for one in reversed(values):
        reach = min(reach + one[-1], target)
        cost += len(one) * (1 + reach // _BITS_A_STEP)
    return cost


def _bit_layers(values: Sequence[list[int]], target: int, steps: _Steps) -> list[_Bits]:
    layers = [_Bits(1, steps)]
    mask = (1 << target + 1) - 1
    for one in reversed(values):
        bits, before = 0, layers[-1].bits
        for value in one:
            steps.take(1 + min(before.bit_length() + value, target) // _BITS_A_STEP)
            bits |= before << value if value <= target else 0
        layers.append(_Bits(bits & mask, steps))
    return layers[::-1]


def _met_layers(
    values: Sequence[list[int]], target: int, steps: _Steps
) -> tuple[list[set[int]], list[set[int]]]:
    """The sums of the first tables (last layer first), and of the rest; the side that is smaller grows.

    A sum is kept only where the other tables can make it up to the target and no more.
    """
    head, tail = [{0}], [{0}]
    first, last, whole = 0, len(values), sum(one[-1] for one in values)
    reach = {id(head): 0, id(tail): 0}
    while first < last:
        at_head = len(head[-1]) * len(values[first]) <= len(tail[-1]) * len(values[last - 1])
        side, one = (head, values[first]) if at_head else (tail, values[last - 1])
        first, last = (first + 1, last) if at_head else (first, last - 1)
        reach[id(side)] += one[-1]
        side.append(_grown(side[-1], one, target - (whole - reach[id(side)]), target, steps))
    return head[::-1], tail[::-1]


def _grown(sums: set[int], values: list[int], lowest: int, highest: int, steps: _Steps) -> set[int]:
    steps.take(len(sums) * len(values))
    return {total + value for total in sums for value in values if lowest <= total + value <= highest}


def _is_fixed(choice: _Choice) -> bool:
    """Whether the choice says of every item what becomes of it: no two items can change places."""
    return all(_is_forced(group, counts) for group, counts in choice)


def _is_forced(group: _Group, counts: tuple[int, ...]) -> bool:
    return sum(counts) == 0 or max(counts) == len(group.items)


def _held(one: ItemSet) -> _Held:
    return frozenset((part.item.key, part.way.amount_minor) for part in one.parts)


def _forced(choice: _Choice) -> _Held:
    """What every set of a choice holds."""
    return frozenset(
        (item.key, group.ways[counts.index(len(group.items))].amount_minor)
        for group, counts in choice
        if max(counts) == len(group.items)
        for item in group.items
    )


def _members(choice: _Choice) -> Iterator[ItemSet]:
    """The set of a choice that takes the oldest of equal items, and another where there is one: with the youngest."""
    yield _member(choice, youngest=False)
    if not _is_fixed(choice):
        yield _member(choice, youngest=True)


def _member(choice: _Choice, *, youngest: bool) -> ItemSet:
    parts: list[Part] = []
    for group, counts in choice:
        items = iter(group.items[::-1] if youngest else group.items)
        for way, count in zip(group.ways, counts, strict=True):
            parts.extend(Part(item, way) for item in islice(items, count))
    return ItemSet(tuple(sorted(parts, key=lambda part: part.item.age)))


def _plain(ordered: Sequence[Item], amount_minor: int) -> Iterator[ItemSet]:
    """The sets that a payer most likely means and that are quick to try: one item, and the oldest, up to all."""
    for item in ordered:
        yield from (ItemSet((Part(item, way),)) for way in item.ways if way.amount_minor == amount_minor)
    in_full = [Part(item, item.ways[0]) for item in ordered]
    credits_first = sorted(in_full, key=lambda part: part.item.is_invoice)
    for parts in (in_full, credits_first):
        total = 0
        for count, part in enumerate(parts, start=1):
            total += part.way.amount_minor
            if total == amount_minor:
                yield ItemSet(tuple(sorted(parts[:count], key=lambda part: part.item.age)))


def _shown(candidates: Sequence[ItemSet]) -> tuple[ItemSet, ...]:
    """The first few, fewest items first, then the oldest; without those that hold another one wholly."""
    distinct = {_held(one): one for one in candidates}
    least = [one for parts, one in distinct.items() if not any(other < parts for other in distinct)]
    least.sort(key=lambda one: (len(one.parts), [(*part.item.age, part.way) for part in one.parts]))
    return tuple(least[:MOST_SHOWN])
