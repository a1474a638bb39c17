"""OFX files of both generations: what is read of them, and what is said of them."""

from __future__ import annotations

import codecs
import io
import random
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from ofxparse import OfxParser

from ledger.money import Money
from reconciliation.formats import ofx
from reconciliation.statement import (
    Header,
    Line,
    LineStatus,
    Party,
    Statement,
    UnreadableFile,
    WholeStatement,
    gather,
)
from tests.factories.ofx import (
    KEYS,
    SGML_HEADER,
    XML_HEADER,
    Element,
    Stated,
    investments,
    markup,
    pending,
    sgml,
    transaction,
    tree,
    xml,
)

UNPROVED = "The statement has no opening balance, so its lines cannot be proved."
BOTH = pytest.mark.parametrize("write", [sgml, xml], ids=["sgml", "xml"])


def read(content: bytes) -> list[WholeStatement]:
    return list(gather(ofx.read(io.BytesIO(content))))


def only(content: bytes) -> WholeStatement:
    (whole,) = read(content)
    return whole


def line_of(element: Element, write: Callable[..., bytes] = sgml, **stated: Any) -> Line:
    (line,) = only(write(Stated(entries=[element], **stated))).lines
    return line


# --- what kind of file it is ---


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (SGML_HEADER.encode(), "ofx.102"),
        (SGML_HEADER.replace("102", "160").encode(), "ofx.160"),
        (XML_HEADER.encode(), "ofx.220"),
        (XML_HEADER.partition("\n")[2].encode(), "ofx.220"),
        (XML_HEADER.replace('"', "'").encode(), "ofx.220"),
        (b"".join(key.encode() for key in KEYS) + b"<OFX>", "ofx.102"),
        ("\r".join(KEYS).encode() + b"\r\r<OFX>", "ofx.102"),
        ("\n\n\t".join(KEYS).encode() + b"<OFX>", "ofx.102"),
        (b"\n\n  " + SGML_HEADER.encode(), "ofx.102"),
        (codecs.BOM_UTF8 + SGML_HEADER.encode(), "ofx.102"),
        (SGML_HEADER.encode("utf-16"), "ofx.102"),
        (XML_HEADER.encode("utf-16-be"), "ofx.220"),
        (b"DATA:OFXSGML\nENCODING:UTF-8\n<OFX>", "ofx"),
        (b"OFXHEADER : 100\nVERSION : 103\n<OFX>", "ofx.103"),
        (b"OFXHEADER:100\nVERSION:many\n<OFX>", "ofx"),
        (b"<OFX>\n<SIGNONMSGSRSV1>", "ofx"),
        (b"<!-- made by hand --> <ofx>", "ofx"),
    ],
)
def test_an_ofx_file_is_known_by_its_first_bytes(head: bytes, name: str) -> None:
    assert ofx.identify(head) == name


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<",
        b"\0\0",
        b"%PDF-1.7",
        b"VERSION:102\nCHARSET:1252\n",
        b"the OFXHEADER:100 of a letter",
        b'<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"/>',
        b'<?xml version="1.0"?>',
        b"<OFXX><OFX>",
        b"<!DOCTYPE OFX><OFX>",
        b"<html><OFX></html>",
        b":20:STARTUMSE\r\n:25:OFX",
        b"<OFC><SIGNONMSGSRSV1>",
    ],
)
def test_another_file_is_not_taken_for_ofx(head: bytes) -> None:
    assert ofx.identify(head) is None


# --- the statement ---


@BOTH
def test_a_statement_has_its_account_period_currency_and_ledger_balance(write: Callable[..., bytes]) -> None:
    whole = only(write(Stated(entries=[transaction("12.50"), transaction("-2.00", kind="DEBIT")])))
    statement, header = whole.statement, whole.statement.header
    assert header.format == ("ofx.102" if write is sgml else "ofx.220")
    assert (header.account.other, header.account.iban, header.account.currency) == ("0532013000", None, "EUR")
    assert (header.from_on, header.to_on) == (date(2026, 11, 1), date(2026, 11, 30))
    assert (header.statement_id, header.sequence, header.currency) == (None, None, "EUR")
    assert statement.closing is not None
    assert (statement.closing.amount, statement.closing.on) == (Money(100000, "EUR"), date(2026, 11, 30))
    assert statement.closing.kind == "LEDGERBAL"
    assert (statement.booked, statement.booked_count, statement.lines) == (Money(1050, "EUR"), 2, 2)


