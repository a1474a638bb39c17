"""Bad QIF files, which state neither balances nor a currency: each line has to be told of by itself."""

from __future__ import annotations

from collections.abc import Iterator

from tests.factories import qif
from tests.factories.bad_files import (
    Endless,
    Expected,
    File,
    as_table,
    cuts,
    damaged,
    line_refused,
    refused,
    replaced,
    told,
)

# Lines of 12.50, -3.00 and 20.00; the first day has no month of its number, so the file proves its order.
GOOD = qif.qif(
    qif.account(),
    qif.section(
        qif.record("12.50", "24/11/2026", "MRechnung"),
        qif.record("-3.00", "25/11/2026", "MStrom", payee="Bernd Beispiel"),
        qif.record("20.00", "26/11/2026", "MMiete"),
    ),
)

AMOUNTS = {
    "of letters": "abc",
    "that is blank": "",
    "with 13 decimals": "-3.0000000000001",
    "with an exponent": "1e5",
    "with a huge exponent": "1e999999999",
    "that is no number": "NaN",
    "that is infinite": "-Infinity",
    "in digits of another script": "-３.００",
    "with two points": "-3.0.0",
    "with a letter O for a zero": "-3.0O",
    "with an underscore": "-3_0.00",
    "with two signs": "--3.00",
    "with its sign behind": "3.00-",
    "larger than all money": "9" * 17,
    "of a thousand digits": "9" * 1000,
    "in a currency": "-3.00 XYZ",
}

DAYS = (
    "30/02/2026",
    "31/11/2026",
    "25/13/2026",
    "0/11/2026",
    "32/11/2026",
    "soon",
    "",
    "25.11",
    "2026",
    "25/11/20267",
)


def _lines() -> Iterator[tuple[str, File, Expected]]:
    for name, amount in AMOUNTS.items():
        yield f"an amount {name}", replaced(GOOD, "T-3.00", f"T{amount}"), line_refused("")
    for day in DAYS:
        yield f"booked on '{day}'", replaced(GOOD, "D25/11/2026", f"D{day}"), told()
    yield "an amount with 3 decimals", replaced(GOOD, "T-3.00", "T-3.005"), told()
    yield "no amount", replaced(GOOD, "T-3.00\n", ""), line_refused("")
    yield "no day", replaced(GOOD, "D25/11/2026\n", ""), told()
    yield "two amounts", replaced(GOOD, "T-3.00\n", "T-3.00\nT-4.00\n"), told()
    yield "two days", replaced(GOOD, "D25/11/2026\n", "D25/11/2026\nD26/11/2026\n"), told()
    yield "parts that do not add up", replaced(GOOD, "MStrom\n", "MStrom\nSA\n$-1.00\nSB\n$-1.00\n"), told()
    yield "a record that does not end", replaced(GOOD, "MStrom\n^\n", "MStrom\n"), told()


def _sections() -> Iterator[tuple[str, File, Expected]]:
    yield "no sections", GOOD[GOOD.index(b"D24") :], refused()
    yield "a section of investments", replaced(GOOD, "!Type:Bank", "!Type:Invst"), told()
    yield "a section of an unknown kind", replaced(GOOD, "!Type:Bank", "!Type:Xyz"), told()
    yield "only a list of categories", b"!Type:Cat\nNMiete\nE\n^\n", told()
    yield "no lines", GOOD[: GOOD.index(b"D24")], told()
    yield "days in two orders", replaced(GOOD, "D26/11/2026", "D11/26/2026"), told()
    yield (
        "days that prove no order",
        GOOD.replace(b"24/", b"04/").replace(b"25/", b"05/").replace(b"26/", b"06/"),
        told(),
    )
    yield "amounts with two marks", replaced(GOOD, "T20.00", "T20,00"), told()
    yield "another year in each day", replaced(GOOD, "D25/11/2026", "D25/11/0026"), told()


def _any() -> Iterator[tuple[str, File, Expected]]:
    for name, content in damaged(GOOD):
        yield name, content, told()
    text = GOOD.index(b"Rechnung")
    yield "a text of a gigabyte", lambda: Endless(GOOD[:text], b"x"), refused()
    yield "lines of a gigabyte", lambda: Endless(GOOD[:text], b"x\nM"), refused()
    yield "parts of a gigabyte", lambda: Endless(GOOD[:text], b"x\nSA\n$1.00\n"), refused()
    yield "blank lines of a gigabyte", lambda: Endless(GOOD[:text], b"\n"), refused("blank lines")
    yield "lines of blanks of a gigabyte", lambda: Endless(GOOD[:text], b" \r\n"), refused("blank lines")
    yield "a header of a gigabyte", lambda: Endless(b"!Type:Bank", b"x"), refused()
    yield "digits of a gigabyte", lambda: Endless(GOOD[: GOOD.index(b"T12")] + b"T", b"9"), refused()


def _cuts() -> Iterator[tuple[str, File, Expected]]:
    """A file that ends with a whole record looks whole; within a record it does not."""
    for name, content in cuts(GOOD, "\n/."):
        if not content.rstrip().endswith(b"^"):
            yield name, content, told()


TABLES = {"qif": as_table(_lines(), _sections(), _any(), _cuts())}
