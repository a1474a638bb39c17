"""Bad tables (CSV), one of a bank that states the balance after each booking."""

from __future__ import annotations

from collections.abc import Iterator

from tests.factories.bad_files import (
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

COLUMNS = (
    "Bezeichnung Auftragskonto;IBAN Auftragskonto;BIC Auftragskonto;Bankname Auftragskonto;Buchungstag;Valutadatum;"
    "Name Zahlungsbeteiligter;IBAN Zahlungsbeteiligter;BIC (SWIFT-Code) Zahlungsbeteiligter;Buchungstext;"
    "Verwendungszweck;Betrag;Waehrung;Saldo nach Buchung;Bemerkung;Gekennzeichneter Umsatz;Glaeubiger ID;"
    "Mandatsreferenz"
)
ACCOUNT = "Konto;DE89370400440532013000;COBADEFFXXX;Bank"


def row(day: str, name: str, text: str, amount: str, balance: str) -> str:
    """A booking, its value on the same day."""
    payer = f"{name};DE02120300000000202051;BYLADEM1001"
    return f"{ACCOUNT};{day};{day};{payer};ÜBERWEISUNG;{text};{amount};EUR;{balance};;;;"


def written(*rows: str, columns: str = COLUMNS, line_end: str = "\r\n") -> bytes:
    return "".join(line + line_end for line in (columns, *rows)).encode()


# Lines of 12.50, -3.00 and 20.00, the newest first, from 1000.00 to 1029.50.
ROWS = (
    row("23.01.2026", "Carla Beispiel", "Miete", "20,00", "1029,50"),
    row("22.01.2026", "Bernd Beispiel", "Strom", "-3,00", "1009,50"),
    row("21.01.2026", "Anna Beispiel", "Rechnung", "12,50", "1012,50"),
)
GOOD = written(*ROWS)

# What the amount of the second row is instead of -3.00.
AMOUNTS = {
    "of letters": "abc",
    "that is blank": "",
    "with 13 decimals": "-3,0000000000001",
    "with 3 decimals": "-3,005",
    "with an exponent": "1e5",
    "with a huge exponent": "1e999999999",
    "that is no number": "NaN",
    "that is infinite": "-Infinity",
    "in digits of another script": "-３,００",
    "with two commas": "-3,0,0",
    "with a letter O for a zero": "-3,0O",
    "with an underscore": "-3_0,00",
    "with two signs": "--3,00",
    "with signs at both ends": "-3,00-",
    "larger than all money": "9" * 17,
    "of a thousand digits": "9" * 1000,
    "that is a formula": "=1+1",
}

DAYS = (
    "30.02.2026",
    "22.13.2026",
    "00.01.2026",
    "32.01.2026",
    "22.01.0000",
    "22/01/26x",
    "soon",
    "",
)


def _lines() -> Iterator[tuple[str, File, Expected]]:
    for name, amount in AMOUNTS.items():
        yield f"an amount {name}", replaced(GOOD, ";-3,00;", f";{amount};"), line_refused("", -300)
    for day in DAYS:
        content = replaced(GOOD, "22.01.2026;22.01.2026", f"{day};22.01.2026")
        yield f"booked on '{day}'", content, told()
    for currency in ("EURO", "XXX", "", "978"):
        yield f"a line in '{currency}'", replaced(GOOD, "-3,00;EUR", f"-3,00;{currency}"), told()
    yield "a line in another currency", replaced(GOOD, "-3,00;EUR", "-3,00;USD"), told()
    for unit in ("XYZ", "$", "USD"):
        yield f"an amount in {unit}", replaced(GOOD, ";-3,00;", f";-3,00 {unit};"), line_refused(unit, -300)
    yield "no sign", replaced(GOOD, ";-3,00;", ";3,00;"), told("")
    yield (
        "a line of another account",
        replaced(GOOD, "370400440532013000", "370400440532013099", nth=1),
        told(),
    )


def _proofs() -> Iterator[tuple[str, File, Expected]]:
    for name, content, difference in flips(GOOD, ";-3,00;", "the second line", 1):
        yield name, content, named("", difference)
    for name, content, difference in flips(GOOD, ";20,00;", "the last line", -1):
        yield name, content, named("", difference)
    for name, content, _ in flips(GOOD, ";1009,50;", "a balance on the way", 1):
        yield name, content, told()
    for name, content, difference in flips(GOOD, ";1029,50;", "the last balance", 1):
        yield name, content, named("", difference)
    yield "the second line missing", written(ROWS[0], ROWS[2]), named("", -300)
    yield "the second line twice", written(ROWS[0], ROWS[1], ROWS[1], ROWS[2]), told()
    yield "lines out of order", written(ROWS[1], ROWS[0], ROWS[2]), told()


def _tables() -> Iterator[tuple[str, File, Expected]]:
    for at, title in enumerate(COLUMNS.split(";")):
        names = COLUMNS.split(";")
        without = written(*ROWS, columns=";".join(names[:at] + names[at + 1 :]))
        yield f"no column {title}", without, told()
        if title in {"Buchungstag", "Betrag", "Waehrung", "Saldo nach Buchung"}:
            renamed = written(*ROWS, columns=";".join([*names[:at], "Irgendwas", *names[at + 1 :]]))
            yield f"the column {title} by another name", renamed, told()
            yield f"the column {title} twice", replaced(GOOD, f";{title};", f";{title};{title};"), told()
    yield "only its header", written(), told()
    yield "no header", "".join(f"{line}\r\n" for line in ROWS).encode(), told()
    yield "its header twice", written(COLUMNS, *ROWS), told()
    yield "a field too many", replaced(GOOD, ";-3,00;", ";-3,00;X;"), told()
    yield "a field too few", replaced(GOOD, ";Strom;", ";"), told()
    yield "a quote that never closes", replaced(GOOD, "Strom", '"Strom'), told()
    yield "commas for semicolons in a line", replaced(GOOD, ROWS[1], ROWS[1].replace(";", ",")), told()
    yield "a line of text", written(ROWS[0], "Dies ist kein Umsatz", *ROWS[1:]), told()
    yield "a title of blanks", b" " * 3_000 + b"X" + GOOD, told()
    yield "a million columns", GOOD + b"x;" * 500_000, told()


def _any() -> Iterator[tuple[str, File, Expected]]:
    for name, content in damaged(GOOD):
        if name != "behind an e-mail's head":  # many a bank writes lines before the table
            yield name, content, told()
    text = GOOD.index(b"Rechnung")
    yield "in two encodings", replaced(GOOD, "Strom", b"Str\xfcm"), told("encoding")
    latin = GOOD.decode().encode("cp1252")
    yield "in two encodings the other way", replaced(latin, "Strom", "Strüm"), told("encoding")
    for name, filling in (
        ("x", b"x"),
        ("semicolons", b";"),
        ("quotes", b'"'),
        ("zero bytes", b"\0"),
        ("digits", b"9"),
        ("blank lines", b"\n"),
    ):
        yield (
            f"a field of a gigabyte of {name}",
            lambda filling=filling: Endless(GOOD[:text], filling),
            refused(),
        )
    yield "a quoted field of a gigabyte", lambda: Endless(GOOD[:text] + b'"', b"x\n"), refused()
    yield "a header of a gigabyte", lambda: Endless(COLUMNS.encode(), b"x;"), refused()


def _cuts() -> Iterator[tuple[str, File, Expected]]:
    """A file that ends with a whole line looks whole; within a line it does not."""
    for name, content in cuts(GOOD, ";"):
        if not content.endswith(b"50;;;;"):
            yield name, content, told()


TABLES = {"csv": as_table(_lines(), _proofs(), _tables(), _any(), _cuts())}
