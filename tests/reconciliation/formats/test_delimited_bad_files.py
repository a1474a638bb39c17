"""Tables that are odd or broken: encodings, line ends, quotes, cells too few; and the bytes of each booking."""

from __future__ import annotations

import io
import time

import pytest

from reconciliation.formats import delimited
from reconciliation.formats.delimited import text as delimited_text
from reconciliation.formats.delimited.text import LONGEST_FIELD
from reconciliation.statement import Line, NoSuchLine, RefusedLine, UnreadableFile, WholeStatement, gather
from tests.factories import camt, mt940, ofx
from tests.factories.delimited import SPARKASSE, Row, sparkasse, table, volksbank

ROWS = [Row(amount=1_250, name="Jörg Müßig"), Row(amount=-900, name="Stadtwerke")]


def read(content: bytes) -> WholeStatement:
    (whole,) = gather(delimited.read(io.BytesIO(content)))
    return whole


def refusal(content: bytes) -> UnreadableFile:
    began = time.monotonic()
    with pytest.raises(UnreadableFile) as refused:
        list(delimited.read(io.BytesIO(content)))
    assert time.monotonic() - began < 2
    return refused.value


# --- encodings and line ends ---


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "cp1252", "iso8859-1", "iso8859-15", "utf-16", "utf-16-le", "utf-16-be"],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_table_reads_the_same_in_any_encoding_and_with_any_line_ends(encoding: str, line_end: str) -> None:
    content = sparkasse(ROWS, encoding=encoding, line_end=line_end)
    assert read(content).lines == read(sparkasse(ROWS)).lines


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        ("Preis 5 €", "cp1252", "cp1252"),
        ("Preis 5 €", "iso8859-15", "iso8859-15"),
        ("Müller", "cp1252", "cp1252"),
        ("Müller", "utf-8", "utf-8"),
        ("Muller", "ascii", "utf-8"),
    ],
)
def test_the_bytes_of_the_whole_file_tell_its_encoding(text: str, encoding: str, found: str) -> None:
    content = (sparkasse(ROWS[1:]) * 2_000)[:400_000].decode("ascii") + text
    assert delimited_text.encoding(io.BytesIO(content.encode(encoding))) == (found, False)


def test_line_ends_may_be_mixed() -> None:
    first, second, third = sparkasse(ROWS).split(b"\r\n")[:3]
    assert len(read(first + b"\n" + second + b"\r" + third + b"\r\n").lines) == 2


def test_a_cell_may_run_over_lines() -> None:
    content = sparkasse([Row(amount=100, purpose='RE-1\nRE-2;"RE-3"'), Row(amount=200)])
    assert [line.remittance for line in read(content).lines] == ['RE-1 RE-2;"RE-3"', "RE-2026-0815"]


def test_text_that_claims_to_be_utf_8_and_is_not_is_refused() -> None:
    expected = "The file is not in the encoding that its first bytes name."
    assert refusal(b"\xef\xbb\xbf" + sparkasse(ROWS)).message == expected
    late = b"\xef\xbb\xbf" + sparkasse(ROWS[1:] * 5_000) + sparkasse(ROWS)
    assert refusal(late).message == expected


# --- structure ---


def test_an_empty_file_is_refused() -> None:
    assert refusal(b"").message == "The file is empty."
    assert refusal(b"\r\n\r\n").message == "The file is empty."


def test_nul_characters_are_refused_with_their_line() -> None:
    content = sparkasse(ROWS * 2_000).replace(b"Stadtwerke", b"Stadt\0erke")
    assert refusal(content).line == 3


def test_a_quote_that_is_never_closed_is_refused_with_the_line_it_opens_in() -> None:
    content = sparkasse(ROWS) + b'"DE89;05.01.26;\r\n' + sparkasse(ROWS)[len(SPARKASSE) + 36 :] + b"x\r\n"
    assert refusal(content.rstrip(b'"\r\nx') + b"\r\n").message.startswith("A quote is opened")


