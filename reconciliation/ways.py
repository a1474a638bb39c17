"""In which ways amounts add up to a sum: found only as far as it shows whether there is more than one."""

from __future__ import annotations

from collections.abc import Sequence

MOST_STEPS = 50_000  # of the search; a sum that takes more to make is not one that tells anything


class TooManyWays(Exception):
    """There are so many amounts that nobody can say in how many ways they add up."""


def ways(amounts: Sequence[int], total: int, *, most: int = 2) -> list[tuple[int, ...]]:
    """The places of the amounts of each way to make `total` of at least one of them, at most `most` ways.

    All amounts are above zero. Raises TooManyWays when the search takes more than MOST_STEPS.
    """
    order = sorted(range(len(amounts)), key=lambda place: -amounts[place])
    rest = [0]
    for place in reversed(order):
        rest.append(rest[-1] + amounts[place])
    rest.reverse()
    found: list[tuple[int, ...]] = []
    pending: list[tuple[int, int, tuple[int, ...]]] = [(0, total, ())]
    steps = 0
    while pending and len(found) < most:
        at, left, chosen = pending.pop()
        steps += 1
        if steps > MOST_STEPS:
            raise TooManyWays
        if left == 0:
            found.append(tuple(sorted(chosen)))
        elif at < len(order) and 0 < left <= rest[at]:
            place = order[at]
            pending.append((at + 1, left, chosen))
            if amounts[place] <= left:
                pending.append((at + 1, left - amounts[place], (*chosen, place)))
    return [way for way in found if way]
