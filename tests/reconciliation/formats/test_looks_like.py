"""A file that no reader takes is refused by the name of what it is."""

from __future__ import annotations

import io
import re

import pytest

from reconciliation.formats import detect, looks_like
from reconciliation.statement import UnreadableFile

SENTENCE = re.compile(r"The file [^\n]{5,120}, not a bank statement that can be read here\.")


def iso(message: str, root: str) -> bytes:
    return f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{message}"><{root}>'.encode()


BINARY = [
    (b"%PDF-1.7\n%\xe2\xe3", "is a PDF document"),
    (b"%!PS-Adobe-3.0", "is a PostScript document"),
    (b"{\\rtf1\\ansi Kontoauszug}", "is a text document (RTF)"),
    (b"PK\x03\x04\x14\0\0\0", "is a ZIP archive"),
    (b"PK\x05\x06" + b"\0" * 18, "is a ZIP archive"),
    (b"\x1f\x8b\x08\0", "is a GZIP archive"),
    (b"7z\xbc\xaf\x27\x1c\0\4", "is a 7z archive"),
    (b"Rar!\x1a\x07\x01\0", "is a RAR archive"),
    (b"BZh91AY&SY", "is a BZIP2 archive"),
    (b"\xfd7zXZ\0\0\4", "is an XZ archive"),
    (b"\x28\xb5\x2f\xfd\x04", "is a Zstandard archive"),
    (b"a.xml".ljust(257, b"\0") + b"ustar\x0000", "is a TAR archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an old office document"),
    (b"\x89PNG\r\n\x1a\n", "is a picture"),
    (b"\xff\xd8\xff\xe0", "is a picture"),
    (b"GIF89a", "is a picture"),
    (b"II*\0\x08", "is a picture"),
    (b"MM\0*\0", "is a picture"),
    (b"RIFF\x24\0\0\0WEBPVP8 ", "is a picture"),
    (b"\0\0\0\x18ftypheic", "is a picture or a film"),
    (b"SQLite format 3\0\x10", "is a database"),
    (b"\x7fELF\x02\x01", "is a program"),
    (b"MZ\x90\0\x03", "is a program"),
    (b"-----BEGIN PGP MESSAGE-----\n", "is a message locked or signed with PGP"),
    (b"-----BEGIN CERTIFICATE-----\n", "is a key, a certificate or a signed message"),
    (b"\x93\x1f\x00\x02\xfe" * 200, "looks like binary data of an unknown kind"),
    (b"\0" * 1000, "holds nothing but zero bytes"),
    (b"", "is empty"),
    (b"  \n\t ", "is empty"),
    (b"\xef\xbb\xbf", "is empty"),
    (b"\xff\xfe \0\n\0", "is empty"),
]