@BOTH
def test_an_opening_balance_is_never_invented(write: Callable[..., bytes]) -> None:
    statement = only(write(Stated(entries=[transaction()]))).statement
    assert (statement.opening, statement.balanced, statement.difference) == (None, None, None)
    assert statement.problems == (UNPROVED,)


def test_an_account_number_that_is_an_iban_is_one() -> None:
    account = only(
        sgml(Stated(account="DE02 1203 0000 0000 2020 51", bank="BYLADEM1001"))
    ).statement.header.account
    assert (account.iban, account.other, account.bic) == ("DE02120300000000202051", None, "BYLADEM1001")


def test_a_number_that_only_resembles_an_iban_stays_a_number() -> None:
    account = only(sgml(Stated(account="DE03120300000000202051"))).statement.header.account
    assert (account.iban, account.other, account.bic) == (None, "DE03120300000000202051", None)


@BOTH
def test_several_accounts_and_cards_of_one_file_stay_apart(write: Callable[..., bytes]) -> None:
    wholes = read(
        write(
            Stated(account="1", entries=[transaction("1.00")], balance="1.00"),
            Stated(account="2", entries=[], balance="2.00", currency="CHF"),
            Stated(
                account="3", entries=[transaction("3.00"), transaction("4.00")], balance="-3.00", is_card=True
            ),
        )
    )
    assert [whole.statement.header.account.other for whole in wholes] == ["1", "2", "3"]
    assert [whole.statement.booked for whole in wholes] == [
        Money(100, "EUR"),
        Money(0, "CHF"),
        Money(700, "EUR"),
    ]
    assert [whole.statement.closing and whole.statement.closing.amount.minor for whole in wholes] == [
        100,
        200,
        -300,
    ]
    assert [line.position for whole in wholes for line in whole.lines] == [1, 2, 3]


@BOTH
def test_a_statement_comes_as_header_then_lines_then_statement(write: Callable[..., bytes]) -> None:
    items = ofx.read(io.BytesIO(write(Stated(entries=[transaction()]), Stated(account="2"))))
    assert [type(item) for item in items] == [Header, Line, Statement, Header, Statement]


@pytest.mark.parametrize(
    ("stated", "problem"),
    [
        (Stated(account=None, entries=[transaction()]), "The statement does not name its account."),
        (Stated(entries=[]), "The statement has no lines."),
        (
            Stated(pending=[pending()]),
            "The statement has no booked lines, only lines that are pending or for information.",
        ),
        (Stated(start=None), "The statement does not say from which day to which it runs."),
        (Stated(end=""), "The statement does not say from which day to which it runs."),
        (Stated(end="00000000"), "The statement does not say from which day to which it runs."),
        (Stated(balance_on=None), "The closing balance does not say of which day it is."),
        (
            Stated(balance=None),
            "The statement has no opening and closing balance, so its lines cannot be proved.",
        ),
        (
            Stated(balance=""),
            "The statement has no opening and closing balance, so its lines cannot be proved.",
        ),
        (Stated(entries=[transaction(number="")]), "1 line without the bank's own number (FITID)."),
        (Stated(entries=[transaction(posted="")]), "1 booked line without a booking date."),
        (
            Stated(entries=[transaction("-1"), transaction("2", kind="DEBIT"), transaction("3")]),
            "2 lines whose type and sign contradict each other; the sign counts.",
        ),
    ],
)
@BOTH
def test_what_a_person_should_know_is_said(write: Callable[..., bytes], stated: Stated, problem: str) -> None:
    assert problem in only(write(stated)).statement.problems


# --- one transaction ---


