"""Bad OFX files, as SGML and as XML."""

from __future__ import annotations

from collections.abc import Iterator

from tests.factories import bad_xml, ofx
from tests.factories.bad_files import (
    Endless,
    Expected,
    File,
    as_table,
    cuts,
    damaged,
    line_refused,
    named,
    refused,
    replaced,
    told,
)

ENTRIES = (
    ofx.transaction("12.50", memo="Rechnung"),
    ofx.transaction("-3.00", kind="DEBIT", number="F-2", memo="Miete"),
)
SGML = ofx.sgml(ofx.Stated(entries=ENTRIES))
XML = ofx.xml(ofx.Stated(entries=ENTRIES))

AMOUNTS = {
    "of letters": "abc",
    "with 13 decimals": "12.5000000000001",
    "with 3 decimals": "12.505",
    "with two kinds of marks out of order": "1,012.50,3",
    "with an exponent": "1e5",
    "with a huge exponent": "1e999999999",
    "that is no number": "NaN",
    "that is infinite": "-Infinity",
    "in digits of another script": "１２.５０",
    "with two points": "12.5.0",
    "with a letter O for a zero": "12.5O",
    "with an underscore": "1_2.50",
    "with two signs": "--12.50",
    "with its sign behind": "12.50-",
    "in a currency": "12.50EUR",
    "larger than all money": "9" * 17,
    "of a thousand digits": "9" * 1000,
    "with a comma before thousands or decimals": "1,250",
    "below zero with such a comma": "-12,500",
}

DAYS = (
    "20260230",
    "20261320",
    "20260020",
    "20261132",
    "00001120",
    "2026-11-20",
    "20.11.2026",
    "2026112",
    "00261130",
    "soon",
)


def _lines(good: bytes) -> Iterator[tuple[str, File, Expected]]:
    """What is wrong with one line, and only with that line: the two balances of OFX prove nothing."""
    for name, amount in AMOUNTS.items():
        yield f"an amount {name}", replaced(good, "<TRNAMT>12.50", f"<TRNAMT>{amount}"), line_refused("")
    yield "a blank amount", replaced(good, "<TRNAMT>12.50", "<TRNAMT> "), line_refused("has no amount")
    yield "no amount", replaced(good, "<TRNAMT>12.50", "<OTHER>1"), line_refused("has no amount")
    for day in DAYS:
        at = good.index(b"<STMTTRN>")
        content = good[:at] + replaced(good[at:], "<DTPOSTED>20261120", f"<DTPOSTED>{day}")
        yield f"posted on {day}", content, line_refused("")


def _statement(good: bytes) -> Iterator[tuple[str, File, Expected]]:
    for name, amount in AMOUNTS.items():
        yield f"a balance {name}", replaced(good, "<BALAMT>1000.00", f"<BALAMT>{amount}"), told()
    yield (
        "a balance of the year 26",
        replaced(good, "<DTASOF>20261130", "<DTASOF>00261130"),
        refused("no day"),
    )
    for currency in ("EURO", "XXX", "E", "978"):
        yield f"kept in {currency}", replaced(good, "<CURDEF>EUR", f"<CURDEF>{currency}"), told()
    yield "no currency", replaced(good, "<CURDEF>EUR", "<OTHER>EUR"), refused("in which currency")
    yield "no account", replaced(good, "<ACCTID>0532013000", "<OTHER>1"), told()
    unproved = named("no opening and closing balance")
    yield "no balance", replaced(good, "<BALAMT>1000.00", "<OTHER>1"), unproved
    yield "a blank balance", replaced(good, "<BALAMT>1000.00", "<BALAMT> "), unproved
    yield "a line within a line", replaced(good, "<TRNTYPE>CREDIT", "<STMTTRN><TRNTYPE>CREDIT"), refused()
    yield "a line that does not end", replaced(good, "</STMTTRN>", ""), refused()
    yield "a statement that does not end", replaced(good, "</STMTRS>", ""), refused()
    yield (
        "a statement within a statement",
        replaced(good, "<BANKTRANLIST>", "<STMTRS><BANKTRANLIST>"),
        refused(),
    )
    yield "a request", good.replace(b"STMTRS>", b"STMTRQ>"), refused()
    yield "an error of the bank", replaced(good, "<SEVERITY>INFO", "<SEVERITY>ERROR", nth=1), told()
    yield "itself twice", good + good, refused()


def _any(good: bytes) -> Iterator[tuple[str, File, Expected]]:
    for name, content in damaged(good):
        yield name, content, told()
    text = good.index(b"Rechnung")
    yield "a text of a gigabyte", lambda: Endless(good[:text], b"x"), refused()
    yield "blank lines of a gigabyte", lambda: Endless(good[:text], b"\n"), refused()
    yield "open elements of a gigabyte", lambda: Endless(good[: good.index(b"<STMTRS>")], b"<A>"), refused()
    yield (
        "open lines of a gigabyte",
        lambda: Endless(good[: good.index(b"<STMTTRN>")], b"<STMTTRN>"),
        refused(),
    )
    yield "a header of a gigabyte", lambda: Endless(good[:10], b"X"), refused()


def _cuts(good: bytes) -> Iterator[tuple[str, File, Expected]]:
    for name, content in cuts(good, ">"):
        yield name, content, refused()


# OFX 1 has elements that nobody closes, and what stands in an element that is not read is passed over.
HARMLESS = {"an element closed twice", "an element that is never closed", "an included file"}


def _hostile() -> Iterator[tuple[str, File, Expected]]:
    for name, content, _ in bad_xml.hostile(XML, "Rechnung", "OFX"):
        if name not in HARMLESS:
            yield name, content, told()


TABLES = {
    "ofx.1": as_table(_lines(SGML), _statement(SGML), _any(SGML), _cuts(SGML)),
    "ofx.2": as_table(_lines(XML), _statement(XML), _hostile(), _cuts(XML)),
}
