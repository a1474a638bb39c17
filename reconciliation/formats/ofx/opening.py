"""What stands before the first element of an OFX file: which version it is, and how its bytes are to be read.

Source: OFX 1.6, section 2.2 (a header of keys and values, then SGML), and OFX 2.2, section 2.2 (XML with a
processing instruction).
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace

_KEY = re.compile(
    r"(OFXHEADER|DATA|VERSION|SECURITY|ENCODING|CHARSET|COMPRESSION|OLDFILEUID|NEWFILEUID)\s*:", re.IGNORECASE
)
_LINES = re.compile(r"\s*(?:[A-Z]+[ \t]*:[^\r\n]*(?:[\r\n]\s*|\Z))*", re.IGNORECASE)
_PROLOG = re.compile(
    r"\s*(?:<\?xml\s[^>]{0,500}\?>\s*)?(?P<header><\?OFX\s[^>]{0,500}\?>)?\s*(?:<!--.{0,5000}?-->\s*)*"
    r"(?P<root><OFX(?=[\s>]))?",
    re.IGNORECASE | re.DOTALL,
)
_VERSION = re.compile(r"""\sVERSION\s*=\s*["']([0-9]{3})["']""", re.IGNORECASE)
_XML_ENCODING = re.compile(r"""<\?xml\s[^>]{0,400}?encoding\s*=\s*["']([^"']{1,40})["']""", re.IGNORECASE)

# How files name what is ASCII or may be read as UTF-8; where they lie, the text reader finds out.
_ANY_ASCII = re.compile(r"|NONE|US-?ASCII|UTF-?8|(CS)?UNICODE|UTF-?16(-?[BL]E)?|ISO-10646-.*")
_WINDOWS = re.compile(r"(?:WINDOWS-|CP)?(125[0-8]|437|850)")
_ISO = re.compile(r"(?:ISO-?)?8859-([0-9]{1,2})")


@dataclass(frozen=True, slots=True)
class Opening:
    """The version, such as "102" where the file states it, and the codec that the file declares.

    `is_certain` tells that its first bytes prove the codec: UTF-16, or UTF-8 with a byte order mark.
    `has_lines` is False where the keys of the header do not stand in lines of their own.
    """

    version: str | None
    codec: str
    is_certain: bool = False
    has_lines: bool = True

    @property
    def format(self) -> str:
        return "ofx" if self.version is None else f"ofx.{self.version}"


def opening(head: bytes) -> Opening | None:
    """What the first bytes of an OFX file say of it; None where they begin no OFX file."""
    certain = _certain(head)
    text = head.decode(certain or "latin-1", "replace").removeprefix("\ufeff")
    found = _of_keys(text) or _of_markup(text)
    if found is None or certain is None:
        return found
    return replace(found, codec=certain, is_certain=True)


def _certain(head: bytes) -> str | None:
    """The codec that a byte order mark proves, or a zero beside the first letter, which has two bytes then."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8"
    if head.startswith(codecs.BOM_UTF16_LE) or (len(head) > 1 and head[0] and not head[1]):
        return "utf-16-le"
    if head.startswith(codecs.BOM_UTF16_BE) or (len(head) > 1 and not head[0] and head[1]):
        return "utf-16-be"
    return None


def _of_keys(text: str) -> Opening | None:
    """OFX 1: keys and values up to the first markup, in lines or not."""
    before = text.partition("<")[0]
    junk, *pieces = _KEY.split(before[:10_000])
    if junk.strip() or not pieces:
        return None
    values = {key.upper(): value.strip() for key, value in zip(pieces[::2], pieces[1::2], strict=True)}
    if "OFXHEADER" not in values and values.get("DATA", "").upper() != "OFXSGML":
        return None
    version = values.get("VERSION", "")
    return Opening(
        version if re.fullmatch("[0-9]{3}", version) else None,
        _codec(values.get("ENCODING", ""), values.get("CHARSET", "")),
        has_lines=_has_lines(before),
    )


def _has_lines(before: str) -> bool:
    found = _LINES.fullmatch(before)
    return found is not None and all(len(_KEY.findall(line)) < 2 for line in before.splitlines())


def _of_markup(text: str) -> Opening | None:
    """OFX 2, or a file without any header."""
    found = _PROLOG.match(text)
    if found is None or (found["header"] is None and found["root"] is None):
        return None
    version = _VERSION.search(found["header"] or "")
    encoding = _XML_ENCODING.search(text[: found.end()])
    return Opening(version and version[1], _codec(encoding[1] if encoding else "", ""))


def _codec(encoding: str, charset: str) -> str:
    """The codec meant by what a header declares; UTF-8 for ASCII and for what is not known."""
    for name in (charset.upper(), encoding.upper()):
        if found := _WINDOWS.fullmatch(name):
            return f"cp{found[1]}"
        if found := _ISO.fullmatch(name):
            return f"iso8859-{found[1]}"
        if name and _ANY_ASCII.fullmatch(name) is None:
            break
    return "utf-8"
