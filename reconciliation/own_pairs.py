"""Which two lines are the legs of one transfer between own accounts: a pure function of all legs that are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

# SEPA credit transfers arrive within one banking day (PSD2, article 83), which is four days over Easter; banks that
# take one more day for a transfer by paper are let in. More days would only let other transfers in.
DAYS_APART = 5


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of a transfer. `names` are the own accounts it can name; empty where it names no account at all.

    `amount_minor` is signed as the line is. `end_to_end_id` is empty where none was given, `text` its remittance
    without blanks, in small letters.
    """

    line_id: str
    account_id: str
    names: frozenset[str]
    amount_minor: int
    currency: str
    booked_on: date
    end_to_end_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Pairing:
    """`pairs` of (money out, money in); `unclear` legs are those that more than one other fits equally well."""

    pairs: tuple[tuple[Leg, Leg], ...]
    unclear: frozenset[str]


_Neighbours = Mapping[Leg, Sequence[Leg]]
_Pairs = tuple[tuple[Leg, Leg], ...]
_Alike = Callable[[Leg, Leg], bool]


def fit(out: Leg, back: Leg) -> bool:
    """Whether money that left by `out` can have arrived by `back`."""
    if out.amount_minor + back.amount_minor or out.currency != back.currency:
        return False
    if out.account_id == back.account_id or abs((back.booked_on - out.booked_on).days) > DAYS_APART:
        return False
    if not _name_each_other(out, back):
        return False
    return not (out.end_to_end_id and back.end_to_end_id) or out.end_to_end_id == back.end_to_end_id


def _name_each_other(a: Leg, b: Leg) -> bool:
    """At least one names the other's account and none a third; what is silent must not say something else, either."""
    a_names, b_names = b.account_id in a.names, a.account_id in b.names
    if a_names and b_names:
        return True
    if a_names:
        return not b.names and _same_text(a, b)
    return b_names and not a.names and _same_text(b, a)


def _same_text(naming: Leg, silent: Leg) -> bool:
    """Banks hand a text on as it is, some with words of their own around it."""
    return not silent.text or (
        bool(naming.text) and (naming.text in silent.text or silent.text in naming.text)
    )


def pair(legs: Iterable[Leg]) -> Pairing:
    """The pairs that are beyond doubt, whatever the order of `legs`.

    Where legs fit in several ways, those that share an EndToEndId with just one other are of one transfer; what is
    left is paired where each leg fits one other only, or each fits just one that was booked on the same day.
    Everything else stays as it is.
    """
    every = sorted(legs, key=lambda leg: (leg.booked_on, leg.line_id))
    neighbours = _neighbours(every)
    pairs = _mutual(neighbours, lambda a, b: bool(a.end_to_end_id) and a.end_to_end_id == b.end_to_end_id)
    neighbours = _without(neighbours, pairs)
    unclear: set[str] = set()
    for group in _groups(neighbours):
        own = {leg: neighbours[leg] for leg in group}
        found = _mutual(own, lambda a, b: True) if len(group) == 2 else ()
        found = found or _mutual(own, lambda a, b: a.booked_on == b.booked_on)
        if 2 * len(found) == len(group):
            pairs += found
        elif len(group) > 1:
            unclear |= {leg.line_id for leg in group}
    return Pairing(tuple(sorted(pairs, key=lambda two: two[0].line_id)), frozenset(unclear))


def _neighbours(legs: Sequence[Leg]) -> dict[Leg, list[Leg]]:
    by_amount: dict[tuple[str, int], list[Leg]] = {}
    for leg in legs:
        by_amount.setdefault((leg.currency, leg.amount_minor), []).append(leg)
    found: dict[Leg, list[Leg]] = {leg: [] for leg in legs}
    for out in legs:
        if out.amount_minor < 0:
            for back in by_amount.get((out.currency, -out.amount_minor), ()):
                if fit(out, back):
                    found[out].append(back)
                    found[back].append(out)
    return found


def _mutual(neighbours: _Neighbours, alike: _Alike) -> _Pairs:
    """The pairs of which each has just one neighbour that is alike, the other one."""
    only = {
        leg: near[0]
        for leg, all_near in neighbours.items()
        if len(near := [other for other in all_near if alike(leg, other)]) == 1
    }
    return tuple(
        (leg, other) for leg, other in only.items() if leg.amount_minor < 0 and only.get(other) is leg
    )


def _without(neighbours: _Neighbours, pairs: _Pairs) -> dict[Leg, list[Leg]]:
    gone = {leg for two in pairs for leg in two}
    return {
        leg: [other for other in near if other not in gone]
        for leg, near in neighbours.items()
        if leg not in gone
    }


def _groups(neighbours: _Neighbours) -> list[list[Leg]]:
    """The legs that hang together, each in one group."""
    seen: set[Leg] = set()
    groups = []
    for start in neighbours:
        if start in seen:
            continue
        group, frontier = [], [start]
        seen.add(start)
        while frontier:
            leg = frontier.pop()
            group.append(leg)
            new = [other for other in neighbours[leg] if other not in seen]
            seen.update(new)
            frontier += new
        groups.append(group)
    return groups
