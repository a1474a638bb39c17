"""Good files of random content with what they have to give: each line's amount, and the proof."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.factories import bad_csv, bai2, camt, mt940, ofx, qif

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
PLAIN = st.text("ABCXYZabcxyz0189 +-.:()äöüßéÄÖÜ", max_size=80)
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


def _bai2(lines: list[tuple[int, str]], opening: int) -> Known:
    entries = [
        bai2.transaction(
            str(abs(minor)), "195" if minor >= 0 else "495", bank=f"B-{number}", text=(f"x{text}",)
        )
        for number, (minor, text) in enumerate(lines)
    ]
    closing = opening + sum(minor for minor, _ in lines)
    content = bai2.bai2(bai2.Stated(entries=entries, opening=opening, closing=closing))
    return Known(content, tuple((minor, True) for minor, _ in lines), is_proved=True)


def _csv(lines: list[tuple[int, str]], opening: int) -> Known:
    """The newest line first, each a day after the one below it, with the balance that it leads to."""
    rows: list[str] = []
    balance = opening
    for day, (minor, text) in enumerate(reversed(lines), start=10):
        balance += minor
        rows.insert(
            0,
            bad_csv.row(
                f"{day}.01.2026", "Anna Beispiel", text, _german_amount(minor), _german_amount(balance)
            ),
        )
    return Known(bad_csv.written(*rows), tuple((minor, True) for minor, _ in lines), is_proved=True)


def _qif(lines: list[tuple[int, str]]) -> Known:
    records = [
        qif.record(_decimal(minor), f"{day}/11/2026", f"M{text}")
        for day, (minor, text) in enumerate(lines, start=13)
    ]
    return Known(
        qif.qif(qif.account(), qif.section(*records)),
        tuple((minor, True) for minor, _ in lines),
        is_proved=False,
    )


def _decimal(minor: int) -> str:
    return _german_amount(minor).replace(",", ".")


def _german_amount(minor: int) -> str:
    return f"{'-' if minor < 0 else ''}{mt940.comma(minor)}"


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
        "bai2": st.builds(_bai2, st.lists(st.tuples(AMOUNTS, PLAIN), max_size=8), AMOUNTS),
        "csv": st.builds(_csv, st.lists(st.tuples(AMOUNTS, PLAIN), min_size=1, max_size=8), AMOUNTS),
        "qif": st.builds(_qif, st.lists(st.tuples(AMOUNTS, PLAIN), min_size=1, max_size=8)),
    }


def _german(text: str) -> str:
    return mt940.german("166", purpose=text)
