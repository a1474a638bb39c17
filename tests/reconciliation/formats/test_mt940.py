"""What the MT940 reader makes of every field of a message, of its balances, and of its shapes in a file."""

from __future__ import annotations

import dataclasses
import io
import itertools
import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import date

import mt940 as peer
import pytest

from ledger.money import Money
from reconciliation.formats import mt940
from reconciliation.statement import (
    Account,
    Header,
    Item,
    Line,
    LineStatus,
    NoSuchLine,
    Statement,
    StatementKind,
    UnreadableFile,
    WholeStatement,
    gather,
)
from tests.factories import camt
from tests.factories import mt940 as made
from tests.factories.mt940 import ACCOUNT, DAY, Entry, Message, german, mt940_file

GOOD = made.mt940([Entry(amount=1250, text=german("166", purpose="RE-1", name="Anna Beispiel"))])


def euro(minor: int) -> Money:
    return Money(minor, "EUR")


def statements(content: bytes) -> list[WholeStatement]:
    return list(gather(mt940.read(io.BytesIO(content))))


def only(content: bytes) -> WholeStatement:
    (whole,) = statements(content)
    return whole


def line_of(entry: Entry, **facts: object) -> Line:
    (line,) = only(made.mt940([entry], **facts)).lines
    return line


def refusal(content: bytes) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as caught:
        statements(content)
    return caught.value


# --- what a statement says ---


def test_a_statement_is_proved_by_its_balances() -> None:
    whole = only(made.mt940([Entry(amount=1250), Entry(amount=-300)], opening=-5_000))
    statement = whole.statement
    assert statement.opening is not None
    assert statement.closing is not None
    assert (statement.opening.amount, statement.opening.on, statement.opening.kind) == (
        euro(-5000),
        DAY,
        "60F",
    )
    assert (statement.closing.amount, statement.closing.on, statement.closing.kind) == (
        euro(-4050),
        DAY,
        "62F",
    )
    assert (statement.booked, statement.booked_count, statement.lines) == (euro(950), 2, 2)
    assert statement.balanced is True
    assert statement.problems == ()
    assert [line.position for line in whole.lines] == [1, 2]


def test_a_statement_that_does_not_balance_names_the_difference() -> None:
    statement = only(made.mt940([Entry(amount=1250)], closing=101_251)).statement
    assert statement.balanced is False
    assert statement.problems == (
        "The balances do not prove the lines: opening 1000.00 EUR and booked lines of 12.50 EUR make "
        "1012.50 EUR, but the closing balance is 1012.51 EUR; the difference is 0.01 EUR.",
    )


def test_the_header_names_message_number_account_and_currency() -> None:
    header = only(made.mt940([Entry(amount=1)], reference="REF-7", number="12/3")).statement.header
    assert header == Header(
        format="mt940", statement_id="REF-7", sequence="12/3", account=Account(iban=ACCOUNT), currency="EUR"
    )


def test_the_header_comes_before_the_first_line_and_the_statement_behind_the_last() -> None:
    kinds = [type(item) for item in mt940.read(io.BytesIO(made.mt940([Entry(amount=1), Entry(amount=2)])))]
    assert kinds == [Header, Line, Line, Statement]


@pytest.mark.parametrize(
    ("written", "account"),
    [
        (ACCOUNT, Account(iban=ACCOUNT)),
        (f"{ACCOUNT}EUR", Account(iban=ACCOUNT, currency="EUR")),
        (f"{ACCOUNT} EUR  ", Account(iban=ACCOUNT, currency="EUR")),
        ("DE89 3704 0044 0532 0130 00", Account(iban=ACCOUNT)),
        (f"COBADEFFXXX/{ACCOUNT}", Account(iban=ACCOUNT, bic="COBADEFFXXX")),
        ("37040044/0532013000", Account(other="37040044/0532013000")),
        ("37040044/0532013000EUR", Account(other="37040044/0532013000", currency="EUR")),
        ("DABADKKK/1111-11-11111", Account(other="1111-11-11111", bic="DABADKKK")),
        ("1567.50.961EUR", Account(other="1567.50.961", currency="EUR")),
        ("1567.50.961XYZ", Account(other="1567.50.961XYZ")),
        ("DE89370400440532013001", Account(other="DE89370400440532013001")),
        ("BANK/0666666666", Account(other="BANK/0666666666")),
    ],
)
def test_an_account_is_an_iban_or_the_number_the_bank_gives(written: str, account: Account) -> None:
    assert only(made.mt940(account=written)).statement.header.account == account


