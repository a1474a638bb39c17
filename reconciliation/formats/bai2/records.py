"""Puts the lines of a BAI2 file together to its records, each with what continues it and its place in the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from bai2.constants import CONTINUATION_CODE, RecordCode
from bai2.helpers import record_generator

from reconciliation.formats.byte_lines import LONGEST, ByteLine, LineDecoder, byte_lines
from reconciliation.statement import UnreadableFile

_CODES = frozenset(code.value for code in RecordCode)
_ACCOUNT = RecordCode.account_identifier.value


class Record(NamedTuple):
    """One logical record: its code, its fields behind the code, and how many lines it takes.

    `line` is its first line in the file, counted from 1; its bytes are those from `first` to `behind`.
    """

    code: str
    fields: list[str]
    rows: int
    line: int
    first: int
    behind: int


def records(stream: BinaryIO) -> Iterator[Record]:
    """The records of `stream` in their order. Raises UnreadableFile for a line that is none."""
    decoder = LineDecoder()
    places: list[ByteLine] = []
    texts: list[str] = []
    length = 0
    for place in byte_lines(stream):
        text = decoder.text(place).strip(" \t\x1a")
        if not text:
            continue
        if not _continues(text, place.number, is_first=not texts):
            if texts:
                yield _record(texts, places)
            places, texts, length = [], [], 0
        places.append(place)
        texts.append(text)
        length += len(text)
        if length > LONGEST:
            raise UnreadableFile("A record of the file is too long to be one.", line=places[0].number)
    if texts:
        yield _record(texts, places)


def _continues(text: str, number: int, *, is_first: bool) -> bool:
    """Whether a line continues the one before. Raises UnreadableFile for what is no record."""
    code = text[:2]
    if code not in _CODES or text[2:3] not in (",", "/", "") or (is_first and code == CONTINUATION_CODE):
        raise UnreadableFile("A line of the file is no record of BAI2.", line=number)
    return bool(code == CONTINUATION_CODE)


def _record(texts: list[str], places: list[ByteLine]) -> Record:
    code = texts[0][:2]
    fields = _account_fields(texts) if code == _ACCOUNT else next(record_generator(iter(texts))).fields
    return Record(code, fields, len(texts), places[0].number, places[0].first, places[-1].behind)


def _account_fields(texts: list[str]) -> list[str]:
    """The fields of an account, whose every line ends between two fields, or behind a mark that ends one.

    The library takes the last field of a line for the first half of the next line's, so it is not asked here.
    """
    return ",".join(text[3:].removesuffix("/") for text in texts).split(",")
