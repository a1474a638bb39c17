"""Files that are no statements at all: answers to payment orders, what lies beside them, and a gigabyte of nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial

from tests.factories import bad_xml
from tests.factories.bad_files import Endless, Expected, File, as_table, cuts, damaged, refused

ANSWER = b"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<GrpHdr><MsgId>A-1</MsgId><CreDtTm>2026-01-05T18:00:00</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>M-1</OrgnlMsgId><OrgnlMsgNmId>pain.008.001.08</OrgnlMsgNmId><GrpSts>RJCT</GrpSts>
<StsRsnInf><Rsn><Cd>AM04</Cd></Rsn><AddtlInf>Rechnung</AddtlInf></StsRsnInf></OrgnlGrpInfAndSts>
</CstmrPmtStsRpt></Document>
"""

MESSAGES = {
    "pain.001.001.03": "CstmrCdtTrfInitn",
    "pain.001.001.09": "CstmrCdtTrfInitn",
    "pain.007.001.09": "CstmrPmtRvsl",
    "pain.008.001.02": "CstmrDrctDbtInitn",
    "pain.008.001.08": "CstmrDrctDbtInitn",
    "camt.029.001.09": "RsltnOfInvstgtn",
    "camt.055.001.08": "CstmrPmtCxlReq",
    "camt.086.001.02": "BkSvcsBllgStmt",
    "pacs.008.001.08": "FIToFICstmrCdtTrf",
}

FILES = {
    "an empty file": (b"", "is empty"),
    "blanks": (b" \t\r\n" * 100, "is empty"),
    "a byte order mark": (b"\xef\xbb\xbf", "is empty"),
    "zero bytes": (b"\0" * 5000, "zero bytes"),
    "a single zero byte": (b"\0", "zero bytes"),
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF", "a PDF document"),
    "a web page of an error": (
        b"<!DOCTYPE html>\n<html><head><title>502</title></head><body>Bad Gateway</body></html>",
        "a web page (HTML)",
    ),
    "a login page": (b"<html lang=de><form action=login><input name=pin></form></html>", "a web page (HTML)"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a picture"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, "an old office document"),
    "a text document": (b"{\\rtf1\\ansi Auszug}", "a text document (RTF)"),
    "an e-mail": (b"From: a@b.example\nTo: c@d.example\nSubject: Auszug\n\nAnbei.", "an e-mail"),
    "an answer in JSON": (b'{"error": {"code": 500}}', "JSON"),
    "a program": (b"\x7fELF\x02\x01\x01" + b"\0" * 100, "a program"),
    "random bytes": (random.Random(3).randbytes(5000), "binary data"),
    "a letter": ("Sehr geehrte Damen und Herren,\nanbei der Auszug.".encode("cp1252"), "plain text"),
    "an invoice": (
        b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"/>',
        "an electronic invoice",
    ),
    "a feed": (b"<rss><channel/></rss>", "the root element rss"),
    "an encrypted file": (b"-----BEGIN PGP MESSAGE-----\n\nhQEMA\n", "PGP"),
}


def _answers() -> Iterator[tuple[str, File, Expected]]:
    for version in range(3, 15):
        content = ANSWER.replace(b"pain.002.001.10", b"pain.002.001.%02d" % version)
        yield f"version {version}", content, refused(f"pain.002.001.{version:02d}, a bank's answer")
    yield "no namespace", ANSWER.replace(b" xmlns=", b" x="), refused("pain.002, a bank's answer")
    for name, content, _ in bad_xml.hostile(ANSWER, "Rechnung", "Document"):
        yield name, content, refused()
    for name, content in (*damaged(ANSWER), *cuts(ANSWER, ">")):
        yield name, content, refused()


def _others() -> Iterator[tuple[str, File, Expected]]:
    for message, root in MESSAGES.items():
        content = ANSWER.replace(b"pain.002.001.10", message.encode()).replace(
            b"CstmrPmtStsRpt", root.encode()
        )
        yield message, content, refused(message)
    for name, (content, words) in FILES.items():
        yield name, content, refused(words)


def _gigabytes() -> Iterator[tuple[str, File, Expected]]:
    pieces = (
        b"\0",
        b"\n",
        b" ",
        b"A",
        b"\xff",
        b"<",
        b"<a>",
        b"<!--",
        b"{",
        b"[",
        b";",
        b",\n",
        b'"',
        b"1,",
        b":",
    )
    for piece in (
        *pieces,
        b":20:",
        b":61:\n",
        b"D01/01/26\n",
        b"01,",
        b"16,",
        b"a;b;c\n",
        b"\r",
        b"-\n",
        b"^\n",
    ):
        yield f"a gigabyte of {piece!r}", partial(Endless, b"", piece), refused()


TABLES = {"pain.002": as_table(_answers()), "anything": as_table(_others(), _gigabytes())}
