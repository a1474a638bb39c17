"""Breaks good files as lines, editors and programs do: bits turned, pieces lost, doubled, swapped and mixed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from hypothesis import strategies as st

# What any reader may stumble over.
TOKENS = (
    *(bytes([byte]) for byte in b"\0\x08\t\n\r\x1a\x7f\x80\xff<>&\"';,.:-+/?^!|"),
    *(text.encode() for text in ("é", "€", "\ufeff", "\u2028", "１", "٣", "\U0001f600")),
    *(
        text.encode()
        for text in ("9" * 19, "-", "--", "0", "1e9", "NaN", "inf", "1,234", "1.234,56", "0x10", "1_0")
    ),
    *(
        text.encode()
        for text in ("EUR", "USD", "JPY", "KWD", "XXX", "20260230", "2026-02-30", "99991231", "00000000")
    ),
    b"\xff\xfe",
    b"\r\r\n",
)
MOST_BYTES = 200_000

Change: TypeAlias = tuple[int, int, int, bytes]
Operation: TypeAlias = Callable[[bytes, int, int, bytes], bytes]


def broken(seeds: Sequence[bytes], tokens: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """One of `seeds` after one to eight changes; the other seeds and `tokens` serve as pieces."""
    number = st.integers(0, 1 << 24)
    pieces = st.one_of(
        st.sampled_from([*TOKENS, *tokens]), st.sampled_from(list(seeds)), st.binary(max_size=6)
    )
    changes = st.lists(
        st.tuples(st.integers(0, len(OPERATIONS) - 1), number, number, pieces), min_size=1, max_size=8
    )
    return st.builds(_changed, st.sampled_from(list(seeds)), changes)


def _changed(content: bytes, changes: Sequence[Change]) -> bytes:
    for which, first, second, piece in changes:
        content = OPERATIONS[which](content, first, second, piece)[:MOST_BYTES]
    return content


def _bit(content: bytes, first: int, second: int, _: bytes) -> bytes:
    at = first % max(len(content), 1)
    return content[:at] + bytes(byte ^ (1 << second % 8) for byte in content[at : at + 1]) + content[at + 1 :]


def _cut(content: bytes, first: int, second: int, _: bytes) -> bytes:
    return content[: first % (len(content) + 1)]


def _lose(content: bytes, first: int, second: int, _: bytes) -> bytes:
    at = first % (len(content) + 1)
    return content[:at] + content[at + second % 40 :]


def _double(content: bytes, first: int, second: int, _: bytes) -> bytes:
    at = first % (len(content) + 1)
    end = at + second % 400
    return content[:end] + content[at:]


def _insert(content: bytes, first: int, _: int, piece: bytes) -> bytes:
    at = first % (len(content) + 1)
    return content[:at] + piece + content[at:]


def _replace(content: bytes, first: int, second: int, piece: bytes) -> bytes:
    at = first % (len(content) + 1)
    return content[:at] + piece + content[at + second % 12 :]


def _repeat(content: bytes, first: int, second: int, piece: bytes) -> bytes:
    at = first % (len(content) + 1)
    return content[:at] + piece * (second % 3000) + content[at:]


def _splice(content: bytes, first: int, second: int, piece: bytes) -> bytes:
    return content[: first % (len(content) + 1)] + piece[second % (len(piece) + 1) :]


def _digit(content: bytes, first: int, second: int, _: bytes) -> bytes:
    places = [at for at, byte in enumerate(content) if 48 <= byte <= 57]
    if not places:
        return content
    at = places[first % len(places)]
    return content[:at] + b"%d" % (second % 10) + content[at + 1 :]


def _swap(content: bytes, first: int, second: int, _: bytes) -> bytes:
    lines = content.split(b"\n")
    one, other = first % len(lines), second % len(lines)
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _drop_line(content: bytes, first: int, _: int, __: bytes) -> bytes:
    lines = content.split(b"\n")
    del lines[first % len(lines)]
    return b"\n".join(lines)


def _copy_line(content: bytes, first: int, second: int, _: bytes) -> bytes:
    lines = content.split(b"\n")
    lines.insert(second % (len(lines) + 1), lines[first % len(lines)])
    return b"\n".join(lines)


def _empty_field(content: bytes, first: int, second: int, piece: bytes) -> bytes:
    """Puts `piece`, or nothing, in place of what stands between two marks."""
    mark = b"<>:;,\t\n"[second % 7]
    places = [at for at, byte in enumerate(content) if byte == mark]
    if len(places) < 2:
        return content
    at = first % (len(places) - 1)
    return content[: places[at] + 1] + (piece if second & 8 else b"") + content[places[at + 1] :]


OPERATIONS: tuple[Operation, ...] = (
    _bit,
    _cut,
    _lose,
    _double,
    _insert,
    _replace,
    _repeat,
    _splice,
    _digit,
    _digit,
    _swap,
    _drop_line,
    _copy_line,
    _empty_field,
    _empty_field,
)