@BOTH
def test_a_plain_transaction_gives_all_its_fields(write: Callable[..., bytes]) -> None:
    line = line_of(transaction("-12.50", kind="DEBIT", number="F-9"), write)
    assert line == Line(
        amount=Money(-1250, "EUR"),
        booked_on=date(2026, 11, 20),
        counterparty=Party(name="Anna Amsel"),
        remittance="Rechnung RE-1",
        bank_reference="F-9",
        transaction_code="DEBIT",
        position=1,
    )


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("12.50", 1250),
        ("+12.50", 1250),
        ("-12.50", -1250),
        ("12,50", 1250),
        ("-12,5", -1250),
        ("12", 1200),
        ("0", 0),
        ("-0.00", 0),
        (".5", 50),
        ("-33.77000", -3377),
        ("+00000000000050.0000", 5000),
        ("1,234.56", 123456),
        ("-1.234,56", -123456),
        ("1,234,567.89", 123456789),
        ("1.234.567,89", 123456789),
        ("1 025,53", 102553),
        ("1'025.53", 102553),
        ("  7.00  ", 700),
    ],
)
@BOTH
def test_an_amount_is_read_with_its_sign_and_either_decimal_sign(
    write: Callable[..., bytes], text: str, minor: int
) -> None:
    assert line_of(transaction(text), write).amount == Money(minor, "EUR")
    balance = only(write(Stated(balance=text))).statement.closing
    assert balance is not None
    assert balance.amount == Money(minor, "EUR")


@pytest.mark.parametrize(("currency", "text", "minor"), [("JPY", "1250", 1250), ("KWD", "1,234", 1234)])
def test_the_currency_says_how_many_decimals_there_are(currency: str, text: str, minor: int) -> None:
    line = line_of(transaction(text), currency=currency, balance=text)
    assert line.amount == Money(minor, currency)


def test_a_currency_in_small_letters_is_the_same_currency() -> None:
    assert line_of(transaction("1.00"), currency="chf").amount == Money(100, "CHF")


@pytest.mark.parametrize(
    "text",
    [
        "20261120",
        "20261120000000",
        "20261120235959.999[-8:PST]",
        "20261120000000[+13:NZDT]",
        "20261120120000[0:GMT]",
        "20261120120000.000",
        "2026112012",
        "202611201200",
        "20261120[+1:CET]",
        "20261120120000 [5.5:IST]",
    ],
)
@BOTH
def test_a_date_is_the_day_as_written_whatever_its_zone(write: Callable[..., bytes], text: str) -> None:
    whole = only(write(Stated(entries=[transaction(posted=text)], start=text, end=text, balance_on=text)))
    assert whole.lines[0].booked_on == date(2026, 11, 20)
    assert (whole.statement.header.from_on, whole.statement.header.to_on) == (date(2026, 11, 20),) * 2
    assert whole.statement.closing is not None
    assert whole.statement.closing.on == date(2026, 11, 20)


@pytest.mark.parametrize(
    ("more", "field", "value"),
    [
        ([("DTUSER", "20261118")], "valued_on", date(2026, 11, 18)),
        ([("DTAVAIL", "20261119"), ("DTUSER", "20261118")], "valued_on", date(2026, 11, 19)),
        ([("DTAVAIL", "")], "valued_on", None),
        ([("CHECKNUM", "1044")], "remittance", "Rechnung RE-1 1044"),
        ([("CHECKNUM", "F-1")], "remittance", "Rechnung RE-1"),
        ([("CHECKNUM", "RE-1")], "remittance", "Rechnung RE-1"),
        ([("CHECKNUM", "7"), ("REFNUM", "8")], "remittance", "Rechnung RE-1 8 7"),
        ([("REFNUM", "RF18 5390 0754 7034")], "reference", "RF18539007547034"),
        ([("REFNUM", "RF18539007547034")], "remittance", "Rechnung RE-1"),
        ([("REFNUM", "RF19539007547034")], "reference", None),
        ([("REFNUM", "RF19539007547034")], "remittance", "Rechnung RE-1 RF19539007547034"),
        (
            [("EXTDNAME", "Anna Amsel und Bernd Buche GmbH")],
            "counterparty",
            Party(name="Anna Amsel und Bernd Buche GmbH"),
        ),
        (
            [
                (
                    "BANKACCTTO",
                    [
                        ("BANKID", "BYLADEM1001"),
                        ("ACCTID", "DE02120300000000202051"),
                        ("ACCTTYPE", "CHECKING"),
                    ],
                )
            ],
            "counterparty",
            Party(name="Anna Amsel", iban="DE02120300000000202051", bic="BYLADEM1001"),
        ),
        (
            [("BANKACCTTO", [("BANKID", "37040044"), ("ACCTID", "4711"), ("ACCTTYPE", "CHECKING")])],
            "counterparty",
            Party(name="Anna Amsel", iban="4711"),
        ),
        ([("CCACCTTO", [("ACCTID", "4444")])], "counterparty", Party(name="Anna Amsel", iban="4444")),
        ([("CURRENCY", [("CURRATE", "1.1"), ("CURSYM", "USD")])], "amount", Money(1250, "USD")),
        ([("CURRENCY", [("CURRATE", "0.006"), ("CURSYM", "eur")])], "amount", Money(1250, "EUR")),
        ([("ORIGCURRENCY", [("CURRATE", "1.1"), ("CURSYM", "USD")])], "amount", Money(1250, "EUR")),
        ([("SIC", "5411")], "amount", Money(1250, "EUR")),
        ([("INTU.XYZ", "whatever")], "remittance", "Rechnung RE-1"),
    ],
)
@BOTH
def test_a_further_field_is_read_for_what_it_is(
    write: Callable[..., bytes], more: list[Element], field: str, value: object
) -> None:
    assert getattr(line_of(transaction(more=more), write), field) == value