MARKUP = [
    (b"<!DOCTYPE html><html><body>Login</body></html>", "is a web page (HTML)"),
    (b"\n <HTML><head>", "is a web page (HTML)"),
    (b"<head><title>502 Bad Gateway</title></head>", "is a web page (HTML)"),
    (
        b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x.dtd">\n<html>',
        "is a web page (HTML)",
    ),
    (b'<html xmlns="http://www.w3.org/1999/xhtml">', "is a web page (HTML)"),
    (iso("pain.001.001.09", "CstmrCdtTrfInitn"), "is pain.001.001.09, an order of credit transfers"),
    (iso("pain.008.001.08", "CstmrDrctDbtInitn"), "is pain.008.001.08, an order of direct debits"),
    (iso("camt.029.001.09", "RsltnOfInvstgtn"), "is camt.029.001.09, an answer to an inquiry"),
    (iso("camt.055.001.09", "CstmrPmtCxlReq"), "is camt.055.001.09, a wish to cancel a payment order"),
    (iso("camt.086.001.03", "BkSvcsBllgStmt"), "is camt.086.001.03, a bank's invoice for its services"),
    (iso("pacs.008.001.08", "FIToFICstmrCdtTrf"), "is pacs.008.001.08, credit transfers between banks"),
    (iso("acmt.023.001.02", "X"), "is acmt.023.001.02"),
    (b"<Document><CstmrDrctDbtInitn>", "is pain.008, an order of direct debits"),
    (b"<Document><CstmrCdtTrfInitn>", "is pain.001, an order of credit transfers"),
    (b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">', "an answer of a web service"),
    (b'<ebicsResponse xmlns="urn:org:ebics:H005">', "looks like an answer of an EBICS server"),
    (
        b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2">',
        "looks like an electronic invoice",
    ),
    (b'<?mso-application progid="Excel.Sheet"?><Workbook>', "looks like an Excel workbook saved as XML"),
    (b'<svg xmlns="http://www.w3.org/2000/svg">', "looks like a picture"),
    (b"<rss><channel/></rss>", "is XML with the root element rss"),
    (b"<Document/>", "is XML with the root element Document"),
    ("<Ünlaut/>".encode(), "is XML with the root element of an odd name"),
    (f"<{'a' * 50}/>".encode(), "is XML with the root element of an odd name"),
    ('<?xml version="1.0" encoding="utf-16"?><rss/>'.encode("utf-16"), "is XML with the root element rss"),
]

TEXTS = [
    (b":20:X\r\n:25:1\r\n:34F:EUR0,\r\n", "looks like an MT942 report"),
    (b"Hallo\n:61:2601050105C1,00NTRF\n", "looks like an MT940 statement"),
    (b"{1:F01COBADEFFAXXX0000000000}{2:I103COBADEFFXXXXN}{4:\r\n", "looks like a SWIFT message"),
    (b"OFXHEADER:100\n", "looks like OFX"),
    (b"01,122099999,123456789,260105,0200,1,65/\n02,031001234,", "looks like BAI2"),
    (b"!Type:Bank\nD01/05/26\nT12.50\n^", "looks like QIF"),
    (b"0000005012672505        00099449  FIRMA", "looks like a CODA statement"),
    (b"0130004    00170EUR2 00012345678  050126", "looks like a CFONB statement"),
    (
        b"11" + b"21000418" + b"0200051332" + b"260101" + b"260131" + b"2" + b"0" * 14 + b"9783",
        "looks like a Cuaderno 43 statement",
    ),
    (b"T00322100123456", "looks like a TITO statement"),
    (b"0128AGK37040044", "looks like a DTAUS order"),
    (b"UNA:+.? 'UNB+UNOA:1+A+B", "looks like an EDIFACT message"),
    (b"UNB+UNOC:3+A+B", "looks like an EDIFACT message"),
    (b'{"a": [1, 2]}', "looks like JSON"),
    (b"[]", "looks like JSON"),
    (
        b"Return-Path: <a@b.example>\nSubject: Kontoauszug\nMIME-Version: 1.0\n\nAnbei",
        "looks like an e-mail",
    ),
    (b"From: a@b.example\r\nTo: c@d.example\r\n\r\nHallo", "looks like an e-mail"),
    ("Buchungstag;Zweck;Betrag\n05.01.26;Müller;1,00".encode("cp1252"), "looks like a table (CSV)"),
    (b"Date,Text,Amount\n2026-01-05,x,1.00", "looks like a table (CSV)"),
    ("Date\tText\tAmount\n2026-01-05\tx\t1.00".encode("utf-16"), "looks like a table (CSV)"),
    (b"just some words", "looks like plain text"),
    ("Sehr geehrte Damen und Herren,\nanbei der Auszug für März.".encode("cp1252"), "looks like plain text"),
]


@pytest.mark.parametrize(("head", "words"), BINARY + MARKUP + TEXTS)
def test_a_file_is_called_what_it_is(head: bytes, words: str) -> None:
    assert looks_like.named(head).startswith("The file ")
    assert words in looks_like.named(head)


@pytest.mark.parametrize(("head", "words"), BINARY + MARKUP)
def test_it_is_refused_by_that_name(head: bytes, words: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        list(detect.read_file(io.BytesIO(head))[1])
    assert words in caught.value.message
    assert SENTENCE.fullmatch(caught.value.message)


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-be"])
def test_an_encoding_of_no_bank_is_refused(encoding: str) -> None:
    content = '<?xml version="1.0"?><Document/>'.encode(encoding)
    with pytest.raises(UnreadableFile, match="in an encoding that bank files do not use"):
        looks_like.named(content)


@pytest.mark.parametrize(
    "piece",
    [b"A", b" ", b"\n", b";\n", b"01,\n02", b":20", b"<", b"<a ", b"{", b"PK\x03\x04", b"\xff", b"0", b"X-"],
)
def test_whatever_fills_the_head_of_a_file_it_is_named(piece: bytes) -> None:
    head = (piece * detect.HEAD)[: detect.HEAD]
    try:
        name = looks_like.named(head)
    except UnreadableFile as refusal:
        name = refusal.message
    assert name.startswith("The file")


def test_an_answer_to_a_payment_order_is_called_so() -> None:
    head = iso("pain.002.001.10", "CstmrPmtStsRpt")
    assert looks_like.named(head) == "The file is pain.002.001.10, a bank's answer to a payment order"
