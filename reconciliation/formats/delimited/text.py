"""A delimited file as text: which encoding it is in, its lines, its rows of cells, and the bytes of some lines."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO, NamedTuple, TypeAlias

from reconciliation.statement import UnreadableFile

CHUNK = 256 * 1024
LONGEST_LINE = 1_000_000  # characters; bank exports stay far below a thousandth of it
LONGEST_FIELD = 100_000

# Python's csv module has one limit for all its readers: a quote that is never closed is found at this length.
csv.field_size_limit(LONGEST_FIELD)

Cells: TypeAlias = list[str]
# The first line of a row, counted from 1, the last one, and its cells; None where its quotes are wrong.
Row: TypeAlias = tuple[int, int, "Cells | None"]

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_ENOUGH_FOR_A_LOOK = 200

# What tells the Western encodings of one byte apart. ISO 8859 has control characters where CP1252 has letters and
# quotes, and the euro sign of ISO 8859-15 stands where the others have a sign that no bank writes.
_NOT_CP1252 = frozenset(b"\x81\x8d\x8f\x90\x9d")
_ONLY_CP1252 = frozenset(range(0x80, 0xA0)) - _NOT_CP1252
_EURO_OF_8859_15 = 0xA4
_TELL_NOTHING = bytes(byte for byte in range(256) if not (0x80 <= byte < 0xA0 or byte == _EURO_OF_8859_15))

# Letters of UTF-8. In a Western encoding they are such as "Ã¼", which stands in no text unless it was read wrongly
# before.
_OF_UTF_8 = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}",
)
_ASCII, _NOT_ASCII = bytes(range(128)), bytes(range(128, 256))

OTHER_ENCODING = "The file is not in the encoding that its first bytes name."
_TOO_LONG = "A line of the file is longer than any of a bank."

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


def encoding_of(head: bytes) -> str:
    """The encoding that the beginning of a file shows; a multi-byte character may be cut off at its end."""
    if head.startswith(_UTF_32):
        raise UnreadableFile("The file is in UTF-32, in which no bank writes.")
    if head.startswith(_UTF_16):
        return "utf-16"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    look = head[:_ENOUGH_FOR_A_LOOK]
    if len(look) > 1 and look[1::2].count(0) * 2 > len(look[1::2]) and not look[::2].count(0):
        return "utf-16-le"
    if len(look) > 1 and look[::2].count(0) * 2 > len(look[::2]) and not look[1::2].count(0):
        return "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return _western(iter((head,)))
    return "utf-8"


class Encoding(NamedTuple):
    """The encoding of a whole file; `is_mixed` where some of its letters seem to be of another one."""

    name: str
    is_mixed: bool = False


def encoding(stream: BinaryIO) -> Encoding:
    """The encoding of the whole file, which is read from its start. Raises UnreadableFile."""
    stream.seek(0)
    found = encoding_of(stream.read(CHUNK))
    if found not in ("utf-8", "utf-8-sig", "cp1252", "iso8859-1", "iso8859-15"):
        return Encoding(found)
    if _is_utf_8(stream):
        return Encoding("utf-8-sig" if found == "utf-8-sig" else "utf-8")
    if found == "utf-8-sig":
        raise UnreadableFile(OTHER_ENCODING)
    of_utf_8, others = _letters(_of_lines(stream))
    if of_utf_8 > others:
        raise UnreadableFile("The file holds bytes that belong to no encoding it can be in.")
    return Encoding(_western(_of_lines(stream)), of_utf_8 > 0)


def _letters(chunks: Iterator[bytes]) -> tuple[int, int]:
    """How many letters beyond ASCII are written as in UTF-8, and how many as none of it is."""
    of_utf_8 = others = 0
    cut = b""
    for chunk in chain(chunks, (b"\n",)):
        data = cut + chunk
        whole = data.rstrip(_NOT_ASCII)  # what follows them may belong to them
        cut = data[len(whole) :]
        letters = _OF_UTF_8.findall(whole)
        of_utf_8 += len(letters)
        others += len(whole.translate(None, _ASCII)) - sum(map(len, letters))
    return of_utf_8, others


def _of_lines(stream: BinaryIO) -> Iterator[bytes]:
    """The file in chunks from its start. Raises UnreadableFile as soon as one of its lines is far too long."""
    stream.seek(0)
    run = 0
    for chunk in iter(lambda: stream.read(CHUNK), b""):
        run = 0 if b"\n" in chunk or b"\r" in chunk else run + len(chunk)
        if run > 4 * LONGEST_LINE:
            raise UnreadableFile(_TOO_LONG)
        yield chunk


def _is_utf_8(stream: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in _of_lines(stream):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _western(chunks: Iterator[bytes]) -> str:
    telling: set[int] = set()
    for chunk in chunks:
        telling.update(chunk.translate(None, _TELL_NOTHING))
    if telling & _NOT_CP1252:
        return "iso8859-1"
    return "iso8859-15" if _EURO_OF_8859_15 in telling and not telling & _ONLY_CP1252 else "cp1252"


# --- lines and rows ---


def lines(stream: BinaryIO, encoding: str) -> Iterator[str]:
    """The lines of the file from its start, each with "\\n" for whatever ends it. Raises UnreadableFile."""
    stream.seek(0)
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
    pending, number = "", 0
    for chunk in _chunks(stream):
        text = pending + _decoded(decoder, chunk, number)
        if "\0" in text:
            raise UnreadableFile(
                "The file holds NUL characters, which no text has.",
                line=number + text.count("\n", 0, text.index("\0")) + 1,
            )
        whole, _, pending = text.rpartition("\n")
        if whole or text.startswith("\n"):
            number += whole.count("\n") + 1
            yield from io.StringIO(whole + "\n", newline="\n")
        if len(pending) > LONGEST_LINE:
            raise UnreadableFile(_TOO_LONG, line=number + 1)
    if pending:
        yield pending


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    """The file in chunks, and an empty one that ends it."""
    yield from iter(lambda: stream.read(CHUNK), b"")
    yield b""


def _decoded(decoder: io.IncrementalNewlineDecoder, chunk: bytes, number: int) -> str:
    try:
        return decoder.decode(chunk, final=not chunk)
    except UnicodeDecodeError:
        raise UnreadableFile("The file holds bytes that are no text.", line=number + 1) from None


def rows(lines: Iterator[str], delimiter: str) -> Iterator[Row]:
    """The rows of those lines; a quoted cell may run over several of them. Raises UnreadableFile.

    A row whose quotes are wrong has no cells. A quote that is never closed is refused.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    begin = 1
    while True:
        try:
            cells: Cells | None = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "end of data" in str(error) or "limit" in str(error):
                raise UnreadableFile(
                    "A quote is opened that is never closed, or a cell is longer than any of a bank.",
                    line=begin,
                ) from None
            cells = None
        end = reader.line_num
        yield begin, end, cells
        begin = end + 1


def raw_lines(stream: BinaryIO, encoding: str, first: int, last: int) -> bytes:
    """The bytes of the lines `first` to `last`, counted from 1, with their own line ends."""
    decoder = codecs.getincrementaldecoder(encoding)()
    plain = _without_mark(encoding, stream)
    kept: list[str] = []
    pending, number = "", 0
    stream.seek(0)
    for chunk in _chunks(stream):
        text = pending + decoder.decode(chunk, final=not chunk)
        found = _LINE.findall(text)
        pending = found.pop() if chunk and found else ""
        for line in found:
            number += 1
            if number >= first:
                kept.append(line)
            if number == last:
                return "".join(kept).encode(plain)
    return "".join(kept).encode(plain)


def _without_mark(encoding: str, stream: BinaryIO) -> str:
    """The encoding without the mark that it would write at the start of each text."""
    if encoding == "utf-16":
        stream.seek(0)
        return "utf-16-le" if stream.read(2) == codecs.BOM_UTF16_LE else "utf-16-be"
    return "utf-8" if encoding == "utf-8-sig" else encoding
