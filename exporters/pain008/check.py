"""Says of any pain.008 file, ours or not, whether a SEPA bank would take it, and if not, why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from exporters.pain008 import stream, tree
from exporters.pain008.characters import LATIN, Characters
from exporters.pain008.cutting import NotPlain
from exporters.pain008.profiles import by_name
from exporters.pain008.report import Report

__all__ = ["Report", "check"]

_AT_ONCE = 256 * 1024  # bytes


def check(
    source: bytes | Path,
    *,
    profile: str | None = None,
    characters: Characters = LATIN,
    today: date | None = None,
) -> Report:
    """Everything a bank would refuse in the file, by schema and by rule, in the order of its layers.

    Without `profile` the file is held to the rules of its own version. Without `today` nothing is said of
    dates that have passed. A plain file is gone through in pieces, in the same little memory at any size;
    one with prefixes, comments between its collections or another encoding is read whole. Nothing in the file
    makes this raise; an unknown `profile` raises UnknownProfile.
    """
    chosen = None if profile is None else by_name(profile)
    try:
        return stream.check(_pieces(source), chosen=chosen, characters=characters, today=today)
    except NotPlain:
        whole = source if isinstance(source, bytes) else source.read_bytes()
        return tree.check(whole, chosen=chosen, characters=characters, today=today)


def _pieces(source: bytes | Path) -> Iterator[bytes]:
    if isinstance(source, bytes):
        for begin in range(0, len(source), _AT_ONCE):
            yield source[begin : begin + _AT_ONCE]
        return
    with source.open("rb") as file:
        while piece := file.read(_AT_ONCE):
            yield piece
