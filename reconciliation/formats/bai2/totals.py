"""Proves the control totals of a BAI2 file: what each account, group and file says it holds against what it does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciliation.formats.bai2 import values


@dataclass(slots=True)
class Count:
    """What was met of one account, group or file: amounts in minor units, its parts, and its lines of text."""

    minor: int = 0
    parts: int = 0
    rows: int = 0
    unread: int = 0

    def add(self, part: Count, declared: int | None) -> None:
        """Counts a part that has ended, by the total it declares itself, as the standard does."""
        self.minor += declared or 0
        self.parts += 1
        self.rows += part.rows
        self.unread += declared is None


@dataclass(frozen=True, slots=True)
class Trailer:
    """What an account, a group or a file says of itself at its end; None where it does not say so."""

    minor: int | None
    parts: int | None
    rows: int | None


def account_trailer(fields: list[str]) -> Trailer:
    """The end of an account (record 49). Raises UnreadableFile, without a line number, like the other two."""
    return Trailer(_number(fields, 0), None, _number(fields, 1))


def outer_trailer(fields: list[str]) -> Trailer:
    """The end of a group (record 98) or of a file (record 99)."""
    return Trailer(_number(fields, 0), _number(fields, 1), _number(fields, 2))


def _number(fields: list[str], index: int) -> int | None:
    return values.number(fields[index] if index < len(fields) else "", "A control total of the file")


def problems(what: str, found: Count, declared: Trailer, parts: str) -> Iterator[str]:
    """Each disagreement of `what` ("account") with its trailer, as a sentence; `parts` names what it holds."""
    if found.unread:
        yield f"The control total of the {what} cannot be proved, for not all its amounts can be read."
    elif declared.minor is None:
        yield f"The {what} states no control total."
    elif declared.minor != found.minor:
        yield f"The control total of the {what} is {declared.minor}, but its amounts make {found.minor}."
    if parts and declared.parts != found.parts:
        yield f"The {what} says it holds {_said(declared.parts)} {parts}, but it holds {found.parts}."
    if declared.rows != found.rows:
        yield f"The {what} says it has {_said(declared.rows)} records, but it has {found.rows}."


def _said(number: int | None) -> str:
    return "no number of" if number is None else str(number)
