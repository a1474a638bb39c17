"""Tables that say where an XML format keeps its fields, and how a record is filled by such a table.

A table maps the local names of an element's children to what is done with each: keep its text, look at its
value, go below it, or open a record of its own for every one of them. What it does not name is passed over.
Filling has two halves: `trace` finds what there is to do with an element, and `run` does it with the texts. So
an element whose twin was traced before need not be looked at again: only its texts differ.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, TypeAlias

from lxml import etree

from ledger.errors import Rejected
from reconciliation.formats import xml
from reconciliation.statement import UnreadableFile

Record: TypeAlias = dict[str, Any]


class Attributes(Protocol):
    """The attributes of an element; an lxml element is one, a dict another."""

    def get(self, name: str, /) -> str | None: ...


# What is done with an element's text and attributes; raises Rejected if they cannot be read.
Look: TypeAlias = Callable[[str, Attributes, Record], None]


@dataclass(frozen=True, slots=True)
class Text:
    """Keeps the element's text, stripped, under `field`; the first that is not blank wins."""

    field: str


@dataclass(frozen=True, slots=True)
class Each:
    """An element that may be repeated: every one becomes a record of its own, listed under `field`."""

    field: str
    table: Table


# The name "." stands for the element itself, where it has a text as well as children.
Table: TypeAlias = Mapping[str, "Text | Look | Table | Each"]

_KEEP, _LOOK, _OPEN, _CLOSE, _BELOW = range(5)

# What to do, with which field or look, whose text, and its attributes.
Act: TypeAlias = tuple[int, Any, int, Any]
_Steps: TypeAlias = dict[object, tuple[int, Any, Any]]


class Misread(Rejected):
    """A text that its look refuses; `at` is the number of its element in the trace."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True, slots=True)
class Trace:
    """What is to be done with an element and those below it, and the elements in the order of the acts."""

    acts: list[Act]
    elements: list[etree._Element]

    def record(self, *, after_line: int = 0) -> Record:
        """The record of this very element. Raises UnreadableFile with the line, which is counted `after_line`."""
        try:
            return run(self.acts, [element.text or "" for element in self.elements])
        except Misread as refusal:
            line = xml.line_of(self.elements[refusal.at])
            raise UnreadableFile(refusal.message, line=line and line + after_line) from None

    def texts(self) -> list[str]:
        """The texts of the elements that are read, in the order of the acts."""
        return [element.text or "" for element in self.read_elements()]

    def read_elements(self) -> Iterator[etree._Element]:
        """The elements whose text or attributes matter."""
        return (self.elements[at] for kind, _, at, _ in self.acts if kind in (_KEEP, _LOOK))

    def for_texts(self) -> tuple[Act, ...]:
        """The same acts for a list of `texts`, with the attributes of these elements."""
        numbers = itertools.count()
        return tuple(
            (kind, what, next(numbers), dict(element.attrib))
            if kind in (_KEEP, _LOOK)
            else (kind, what, 0, None)
            for kind, what, _, element in self.acts
        )


@dataclass(frozen=True, slots=True)
class Layout:
    """A table made ready for the children of one namespace ("" for none)."""

    steps: _Steps

    @classmethod
    def of(cls, table: Table, namespace: str) -> Layout:
        return cls(_steps(table, namespace))

    def trace(self, element: etree._Element) -> Trace:
        found = Trace([], [])
        _trace(element, self.steps, found)
        return found

    def record(self, element: etree._Element, *, after_line: int = 0) -> Record:
        """What the table finds in `element`. Raises UnreadableFile with the line, counted `after_line`."""
        return self.trace(element).record(after_line=after_line)


def run(acts: Sequence[Act], texts: Sequence[str]) -> Record:
    """A record filled by `acts` with `texts`, as they are numbered there. Raises Misread.

    Kinds are compared inline and in the order of their number, for here a long file spends much of its time.
    """
    record: Record = {}
    opened: list[Record] = []
    at = 0
    try:
        for kind, what, at, attributes in acts:
            if kind == _KEEP:
                if what not in record and (value := texts[at].strip()):
                    record[what] = value
            elif kind == _LOOK:
                what(texts[at], attributes, record)
            elif kind == _OPEN:
                opened.append(record)
                part: Record = {}
                record.setdefault(what, []).append(part)
                record = part
            else:
                record = opened.pop()
    except Rejected as refusal:
        raise Misread(refusal.message, at) from None
    return record


def texts(field: str) -> Look:
    """Lists the text of every such element as it stands; blank ones are left out."""

    def keep(text: str, _: Attributes, record: Record) -> None:
        if text and not text.isspace():
            record.setdefault(field, []).append(text)

    return keep


@lru_cache(maxsize=64)
def _prefix(namespace: str) -> str:
    return f"{{{namespace}}}" if namespace else ""


def _steps(table: Table, namespace: str) -> _Steps:
    return {
        _prefix(namespace) + name: _step(found, namespace) for name, found in table.items() if name != "."
    }


def _step(found: Text | Look | Table | Each, namespace: str) -> tuple[int, Any, Any]:
    if isinstance(found, Text):
        return _KEEP, found.field, None
    if isinstance(found, Each):
        return _OPEN, found.field, _steps(found.table, namespace)
    if isinstance(found, Mapping):
        own = found.get(".")
        return _BELOW, None if own is None else _step(own, namespace), _steps(found, namespace)
    return _LOOK, found, None


def _trace(element: etree._Element, steps: _Steps, found: Trace) -> None:
    acts, elements = found.acts, found.elements
    for child in element[:]:  # type: ignore[index]  # a slice is quicker than an iterator
        step = steps.get(child.tag)
        if step is None:
            continue
        kind, what, below = step
        if kind == _BELOW and what is not None:
            acts.append((what[0], what[1], len(elements), child))
            elements.append(child)
        elif kind != _BELOW:
            acts.append((kind, what, len(elements), child))
            elements.append(child)
        if below is not None:
            _trace(child, below, found)
            if kind == _OPEN:
                acts.append((_CLOSE, None, 0, None))
