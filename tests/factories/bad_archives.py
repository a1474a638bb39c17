"""Bad archives; what is hostile about an archive itself is in archives.py."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from functools import partial

from tests.factories import archives
from tests.factories.archives import CAMT, MT940, gzipped, zipped
from tests.factories.bad_files import Endless, Expected, File, as_table, refused, told

GOOD = zipped(("a.xml", CAMT), ("b.sta", MT940))
PACKED = gzipped(CAMT)
STORED = zipped(("a.xml", CAMT), ("b.sta", MT940), method=zipfile.ZIP_STORED)


def _members() -> Iterator[tuple[str, File, Expected]]:
    for name, content, words in (
        ("a PDF in it", b"%PDF-1.7\n%", "a PDF document"),
        ("a web page in it", b"<html></html>", "a web page"),
        ("an empty file in it", b"", "empty"),
        ("only zero bytes in it", b"\0" * 1000, "zero bytes"),
        ("a program in it", b"MZ\x90\0\x03", "a program"),
        ("a cut statement in it", CAMT[:-20], "cut off"),
        ("an entity in it", CAMT.replace(b"<Document", b"<!DOCTYPE x []><Document", 1), "document type"),
        ("a TAR in it", b"a".ljust(257, b"\0") + b"ustar", "a TAR archive"),
        ("a cut archive in it", GOOD[:-10], "broken or was cut off"),
        ("a workbook in it", archives.DOCUMENTS["an Excel workbook (XLSX)"], "an Excel workbook"),
        ("an archive two levels down", zipped(("b.zip", GOOD)), "in an archive within an archive"),
    ):
        yield name, zipped(("x", content), ("a.xml", CAMT)), told(words)
        yield f"{name}, as GZIP", gzipped(content), told(words.replace("in an archive within an", "an"))


def _headers() -> Iterator[tuple[str, File, Expected]]:
    """Each field of a directory's entry with all its bits turned."""
    at = STORED.index(b"PK\x01\x02")
    for name, behind, size in (
        ("method", 10, 2),
        ("checksum", 16, 4),
        ("size", 24, 4),
        ("length of the name", 28, 2),
        ("length of the extra field", 30, 2),
        ("place of its data", 42, 4),
    ):
        turned = bytes(byte ^ 0xFF for byte in STORED[at + behind : at + behind + size])
        yield f"a wrong {name}", STORED[: at + behind] + turned + STORED[at + behind + size :], told()


def _hostile() -> Iterator[tuple[str, File, Expected]]:
    for name, make in archives.HOSTILE.items():
        if name != "names that climb":
            yield name, partial(_stream, make), told()


def _stream(make: Callable[[], bytes]) -> io.BytesIO:
    return io.BytesIO(make())


def _any() -> Iterator[tuple[str, File, Expected]]:
    yield "a gigabyte behind it", lambda: Endless(GOOD, b"x"), refused()
    yield "a gigabyte behind a GZIP", lambda: Endless(PACKED, b"x"), refused()
    yield "a GZIP of a gigabyte of rubbish", lambda: Endless(PACKED[:40], b"\xff"), refused()
    yield "a GZIP of a method unknown", b"\x1f\x8b\x09" + PACKED[3:], refused()
    yield "a GZIP with a wrong checksum", PACKED[:-8] + b"\0" * 8, refused()
    yield "a GZIP with text behind it", PACKED + b"text", refused()
    yield "an empty ZIP", zipped(), refused("empty")
    for kind, content in archives.DOCUMENTS.items():
        yield kind, content, refused(kind)
    for whole, name, data in ((GOOD, "ZIP", range(40, 500, 40)), (PACKED, "GZIP", range(12, 500, 40))):
        for at in range(20, len(whole), len(whole) // 12):
            yield f"a {name} cut off behind byte {at}", whole[:at], refused()
        for at in data:
            yield f"a {name} whose byte {at} is another", _turned(whole, at), told()


def _turned(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


TABLES = {"archive": as_table(_members(), _headers(), _hostile(), _any())}
