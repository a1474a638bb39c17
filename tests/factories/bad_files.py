"""Bad bank files of every format, each with what has to be said of it; read in a child with bounds.

A table of a format maps what is wrong to the file and to an Expected. Files too large to hold are streams that
make their bytes as they are read.
"""

from __future__ import annotations

import importlib
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from reconciliation.formats import archive, detect
from reconciliation.statement import Statement, UnreadableFile, gather

# What is said of good files too: several formats state no balances.
GOOD_PROBLEMS = (
    "The statement has no opening balance, so its lines cannot be proved.",
    "The statement has no opening and closing balance, so its lines cannot be proved.",
    "An interim report: its lines are provisional until a statement brings them.",
)
GIGABYTE = 1024 * 1024 * 1024


class Endless(io.RawIOBase):
    """A file of a gigabyte: `start`, then `filling` again and again."""

    def __init__(self, start: bytes, filling: bytes, size: int = GIGABYTE) -> None:
        self._start, self._size, self._at = start, size, 0
        self._block = filling * (128 * 1024 // len(filling) + 2)
        self._period = len(filling)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        """At most 64 KB at a time: whoever asks for all is not given a gigabyte."""
        wanted = min(64 * 1024 if size < 0 else size, 64 * 1024, max(self._size - self._at, 0))
        data = self._start[self._at : self._at + wanted]
        filled = (self._at + len(data) - len(self._start)) % self._period
        data += self._block[filled : filled + wanted - len(data)]
        self._at += len(data)
        return data


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What has to be told of a bad file.

    `words` stand in the refusal or in a problem. `is_refused` is None where the file may also be read with the
    problem named. `difference` is the break of the proof of its statement, in minor units.
    """

    words: str = ""
    is_refused: bool | None = None
    difference: int | None = None
    refused_lines: int | None = None

    def require(self, found: Mapping[str, Any]) -> None:
        """Fails unless `found`, an outcome, tells it."""
        told = [found["refused"]] if found["refused"] else found["problems"]
        told = [one for one in told if self.words or one not in GOOD_PROBLEMS]
        assert told, f"nothing is said of it: {found}"
        assert any(self.words in one for one in told), found
        if self.is_refused is not None:
            assert bool(found["refused"]) is self.is_refused, found
        if self.difference is not None:
            assert found["differences"] == [self.difference], found
        if self.refused_lines is not None:
            assert found["refused_lines"] == self.refused_lines, found


def refused(words: str = "") -> Expected:
    return Expected(words=words, is_refused=True)


def named(words: str = "", difference: int | None = None) -> Expected:
    return Expected(words=words, is_refused=False, difference=difference, refused_lines=0)


def line_refused(words: str, difference: int | None = None) -> Expected:
    """One line is refused with `words`, the others are read, and the proof breaks by that line's amount."""
    return Expected(words=words, is_refused=False, difference=difference, refused_lines=1)


def told(words: str = "") -> Expected:
    """Refused, or read with the problem named."""
    return Expected(words=words)


File: TypeAlias = "bytes | Callable[[], Any]"
Table: TypeAlias = Mapping[str, tuple[File, Expected]]


def as_table(*parts: Iterator[tuple[str, File, Expected]]) -> Table:
    """One table of several parts; fails where a name stands twice."""
    found = [(name, (content, expected)) for part in parts for name, content, expected in part]
    twice = [name for name, number in Counter(name for name, _ in found).items() if number > 1]
    assert not twice, twice
    return dict(found)


# The module of each format's table, named TABLE there or TABLES by the format.
MODULES = {
    "camt.052": "bad_camt",
    "camt.053": "bad_camt",
    "camt.054": "bad_camt",
    "mt940": "bad_mt940",
    "mt942": "bad_mt940",
    "ofx.1": "bad_ofx",
    "ofx.2": "bad_ofx",
    "csv": "bad_csv",
    "bai2": "bad_bai2",
    "qif": "bad_qif",
    "pain.002": "bad_others",
    "archive": "bad_archives",
    "anything": "bad_others",
}


@cache
def table(form: str) -> Table:
    """The bad files of one format."""
    module = importlib.import_module(f"tests.factories.{MODULES[form]}")
    return dict(module.TABLES[form])


def cases() -> Iterator[tuple[str, str]]:
    """Every format with each name of its table."""
    for form in MODULES:
        for name in table(form):
            yield form, name


def prepared(form: str, name: str) -> Callable[[], dict[str, Any]]:
    """In the child: what becomes of that file."""
    made, _ = table(form)[name]
    stream = io.BytesIO(made) if isinstance(made, bytes) else made()
    return (lambda: of_archive(stream)) if form == "archive" else (lambda: outcome(stream))


def outcome(stream: Any) -> dict[str, Any]:
    """What a file's reader gives, as far as it has to be told; only UnreadableFile may come out of it."""
    found: list[Statement] = []
    message = None
    try:
        _, items = detect.read_file(stream)
        found.extend(whole.statement for whole in gather(items))
    except UnreadableFile as refusal:
        message = refusal.message
    differences = [one.difference for one in found]
    return {
        "refused": message,
        "problems": [problem for one in found for problem in one.problems],
        "differences": [None if one is None else one.minor for one in differences],
        "refused_lines": sum(one.refused for one in found),
        "lines": sum(one.lines for one in found),
    }


def of_archive(stream: Any) -> dict[str, Any]:
    """The outcomes of an archive's members as one: whatever is refused in it is a problem of it."""
    whole: dict[str, Any] = {
        "refused": None,
        "problems": [],
        "differences": [],
        "refused_lines": 0,
        "lines": 0,
    }
    try:
        for member in archive.members(stream):
            if member.content is None:
                whole["problems"].append(str(member.refusal))
                continue
            one = outcome(io.BytesIO(member.content))
            whole["problems"] += [*([one["refused"]] if one["refused"] else []), *one["problems"]]
            for name in ("differences", "refused_lines", "lines"):
                whole[name] += one[name]
    except UnreadableFile as refusal:
        whole["refused"] = refusal.message
    return whole


# --- ways to break any file ---


def replaced(content: bytes, old: str, new: str | bytes, *, nth: int = 0) -> bytes:
    """The file with one occurrence of `old`, which must be there, replaced: the first, or the one after `nth`."""
    at = -1
    for _ in range(nth + 1):
        at = content.index(old.encode(), at + 1)
    fresh = new if isinstance(new, bytes) else new.encode()
    return content[:at] + fresh + content[at + len(old.encode()) :]


def flips(content: bytes, amount: str, what: str, weight: int) -> Iterator[tuple[str, bytes, int]]:
    """The file with each digit of the amount one higher (9 becomes 0): its name, bytes and break of the proof.

    A minor unit more in the amount changes closing less opening less booked by `weight`.
    """
    digits = [at for at, letter in enumerate(amount) if letter.isdigit()]
    for place, at in enumerate(reversed(digits)):
        old = int(amount[at])
        new = (old + 1) % 10
        altered = amount[:at] + str(new) + amount[at + 1 :]
        yield (
            f"{what}: {amount} became {altered}",
            replaced(content, amount, altered),
            (new - old) * 10**place * weight,
        )


def cuts(content: bytes, marks: str) -> Iterator[tuple[str, bytes]]:
    """The file cut behind each of `marks`, and before it, where something was left that is not blank."""
    rest = content.rstrip()
    for at, byte in enumerate(rest[:-1], start=1):
        if byte in marks.encode():
            yield f"cut off behind byte {at}", rest[:at]


def damaged(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Files that no program of a bank writes, of any format, which can only be refused or told of."""
    half = len(content) // 2
    text = content.decode("utf-8")
    yield "a zero byte in the middle", content[:half] + b"\0" + content[half:]
    yield "zero bytes behind the middle", content[:half] + b"\0" * (len(content) - half)
    yield "zero bytes between all letters, one missing", text.encode("utf-16-be")[:-1]
    yield "a page of binary data in the middle", content[:half] + bytes(range(256)) * 16 + content[half:]
    yield "in UTF-32", text.encode("utf-32")
    yield "in EBCDIC", text.encode("cp037")
    yield "from its middle on", content[half:]
    yield "backwards", content[::-1]
    yield "behind a PDF", b"%PDF-1.7\n" + content
    yield "behind a web page", b"<html><body>Error 502</body></html>\n" + content
    yield "within JSON", b'{"file": "' + content + b'"}'
    yield "behind an e-mail's head", b"From: a@b.example\nSubject: Auszug\n\n" + content
