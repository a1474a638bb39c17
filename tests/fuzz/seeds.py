"""Small good files of every format, made by the factories: what the fuzzer starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciliation.formats import bai2, camt, delimited, mt940, ofx, qif
from reconciliation.formats.detect import HEAD
from tests.factories import archives, bad_camt, bad_csv, bad_qif
from tests.factories import bai2 as bai2_files
from tests.factories import camt as camt_files
from tests.factories import mt940 as mt940_files
from tests.factories import ofx as ofx_files
from tests.factories import qif as qif_files

NAME = "Anna Beispiel"


@dataclass(frozen=True)
class Target:
    """A reader, good files of its format, and pieces that mean something to it."""

    reader: Any
    seeds: tuple[bytes, ...]
    tokens: tuple[bytes, ...]


def _tokens(pieces: str) -> tuple[bytes, ...]:
    return tuple(piece.encode() for piece in pieces.split("|"))


def _camt() -> Target:
    entries = (
        camt_files.credit(
            1250, name=NAME, iban=camt_files.ACCOUNT, remittance=("RE-1 ä", "€"), end_to_end_id="E"
        ),
        camt_files.returned(1000, charges=300, name=NAME, end_to_end_id="E-2", mandate_id="M-1"),
        camt_files.lump(2000, payment_information_id="P", count=2, parts=[camt_files.Part(amount=1000)] * 2),
        camt_files.pending(camt_files.fee(100)),
    )
    several = [camt_files.Stated(entries=entries), camt_files.Stated(entries=entries[:1], statement_id="S-2")]
    return Target(
        camt,
        (
            *(camt_files.camt053(entries, version=version) for version in camt_files.VERSIONS),
            camt_files.camt053_file(several),
            replace_encoding(camt_files.camt053(entries), "utf-16"),
            camt_files.camt053(entries, has_summary=True, copy="DUPL"),
            bad_camt.REPORT,
            bad_camt.NOTIFICATION,
        ),
        _tokens(
            "<Ntry>|</Ntry>|<Stmt>|</Stmt>|<NtryDtls>|<TxDtls>|</TxDtls>|<Bal>|</Bal>|<Amt Ccy='EUR'>1</Amt>|"
            "<Ccy>|CRDT|DBIT|BOOK|PDNG|<Dt>|2026-02-30|&#0;|&x;|]]>|<!--|<![CDATA[|<!DOCTYPE x>|<x:y/>|OPBD|CLBD|PRCD|"
            "<RvslInd>true</RvslInd>|<Btch>|<RtrInf>|xmlns=''|camt.053.001.14"
        ),
    )


def replace_encoding(content: bytes, encoding: str) -> bytes:
    """An XML file in another encoding, which it declares."""
    return content.decode().replace("UTF-8", encoding.upper(), 1).encode(encoding)


def _mt940() -> Target:
    text = mt940_files.german("166", purpose="EREF+E-1 SVWZ+RE-1", iban=mt940_files.CUSTOMER, name=NAME)
    first = mt940_files.Entry(amount=1250, text=text, bank_reference="B-1")
    dutch = "/EREF/E-2//NAME/Bernd Buche/REMI/USTD//Miete/"
    entries = (
        first,
        mt940_files.Entry(amount=-300, text=dutch, extra="/OCMT/EUR3,00/"),
        replace(first, amount=-700, mark="RC"),
    )
    page = mt940_files.Message(entries=entries, number="1/1", closing_tag="62M")
    next_page = mt940_files.Message(entries=entries, number="1/2", opening=100_250, opening_tag="60M")
    return Target(
        mt940,
        (
            mt940_files.mt940(entries),
            mt940_files.mt940(entries, line_end="\n", encoding="cp1252"),
            mt940_files.mt940_file([page, next_page]),
            mt940_files.mt942(entries, totals=(":90D:2EUR10,00", ":90C:1EUR12,50")),
        ),
        _tokens(
            ":20:X|:25:|:28C:1/2|:60F:C260105EUR1,|:60M:|:61:2601050105C1,00NTRFX|:86:|:62F:|:62M:|:64:|:90C:|\n-\n|"
            "{4:|-}|?20|?32|@@|/EREF/|SVWZ+|RC|EUR|,|\r\n|260230"
        ),
    )


def _ofx() -> Target:
    entries = (
        ofx_files.transaction("12.50", name=NAME, memo="Rechnung & Co ä"),
        ofx_files.transaction("-3.00", kind="DEBIT", number="F-2"),
    )
    bank = ofx_files.Stated(entries=entries, pending=[ofx_files.pending()])
    card = ofx_files.Stated(entries=entries, is_card=True, account="C-1")
    trades = ofx_files.markup(ofx_files.tree(bank, more=[ofx_files.investments()]), is_closed=True)
    return Target(
        ofx,
        (
            ofx_files.sgml(bank),
            ofx_files.sgml(bank, card, line_end="\n"),
            ofx_files.xml(bank, card),
            (ofx_files.XML_HEADER + trades).encode(),
            ofx_files.sgml(bank).decode("cp1252").encode("utf-16"),
        ),
        _tokens(
            "<STMTTRN>|</STMTTRN>|<STMTRS>|</STMTRS>|<BANKTRANLIST>|<TRNAMT>1.00|<TRNAMT>|<DTPOSTED>20260230|<FITID>|"
            "<CURDEF>|<CURRENCY><CURSYM>USD<CURRATE>1.1</CURRENCY>|<LEDGERBAL>|<BALAMT>|</OFX>|<OFX>|&amp;|&#65;|&#0;|"
            "<![CDATA[|]]>|<!--|-->|<!DOCTYPE x>|OFXHEADER:100|CHARSET:1252|ENCODING:UTF-8|<INVBANKTRAN>|<MEMO>"
        ),
    )


def _bai2() -> Target:
    entries = (
        bai2_files.transaction("1250", "195", text=("Invoice RE-1", "ORIG:" + NAME)),
        bai2_files.transaction("300", "495", bank="B-2", customer="C-2", text=()),
        bai2_files.transaction("700", "195", funds="V,261121,"),
    )
    account = bai2_files.Stated(entries=entries, closing=101_650)
    other = bai2_files.Stated(account="4711", currency="USD", entries=entries[:1], opening=None)
    return Target(
        bai2,
        (
            bai2_files.bai2(account),
            bai2_files.bai2(bai2_files.Grouped(accounts=[account, other]), account, line_end="\r\n"),
        ),
        _tokens(
            "01,|02,|03,|16,|49,|88,|98,|99,|16,195,1,,,,/|/|,,|/\n|\n88,|S,1,2,3|D,2,1,5,2,5|V,260230,2400|-"
        ),
    )


def _csv() -> Target:
    return Target(
        delimited,
        (
            bad_csv.GOOD,
            bad_csv.written(*reversed(bad_csv.ROWS), line_end="\n"),
            b"\xef\xbb\xbf" + bad_csv.GOOD,
            bad_csv.GOOD.decode().encode("cp1252"),
            bad_csv.GOOD.decode().encode("utf-16"),
        ),
        _tokens(
            ';|,|\t|"|""|\r\n|21.01.2026|01/21/2026|2026-01-21|-3,00|1.234,56|1,234.56|EUR|Betrag|Saldo|Summe|H|S|='
        ),
    )


def _qif() -> Target:
    split = qif_files.record("-5.00", "26/11/2026", "SMiete", "$-3.00", "SStrom", "EStrom", "$-2.00", "LHaus")
    return Target(
        qif,
        (
            bad_qif.GOOD,
            qif_files.qif(qif_files.section(qif_files.record(), split), line_end="\r\n"),
            qif_files.qif(qif_files.account(), qif_files.section(split), qif_files.account("Karte", "CCard")),
            qif_files.qif(
                qif_files.section(qif_files.record("1.234,56", "24.11.2026"), kind="CCard"), encoding="cp1252"
            ),
        ),
        _tokens(
            "!Type:Bank|!Type:Invst|!Account|!Option:AutoSwitch|!Clear:AutoSwitch|^|\n^\n|D|T|\nT1.00|U|P|S|$|E|A|C*|D24/11'26"
        ),
    )


def targets(others: Sequence[bytes] = ()) -> Mapping[str, Target]:
    """Every reader by its name; those of `others` that are of its format are seeds too."""
    known = {"camt": _camt(), "mt940": _mt940(), "ofx": _ofx(), "bai2": _bai2(), "csv": _csv(), "qif": _qif()}
    return {name: _with(target, others) for name, target in known.items()}


def _with(target: Target, others: Sequence[bytes]) -> Target:
    more = (content for content in others if target.reader.identify(content[:HEAD]) is not None)
    return replace(target, seeds=(*target.seeds, *more))


def archive_seeds() -> tuple[bytes, ...]:
    """Good archives of several makers."""
    inner = archives.zipped(("b.xml", archives.CAMT), ("c.sta", archives.MT940))
    return (
        archives.zipped(("a.xml", archives.CAMT), ("inner.zip", inner), ("d/", b"")),
        archives.streamed("a.xml", archives.CAMT),
        archives.zip64("a.xml", archives.MT940),
        archives.gzipped(archives.CAMT, archives.MT940),
        archives.gzipped(inner),
    )


ARCHIVE_TOKENS = (
    b"PK\x01\x02",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"PK\x06\x07",
    b"\x1f\x8b\x08",
    b"\xff\xff",
)