@BOTH
def test_a_payee_is_the_counterparty_and_the_account_it_went_to_does_not_take_its_place(
    write: Callable[..., bytes],
) -> None:
    payee: Element = ("PAYEE", [("NAME", "Bernd Buche"), ("ADDR1", "Weg 1"), ("CITY", "Ulm")])
    account: Element = ("BANKACCTTO", [("BANKID", "1"), ("ACCTID", "2")])
    line = line_of(transaction(name=None, memo=None, more=[payee, account, ("MEMO", "x")]), write)
    assert (line.counterparty, line.remittance) == (Party(name="Bernd Buche", iban="2"), "x")


PARTS: list[Element] = [
    ("PAYEE", [("NAME", "Bernd Buche"), ("CITY", "Ulm")]),
    ("BANKACCTTO", [("BANKID", "1"), ("ACCTID", "2")]),
    ("CURRENCY", [("CURRATE", "1"), ("CURSYM", "USD")]),
]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</PAYEE>", "</PAYEE ><!-- -->"),
        ("<CITY>", "<PHONE></PHONE><CITY>"),
        ("<NAME>Bernd", "<name>Bernd"),
        ("</PAYEE>", "</PAYEE><PAYEE></PAYEE>"),
    ],
)
@pytest.mark.parametrize("is_closed", [False, True], ids=["open", "closed"])
def test_parts_of_a_transaction_are_the_same_in_a_usual_and_an_unusual_shape(
    old: str, new: str, is_closed: bool
) -> None:
    body = markup(tree(Stated(entries=[transaction(name=None, more=PARTS)])), is_closed=is_closed)
    usual = read((SGML_HEADER + body).encode())
    assert usual[0].lines[0].counterparty == Party(name="Bernd Buche", iban="2")
    assert usual[0].lines[0].amount == Money(1250, "USD")
    unusual = body.replace(old, new)
    if "<name>" in new:
        unusual = unusual.replace("Buche</NAME>", "Buche</name>")
    assert read((SGML_HEADER + unusual).encode()) == usual


def test_text_behind_a_part_is_no_text_of_the_field_before_it() -> None:
    content = sgml(Stated(entries=[transaction(more=PARTS)])).replace(b"</PAYEE>", b"</PAYEE>lost")
    whole = only(content)
    assert whole.lines[0].remittance == "Rechnung RE-1"
    assert any("text that belongs to no field" in problem for problem in whole.statement.problems)


@BOTH
def test_a_transaction_without_name_and_memo_has_neither(write: Callable[..., bytes]) -> None:
    line = line_of(transaction(name=None, memo=None), write)
    assert (line.counterparty, line.remittance) == (Party(), None)


def test_a_line_in_another_currency_is_given_and_not_counted() -> None:
    more: list[Element] = [("CURRENCY", [("CURRATE", "1.1"), ("CURSYM", "USD")])]
    statement = only(sgml(Stated(entries=[transaction("5.00"), transaction("7.00", more=more)]))).statement
    assert (statement.booked, statement.booked_count) == (Money(500, "EUR"), 2)
    assert "1 booked line in USD, not counted in an account kept in EUR." in statement.problems


