"""Opens a stored file with what is known of its account: its format, and the items that its reader gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from ledger.models import BankAccount
from reconciliation.formats import detect
from reconciliation.statement import Item


def open_file(
    stream: BinaryIO, *, chosen: BankAccount | None, layouts: Sequence[Any] = ()
) -> tuple[str, Iterator[Item]]:
    """The format's name, and the items of a seekable stream. Raises UnreadableFile, also while iterating."""
    return detect.read_file(stream)


def fragment(stream: BinaryIO, position: int) -> bytes:
    """The bytes of the line at `position` of a file that was read before. Raises NoSuchLine."""
    reader = detect.open_reader(stream.read(detect.HEAD))
    stream.seek(0)
    return reader.fragment(stream, position)
