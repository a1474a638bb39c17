"""What is left to judge in parts that look alike: their elements are judged once, their texts each time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from exporters.pain008.fields import Fields
from exporters.pain008.findings import (
    Case,
    CaseRule,
    Elements,
    Rule,
    Setting,
    ShapeRule,
    ValueRule,
    Verdict,
    elements_of,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The judges of the texts of parts with the same elements, and the rules that hold several together.

    `is_sound` says that nothing is wrong with the elements themselves.
    """

    is_sound: bool
    tests: tuple[tuple[str, Verdict], ...]
    cases: tuple[CaseRule, ...]

    def is_clean(self, case: Case) -> bool:
        """Whether no rule has anything to say; the rules themselves then say what, where it is not so."""
        fields = case.fields
        return (
            self.is_sound
            and all(verdict(fields[path] or "") is None for path, verdict in self.tests)
            and self.holds_together(case)
        )

    def holds_together(self, case: Case) -> bool:
        """Whether the rules on several texts have nothing to say."""
        return not any(True for rule in self.cases for _ in rule.judge(case))


def plan(rules: Iterable[Rule], setting: Setting, elements: Elements) -> Plan:
    """What `rules` have to look at in a part with these `elements`."""
    is_sound = True
    tests: list[tuple[str, Verdict]] = []
    cases: list[CaseRule] = []
    strict: set[str] = set()
    for rule in rules:
        match rule:
            case ValueRule():
                if not any(path in elements for path in rule.unless):
                    tests += _tests(rule, setting, elements, strict)
            case ShapeRule():
                is_sound = is_sound and not any(True for _ in rule.judge(elements, setting.profile))
            case CaseRule():
                if not rule.where or any(path in elements for path in rule.where):
                    cases.append(rule)
    return Plan(is_sound, tuple(tests), tuple(cases))


def _tests(
    rule: ValueRule, setting: Setting, elements: Elements, strict: set[str]
) -> list[tuple[str, Verdict]]:
    """The judges of one rule; `strict` are the paths that have a strict rule, which has to come first."""
    skipped = strict if rule.general else frozenset()
    paths = [path for path, is_text in elements.items() if is_text and rule.at(path) and path not in skipped]
    if rule.strict:
        strict.update(paths)
    return [(path, rule.verdict(setting, path)) for path in paths]


class Plans:
    """The plans of the parts met so far; those of files that never look alike are forgotten again."""

    _MOST = 200

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules
        self._plans: dict[tuple[object, ...], Plan] = {}

    def of(self, setting: Setting, fields: Fields) -> Plan:
        """The plan for a part of these fields."""
        elements = elements_of(fields)
        key = (setting, *elements.items())
        found = self._plans.get(key)
        if found is None:
            if len(self._plans) >= self._MOST:
                self._plans.clear()
            found = self._plans[key] = plan(self._rules, setting, elements)
        return found
