"""Bad camt files: the statement, the report of the running day and the notification."""

from __future__ import annotations

from collections.abc import Iterator

from tests.factories import bad_xml, camt
from tests.factories.bad_files import (
    Expected,
    File,
    as_table,
    cuts,
    damaged,
    flips,
    line_refused,
    named,
    refused,
    replaced,
    told,
)

# A line of 12.50 and one of -3.00: the opening balance is 1000.00, the closing one 1009.50.
ENTRIES = (
    camt.Entry(amount=1250, bank_reference="B-1", information="Rechnung"),
    camt.Entry(amount=-300, bank_reference="B-2", information="Miete"),
)
GOOD = camt.camt053(ENTRIES)
AMOUNT = '<Amt Ccy="EUR">12.50</Amt>'
TEXT = "Rechnung"


def _as(message: str, container: str, content: bytes = GOOD) -> bytes:
    """The statement as a message of another kind."""
    found = content.replace(b"BkToCstmrStmt", container.encode()).replace(b"camt.053", message.encode())
    tag = {"camt.052": b"Rpt", "camt.054": b"Ntfctn"}[message]
    return found.replace(b"<Stmt>", b"<" + tag + b">").replace(b"</Stmt>", b"</" + tag + b">")


def _without_balances(content: bytes) -> bytes:
    first, last = content.index(b"<Bal>"), content.rindex(b"</Bal>") + len(b"</Bal>\n")
    return content[:first] + content[last:]


REPORT = _as("camt.052", "BkToCstmrAcctRpt")
NOTIFICATION = _without_balances(_as("camt.054", "BkToCstmrDbtCdtNtfctn"))

# What an amount is instead of 12.50, and what is said of it.
AMOUNTS = {
    "letters": ("abc", "abc"),
    "blank": ("", ""),
    "with 13 decimals": ("12.5000000000001", "12.5000000000001"),
    "with 3 decimals": ("12.505", "12.505"),
    "with a decimal comma": ("12,50", "12,50"),
    "with a point for thousands": ("1.012,50", "1.012,50"),
    "with an exponent": ("1e5", "1e5"),
    "with a huge exponent": ("1e999999999", "1e999999999"),
    "no number": ("NaN", "NaN"),
    "infinite": ("Infinity", "Infinity"),
    "in digits of another script": ("１２.５０", "１２.５０"),
    "with two points": ("12.5.0", "12.5.0"),
    "with a letter O for a zero": ("12.5O", "12.5O"),
    "with an underscore": ("1_2.50", "1_2.50"),
    "in hexadecimal": ("0x1F", "0x1F"),
    "with a space": ("12 .50", "12 .50"),
    "larger than all money": ("9" * 17, ""),
    "of a thousand digits": ("9" * 1000, ""),
}

DAYS = (
    "2026-02-30",
    "2026-13-05",
    "2026-00-05",
    "2026-01-32",
    "0000-01-05",
    "2026-1-5",
    "05.01.2026",
    "soon",
)
CURRENCIES = ("EURO", "eur", "XXX", "E", "978")


def _amounts(good: bytes) -> Iterator[tuple[str, bytes, str]]:
    for name, (text, words) in AMOUNTS.items():
        yield f"an amount {name}", replaced(good, AMOUNT, AMOUNT.replace("12.50", text)), words
    yield "no amount", replaced(good, AMOUNT, ""), ""
    yield "an amount without a currency", replaced(good, AMOUNT, "<Amt>12.50</Amt>"), ""
    yield "an amount with a blank currency", replaced(good, AMOUNT, '<Amt Ccy="">12.50</Amt>'), ""
    for currency in CURRENCIES:
        yield (
            f"an amount in {currency}",
            replaced(good, AMOUNT, f'<Amt Ccy="{currency}">12.50</Amt>'),
            f"{currency}" if currency != "XXX" else "",
        )


def _signs(good: bytes) -> Iterator[tuple[str, bytes, str]]:
    sign = AMOUNT + "\n<CdtDbtInd>CRDT</CdtDbtInd>"
    yield "no sign", replaced(good, sign, AMOUNT), ""
    yield "a blank sign", replaced(good, sign, sign.replace("CRDT", "")), ""
    yield "an unknown sign", replaced(good, sign, sign.replace("CRDT", "PLUS")), ""


def _days(good: bytes) -> Iterator[tuple[str, bytes, str]]:
    at = good.index(b"<Ntry>")
    for day in DAYS:
        changed = replaced(good[at:], "<Dt>2026-01-05</Dt>", f"<Dt>{day}</Dt>")
        yield f"booked on {day}", good[:at] + changed, day


def _lines(good: bytes, difference: int | None) -> Iterator[tuple[str, File, Expected]]:
    """What is wrong with one line, and only with that line."""
    for name, content, words in (*_amounts(good), *_signs(good), *_days(good)):
        yield name, content, line_refused(words, difference)


