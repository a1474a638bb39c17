"""Takes the text of a QIF file apart: its section headers, and the records below them with their places in the file."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import BinaryIO, NamedTuple, TypeAlias

from reconciliation.formats.byte_lines import LONGEST, ByteLine, LineDecoder, byte_lines
from reconciliation.statement import UnreadableFile

_END, _HEADER = "^", "!"


class Kind(Enum):
    """What the records of a section are."""

    BANK = auto()
    INVESTMENT = auto()
    ACCOUNT = auto()
    LIST = auto()
    OPTION = auto()


_TYPES = {
    **dict.fromkeys(("bank", "cash", "ccard", "oth a", "oth l"), Kind.BANK),
    "invst": Kind.INVESTMENT,
    **dict.fromkeys(
        ("cat", "class", "memorized", "security", "prices", "budget", "tag", "template", "invitem"), Kind.LIST
    ),
}


class Section(NamedTuple):
    """A header such as `!Type:Bank`; `name` is the type in small letters."""

    kind: Kind
    name: str
    line: int


class Record(NamedTuple):
    """One record: its fields as letter and text. Its bytes are those from `first` to `behind`, the `^` included."""

    section: Section
    fields: list[tuple[str, str]]
    line: int
    first: int
    behind: int

    def get(self, letter: str) -> str | None:
        """The first field of a letter, without blanks around it; None where it lacks or is blank."""
        return next((text for name, text in self.fields if name == letter and text), None)

    def all(self, letter: str) -> list[str]:
        """All fields of a letter that are not blank."""
        return [text for name, text in self.fields if name == letter and text]


Event: TypeAlias = Section | Record


def events(stream: BinaryIO) -> Iterator[Event]:
    """The sections and records of `stream` in their order. Raises UnreadableFile."""
    decoder = LineDecoder()
    section: Section | None = None
    fields: list[tuple[str, str]] = []
    begin: ByteLine | None = None
    length = 0
    for place in byte_lines(stream):
        text = decoder.text(place).strip(" \t\x1a")
        if not text:
            continue
        if text.startswith(_HEADER):
            if begin is not None:
                raise UnreadableFile(
                    "A record of the file is not closed (^) before the next section.", line=place.number
                )
            section = _section(text, place.number)
            yield section
            continue
        if section is None:
            raise UnreadableFile("The file does not begin as a QIF file does.", line=place.number)
        begin = begin or place
        if text == _END:
            yield Record(section, fields, begin.number, begin.first, place.behind)
            fields, begin, length = [], None, 0
            continue
        fields.append((text[0].upper(), text[1:].strip()))
        length += len(text)
        if length > LONGEST:
            raise UnreadableFile(
                "A record of the file is too long to be one, or never ends.", line=begin.number
            )
    if begin is not None:
        raise UnreadableFile("The file ends in the middle: it was cut off on its way.", line=begin.number)


def _section(text: str, line: int) -> Section:
    """The section that a header begins. Raises UnreadableFile for one that QIF does not know."""
    name = " ".join(text[1:].casefold().split())
    if name == "account":
        return Section(Kind.ACCOUNT, name, line)
    if name.startswith(("option:", "clear:")):
        return Section(Kind.OPTION, name, line)
    word, _, kind = name.partition(":")
    kind = kind.strip()
    if word == "type" and kind in _TYPES:
        return Section(_TYPES[kind], kind, line)
    raise UnreadableFile("The file has a section of a kind that QIF does not know.", line=line)
