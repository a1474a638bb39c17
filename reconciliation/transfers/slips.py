"""Numbers that were written wrong or in part: which of a few invoices they can mean."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz.distance import OSA

from reconciliation.transfers.calling import SHORTEST_ALONE, TELLING, called_as, is_year
from reconciliation.transfers.shapes import Fit, Shapes
from reconciliation.transfers.units import units_of
from reconciliation.transfers.words import Mark, Words

_SHORTEST_NEAR = 5
_SHORTEST_TAIL = 3


def strays(words: Words, shapes: Shapes) -> tuple[str, ...]:
    """All digits in the text that can be a number of ours with a slip in it: five or more.

    Zeros before them are left out, unless less than five digits would stay: of 0000825 all seven count.
    """
    units = units_of(words, shapes)
    shortest = max(_SHORTEST_NEAR, min(shapes.lengths, default=0) - 1)
    longest = shapes.longest + 1
    found = (_telling(unit.body, shortest) for unit in units)
    return tuple(dict.fromkeys(digits for digits in found if shortest <= len(digits) <= longest))


def _telling(body: str, shortest: int) -> str:
    core = body.lstrip("0")
    return core if len(core) >= shortest else body


def tails(words: Words, shapes: Shapes) -> tuple[str, ...]:
    """Digits in the text that can be the end of a number of ours whose beginning was left out: 0815 of 2026-0815.

    Three need a word for invoice or letters of ours before them, four or more do not; years and what is called
    something else are none.
    """
    found = []
    for unit in units_of(words, shapes):
        if unit.fit is not Fit.NEAR or len(unit.body) < _SHORTEST_TAIL or is_year(unit.body):
            continue
        called = called_as(words, shapes, unit)
        told = called.ours or called.role in TELLING
        strange = bool(unit.glued) and not told
        alone = called.role is None and not strange and len(unit.body) >= SHORTEST_ALONE
        if (told or alone) and words.marks.get(unit.last) is not Mark.DATE:
            found.append(unit.body)
    return tuple(dict.fromkeys(found))


def ending(tail: str, cores: Iterable[str]) -> list[str]:
    """Those of `cores` that are longer than `tail` and end with it. They should be few, as for `near`."""
    return [one for one in cores if len(one) > len(tail) and one.endswith(tail)]


def near(core: str, cores: Iterable[str]) -> list[str]:
    """Those of `cores` that one slip makes of `core`: a digit wrong, missing or added, two neighbours swapped.

    Both have five characters at least. Every one of `cores` is looked at, so they should be few: those of one
    customer's open invoices.
    """
    if len(core) < _SHORTEST_NEAR:
        return []
    return [
        one
        for one in cores
        if len(one) >= _SHORTEST_NEAR
        and abs(len(one) - len(core)) <= 1
        and OSA.distance(one, core, score_cutoff=1) == 1
    ]
