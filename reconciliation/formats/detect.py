"""Finds the reader for a bank file by its first bytes, or says in one sentence what the file is instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

from reconciliation.formats import camt, mt940, ofx, xml
from reconciliation.statement import Item, UnreadableFile

HEAD = xml.CHUNK


class Reader(Protocol):
    """What every module of a format offers."""

    def identify(self, head: bytes) -> str | None:
        """The format's name and version if a file beginning with `head` is of it."""
        ...

    def read(self, stream: BinaryIO) -> Iterator[Item]:
        """Each statement of `stream` as Header, Lines and Statement. Raises UnreadableFile."""
        ...

    def fragment(self, stream: BinaryIO, position: int) -> bytes:
        """The bytes of the line at `position`, counted from 1, as they stand in the file; NoSuchLine beyond."""
        ...


READERS: tuple[Reader, ...] = (camt, mt940, ofx)


def read_file(stream: BinaryIO) -> tuple[str, Iterator[Item]]:
    """The format's name, and the items of a seekable stream. Raises UnreadableFile, also while iterating."""
    head = stream.read(HEAD)
    format_name, reader = _identified(head)
    stream.seek(0)
    return format_name, reader.read(stream)


def open_reader(head: bytes) -> Reader:
    """The reader for a file beginning with `head`; UnreadableFile names what the file looks like instead."""
    return _identified(head)[1]


def _identified(head: bytes) -> tuple[str, Reader]:
    for reader in READERS:
        if (format_name := reader.identify(head)) is not None:
            return format_name, reader
    raise UnreadableFile(f"{_what(head)}, not a bank statement that can be read here.")


def _what(head: bytes) -> str:
    """What a file looks like, as the beginning of a sentence. Raises UnreadableFile for hostile XML."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return f"The file is {name}"
    text = xml.readable(head)
    if not text.strip():
        return "The file is empty"
    if text.lstrip().startswith("<"):
        return _what_markup(head, text)
    for looks_like, name in _TEXTS:
        if looks_like(text):
            return f"The file looks like {name}"
    return "The file is of an unknown kind"


# The first bytes of what people upload by mistake.
_MAGIC = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document; unpack it and import the files in it"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a GZIP archive; unpack it and import the file in it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)


# --- XML and HTML ---

_HTML = re.compile(r"\s*<(?:!doctype\s+)?html\b", re.IGNORECASE)
_MESSAGE = re.compile(r"\b(camt|pain|pacs|acmt)\.([0-9]{3})\.[0-9]{3}\.[0-9]{2}\b")
_SAFE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,39}")

# ISO 20022 messages that a bank or an ERP also sends, by what they are for.
_MESSAGES = {
    "camt.052": "an account report of the running day",
    "camt.054": "a notification of single bookings",
    "pain.001": "an order of credit transfers",
    "pain.002": "a bank's answer to a payment order",
    "pain.008": "an order of direct debits",
}

_ROOTS = {
    "CstmrCdtTrfInitn": "pain.001",
    "CstmrPmtStsRpt": "pain.002",
    "CstmrDrctDbtInitn": "pain.008",
}


def _what_markup(head: bytes, text: str) -> str:
    if _HTML.match(text):
        return "The file is a web page (HTML)"
    names = xml.opening(head)
    if not names:
        xml.parse(head)  # says why not even the first element can be read
    message = camt.named(names) or _message(names)
    if message is not None:
        purpose = _MESSAGES.get(message[:8])
        return f"The file is {message}, {purpose}" if purpose else f"The file is {message}"
    if names and names[0].local == "OFX":
        return "The file looks like OFX"
    root = names[0].local if names and _SAFE_NAME.fullmatch(names[0].local) else "of an odd name"
    return f"The file is XML with the root element {root}"


def _message(names: list[xml.Name]) -> str | None:
    found = (_MESSAGE.search(name.namespace) for name in names)
    by_root = (_ROOTS.get(name.local) for name in names)
    return next((match[0] for match in found if match is not None), None) or next(filter(None, by_root), None)


# --- text formats ---


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.MULTILINE)
    return lambda text: compiled.search(text) is not None


def _is_table(text: str) -> bool:
    lines = [line for line in text.splitlines()[:5] if line.strip()]
    return len(lines) > 1 and any(all(line.count(mark) > 1 for line in lines[:2]) for mark in ";,\t|")


_TEXTS: tuple[tuple[Callable[[str], bool], str], ...] = (
    (_matches(r"^:34F:"), "an MT942 report"),
    (_matches(r"(?:^|@@):(?:20|25|28C?|60[FM]|61|62[FM]|86):"), "an MT940 statement"),
    (_matches(r"\AOFXHEADER:|<OFX>"), "OFX"),
    (_matches(r"\A01,[^\n]*\n02,"), "BAI2"),
    (_matches(r"\A!(?:Type:|Account|Option:)"), "QIF"),
    (_matches(r'\A\s*[\[{]\s*["\[{\]}]'), "JSON"),
    (_is_table, "a table (CSV)"),
)
