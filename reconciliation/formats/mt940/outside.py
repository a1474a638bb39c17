"""Tells of the text around the messages of an MT940 or MT942 file whether banks write such, or nobody should."""

from __future__ import annotations

import re

# Blocks of a SWIFT message and the end of one, behind which ING writes "XXX" and FinTS the beginning of its next
# field; the lines with a BIC or the type of what follows that ABN AMRO ("ABNANL2A", "940"), ING
# ("0000 01INGBNL2AXXXX00001", "940 00") and others put before a message.
_USUAL = re.compile(
    r"-?\}*(?:\{[1-5S]:.*)?"
    r"|-(?:XXX|\+@[0-9]{1,8}@)"
    r"|[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?"
    r"|(?:MT ?)?94[02](?: 00)?"
    r"|0000 01[A-Z0-9]{12,17}"
)


def stray_lines(text: str) -> int:
    """How many lines of `text` are neither blank nor such as banks write around a message."""
    return sum(_USUAL.fullmatch(line.strip()) is None for line in text.split("\n"))
