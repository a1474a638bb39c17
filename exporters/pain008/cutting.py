"""Cuts a plain pain.008 file by its text: what stands before the blocks, and then collections by the hundred."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_LEAST = 64 * 1024  # bytes of collections that are worth a document of their own
_MOST = 8 * 1024 * 1024  # bytes in which something must begin or end

_BLOCK_BEGINS = re.compile(rb"<PmtInf[\s>]")
_END_OF_COLLECTION = b"</DrctDbtTxInf>"
_FILE_ENDS = re.compile(rb"\s*</PmtInf>\s*</CstmrDrctDbtInitn>\s*</Document>\s*")

# What could hide tags that are none or add tags that are: a sign of each that is quick to look for, and the markup.
_NOT_PLAIN = (
    (b"!", re.compile(rb"<!")),
    (b"?", re.compile(rb"<\?")),
    (b"xmlns", re.compile(rb"<[^<>]*xmlns")),
    (b"SplmtryData", re.compile(rb"<SplmtryData")),
)


class NotPlain(Exception):
    """The file cannot be cut by its text; it has to be read as a whole."""


class Cutter:
    """Takes bytes as they come. What it gives adds up to the file, but for the end tags behind the last block."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._held = b""
        self.is_over = False

    def opening(self) -> bytes:
        """Everything before the first block. Raises NotPlain where there is none."""
        while (found := _BLOCK_BEGINS.search(self._held)) is None:
            self._read_on()
            if self.is_over:
                raise NotPlain
        opening, self._held = self._held[: found.start()], self._held[found.start() :]
        return opening

    def bodies(self) -> Iterator[bytes]:
        """Pieces of the blocks, each up to the end of a collection. Raises NotPlain for what must not be there."""
        is_found = False
        while not self.is_over:
            body = self._up_to_last_collection() if len(self._held) >= _LEAST else b""
            if body:
                is_found = True
                yield _plain(body)
            else:
                self._read_on()
        body = self._up_to_last_collection()
        if not (body or is_found) or _FILE_ENDS.fullmatch(self._held) is None:
            raise NotPlain
        if body:
            yield _plain(body)

    def _up_to_last_collection(self) -> bytes:
        end = self._held.rfind(_END_OF_COLLECTION) + len(_END_OF_COLLECTION)
        if end < len(_END_OF_COLLECTION):
            return b""
        body, self._held = self._held[:end], self._held[end:]
        return body

    def _read_on(self) -> None:
        if len(self._held) > _MOST:
            raise NotPlain
        piece = next(self._pieces, None)
        if piece is None:
            self.is_over = True
        else:
            self._held += piece


def _plain(body: bytes) -> bytes:
    """Comments, instructions, sections, namespaces and foreign content could hide tags that are none."""
    if any(sign in body and markup.search(body) for sign, markup in _NOT_PLAIN):
        raise NotPlain
    return body
