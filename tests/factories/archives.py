"""Writes ZIP and GZIP archives, sound and hostile ones, in memory and quickly."""

from __future__ import annotations

import gzip
import io
import random
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping

from tests.factories import camt, mt940

MEGABYTE = 1024 * 1024
CAMT = camt.camt053([camt.credit(1250, name="Anna Beispiel", remittance="RE-1")])
MT940 = mt940.mt940([mt940.Entry(amount=1250, text="RE-1")])
PACKED_AT = (2026, 1, 5, 18, 0, 0)


def info(
    name: str, *, method: int = zipfile.ZIP_DEFLATED, mode: int = stat.S_IFREG | 0o644
) -> zipfile.ZipInfo:
    """A member of a fixed day, so that the same arguments give the same bytes."""
    made = zipfile.ZipInfo(name, PACKED_AT)
    made.compress_type = method
    made.create_system = 3
    made.external_attr = mode << 16
    return made


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP of these members in their order; names may come twice."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for member, content in members:
            one = member if isinstance(member, zipfile.ZipInfo) else info(member, method=method)
            _write(archive, one, content)
    return target.getvalue()


def _write(archive: zipfile.ZipFile, one: zipfile.ZipInfo, content: bytes) -> None:
    archive.NameToInfo.pop(one.filename, None)  # else a second member of a name is warned of
    archive.writestr(one, content)


def streamed(name: str, content: bytes) -> bytes:
    """A ZIP written to where nothing can be gone back to, so that sizes stand behind the data."""

    class OneWay(io.BytesIO):
        def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
            raise io.UnsupportedOperation

        def tell(self) -> int:
            raise io.UnsupportedOperation

    target = OneWay()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(info(name), content)
    return target.getvalue()


def zip64(name: str, content: bytes) -> bytes:
    """A ZIP with the sizes of its member in the extra field for large files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive, archive.open(info(name), "w", force_zip64=True) as member:
        member.write(content)
    return target.getvalue()


def gzipped(*parts: bytes) -> bytes:
    """A GZIP of one part or several, one behind the other."""
    return b"".join(gzip.compress(part, mtime=0) for part in parts)


def deflated_zeros(megabytes: int) -> bytes:
    """A deflate stream of that many megabytes of zeros, a thousandth of their size; made by repeating a piece."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    piece = packer.compress(b"\0" * MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    return piece * megabytes + packer.flush()


def gzip_bomb(megabytes: int) -> bytes:
    return b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + deflated_zeros(megabytes) + struct.pack("<II", 0, 0)


def raw_zip(*members: tuple[str, bytes, int], declared: int | None = None, crc: int = 0) -> bytes:
    """A ZIP of deflated data as it is given with its true size; `declared` is what all headers state instead."""
    data, directory = bytearray(), bytearray()
    for name, packed, size in members:
        stated = size if declared is None else declared
        facts = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0x21, crc, len(packed), stated, len(name), 0)
        place = struct.pack("<HHHII", 0, 0, 0, 0, len(data))
        data += b"PK\x03\x04" + facts + name.encode() + packed
        directory += b"PK\x01\x02" + b"\x14\x03" + facts + place + name.encode()
    return bytes(data + directory) + end_of_directory(len(members), len(directory), len(data))


def end_of_directory(members: int, size: int, at: int) -> bytes:
    return b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, members, members, size, at, 0)


def bomb(megabytes: int = 1024, *, declared: int | None = None) -> bytes:
    """A ZIP whose only member unpacks to that many megabytes of zeros."""
    return raw_zip(("bomb.xml", deflated_zeros(megabytes), megabytes * MEGABYTE), declared=declared)


