"""Broken, cut off and hostile OFX files: each is refused with a sentence and, where known, a line."""

from __future__ import annotations

import codecs
import io
import random
import re

import pytest

from reconciliation.formats import ofx
from reconciliation.statement import Statement, UnreadableFile, gather
from tests.factories.ofx import SGML_HEADER, XML_HEADER, Element, Stated, markup, sgml, transaction, tree, xml

SENTENCE = re.compile(r"['A-Z].{10,250}\.", re.DOTALL)

GOOD = sgml(
    Stated(
        entries=[transaction("12.50"), transaction("-3.00", kind="DEBIT", number="F-2", name="Bernd Buche")]
    ),
    line_end="\n",
)
GOOD_XML = xml(Stated(entries=[transaction("12.50"), transaction("-3.00", kind="DEBIT", number="F-2")]))

NO_NUMBER = "An amount in the file is not a number."
NO_CURRENCY = "The statement does not say in which currency its account is kept."
NO_DAY = "A date in the file is no day of the calendar."
NO_DATE = "A date in the file is not written as year, month and day."
CUT_OFF = "The file ends in the middle: it was cut off on its way."
CLOSED = "The file is broken: an element is closed that is not the one last opened."
NESTED = "A line in the file begins before the one above it has ended, or outside of any statement."
BEHIND = "The file goes on behind its last element."
DECLARED = "The file holds a declaration, such as of a document type or an entity, which bank files must not."
NO_STATEMENT = "The file holds no statement of an account."
ENCODING = "The file holds bytes that belong to no encoding it can be in."
LETTER = "The file refers to a character that no text can hold."
NO_OFX = "The file does not begin as an OFX file does."
TOO_LONG = "A line in the file is too long to be one, or never ends."
FIELD_TOO_LONG = "A field in the file is longer than 65536 letters or never ends."
COMMENT_TOO_LONG = "A field or comment in the file is longer than 65536 letters or never ends."
TWICE = "The statement states its account, period or balance twice."


def changed(old: str, new: str, content: bytes = GOOD) -> bytes:
    assert content.count(old.encode()) >= 1
    return content.replace(old.encode(), new.encode(), 1)


def amount(text: str) -> bytes:
    return changed("<TRNAMT>-3.00", f"<TRNAMT>{text}")


def posted(text: str) -> bytes:
    at = GOOD.rindex(b"<DTPOSTED>20261120")
    return GOOD[:at] + GOOD[at:].replace(b"20261120", text.encode(), 1)


def balance(text: str) -> bytes:
    return changed("<BALAMT>1000.00", f"<BALAMT>{text}")


def memo(text: str) -> bytes:
    return changed("<MEMO>Rechnung RE-1", f"<MEMO>{text}")


def line_with(text: bytes, content: bytes = GOOD) -> int:
    """The line on which `text` stands last."""
    return content.count(b"\n", 0, content.rindex(text)) + 1


SECOND = line_with(b"<STMTTRN>")
LAST = GOOD.count(b"\n") + 1

ANOTHER: Element = ("STMTTRN", [("TRNAMT", "1")])
DEEP = "".join(f"<A{n}>" for n in range(40))

