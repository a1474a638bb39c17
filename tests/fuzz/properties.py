"""What holds for every reader and every file, however broken."""

from __future__ import annotations

import contextlib
import gc
import io
import signal
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn, TypeAlias

from ledger.money import Money
from reconciliation.formats import archive, detect
from reconciliation.formats.archive.kinds import LONGEST_NAME
from reconciliation.statement import (
    Header,
    Item,
    Line,
    LineStatus,
    NoSuchLine,
    RefusedLine,
    Statement,
    StatementKind,
    UnreadableFile,
)
from tests.fuzz.structured import Known

SECONDS = 3  # of the processor, for a small file: far more than any needs, even where the processor is shared
LONGEST_SENTENCE = 500
SHOWN = 2  # fragments looked at from either end


Whole: TypeAlias = tuple[Header, list[Line | RefusedLine], Statement]


class TooSlow(AssertionError):
    """A small file kept its reader busy for more than SECONDS."""


class Dribble(io.BytesIO):
    """A stream that gives its head and then a few bytes at a time, as a slow line does."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__(content)
        self._size = size

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() == 0:
            return super().read(size)
        wanted = self._size if size is None or size < 0 else min(size, self._size)
        return super().read(wanted)


@contextmanager
def within_seconds() -> Iterator[None]:
    """Raises TooSlow where what is done takes more than SECONDS, the collecting of other tests' garbage aside."""

    def stop(_: int, __: FrameType | None) -> NoReturn:
        raise TooSlow

    gc.disable()
    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        gc.enable()


def require_reader(reader: Any, content: bytes, size: int) -> None:
    """Every property of one reader for one file, and that detection stands it too; `size` is that of Dribble."""
    with within_seconds():
        _detected(content)
    with within_seconds():
        given, refusal = _read(reader, io.BytesIO(content))
    whole = _require_order(given, is_refused=refusal is not None)
    for header, parts, statement in whole:
        _require_statement(header, parts, statement)
    if refusal is None:
        _require_fragments(reader, content, given)
    if size:
        with within_seconds():
            again, refused_again = _read(reader, Dribble(content, size + len(content) // 2000))
        assert (again, refused_again) == (given, refusal), "read in small pieces it says something else"


def require_known(reader: Any, known: Known, size: int) -> None:
    """Besides every property: the file is not refused, and gives its lines in order and its proof."""
    require_reader(reader, known.content, size)
    given, refusal = _read(reader, io.BytesIO(known.content))
    assert refusal is None, refusal
    lines = [item for item in given if isinstance(item, Line | RefusedLine)]
    assert all(isinstance(line, Line) for line in lines), lines
    found = [
        (line.amount.minor, line.status is LineStatus.BOOKED) for line in lines if isinstance(line, Line)
    ]
    assert tuple(found) == known.lines
    (statement,) = (item for item in given if isinstance(item, Statement))
    assert statement.balanced is (True if known.is_proved else None), statement.problems


def require_archive(content: bytes) -> None:
    """Each member is its content or its refusal, its name can be shown, and no more is unpacked than is taken."""
    size = 0
    try:
        with within_seconds():
            for member in archive.members(io.BytesIO(content), most_bytes=1 << 20):
                assert (member.content is None) != (member.refusal is None)
                assert 0 < len(member.name) <= 2 * LONGEST_NAME + 2
                assert not any(unicodedata.category(letter).startswith("C") for letter in member.name)
                size += len(member.content or b"")
    except UnreadableFile as refusal:
        _require_sentence(refusal.message)
    assert size <= 1 << 20


def _detected(content: bytes) -> None:
    try:
        for _ in detect.read_file(io.BytesIO(content))[1]:
            pass
    except UnreadableFile as refusal:
        _require_sentence(refusal.message)


def _read(reader: Any, stream: io.BytesIO) -> tuple[list[Item], str | None]:
    given: list[Item] = []
    try:
        given.extend(reader.read(stream))
    except UnreadableFile as refusal:
        _require_sentence(refusal.message)
        return given, refusal.message
    return given, None


def _require_sentence(message: str) -> None:
    assert message.endswith((".", "?")), message
    assert len(message) <= LONGEST_SENTENCE, message


def _require_order(given: list[Item], *, is_refused: bool) -> list[Whole]:
    """Header, lines, statement, again and again; only a refusal cuts it off.

    The lines are numbered through the file, and in their order within a statement; a table may mix its accounts.
    """
    whole: list[Whole] = []
    header: Header | None = None
    parts: list[Line | RefusedLine] = []
    for item in given:
        if isinstance(item, Header):
            assert header is None
            header, parts = item, []
        elif isinstance(item, Statement):
            assert header is not None
            whole.append((header, parts, item))
            header = None
        else:
            assert header is not None
            assert not parts or parts[-1].position < item.position
            parts.append(item)
    assert header is None or is_refused
    assert whole or is_refused, "neither a statement nor a refusal"
    positions = sorted(item.position for item in given if isinstance(item, Line | RefusedLine))
    assert is_refused or positions == list(range(1, len(positions) + 1))
    return whole


def _require_statement(header: Header, parts: list[Line | RefusedLine], statement: Statement) -> None:
    lines = [one for one in parts if isinstance(one, Line)]
    assert statement.lines == len(lines)
    assert statement.refused == len(parts) - len(lines)
    assert not statement.refused or statement.problems
    assert (statement.header.format, statement.header.kind) == (header.format, header.kind)
    currency = statement.currency
    booked = [line for line in lines if line.status is LineStatus.BOOKED]
    minor = sum(line.amount.minor for line in booked if line.amount.currency == currency)
    assert statement.booked == Money(minor, currency)
    assert statement.booked_count == len(booked)
    if statement.balanced:
        assert statement.opening is not None
        assert statement.closing is not None
        assert statement.opening.amount.minor + minor == statement.closing.amount.minor
    elif header.kind is StatementKind.STATEMENT:
        assert statement.problems, "a statement that proves nothing says so"
    for problem in statement.problems:
        assert len(problem) <= LONGEST_SENTENCE, problem


def _fragment(reader: Any, content: bytes, position: int) -> bytes:
    with within_seconds():
        return bytes(reader.fragment(io.BytesIO(content), position))


def _require_fragments(reader: Any, content: bytes, given: list[Item]) -> None:
    count = sum(isinstance(item, Line | RefusedLine) for item in given)
    for position in {*range(1, SHOWN + 1), *range(count - SHOWN, count + 1)} & {*range(1, count + 1)}:
        fragment = _fragment(reader, content, position)
        assert fragment, position
        assert fragment in content, position
    with contextlib.suppress(NoSuchLine):
        beyond = _fragment(reader, content, count + 1)
        raise AssertionError(f"a line is shown that is not there: {beyond!r}")
