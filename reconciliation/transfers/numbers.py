"""Which invoice numbers a remittance text can mean, and how plainly it says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reconciliation.transfers.calling import (
    SHORTEST_ALONE,
    TELLING,
    Called,
    called_as,
    is_called_none,
    is_joinable,
    is_year,
)
from reconciliation.transfers.mention import How, Mention, as_written
from reconciliation.transfers.shapes import Fit, Shapes
from reconciliation.transfers.slips import ending, near, strays, tails
from reconciliation.transfers.units import (
    DASHES,
    MOST_JOINED,
    TIGHT,
    Unit,
    expanded,
    is_exactly_ours,
    units_of,
)
from reconciliation.transfers.vocabulary import Role
from reconciliation.transfers.words import Mark, Words

__all__ = ["How", "Mention", "Shapes", "as_written", "ending", "mentions", "near", "strays", "tails"]

MOST_MENTIONS = 300  # of one text
_SHORTEST_WITH_STRANGE_LETTERS = 5
_SHORTEST_JOINED = 6

_LISTING = frozenset({",", ";", "+", "&", "/", ".", ",,", "|", "//"})

_PLAINNESS = {how: place for place, how in enumerate(How)}


class _Standing(NamedTuple):
    """The last number that counted, from which the next may take its letters."""

    unit: Unit
    called: Called


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


def _in_numbers(words: Words, shapes: Shapes) -> list[Mention]:
    units = units_of(words, shapes)
    found: list[Mention] = []
    covered: set[int] = set()
    before: _Standing | None = None
    for index, unit in enumerate(units):
        if len(found) >= MOST_MENTIONS:
            break
        called = called_as(words, shapes, unit)
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


def _alone(words: Words, shapes: Shapes, unit: Unit, called: Called) -> Mention | None:
    """The mention of a unit that stands by itself."""
    core = unit.body.lstrip("0")
    if unit.fit is Fit.NONE or not core or is_called_none(words, unit, called):
        return None
    invoice = called.role is Role.INVOICE
    told = called.ours or called.role in TELLING
    if (unit.fit is Fit.NEAR or len(core) < SHORTEST_ALONE) and not told:
        return None
    tied = bool(called.letters) and words.gaps[unit.first] in TIGHT
    strange = (bool(unit.glued) or tied) and not told
    if strange and len(core) < _SHORTEST_WITH_STRANGE_LETTERS:
        return None
    otherwise = not called.ours and (
        called.role is Role.OTHERWISE
        or words.marks.get(unit.last) is Mark.DATE
        or (not told and is_year(unit.body))
    )
    return Mention(
        core=core, how=_how(shapes, unit, called), text=words.standing(called.first, unit.last),
        position=words.position(called.first), letters=called.letters, called_invoice=invoice,
        called_otherwise=otherwise, fits=unit.fit is Fit.OURS and not otherwise and not strange,
    )  # fmt: skip


def _how(shapes: Shapes, unit: Unit, called: Called) -> How:
    if called.ours:
        return How.WHOLE if shapes.are_ours(called.letters, unit.body) else How.OTHER_PREFIX
    if unit.glued:
        return How.OTHER_PREFIX
    if shapes.are_ours("", unit.body) and (called.role is Role.INVOICE or not called.letters):
        return How.WHOLE
    return How.OTHER_PREFIX if called.letters else How.WITHOUT_PREFIX


def _following(
    words: Words, shapes: Shapes, before: _Standing, unit: Unit, called: Called
) -> tuple[list[Mention], _Standing] | None:
    """The mentions of a unit that goes on a list or ends a range; None if it stands by itself."""
    link = _link(words, before.unit.last, min(unit.first, called.first))
    if link is None:
        return None
    start = before.unit
    strange = bool(called.letters) and called.letters != before.called.letters
    alike = called.ours or called.role in (None, before.called.role)
    if link is Role.UNTIL and not strange and alike:
        bodies = expanded(start, unit._replace(glued=""))
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
        return Role.UNTIL if gap in DASHES else Role.AND if gap in _LISTING else None
    if between > 2:
        return None
    role = words.roles[last + 1]
    if between == 2:
        if words.pieces[last + 1 : last + 3] == ["T", "M"]:
            return Role.UNTIL
        return role if role is Role.UNTIL and words.roles[last + 2] is Role.FILLER else None
    return role if role in (Role.AND, Role.UNTIL) else None


def _ranged(words: Words, before: _Standing, unit: Unit, bodies: list[str]) -> list[Mention]:
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
    words: Words, before: _Standing, unit: Unit, *, tied: bool
) -> tuple[list[Mention], _Standing] | None:
    """The next of a list: in full, or its last digits where those before are the same."""
    start, called = before.unit, before.called
    told = called.ours or called.role in TELLING
    body = unit.body
    if not (tied or told):
        return None
    if unit.fit is not Fit.OURS:
        rest = expanded(start, unit) if tied else []
        if rest:
            body = rest[-1]
        elif not (told and unit.fit is Fit.NEAR and tied):
            return None
    elif len(body) != len(start.body) and not told:
        return None
    core = body.lstrip("0")
    if not core or (len(core) < SHORTEST_ALONE and not told) or words.marks.get(unit.last) is Mark.DATE:
        return None
    alike = len(body) == len(start.body)
    otherwise = called.role is Role.OTHERWISE and not called.ours and alike
    year = is_year(body)
    mention = Mention(
        core=core, how=How.LISTED, text=words.standing(unit.first, unit.last), position=words.position(unit.first),
        letters=called.letters, called_invoice=called.role is Role.INVOICE, called_otherwise=otherwise,
        fits=unit.fit is Fit.OURS and not otherwise and not year,
    )  # fmt: skip
    return [mention], _Standing(unit._replace(body=body), called)


def _joined(
    words: Words, shapes: Shapes, units: Sequence[Unit], index: int, called: Called
) -> Iterator[tuple[Mention, int]]:
    """Numbers that begin with this unit and go on in the next, over a blank or the end of a line."""
    first = units[index]
    body = first.body
    alone = first.fit is Fit.OURS
    unlisted = True  # no mark of lists is in it
    told = called.ours or called.role is Role.INVOICE
    if is_called_none(words, first, called) or Mark.DATE is words.marks.get(first.last):
        return
    for place in range(index + 1, min(index + MOST_JOINED, len(units))):
        unit = units[place]
        if unit.first != units[place - 1].last + 1 or not is_joinable(words.gaps[unit.first]):
            return
        body += unit.glued + unit.body
        unlisted = unlisted and "/" not in words.gaps[unit.first]
        alone = alone or unit.fit is Fit.OURS
        if len(body) > shapes.longest + 4 and not shapes.mixed:
            return
        spelt = first._replace(body=body, fit=shapes.fit(body))
        fits = spelt.fit is Fit.OURS if unlisted else is_exactly_ours(shapes, spelt)
        if not fits or (alone and not called.ours):
            continue
        mention = _joined_mention(words, called, unit, body, fits=told and not alone)
        if mention is not None:
            yield mention, place


def _joined_mention(words: Words, called: Called, last: Unit, body: str, *, fits: bool) -> Mention | None:
    core = body.lstrip("0")
    invoice = called.role is Role.INVOICE
    if len(core) < _SHORTEST_JOINED and not (called.ours or called.role in TELLING):
        return None
    return Mention(
        core=core, how=How.JOINED, text=words.standing(called.first, last.last),
        position=words.position(called.first), letters=called.letters, called_invoice=invoice,
        called_otherwise=called.role is Role.OTHERWISE and not called.ours, fits=fits,
    )  # fmt: skip
