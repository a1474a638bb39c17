"""Unpacks members of archives in memory, counting the bytes as they come and never believing what is declared."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

from reconciliation.statement import UnreadableFile

CHUNK = 64 * 1024
SMALL_CHUNK = (
    16 * 1024
)  # zipfile reads as much ahead as it gives, and what was read is what the ratio is held to
MOST_RATIO = 500  # identical bookings pack to 400:1; a megabyte of zeros packs to 1000:1
FREE_OF_RATIO = 1024 * 1024  # up to here a member may be packed as it likes
MOST_DIRECTORY_BYTES_PER_MEMBER = 1024

_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1 | 0x40  # APPNOTE.TXT 4.4.4: general purpose flags 0 and 6
_GZIP = 16 + zlib.MAX_WBITS

# Whatever zipfile raises for bytes that are no sound archive.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    IndexError,
    NotImplementedError,
    RuntimeError,
)


@dataclass(slots=True)
class Budget:
    """What may still be unpacked from one upload, with all that is nested in it."""

    bytes: int
    members: int
    most_bytes: int

    def take_members(self, count: int) -> None:
        """Raises UnreadableFile where the archive has more members than may still come."""
        if count > self.members:
            raise UnreadableFile(
                f"The archive has {count} members, more than the {self.members} that are unpacked."
            )
        self.members -= count

    def require_room(self, size: int) -> None:
        """Raises UnreadableFile where less than `size` bytes are left."""
        if size > self.bytes:
            raise UnreadableFile(
                f"With this file the upload unpacks to more than the {self.most_bytes:,} bytes that are taken."
            )


@dataclass(slots=True)
class _Unpacked:
    """The bytes of one member so far, held against the budget and against how small they were packed."""

    budget: Budget
    content: io.BytesIO
    size: int = 0

    def add(self, data: bytes, packed: int) -> None:
        """Keeps `data`; `packed` bytes of the archive were read for all that is kept."""
        self.size += len(data)
        self.budget.require_room(len(data))
        self.budget.bytes -= len(data)
        if self.size > FREE_OF_RATIO and self.size > packed * MOST_RATIO:
            raise UnreadableFile(
                f"The file is packed to less than a {MOST_RATIO}th of its size, as only a bomb is."
            )
        self.content.write(data)


class _Guarded(io.RawIOBase):
    """The archive's stream, from which no directory larger than that of `members` members is read at once."""

    def __init__(self, stream: BinaryIO, members: int) -> None:
        self._stream = stream
        self._most = max(CHUNK * 2, members * MOST_DIRECTORY_BYTES_PER_MEMBER)
        self.given = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def read(self, size: int = -1) -> bytes:
        if size > self._most:
            raise UnreadableFile("The archive has far more members than are unpacked.")
        data = self._stream.read(self._most if size < 0 else size)
        self.given += len(data)
        return data


@contextmanager
def _broken(sentence: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN:
        raise UnreadableFile(sentence) from None


def open_zip(stream: BinaryIO, budget: Budget) -> zipfile.ZipFile:
    """The directory of a ZIP. Raises UnreadableFile if it is broken, split or beyond the budget's members."""
    with _broken("The ZIP archive is broken or was cut off on its way."):
        opened = zipfile.ZipFile(_Guarded(stream, budget.members))
    budget.take_members(len(opened.infolist()))
    return opened


def zip_member(opened: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> bytes:
    """The bytes of one member, whose checksum and size are right. Raises UnreadableFile."""
    _require_readable(info)
    budget.require_room(info.file_size)
    unpacked = _Unpacked(budget, io.BytesIO())
    source = cast(_Guarded, opened.fp)
    before = source.given
    with _broken("The file is damaged within its archive."), opened.open(info) as member:
        while data := member.read(SMALL_CHUNK):
            unpacked.add(data, source.given - before)
    if unpacked.size != info.file_size:
        raise UnreadableFile("The file does not have the size that its archive states.")
    return unpacked.content.getvalue()


def _require_readable(info: zipfile.ZipInfo) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise UnreadableFile("The file is protected by a password; unpack it and import what is in it.")
    if info.compress_type not in _METHODS:
        raise UnreadableFile(
            "The file is packed by a method that is not read here; pack it as a plain ZIP or GZIP."
        )


def gzip_content(stream: BinaryIO, budget: Budget) -> bytes:
    """What a GZIP holds, its parts one after the other (RFC 1952, 2.2). Raises UnreadableFile."""
    unpacked = _Unpacked(budget, io.BytesIO())
    source = _Source(stream)
    with _broken("The GZIP archive is broken."):
        while source.fill():
            _gzip_part(source, unpacked)
            source.skip_zeros()
    return unpacked.content.getvalue()


@dataclass(slots=True)
class _Source:
    """The packed bytes of a stream, read ahead by a chunk."""

    stream: BinaryIO
    ahead: bytes = b""
    read: int = 0

    def fill(self) -> bool:
        """Whether there are bytes ahead, after reading more where there were none."""
        if not self.ahead:
            self.ahead = self.stream.read(CHUNK)
            self.read += len(self.ahead)
        return bool(self.ahead)

    def skip_zeros(self) -> None:
        """Passes over the padding of tapes and blocks behind a part."""
        while self.fill() and not (rest := self.ahead.lstrip(b"\0")):
            self.ahead = b""
        if self.ahead:
            self.ahead = rest


def _gzip_part(source: _Source, unpacked: _Unpacked) -> None:
    unpacker = zlib.decompressobj(_GZIP)
    while not unpacker.eof:
        if not source.fill():
            raise UnreadableFile("The GZIP archive was cut off on its way.")
        data = unpacker.decompress(source.ahead, CHUNK)
        source.ahead = unpacker.unconsumed_tail or unpacker.unused_data
        unpacked.add(data, source.read - len(source.ahead))