# What is wrong -> the file, the sentence that refuses it, and the line it names.
BAD: dict[str, tuple[bytes, str, int | None]] = {
    "an empty file": (b"", "The file is empty.", None),
    "only a byte order mark": (codecs.BOM_UTF8, NO_OFX, 1),
    "only blanks": (b" \n\n ", NO_OFX, 1),
    "a PDF": (b"%PDF-1.7\n" + GOOD, NO_OFX, 1),
    "a web page": (b"<html><body>Error 502</body></html>", NO_OFX, 1),
    "a camt statement": (b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"/>', NO_OFX, 1),
    "only a header": (SGML_HEADER.encode(), CUT_OFF, 11),
    "only an XML header": (XML_HEADER.encode(), CUT_OFF, 3),
    "a header before another element": (SGML_HEADER.encode() + b"<QIF></QIF>", CUT_OFF, 11),
    "a header that never ends": (
        SGML_HEADER.encode() + b"x" * 200_000,
        "The file's header is not followed by the element OFX.",
        1,
    ),
    "an empty root": (SGML_HEADER.encode() + b"<OFX></OFX>", NO_STATEMENT, None),
    "a sign-on and nothing else": (sgml(), NO_STATEMENT, None),
    "a request, not an answer": (
        changed("<STMTRS>", "<STMTRQ>").replace(b"</STMTRS>", b"</STMTRQ>"),
        "A line in the file stands outside of any statement.",
        None,
    ),
    # amounts
    "a balance of letters": (balance("abc"), NO_NUMBER, line_with(b"</STMTRS>")),
    "a balance that is not a number": (balance("NaN"), NO_NUMBER, line_with(b"</STMTRS>")),
    "a balance with an exponent": (balance("1E3"), NO_NUMBER, None),
    "a balance of fractions": (
        balance("1.005"),
        "'1.005' has more than the 2 decimals that EUR knows.",
        None,
    ),
    "a balance beyond all money": (
        balance("9" * 17),
        f"'{'9' * 17}' is larger than any amount of money.",
        None,
    ),
    # dates
    "a bad first day": (changed("<DTSTART>20261101", "<DTSTART>20261131"), NO_DAY, None),
    "a bad last day": (changed("<DTEND>20261130", "<DTEND>20261131"), NO_DAY, None),
    "a bad day of the balance": (changed("<DTASOF>20261130", "<DTASOF>soon"), NO_DATE, None),
    # currencies and accounts
    "no currency": (changed("<CURDEF>EUR\n", ""), NO_CURRENCY, None),
    "a blank currency": (changed("<CURDEF>EUR", "<CURDEF>"), NO_CURRENCY, None),
    "no currency and no lines": (sgml(Stated(currency=None)), NO_CURRENCY, None),
    "a currency of four letters": (changed("EUR", "EURO"), "'EURO' is not an ISO 4217 currency code.", None),
    "no currency in ISO 4217": (changed("EUR", "XXX"), "'XXX' is not an ISO 4217 currency code.", None),
    "two accounts in one statement": (changed("<ACCTID>0532013000", "<ACCTID>1\n<ACCTID>2"), TWICE, None),
    "two balances in one statement": (balance("1\n<BALAMT>2"), TWICE, None),
    "an account named after the lines": (
        changed("<ACCTID>0532013000\n", "").replace(
            b"</BANKTRANLIST>", b"</BANKTRANLIST><BANKACCTFROM><ACCTID>5</BANKACCTFROM>"
        ),
        "The statement names its account only after its first line.",
        None,
    ),
    # structure
    "a line that does not end": (changed("</STMTTRN>\n", ""), NESTED, None),
    "a last line that does not end": (
        GOOD[: GOOD.rindex(b"</STMTTRN>")] + GOOD[GOOD.rindex(b"</STMTTRN>") + 11 :],
        CLOSED,
        None,
    ),
    "a line that ends twice": (changed("</STMTTRN>", "</STMTTRN></STMTTRN>"), CLOSED, None),
    "a line within a line": (
        changed("<TRNAMT>-3.00", markup(ANOTHER, is_closed=False) + "<TRNAMT>-3.00"),
        NESTED,
        None,
    ),
    "a line in the sign-on": (
        changed("<SONRS>", "<SONRS>" + markup(ANOTHER, is_closed=False)),
        "A line in the file stands outside of any statement.",
        None,
    ),
    "a line before the root": (changed("<OFX>", markup(ANOTHER, is_closed=False) + "<OFX>"), NESTED, None),
    "a line behind the root": (GOOD + markup(ANOTHER, is_closed=False).encode(), NESTED, None),
    "a statement that does not end": (changed("</STMTRS>", ""), CLOSED, None),
    "a statement within a statement": (
        changed("<BANKTRANLIST>", "<STMTRS><BANKTRANLIST>"),
        "A statement in the file begins before the one above it has ended.",
        None,
    ),
    "a list that ends twice": (changed("</BANKTRANLIST>", "</BANKTRANLIST></BANKTRANLIST>"), CLOSED, None),
    "elements closed crosswise": (
        changed("</STMTRS>\n</STMTTRNRS>", "</STMTTRNRS>\n</STMTRS>"),
        CLOSED,
        None,
    ),
    "no end of the root": (changed("</OFX>", ""), CUT_OFF, None),
    "two roots": (GOOD + b"<OFX></OFX>", BEHIND, LAST),
    "two files in one": (GOOD + GOOD, BEHIND, None),
    "text behind the root": (GOOD + b"\nmore", BEHIND, None),
    "elements too deep": (
        changed("<SONRS>", f"<SONRS>{DEEP}"),
        "The file nests its elements too deep.",
        None,
    ),
    "elements too deep in a line": (
        changed("<FITID>F-2", f"<FITID>F-2{DEEP}</A39>"),
        "The file nests its elements too deep.",
        None,
    ),
    "too many statements": (
        sgml(*[Stated(account=str(n)) for n in range(3)], line_end="\n").replace(
            b"<STMTTRNRS>", b"<STMTTRNRS><STMTRS><CURDEF>EUR</STMTRS></STMTTRNRS>" * 400 + b"<STMTTRNRS>"
        ),
        "The file holds more than 500 statements.",
        None,
    ),
    "too many answers": (
        changed("<SONRS>", "<SONRS>" + "<STATUS><CODE>2000<SEVERITY>ERROR</STATUS>" * 200),
        "The file holds more than 100 answers that are no success.",
        None,
    ),
    # declarations
    "a document type": (
        changed("<OFX>", "<!DOCTYPE OFX SYSTEM 'http://127.0.0.1/x'>\n<OFX>"),
        DECLARED,
        None,
    ),
    "a document type in XML": (
        changed("<OFX>", "<!DOCTYPE OFX [<!ENTITY a 'b'>]><OFX>", GOOD_XML),
        DECLARED,
        3,
    ),
    "an entity within": (memo("<!ENTITY x 'y'>&x;"), DECLARED, None),
    "an element type within": (memo("<!ELEMENT x ANY>"), DECLARED, None),
    "a comment that never ends": (memo("<!-- " + "x" * 70_000), COMMENT_TOO_LONG, None),
    "a comment cut off": (memo("<!-- "), CUT_OFF, None),
    "a literal section cut off": (memo("<![CDATA["), CUT_OFF, None),
    "a literal section that never ends": (memo("<![CDATA[" + "x" * 70_000), COMMENT_TOO_LONG, None),
    # letters
    "a zero byte": (
        memo("a\0b"),
        "The file holds a zero byte, which no text does.",
        line_with(b"<MEMO>") - 8,
    ),
    "bytes of no encoding": (GOOD.replace(b"Buche", b"B\x81che"), ENCODING, line_with(b"Buche")),
    "two encodings in one file": (
        GOOD.replace(b"Amsel", "Ämsel".encode()).replace(b"Buche", b"B\xfcche"),
        ENCODING,
        line_with(b"Buche"),
    ),
    "a byte order mark that lies": (
        codecs.BOM_UTF8 + GOOD.replace(b"Buche", b"B\xfcche"),
        ENCODING,
        line_with(b"Buche"),
    ),
    "half a letter of UTF-16": (GOOD.decode().encode("utf-16") + b"\n", ENCODING, None),
    # sizes
    "a field that is too long": (memo("x" * 70_000), TOO_LONG, None),
    "a field of the envelope that is too long": (
        changed("<BANKID>37040044", "<BANKID>" + "x" * 70_000),
        FIELD_TOO_LONG,
        line_with(b"<BANKID>"),
    ),
    "a tag that is too long": (changed("<SONRS>", "<S" + "X" * 200_000), COMMENT_TOO_LONG, None),
    "a line of too many fields": (
        changed("<FITID>F-2", "<FITID>F-2" + "".join(f"<X{n}>1</X{n}>" for n in range(600))),
        TOO_LONG,
        None,
    ),
}


# What is wrong with one line of a sound file -> the file, the reason, and the line of the file.
REFUSED: dict[str, tuple[bytes, str, int]] = {
    "an amount of letters": (amount("abc"), NO_NUMBER, SECOND),
    "a blank amount": (amount(" "), "A line has no amount.", SECOND),
    "no amount at all": (changed("<TRNAMT>-3.00\n", ""), "A line has no amount.", SECOND),
    "no amount in XML": (
        changed("<TRNAMT>-3.00</TRNAMT>", "", GOOD_XML),
        "A line has no amount.",
        line_with(b"<STMTTRN>", GOOD_XML),
    ),
    "a fraction of a cent": (
        amount("-3.005"),
        "'-3.005' has more than the 2 decimals that EUR knows.",
        SECOND,
    ),
    "thirteen decimals": (
        amount("3.0000000000001"),
        "'3.0000000000001' has more than the 2 decimals that EUR knows.",
        SECOND,
    ),
    "thousands or decimals": (
        amount("1,234"),
        "An amount in the file has a comma that may part thousands or decimals.",
        SECOND,
    ),
    "two decimal signs": (amount("1.2.3"), NO_NUMBER, SECOND),
    "thousands of two digits": (amount("1,23,456.00"), NO_NUMBER, SECOND),
    "two signs": (amount("--3.00"), NO_NUMBER, SECOND),
    "the sign behind": (amount("3.00-"), NO_NUMBER, SECOND),
    "a currency behind the amount": (amount("3.00 EUR"), NO_NUMBER, SECOND),
    "a null": (amount("null"), NO_NUMBER, SECOND),
    "not a number": (amount("NaN"), NO_NUMBER, SECOND),
    "an infinity": (amount("-Infinity"), NO_NUMBER, SECOND),
    "an exponent": (amount("1e5"), NO_NUMBER, SECOND),
    "digits of another script": (amount("٣٫٠٠"), NO_NUMBER, SECOND),
    "an amount beyond all money": (
        amount("9" * 17),
        f"'{'9' * 17}' is larger than any amount of money.",
        SECOND,
    ),
    "an account number for an amount": (amount("DE02120300000000202051"), NO_NUMBER, SECOND),
    "two amounts": (
        amount("-3.00\n<TRNAMT>-4.00"),
        "A line in the file states one of its fields twice.",
        SECOND,
    ),
    "the thirtieth of February": (posted("20260230"), NO_DAY, SECOND),
    "a thirteenth month": (posted("20261301"), NO_DAY, SECOND),
    "a month of zero": (posted("20260001"), NO_DAY, SECOND),
    "the year zero": (posted("00001120"), NO_DAY, SECOND),
    "a date with dashes": (posted("2026-11-20"), NO_DATE, SECOND),
    "a date with points": (posted("20.11.2026"), NO_DATE, SECOND),
    "a date in words": (posted("yesterday"), NO_DATE, SECOND),
    "a date with a digit short": (posted("2026112"), NO_DATE, SECOND),
    "a date with a digit more": (posted("202611201"), NO_DATE, SECOND),
    "a date with an open zone": (posted("20261120[-8:PST"), NO_DATE, SECOND),
    "a date of another script": (posted("２０２６１１２０"), NO_DATE, SECOND),
    "a bad day of value": (changed("<FITID>F-2", "<FITID>F-2\n<DTUSER>20260231"), NO_DAY, SECOND),
    "an unknown currency of a line": (
        changed("<FITID>F-2", "<FITID>F-2\n<CURRENCY><CURSYM>ABC</CURRENCY>"),
        "'ABC' is not an ISO 4217 currency code.",
        SECOND,
    ),
    "a reference to a zero byte": (memo("&#0;"), LETTER, SECOND - 8),
    "a reference to half a letter": (memo("&#xD800;"), LETTER, SECOND - 8),
    "a reference beyond all letters": (memo("&#x110000;"), LETTER, SECOND - 8),
}


def refusal_of(content: bytes) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as refusal:
        list(ofx.read(io.BytesIO(content)))
    return refusal.value


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_its_sentence(name: str) -> None:
    content, sentence, line = BAD[name]
    refusal = refusal_of(content)
    assert refusal.message == sentence
    assert SENTENCE.fullmatch(sentence)
    if line is not None:
        assert refusal.line == line


@pytest.mark.parametrize("name", REFUSED)
def test_a_line_that_cannot_be_read_is_refused_and_the_other_is_kept(name: str) -> None:
    content, reason, line = REFUSED[name]
    (whole,) = gather(ofx.read(io.BytesIO(content)))
    (refused,) = whole.refused
    assert (refused.reason, refused.line) == (reason, line)
    assert {line.amount.minor for line in whole.lines} <= {1250, -300}
    assert sorted([refused.position, *(line.position for line in whole.lines)]) == [1, 2]
    assert (whole.statement.lines, whole.statement.refused) == (1, 1)
    assert str(refused) in whole.statement.problems


def test_a_file_with_more_than_a_thousand_refused_lines_is_refused() -> None:
    bad = [transaction("twelve", number=f"F-{number}") for number in range(1001)]
    (whole,) = gather(ofx.read(io.BytesIO(sgml(Stated(entries=bad[:1000])))))
    assert (whole.statement.refused, whole.statement.lines) == (1000, 0)
    assert refusal_of(sgml(Stated(entries=bad))).message == "More than 1000 lines of the file cannot be read."


def test_the_files_that_are_broken_here_are_good_in_themselves() -> None:
    for content in (GOOD, GOOD_XML):
        (whole,) = gather(ofx.read(io.BytesIO(content)))
        assert [line.amount.minor for line in whole.lines] == [1250, -300]


@pytest.mark.parametrize(
    ("content", "step"),
    [(GOOD, 1), (GOOD_XML, 1), (GOOD.decode().encode("utf-16"), 17)],
    ids=["sgml", "xml", "wide"],
)
def test_a_file_cut_off_anywhere_is_refused(content: bytes, step: int) -> None:
    for end in range(0, len(content.rstrip(b"\n\0")), step):
        assert SENTENCE.fullmatch(refusal_of(content[:end]).message), end


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_file_is_read_or_refused_but_never_breaks_the_reader(seed: int) -> None:
    source = random.Random(seed)
    for _ in range(50):
        content = bytearray(source.choice((GOOD, GOOD_XML)))
        for _ in range(source.randrange(1, 4)):
            at = source.randrange(len(content))
            damage = source.choice(
                (b"", b"<", b">", b"/", b"\0", b"\xff", b"&#9;", b"9", b"</OFX>", b"<STMTTRN>")
            )
            content[at : at + source.randrange(3)] = damage
        outcome = outcome_of(bytes(content))
        assert isinstance(outcome, Statement) or SENTENCE.fullmatch(outcome)


def outcome_of(content: bytes) -> Statement | str:
    """The last statement of a file, or the sentence that refuses it."""
    try:
        return list(gather(ofx.read(io.BytesIO(content))))[-1].statement
    except UnreadableFile as refusal:
        return refusal.message


def test_no_refusal_repeats_what_the_file_says_of_people() -> None:
    private = re.compile("Anna|Amsel|Bernd|Buche|0532013000|Rechnung|DE02")
    sentences = [sentence for _, sentence, _ in (*BAD.values(), *REFUSED.values())]
    assert [sentence for sentence in sentences if private.search(sentence)] == []


class Endless(io.RawIOBase):
    """A file of a hundred million bytes of one kind behind its beginning; it knows how much was read."""

    def __init__(self, start: bytes, filling: bytes) -> None:
        self._start, self._filling, self.given = start, filling, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self.given >= 100_000_000:
            return b""
        data = (self._start + self._filling * (size // len(self._filling) + 1))[:size]
        self._start = self._start[size:]
        self.given += len(data)
        return data


@pytest.mark.parametrize(
    ("upto", "filling"),
    [
        ("<MEMO>", b"x"),
        ("<BANKID>", b"x"),
        ("<BANKID", b"X"),
        ("<FITID>F-2", b"\n"),
        ("<BANKTRANLIST>", b"<STMTTRN><TRNAMT>1</STMTTR>"),
        ("<TRNUID>", b"x"),
        ("<TRNUID>", b"<"),
        ("<SONRS>", b"<A>"),
        ("<STMTRS>", b"<!-- "),
        ("<MEMO>", b"<MEMO>x"),
        ("<STMTTRN>", b"<STMTTRN>"),
        ("OFXHEADER:100", b"x"),
        ("<STMTTRN>", b"</STMTTRN>"),
    ],
)
def test_a_line_without_end_is_refused_long_before_it_is_read(upto: str, filling: bytes) -> None:
    endless = Endless(GOOD[: GOOD.index(upto.encode()) + len(upto)], filling)
    with pytest.raises(UnreadableFile):
        list(ofx.read(endless))  # type: ignore[arg-type]
    assert endless.given <= 1_000_000


def test_nothing_of_a_file_counts_that_is_refused_at_its_end() -> None:
    items = ofx.read(io.BytesIO(GOOD.replace(b"</OFX>", b"")))
    given = [next(items) for _ in range(3)]
    assert not any(isinstance(item, Statement) for item in given)
    with pytest.raises(UnreadableFile):
        next(items)


def test_a_refusal_in_a_long_file_names_its_own_line() -> None:
    entries = [transaction(number=str(number)) for number in range(5000)]
    content = (XML_HEADER + markup(tree(Stated(entries=entries)), is_closed=True)).encode()
    content = content.replace(b"<FITID>4321</FITID>", b"<FITID>4321</FITID><DTUSER>20260230</DTUSER>")
    line = content.count(b"\n", 0, content.rindex(b"<STMTTRN>", 0, content.index(b"<DTUSER>"))) + 1
    (whole,) = gather(ofx.read(io.BytesIO(content)))
    assert [(one.position, one.line) for one in whole.refused] == [(4322, line)]
