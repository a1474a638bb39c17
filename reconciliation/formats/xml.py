"""The one way XML enters the product: a hardened parser, as a stream or of a whole document.

No document type, entity, network access or XInclude is ever accepted. The limits on depth (256) and on a
single text (10 million bytes) are those of libxml2, and this parser never lifts them.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol, TypeAlias, cast

from lxml import etree

from reconciliation.formats.xml_encoding import readable
from reconciliation.statement import UnreadableFile

CHUNK = 64 * 1024
LONGEST_NAMESPACE = (
    500  # lxml spells it out in every name, so a long one would cost its length at each element
)
XINCLUDE = "{http://www.w3.org/2001/XInclude}include"

_HARDENED: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,
    "recover": False,
    "remove_comments": True,
    "remove_pis": True,
    "collect_ids": False,
}

_TAG = re.compile(rb"<\0?[A-Za-z_\x80-\xff]")

_BROKEN = "The file is not well-formed XML."
_TOO_DEEP = "The file nests its elements too deep."
_CUT_OFF = "The file ends in the middle: it was cut off on its way."
_DOCUMENT_TYPE = "The file declares a document type, which bank files must not."
_NO_ERROR = 1  # lxml's own code where libxml2 found nothing wrong but the document has no end

_Codes = etree.ErrorTypes
_SENTENCES: dict[int, str] = {
    _NO_ERROR: _CUT_OFF,
    _Codes.ERR_DOCUMENT_EMPTY: "The file holds no XML.",
    _Codes.ERR_DOCUMENT_END: "The file goes on behind its last element.",
    _Codes.ERR_TAG_NAME_MISMATCH: "The file is broken: an element is closed that is not the one last opened.",
    _Codes.ERR_TAG_NOT_FINISHED: _CUT_OFF,
    _Codes.ERR_GT_REQUIRED: "The file is broken or cut off within an element's name.",
    _Codes.ERR_CDATA_NOT_FINISHED: "A text section in the file is too long or never ends.",
    _Codes.ERR_COMMENT_NOT_FINISHED: "A comment in the file is too long or never ends.",
    _Codes.ERR_PI_NOT_FINISHED: "A processing instruction in the file is too long or never ends.",
    _Codes.ERR_INVALID_CHAR: "The file holds a character that XML does not allow.",
    _Codes.ERR_INVALID_ENCODING: "The file holds bytes that do not belong to the encoding it declares.",
    _Codes.ERR_UNDECLARED_ENTITY: "The file refers to an entity, which bank files must not.",
    _Codes.ERR_RESOURCE_LIMIT: "The file holds a text of over 10 MB.",
    _Codes.ERR_NAME_TOO_LONG: "The file holds a name that is too long to be one.",
    _Codes.NS_ERR_UNDEFINED_NAMESPACE: "The file uses a name prefix that it never explains.",
}


@dataclass(frozen=True, slots=True)
class Name:
    """An element's namespace ("" where it has none) and local name."""

    namespace: str
    local: str

    @classmethod
    def of(cls, element: etree._Element) -> Name:
        namespace, _, local = str(element.tag).rpartition("}")
        return cls(namespace[1:], local)


class Source(Protocol):
    """Where bytes come from; none come at its end."""

    def read(self, size: int, /) -> bytes: ...


def iterate(
    stream: Source, *, tags: Sequence[str] | None = None, events: Sequence[str] = ("end",)
) -> Iterator[etree._Element]:
    """The elements of `stream` with one of `tags` (patterns such as "{*}Ntry"), in the order of `events`.

    The tree grows as the stream is read; whoever iterates drops what is done with. Raises UnreadableFile, at
    the latest at the end of the stream: what was given before counts only if the end is reached.
    """
    wanted = None if tags is None else (*tags, XINCLUDE)
    parser = etree.XMLPullParser(events=cast(Any, (*events, "start-ns")), tag=wanted, **_HARDENED)
    data = _head(stream)
    refuse_document_type(data[:CHUNK])
    is_checked = False
    while data:
        _feed(parser, data)
        for element in _elements(parser):
            if not is_checked:
                _refuse_declarations(element)
                is_checked = True
            if element.tag == XINCLUDE:
                _refuse_include(element)
            yield element
        data = stream.read(CHUNK)
    _refuse_declarations(_close(parser))


def parse(data: bytes) -> etree._Element:
    """The root of a whole document held in memory. Raises UnreadableFile."""
    if not data:
        raise UnreadableFile("The file is empty.")
    refuse_document_type(data[:CHUNK])
    parser = etree.XMLPullParser(events=("start-ns",), **_HARDENED)
    for start in range(0, len(data), CHUNK):  # in pieces: libxml2 holds at most 10 MB that it has not read
        _feed(parser, data[start : start + CHUNK])
    root = _close(parser)
    _refuse_declarations(root)
    for _ in _elements(parser):
        pass
    for element in root.iter(XINCLUDE):
        _refuse_include(element)
    return root


