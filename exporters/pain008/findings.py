"""What a rule is, what it looks at, and what it says when a bank would refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeAlias

from exporters.pain008 import places
from exporters.pain008.fields import Fields
from exporters.pain008.profiles import Profile

# Path within the part, and a whole sentence that never quotes a name or an account.
Fault: TypeAlias = tuple[str, str]

# Which elements stand in a part: path -> whether it holds text, and not other elements.
Elements: TypeAlias = Mapping[str, bool]

# What is wrong with one text, as a sentence; None when nothing is.
Verdict: TypeAlias = Callable[[str], "str | None"]


@dataclass(frozen=True, slots=True)
class Quick:
    """A verdict with a quick way to see that nothing is wrong with any of many texts: the same verdict, sooner."""

    one: Verdict
    all_pass: Callable[[Sequence[str]], bool]

    def __call__(self, text: str) -> str | None:
        return self.one(text)


def all_pass(verdict: Verdict) -> Callable[[Sequence[str]], bool]:
    """Tells whether nothing is wrong with any of many texts."""
    if isinstance(verdict, Quick):
        return verdict.all_pass
    return lambda texts: not any(map(verdict, texts))


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
class Setting:
    """What many parts of a file have in common; `collect_on` is the day of the block around a collection."""

    profile: Profile
    today: date | None
    collect_on: date | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One part of a file before the rules."""

    path: str
    fields: Fields
    setting: Setting


@dataclass(frozen=True, slots=True)
class ValueRule:
    """A rule that judges one text at a time: `verdict` gives its judge for the texts of a path, `at` says where.

    With one of the elements `unless` in the part it has nothing to say. It blames the path of the text, or
    `blames`. A `general` rule has nothing to say of a text that passes a `strict` one.
    """

    name: str
    severity: Severity
    source: str
    at: Callable[[str], bool]
    verdict: Callable[[Setting, str], Verdict]
    unless: tuple[str, ...] = ()
    blames: str | None = None
    strict: bool = False
    general: bool = False

    def faults(self, case: Case) -> Iterator[Fault]:
        if any(path in case.fields for path in self.unless):
            return
        for path, text in case.fields.items():
            if text is not None and self.at(path):
                said = self.verdict(case.setting, path)(text)
                if said is not None:
                    yield self.blames or path, said


@dataclass(frozen=True, slots=True)
class ShapeRule:
    """A rule that looks only at which elements there are; parts with the same elements have one answer."""

    name: str
    severity: Severity
    source: str
    judge: Callable[[Elements, Profile], Iterable[Fault]]

    def faults(self, case: Case) -> Iterable[Fault]:
        return self.judge(elements_of(case.fields), case.setting.profile)


@dataclass(frozen=True, slots=True)
class CaseRule:
    """A rule that holds several texts together; it has nothing to say where none of the elements `where` is."""

    name: str
    severity: Severity
    source: str
    judge: Callable[[Case], Iterable[Fault]]
    where: tuple[str, ...] = ()

    def faults(self, case: Case) -> Iterable[Fault]:
        if self.where and not any(path in case.fields for path in self.where):
            return ()
        return self.judge(case)


Rule: TypeAlias = ValueRule | ShapeRule | CaseRule


def elements_of(fields: Fields) -> Elements:
    return {path: text is not None for path, text in fields.items()}


def findings(rules: Iterable[Rule], case: Case) -> Iterator[Finding]:
    """Every breach of `rules` in one part of a file, in the order of the rules."""
    for rule in rules:
        for path, message in rule.faults(case):
            yield Finding(
                rule=rule.name,
                severity=rule.severity,
                path=f"{case.path}/{path}",
                transaction=case.fields.get(places.END_TO_END_ID),
                message=message,
            )


def exactly(*paths: str) -> Callable[[str], bool]:
    """Where a ValueRule looks: at these paths."""
    return frozenset(paths).__contains__


def below(path: str) -> Callable[[str], bool]:
    """Where a ValueRule looks: at everything under `path`."""
    return lambda text_path: text_path.startswith(path + "/")


def anywhere(path: str) -> bool:
    """Where a ValueRule looks: at every text."""
    return True
