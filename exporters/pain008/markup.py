"""A collection's markup and its texts, told apart: collections with the same markup are understood once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.sax.saxutils import unescape

from exporters.pain008 import places
from exporters.pain008.fields import Fields, fields_of
from exporters.pain008.findings import Case, CaseRule, Setting, Verdict, elements_of
from exporters.pain008.plans import plan
from exporters.pain008.rules import TRANSACTION_RULES
from reconciliation.formats import xml
from reconciliation.statement import UnreadableFile

# Text between the end of one tag and the beginning of an end tag: all that may differ between collections.
TEXT = re.compile(r">([^<]+)</")
_MARK = re.compile("\ue000([0-9]+)\ue001")
_ENTITIES = {"&quot;": '"', "&apos;": "'"}

_UNUSUAL = {places.SCHEME, places.CREDITOR_ID}
_END = "</DrctDbtTxInf>"


class Unclear(Exception):
    """What stands in the markup cannot be told without a parser."""


@dataclass(frozen=True, slots=True)
class Look:
    """What collections of one markup in one setting have in common, and what of their texts is to be judged.

    `contents` has for each path the number of its text, a text that is part of the markup, or None for an element
    with children. `amount` and `identifier` are the numbers of those texts in a look that `is_usual`; one that is
    not lacks them, or names a scheme or a creditor of its own.
    """

    contents: tuple[tuple[str, int | str | None], ...]
    is_sound: bool
    tests: tuple[tuple[int, Verdict], ...]
    cases: tuple[CaseRule, ...]
    amount: int
    identifier: int
    is_usual: bool

    def is_clean(self, texts: list[str], setting: Setting) -> bool:
        """Whether no rule has anything to say of a collection with these texts."""
        if not self.is_sound:
            return False
        for number, verdict in self.tests:
            if verdict(texts[number]) is not None:
                return False
        return not self.cases or self._holds_together(texts, setting)

    def fields(self, texts: list[str]) -> Fields:
        """What a collection of this look says."""
        return {
            path: texts[content] if isinstance(content, int) else content for path, content in self.contents
        }

    def _holds_together(self, texts: list[str], setting: Setting) -> bool:
        case = Case("", self.fields(texts), setting)
        return not any(True for rule in self.cases for _ in rule.judge(case))


def read(text: str) -> str:
    """A text as it stands between tags, its entities resolved. Raises Unclear for an entity of no XML."""
    if "&" not in text:
        return text
    if "&#" not in text:
        return unescape(text, _ENTITIES)
    try:
        return xml.parse(f"<x>{text}</x>".encode()).text or ""
    except UnreadableFile:
        raise Unclear from None


def look(markup: tuple[str, ...], setting: Setting) -> Look:
    """How collections of this markup are to be looked at. Raises Unclear."""
    contents = _contents(markup)
    fields: Fields = {path: "" if isinstance(content, int) else content for path, content in contents.items()}
    planned = plan(TRANSACTION_RULES, setting, elements_of(fields))
    tests, is_sound = [], planned.is_sound
    for path, verdict in planned.tests:
        content = contents[path]
        if isinstance(content, int):
            tests.append((content, verdict))
        else:
            is_sound = is_sound and verdict(content or "") is None
    amount, identifier = contents.get(places.AMOUNT), contents.get(places.END_TO_END_ID)
    is_usual = isinstance(amount, int) and isinstance(identifier, int) and not _UNUSUAL & contents.keys()
    return Look(
        contents=tuple(contents.items()),
        is_sound=is_sound,
        tests=tuple(tests),
        cases=planned.cases,
        amount=amount if isinstance(amount, int) else 0,
        identifier=identifier if isinstance(identifier, int) else 0,
        is_usual=is_usual,
    )


def _contents(markup: tuple[str, ...]) -> dict[str, int | str | None]:
    """The fields of the markup, with a mark in place of each text, as the parser sees them."""
    marked = [f">\ue000{number}\ue001</" for number in range(len(markup) - 1)]
    document = (
        "".join(part for pair in zip(markup, [*marked, ""], strict=True) for part in pair).strip() + _END
    )
    try:
        fields = fields_of(xml.parse(document.encode()))
    except UnreadableFile:
        raise Unclear from None
    return {path: _content(text) for path, text in fields.items()}


def _content(text: str | None) -> int | str | None:
    if text is None or "\ue000" not in text:
        return text
    found = _MARK.fullmatch(text)
    if found is None:
        raise Unclear
    return int(found[1])