def test_an_account_of_option_p_has_its_bank_in_the_line_below() -> None:
    content = GOOD.replace(f":25:{ACCOUNT}".encode(), f":25P:{ACCOUNT}\r\nCOBADEFFXXX".encode())
    assert only(content).statement.header.account == Account(iban=ACCOUNT, bic="COBADEFFXXX")


def test_the_currency_of_the_account_serves_where_there_is_no_opening_balance() -> None:
    whole = only(made.mt940([Entry(amount=5)], account=f"{ACCOUNT}CHF", opening=None, closing=None))
    assert whole.lines[0].amount == Money(5, "CHF")
    assert whole.statement.problems == (
        "The statement has no opening and closing balance, so its lines cannot be proved.",
    )


def test_an_account_named_in_another_currency_than_its_balances_is_said() -> None:
    statement = only(made.mt940([Entry(amount=5)], account=f"{ACCOUNT}CHF")).statement
    assert (statement.currency, statement.balanced) == ("EUR", True)
    assert statement.problems == ("The account is named as one in CHF, but is kept in EUR.",)


def test_a_closing_balance_without_a_currency_is_read_in_that_of_the_opening_and_named() -> None:
    content = GOOD.replace(b":62F:C260105EUR", b":62F:C260105")
    statement = only(content).statement
    assert statement.balanced is True
    assert statement.problems == (
        "The closing balance does not name its currency, read as that of the opening.",
    )


