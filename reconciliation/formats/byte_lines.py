"""The lines of a text file as bytes, each with its number and its place in the file, read piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from reconciliation.statement import UnreadableFile

CHUNK = 64 * 1024
LONGEST = 64 * 1024  # bytes of one line: no text format of banks comes near it
MOST_BLANK = 10_000  # lines in a row with nothing in them


class ByteLine(NamedTuple):
    """One line without its end. `number` counts from 1; it and its end are the bytes `first` to `behind`."""

    number: int
    first: int
    behind: int
    data: bytes


def byte_lines(stream: BinaryIO) -> Iterator[ByteLine]:
    """The lines of `stream`, whichever line ends it has. Raises UnreadableFile for one that is too long.

    Neither may more than MOST_BLANK lines in a row be blank.
    """
    held, at, number, blank = b"", 0, 1, 0
    while data := stream.read(CHUNK):
        whole = (held + data).splitlines(keepends=True)
        # The last one may go on, and a carriage return may be the first half of its end.
        held = whole.pop()
        for line in whole:
            data = line.rstrip(b"\r\n")
            blank = 0 if data and not data.isspace() else blank + 1
            if blank > MOST_BLANK:
                raise UnreadableFile(f"More than {MOST_BLANK} blank lines follow one another.", line=number)
            yield ByteLine(number, at, at + len(line), data)
            at += len(line)
            number += 1
        if len(held) > LONGEST:
            raise UnreadableFile(f"A line of the file is longer than {LONGEST} bytes.", line=number)
    if held:
        yield ByteLine(number, at, at + len(held), held.rstrip(b"\r\n"))


class LineDecoder:
    """Lines to text: as UTF-8 while that is what they are, else the whole rest as Windows-1252."""

    def __init__(self) -> None:
        self._codec = "utf-8"
        self._has_letters = False

    def text(self, line: ByteLine) -> str:
        """The line as text. Raises UnreadableFile for bytes that are none."""
        try:
            text = line.data.decode(self._codec)
        except UnicodeDecodeError:
            text = self._otherwise(line)
        if "\0" in text:
            raise UnreadableFile("The file holds a zero byte, which no text does.", line=line.number)
        self._has_letters = self._has_letters or not text.isascii()
        return text.removeprefix("\ufeff") if line.number == 1 else text

    def _otherwise(self, line: ByteLine) -> str:
        if self._codec == "utf-8" and not self._has_letters:
            self._codec = "cp1252"
            return self.text(line)
        raise UnreadableFile(
            "The file holds bytes that belong to no encoding it can be in.", line=line.number
        )
