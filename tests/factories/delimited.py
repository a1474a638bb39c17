"""Writes tables (CSV) as banks export them, from simple arguments.

    sparkasse([Row(amount=1250, purpose="RE-2026-0815", name="Anna Beispiel")])

Amounts are minor units of a currency with two decimals, signed from the account holder's view. The same arguments
give the same bytes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

ACCOUNT = "DE89370400440532013000"
OTHER_ACCOUNT = "DE75512108001245126199"
CUSTOMER = "DE02120300000000202051"
BIC = "BYLADEM1001"
CREDITOR = "DE98ZZZ09999999999"
DAY = date(2026, 1, 5)

SPARKASSE = (
    "Auftragskonto;Buchungstag;Valutadatum;Buchungstext;Verwendungszweck;Glaeubiger ID;Mandatsreferenz;"
    "Kundenreferenz (End-to-End);Sammlerreferenz;Lastschrift Ursprungsbetrag;Auslagenersatz Ruecklastschrift;"
    "Beguenstigter/Zahlungspflichtiger;Kontonummer/IBAN;BIC (SWIFT-Code);Betrag;Waehrung;Info"
)
SPARKASSE_MT940 = (
    "Auftragskonto;Buchungstag;Valutadatum;Buchungstext;Verwendungszweck;Beguenstigter/Zahlungspflichtiger;"
    "Kontonummer;BLZ;Betrag;Waehrung;Info"
)
VOLKSBANK = (
    "Bezeichnung Auftragskonto;IBAN Auftragskonto;BIC Auftragskonto;Bankname Auftragskonto;Buchungstag;Valutadatum;"
    "Name Zahlungsbeteiligter;IBAN Zahlungsbeteiligter;BIC (SWIFT-Code) Zahlungsbeteiligter;Buchungstext;"
    "Verwendungszweck;Betrag;Waehrung;Saldo nach Buchung;Bemerkung;Gekennzeichneter Umsatz;Glaeubiger ID;"
    "Mandatsreferenz"
)
VOLKSBANK_OLD = (
    "Buchungstag;Valuta;Auftraggeber/Zahlungsempfänger;Empfänger/Zahlungspflichtiger;Konto-Nr.;IBAN;BLZ;BIC;"
    "Vorgang/Verwendungszweck;Kundenreferenz;Währung;Umsatz; "
)
DKB = (
    "Buchungsdatum;Wertstellung;Status;Zahlungspflichtige*r;Zahlungsempfänger*in;Verwendungszweck;Umsatztyp;IBAN;"
    "Betrag (€);Gläubiger-ID;Mandatsreferenz;Kundenreferenz"
)
DKB_OLD = (
    "Buchungstag;Wertstellung;Buchungstext;Auftraggeber / Begünstigter;Verwendungszweck;Kontonummer;BLZ;"
    "Betrag (EUR);Gläubiger-ID;Mandatsreferenz;Kundenreferenz;"
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One booking, with what most banks tell of it. `balance` is that behind it, where a table has such a column."""

    amount: int
    on: date = DAY
    valued_on: date | None = None
    account: str = ACCOUNT
    purpose: str = "RE-2026-0815"
    name: str = "Anna Beispiel"
    iban: str = CUSTOMER
    bic: str = BIC
    kind: str = "GUTSCHR. UEBERWEISUNG"
    end_to_end_id: str = ""
    mandate_id: str = ""
    creditor_id: str = ""
    batch_id: str = ""
    original: int | None = None
    charges: int | None = None
    status: str = "Umsatz gebucht"
    balance: int | None = None

    @property
    def valued(self) -> date:
        return self.valued_on or self.on


