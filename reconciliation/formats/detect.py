"""Finds the reader for a bank file by its first bytes, or says in one sentence what the file is instead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Protocol

from reconciliation.formats import bai2, camt, delimited, looks_like, mt940, ofx, pain002, qif, xml
from reconciliation.statement import Item, UnreadableFile

HEAD = xml.CHUNK


class NotAStatement(UnreadableFile):
    """A bank's file of another purpose, such as its answer to a payment order; `format` names it."""

    def __init__(self, message: str, *, format_name: str) -> None:
        super().__init__(message)
        self.format = format_name


class Reader(Protocol):
    """What every package of a format offers."""

    def identify(self, head: bytes) -> str | None:
        """The format's name and version if a file beginning with `head` is of it."""
        ...

    def read(self, stream: BinaryIO) -> Iterator[Item]:
        """Each statement of `stream` as Header, Lines and Statement. Raises UnreadableFile."""
        ...

    def fragment(self, stream: BinaryIO, position: int) -> bytes:
        """The bytes of the line at `position`, counted from 1, as they stand in the file; NoSuchLine beyond."""
        ...


READERS: tuple[Reader, ...] = (camt, mt940, ofx, bai2, qif, delimited)


def read_file(stream: BinaryIO) -> tuple[str, Iterator[Item]]:
    """The format's name, and the items of a seekable stream.

    Raises NotAStatement for a bank's answer to a payment order, and UnreadableFile, also while iterating.
    """
    head = stream.read(HEAD)
    format_name, reader = identified(head)
    stream.seek(0)
    return format_name, reader.read(stream)


def identified(head: bytes) -> tuple[str, Reader]:
    """The format's name and the reader for a file beginning with `head`.

    Raises NotAStatement, or UnreadableFile, which names what the file looks like instead.
    """
    for reader in READERS:
        if (format_name := reader.identify(head)) is not None:
            return format_name, reader
    if (answer := pain002.identify(head)) is not None:
        raise NotAStatement(
            f"The file is {answer}, a bank's answer to a payment order: it is kept, but it is not a statement.",
            format_name=answer,
        )
    raise UnreadableFile(f"{looks_like.named(head)}, not a bank statement that can be read here.")