@BOTH
def test_a_correction_of_an_earlier_line_is_shown_and_never_counted(write: Callable[..., bytes]) -> None:
    more: list[Element] = [("CORRECTFITID", "F-0"), ("CORRECTACTION", "REPLACE")]
    whole = only(write(Stated(entries=[transaction("5.00"), transaction("9.00", more=more)])))
    assert [line.status for line in whole.lines] == [LineStatus.BOOKED, LineStatus.INFO]
    assert whole.statement.booked == Money(500, "EUR")
    assert any("corrects an earlier line, not counted" in problem for problem in whole.statement.problems)


@BOTH
def test_a_pending_line_is_shown_and_never_counted(write: Callable[..., bytes]) -> None:
    whole = only(write(Stated(entries=[transaction("5.00")], pending=[pending("-7.00")])))
    assert [line.status for line in whole.lines] == [LineStatus.BOOKED, LineStatus.PENDING]
    assert (whole.lines[1].amount, whole.lines[1].booked_on) == (Money(-700, "EUR"), None)
    assert whole.lines[1].valued_on == date(2026, 11, 21)
    assert (whole.statement.booked, whole.statement.lines) == (Money(500, "EUR"), 2)
    assert whole.statement.problems == (UNPROVED,)


def test_a_usual_transaction_in_the_list_of_pending_ones_is_pending() -> None:
    (line,) = only(sgml(Stated(pending=[transaction("5.00")]))).lines
    assert line.status is LineStatus.PENDING


# --- how the markup may look ---

SHAPES: dict[str, Callable[[str], str]] = {
    "one line for all": lambda text: text.replace("\n", ""),
    "carriage returns": lambda text: text.replace("\n", "\r"),
    "carriage returns and line feeds": lambda text: text.replace("\n", "\r\n"),
    "values on lines of their own": lambda text: text.replace(">", ">\n"),
    "indented": lambda text: text.replace("<", "  \t<"),
    "small letters": lambda text: "".join(
        piece.partition(">")[0].lower() + ">" + piece.partition(">")[2] if ">" in piece else piece
        for piece in _kept(text)
    ),
    "blanks in tags": lambda text: text.replace("STMTTRN>", "STMTTRN >").replace("MEMO>", "MEMO >"),
    "comments": lambda text: text.replace("<MEMO>", "<!-- <MEMO>no --><MEMO>").replace(
        "<CURDEF>", "<!---->\n<CURDEF>"
    ),
    "attributes at the root": lambda text: text.replace(
        "<OFX>", '<OFX xmlns="http://ofx.net/types/2003/04">'
    ),
    "empty elements": lambda text: text.replace("<MEMO>", "<REFNUM/><MEMO>").replace(
        "<CURDEF>", "<MKTGINFO/><CURDEF>"
    ),
    "unclosed blank leaves": lambda text: text.replace("<CURDEF>", "<TRNUID>\n<CURDEF>").replace(
        "<MEMO>", "<CHECKNUM>\n<MEMO>"
    ),
    "end of a DOS file": lambda text: text + "\x1a\n",
}


def _kept(text: str) -> Iterator[str]:
    first, *rest = text.split("<")
    yield first
    for piece in rest:
        yield "<" + piece


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("is_closed", [False, True], ids=["open", "closed"])
def test_the_same_file_in_another_shape_gives_the_same_lines(shape: str, is_closed: bool) -> None:
    elements = tree(
        Stated(
            entries=[
                transaction("5.00", number="1"),
                transaction("-6.00", kind="DEBIT", number="2", memo="A B"),
            ]
        ),
        Stated(entries=[transaction("7.00", number="3")], account="9", is_card=True),
    )
    body = markup(elements, is_closed=is_closed)
    wanted = read((SGML_HEADER + body).encode())
    assert read((SGML_HEADER + SHAPES[shape](body)).encode()) == wanted
    assert [len(whole.lines) for whole in wanted] == [2, 1]


def test_leaves_that_close_in_a_pile_are_leaves_all_the_same() -> None:
    content = sgml(Stated(entries=[transaction("5.00")])).replace(
        b"<MEMO>Rechnung RE-1", b"<MEMO>Rechnung RE-1</MEMO></NAME></FITID>"
    )
    assert only(content).lines[0].remittance == "Rechnung RE-1"


