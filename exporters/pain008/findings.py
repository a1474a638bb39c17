"""What a rule is, what it looks at, and what it says when a bank would refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeAlias

from exporters.pain008 import places
from exporters.pain008.fields import Fields
from exporters.pain008.profiles import Profile

# Path within the part, and a whole sentence that never quotes a name or an account.
Fault: TypeAlias = tuple[str, str]


class Severity(StrEnum):
    """A bank refuses an error; a warning it may refuse, or change on its own."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One breach of one rule; `transaction` is the EndToEndId of the collection concerned, if it is one."""

    rule: str
    severity: Severity
    path: str
    transaction: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Case:
    """One part of a file before the rules; `block` is the head of the payment block around a transaction."""

    path: str
    fields: Fields
    profile: Profile
    today: date | None
    block: Fields


@dataclass(frozen=True, slots=True)
class Rule:
    """A named rule with where it is written, and the function that yields every breach in a part.

    A rule with `where` has nothing to say of parts in which that element does not stand.
    """

    name: str
    severity: Severity
    source: str
    faults: Callable[[Case], Iterable[Fault]]
    where: str | None = None


def findings(rules: Iterable[Rule], case: Case) -> Iterator[Finding]:
    """Every breach of `rules` in one part of a file."""
    fields = case.fields
    for rule in rules:
        if rule.where is None or rule.where in fields:
            for path, message in rule.faults(case):
                yield Finding(
                    rule=rule.name,
                    severity=rule.severity,
                    path=f"{case.path}/{path}",
                    transaction=fields.get(places.END_TO_END_ID),
                    message=message,
                )
