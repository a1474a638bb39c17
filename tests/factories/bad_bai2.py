"""Bad BAI2 files, whose control totals count records and add up amounts."""

from __future__ import annotations

from collections.abc import Iterator

from tests.factories import bai2
from tests.factories.bad_files import (
    Endless,
    Expected,
    File,
    as_table,
    cuts,
    damaged,
    flips,
    named,
    refused,
    replaced,
    told,
)

# Credits of 12.50 and a debit of 3.00, from 1000.00 to 1009.50.
ENTRIES = (bai2.transaction("1250", "195"), bai2.transaction("300", "495", bank="B-2", text=("Miete",)))
GOOD = bai2.bai2(bai2.Stated(entries=ENTRIES, closing=100_950))
LINE = "16,195,1250,"

LINES = {
    "an amount of letters": "16,195,ABC,",
    "no amount": "16,195,,",
    "an amount with a decimal point": "16,195,12.50,",
    "an amount with 13 decimals": "16,195,12.5000000000001,",
    "an amount with an exponent": "16,195,1e5,",
    "an amount in digits of another script": "16,195,１２５０,",
    "an amount with two signs": "16,195,--1250,",
    "an amount larger than all money": f"16,195,{'9' * 17},",
    "an amount of a thousand digits": f"16,195,{'9' * 1000},",
    "a code of letters": "16,ABC,1250,",
    "no code": "16,,1250,",
    "a code of four digits": "16,1950,1250,",
    "a code that is neither credit nor debit": "16,890,1250,",
    "an unknown kind of funds": "16,195,1250,Q",
    "a value date of 30 February": "16,195,1250,V,260230,",
    "a distribution without its parts": "16,195,1250,D,5,",
}


def _records() -> Iterator[tuple[str, File, Expected]]:
    for name, line in LINES.items():
        yield name, replaced(GOOD, LINE, line), told()
    for place, line in enumerate(GOOD.decode().splitlines()):
        lines = GOOD.decode().splitlines(keepends=True)
        yield f"without its record {place + 1}", "".join(lines[:place] + lines[place + 1 :]).encode(), told()
        yield f"its record {place + 1} twice", "".join(lines[: place + 1] + lines[place:]).encode(), told()
        kind = line[:2]
        yield (
            f"record {place + 1} of an unknown kind",
            "".join([*lines[:place], f"77{line[2:]}\n", *lines[place + 1 :]]).encode(),
            told(),
        )
        yield (
            f"record {place + 1} in letters",
            "".join([*lines[:place], f"X{kind}{line[2:]}\n", *lines[place + 1 :]]).encode(),
            told(),
        )
    lines = GOOD.decode().splitlines(keepends=True)
    yield "its records in reverse", "".join(reversed(lines)).encode(), told()
    yield "all in one line", GOOD.replace(b"\n", b""), told()


def _proofs() -> Iterator[tuple[str, File, Expected]]:
    for amount, what, weight in ((",1250,", "the first line", -1), (",300,", "the second line", 1)):
        for name, content, difference in flips(GOOD, amount, what, weight):
            yield name, content, Expected(difference=difference)
    for amount, what in ((",100000,", "the opening balance"), (",100950,", "the closing balance")):
        for name, content, _ in flips(GOOD, amount, what, 1):
            yield name, content, told()
    for number, line in enumerate(GOOD.decode().splitlines()):
        if line[:2] in {"49", "98", "99"}:
            for name, content, _ in flips(GOOD, line[2:], f"totals of record {number + 1}", 1):
                yield name, content, told()
    yield "a credit that became a debit", replaced(GOOD, "16,195,", "16,495,"), told()


def _heads() -> Iterator[tuple[str, File, Expected]]:
    for name, old, new in (
        ("no account", ",0532013000,", ",,"),
        ("no currency", ",EUR,", ",,"),
        ("an unknown currency", ",EUR,", ",XXX,"),
        ("a currency of four letters", ",EUR,", ",EURO,"),
        ("a group of 30 February", ",261119,", ",260230,"),
        ("a group of a thirteenth month", ",261119,", ",261319,"),
        ("a group without a day", ",261119,", ",,"),
        ("an opening balance of letters", ",010,100000,", ",010,ABC,"),
        ("an opening balance with a decimal point", ",010,100000,", ",010,1000.00,"),
        ("another version", ",,,2/", ",,,1/"),
        ("a group that was deleted", "BANKGB2L,1,", "BANKGB2L,2,"),
    ):
        yield name, replaced(GOOD, old, new), told()
    unopened = replaced(GOOD, ",010,100000,", ",011,100000,")
    yield "no opening balance", unopened, named("no opening balance")


def _any() -> Iterator[tuple[str, File, Expected]]:
    for name, content in damaged(GOOD):
        yield name, content, told()
    text = GOOD.index(b"Invoice")
    yield "a text of a gigabyte", lambda: Endless(GOOD[:text], b"x"), refused()
    yield "fields of a gigabyte", lambda: Endless(GOOD[:text], b","), refused()
    yield "continuations of a gigabyte", lambda: Endless(GOOD[:text], b"x\n88,"), refused()
    yield "blank lines of a gigabyte", lambda: Endless(GOOD[:text], b"\n"), refused("blank lines")
    yield "a header of a gigabyte", lambda: Endless(b"01,", b"1"), refused()


def _cuts() -> Iterator[tuple[str, File, Expected]]:
    for name, content in cuts(GOOD, ",/\n"):
        yield name, content, told()


TABLES = {"bai2": as_table(_records(), _proofs(), _heads(), _any(), _cuts())}