@pytest.mark.parametrize(
    ("markup_text", "text"),
    [
        ("Amsel &amp; Co", "Amsel & Co"),
        ("O&#39;Neill", "O'Neill"),
        ("O&#x27;Neill", "O'Neill"),
        ("a &lt;b&gt; &quot;c&quot; &apos;d&apos;", "a <b> \"c\" 'd'"),
        ("a&nbsp;b", "a b"),
        ("&amp;amp;", "&amp;"),
        ("&amp;lt;", "&lt;"),
        ("M&M und &unknown; &#; AT&T", "M&M und &unknown; &#; AT&T"),
        ("3 < 4 und 5 > 4", "3 < 4 und 5 > 4"),
        ("<![CDATA[Amsel & <Co>]]>", "Amsel & <Co>"),
        ("<![CDATA[&amp;]]>", "&amp;"),
        ("<!-- nicht --> doch", "doch"),
        ("zwei\n  Zeilen", "zwei Zeilen"),
        ("&#8364; 5", "€ 5"),
    ],
)
@pytest.mark.parametrize("is_closed", [False, True], ids=["open", "closed"])
def test_a_text_is_decoded_exactly_once(markup_text: str, text: str, is_closed: bool) -> None:
    body = markup(tree(Stated(entries=[transaction(memo="MARK")])), is_closed=is_closed)
    assert only((SGML_HEADER + body.replace("MARK", markup_text)).encode()).lines[0].remittance == text


def test_a_text_that_is_stated_in_two_pieces_keeps_both() -> None:
    line = line_of(transaction(memo="eins", more=[("MEMO", "zwei")]))
    assert line.remittance == "eins zwei"


def test_text_between_the_fields_is_said_to_be_left_out() -> None:
    content = xml(Stated(entries=[transaction()])).replace(b"</FITID>", b"</FITID>lost")
    whole = only(content)
    assert whole.lines[0].bank_reference == "F-1"
    line = content.partition(b"lost")[0].count(b"\n") + 1
    said = f"The file holds text that belongs to no field, first on line {line}; it is left out."
    assert said in whole.statement.problems


# --- how the letters may be encoded ---


def declaring(encoding: str, charset: str) -> str:
    return SGML_HEADER.replace("USASCII", encoding).replace("1252", charset)


LIE = "The file declares Windows-1252, but it is written in UTF-8."
UNSAID = "The file does not say how its letters are encoded; they are read as Windows-1252."


@pytest.mark.parametrize(
    ("header", "codec", "problems"),
    [
        (declaring("USASCII", "1252"), "cp1252", []),
        (declaring("USASCII", "1252"), "utf-8", [LIE]),
        (declaring("USASCII", "WINDOWS-1252"), "cp1252", []),
        (declaring("USASCII", "8859-1"), "iso8859-1", []),
        (declaring("USASCII", "ISO-8859-15"), "iso8859-15", []),
        (declaring("USASCII", "NONE"), "utf-8", []),
        (declaring("USASCII", "NONE"), "cp1252", [UNSAID]),
        (declaring("UTF-8", "NONE"), "utf-8", []),
        (declaring("UTF-8", "CSUNICODE"), "utf-8-sig", []),
        (declaring("UTF-8", "NONE"), "cp1252", [UNSAID]),
        (declaring("UNICODE", "NONE"), "utf-8", []),
        (declaring("UNICODE", "NONE"), "utf-16", []),
        (declaring("UNICODE", "NONE"), "utf-16-be", []),
        (declaring("USASCII", "1252"), "utf-8-sig", []),
        (XML_HEADER, "utf-8", []),
        (XML_HEADER, "cp1252", [UNSAID]),
        (XML_HEADER.replace("UTF-8", "windows-1252"), "cp1252", []),
        (XML_HEADER.replace("UTF-8", "ISO-8859-1"), "iso8859-1", []),
        (XML_HEADER.replace("UTF-8", "US-ASCII"), "utf-8", []),
    ],
)
def test_letters_are_read_as_they_are_written_whatever_is_declared(
    header: str, codec: str, problems: list[str]
) -> None:
    content = sgml(
        Stated(entries=[transaction(name="Jürgen Größe", memo="für Döner")]), header=header, encoding=codec
    )
    whole = only(content)
    assert whole.lines[0].counterparty.name == "Jürgen Größe"
    assert whole.lines[0].remittance == "für Döner"
    assert list(whole.statement.problems) == [UNPROVED, *problems]


