"""Digits that stand together in a text: which pieces are one number, a list of numbers, or the ends of a range."""

from __future__ import annotations

import re
from typing import NamedTuple

from reconciliation.transfers.shapes import Fit, Shapes
from reconciliation.transfers.vocabulary import ROLES, Role
from reconciliation.transfers.words import Mark, Words

LARGEST_RANGE = 50  # numbers that one range can mean
MOST_JOINED = 4  # groups of digits that one number was cut into
TIGHT = frozenset({"-", "/", ".", "_", "--", "//", "–"})
DASHES = frozenset({"-", "--", "–", "—", "..", "..."})

_RUNS = re.compile(r"([A-Z]*)([0-9]+)")


class Unit(NamedTuple):
    """Digits that stand together: places of the first and last piece, and what they spell."""

    first: int
    last: int
    glued: str  # letters before the digits in one piece
    body: str
    fit: Fit


def units_of(words: Words, shapes: Shapes) -> list[Unit]:
    units: list[Unit] = []
    done = -1
    for place in words.numeric:
        if place <= done or _is_marked(words, place):
            continue
        done = _end_of_group(words, place)
        units += _of_group(words, shapes, place, done)
    return units


def _is_marked(words: Words, place: int) -> bool:
    """Whether this is part of what can be no number; what looks like a date can be one."""
    return words.marks.get(place, Mark.DATE) is not Mark.DATE


def _end_of_group(words: Words, first: int) -> int:
    """The last piece that is tied to the one at `first` by - / . or _ without a blank."""
    last = first
    while last + 1 < len(words.pieces) and words.gaps[last + 1] in TIGHT and not _is_marked(words, last + 1):
        last += 1
    return last


def _of_group(words: Words, shapes: Shapes, first: int, last: int) -> list[Unit]:
    """The units of pieces that are tied together: one number, or several with / or a range with - between."""
    while last > first and words.pieces[last].isalpha() and not shapes.mixed:
        last -= 1
    whole = _unit(words, shapes, first, last)
    if first == last:
        return [whole] if whole.fit is Fit.OURS else _of_piece(words, shapes, whole)
    if is_exactly_ours(shapes, whole):
        return [whole]
    return (
        _parted(words, shapes, first, last)
        or _short_range(words, shapes, first, last)
        or _behind_prefix(words, shapes, first, last)
        or [whole]
    )


def _unit(words: Words, shapes: Shapes, first: int, last: int) -> Unit:
    while last > first and words.pieces[last].isalpha():
        if shapes.mixed:
            attempt = _spelt(shapes, first, last, "".join(words.pieces[first : last + 1]))
            if attempt.fit is Fit.OURS:
                return attempt
        last -= 1
    return _spelt(shapes, first, last, "".join(words.pieces[first : last + 1]))


def _spelt(shapes: Shapes, first: int, last: int, spelt: str) -> Unit:
    glued = "" if spelt[0] <= "9" else letters_before_digits(spelt)
    body = spelt[len(glued) :]
    return Unit(first, last, glued, body, shapes.fit(body) if body else Fit.NONE)


def _of_piece(words: Words, shapes: Shapes, whole: Unit) -> list[Unit]:
    """One piece into which a bank ran several words: RE20260815VOM15032026."""
    piece = words.pieces[whole.first]
    if whole.body.isdigit():
        return [whole]
    for letters, body in _RUNS.findall(piece):
        known = letters in shapes.prefixes or ROLES.get(letters) is Role.INVOICE
        if known and shapes.fit(body) is Fit.OURS:
            return [Unit(whole.first, whole.last, letters, body, Fit.OURS)]
    return [whole]


