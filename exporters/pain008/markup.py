"""A collection's markup and its texts, told apart: collections with the same markup are understood once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from xml.sax.saxutils import unescape

from exporters.pain008 import places
from exporters.pain008.fields import Fields, fields_of
from exporters.pain008.findings import Case, CaseRule, Setting, all_pass, elements_of
from exporters.pain008.plans import plan
from exporters.pain008.rules import TRANSACTION_RULES
from reconciliation.formats import xml
from reconciliation.statement import UnreadableFile

# Text between the end of one tag and the beginning of an end tag: all that may differ between collections.
_A_TEXT = ">([^<]+)</"
_TEXT = re.compile(_A_TEXT)
_MARK = re.compile("\ue000([0-9]+)\ue001")
_ENTITIES = {"&quot;": '"', "&apos;": "'"}

_MOST_LOOKS = 200

# The texts of one collection, in their order.
Texts: TypeAlias = tuple[str, ...]

_UNUSUAL = {places.SCHEME, places.CREDITOR_ID}
_END = "</DrctDbtTxInf>"


class Unclear(Exception):
    """What stands in the markup cannot be told without a parser."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What collections of one markup in one setting have in common, and what of their texts is to be judged.

    `contents` has for each path the number of its text, a text that is part of the markup, or None for an element
    with children. `tests` has for the number of a text how to tell that many such texts pass. `amount` and
    `identifier` are the numbers of those texts in a look that `is_usual`; one that is not lacks them, or names a
    scheme or creditor of its own. `form` takes the texts out of a collection that looks so.
    """

    form: re.Pattern[str]
    contents: tuple[tuple[str, int | str | None], ...]
    is_sound: bool
    tests: tuple[tuple[int, Callable[[Sequence[str]], bool]], ...]
    cases: tuple[CaseRule, ...]
    amount: int
    identifier: int
    is_usual: bool

    def are_clean(self, collections: Sequence[Texts], setting: Setting) -> bool:
        """Whether no rule has anything to say of any of some collections, each given as its texts."""
        if not self.is_sound:
            return False
        texts = list(zip(*collections, strict=True))
        return all(passing(texts[number]) for number, passing in self.tests) and (
            not self.cases or all(self._holds_together(each, setting) for each in collections)
        )

    def fields(self, texts: Texts) -> Fields:
        """What a collection of this look says."""
        return {
            path: texts[content] if isinstance(content, int) else content for path, content in self.contents
        }

    def _holds_together(self, texts: Texts, setting: Setting) -> bool:
        case = Case("", self.fields(texts), setting)
        return not any(True for rule in self.cases for _ in rule.judge(case))


class Looks:
    """The looks of the collections met so far in one setting; those of a file without end are forgotten again."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self._looks: dict[tuple[str, ...], Look] = {}

    def of(self, collections: Iterable[str]) -> tuple[list[Look], list[Texts]]:
        """Look and texts of each DrctDbtTxInf, given without its end tag. Raises Unclear."""
        looks: list[Look] = []
        every: list[Texts] = []
        look: Look | None = None
        for collection in collections:
            found = None if look is None else look.form.fullmatch(collection)
            if look is None or found is None:
                pieces = _TEXT.split(collection)
                look, texts = self._look(tuple(pieces[0::2])), tuple(pieces[1::2])
            else:
                texts = found.groups()
            looks.append(look)
            every.append(tuple(map(read, texts)) if "&" in collection else texts)
        return looks, every

    def _look(self, markup: tuple[str, ...]) -> Look:
        if markup not in self._looks:
            if len(self._looks) >= _MOST_LOOKS:
                self._looks.clear()
            self._looks[markup] = look_of(markup, self.setting)
        return self._looks[markup]


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


def look_of(markup: tuple[str, ...], setting: Setting) -> Look:
    """How collections of this markup are to be looked at. Raises Unclear."""
    contents = _contents(markup)
    fields: Fields = {path: "" if isinstance(content, int) else content for path, content in contents.items()}
    planned = plan(TRANSACTION_RULES, setting, elements_of(fields))
    judged = [(contents[path], verdict) for path, verdict in planned.tests]
    of_texts = [(content, verdict) for content, verdict in judged if isinstance(content, int)]
    of_markup = [(content, verdict) for content, verdict in judged if isinstance(content, str)]
    amount, identifier = contents.get(places.AMOUNT), contents.get(places.END_TO_END_ID)
    return Look(
        form=re.compile(_A_TEXT.join(map(re.escape, markup))),
        contents=tuple(contents.items()),
        is_sound=planned.is_sound and all(verdict(content) is None for content, verdict in of_markup),
        tests=tuple((number, all_pass(verdict)) for number, verdict in of_texts),
        cases=planned.cases,
        amount=amount if isinstance(amount, int) else 0,
        identifier=identifier if isinstance(identifier, int) else 0,
        is_usual=isinstance(amount, int) and isinstance(identifier, int) and not _UNUSUAL & contents.keys(),
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
