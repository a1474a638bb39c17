"""The files within a ZIP or GZIP archive, each by itself: a bad one is refused, the others still come.

An archive within an archive is opened one level deep. Everything stays in memory; the names in an archive are
only ever shown.
"""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from reconciliation.formats.archive import kinds
from reconciliation.formats.archive.unpack import Budget, gzip_content, open_zip, zip_member
from reconciliation.statement import UnreadableFile

MOST_BYTES = 64 * 1024 * 1024
MOST_MEMBERS = 200
DEEPEST = 1  # archives within the archive

_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")  # the last begins one that was split
_GZIP = b"\x1f\x8b"


class PassedOver(UnreadableFile):
    """A member that never holds a statement, such as a folder, a link or what the packing system left."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive: its `content`, or the `refusal` that says why there is none.

    `name` is for people: never a path, free of control characters, bounded in length. Members may share one.
    """

    name: str
    content: bytes | None = None
    refusal: UnreadableFile | None = None


def identify(head: bytes) -> str | None:
    """ "zip" or "gzip" if a file beginning with `head` is such an archive; an office document is a ZIP too."""
    if head.startswith(_ZIP):
        return "zip"
    return "gzip" if head.startswith(_GZIP) else None


def described(head: bytes) -> str | None:
    """What an archive beginning with `head` is, such as "a ZIP archive"; None if it is no archive."""
    form = identify(head)
    if form == "zip":
        return kinds.document(set(kinds.names_in(head))) or "a ZIP archive"
    return "a GZIP archive" if form == "gzip" else None


def members(
    stream: BinaryIO, *, name: str = "archive", most_bytes: int = MOST_BYTES, most_members: int = MOST_MEMBERS
) -> Iterator[Member]:
    """The members of the seekable archive called `name`, in its own order, those of an inner archive in its place.

    All of them together unpack to at most `most_bytes`. Raises UnreadableFile, before the first member, if the
    archive as a whole is broken, empty, an office document or has too many members.
    """
    return _members(stream, name, Budget(most_bytes, most_members, most_bytes), depth=0)


def _members(stream: BinaryIO, name: str, budget: Budget, depth: int) -> Iterator[Member]:
    stream.seek(0)
    form = identify(stream.read(4))
    stream.seek(0)
    if form == "zip":
        return _zip_members(stream, budget, depth)
    if form == "gzip":
        return _gzip_members(stream, name, budget, depth)
    raise UnreadableFile("The file is neither a ZIP nor a GZIP archive.")


def _gzip_members(stream: BinaryIO, name: str, budget: Budget, depth: int) -> Iterator[Member]:
    budget.take_members(1)
    inside = kinds.shown(name)
    if inside.lower().endswith((".gz", ".gzip")):
        inside = inside[: inside.rindex(".")] or inside
    yield from _opened(Member(inside, gzip_content(stream, budget)), budget, depth)


def _zip_members(stream: BinaryIO, budget: Budget, depth: int) -> Iterator[Member]:
    with open_zip(stream, budget) as opened:
        infos = opened.infolist()
        if not infos:
            raise UnreadableFile("The ZIP archive is empty.")
        kind = kinds.document({info.filename for info in infos})
        if kind is not None:
            raise UnreadableFile(f"The file is {kind}, not a bank statement that can be read here.")
        for info in infos:
            yield from _opened(_member(opened, info, budget), budget, depth)


def _member(opened: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> Member:
    name = kinds.shown(info.filename)
    passed = _passed_over(info)
    if passed is not None:
        return Member(name, refusal=PassedOver(passed))
    try:
        return Member(name, zip_member(opened, info, budget))
    except UnreadableFile as refusal:
        return Member(name, refusal=refusal)


def _passed_over(info: zipfile.ZipInfo) -> str | None:
    if info.is_dir():
        return "This is a folder, which holds nothing by itself."
    if stat.S_ISLNK(info.external_attr >> 16):
        return "This is a link to another file, which is not followed."
    if kinds.is_resource(info.filename):
        return "This was left by the system that packed the archive and holds no statement."
    return None


def _opened(member: Member, budget: Budget, depth: int) -> Iterator[Member]:
    """The member, or in its place the members of the archive that it is."""
    if member.content is None or identify(member.content[:4]) is None:
        yield member
    elif depth == DEEPEST:
        what = f"This is {described(member.content)} in an archive within an archive, which is not opened."
        yield Member(member.name, refusal=UnreadableFile(what))
    else:
        try:
            for inner in _members(io.BytesIO(member.content), member.name, budget, depth + 1):
                yield Member(f"{member.name}: {inner.name}", inner.content, inner.refusal)
        except UnreadableFile as refusal:
            yield Member(member.name, refusal=refusal)
