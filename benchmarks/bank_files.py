"""Writes bookings in every other format that is read: MT940, OFX, CSV, QIF and BAI2."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from benchmarks import data
from benchmarks.bookings import OPENING_MINOR, Booking, Kind, decimal

_SWIFT_LINE, _SWIFT_PIECE = 65, 27  # characters in a line of :86:, and in one of its purpose fields
_GERMAN_CODES = {Kind.RECEIVED: "166", Kind.PAID: "116", Kind.RETURNED: "109", Kind.FEE: "808"}
_BANK_AND_ACCOUNT = f"{data.OUR_IBAN[4:12]}/{data.OUR_IBAN[12:]}"


# --- MT940 ---


def write_mt940(path: Path, bookings: Iterable[Booking]) -> None:
    """A message for each day, with the structured :86: of German banks."""
    balance = OPENING_MINOR
    with path.open("w", encoding="ascii", newline="") as out:
        for number, (day, group) in enumerate(groupby(bookings, lambda one: one.day), start=1):
            out.write(f":20:STARTUMS\r\n:25:{_BANK_AND_ACCOUNT}\r\n:28C:{number:05d}/001\r\n")
            out.write(f":60F:{_swift_balance(balance, day)}\r\n")
            for one in group:
                out.writelines(f"{line}\r\n" for line in _swift_lines(one))
                balance += one.minor
            out.write(f":62F:{_swift_balance(balance, day)}\r\n-\r\n")


def _swift_balance(minor: int, day: date) -> str:
    return f"{'C' if minor >= 0 else 'D'}{day:%y%m%d}EUR{_comma(abs(minor))}"


def _swift_lines(of: Booking) -> Iterator[str]:
    mark = "C" if of.minor >= 0 else "D"
    yield f":61:{of.day:%y%m%d%m%d}{mark}{_comma(abs(of.minor))}NTRFNONREF//{of.bank_reference}"
    text = f":86:{_swift_text(of)}"
    yield from (text[at : at + _SWIFT_LINE] for at in range(0, len(text), _SWIFT_LINE))


def _swift_text(of: Booking) -> str:
    tags = (("EREF", of.end_to_end_id), ("MREF", of.mandate_id), ("SVWZ", of.text))
    purpose = _plain(" ".join(f"{tag}+{value}" for tag, value in tags if value))
    pieces = [purpose[at : at + _SWIFT_PIECE] for at in range(0, len(purpose), _SWIFT_PIECE)]
    parts = [f"?{20 + place}{piece}" for place, piece in enumerate(pieces)]
    if of.name:
        parts += [f"?30{data.OUR_BIC}", f"?31{of.iban}", f"?32{_plain(of.name)[:_SWIFT_PIECE]}"]
    return "".join([_GERMAN_CODES[of.kind], "?00BUCHUNG", "?10931", *parts])


def _comma(minor: int) -> str:
    return decimal(minor).replace(".", ",")


def _plain(text: str) -> str:
    """The text in letters that SWIFT has."""
    spread = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ø", "o").replace("ł", "l"))
    return spread.encode("ascii", "ignore").decode().replace("&", "+")


# --- OFX ---

_OFX_HEAD = (
    "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nSECURITY:NONE\r\nENCODING:UTF-8\r\nCHARSET:NONE\r\n"
    "COMPRESSION:NONE\r\nOLDFILEUID:NONE\r\nNEWFILEUID:NONE\r\n\r\n"
    "<OFX>\n<SIGNONMSGSRSV1><SONRS><STATUS>\n<CODE>0\n<SEVERITY>INFO\n</STATUS>\n<DTSERVER>20261118180000\n"
    "<LANGUAGE>ENG\n</SONRS></SIGNONMSGSRSV1>\n<BANKMSGSRSV1><STMTTRNRS>\n<TRNUID>1\n<STATUS>\n<CODE>0\n"
    "<SEVERITY>INFO\n</STATUS>\n<STMTRS>\n<CURDEF>EUR\n"
)


def write_ofx(path: Path, bookings: Iterable[Booking]) -> None:
    """OFX 1.0.2, whose leaves have no end tags."""
    bookings = list(bookings)
    first, last = bookings[0].day, bookings[-1].day
    closing = OPENING_MINOR + sum(one.minor for one in bookings)
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write(
            f"{_OFX_HEAD}<BANKACCTFROM>\n<BANKID>{data.OUR_IBAN[4:12]}\n<ACCTID>{data.OUR_IBAN}\n"
            f"<ACCTTYPE>CHECKING\n</BANKACCTFROM>\n<BANKTRANLIST>\n<DTSTART>{first:%Y%m%d}\n<DTEND>{last:%Y%m%d}\n"
        )
        out.writelines(_ofx_transaction(one) for one in bookings)
        out.write(
            f"</BANKTRANLIST>\n<LEDGERBAL>\n<BALAMT>{decimal(closing)}\n<DTASOF>{last:%Y%m%d}\n</LEDGERBAL>\n"
            "</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n"
        )


def _ofx_transaction(of: Booking) -> str:
    return (
        f"<STMTTRN>\n<TRNTYPE>{'CREDIT' if of.minor >= 0 else 'DEBIT'}\n<DTPOSTED>{of.day:%Y%m%d}120000\n"
        f"<TRNAMT>{of.decimal}\n<FITID>{of.bank_reference}\n<NAME>{escape(of.name or 'Bank')[:32]}\n"
        f"<MEMO>{escape(of.text)}\n</STMTTRN>\n"
    )


# --- CSV ---

_CSV_HEADS = (
    "Bezeichnung Auftragskonto", "IBAN Auftragskonto", "BIC Auftragskonto", "Bankname Auftragskonto",
    "Buchungstag", "Valutadatum", "Name Zahlungsbeteiligter", "IBAN Zahlungsbeteiligter",
    "BIC (SWIFT-Code) Zahlungsbeteiligter", "Buchungstext", "Verwendungszweck", "Betrag", "Waehrung",
    "Saldo nach Buchung", "Bemerkung", "Gekennzeichneter Umsatz", "Glaeubiger ID", "Mandatsreferenz",
)  # fmt: skip


def write_csv(path: Path, bookings: Iterable[Booking]) -> None:
    """The table of the cooperative banks in Germany, newest first, with the balance after each booking."""
    balance, rows = OPENING_MINOR, []
    for one in bookings:
        balance += one.minor
        rows.append(_csv_row(one, balance))
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter=";")
        writer.writerow(_CSV_HEADS)
        writer.writerows(reversed(rows))


def _csv_row(of: Booking, balance: int) -> tuple[str, ...]:
    day = f"{of.day:%d.%m.%Y}"
    return (
        "Girokonto", data.OUR_IBAN, data.OUR_BIC, "Musterbank", day, day, of.name or "", of.iban or "",
        data.OUR_BIC if of.iban else "", "Buchung", of.text, _comma(of.minor), "EUR", _comma(balance), "", "", "",
        of.mandate_id or "",
    )  # fmt: skip


# --- QIF and BAI2 ---


def write_qif(path: Path, bookings: Iterable[Booking]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write("!Type:Bank\n")
        out.writelines(
            f"D{one.day:%d/%m/%Y}\nT{one.decimal}\nN{one.number}\nP{one.name or 'Bank'}\nM{one.text}\n^\n"
            for one in bookings
        )


def write_bai2(path: Path, bookings: Iterable[Booking]) -> None:
    """One account in one group, with control totals and the two ledger balances."""
    bookings = list(bookings)
    last, closing = bookings[-1].day, OPENING_MINOR + sum(one.minor for one in bookings)
    total = OPENING_MINOR + closing + sum(abs(one.minor) for one in bookings)
    count = len(bookings)
    with path.open("w", encoding="ascii", newline="") as out:
        out.write(
            f"01,BANKDEFF,DUECOURSE,{last:%y%m%d},1800,B-1,,,2/\n02,DUECOURSE,BANKDEFF,1,{last:%y%m%d},2400,EUR,2/\n"
            f"03,{data.OUR_IBAN[12:]},EUR,010,{OPENING_MINOR},,,015,{closing},,/\n"
        )
        out.writelines(
            f"16,{'195' if one.minor >= 0 else '495'},{abs(one.minor)},,{one.bank_reference},,{_plain(one.text)}\n"
            for one in bookings
        )
        out.write(f"49,{total},{count + 2}/\n98,{total},1,{count + 4}/\n99,{total},1,{count + 6}/\n")