def overlapping(members: int = 150) -> bytes:
    """Members that all point at the same megabytes: a small file, a large sum."""
    content = random.Random(1).randbytes(MEGABYTE // 64) * 64
    packed = zlib.compress(content, 9)[2:-4]
    whole = raw_zip(("a.xml", packed, MEGABYTE), crc=zlib.crc32(content))
    end = whole.index(b"PK\x01\x02")
    entry = whole[end : whole.index(b"PK\x05\x06")]
    return whole[:end] + entry * members + end_of_directory(members, len(entry) * members, end)


def crowd(members: int) -> bytes:
    """A ZIP of that many members without content, made by repeating the entry of one."""
    whole = raw_zip(("a.xml", b"\x03\0", 0))
    at = whole.index(b"PK\x01\x02")
    entry = whole[at : whole.index(b"PK\x05\x06")]
    count = min(members, 0xFFFF)
    return whole[:at] + entry * members + end_of_directory(count, len(entry) * members, at)


def flipped(archive: bytes, content: bytes) -> bytes:
    """The archive with a bit of `content`, stored as it is, turned over."""
    at = archive.index(content) + len(content) // 2
    return archive[:at] + bytes([archive[at] ^ 1]) + archive[at + 1 :]


def flagged(archive: bytes, *, flags: int) -> bytes:
    """The archive with these general purpose flags set for its first member, in both of its headers."""
    changed = bytearray(archive)
    for mark, behind in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = changed.index(mark) + behind
        changed[at] |= flags
    return bytes(changed)


def nested(content: bytes, depth: int) -> bytes:
    """`content` in a ZIP, that one in another and so on, `depth` of them within the outermost."""
    for level in range(depth + 1):
        content = zipped((f"level-{level}.zip" if level else "a.xml", content))
    return content


def office(*names: str) -> bytes:
    return zipped(*((name, b"<x/>") for name in names))


LINK = info("link.xml", mode=stat.S_IFLNK | 0o777)

# Documents that are ZIPs, by what they are named when they are refused.
DOCUMENTS: Mapping[str, bytes] = {
    "an Excel workbook (XLSX)": office("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"),
    "an Excel workbook (XLSB)": office("[Content_Types].xml", "xl/workbook.bin"),
    "a Word document (DOCX)": office("[Content_Types].xml", "word/document.xml"),
    "a presentation (PPTX)": office("[Content_Types].xml", "ppt/presentation.xml"),
    "an office document": office("[Content_Types].xml", "visio/document.xml"),
    "an OpenDocument file (ODS or ODT)": office("mimetype", "content.xml", "META-INF/manifest.xml"),
    "a Numbers or Pages document": office("Index/Document.iwa"),
    "a book (EPUB)": office("mimetype", "META-INF/container.xml"),
    "a program (JAR)": office("META-INF/MANIFEST.MF", "A.class"),
    "a program (APK)": office("AndroidManifest.xml", "META-INF/MANIFEST.MF"),
}

# Archives that must cost next to nothing, by what is hostile about them: what makes them, as some are large.
HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "a gigabyte of zeros": bomb,
    "a gigabyte of zeros said to be small": lambda: bomb(declared=10),
    "a gigabyte of zeros said to be 60 MB": lambda: bomb(declared=60 * MEGABYTE),
    "a gigabyte of zeros in GZIP": lambda: gzip_bomb(1024),
    "a bomb within an archive": lambda: zipped(("inner.zip", bomb(32)), ("inner.xml.gz", gzip_bomb(32))),
    "archives within archives": lambda: nested(CAMT, 10),
    "members that share their data": overlapping,
    "a hundred thousand members": lambda: crowd(100_000),
    "a few members too many": lambda: crowd(201),
    "a directory of 40 MB": lambda: (
        b"PK\x03\x04" + b"\0" * 40 * MEGABYTE + end_of_directory(1, 40 * MEGABYTE, 4)
    ),
    "names that climb": lambda: zipped(
        ("../../../../tmp/slipped.xml", CAMT), ("/etc/slipped.xml", CAMT), ("C:\\slipped.xml", CAMT)
    ),
    "a link to a file of the machine": lambda: zipped((LINK, b"/etc/passwd")),
}