def test_a_cell_larger_than_any_of_a_bank_is_refused() -> None:
    content = sparkasse([Row(amount=100, purpose="x" * (LONGEST_FIELD + 1))])
    assert refusal(content).line == 2


def test_a_line_that_never_ends_is_refused_at_once() -> None:
    content = sparkasse(ROWS) + b"x" * 30_000_000
    assert refusal(content).message == "A line of the file is longer than any of a bank."


def test_more_than_a_thousand_rows_that_cannot_be_read_are_no_table() -> None:
    content = sparkasse([Row(amount=100)] * 1_001).replace(b'"1,00"', b'"1,0,0"')
    assert refusal(content).message == "More than 1000 lines of the file cannot be read."


def test_a_table_of_too_many_accounts_is_refused() -> None:
    assert "accounts" in refusal(sparkasse([Row(amount=1, account=str(n)) for n in range(60)])).message


# --- one row ---


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"12,50"', '"12..50"', "'12..50' is not an amount with the decimal sign ','."),
        ('"12,50"', '"12,501"', "'12,501' has more than 2 decimals."),
        ('"12,50"', '"0,0000000000001"', "'0,0000000000001' has more than 2 decimals."),
        ('"12,50"', '""', "it has no amount."),
        ('"12,50"', '"=1+1"', "'=1+1' is not an amount with the decimal sign ','."),
        ('"12,50"', '"12,50 USD"', "its amount is in USD, but the booking in EUR."),
        ('"EUR"', '""', "it names no currency."),
        ('"EUR"', '"EURO"', "'EURO' is no currency of ISO 4217."),
        ('"05.01.26";"05.01.26"', '"30.02.26";"05.01.26"', "'30.02.26' is no date that can be read."),
        ('"05.01.26";"05.01.26"', '"05.01.26";"31.04.26"', "'31.04.26' is no value date that can be read."),
        ('"05.01.26";"05.01.26"', '"";"05.01.26"', "it has no date."),
        ('"EUR";', "", "it has 16 cells, but the table has 17 columns."),
        ('"EUR";', '"EUR";"EUR";', "it has 18 cells, but the table has 17 columns."),
        ('"EUR"', '"EU"R"', "its quotes do not close where its cells end."),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_by_itself(old: str, new: str, reason: str) -> None:
    good, bad = sparkasse([Row(amount=100)]), sparkasse([Row(amount=1_250)])
    row = bad.split(b"\r\n")[1].decode("cp1252").replace(old, new, 1).encode("cp1252")
    whole = read(good + row + b"\r\n" + good.split(b"\r\n")[1] + b"\r\n")
    assert whole.refused == (RefusedLine(position=2, reason=reason, line=3),)
    assert [line.position for line in whole.lines] == [1, 3]
    assert str(whole.refused[0]) in whole.statement.problems


def test_every_row_is_a_line_or_is_told() -> None:
    content = table(
        "Date;Type;Check #;Description;Withdrawal (-);Deposit (+);RunningBalance",
        [
            ["Pending Transactions are not shown."],
            ["Posted Transactions"],
            ["01/31/2026", "ACH", "", "RE-1", "", "$3.00", "$13.00"],
            ["", "", "", "", "", "", ""],
            ["01/30/2026", "ACH", "", "RE-2", "", "$4.00", "$10.00"],
            ["Total", "", "", "", "", "$7.00", ""],
        ],
        before=["Transactions for Checking"],
    )
    (whole,) = gather(delimited.read(io.BytesIO(content), currency="USD"))
    assert [line.amount.minor for line in whole.lines] == [300, 400]
    assert whole.refused == ()
    assert "2 rows between the bookings with a remark and no booking." in whole.statement.problems
    assert "1 row behind the last booking, read as the end of the table." in whole.statement.problems


def test_a_last_row_with_a_date_that_cannot_be_read_is_no_footer() -> None:
    content = sparkasse([Row(amount=100), Row(amount=200)])
    at = content.rindex(b'"05.01.26";"05')
    whole = read(content[:at] + b'"O5.O1.26"' + content[at + 10 :])
    assert [(refused.line, refused.reason) for refused in whole.refused] == [
        (3, "'O5.O1.26' is no date that can be read.")
    ]


