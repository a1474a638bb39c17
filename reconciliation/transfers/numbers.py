"""Which invoice numbers a remittance text can mean, and how plainly it says so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from rapidfuzz.distance import OSA

from ledger.invoice_numbers import compact
from reconciliation.transfers.shapes import Fit, Shapes
from reconciliation.transfers.vocabulary import ROLES, Role
from reconciliation.transfers.words import Mark, Words

__all__ = ["How", "Mention", "Shapes", "as_written", "ending", "mentions", "near", "strays", "tails"]

LARGEST_RANGE = 50  # numbers that one range can mean
MOST_MENTIONS = 300  # of one text
_SHORTEST_ALONE = 4  # digits of a number that nobody calls one
_SHORTEST_WITH_STRANGE_LETTERS = 5
_SHORTEST_JOINED = 6
_MOST_JOINED = 4  # groups of digits that one number was cut into
_SHORTEST_NEAR = 5
_SHORTEST_TAIL = 3
_LOOKED_BACK = 8  # words

_RUNS = re.compile(r"([A-Z]*)([0-9]+)")
_JOINING = re.compile(r"[\s\-/._]{1,4}")
_BLANKS = re.compile(r"\s+")
_TIGHT = frozenset({"-", "/", ".", "_", "--", "//", "–"})
_DASHES = frozenset({"-", "--", "–", "—", "..", "..."})
_SIGNS = ("#", "№")
_LISTING = frozenset({",", ";", "+", "&", "/", ".", ",,", "|", "//"})


class How(StrEnum):
    """How a number stands in the text."""

    WHOLE = "whole"  # with the letters our numbers have, or without where ours have none
    WITHOUT_PREFIX = "without_prefix"
    OTHER_PREFIX = (
        "other_prefix"  # behind letters or a word that ours do not have: Rechnung20260815, RG 20260815
    )
    LISTED = "listed"  # behind another number, and called what that is called
    RANGED = "ranged"  # one of `1001-1005`
    JOINED = "joined"  # only found by joining digits over a blank or a line break


# Words that say what a number is, and those that say that it is one of ours.
_NAMING = frozenset({Role.INVOICE, Role.OTHERWISE, Role.TELEPHONE})
_TELLING = frozenset({Role.INVOICE, Role.NUMBER})

_PLAINNESS = {how: place for place, how in enumerate(How)}


@dataclass(frozen=True, slots=True)
class Mention:
    """A number in a text that can be one of our invoices."""

    core: str  # what invoices are looked up by
    how: How
    text: str  # as it stood, with its letters; of a range the whole range
    position: int
    letters: str  # before the digits, as written; the word where one stands instead; empty if there are none
    called_invoice: bool  # by a word like Rechnung or facture
    called_otherwise: bool  # customer, contract, order ...; or it has the form of a date or a year
    fits: bool  # it has the shape of ours, so it contradicts every other invoice if there is none with it


class _Unit(NamedTuple):
    """Digits that stand together: places of the first and last piece, and what they spell."""

    first: int
    last: int
    glued: str  # letters before the digits in one piece
    body: str
    fit: Fit


class _Called(NamedTuple):
    """What stands before a unit: letters that belong to it, what calls it, and the place where that begins."""

    letters: str
    ours: bool
    role: Role | None
    first: int


def mentions(words: Words, shapes: Shapes) -> tuple[Mention, ...]:
    """Every number in the text that can be an invoice of ours, once each, in the order of the text.

    None is taken out of a longer run of digits, of a telephone number, an IBAN, an amount, an address or a day
    that is called one. Digits that are fewer than ours, or less than four, count only behind letters of ours or a
    word for invoice. At most 300 are given.
    """
    found: list[Mention] = []
    if words.numeric and shapes.prefixes:
        found = _in_numbers(words, shapes)
    if shapes.words:
        found += _in_letters(words, shapes)
    if len(found) < 2:
        return tuple(found)
    return _once_each(found)


def strays(words: Words, shapes: Shapes) -> tuple[str, ...]:
    """Cores of all digits in the text that can be a number of ours with a slip in it: five digits or more."""
    units = _units(words, shapes)
    cores = (unit.body.lstrip("0") for unit in units)
    shortest = max(_SHORTEST_NEAR, min(shapes.lengths, default=0) - 1)
    return tuple(dict.fromkeys(core for core in cores if shortest <= len(core) <= shapes.longest + 1))


def tails(words: Words, shapes: Shapes) -> tuple[str, ...]:
    """Digits in the text that can be the end of a number of ours whose beginning was left out: 0815 of 2026-0815.

    Three need a word for invoice or letters of ours before them, four or more do not; years and what is called
    something else are none.
    """
    found = []
    for unit in _units(words, shapes):
        if unit.fit is not Fit.NEAR or len(unit.body) < _SHORTEST_TAIL or _is_year(unit.body):
            continue
        called = _called(words, shapes, unit)
        told = called.ours or called.role in _TELLING
        strange = bool(unit.glued) and not told
        alone = called.role is None and not strange and len(unit.body) >= _SHORTEST_ALONE
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


def as_written(mention: Mention, number: str) -> How:
    """How the mention stands against the number of the invoice it was looked up for.

    Only the number itself tells whether a blank stands where it has a mark of its own (`RE 2026 0815` for
    RE-2026/0815 is whole), and whether the letters are those of this invoice.
    """
    how = mention.how
    if how is How.JOINED and _cuts(mention.text) <= _cuts_by_any(number):
        how = How.WHOLE
    if how not in (How.WHOLE, How.WITHOUT_PREFIX, How.OTHER_PREFIX):
        return how
    letters = _letters(compact(number))
    if mention.letters == letters:
        return How.WHOLE
    if not mention.letters:
        return How.WITHOUT_PREFIX
    named = mention.called_invoice or mention.how is How.WHOLE
    return How.WHOLE if not letters and named and how is How.WHOLE else How.OTHER_PREFIX


def _cuts(text: str) -> set[int]:
    """Where blanks stand in it, counted in letters and digits from the end."""
    pieces = [compact(piece) for piece in _BLANKS.split(text)]
    return _offsets(pieces)


def _cuts_by_any(number: str) -> set[int]:
    """Where anything but letters and digits stands, and where letters end, counted from the end."""
    whole = compact(number)
    pieces = [compact(piece) for piece in re.split(r"[^A-Za-z0-9]+", number)]
    return _offsets(pieces) | {len(whole) - len(_letters(whole))}


def _offsets(pieces: Sequence[str]) -> set[int]:
    offsets, behind = set(), 0
    for piece in reversed(pieces[1:]):
        behind += len(piece)
        offsets.add(behind)
    return offsets - {0}


def _letters(compacted: str) -> str:
    return compacted[: len(compacted) - len(compacted.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))]


def _once_each(found: list[Mention]) -> tuple[Mention, ...]:
    """The plainest mention of each core, in the order of the text."""
    best: dict[str, Mention] = {}
    for mention in sorted(found, key=lambda one: (one.called_otherwise, _PLAINNESS[one.how], one.position)):
        best.setdefault(mention.core, mention)
    ordered = sorted(best.values(), key=lambda one: (one.position, len(one.core), one.core))
    return tuple(ordered[:MOST_MENTIONS])


def _in_letters(words: Words, shapes: Shapes) -> list[Mention]:
    """Numbers of ours that are letters alone."""
    return [
        Mention(
            core=piece, how=How.WHOLE, text=words.standing(place, place), position=words.position(place), letters="",
            called_invoice=place > 0 and words.roles[place - 1] is Role.INVOICE, called_otherwise=False, fits=True,
        )
        for place, piece in enumerate(words.pieces)
        if piece in shapes.words and place not in words.marks
    ]  # fmt: skip


# Units: what stands together.


def _units(words: Words, shapes: Shapes) -> list[_Unit]:
    units: list[_Unit] = []
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
    while last + 1 < len(words.pieces) and words.gaps[last + 1] in _TIGHT and not _is_marked(words, last + 1):
        last += 1
    return last


def _of_group(words: Words, shapes: Shapes, first: int, last: int) -> list[_Unit]:
    """The units of pieces that are tied together: one number, or several with / or a range with - between."""
    while last > first and words.pieces[last].isalpha() and not shapes.mixed:
        last -= 1
    whole = _unit(words, shapes, first, last)
    if first == last:
        return [whole] if whole.fit is Fit.OURS else _of_piece(words, shapes, whole)
    if _is_exactly_ours(shapes, whole):
        return [whole]
    return (
        _parted(words, shapes, first, last)
        or _short_range(words, shapes, first, last)
        or _behind_prefix(words, shapes, first, last)
        or [whole]
    )


def _unit(words: Words, shapes: Shapes, first: int, last: int) -> _Unit:
    while last > first and words.pieces[last].isalpha():
        if shapes.mixed:
            attempt = _spelt(shapes, first, last, "".join(words.pieces[first : last + 1]))
            if attempt.fit is Fit.OURS:
                return attempt
        last -= 1
    return _spelt(shapes, first, last, "".join(words.pieces[first : last + 1]))


def _spelt(shapes: Shapes, first: int, last: int, spelt: str) -> _Unit:
    glued = "" if spelt[0] <= "9" else _letters(spelt)
    body = spelt[len(glued) :]
    return _Unit(first, last, glued, body, shapes.fit(body) if body else Fit.NONE)


def _of_piece(words: Words, shapes: Shapes, whole: _Unit) -> list[_Unit]:
    """One piece into which a bank ran several words: RE20260815VOM15032026."""
    piece = words.pieces[whole.first]
    if whole.body.isdigit():
        return [whole]
    for letters, body in _RUNS.findall(piece):
        known = letters in shapes.prefixes or ROLES.get(letters) is Role.INVOICE
        if known and shapes.fit(body) is Fit.OURS:
            return [_Unit(whole.first, whole.last, letters, body, Fit.OURS)]
    return [whole]


def _parted(words: Words, shapes: Shapes, first: int, last: int) -> list[_Unit]:
    """The numbers of a list with / between (2026/0815/816), or of a range; something else may stand before them."""
    for start in range(first, min(last, first + _MOST_JOINED) + 1):
        if start > first and (words.gaps[start] != "/" or not _begins(words, shapes, start)):
            continue
        parts = _greedy(words, shapes, start, last)
        if parts[0].fit is Fit.OURS and (start > first or len(parts) > 1) and _agree(words, shapes, parts):
            return parts
    return []


def _greedy(words: Words, shapes: Shapes, first: int, last: int) -> list[_Unit]:
    """The longest numbers of ours one after the other, behind them their like by the last digits alone."""
    parts: list[_Unit] = []
    before: _Unit | None = None
    while first <= last:
        part = _unit(words, shapes, first, first)
        bodies = [] if before is None else _expanded(before, part)
        if bodies and before is not None:
            before = before._replace(body=bodies[-1])
        else:
            ends = range(min(last, first + _MOST_JOINED), first - 1, -1)
            attempts = (_unit(words, shapes, first, end) for end in ends if not words.pieces[end].isalpha())
            part = before = next((one for one in attempts if _is_exactly_ours(shapes, one)), part)
        parts.append(part)
        first = part.last + 1
    return parts


def _is_exactly_ours(shapes: Shapes, unit: _Unit) -> bool:
    """Whether it has as many digits as ours, and no zeros more than they have."""
    return unit.fit is Fit.OURS and (len(unit.body) in shapes.lengths or not unit.body.isdigit())


def _agree(words: Words, shapes: Shapes, parts: list[_Unit]) -> bool:
    """Whether these are a list whose members are ours or the last digits of such, or the two ends of a range."""
    marks = {words.gaps[part.first] for part in parts[1:]}
    if marks <= {"/"}:
        before = parts[0]
        for part in parts[1:]:
            bodies = _expanded(before, part)
            if part.fit is not Fit.OURS and not bodies:
                return False
            before = part if part.fit is Fit.OURS else before._replace(body=bodies[-1])
        return True
    if len(parts) != 2 or not marks <= _DASHES:
        return False
    start, end = parts
    return (end.glued != "" and end.glued in shapes.prefixes) or bool(_expanded(start, end))


def _short_range(words: Words, shapes: Shapes, first: int, last: int) -> list[_Unit]:
    """The ends of a range without their leading zeros: 0815-0817 for 000815 to 000817."""
    if last != first + 1 or words.gaps[last] not in _DASHES:
        return []
    start, end = (_unit(words, shapes, place, place) for place in (first, last))
    alike = start.fit is Fit.NEAR and len(start.body) == len(end.body) > 2
    return [start, end] if alike and _expanded(start, end) else []


def _begins(words: Words, shapes: Shapes, place: int) -> bool:
    return words.pieces[place] in shapes.prefixes or not words.pieces[place].isalpha()


def _behind_prefix(words: Words, shapes: Shapes, first: int, last: int) -> list[_Unit]:
    """The number at the end behind letters of ours: 4711-RE-20260815."""
    for place in range(last, first, -1):
        letters = _letters(words.pieces[place])
        if letters and letters in shapes.prefixes:
            unit = _unit(words, shapes, place, last)
            return [unit] if unit.fit is Fit.OURS else []
    return []


def _expanded(start: _Unit, end: _Unit) -> list[str]:
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


# Mentions: what a unit is called, alone and beside the one before it.


class _Standing(NamedTuple):
    """The last number that counted, from which the next may take its letters."""

    unit: _Unit
    called: _Called


def _in_numbers(words: Words, shapes: Shapes) -> list[Mention]:
    units = _units(words, shapes)
    found: list[Mention] = []
    covered: set[int] = set()
    before: _Standing | None = None
    for index, unit in enumerate(units):
        if len(found) >= MOST_MENTIONS:
            break
        called = _called(words, shapes, unit)
        if unit.fit is not Fit.OURS or called.ours:
            for mention, last in _joined(words, shapes, units, index, called):
                found.append(mention)
                if mention.fits:
                    covered.update(range(index, last + 1))
        follows = _following(words, shapes, before, unit, called) if before is not None else None
        if follows is not None:
            new, before = follows
            found += new
            continue
        mention_alone = (
            None if index in covered and unit.fit is not Fit.OURS else _alone(words, shapes, unit, called)
        )
        if mention_alone is not None:
            found.append(mention_alone)
            before = _Standing(unit, called)
        else:
            before = None
    return found


def _called(words: Words, shapes: Shapes, unit: _Unit) -> _Called:
    """The letters of a unit, glued to it or before it, and the word that says what it is."""
    first, glued = unit.first, unit.glued
    if glued:
        if glued in shapes.prefixes:
            return _Called(glued, True, _role_before(words, first), first)
        if (
            first > 0
            and _is_joinable(words.gaps[first])
            and words.pieces[first - 1] + glued in shapes.prefixes
        ):
            return _Called(words.pieces[first - 1] + glued, True, None, first - 1)
        role = ROLES.get(glued)
        if role is None or role is Role.NUMBER:
            role = _role_before(words, first) or role
        return _Called(glued, False, role, first)
    place = first - 1
    if place >= 0 and words.roles[place] is Role.NUMBER and words.pieces[place] not in shapes.prefixes:
        place -= 1
    if place >= 0 and _is_close(words, place, first):
        piece = words.pieces[place]
        if piece in shapes.prefixes:
            return _Called(piece, True, _role_before(words, place), place)
        if place > 0 and piece.isalpha() and words.pieces[place - 1] + piece in shapes.prefixes:
            return _Called(words.pieces[place - 1] + piece, True, None, place - 1)
    role = _role_before(words, first)
    letters = _strange_letters(words, first, role)
    if letters and role is None:
        role = _role_before(words, first - 1)
    return _Called(letters, False, role, first)


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
    short = len(piece) <= 2 and words.roles[place] is None and words.gaps[place] not in _TIGHT
    return piece if short or words.gaps[first] in _TIGHT else ""


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


def _alone(words: Words, shapes: Shapes, unit: _Unit, called: _Called) -> Mention | None:
    """The mention of a unit that stands by itself."""
    core = unit.body.lstrip("0")
    if unit.fit is Fit.NONE or not core or _is_none(words, unit, called):
        return None
    invoice = called.role is Role.INVOICE
    told = called.ours or called.role in _TELLING
    if (unit.fit is Fit.NEAR or len(core) < _SHORTEST_ALONE) and not told:
        return None
    tied = bool(called.letters) and words.gaps[unit.first] in _TIGHT
    strange = (bool(unit.glued) or tied) and not told
    if strange and len(core) < _SHORTEST_WITH_STRANGE_LETTERS:
        return None
    otherwise = not called.ours and (
        called.role is Role.OTHERWISE
        or words.marks.get(unit.last) is Mark.DATE
        or (not told and _is_year(unit.body))
    )
    return Mention(
        core=core, how=_how(shapes, unit, called), text=words.standing(called.first, unit.last),
        position=words.position(called.first), letters=called.letters, called_invoice=invoice,
        called_otherwise=otherwise, fits=unit.fit is Fit.OURS and not otherwise and not strange,
    )  # fmt: skip


def _is_none(words: Words, unit: _Unit, called: _Called) -> bool:
    """Whether what calls it says that it is a telephone number, money or a day."""
    if called.ours:
        return False
    if called.role is Role.DATE:
        return words.marks.get(unit.last) is Mark.DATE or _is_day(unit.body)
    return called.role in (Role.TELEPHONE, Role.CURRENCY)


def _is_year(body: str) -> bool:
    return len(body) == 4 and body[:2] in ("19", "20")


def _is_day(body: str) -> bool:
    """Whether digits alone can be a day: 20260315, 15032026, 150326, 1503, 2026."""
    if not body.isdigit() or len(body) not in (4, 6, 8):
        return False
    if _is_year(body):
        return True
    orders = ((4, 6, 6, 8), (2, 4, 0, 2)) if len(body) == 8 else ((2, 4, 0, 2), (2, 4, 4, 6))
    return any(1 <= int(body[a:b]) <= 12 and 1 <= int(body[c:d] or 0) <= 31 for a, b, c, d in orders)


def _how(shapes: Shapes, unit: _Unit, called: _Called) -> How:
    if called.ours:
        return How.WHOLE if shapes.are_ours(called.letters, unit.body) else How.OTHER_PREFIX
    if unit.glued:
        return How.OTHER_PREFIX
    if shapes.are_ours("", unit.body) and (called.role is Role.INVOICE or not called.letters):
        return How.WHOLE
    return How.OTHER_PREFIX if called.letters else How.WITHOUT_PREFIX


def _following(
    words: Words, shapes: Shapes, before: _Standing, unit: _Unit, called: _Called
) -> tuple[list[Mention], _Standing] | None:
    """The mentions of a unit that goes on a list or ends a range; None if it stands by itself."""
    link = _link(words, before.unit.last, min(unit.first, called.first))
    if link is None:
        return None
    start = before.unit
    strange = bool(called.letters) and called.letters != before.called.letters
    alike = called.ours or called.role in (None, before.called.role)
    if link is Role.UNTIL and not strange and alike:
        bodies = _expanded(start, unit._replace(glued=""))
        if bodies:
            return _ranged(words, before, unit, bodies), _Standing(
                unit._replace(body=bodies[-1]), before.called
            )
    if called.letters or called.role not in (None, before.called.role) or unit.glued:
        return None
    return _listed(words, before, unit, tied=link is not Role.NUMBER)


def _link(words: Words, last: int, first: int) -> Role | None:
    """How two units hang together: AND in a list, UNTIL in a range, NUMBER if only a blank is between."""
    between = first - last - 1
    if between == 0:
        gap = words.gaps[first].strip()
        if not gap:
            return Role.NUMBER
        return Role.UNTIL if gap in _DASHES else Role.AND if gap in _LISTING else None
    if between > 2:
        return None
    role = words.roles[last + 1]
    if between == 2:
        if words.pieces[last + 1 : last + 3] == ["T", "M"]:
            return Role.UNTIL
        return role if role is Role.UNTIL and words.roles[last + 2] is Role.FILLER else None
    return role if role in (Role.AND, Role.UNTIL) else None


def _ranged(words: Words, before: _Standing, unit: _Unit, bodies: list[str]) -> list[Mention]:
    called, start = before.called, before.unit
    text = words.standing(called.first, unit.last)
    position = words.position(called.first)
    otherwise = called.role is Role.OTHERWISE and not called.ours
    return [
        Mention(
            core=body.lstrip("0"), how=How.RANGED, text=text, position=position, letters=called.letters,
            called_invoice=called.role is Role.INVOICE, called_otherwise=otherwise,
            fits=place == len(bodies) - 1 and start.fit is Fit.OURS and not otherwise,
        )
        for place, body in enumerate(bodies)
    ]  # fmt: skip


def _listed(
    words: Words, before: _Standing, unit: _Unit, *, tied: bool
) -> tuple[list[Mention], _Standing] | None:
    """The next of a list: in full, or its last digits where those before are the same."""
    start, called = before.unit, before.called
    told = called.ours or called.role in _TELLING
    body = unit.body
    if not (tied or told):
        return None
    if unit.fit is not Fit.OURS:
        rest = _expanded(start, unit) if tied else []
        if rest:
            body = rest[-1]
        elif not (told and unit.fit is Fit.NEAR and tied):
            return None
    elif len(body) != len(start.body) and not told:
        return None
    core = body.lstrip("0")
    if not core or (len(core) < _SHORTEST_ALONE and not told) or words.marks.get(unit.last) is Mark.DATE:
        return None
    alike = len(body) == len(start.body)
    otherwise = called.role is Role.OTHERWISE and not called.ours and alike
    year = _is_year(body)
    mention = Mention(
        core=core, how=How.LISTED, text=words.standing(unit.first, unit.last), position=words.position(unit.first),
        letters=called.letters, called_invoice=called.role is Role.INVOICE, called_otherwise=otherwise,
        fits=unit.fit is Fit.OURS and not otherwise and not year,
    )  # fmt: skip
    return [mention], _Standing(unit._replace(body=body), called)


def _joined(
    words: Words, shapes: Shapes, units: Sequence[_Unit], index: int, called: _Called
) -> Iterator[tuple[Mention, int]]:
    """Numbers that begin with this unit and go on in the next, over a blank or the end of a line."""
    first = units[index]
    body = first.body
    alone = first.fit is Fit.OURS
    unlisted = True  # no mark of lists is in it
    told = called.ours or called.role is Role.INVOICE
    if _is_none(words, first, called) or Mark.DATE is words.marks.get(first.last):
        return
    for place in range(index + 1, min(index + _MOST_JOINED, len(units))):
        unit = units[place]
        if unit.first != units[place - 1].last + 1 or not _is_joinable(words.gaps[unit.first]):
            return
        body += unit.glued + unit.body
        unlisted = unlisted and "/" not in words.gaps[unit.first]
        alone = alone or unit.fit is Fit.OURS
        if len(body) > shapes.longest + 4 and not shapes.mixed:
            return
        spelt = first._replace(body=body, fit=shapes.fit(body))
        fits = spelt.fit is Fit.OURS if unlisted else _is_exactly_ours(shapes, spelt)
        if not fits or (alone and not called.ours):
            continue
        mention = _joined_mention(words, called, unit, body, fits=told and not alone)
        if mention is not None:
            yield mention, place


def _joined_mention(words: Words, called: _Called, last: _Unit, body: str, *, fits: bool) -> Mention | None:
    core = body.lstrip("0")
    invoice = called.role is Role.INVOICE
    if len(core) < _SHORTEST_JOINED and not (called.ours or called.role in _TELLING):
        return None
    return Mention(
        core=core, how=How.JOINED, text=words.standing(called.first, last.last),
        position=words.position(called.first), letters=called.letters, called_invoice=invoice,
        called_otherwise=called.role is Role.OTHERWISE and not called.ours, fits=fits,
    )  # fmt: skip


def _is_joinable(gap: str) -> bool:
    return _JOINING.fullmatch(gap) is not None