@pytest.mark.parametrize(
    ("currency", "opening", "entry", "closing", "minor"),
    [
        ("JPY", "C260105JPY100,", "7,", "C260105JPY107,", 7),
        ("TND", "C260105TND1,000", "0,125", "C260105TND1,125", 125),
        ("EUR", "C260105EUR000000001000,5", "1,5", "C260105EUR1002,00", 150),
        ("EUR", "C260105EUR1000,", "0,", "C260105EUR1000,", 0),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(
    currency: str, opening: str, entry: str, closing: str, minor: int
) -> None:
    content = f":20:A\n:25:1\n:28C:1\n:60F:{opening}\n:61:2601050105C{entry}NTRFNONREF\n:62F:{closing}\n-\n"
    whole = only(content.encode())
    assert whole.lines[0].amount == Money(minor, currency)
    assert whole.statement.balanced is True


# --- what a line says ---


@pytest.mark.parametrize(
    ("mark", "minor", "is_reversal", "status"),
    [
        ("C", 1250, False, LineStatus.BOOKED),
        ("D", -1250, False, LineStatus.BOOKED),
        ("RC", -1250, True, LineStatus.BOOKED),
        ("RD", 1250, True, LineStatus.BOOKED),
        ("EC", 1250, False, LineStatus.PENDING),
        ("ED", -1250, False, LineStatus.PENDING),
    ],
)
@pytest.mark.parametrize("letter", ["", "R"])
def test_a_reversed_credit_takes_money_and_a_reversed_debit_gives_it(
    mark: str, minor: int, is_reversal: bool, status: LineStatus, letter: str
) -> None:
    line = line_of(Entry(amount=1250, mark=mark, letter=letter))
    assert (line.amount, line.reversal, line.status) == (euro(minor), is_reversal, status)


def test_reversals_prove_the_balance_the_right_way_round() -> None:
    entries = [
        Entry(amount=5000),
        Entry(amount=-5000, mark="RC"),
        Entry(amount=-70),
        Entry(amount=70, mark="RD"),
    ]
    statement = only(made.mt940(entries)).statement
    assert statement.booked == euro(0)
    assert statement.balanced is True


@pytest.mark.parametrize(
    ("valued", "booked", "expected"),
    [
        ("251231", "0102", date(2026, 1, 2)),
        ("260101", "1231", date(2025, 12, 31)),
        ("260105", "0105", date(2026, 1, 5)),
        ("260115", "0715", date(2026, 7, 15)),
        ("991231", "0103", date(2000, 1, 3)),
        ("000101", "1231", date(1999, 12, 31)),
        ("240229", "0229", date(2024, 2, 29)),
    ],
)
def test_a_booking_day_is_of_the_year_that_brings_it_near_its_value_day(
    valued: str, booked: str, expected: date
) -> None:
    content = GOOD.replace(b":61:2601050105", f":61:{valued}{booked}".encode())
    assert only(content).lines[0].booked_on == expected


def test_a_line_without_a_booking_day_is_booked_on_its_value_day() -> None:
    line = line_of(Entry(amount=1, booked_on=None, valued_on=date(2026, 1, 7)))
    assert (line.booked_on, line.valued_on) == (date(2026, 1, 7), date(2026, 1, 7))


def test_a_value_day_of_30_february_is_named_where_the_booking_has_a_day_and_refused_where_not() -> None:
    whole = only(GOOD.replace(b":61:2601050105", b":61:2602300301"))
    assert (whole.lines[0].valued_on, whole.lines[0].booked_on) == (None, date(2026, 3, 1))
    assert whole.statement.problems == (
        "1 line with a value date in February that does not exist, left without a value date.",
    )
    (refused,) = only(GOOD.replace(b":61:2601050105", b":61:260230")).refused
    assert (refused.reason, refused.line) == ("There is no day 30.02. in the year 26.", 5)


@pytest.mark.parametrize(
    ("reference", "bank", "name"),
    [
        ("NONREF//2026000001", "2026000001", None),
        ("NONREF          //CIOB220117990193", "CIOB220117990193", None),
        ("01916//NONREF", None, None),
        ("KREF+//2016021783252833", "2016021783252833", None),
        ("NONREF          ZILVER BV", None, "ZILVER BV"),
        ("2023-02-09-08.37.18.054696", None, None),
    ],
)
def test_the_references_of_a_line_are_cut_at_the_slashes(
    reference: str, bank: str | None, name: str | None
) -> None:
    line = line_of(Entry(amount=1, reference=reference))
    assert (line.bank_reference, line.counterparty.name) == (bank, name)


def test_amounts_below_a_line_are_the_original_and_the_charges_of_what_comes_back() -> None:
    line = line_of(Entry(amount=-1235, kind="NRTI", extra="/OCMT/EUR11,85//CHGS/EUR0,50/"))
    assert (line.original, line.charges, line.return_reason) == (euro(1185), euro(50), "NARR")


def test_what_a_foreign_payment_was_is_not_taken_for_the_original_of_a_return() -> None:
    whole = only(made.mt940([Entry(amount=-1235, kind="NRTI", extra="/OCMT/USD11,85//CHGS/USD0,50/")]))
    assert (whole.lines[0].original, whole.lines[0].charges) == (None, None)
    assert whole.statement.problems == (
        "1 line with an original amount in another currency, which is left out.",
        "1 line with charges in another currency, which are left out.",
    )


def test_a_line_of_a_payment_has_charges_but_no_original() -> None:
    line = line_of(Entry(amount=1235, extra="/OCMT/EUR12,85//CHGS/EUR0,50/"))
    assert (line.original, line.charges) == (None, euro(50))


def test_a_text_behind_the_closing_balance_is_no_part_of_the_last_line() -> None:
    whole = only(
        made.mt940([Entry(amount=1, text="RE-1")], behind=(":86:SUMME 1", ":64:C260105EUR1,00", ":86:X"))
    )
    assert whole.lines[0].remittance == "RE-1"
    assert whole.statement.problems == ()


def test_a_text_before_the_first_line_is_no_part_of_it() -> None:
    content = GOOD.replace(b":61:", b":86:KONTOAUSZUG\r\n:61:")
    assert only(content).lines[0].remittance == "RE-1"


def test_several_texts_of_a_line_are_one() -> None:
    line = line_of(Entry(amount=1, text=["MAANDELIJKSE CONTRIBUTIE", "TRANSACTIEDATUM* 01-01-2011"]))
    assert line.remittance == "MAANDELIJKSE CONTRIBUTIE TRANSACTIEDATUM* 01-01-2011"


def test_a_dash_within_a_text_is_text_and_the_message_goes_on() -> None:
    whole = only(made.mt940([Entry(amount=1, text="MND\n-\n0042"), Entry(amount=2, text="end -\n-")]))
    assert [line.remittance for line in whole.lines] == ["MND - 0042", "end -"]
    assert whole.statement.balanced is True


@pytest.mark.parametrize(
    "text", ["2026-01-05T13\n:12:11 K1", "um 12\n:20:37 Uhr", "00\n:00:00", "a\n: b", "a\n:b"]
)
def test_a_line_of_text_may_begin_with_a_colon(text: str) -> None:
    whole = only(made.mt940([Entry(amount=1, text=text), Entry(amount=2, text="next")]))
    assert [line.remittance for line in whole.lines] == [text.replace("\n", " "), "next"]
    assert whole.statement.balanced is True


def test_a_line_of_text_that_looks_like_an_unknown_field_is_named() -> None:
    statement = only(made.mt940([Entry(amount=1, text="a\n:99X:b")])).statement
    assert statement.problems == (
        "1 line whose text has a line that looks like an unknown field and was read as text.",
    )


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (b"C12,50NTRFNONREF", None),
        (b"CR12,50NTRFNONREF", None),
        (b"CD12,50NTRFNONREF", "1 line with a currency letter that is not that of the account."),
        (b"C12,50", "1 line without a transaction type."),
        (b"C12,50//19239782213", "1 line without a transaction type."),
        (
            b"C12.50NTRFNONREF",
            "1 line whose amount has no decimal comma; a point was read as one, and none as whole units.",
        ),
        (b"C12,50 NTRFNONREF", None),
    ],
)
def test_what_is_odd_about_a_line_is_named(entry: bytes, problem: str | None) -> None:
    statement = only(GOOD.replace(b"C12,50NTRFNONREF", entry)).statement
    assert statement.booked == euro(1250)
    assert statement.problems == ((problem,) if problem else ())


