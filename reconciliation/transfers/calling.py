"""What the words and letters before digits call them: an invoice, something else, or nothing."""

from __future__ import annotations

import re
from typing import NamedTuple

from reconciliation.transfers.shapes import Shapes
from reconciliation.transfers.units import TIGHT, Unit
from reconciliation.transfers.vocabulary import ROLES, Role
from reconciliation.transfers.words import Mark, Words

SHORTEST_ALONE = 4  # digits of a number that nobody calls one

# Words that say that a number is one of ours, or only that it is a number.
TELLING = frozenset({Role.INVOICE, Role.NUMBER})

_NAMING = frozenset({Role.INVOICE, Role.OTHERWISE, Role.TELEPHONE})
_LOOKED_BACK = 8  # words
_SIGNS = ("#", "№")
_JOINING = re.compile(r"[\s\-/._]{1,4}")


class Called(NamedTuple):
    """What stands before a unit: letters that belong to it, what calls it, and the place where that begins."""

    letters: str
    ours: bool
    role: Role | None
    first: int


def called_as(words: Words, shapes: Shapes, unit: Unit) -> Called:
    """The letters of a unit, glued to it or before it, and the word that says what it is."""
    first, glued = unit.first, unit.glued
    if glued:
        if glued in shapes.prefixes:
            return Called(glued, True, _role_before(words, first), first)
        if (
            first > 0
            and is_joinable(words.gaps[first])
            and words.pieces[first - 1] + glued in shapes.prefixes
        ):
            return Called(words.pieces[first - 1] + glued, True, None, first - 1)
        role = ROLES.get(glued)
        if role is None or role is Role.NUMBER:
            role = _role_before(words, first) or role
        return Called(glued, False, role, first)
    place = first - 1
    if place >= 0 and words.roles[place] is Role.NUMBER and words.pieces[place] not in shapes.prefixes:
        place -= 1
    if place >= 0 and _is_close(words, place, first):
        piece = words.pieces[place]
        if piece in shapes.prefixes:
            return Called(piece, True, _role_before(words, place), place)
        if place > 0 and piece.isalpha() and words.pieces[place - 1] + piece in shapes.prefixes:
            return Called(words.pieces[place - 1] + piece, True, None, place - 1)
    role = _role_before(words, first)
    letters = _strange_letters(words, first, role)
    if letters and role is None:
        role = _role_before(words, first - 1)
    return Called(letters, False, role, first)


def _is_close(words: Words, place: int, first: int) -> bool:
    """Whether only short marks stand between two pieces, and none that ends a part of the text."""
    return all(
        len(gap) <= 4 and "," not in gap and ";" not in gap for gap in words.gaps[place + 1 : first + 1]
    )


def _strange_letters(words: Words, first: int, role: Role | None) -> str:
    """The word for invoice before a unit, or one or two letters of another kind: RG 20260815, BX-20260815."""
    if first == 0:
        return ""
    place = first - 1
    while place > 0 and words.roles[place] is Role.NUMBER:
        place -= 1
    piece = words.pieces[place]
    if not piece.isalpha():
        return ""
    if role is Role.INVOICE and words.roles[place] is Role.INVOICE:
        return piece
    if place < first - 1:
        return ""
    short = len(piece) <= 2 and words.roles[place] is None and words.gaps[place] not in TIGHT
    return piece if short or words.gaps[first] in TIGHT else ""


def _role_before(words: Words, first: int) -> Role | None:
    """What the words before a place call the number that begins there."""
    place = first - 1
    stop = max(-1, first - 1 - _LOOKED_BACK)
    numbered = Role.NUMBER if words.gaps[first].rstrip()[-1:] in _SIGNS else None
    while place > stop:
        role = words.roles[place]
        if role in _NAMING:
            return role
        if role is Role.DATE:
            if place == first - 1:
                return role
        elif role is Role.NUMBER:
            numbered = role
        elif role is not Role.FILLER and words.marks.get(place) is not Mark.DATE:
            break
        place -= 1
    return numbered


def is_called_none(words: Words, unit: Unit, called: Called) -> bool:
    """Whether what calls it says that it is a telephone number, money or a day."""
    if called.ours:
        return False
    if called.role is Role.DATE:
        return words.marks.get(unit.last) is Mark.DATE or _is_day(unit.body)
    return called.role in (Role.TELEPHONE, Role.CURRENCY)


def is_year(body: str) -> bool:
    return len(body) == 4 and body[:2] in ("19", "20")


def _is_day(body: str) -> bool:
    """Whether digits alone can be a day: 20260315, 15032026, 150326, 1503, 2026."""
    if not body.isdigit() or len(body) not in (4, 6, 8):
        return False
    if is_year(body):
        return True
    orders = ((4, 6, 6, 8), (2, 4, 0, 2)) if len(body) == 8 else ((2, 4, 0, 2), (2, 4, 4, 6))
    return any(1 <= int(body[a:b]) <= 12 and 1 <= int(body[c:d] or 0) <= 31 for a, b, c, d in orders)


def is_joinable(gap: str) -> bool:
    return _JOINING.fullmatch(gap) is not None
