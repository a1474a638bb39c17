"""In which encoding an XML file is written, as far as its first bytes tell, and which of them bank files use."""

from __future__ import annotations

import codecs
import re
from typing import NoReturn

from reconciliation.statement import UnreadableFile

_BEGINNING = 64 * 1024  # bytes within which the first element has to begin

# Encodings that write "<" as the ASCII byte or one UTF-16 unit: in these no markup hides from the first look.
_ENCODINGS = re.compile(r"utf-8|ascii|utf-16(-[bl]e)?|iso8859-[0-9]+|cp125[0-8]")
_OTHER_ENCODINGS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, b"\0\0\0<", b"<\0\0\0", b"\x4c\x6f\xa7\x94")
_DECLARED = re.compile(r"""<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")


def readable(head: bytes) -> str:
    """The beginning of a file as text with all its markup; letters beyond ASCII may come out wrong.

    Raises UnreadableFile for an encoding that bank files do not use.
    """
    if head.startswith(_OTHER_ENCODINGS):
        _refuse_encoding()
    if head.startswith((codecs.BOM_UTF16_LE, b"<\0")):
        return head.decode("utf-16-le", "replace").removeprefix("\ufeff")
    if head.startswith((codecs.BOM_UTF16_BE, b"\0<")):
        return head.decode("utf-16-be", "replace").removeprefix("\ufeff")
    text = head.removeprefix(codecs.BOM_UTF8).decode("latin-1")
    declared = _DECLARED.match(text)
    if declared is not None and not _is_known(declared[1]):
        _refuse_encoding()
    return text


def plain_encoding(head: bytes) -> str | None:
    """The encoding of the file if it writes each ASCII character as that one byte, else None."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"\0", b"<\0", *_OTHER_ENCODINGS)):
        return None
    has_mark = head.startswith(codecs.BOM_UTF8)
    declared = _DECLARED.match(head[:_BEGINNING].removeprefix(codecs.BOM_UTF8).decode("latin-1"))
    if declared is None:
        return "utf-8"
    if not _is_known(declared[1]):
        return None
    name = codecs.lookup(declared[1]).name
    return None if name.startswith("utf-16") or (has_mark and name != "utf-8") else name


def _is_known(encoding: str) -> bool:
    try:
        return _ENCODINGS.fullmatch(codecs.lookup(encoding).name) is not None
    except LookupError:
        return False


def _refuse_encoding() -> NoReturn:
    raise UnreadableFile("The file is written in an encoding that bank files do not use.", line=1)
