"""What a pain.008 file states, element by element as text, before anybody believes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, TypeAlias

from lxml import etree

from exporters.pain008.profiles import version_of
from reconciliation.formats import xml
from reconciliation.statement import UnreadableFile

# Path within a part -> text; None for an element with children. A second element of the same name has `[2]`
# after it. The currency of an amount stands beside it under `/@Ccy`.
Fields: TypeAlias = dict[str, str | None]

INITIATION = "CstmrDrctDbtInitn"
HEADER = "GrpHdr"
BLOCK = "PmtInf"
TRANSACTION = "DrctDbtTxInf"

_AMOUNT = "Amt"
_NUMBERED = (BLOCK, TRANSACTION)


class NotADirectDebitFile(UnreadableFile):
    """The XML is no pain.008 of any version."""


@dataclass(frozen=True, slots=True)
class Part:
    """A GrpHdr, the head of a PmtInf or a DrctDbtTxInf: its path in the document and what stands in it."""

    path: str
    fields: Fields


class _Places(dict[str, "tuple[str, _Places]"]):
    """By the tag of a child: its path within the part, and the places of its own children."""

    def __init__(self, prefix: str = "") -> None:
        super().__init__()
        self.prefix = prefix

    def __missing__(self, tag: str) -> tuple[str, _Places]:
        path = self.prefix + local_name(tag)
        self[tag] = place = (path, _Places(path + "/"))
        return place


class File:
    """A parsed pain.008 of any version: its namespace's version and its parts in order."""

    def __init__(self, root: etree._Element) -> None:
        self.root = root
        namespace = str(root.tag).rpartition("}")[0][1:]
        self.version = version_of(namespace)
        self._initiation = root[0]
        self.path = f"/{local_name(str(root.tag))}/{INITIATION}"
        self._places = _Places()

    def header(self) -> Part:
        """The GrpHdr; without fields where the file has none."""
        found = next(_named(self._initiation, HEADER), None)
        fields = {} if found is None else self._fields(found)
        return Part(f"{self.path}/{HEADER}", fields)

    def blocks(self) -> Iterator[tuple[Part, Iterator[Part]]]:
        """Every PmtInf: what stands beside its transactions, and its transactions."""
        for number, element in enumerate(_named(self._initiation, BLOCK), start=1):
            path = f"{self.path}/{BLOCK}[{number}]"
            yield Part(path, self._fields(element, beside=TRANSACTION)), self._transactions(element, path)

    def _transactions(self, block: etree._Element, path: str) -> Iterator[Part]:
        for number, element in enumerate(_named(block, TRANSACTION), start=1):
            yield Part(f"{path}/{TRANSACTION}[{number}]", self._fields(element))

    def _fields(self, part: etree._Element, *, beside: str | None = None) -> Fields:
        return fields_of(part, self._places, beside=beside)


def fields_of(part: etree._Element, places: _Places | None = None, *, beside: str | None = None) -> Fields:
    """What stands in an element, or in its children other than those named `beside`."""
    fields: Fields = {}
    children = part if beside is None else [c for c in part if local_name(str(c.tag)) != beside]
    _collect(children, _Places() if places is None else places, fields)
    return fields


def opened(source: bytes | BinaryIO) -> File:
    """The file in `source`. Raises UnreadableFile for broken XML, NotADirectDebitFile for other XML."""
    data = source if isinstance(source, bytes) else source.read()
    root = xml.parse(data)
    if len(root) == 0 or local_name(str(root[0].tag)) != INITIATION:
        raise NotADirectDebitFile("The file is XML, but no direct-debit file (pain.008).", line=1)
    return File(root)


def local_name(tag: str) -> str:
    """The name of an element without its namespace."""
    return tag.rpartition("}")[2]


def path_of(element: etree._Element) -> str:
    """The path of an element in its document, numbered as the parts and their fields are."""
    parent = element.getparent()
    name = local_name(str(element.tag))
    if parent is None:
        return f"/{name}"
    number = 1 + sum(1 for _ in element.itersiblings(element.tag, preceding=True))
    mark = f"[{number}]" if number > 1 or name in _NUMBERED else ""
    return f"{path_of(parent)}/{name}{mark}"


def _named(parent: etree._Element, name: str) -> Iterator[etree._Element]:
    return parent.iterchildren(f"{{*}}{name}")


def _collect(children: etree._Element | list[etree._Element], places: _Places, fields: Fields) -> None:
    again: dict[str, int] = {}
    for child in children:
        path, below = places[child.tag]
        if path in fields:
            again[path] = number = again.get(path, 1) + 1
            path = f"{path}[{number}]"
            below = _Places(f"{path}/")
        if len(child):
            fields[path] = None
            _collect(child, below, fields)
            continue
        fields[path] = child.text or ""
        if path.endswith(_AMOUNT) and (currency := child.get("Ccy")) is not None:
            fields[path + "/@Ccy"] = currency