def test_a_letter_cut_by_the_reading_in_blocks_is_whole() -> None:
    for padding in range(3):
        memo = "x" * padding + "ü" * 30_000
        entries = [transaction(number=str(number), memo=memo) for number in range(4)]
        lines = only(xml(Stated(entries=entries))).lines
        assert [line.remittance for line in lines] == [memo] * 4


def test_the_letters_of_windows_stay_themselves_in_every_block() -> None:
    entries = [transaction(number=str(number), memo="Gebühr – „5 €“") for number in range(2000)]
    lines = only(sgml(Stated(entries=entries))).lines
    assert {line.remittance for line in lines} == {"Gebühr – „5 €“"}
    assert len(lines) == 2000


# --- the bank's answers, and what is not read ---

REFUSED: Element = ("STATUS", [("CODE", "2003"), ("SEVERITY", "ERROR"), ("MESSAGE", "Konto von Anna")])
WARNED: Element = ("STATUS", [("CODE", "2028"), ("SEVERITY", "WARN")])


@BOTH
def test_an_error_of_the_bank_beside_a_statement_is_named(write: Callable[..., bytes]) -> None:
    wholes = read(write(Stated(status=WARNED), Stated(account="2")))
    warning = "The bank answers the request for the statement with a warning (code 2028)."
    assert warning in wholes[0].statement.problems
    assert warning not in wholes[1].statement.problems


@BOTH
def test_an_answer_without_its_statement_is_said_with_the_last_one(write: Callable[..., bytes]) -> None:
    wholes = read(
        write(Stated(status=REFUSED, has_statement=False), Stated(account="2"), Stated(account="3"))
    )
    error = "The bank answers the request for the statement with an error (code 2003, account not found)."
    assert [error in whole.statement.problems for whole in wholes] == [False, True]


def test_a_file_with_nothing_but_an_error_is_refused_with_it() -> None:
    with pytest.raises(UnreadableFile) as refusal:
        read(sgml(Stated(status=REFUSED, has_statement=False)))
    assert refusal.value.message == (
        "The bank answers the request for the statement with an error (code 2003, account not found). "
        "The file holds no statement of an account."
    )


def test_a_failed_sign_on_is_named() -> None:
    status: Element = ("STATUS", [("CODE", "15500"), ("SEVERITY", "ERROR")])
    content = SGML_HEADER + markup(tree(sign_on=status), is_closed=False)
    with pytest.raises(
        UnreadableFile, match=r"answers the sign-on with an error \(code 15500, sign-on invalid\)"
    ):
        read(content.encode())


@pytest.mark.parametrize("is_closed", [False, True], ids=["open", "closed"])
def test_an_investment_account_is_counted_and_said_not_to_be_imported(is_closed: bool) -> None:
    more: list[Element] = [("INVSTMTMSGSRSV1", [investments(trades=3, cash=[transaction("1.2345678")])])]
    elements = tree(Stated(entries=[transaction("5.00")]), more=more)
    bank, depot = read((SGML_HEADER + markup(elements, is_closed=is_closed)).encode())
    assert (bank.statement.booked, bank.statement.problems) == (Money(500, "EUR"), (UNPROVED,))
    assert (depot.lines, depot.statement.header.account.other) == ((), "D-77")
    assert (
        "The account holds investments: 3 investment transactions and 1 cash booking not imported."
        in depot.statement.problems
    )


def test_a_statement_of_a_loan_is_said_not_to_be_imported() -> None:
    more: list[Element] = [("LOANMSGSRSV1", [("LOANSTMTTRNRS", [("LOANSTMTRS", [("CURDEF", "EUR")])])])]
    content = SGML_HEADER + markup(tree(Stated(), more=more), is_closed=False)
    assert "1 statement of a loan, not imported." in only(content.encode()).statement.problems


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("", "The file does not say in which version of OFX it is written."),
        ("".join(KEYS), "The header of the file is not written in lines of their own, as OFX asks."),
    ],
)
def test_a_header_that_is_missing_or_in_disorder_is_said(header: str, problem: str) -> None:
    assert problem in only(sgml(Stated(), header=header)).statement.problems


