"""Checks a file against the ISO 20022 schema of its version, in sentences that quote nothing of the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import islice
from typing import BinaryIO

from lxml import etree

from exporters.pain008.fields import TRANSACTION, local_name, path_of
from exporters.pain008.findings import Finding, Severity
from reconciliation.formats import xml

# The versions whose schemas the package sepaxml ships, as published by ISO 20022.
SCHEMAS = {
    "pain.008.001.02": "pain.008.001.02.xsd",
    "pain.008.001.08": "pain.008.001.08.xsd",
    "pain.008.001.09": "pain.008.001.09.xsd",
    "pain.008.001.10": "pain.008.001.10.xsd",
}

# A file that is wrong everywhere is explained well enough by this many errors.
MOST = 200

_Codes = etree.ErrorTypes
_UNEXPECTED = _Codes.SCHEMAV_ELEMENT_CONTENT
_SENTENCES: dict[int, str] = {
    _Codes.SCHEMAV_CVC_PATTERN_VALID: "The value does not have the form that the schema requires.",
    _Codes.SCHEMAV_CVC_ENUMERATION_VALID: "The value is none of the codes that the schema allows.",
    _Codes.SCHEMAV_CVC_MAXLENGTH_VALID: "The value is longer than the schema allows.",
    _Codes.SCHEMAV_CVC_MINLENGTH_VALID: "The value is shorter than the schema requires.",
    _Codes.SCHEMAV_CVC_FRACTIONDIGITS_VALID: "The number has more decimals than the schema allows.",
    _Codes.SCHEMAV_CVC_TOTALDIGITS_VALID: "The number has more digits than the schema allows.",
    _Codes.SCHEMAV_CVC_MININCLUSIVE_VALID: "The number is smaller than the schema allows.",
    _Codes.SCHEMAV_CVC_COMPLEX_TYPE_2_3: "There is text between the elements, where the schema allows none.",
    _Codes.SCHEMAV_CVC_COMPLEX_TYPE_3_2_1: "The element has an attribute that the schema does not know.",
    _Codes.SCHEMAV_CVC_COMPLEX_TYPE_4: "The element lacks an attribute that the schema requires.",
    _Codes.SCHEMAV_CVC_ELT_1: "The document element is not the one of this schema.",
}
_OTHERWISE = "The value is not of the kind that the schema requires."
_WRONG_TYPE = _Codes.SCHEMAV_CVC_DATATYPE_VALID_1_2_1

_STEP = re.compile(r"/\*(?:\[([0-9]+)\])?")
_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.*) \)")
_NAMESPACE = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class SchemaError:
    """One breach of the schema: line of the file from 1, path of the element, a sentence without its value.

    `transaction` is the EndToEndId of the collection in which it stands, where it stands in one.
    """

    line: int
    path: str
    message: str
    transaction: str | None = None


class NoSchema(KeyError):
    """There is no schema for this version here."""


def validate(source: bytes | BinaryIO, version: str) -> list[SchemaError]:
    """The breaches of `source` against the schema of `version` (`pain.008.001.08`), at most MOST of them.

    Raises UnreadableFile for what is not well-formed, NoSchema for a version not in SCHEMAS.
    """
    data = source if isinstance(source, bytes) else source.read()
    return errors(xml.parse(data), version)


def errors(root: etree._Element, version: str) -> list[SchemaError]:
    """As `validate`, for a document that is parsed already."""
    if compiled(version).validate(root):
        return []
    schema = _compile(version)  # of its own: the log of a shared one mixes the errors of several threads
    schema.validate(root)
    log: Iterable[etree._LogEntry] = schema.error_log  # type: ignore[assignment]
    return [_explained(root, entry) for entry in islice(_first_of_each(log), MOST)]


def is_valid(document: bytes, version: str) -> bool:
    """Whether a document in memory is well-formed and keeps to the schema of `version`; other threads may run."""
    return xml.is_valid(document, compiled(version))


def findings(faults: list[SchemaError]) -> Iterator[Finding]:
    """The breaches of the schema as findings, with a note where there may be more."""
    for fault in faults:
        yield Finding(
            rule="schema",
            severity=Severity.ERROR,
            path=fault.path,
            transaction=fault.transaction,
            message=f"Line {fault.line}: {fault.message}",
        )
    if len(faults) >= MOST:
        message = f"Only the first {MOST} breaches of the schema are listed."
        yield Finding(rule="schema", severity=Severity.ERROR, path="", transaction=None, message=message)


@lru_cache
def compiled(version: str) -> etree.XMLSchema:
    """The schema of `version`, compiled once. Raises NoSchema."""
    return _compile(version)


def _compile(version: str) -> etree.XMLSchema:
    if version not in SCHEMAS:
        raise NoSchema(version)
    source = resources.files("sepaxml").joinpath("schemas", SCHEMAS[version])
    return etree.XMLSchema(xml.parse(source.read_bytes()))


def _first_of_each(log: Iterable[etree._LogEntry]) -> Iterator[etree._LogEntry]:
    """One entry for each wrong value: libxml2 names the facet first, then says that the type is wrong."""
    before: str | None = None
    for entry in log:
        if entry.type != _WRONG_TYPE or entry.path != before:
            yield entry
        before = entry.path


def _explained(root: etree._Element, entry: etree._LogEntry) -> SchemaError:
    found = _element_at(root, entry.path or "")
    if found is None:
        return SchemaError(line=entry.line, path=entry.path or "", message=_sentence(entry))
    return SchemaError(
        line=entry.line,
        path=path_of(found),
        message=_sentence(entry),
        transaction=_end_to_end_id(found),
    )


def _end_to_end_id(element: etree._Element) -> str | None:
    for around in (element, *element.iterancestors()):
        if local_name(str(around.tag)) == TRANSACTION:
            return around.findtext("{*}PmtId/{*}EndToEndId")
    return None


def _sentence(entry: etree._LogEntry) -> str:
    if entry.type != _UNEXPECTED:
        return _SENTENCES.get(entry.type, _OTHERWISE)
    expected = _EXPECTED.search(_NAMESPACE.sub("", entry.message))
    wanted = "" if expected is None else f" The schema expects {expected[1].replace(', ', ' or ')}."
    if "Missing child" in entry.message:
        return "The element is not complete." + wanted
    return "The element is not expected here." + wanted


def _element_at(root: etree._Element, path: str) -> etree._Element | None:
    """The element at a path as libxml2 writes it for elements with a namespace: `/*/*[2]/*`."""
    steps = _STEP.findall(path)
    if _STEP.sub("", path) or not steps:
        return None
    element = root
    for number in steps[1:]:
        element = element[int(number or 1) - 1]
    return element
