"""Reads the beginning of a stream, which may give fewer bytes at a time than it is asked for."""

from __future__ import annotations

from typing import BinaryIO

from reconciliation.statement import UnreadableFile


def first_bytes(stream: BinaryIO, size: int) -> bytes:
    """The next `size` bytes of `stream`, fewer only where it ends. Raises UnreadableFile for an empty file."""
    found = data = stream.read(size)
    while data and len(found) < size:
        data = stream.read(size - len(found))
        found += data
    if not found:
        raise UnreadableFile("The file is empty.")
    return found