# --- several messages ---


PAGES = (
    Message(entries=(Entry(amount=100),), reference="P1", number="7/1", closing_tag="62M"),
    Message(
        entries=(Entry(amount=-30),),
        reference="P2",
        number="7/2",
        opening=100_100,
        opening_tag="60M",
        closing_tag="62M",
    ),
    Message(entries=(Entry(amount=5),), reference="P3", number="7/3", opening=100_070, opening_tag="60M"),
)


def test_the_pages_of_a_statement_are_one_statement_with_one_proof() -> None:
    whole = only(mt940_file(PAGES))
    statement = whole.statement
    assert (statement.header.statement_id, statement.header.sequence) == ("P1", "7/1")
    assert statement.opening is not None
    assert statement.closing is not None
    assert (statement.opening.kind, statement.opening.amount) == ("60F", euro(100_000))
    assert (statement.closing.kind, statement.closing.amount) == ("62F", euro(100_075))
    assert (statement.booked, statement.lines, statement.balanced) == (euro(75), 3, True)
    assert statement.problems == ()
    assert [line.position for line in whole.lines] == [1, 2, 3]


def test_the_pages_of_a_statement_stand_among_whole_statements_and_other_pages() -> None:
    single = Message(entries=(Entry(amount=1),), number="6/1", closing=100_001)
    other = Message(entries=(Entry(amount=2),), number="8/1", account="37040044/99")
    found = statements(mt940_file([single, *PAGES, other, *PAGES]))
    assert [whole.statement.header.sequence for whole in found] == ["6/1", "7/1", "8/1", "7/1"]
    assert [whole.statement.balanced for whole in found] == [True] * 4
    assert [line.position for whole in found for line in whole.lines] == list(range(1, 9))


def test_the_header_of_pages_is_given_once_and_the_statement_behind_the_last_page() -> None:
    kinds = [type(item) for item in mt940.read(io.BytesIO(mt940_file(PAGES)))]
    assert kinds == [Header, Line, Line, Line, Statement]


def test_pages_without_a_number_of_their_own_follow_one_another_by_their_balances() -> None:
    numbered = [dataclasses.replace(page, number=number) for page in PAGES for number in ("7",)]
    assert only(mt940_file(numbered)).statement.balanced is True
    broken = [numbered[0], dataclasses.replace(numbered[1], opening=100_099)]
    assert [whole.statement.lines for whole in statements(mt940_file(broken))] == [1, 1]