def _proofs() -> Iterator[tuple[str, File, Expected]]:
    for name, content, difference in flips(GOOD, ">12.50<", "the first line", -1):
        yield name, content, named("do not prove the lines", difference)
    for name, content, difference in flips(GOOD, ">3.00<", "the second line", 1):
        yield name, content, named("do not prove the lines", difference)
    for name, content, difference in flips(GOOD, ">1000.00<", "the opening balance", -1):
        yield name, content, named("do not prove the lines", difference)
    for name, content, difference in flips(GOOD, ">1009.50<", "the closing balance", 1):
        yield name, content, named("do not prove the lines", difference)
    for what, mark, other, nth, difference in (
        ("the opening balance", "CRDT", "DBIT", 0, 200_000),
        ("the closing balance", "CRDT", "DBIT", 1, -201_900),
        ("the first line", "CRDT", "DBIT", 2, 2_500),
        ("the second line", "DBIT", "CRDT", 0, -600),
    ):
        content = replaced(GOOD, f"<CdtDbtInd>{mark}", f"<CdtDbtInd>{other}", nth=nth)
        yield f"{what} with its sign turned", content, named("do not prove the lines", difference)


def _statement() -> Iterator[tuple[str, File, Expected]]:
    first = GOOD.index(b"<Ntry>")
    second = GOOD.index(b"<Ntry>", first + 1)
    last = GOOD.index(b"</Stmt>")
    yield "its first line twice", GOOD[:first] + GOOD[first:second] + GOOD[first:], named("", -1_250)
    yield "its first line missing", GOOD[:first] + GOOD[second:], named("", 1_250)
    yield "no lines", GOOD[:first] + GOOD[last:], named("has no lines", 950)
    yield "no balances", _without_balances(GOOD), named("no opening and closing balance")
    yield "no closing balance", replaced(GOOD, "<Cd>CLBD</Cd>", "<Cd>CLAV</Cd>"), named("no closing balance")
    yield "no opening balance", replaced(GOOD, "<Cd>OPBD</Cd>", "<Cd>OPAV</Cd>"), named("no opening balance")
    for name, (text, _) in AMOUNTS.items():
        yield f"an opening balance {name}", replaced(GOOD, ">1000.00<", f">{text}<"), told()
    for day in DAYS:
        yield f"a closing balance of {day}", _closed_on(day), told()
    for status, words in (("PDNG", "difference"), ("INFO", "difference"), ("XXXX", ""), ("", "")):
        content = replaced(GOOD, "<Sts><Cd>BOOK", f"<Sts><Cd>{status}")
        yield f"a line of status '{status}'", content, told(words)
    yield "no account", replaced(GOOD, camt.ACCOUNT, ""), told()
    yield "a statement within a statement", replaced(GOOD, "<Ntry>", "<Stmt><Ntry>"), refused()
    inner = GOOD[GOOD.index(b"<Document") :]
    within = GOOD[:second] + b"<Ntry>" + inner + b"</Ntry>" + GOOD[second:]
    yield "another file within a line", within, refused("before the one above it has ended")
    yield "a line within a line", replaced(GOOD, "<Ntry>", "<Ntry><Ntry>"), refused()
    yield "an empty document", GOOD[: GOOD.index(b"<BkTo")] + b"</Document>", refused("no statement")


def _closed_on(day: str) -> bytes:
    at = GOOD.rindex(b"<Bal>")
    return GOOD[:at] + replaced(GOOD[at:], "<Dt>2026-01-05</Dt>", f"<Dt>{day}</Dt>")


def _any(good: bytes) -> Iterator[tuple[str, File, Expected]]:
    """What is wrong with any XML and with any file."""
    yield from bad_xml.hostile(good, TEXT, "Document")
    for name, content in damaged(good):
        yield name, content, refused()
    latin = good.replace(b"Rechnung", b"Z\xfcrich")
    yield "Latin-1 that says it is UTF-8", latin, refused("encoding")
    yield "UTF-8 that says it is UTF-16", replaced(good, "UTF-8", "UTF-16"), refused()
    yield "an encoding that nobody knows", replaced(good, "UTF-8", "X-KLINGON"), refused("encoding")
    yield "a codec that is no encoding", replaced(good, "UTF-8", "base64"), refused("encoding")


def _cuts(good: bytes) -> Iterator[tuple[str, File, Expected]]:
    for name, content in cuts(good, ">"):
        yield name, content, refused()


TABLES = {
    "camt.053": as_table(_lines(GOOD, 1_250), _proofs(), _statement(), _any(GOOD), _cuts(GOOD)),
    "camt.052": as_table(_lines(REPORT, None), _any(REPORT)),
    "camt.054": as_table(_lines(NOTIFICATION, None), _any(NOTIFICATION)),
}
