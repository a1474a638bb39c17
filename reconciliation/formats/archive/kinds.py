"""Names what a ZIP is besides a bag of files, and what in it belongs to the machine that packed it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable

LONGEST_NAME = 120

# A local file header (APPNOTE.TXT 4.3.7): 22 bytes behind its mark come the lengths of name and extra field.
_LOCAL = re.compile(rb"PK\x03\x04.{22}(..)..", re.DOTALL)
_LONGEST_STORED = 64 * 1024

# Members that a kind of document always has (ISO/IEC 29500, ISO/IEC 26300, JAR and APK files).
_DOCUMENTS = (
    ("xl/workbook.xml", "an Excel workbook (XLSX)"),
    ("xl/workbook.bin", "an Excel workbook (XLSB)"),
    ("word/document.xml", "a Word document (DOCX)"),
    ("ppt/presentation.xml", "a presentation (PPTX)"),
    ("[Content_Types].xml", "an office document"),
    ("Index/Document.iwa", "a Numbers or Pages document"),
    ("META-INF/container.xml", "a book (EPUB)"),
    ("META-INF/manifest.xml", "an OpenDocument file (ODS or ODT)"),
    ("AndroidManifest.xml", "a program (APK)"),
    ("META-INF/MANIFEST.MF", "a program (JAR)"),
    ("doc.kml", "a map (KMZ)"),
)

# What Finder and Explorer leave in folders: it holds no data of the user.
_RESOURCES = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
_SEPARATORS = re.compile(r"[/\\]+")


def document(names: Collection[str]) -> str | None:
    """What kind of document a ZIP with members of these names is; None where it is only an archive."""
    return next((kind for member, kind in _DOCUMENTS if member in names), None)


def names_in(head: bytes) -> Iterable[str]:
    """The names of the members that begin in the first bytes of a ZIP."""
    for found in _LOCAL.finditer(head):
        length = int.from_bytes(found[1], "little")
        yield head[found.end() : found.end() + length].decode("latin-1")


def is_resource(name: str) -> bool:
    """Whether a member was left there by the system that packed the archive."""
    parts = _SEPARATORS.split(name.lower())
    return "__macosx" in parts or parts[-1] in _RESOURCES


def shown(name: str) -> str:
    """A member's name for people: its last part only, without what cannot be printed, and of bounded length."""
    last = _SEPARATORS.split(name[-_LONGEST_STORED:].rstrip("/\\"))[-1]
    visible = "".join(letter for letter in last if not unicodedata.category(letter).startswith("C"))
    return visible.strip()[:LONGEST_NAME] or "unnamed"
