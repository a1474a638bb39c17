"""Writes a file and checks it in the same pass: nothing that a bank would refuse is taken for a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import BinaryIO

from exporters.pain008 import stream
from exporters.pain008.characters import LATIN, Characters
from exporters.pain008.message import DirectDebitMessage
from exporters.pain008.profiles import DEFAULT, Profile
from exporters.pain008.report import Report
from exporters.pain008.writer import pieces


def write_checked(
    message: DirectDebitMessage,
    *,
    out: BinaryIO,
    profile: Profile = DEFAULT,
    characters: Characters = LATIN,
    today: date | None,
) -> Report:
    """Write `message` to `out` and say what a bank would refuse in exactly these bytes, by schema and by rule.

    Whoever calls keeps the file only if the report is `accepted`. Without `today` nothing is said of dates
    that have passed. Raises what `writer.write` raises; what is in `out` by then is no file.
    """
    written = pieces(message, profile=profile, characters=characters)
    return stream.check(_kept(written, out), chosen=profile, characters=characters, today=today)


def _kept(written: Iterator[bytes], out: BinaryIO) -> Iterator[bytes]:
    for piece in written:
        out.write(piece)
        yield piece