def test_a_page_without_lines_is_a_page_all_the_same() -> None:
    empty = Message(number="7/1", closing_tag="62M")
    last = dataclasses.replace(PAGES[0], number="7/2", opening_tag="60M", closing_tag="62F")
    assert only(mt940_file([empty, last])).statement.balanced is True
    whole = only(mt940_file([PAGES[0], Message(number="7/2", opening=100_100, opening_tag="60M")]))
    assert (whole.statement.balanced, whole.statement.lines) == (True, 1)


def test_a_page_that_does_not_go_on_where_the_one_before_ended_breaks_the_proof_of_the_whole() -> None:
    pages = [PAGES[0], dataclasses.replace(PAGES[2], number="7/2", opening=100_000)]
    statement = only(mt940_file(pages)).statement
    assert statement.balanced is False
    assert statement.problems == (
        "A page begins with 1000.00 EUR, but the one before it ended with 1001.00 EUR.",
        "The balances do not prove the lines: opening 1000.00 EUR and booked lines of 1.05 EUR make "
        "1001.05 EUR, but the closing balance is 1000.05 EUR; the difference is -1.00 EUR.",
    )


@pytest.mark.parametrize(
    ("pages", "problems"),
    [
        (PAGES[:1], ["Further"]),
        (PAGES[2:], ["Earlier"]),
        (PAGES[1:2], ["Earlier and further"]),
        ((PAGES[0], PAGES[2]), ["Further", "Earlier"]),
        ((PAGES[0], Message(entries=(Entry(amount=1),), number="7/2")), ["Further"]),
        ((PAGES[0], dataclasses.replace(PAGES[1], number="8/2")), ["Further", "Earlier and further"]),
        ((PAGES[0], dataclasses.replace(PAGES[1], account="123")), ["Further", "Earlier and further"]),
        ((PAGES[0], dataclasses.replace(PAGES[1], currency="CHF")), ["Further", "Earlier and further"]),
        ((PAGES[0], PAGES[0]), ["Further", "Further"]),
    ],
)
def test_a_page_whose_sisters_are_missing_is_proved_by_its_own_balances_and_says_so(
    pages: tuple[Message, ...], problems: list[str]
) -> None:
    found = statements(mt940_file(pages))
    assert [whole.statement.balanced for whole in found] == [True] * len(pages)
    assert [problem for whole in found for problem in whole.statement.problems] == [
        f"{which} pages of the statement stand elsewhere, so it is proved by its own balances."
        for which in problems
    ]


def test_the_statement_of_a_page_that_stays_alone_is_given_before_the_next_header() -> None:
    kinds = [type(item) for item in mt940.read(io.BytesIO(mt940_file([PAGES[0], PAGES[2]])))]
    assert kinds == [Header, Line, Statement, Header, Line, Statement]


def test_messages_of_several_accounts_stand_in_one_file() -> None:
    messages = [
        Message(entries=(Entry(amount=1),)),
        Message(account="37040044/99", entries=(Entry(amount=2),)),
    ]
    first, second = statements(mt940_file(messages))
    assert first.statement.header.account == Account(iban=ACCOUNT)
    assert second.statement.header.account == Account(other="37040044/99")
    assert (first.statement.booked, second.statement.booked) == (euro(1), euro(2))


@pytest.mark.parametrize(
    ("before", "end"),
    [
        ("{1:F01COBADEFFAXXX0000000000}{2:I940COBADEFFXXXXN}{4:", "-}"),
        ("{1:F01COBADEFFAXXX0000000000}\n{2:I940COBADEFFXXXXN}\n{4:", "-}"),
        ("\x01{1:F01COBADEFFAXXX0000000000}{2:O940COBADEFFXXXXN}{3:}{4:", "-}{5:}\x03"),
        ("ABNANL2A\n940\nABNANL2A", "-"),
        ("0000 01INGBNL2AXXXX00001\n940 00", "-XXX"),
        (":940:", ""),
        ("\n\n", " -"),
        ("", "-+@446@"),
    ],
)
def test_what_banks_put_around_a_message_is_passed_over(before: str, end: str) -> None:
    one = "\n".join([before, *Message(entries=(Entry(amount=1, text="a"),), end=end).lines()])
    first, second = statements(f"{one}\n{one}\n".encode())
    assert (first.statement.problems, second.statement.problems) == ((), ())
    assert [line.remittance for line in (*first.lines, *second.lines)] == ["a", "a"]


