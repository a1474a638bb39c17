"""Writes a file and checks it in the same pass: nothing that a bank would refuse is taken for a file."""

from __future__ import annotations

import io
from datetime import date
from typing import BinaryIO

from exporters.pain008.characters import LATIN, Characters
from exporters.pain008.check import Report, check
from exporters.pain008.message import DirectDebitMessage
from exporters.pain008.profiles import DEFAULT, Profile
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
    whole = io.BytesIO()
    for piece in pieces(message, profile=profile, characters=characters):
        out.write(piece)
        whole.write(piece)
    return check(whole.getvalue(), profile=profile.name, today=today)
