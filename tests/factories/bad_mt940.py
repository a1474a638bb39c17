"""Bad MT940 statements and MT942 reports."""

from __future__ import annotations

from collections.abc import Iterator

from tests.factories import mt940
from tests.factories.bad_files import (
    GIGABYTE,
    Endless,
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
ENTRIES = (mt940.Entry(amount=1250, text="Rechnung"), mt940.Entry(amount=-300, text="Miete"))
GOOD = mt940.mt940(ENTRIES)
REPORT = mt940.mt942(ENTRIES, totals=(":90D:1EUR3,00", ":90C:1EUR12,50"))
LINE = ":61:2601050105C12,50NTRF"

# What the first line begins with instead of LINE; only that line cannot be read.
LINES = {
    "no amount": ":61:2601050105CNTRF",
    "an amount of letters": ":61:2601050105CABCNTRF",
    "an amount with 13 decimals": ":61:2601050105C12,5000000000001NTRF",
    "an amount with 3 decimals": ":61:2601050105C12,505NTRF",
    "an amount with a point for thousands": ":61:2601050105C1.012,50NTRF",
    "an amount with a sign": ":61:2601050105C-12,50NTRF",
    "an amount with two commas": ":61:2601050105C12,5,0NTRF",
    "an amount in digits of another script": ":61:2601050105C１２,５０NTRF",
    "an amount with an exponent": ":61:2601050105C1e5NTRF",
    "an amount larger than all money": ":61:2601050105C999999999999999,00NTRF",
    "an amount of a thousand digits": f":61:2601050105C{'9' * 1000},NTRF",
    "no sign": ":61:260105010512,50NTRF",
    "an unknown sign": ":61:2601050105X12,50NTRF",
    "a sign as a plus": ":61:2601050105+12,50NTRF",
    "a sign in a small letter": ":61:2601050105c12,50NTRF",
    "the value date 30 February": ":61:2602300230C12,50NTRF",
    "the value date 31 November": ":61:2611311131C12,50NTRF",
    "a thirteenth month": ":61:2613051305C12,50NTRF",
    "a day of zero": ":61:2601000100C12,50NTRF",
    "a value date of letters": ":61:ABCDEF0105C12,50NTRF",
    "a value date of five digits": ":61:26010C12,50NTRF",
    "no value date": ":61:C12,50NTRF",
    "the booking date 30 February": ":61:2602280230C12,50NTRF",
    "a booking date of a thirteenth month": ":61:2601051305C12,50NTRF",
}

BALANCES = {
    "without its sign": ":60F:260105EUR1000,00",
    "with an unknown sign": ":60F:X260105EUR1000,00",
    "without its currency": ":60F:C2601051000,00",
    "in no currency": ":60F:C260105XXX1000,00",
    "in a currency of four letters": ":60F:C260105EURO1000,00",
    "in another currency than the closing one": ":60F:C260105USD1000,00",
    "of 30 February": ":60F:C260230EUR1000,00",
    "of a thirteenth month": ":60F:C261305EUR1000,00",
    "without a date": ":60F:CEUR1000,00",
    "without an amount": ":60F:C260105EUR",
    "with 13 decimals": ":60F:C260105EUR1000,0000000000001",
    "with a point for thousands": ":60F:C260105EUR1.000,00",
    "larger than all money": ":60F:C260105EUR999999999999999,00",
    "of letters": ":60F:C260105EURABC",
    "in digits of another script": ":60F:C260105EUR１０００,００",
    "that is empty": ":60F:",
    "of an unknown field": ":60X:C260105EUR1000,00",
}


def _lines(good: bytes, difference: int | None) -> Iterator[tuple[str, File, Expected]]:
    for name, line in LINES.items():
        yield name, replaced(good, LINE, line), line_refused("", difference)


def _proofs() -> Iterator[tuple[str, File, Expected]]:
    for amount, what, weight in (
        ("C12,50N", "the first line", -1),
        ("D3,00N", "the second line", 1),
        ("EUR1000,00", "the opening balance", -1),
        ("EUR1009,50", "the closing balance", 1),
    ):
        for name, content, difference in flips(GOOD, amount, what, weight):
            yield name, content, named("do not prove the lines", difference)
    for what, old, new, difference in (
        ("the first line", "C12,50N", "D12,50N", 2_500),
        ("the second line", "D3,00N", "C3,00N", -600),
        ("the first line as a reversal of a credit", "C12,50N", "RC12,50N", 2_500),
        ("the second line as a reversal of a debit", "D3,00N", "RD3,00N", -600),
        ("the opening balance", ":60F:C", ":60F:D", 200_000),
        ("the closing balance", ":62F:C", ":62F:D", -201_900),
    ):
        yield f"{what} with its sign turned", replaced(GOOD, old, new), named("do not prove", difference)


def _statement() -> Iterator[tuple[str, File, Expected]]:
    for name, balance in BALANCES.items():
        yield f"an opening balance {name}", replaced(GOOD, ":60F:C260105EUR1000,00", balance), told()
        closing = balance.replace("60", "62", 1).replace("1000,00", "1009,50")
        yield f"a closing balance {name}", replaced(GOOD, ":62F:C260105EUR1009,50", closing), told()
    lines = GOOD.decode().splitlines(keepends=True)
    for number, line in enumerate(lines[:-1]):
        if not line.startswith((":86:", ":28C:")):
            yield (
                f"without its line {number + 1}",
                "".join(lines[:number] + lines[number + 1 :]).encode(),
                told(),
            )
        if not line.startswith((":86:", ":20:", ":28C:")):
            yield (
                f"its line {number + 1} twice",
                "".join(lines[: number + 1] + lines[number:]).encode(),
                told(),
            )
    yield "its lines in reverse", "".join(reversed(lines)).encode(), told()
    point = replaced(GOOD, "C12,50N", "C12.50N")
    yield "an amount with a decimal point", point, named("no decimal comma", 0)
    yield "fields without colons", GOOD.replace(b"\r\n:", b"\r\n"), told()
    yield "all in one line", GOOD.replace(b"\r\n", b""), told()
    yield "in capital letters only of fields", GOOD.replace(b":62F:", b":62f:"), told()


def _any(good: bytes) -> Iterator[tuple[str, File, Expected]]:
    for name, content in damaged(good):
        yield name, content, told()
    yield (
        "text between its end and the next message",
        good + b"Kontoauszug\r\n" + good,
        told("outside of the"),
    )
    yield "text behind its end", good + b"Ende der Datei\r\n", told("outside of the")
    text = good.index(b"Rechnung")
    line = good.index(b":61:")
    yield "a text of a gigabyte", lambda: Endless(good[:text], b"x"), refused()
    yield "blank lines of a gigabyte", lambda: Endless(good[:line], b"\r\n"), refused()
    yield "lines of text of a gigabyte", lambda: Endless(good[:text], b"xx\r\n"), refused()
    yield "a field of a gigabyte", lambda: Endless(good[:line] + b":61", b"1"), refused()
    yield "digits of a gigabyte", lambda: Endless(good[:line] + b":61:2601050105C", b"9"), refused()
    yield "a gigabyte of zero bytes behind it", lambda: Endless(good, b"\0", GIGABYTE), told()


def _cuts(good: bytes) -> Iterator[tuple[str, File, Expected]]:
    for name, content in cuts(good[: good.rindex(b"\r\n-")], ":,\n"):
        yield name, content, told()


TABLES = {
    "mt940": as_table(_lines(GOOD, 1_250), _proofs(), _statement(), _any(GOOD), _cuts(GOOD)),
    "mt942": as_table(_lines(REPORT, None), _any(REPORT)),
}