def test_a_message_in_blocks_without_its_end_mark_is_named() -> None:
    one = "\n".join(["{1:F01X}{2:I940X}{4:", *Message(entries=(Entry(amount=1),), end="").lines()])
    assert only(one.encode()).statement.problems == (
        "The message has no end mark; it may have been cut off.",
    )


# --- interim reports ---


def test_an_interim_report_has_lines_but_no_balances() -> None:
    entries = [Entry(amount=1250, text="a"), Entry(amount=-300), Entry(amount=70, mark="EC")]
    whole = only(made.mt942(entries, totals=[":90D:1EUR3,00", ":90C:2EUR13,20"]))
    statement = whole.statement
    assert (statement.header.format, statement.header.kind) == ("mt942", StatementKind.REPORT)
    assert (statement.opening, statement.closing, statement.balanced) == (None, None, None)
    assert (statement.booked, statement.booked_count, statement.lines) == (euro(950), 2, 3)
    assert statement.problems == (
        "An interim report: its lines are provisional until a statement brings them.",
    )


def test_totals_that_do_not_fit_the_lines_of_an_interim_report_are_named() -> None:
    statement = only(made.mt942([Entry(amount=1250)], totals=[":90D:1EUR3,00", ":90C:1EUR12,51"])).statement
    assert statement.problems[1:4] == (
        "The bank declares 1 debit, but the file holds 0.",
        "The bank declares debits of 3.00 EUR, but they add up to 0.00 EUR.",
        "The bank declares credits of 12.51 EUR, but they add up to 12.50 EUR.",
    )


def test_a_statement_and_an_interim_report_stand_in_one_file() -> None:
    first, second = statements(GOOD + made.mt942([Entry(amount=1)]))
    assert (first.statement.header.format, second.statement.header.format) == ("mt940", "mt942")
    assert first.statement.header.kind is StatementKind.STATEMENT
    assert second.statement.header.kind is StatementKind.REPORT


@pytest.mark.parametrize("floor", ["EURD1337,00", "EURC0,", "EUR0,00"])
def test_the_floor_tells_the_currency_of_an_interim_report(floor: str) -> None:
    assert only(made.mt942([Entry(amount=1)], floor=floor)).statement.currency == "EUR"


# --- bytes ---


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r", "@@"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "iso-8859-1", "utf-8-sig"])
def test_line_ends_and_encodings_make_no_difference(line_end: str, encoding: str) -> None:
    entries = [Entry(amount=1, text=german("166", purpose="Überweisung für Müller", name="Jörg Groß"))]
    whole = only(made.mt940(entries, line_end=line_end, encoding=encoding))
    assert whole.lines[0].remittance == "Überweisung für Müller"
    assert whole.lines[0].counterparty.name == "Jörg Groß"
    assert whole.statement.balanced is True


def test_the_euro_sign_of_windows_and_its_undefined_bytes_are_read() -> None:
    content = GOOD.replace(b"RE-1", b"RE-1 5 \x80 \x81")
    assert only(content).lines[0].remittance == "RE-1 5 € \x81"


def test_a_last_line_without_a_line_end_is_read() -> None:
    assert only(GOOD.removesuffix(b"\r\n-\r\n")).statement.balanced is True


