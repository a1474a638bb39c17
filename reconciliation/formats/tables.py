"""Tables that say where an XML format keeps its fields, and the walk that fills a record by such a table.

A table maps the local names of an element's children to what is done with each: keep its text, look at its
value, go below it, or open a record of its own for every one of them. What it does not name is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeAlias

from lxml import etree

Record: TypeAlias = dict[str, Any]
Look: TypeAlias = Callable[[etree._Element, Record], None]
Fill: TypeAlias = Callable[[etree._Element, Record], None]


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


class _Kind(IntEnum):
    TEXT = 0
    LOOK = 1
    BELOW = 2
    EACH = 3


_Step: TypeAlias = tuple[int, Any, Any]
_Steps: TypeAlias = dict[object, _Step]


def compiled(table: Table, namespace: str) -> Fill:
    """What fills a record from an element by `table`, its children being of `namespace` ("" for none)."""
    steps = _steps(table, namespace)

    def fill(element: etree._Element, record: Record) -> None:
        _walk(element, steps, record)

    return fill


def texts(field: str) -> Look:
    """Lists the text of every such element as it stands; blank ones are left out."""

    def keep(element: etree._Element, record: Record) -> None:
        value = element.text
        if value and not value.isspace():
            record.setdefault(field, []).append(value)

    return keep


def keep_text(element: etree._Element, field: str, record: Record) -> None:
    """What Text does, for elements that a table does not reach."""
    value = (element.text or "").strip()
    if value:
        record.setdefault(field, value)


def _steps(table: Table, namespace: str) -> _Steps:
    prefix = f"{{{namespace}}}" if namespace else ""
    return {prefix + name: _step(found, namespace) for name, found in table.items() if name != "."}


def _step(found: Text | Look | Table | Each, namespace: str) -> _Step:
    if isinstance(found, Text):
        return _Kind.TEXT.value, found.field, None
    if isinstance(found, Each):
        return _Kind.EACH.value, found.field, _steps(found.table, namespace)
    if isinstance(found, Mapping):
        return _Kind.BELOW.value, _own(found.get(".")), _steps(found, namespace)
    return _Kind.LOOK.value, found, None


def _own(found: Text | Look | Table | Each | None) -> Look | None:
    if isinstance(found, Text):
        field = found.field
        return lambda element, record: keep_text(element, field, record)
    return found if callable(found) else None


def _walk(element: etree._Element, steps: _Steps, record: Record) -> None:
    """Visits each child once. Kinds are compared inline, for here a long file spends most of its time."""
    for child in element[:]:  # type: ignore[index]  # a slice is quicker than an iterator
        step = steps.get(child.tag)
        if step is None:
            continue
        kind, what, below = step
        if kind == 0:
            value = child.text
            if value is not None and what not in record and (value := value.strip()):
                record[what] = value
        elif kind == 1:
            what(child, record)
        elif kind == 2:
            if what is not None:
                what(child, record)
            _walk(child, below, record)
        else:
            part: Record = {}
            _walk(child, below, part)
            record.setdefault(what, []).append(part)