def _parted(words: Words, shapes: Shapes, first: int, last: int) -> list[Unit]:
    """The numbers of a list with / between (2026/0815/816), or of a range; something else may stand before them."""
    for start in range(first, min(last, first + MOST_JOINED) + 1):
        if start > first and (words.gaps[start] != "/" or not _begins(words, shapes, start)):
            continue
        parts = _greedy(words, shapes, start, last)
        if parts[0].fit is Fit.OURS and (start > first or len(parts) > 1) and _agree(words, shapes, parts):
            return parts
    return []


def _greedy(words: Words, shapes: Shapes, first: int, last: int) -> list[Unit]:
    """The longest numbers of ours one after the other, behind them their like by the last digits alone."""
    parts: list[Unit] = []
    before: Unit | None = None
    while first <= last:
        part = _unit(words, shapes, first, first)
        bodies = [] if before is None else expanded(before, part)
        if bodies and before is not None:
            before = before._replace(body=bodies[-1])
        else:
            ends = range(min(last, first + MOST_JOINED), first - 1, -1)
            attempts = (_unit(words, shapes, first, end) for end in ends if not words.pieces[end].isalpha())
            part = before = next((one for one in attempts if is_exactly_ours(shapes, one)), part)
        parts.append(part)
        first = part.last + 1
    return parts


def is_exactly_ours(shapes: Shapes, unit: Unit) -> bool:
    """Whether it has as many digits as ours, and no zeros more than they have."""
    return unit.fit is Fit.OURS and (len(unit.body) in shapes.lengths or not unit.body.isdigit())


def _agree(words: Words, shapes: Shapes, parts: list[Unit]) -> bool:
    """Whether these are a list whose members are ours or the last digits of such, or the two ends of a range."""
    marks = {words.gaps[part.first] for part in parts[1:]}
    if marks <= {"/"}:
        before = parts[0]
        for part in parts[1:]:
            bodies = expanded(before, part)
            if part.fit is not Fit.OURS and not bodies:
                return False
            before = part if part.fit is Fit.OURS else before._replace(body=bodies[-1])
        return True
    if len(parts) != 2 or not marks <= DASHES:
        return False
    start, end = parts
    return (end.glued != "" and end.glued in shapes.prefixes) or bool(expanded(start, end))


def _short_range(words: Words, shapes: Shapes, first: int, last: int) -> list[Unit]:
    """The ends of a range without their leading zeros: 0815-0817 for 000815 to 000817."""
    if last != first + 1 or words.gaps[last] not in DASHES:
        return []
    start, end = (_unit(words, shapes, place, place) for place in (first, last))
    alike = start.fit is Fit.NEAR and len(start.body) == len(end.body) > 2
    return [start, end] if alike and expanded(start, end) else []


def _begins(words: Words, shapes: Shapes, place: int) -> bool:
    return words.pieces[place] in shapes.prefixes or not words.pieces[place].isalpha()


def _behind_prefix(words: Words, shapes: Shapes, first: int, last: int) -> list[Unit]:
    """The number at the end behind letters of ours: 4711-RE-20260815."""
    for place in range(last, first, -1):
        letters = letters_before_digits(words.pieces[place])
        if letters and letters in shapes.prefixes:
            unit = _unit(words, shapes, place, last)
            return [unit] if unit.fit is Fit.OURS else []
    return []


def expanded(start: Unit, end: Unit) -> list[str]:
    """The bodies of a range without its first; none if it is no range, or too large."""
    if not (start.body.isdigit() and end.body.isdigit()) or len(end.body) > len(start.body):
        return []
    if end.glued and (len(end.body) != len(start.body) or start.glued not in ("", end.glued)):
        return []
    if len(end.body) < 2 <= len(start.body):
        return []
    kept = start.body[: len(start.body) - len(end.body)]
    lowest, highest = int(start.body), int(kept + end.body)
    if not 0 < highest - lowest < LARGEST_RANGE:
        return []
    return [str(one).zfill(len(start.body)) for one in range(lowest + 1, highest + 1)]


def letters_before_digits(compacted: str) -> str:
    return compacted[: len(compacted) - len(compacted.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))]
