"""Good files of random content with what they have to give: each line's amount, and the proof."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.factories import camt, mt940, ofx

MOST_MINOR = 10**11


@dataclass(frozen=True)
class Known:
    """A good file, its lines as (amount, whether it is booked), and whether both balances are in it."""

    content: bytes
    lines: tuple[tuple[int, bool], ...]
    is_proved: bool


AMOUNTS = st.integers(-MOST_MINOR, MOST_MINOR)
PRINTED = st.characters(exclude_categories=("C", "Z"), include_characters=" ")
TEXT = st.text(PRINTED, max_size=120)
# No colon and no dash: at the start of a line they would begin a field or end the message.
SWIFT = st.text("ABCXYZabcxyz0189 +.,()'ÄÖÜäöüß&@", max_size=200)
# No two of these beside each other are a letter of UTF-8 when they are written in CP1252.
WESTERN = st.text("ABCXYZabcxyz0189 +.,()<>&;/äöüßéèàçñøåæ", max_size=80)


def _camt(version: str, entries: list[camt.Entry], opening: int) -> Known:
    lines = tuple((entry.amount, entry.status == "BOOK") for entry in entries)
    content = camt.camt053(entries, version=version, opening=opening, has_summary=True)
    return Known(content, lines, is_proved=True)


def _mt940(entries: list[mt940.Entry], opening: int, line_end: str, encoding: str) -> Known:
    content = mt940.mt940(entries, opening=opening, line_end=line_end, encoding=encoding)
    return Known(content, tuple((entry.amount, True) for entry in entries), is_proved=True)


def _ofx(write: Callable[..., bytes], lines: list[tuple[int, str, str]]) -> Known:
    entries = [
        ofx.transaction(
            f"{'-' if minor < 0 else ''}{mt940.comma(minor).replace(',', '.')}", number=str(number)
        )
        for number, (minor, _, _) in enumerate(lines)
    ]
    named = [
        (tag, [*leaves[:-2], ("NAME", f"x{name}"), ("MEMO", f"x{memo}")])
        for (tag, leaves), (_, name, memo) in zip(entries, lines, strict=True)
    ]
    content = write(ofx.Stated(entries=named))
    return Known(content, tuple((minor, True) for minor, _, _ in lines), is_proved=False)


def known_files() -> Mapping[str, st.SearchStrategy[Known]]:
    """Good files of each reader's format."""
    entry = st.builds(
        camt.Entry,
        amount=AMOUNTS,
        status=st.sampled_from(["BOOK", "BOOK", "PDNG", "INFO"]),
        bank_reference=st.none() | TEXT.filter(str.strip),
        information=TEXT,
    )
    booking = st.builds(mt940.Entry, amount=AMOUNTS, text=st.builds(_german, SWIFT))
    return {
        "camt": st.builds(_camt, st.sampled_from(camt.VERSIONS), st.lists(entry, max_size=8), AMOUNTS),
        "mt940": st.builds(
            _mt940,
            st.lists(booking, max_size=8),
            AMOUNTS,
            st.sampled_from(["\r\n", "\n", "\r"]),
            st.sampled_from(["utf-8", "cp1252"]),
        ),
        "ofx": st.builds(
            _ofx,
            st.sampled_from([ofx.sgml, ofx.xml]),
            st.lists(st.tuples(AMOUNTS, WESTERN, WESTERN), max_size=8),
        ),
    }


def _german(text: str) -> str:
    return mt940.german("166", purpose=text)