def is_valid(data: bytes, schema: etree.XMLSchema) -> bool:
    """Whether a whole document in memory is well-formed and keeps to `schema`; says nothing of why not.

    Parsing and validating are one call that lets other threads run. Raises UnreadableFile for a document type.
    """
    refuse_document_type(data[:CHUNK])
    try:
        etree.fromstring(data, etree.XMLParser(schema=schema, **_HARDENED))
    except etree.XMLSyntaxError:
        return False
    return True


class _NoTree:
    """What the parser makes of a document that it only judges."""

    def close(self) -> None: ...


_Parser: TypeAlias = "etree.XMLParser | etree.XMLPullParser"


def judged(stream: Source) -> Iterator[bytes]:
    """The bytes of `stream` in pieces, each when the parser has found no fault up to there; nothing is kept.

    Raises UnreadableFile, at the latest at the end of the stream.
    """
    parser = etree.XMLParser(target=cast(Any, _NoTree()), **_HARDENED)
    data = _head(stream)
    refuse_document_type(data[:CHUNK])
    while data:
        _feed(parser, data)
        yield data
        data = stream.read(CHUNK)
    _close(parser)


def opening(head: bytes) -> list[Name]:
    """The names of the elements that begin in the first bytes of a file, in order; empty where it is no XML.

    Raises UnreadableFile for a document type.
    """
    refuse_document_type(head)
    parser = etree.XMLPullParser(events=("start", "start-ns"), **_HARDENED)
    with contextlib.suppress(etree.XMLSyntaxError):  # a broken beginning still has names before the break
        parser.feed(head)
    return [Name.of(element) for element in _elements(parser)]


def line_of(element: etree._Element) -> int | None:
    """The line of the file, counted from 1, on which `element` begins."""
    return cast("int | None", element.sourceline)


def refuse_document_type(head: bytes) -> None:
    """Raises UnreadableFile if the beginning of a file declares a document type, in any encoding.

    Encodings that bank files do not use are refused as well, and so is a prolog longer than `head`.
    """
    text = readable(head)
    at = _past_blank(text, 0)
    while text.startswith("<", at):
        if text.startswith("<?", at):
            end = text.find("?>", at) + 2
        elif text.startswith("<!--", at):
            end = text.find("-->", at) + 3
        elif text.startswith("<!", at):
            raise UnreadableFile(_DOCUMENT_TYPE, line=text.count("\n", 0, at) + 1)
        else:
            return
        if end <= at:
            raise UnreadableFile("The file's first element does not begin within its first 64 KB.", line=1)
        at = _past_blank(text, end)


def _past_blank(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _refuse_declarations(element: etree._Element) -> None:
    if element.getroottree().docinfo.internalDTD is not None:
        raise UnreadableFile(_DOCUMENT_TYPE, line=1)


def _refuse_include(element: etree._Element) -> NoReturn:
    raise UnreadableFile(
        "The file asks to include another file, which bank files must not.", line=line_of(element)
    )


def _head(stream: Source) -> bytes:
    head = data = stream.read(CHUNK)
    while data and len(head) < CHUNK and not _has_begun(head):
        data = stream.read(CHUNK - len(head))
        head += data
    if not head:
        raise UnreadableFile("The file is empty.")
    return head


def _has_begun(head: bytes) -> bool:
    """Whether the first element is seen; of a file that will be refused for its beginning it never is."""
    try:
        refuse_document_type(head)
    except UnreadableFile:
        return False
    return _TAG.search(head) is not None


def _elements(parser: etree.XMLPullParser) -> Iterator[etree._Element]:
    for event, found in parser.read_events():
        if event == "start-ns":
            _refuse_long_namespace(cast("tuple[str, str]", found)[1])
        else:
            yield cast(etree._Element, found)


def _refuse_long_namespace(namespace: str) -> None:
    if len(namespace) > LONGEST_NAMESPACE:
        raise UnreadableFile("The file uses a namespace that is too long to be one.")


def _feed(parser: _Parser, data: bytes) -> None:
    """Feeds the parser. Some errors it only notes and tells at the end, by when it has forgotten which."""
    try:
        parser.feed(data)
    except etree.XMLSyntaxError as error:
        raise _explained(parser, error) from None
    noted = (entry for entry in parser.feed_error_log if entry.level >= etree.ErrorLevels.ERROR)
    if (entry := next(noted, None)) is not None:
        raise _sentence(entry)


def _close(parser: _Parser) -> etree._Element:
    try:
        return parser.close()
    except etree.XMLSyntaxError as error:
        raise _explained(parser, error) from None


def _explained(parser: _Parser, error: etree.XMLSyntaxError) -> UnreadableFile:
    """The first thing that went wrong, as a sentence of ours; those of libxml2 may quote the file."""
    entry = next(iter(parser.feed_error_log), None)
    if entry is None:
        return UnreadableFile(_SENTENCES.get(cast(Any, error).code, _BROKEN), line=error.lineno or None)
    return _sentence(entry)


def _sentence(entry: Any) -> UnreadableFile:
    if entry.type == _Codes.ERR_RESOURCE_LIMIT and "depth" in entry.message:
        return UnreadableFile(_TOO_DEEP, line=entry.line or None)
    return UnreadableFile(_SENTENCES.get(entry.type, _BROKEN), line=entry.line or None)