class Dripping(io.BytesIO):
    """A stream that gives one byte at a time."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(1)


def test_a_stream_may_give_its_bytes_in_any_pieces() -> None:
    (whole,) = gather(mt940.read(Dripping(GOOD)))
    assert whole.statement.balanced is True


class Endless(io.BytesIO):
    """A statement of `count` lines that is written while it is read."""

    def __init__(self, count: int) -> None:
        super().__init__()
        text = german("166", purpose="EREF+E-1 SVWZ+Rechnung 4711", name="Anna Beispiel")
        entry = "".join(f"{line}\r\n" for line in Entry(amount=1, text=text).lines())
        head = f":20:A\r\n:25:{ACCOUNT}\r\n:28C:1\r\n:60F:C260105EUR0,\r\n"
        end = f":62F:C260105EUR{count // 100},{count % 100:02d}\r\n-\r\n"
        self._parts = (
            part.encode() for part in itertools.chain([head], itertools.repeat(entry, count), [end])
        )

    def read(self, size: int | None = -1, /) -> bytes:
        return b"".join(itertools.islice(self._parts, 100))


def test_memory_stays_flat_however_long_the_statement() -> None:
    tracemalloc.start()
    try:
        last: Item | None = None
        for item in mt940.read(Endless(6000)):
            last = item
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(last, Statement)
    assert (last.lines, last.balanced) == (6000, True)
    assert peak < 2_000_000


# --- the bytes of one line ---


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r", "@@"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-8-sig"])
def test_the_fragment_of_a_line_is_its_bytes_in_the_file_with_continuation_and_text(
    line_end: str, encoding: str
) -> None:
    text = german("166", purpose="Überweisung für Müller " * 4, name="Jörg Groß")
    entries = [
        Entry(amount=1),
        Entry(amount=2, extra="/OCMT/EUR3,00/", text=text),
        Entry(amount=3, text=["a", "b"]),
    ]
    content = made.mt940(entries, line_end=line_end, encoding=encoding)
    lines = text.split("\n")
    expected = [
        [":61:2601050105C0,01NTRFNONREF"],
        [":61:2601050105C0,02NTRFNONREF", "/OCMT/EUR3,00/", f":86:{lines[0]}", *lines[1:]],
        [":61:2601050105C0,03NTRFNONREF", ":86:a", ":86:b"],
    ]
    for position, written in enumerate(expected, start=1):
        assert mt940.fragment(io.BytesIO(content), position) == "".join(
            line + line_end for line in written
        ).encode(encoding.removesuffix("-sig"))


def test_the_fragment_of_a_line_ends_before_blank_lines_dashes_and_what_is_about_the_statement() -> None:
    messages = [
        Message(entries=(Entry(amount=1, text="a\n\n"),), behind=(":86:SUMME 1",)),
        Message(entries=(Entry(amount=2, text="b\n-"),), closing=None),
        Message(entries=(Entry(amount=3, text="c"),), end="", closing=None),
    ]
    stream = io.BytesIO(mt940_file(messages, line_end="\n").removesuffix(b"\n"))
    assert [mt940.fragment(stream, position).splitlines()[1:] for position in (3, 1, 2)] == [
        [b":86:c"],
        [b":86:a"],
        [b":86:b"],
    ]


def test_a_line_that_was_refused_has_a_fragment_too() -> None:
    content = made.mt940([Entry(amount=1, mark="X", text="a"), Entry(amount=2, text="b")])
    assert mt940.fragment(io.BytesIO(content), 1) == b":61:2601050105X0,01NTRFNONREF\r\n:86:a\r\n"


def test_fragments_are_counted_over_all_statements_of_a_file_in_pieces_of_any_size() -> None:
    messages = [Message(entries=(Entry(amount=number, text=f"T{number}"),)) for number in range(1, 9)]
    content = mt940_file(messages)
    for stream in (io.BytesIO(content), Dripping(content)):
        for number in (1, 5, 8):
            assert mt940.fragment(stream, number).endswith(f":86:T{number}\r\n".encode())


def test_a_fragment_is_found_far_into_a_long_file() -> None:
    messages = [
        Message(entries=tuple(Entry(amount=1, text=f"T{number}-{at}") for at in range(200)))
        for number in range(20)
    ]
    stream = io.BytesIO(mt940_file(messages))
    assert mt940.fragment(stream, 3_801) == b":61:2601050105C0,01NTRFNONREF\r\n:86:T19-0\r\n"


@pytest.mark.parametrize("position", [-1, 0, 2])
def test_a_line_that_the_file_does_not_have_has_no_fragment(position: int) -> None:
    with pytest.raises(NoSuchLine):
        mt940.fragment(io.BytesIO(GOOD), position)


# --- which files are ours ---


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (GOOD, "mt940"),
        (GOOD.replace(b"\r\n", b"\r"), "mt940"),
        (GOOD.replace(b"\r\n", b"@@"), "mt940"),
        (b"\xef\xbb\xbf" + GOOD, "mt940"),
        (b"ABNANL2A\r\n940\r\nABNANL2A\r\n" + GOOD, "mt940"),
        (made.mt942([Entry(amount=1)]), "mt942"),
        (GOOD + made.mt942([Entry(amount=1)]), "mt940"),
        (camt.camt053([camt.credit(1250, remittance=":20:x\n:25:y\n:60F:z")]), None),
        (b"Datum;Text;Betrag\n05.01.2026;um 12:20:25:00;1,00\n", None),
        (b'"Datum","Text"\n"05.01.26",":20:x :25:y"\n', None),
        (b":20:A\n", None),
        (b":61:2601050105C1,00NTRFNONREF\n", None),
        (b"<html>\n:20:A\n:25:B\n</html>", None),
        (b"OFXHEADER:100\nDATA:OFXSGML\n", None),
        (b"01,1,2,3/\n02,1/\n", None),
        (b"", None),
    ],
)
def test_only_messages_are_taken_for_messages(content: bytes, expected: str | None) -> None:
    assert mt940.identify(content) == expected


# --- another reader's word ---


def plain(number: int) -> Sequence[Message]:
    """Some messages without reversals, which the other reader counts the wrong way round."""

    def entries(message: int) -> Iterator[Entry]:
        for at in range(number):
            amount = (at * 7919 + message * 104_729) % 500_000 - 200_000
            day = date(2026, 1 + message, 1 + at % 28)
            yield Entry(
                amount=amount or 1, valued_on=day, booked_on=day, text=german("166", purpose=f"RE-{at}")
            )

    return [Message(entries=tuple(entries(message)), number=f"{message}/1") for message in range(4)]


def test_another_reader_finds_the_same_lines_sums_and_days_in_plain_files() -> None:
    for message in plain(60):
        content = mt940_file([message])
        ours = only(content)
        theirs = peer.parse(content.decode())
        assert len(theirs.transactions) == len(ours.lines) == 60
        assert [Money.parse(str(one.data["amount"].amount), "EUR") for one in theirs.transactions] == [
            line.amount for line in ours.lines
        ]
        assert [date(*one.data["date"].timetuple()[:3]) for one in theirs.transactions] == [
            line.valued_on for line in ours.lines
        ]
        assert [date(*one.data["entry_date"].timetuple()[:3]) for one in theirs.transactions] == [
            line.booked_on for line in ours.lines
        ]
        closing = theirs.data["final_closing_balance"].amount
        assert ours.statement.closing is not None
        assert Money.parse(str(closing.amount), closing.currency) == ours.statement.closing.amount
        assert ours.statement.balanced is True


def test_another_reader_finds_the_same_reversals_once_its_sign_of_a_reversed_credit_is_put_right() -> None:
    entries = [
        Entry(amount=5000),
        Entry(amount=-5000, mark="RC"),
        Entry(amount=-70),
        Entry(amount=70, mark="RD"),
    ]
    content = made.mt940(entries)
    theirs = peer.parse(content.decode()).transactions
    as_given = [Money.parse(str(one.data["amount"].amount), "EUR").minor for one in theirs]
    assert as_given == [5000, 5000, -70, 70]
    put_right = [
        -amount if one.data["status"] == "RC" else amount
        for one, amount in zip(theirs, as_given, strict=True)
    ]
    assert put_right == [line.amount.minor for line in only(content).lines] == [5000, -5000, -70, 70]


def test_a_line_its_amount_and_its_other_side_cannot_be_altered_once_they_are_read() -> None:
    line = line_of(Entry(amount=1250, text=german("166", purpose="RE-1", name="Anna Beispiel")))
    with pytest.raises(dataclasses.FrozenInstanceError):
        line.position = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        line.amount.minor = 1  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        line.counterparty.name = "Otto"  # type: ignore[misc]
    assert line == dataclasses.replace(line)
    assert hash(line) == hash(dataclasses.replace(line))