def comma(minor: int | None, *, grouped: bool = False) -> str:
    """Minor units as Germans write them: -114341 is "-1143,41"; None is nothing."""
    if minor is None:
        return ""
    whole = f"{abs(minor) // 100:,}".replace(",", ".") if grouped else str(abs(minor) // 100)
    return f"{'-' if minor < 0 else ''}{whole},{abs(minor) % 100:02d}"


def table(
    titles: str | Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    delimiter: str = ";",
    before: Sequence[str] = (),
    behind: Sequence[str] = (),
    line_end: str = "\r\n",
    encoding: str = "utf-8",
    quoted: bool = False,
) -> bytes:
    """A table of cells; `titles` may be one text that ";" parts. `before` and `behind` are whole lines."""
    text = io.StringIO()
    writer = csv.writer(
        text,
        delimiter=delimiter,
        lineterminator=line_end,
        quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL,
    )
    writer.writerow(titles.split(";") if isinstance(titles, str) else titles)
    writer.writerows(rows)
    lines = "".join(line + line_end for line in before) + text.getvalue()
    return (lines + "".join(line + line_end for line in behind)).encode(encoding)


def sparkasse(rows: Sequence[Row], **how: object) -> bytes:
    """The export CSV-CAMT of a Sparkasse: every cell quoted, CP1252, years of two digits."""
    cells = [
        [
            row.account, f"{row.on:%d.%m.%y}", f"{row.valued:%d.%m.%y}", row.kind, row.purpose, row.creditor_id,
            row.mandate_id, row.end_to_end_id, row.batch_id, comma(row.original), comma(row.charges), row.name,
            row.iban, row.bic, comma(row.amount), "EUR", row.status,
        ]
        for row in rows
    ]  # fmt: skip
    return table(SPARKASSE, cells, **{"encoding": "cp1252", "quoted": True, **how})  # type: ignore[arg-type]


def sparkasse_mt940(rows: Sequence[Row], **how: object) -> bytes:
    """The export CSV-MT940 of a Sparkasse, whose purpose keeps the tags."""
    cells = [
        [
            row.account, f"{row.on:%d.%m}", f"{row.valued:%d.%m.%y}", row.kind, row.purpose, row.name, row.iban,
            row.bic, comma(row.amount), "EUR", row.status,
        ]
        for row in rows
    ]  # fmt: skip
    return table(SPARKASSE_MT940, cells, **{"encoding": "cp1252", "quoted": True, **how})  # type: ignore[arg-type]


def volksbank(rows: Sequence[Row], **how: object) -> bytes:
    """The export of a Volksbank by Atruvia: UTF-8 with its mark, a running balance, the newest row first."""
    cells = [
        [
            "Kontokorrent", row.account, "COBADEFFXXX", "Musterbank", f"{row.on:%d.%m.%Y}",
            f"{row.valued:%d.%m.%Y}", row.name, row.iban, row.bic, row.kind, row.purpose, comma(row.amount), "EUR",
            comma(row.balance), "", "", row.creditor_id, row.mandate_id,
        ]
        for row in rows
    ]  # fmt: skip
    return table(VOLKSBANK, cells, **{"encoding": "utf-8-sig", **how})  # type: ignore[arg-type]


def volksbank_old(rows: Sequence[Row], *, opening: int, closing: int) -> bytes:
    """The older export of a Volksbank: the mark S or H in a column without a title, balances as rows of their own."""
    cells = [
        [
            f"{row.on:%d.%m.%Y}", f"{row.valued:%d.%m.%Y}", "Muster GmbH", row.name, "", row.iban, "", row.bic,
            row.purpose, row.end_to_end_id, "EUR", comma(abs(row.amount), grouped=True),
            "H" if row.amount >= 0 else "S",
        ]
        for row in rows
    ]  # fmt: skip
    for word, minor in (("Anfangssaldo", opening), ("Endsaldo", closing)):
        mark = "H" if minor >= 0 else "S"
        cells.append([f"{DAY:%d.%m.%Y}", *[""] * 8, word, "EUR", comma(abs(minor), grouped=True), mark])
    return table(
        VOLKSBANK_OLD,
        cells,
        before=["Musterbank eG", "", f"Kontonummer:;{ACCOUNT}", ""],
        encoding="iso8859-15",
        quoted=True,
    )


def dkb(rows: Sequence[Row], *, amounts: Sequence[str] = (), **how: object) -> bytes:
    """The export of DKB, with lines in front; `amounts` replace what is written of each row's."""
    cells = []
    for at, row in enumerate(rows):
        payer, payee = (row.name, "Muster GmbH") if row.amount >= 0 else ("Muster GmbH", row.name)
        amount = amounts[at] if amounts else comma(row.amount)
        cells.append(
            [
                f"{row.on:%d.%m.%y}", f"{row.valued:%d.%m.%y}", row.status.removeprefix("Umsatz ").title(), payer,
                payee, row.purpose, "Eingang" if row.amount >= 0 else "Ausgang", row.iban, amount, row.creditor_id,
                row.mandate_id, row.end_to_end_id,
            ]
        )  # fmt: skip
    before = [
        f'"Girokonto";"{ACCOUNT}"',
        '"Zeitraum:";"01.01.2026 - 31.01.2026"',
        '"Kontostand vom 31.01.2026:";"1.012,50 €"',
        '""',
    ]
    return table(DKB, cells, **{"encoding": "utf-8-sig", "before": before, "quoted": True, **how})  # type: ignore[arg-type]


def dkb_old(rows: Sequence[Row]) -> bytes:
    """The export of DKB until 2023: ISO 8859-1, an empty column at the end."""
    cells = [
        [
            f"{row.on:%d.%m.%Y}", f"{row.valued:%d.%m.%Y}", row.kind, row.name, row.purpose, row.iban, row.bic,
            comma(row.amount, grouped=True), row.creditor_id, row.mandate_id, row.end_to_end_id, "",
        ]
        for row in rows
    ]  # fmt: skip
    before = [f'"Kontonummer:";"{ACCOUNT} / Girokonto";', "", '"Von:";"01.01.2026";', '"Bis:";"31.01.2026";']
    return table(DKB_OLD, cells, encoding="iso8859-1", before=before, quoted=True)