# --- against another reader, and at length ---


def generated(seed: int, count: int) -> list[Element]:
    source = random.Random(seed)
    letters = "abcdefghij ÄÖÜßéñ &'\".,-/"
    return [
        transaction(
            f"{'-' if source.random() < 0.4 else ''}{source.randrange(10**6)}.{source.randrange(100):02}",
            kind=source.choice(["CREDIT", "DEBIT", "POS", "XFER"]),
            posted=f"2026{source.randrange(1, 13):02}{source.randrange(1, 29):02}{source.choice(['', '120000'])}",
            number=f"F{number}",
            name="N" + "".join(source.choices(letters, k=20)),
            memo="M" + "".join(source.choices(letters, k=60)),
            more=source.choice(
                [(), [("CHECKNUM", f"F{number}")], [("SIC", "5411")], [("PAYEE", [("CITY", "Ulm")])]]
            ),
        )
        for number in range(count)
    ]


def oracle(content: bytes) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return OfxParser.parse(io.BytesIO(content))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("is_closed", [False, True], ids=["open", "closed"])
def test_ofxparse_reads_the_same_of_a_whole_file(seed: int, is_closed: bool) -> None:
    statements = [
        Stated(entries=generated(seed, 120), account="11", balance="-12.34"),
        Stated(entries=generated(seed + 50, 40), account="22", currency="CHF", is_card=True),
    ]
    content = (SGML_HEADER + markup(tree(*statements), is_closed=is_closed)).encode("cp1252")
    theirs = oracle(content).accounts
    ours = read(content)
    assert len(theirs) == len(ours) == 2
    for account, whole in zip(theirs, ours, strict=True):
        header, closing = whole.statement.header, whole.statement.closing
        assert closing is not None
        assert (header.account.other, header.currency) == (account.account_id, account.curdef)
        assert Decimal(closing.amount.decimal()) == account.statement.balance
        assert header.from_on == account.statement.start_date.date()
        assert [facts_of(line) for line in whole.lines] == [
            (one.amount, one.id, squeezed(one.payee), squeezed(one.memo), one.date.date(), one.type.upper())
            for one in account.statement.transactions
        ]


def facts_of(line: Line) -> tuple[object, ...]:
    return (
        Decimal(line.amount.decimal()),
        line.bank_reference,
        squeezed(line.counterparty.name or ""),
        squeezed(line.remittance or ""),
        line.booked_on,
        line.transaction_code,
    )


def squeezed(text: str) -> str:
    return " ".join(text.split())


class Endless(io.RawIOBase):
    """A file with `count` transactions that is never in memory as a whole."""

    def __init__(self, count: int) -> None:
        whole = sgml(Stated(entries=[transaction(number="NUMBER")]))
        start = whole.index(b"<STMTTRN>")
        end = whole.index(b"</STMTTRN>") + len(b"</STMTTRN>\r\n")
        self._one, self._left, self._last = whole[start:end], count, whole[end:]
        self._ready = whole[:start]

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while len(self._ready) < size and self._left:
            batch = min(self._left, 100)
            self._ready += self._one * batch
            self._left -= batch
            if not self._left:
                self._ready += self._last
        given, self._ready = self._ready[:size], self._ready[size:]
        return given


def peak_of(count: int) -> int:
    tracemalloc.start()
    try:
        lines = sum(isinstance(item, Line) for item in ofx.read(Endless(count)))  # type: ignore[arg-type]
        assert lines == count
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_stays_flat_however_many_lines_there_are() -> None:
    peak_of(10)
    assert peak_of(20_000) < 2_000_000  # the lines themselves would take four times that


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
@BOTH
def test_the_lines_do_not_depend_on_the_blocks_they_are_read_in(
    write: Callable[..., bytes], size: int
) -> None:
    class Slow(io.BytesIO):
        def read(self, wanted: int | None = -1) -> bytes:
            return super().read(min(size, wanted or 0))

    statements = [Stated(entries=generated(9, 30), pending=[pending()]), Stated(account="2", is_card=True)]
    content = write(*statements)
    content += b" " * 70_000  # beyond the first block
    assert list(gather(ofx.read(Slow(content)))) == read(content)