# --- what is no table of bookings ---


@pytest.mark.parametrize(
    "content",
    [
        mt940.mt940([mt940.Entry(amount=100)]),
        camt.camt053([camt.credit(100)]),
        ofx.sgml(ofx.Stated(entries=[ofx.transaction("12.50")])),
        b"!Type:Bank\nD05/01'26\nT12.50\nPAnna\n^\n",
        b'[{"date": "2026-01-05", "amount": "12.50", "text": "RE-1"}]',
        b"<html><body>date;amount\n2026-01-05;12.50</body></html>",
        b"%PDF-1.7\n2026-01-05;12.50\n",
        b"PK\x03\x04;2026-01-05;12.50\n",
        b"\x89PNG\r\n\x1a\n\0\0",
        b"01,122099999,123456789,040621,0200,1,65,,2/\n02,031001234,122099999,1,040620,2359,,2/\n",
        b"Artikel;Preis;Lager\nSchraube;0,18;5\n",
        b"Dear Sirs, please find the invoice, it is due on Friday, yours.\n",
        b"",
        b"\xff\xfe\0\0",
    ],
)
def test_a_file_of_another_kind_is_not_taken_for_a_table(content: bytes) -> None:
    assert delimited.identify(content) is None


def test_a_table_is_known_by_its_head() -> None:
    assert delimited.identify(sparkasse(ROWS)) == "csv.sparkasse-camt"
    assert delimited.identify(table("Date;Payee;Amount", [["31/01/2026", "Anna", "12,50"]])) == "csv"


# --- the bytes of a booking ---


def test_the_bytes_of_a_booking_are_those_of_its_row() -> None:
    content = sparkasse(ROWS)
    first, second = content.split(b"\r\n")[1:3]
    assert delimited.fragment(io.BytesIO(content), 1) == first + b"\r\n"
    assert delimited.fragment(io.BytesIO(content), 2) == second + b"\r\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_the_bytes_stay_in_the_encoding_of_the_file(encoding: str) -> None:
    content = volksbank(ROWS, encoding=encoding, line_end="\n")
    part = delimited.fragment(io.BytesIO(content), 1)
    plain = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(encoding, encoding)
    assert "Jörg Müßig" in part.decode(plain)
    assert part in content


def test_the_bytes_of_a_booking_hold_the_rows_that_go_on_from_it() -> None:
    titles = "Datum;Buchungstext;Betrag Detail;Belastung CHF;Gutschrift CHF;Valuta;Saldo CHF"
    rows = [
        ["05.01.2026", "Sammel\r\ngutschrift", "", "", "100.00", "05.01.2026", "1100.00"],
        ["", "Anna Beispiel", "100.00", "", "", "", ""],
        ["06.01.2026", "Strom", "", "9.00", "", "06.01.2026", "1091.00"],
    ]
    content = table(titles, rows)
    lines = content.splitlines(keepends=True)
    assert delimited.fragment(io.BytesIO(content), 1) == b"".join(lines[1:4])
    assert delimited.fragment(io.BytesIO(content), 2) == lines[4]


def test_a_row_that_is_refused_has_its_bytes_too() -> None:
    content = sparkasse(ROWS).replace(b'"12,50"', b'"12;50"')
    assert b'"12;50"' in delimited.fragment(io.BytesIO(content), 1)


@pytest.mark.parametrize("position", [0, -1, 3])
def test_there_are_no_bytes_where_there_is_no_booking(position: int) -> None:
    with pytest.raises(NoSuchLine):
        delimited.fragment(io.BytesIO(sparkasse(ROWS)), position)


def test_all_fragments_together_are_the_rows_of_the_file() -> None:
    content = sparkasse([Row(amount=number, purpose=f"RE-{number}\nzwei") for number in range(1, 30)])
    parts = [delimited.fragment(io.BytesIO(content), number) for number in range(1, 30)]
    assert content.endswith(b"".join(parts))
    assert sum(1 for item in delimited.read(io.BytesIO(content)) if isinstance(item, Line)) == 29
