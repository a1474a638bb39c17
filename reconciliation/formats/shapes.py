"""Takes the entries of an XML file apart without parsing each: those of the same markup as one parsed before.

A bank writes its entries by a few patterns: the same tags in the same order, where only the texts differ. `Thinned`
stands between a stream and its parser. The first entry of a pattern goes through to the parser and is learned from
what the parser makes of it. Of those that follow it keeps the texts, and hands on a single empty element with a mark
for as many as stand side by side: the parser still judges where they stand.

Nothing passes unjudged that way. Known markup is equal character by character to markup that the parser accepted,
with its attributes. Between its tags may stand only text without a tag sign, a character that XML forbids, or a
reference other than the five that XML defines. Where comments, character data sections, instructions or further
namespaces could make the same characters mean something else, all of the file from there on goes to the parser.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from typing import BinaryIO, NamedTuple
from xml.sax.saxutils import quoteattr

from lxml import etree

from reconciliation.formats import xml
from reconciliation.formats.tables import Act, Layout, Misread, Record, Trace, run
from reconciliation.formats.xml_encoding import plain_encoding
from reconciliation.statement import UnreadableFile

MARK = "duecourse-entries"  # the attribute that tells which entries an element stands for
FIRST = 8_000  # bytes of the first piece, from which shapes are learned before more is read
LONGEST = 1_000_000  # bytes held back while looking for the end of an entry
MOST_SHAPES = 100
MOST_RIVALS = 10  # shapes of the same number of tags
MOST_TAGS = 400  # of an entry whose markup is worth learning

_MEANS_MORE = (b"xmlns", MARK.encode(), b"\xef\xbf\xbe", b"\xef\xbf\xbf")
_CONTROLS = bytes(sorted({*range(32)} - set(b"\t\n\r")))
_OTHER_REFERENCE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)")
_TAG = re.compile(r"<[^<>]*>")
_TEXT = "[^<>]*+"


@dataclass(frozen=True, slots=True)
class _Shape:
    """The markup of some entries as a pattern with a group for each text that is wanted, and what to do with these."""

    pattern: re.Pattern[str]
    acts: Sequence[Act]
    layout: Layout


class _Entry(NamedTuple):
    """One entry, from behind its opening tag up to the next entry."""

    content: str
    shape: _Shape | None
    texts: Sequence[str]


class Thinned:
    """A stream for the parser in which entries of known markup are left out; `records` still tells all of each."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._finds_tag = re.compile(rf"<((?:[A-Za-z0-9_.-]+:)?{name})>".encode())
        self._opening, self._closing = "", ""  # with their prefix, once the first entry is seen
        self._encoding = ""
        self._held = b""
        self._is_on = self._is_first = True
        self._shapes: dict[int, list[_Shape]] = {}  # by their number of tags
        self._count = 0
        self._marks = itertools.count()
        self._entries: dict[str, list[_Entry]] = {}  # those that a mark stands for, until they are asked for

    def read(self, _: int = xml.CHUNK) -> bytes:
        """The next bytes for the parser, made of about a chunk of the stream; none at its end."""
        data, self._held = self._held, b""
        while more := self._stream.read(xml.CHUNK):
            data += more
            if not self._is_on:
                return data
            if (end := self._end_of_entries(data)) > 0:
                data, self._held = data[:end], data[end:]
                return self._thinned(data)
            self._is_on = len(data) <= LONGEST
        return data

    def records(self, element: etree._Element, layout: Layout) -> Iterator[Record | UnreadableFile]:
        """What `layout` finds in each entry that `element` stands for, or why that cannot be read and its line."""
        for number, entry in enumerate(self._entries.get(element.get(MARK, ""), (None,))):
            try:
                yield self._record(element, number, entry, layout)
            except UnreadableFile as refusal:
                yield refusal
        self.forget(element)

    def forget(self, element: etree._Element) -> None:
        """Drops what is kept of the entries that `element` stands for."""
        self._entries.pop(element.get(MARK, ""), None)

    def line_of(self, element: etree._Element, number: int) -> int | None:
        """The line of the file on which the entry begins that is `number`, from 0, of those of `element`."""
        line, before = xml.line_of(element), self._entries.get(element.get(MARK, ""), [])[:number]
        return line and line + sum(entry.content.count("\n") for entry in before)

    def first(self, element: etree._Element) -> etree._Element:
        """The first entry that `element` stands for, with all that the file says of it."""
        entries = self._entries.get(element.get(MARK, ""))
        return element if entries is None or entries[0].shape is None else self._parsed(element, entries[0])

    # --- what the parser gets ---

    def _end_of_entries(self, data: bytes) -> int:
        """Where the last entry of `data` ends, 0 without any."""
        if not self._opening:
            found, encoding = self._finds_tag.search(data), plain_encoding(data)
            if found is None or encoding is None:
                return 0
            tag = found[1].decode()
            self._opening, self._closing, self._encoding = f"<{tag}>", f"</{tag}>", encoding
            if _means_more(data[2 : found.start()], but=b"xmlns"):
                self._is_on = False
        closing = self._closing.encode()
        at = data.find(closing, FIRST) if self._is_first else -1
        at = data.rfind(closing) if at < 0 else at
        self._is_first = self._is_first and at < 0
        return 0 if at < 0 else at + len(closing)

    def _thinned(self, data: bytes) -> bytes:
        first = max(data.find(self._opening.encode()), 0)
        try:
            text = data.decode(self._encoding)
        except UnicodeDecodeError:
            self._is_on = False
        self._is_on = self._is_on and not _means_more(data[first:])
        if not self._is_on:
            return data
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")  # as every XML parser does
        before, *contents = text.split(self._opening)
        return "".join([before, *self._handed_on(contents)]).encode(self._encoding)

    def _handed_on(self, contents: list[str]) -> Iterator[str]:
        """What the parser gets: new entries as they are, one element for all known ones that stand side by side."""
        known: list[_Entry] = []
        for content in contents:
            if (entry := self._known(content)) is not None:
                known.append(entry)
                continue
            if known:
                yield self._stand_in(known)
                known = []
            if self._closing in content:
                yield self._marked([_Entry(content, None, ())], content)
            else:
                yield self._opening + content
        if known:
            yield self._stand_in(known)

    def _known(self, content: str) -> _Entry | None:
        for shape in self._shapes.get(content.count("<"), ()):
            if (found := shape.pattern.fullmatch(content)) is not None:
                texts: Sequence[str] = found.groups()
                if "&" in content:
                    if _OTHER_REFERENCE.search(content):
                        return None
                    texts = [unescape(text) for text in texts]
                return _Entry(content, shape, texts)
        return None

    def _stand_in(self, entries: list[_Entry]) -> str:
        """An empty element of as many lines as the entries have."""
        lines = "\n" * sum(entry.content.count("\n") for entry in entries)
        return self._marked(entries, lines + self._closing)

    def _marked(self, entries: list[_Entry], content: str) -> str:
        number = str(next(self._marks))
        self._entries[number] = entries
        return f'{self._opening[:-1]} {MARK}="{number}">{content}'

    # --- what an entry says ---

    def _record(self, element: etree._Element, number: int, entry: _Entry | None, layout: Layout) -> Record:
        if entry is None:
            return layout.record(element)
        if entry.shape is None:
            trace = layout.trace(element)
            self._learn(entry.content, element, trace, layout)
            return trace.record()
        if entry.shape.layout is layout:
            try:
                return run(entry.shape.acts, entry.texts)
            except Misread:
                pass  # it is read once more, by the parser, which knows the lines
        before = (self.line_of(element, number) or 1) - 1
        return layout.record(self._parsed(element, entry), after_line=before)

    def _learn(self, content: str, element: etree._Element, trace: Trace, layout: Layout) -> None:
        """Remembers what to do with further entries of this markup, if tags and elements prove to be one to one."""
        inner, closing, _ = content.partition(self._closing)
        number = inner.count("<") + 1
        rivals = self._shapes.setdefault(number, [])
        if number > MOST_TAGS or len(rivals) >= MOST_RIVALS or self._count >= MOST_SHAPES:
            return
        if any(rival.pattern.fullmatch(inner + closing) for rival in rivals):
            return  # it was learned from another entry of the same piece
        tags = [*_TAG.findall(inner), closing]
        shape = _Shape(_pattern(tags, element, trace), trace.for_texts(), layout)
        found = shape.pattern.fullmatch(inner + closing)
        if found is not None and [unescape(text) for text in found.groups()] == trace.texts():
            rivals.append(shape)
            self._count += 1

    def _parsed(self, element: etree._Element, entry: _Entry) -> etree._Element:
        """The element of an entry that was kept from the parser."""
        names = "".join(
            f" xmlns{':' + prefix if prefix else ''}={quoteattr(uri)}"
            for prefix, uri in element.nsmap.items()
        )
        inner = entry.content.partition(self._closing)[0]
        return xml.parse(f"{self._opening[:-1]}{names}>{inner}{self._closing}".encode())


def _pattern(tags: Sequence[str], element: etree._Element, trace: Trace) -> re.Pattern[str]:
    """The tags with any texts between them; a group for each that `trace` reads."""
    wanted = set(trace.read_elements())
    elements = element.iterdescendants()
    pattern = [_TEXT]
    for tag in tags:
        is_wanted = not tag.startswith("</") and next(elements, None) in wanted
        if is_wanted and tag.endswith("/>"):
            pattern += [re.escape(tag), "()", _TEXT]
        else:
            pattern += [re.escape(tag), f"({_TEXT})" if is_wanted else _TEXT]
    pattern[-1] = r"\s*"  # nothing else may follow the entry
    return re.compile("".join(pattern))


def _means_more(data: bytes, *, but: bytes = b"") -> bool:
    """Whether something in `data` could make the same characters mean something else, or is not allowed at all."""
    if (b"!" in data and b"<!" in data) or (b"?" in data and b"<?" in data):
        return True
    if len(data.translate(None, _CONTROLS)) < len(data):
        return True
    return any(sign in data for sign in _MEANS_MORE if sign != but)
