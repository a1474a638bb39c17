"""BAI2 files: what is read of them, how their control totals are proved, and what is said of broken ones."""

from __future__ import annotations

import contextlib
import io
import random
import time
import tracemalloc
from datetime import date
from typing import Any

import pytest
from bai2.bai2 import parse_from_string

from ledger.money import Money
from reconciliation.formats import bai2 as reader
from reconciliation.formats import detect
from reconciliation.statement import (
    Header,
    Line,
    LineStatus,
    NoSuchLine,
    Statement,
    StatementKind,
    UnreadableFile,
    WholeStatement,
    gather,
)
from tests.factories.bai2 import HEADER, Grouped, Stated, bai2, transaction

DAY = date(2026, 11, 19)
PROVED = Stated(entries=[transaction("1250", "195"), transaction("300", "495")], closing=100950)


def read(content: bytes) -> list[WholeStatement]:
    return list(gather(reader.read(io.BytesIO(content))))


def only(content: bytes) -> WholeStatement:
    (whole,) = read(content)
    return whole


def line_of(entry: list[str], **stated: Any) -> Line:
    (line,) = only(bai2(Stated(entries=[entry], **stated))).lines
    return line


def problems_of(content: bytes) -> tuple[str, ...]:
    return only(content).statement.problems


# --- what is read ---


def test_an_account_is_read_with_its_balances_lines_and_proof() -> None:
    whole = only(bai2(PROVED))
    statement, header = whole.statement, whole.statement.header
    assert (header.format, header.statement_id, header.account.other) == ("bai2", "F-1", "0532013000")
    assert (header.from_on, header.to_on, header.currency) == (DAY, DAY, "EUR")
    assert [line.amount for line in whole.lines] == [Money(1250, "EUR"), Money(-300, "EUR")]
    assert statement.opening is not None
    assert (statement.opening.amount, statement.opening.kind) == (Money(100000, "EUR"), "010")
    assert statement.closing is not None
    assert (statement.closing.amount, statement.closing.kind) == (Money(100950, "EUR"), "015")
    assert (statement.balanced, statement.problems) == (True, ())


def test_the_fields_of_a_transaction_are_kept() -> None:
    line = line_of(transaction("1250", "142", bank="B-77", customer="C-9", text=["Invoice RE-1, thanks"]))
    assert (line.booked_on, line.valued_on, line.status) == (DAY, None, LineStatus.BOOKED)
    assert (line.bank_reference, line.transaction_code) == ("B-77", "142")
    assert (line.remittance, line.reference, line.position) == ("Invoice RE-1, thanks C-9", None, 1)


def test_a_customer_reference_that_is_a_creditor_reference_is_one() -> None:
    line = line_of(transaction(customer="RF18539007547034"))
    assert (line.reference, line.remittance) == ("RF18539007547034", "Invoice RE-1")


def test_an_account_number_that_is_an_iban_is_one() -> None:
    header = only(bai2(Stated(account="DE02120300000000202051"))).statement.header
    assert (header.account.iban, header.account.other) == ("DE02120300000000202051", None)


@pytest.mark.parametrize(
    ("code", "minor"),
    [
        *[("100", None), ("400", None)],
        *[(code, 5) for code in ("108", "191", "399", "398", "940")],
        *[(code, -5) for code in ("408", "555", "699", "697", "970")],
    ],
)
def test_a_type_code_says_whether_money_came_or_went(code: str, minor: int | None) -> None:
    line = line_of(transaction("5", code))
    assert (line.status is LineStatus.BOOKED) == (minor is not None)
    if minor is not None:
        assert line.amount.minor == minor


def test_a_total_among_the_transactions_is_shown_and_not_counted() -> None:
    whole = only(bai2(Stated(entries=[transaction("5", "100")], closing=100000)))
    assert [line.status for line in whole.lines] == [LineStatus.INFO]
    assert whole.statement.booked == Money(0, "EUR")
    assert "1 line with the type code of a balance or a total, not counted." in whole.statement.problems


def test_a_text_without_money_is_shown_and_not_counted() -> None:
    whole = only(bai2(Stated(entries=[transaction("", "890")], closing=100000)))
    assert [(line.status, line.amount.minor, line.remittance) for line in whole.lines] == [
        (LineStatus.INFO, 0, "Invoice RE-1")
    ]
    assert "1 line that only informs, not counted." in whole.statement.problems


@pytest.mark.parametrize(
    ("funds", "valued_on"),
    [
        ("", None),
        ("0", None),
        ("1", None),
        ("2", None),
        ("Z", None),
        ("V,261123,", date(2026, 11, 23)),
        ("V,261123,2400", date(2026, 11, 23)),
        ("V,,", None),
        ("S,1000,200,50", None),
        ("S,,200,", None),
        ("D,2,0,1000,1,250", None),
        ("D,0", None),
    ],
)
def test_the_parts_of_an_amount_by_day_shift_no_field(funds: str, valued_on: date | None) -> None:
    line = line_of(transaction(funds=funds, customer="C-9"))
    assert (line.valued_on, line.bank_reference, line.remittance) == (valued_on, "B-1", "Invoice RE-1 C-9")


def test_text_goes_on_over_continuations_and_may_hold_commas_and_strokes() -> None:
    text = ["Invoice RE-1, of 1/11,", "  part 2/3", "and end"]
    assert line_of(transaction(text=text)).remittance == "Invoice RE-1, of 1/11, part 2/3 and end"


def test_a_record_may_end_with_a_stroke_or_without_and_fields_at_its_end_may_lack() -> None:
    short = [["16,195,5/"], ["16,195,5,,,,/"], ["16,195,5,,,"], ["16,195,5,0,,,Text/"]]
    whole = only(bai2(Stated(entries=short)))
    assert [(line.amount.minor, line.remittance) for line in whole.lines] == [(5, None)] * 3 + [(5, "Text")]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "   \r\n", "\n\n"])
def test_any_line_end_and_filling_is_read(line_end: str) -> None:
    assert problems_of(bai2(PROVED, line_end=line_end)) == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_letters_are_read_as_their_bytes_show(encoding: str) -> None:
    content = bai2(Stated(entries=[transaction(text=["Änne Müller"])]), encoding=encoding)
    assert only(content).lines[0].remittance == "Änne Müller"


@pytest.mark.parametrize(
    "figures",
    [
        "010,500,,/|88,015,700,,/",  # the mark at a line's end is the comma between two fields
        "010,500,,,/|88,015,700,,/",  # and some write that comma besides
        "010,500,,,015/|88,700,,/",  # a figure may go on in the next line
        "010,500,4,0,015,700,,/",
        "010,500,,S,100,200,200,015,700,,/",
        "010,500,,D,2,0,300,1,200,015,700,,/",
        "010,500,,V,261120,,015,700,,/",
        "040,900,,,010,+500,,,072,,,,015,700,,,,/",
    ],
)
def test_the_figures_of_an_account_are_told_apart_however_they_are_cut(figures: str) -> None:
    content = bai2(Stated(opening=None)).replace(
        b"03,0532013000,EUR,,,,/", b"03,0532013000,EUR," + figures.replace("|", "\n").encode()
    )
    statement = only(content).statement
    assert statement.opening is not None
    assert statement.closing is not None
    assert (statement.opening.amount.minor, statement.closing.amount.minor) == (500, 700)


def test_an_overdrawn_balance_is_below_zero() -> None:
    whole = only(bai2(Stated(opening=-500, closing=750, entries=[transaction("1250")])))
    assert (whole.statement.balanced, whole.statement.problems) == (True, ())


@pytest.mark.parametrize(
    ("account", "group", "currency"), [("GBP", "EUR", "GBP"), ("", "GBP", "GBP"), ("JPY", "", "JPY")]
)
def test_the_currency_is_that_of_the_account_or_of_its_group(account: str, group: str, currency: str) -> None:
    content = bai2(
        Grouped(accounts=[Stated(currency=account, entries=[transaction("1250")])], currency=group)
    )
    assert only(content).lines[0].amount == Money(1250, currency)


def test_where_no_currency_is_named_the_one_of_the_standard_is_taken_and_said() -> None:
    whole = only(bai2(Stated(currency="", entries=[transaction("1250")])))
    assert whole.lines[0].amount == Money(1250, "USD")
    assert (
        "Neither the account nor its group names a currency; the standard means USD then."
        in whole.statement.problems
    )


@pytest.mark.parametrize(
    ("modifier", "kind"),
    [
        *[(code, StatementKind.STATEMENT) for code in ("", "2", "4")],
        *[(code, StatementKind.REPORT) for code in "13"],
    ],
)
def test_an_interim_report_is_no_statement_of_the_day(modifier: str, kind: StatementKind) -> None:
    assert only(bai2(Grouped(accounts=[PROVED], modifier=modifier))).statement.header.kind is kind


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (
            "2",
            "The bank takes back what it reported before: its lines are not counted; a person must see to it.",
        ),
        (
            "3",
            "The bank corrects what it reported before: its lines are not counted; a person must see to it.",
        ),
        ("4", "The bank marks this report as a test: its lines are not counted; a person must see to it."),
    ],
)
def test_what_a_bank_takes_back_or_only_tests_is_shown_and_not_counted(status: str, sentence: str) -> None:
    whole = only(bai2(Grouped(accounts=[PROVED], status=status)))
    assert {line.status for line in whole.lines} == {LineStatus.INFO}
    assert sentence in whole.statement.problems


def test_several_groups_and_accounts_are_statements_of_their_own() -> None:
    first = Grouped(accounts=[PROVED, Stated(account="2", entries=[transaction()])])
    wholes = read(
        bai2(first, Grouped(accounts=[Stated(account="3", entries=[transaction()])], as_of="261120"))
    )
    assert [whole.statement.header.account.other for whole in wholes] == ["0532013000", "2", "3"]
    assert [line.position for whole in wholes for line in whole.lines] == [1, 2, 3, 4]
    assert [line.booked_on for whole in wholes for line in whole.lines] == [DAY] * 3 + [date(2026, 11, 20)]


def test_two_files_in_one_are_read_as_two() -> None:
    assert len(read(bai2(PROVED) + bai2(PROVED))) == 2


# --- control totals ---


def test_a_wrong_total_of_an_account_is_named() -> None:
    assert problems_of(bai2(Stated(total=7, closing=100000))) == (
        "The control total of the account is 7, but its amounts make 200000.",
        "The statement has no lines.",
    )


def test_a_wrong_number_of_records_of_an_account_is_named() -> None:
    assert "The account says it has 9 records, but it has 2." in problems_of(bai2(Stated(records=9)))


def test_a_wrong_total_of_a_group_is_named_at_its_last_account() -> None:
    wholes = read(bai2(Grouped(accounts=[PROVED, PROVED], total=7), PROVED))
    sentence = "The control total of the group is 7, but its amounts make 405000."
    assert [sentence in whole.statement.problems for whole in wholes] == [False, True, False]


def test_a_wrong_total_of_the_file_is_named_at_its_last_account() -> None:
    wholes = read(bai2(PROVED, PROVED, total=7))
    sentence = "The control total of the file is 7, but its amounts make 405000."
    assert [sentence in whole.statement.problems for whole in wholes] == [False, True]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (b"98,202500,1,6/", b"98,202500,3,6/", "The group says it holds 3 accounts, but it holds 1."),
        (b"98,202500,1,6/", b"98,202500,1,7/", "The group says it has 7 records, but it has 6."),
        (
            b"98,202500,1,6/",
            b"98,202500,,/",
            "The group says it holds no number of accounts, but it holds 1.",
        ),
        (b"98,202500,1,6/", b"98/", "The group states no control total."),
        (b"99,202500,1,8/", b"99,202500,2,8/", "The file says it holds 2 groups, but it holds 1."),
        (b"99,202500,1,8/", b"99,202500,1,80/", "The file says it has 80 records, but it has 8."),
        (b"49,202500,4/", b"49,,4/", "The account states no control total."),
    ],
)
def test_each_disagreement_with_a_trailer_is_named(old: bytes, new: bytes, sentence: str) -> None:
    content = bai2(PROVED)
    assert content.count(old) == 1
    assert sentence in problems_of(content.replace(old, new))


# --- refused lines ---

REFUSED = {
    "an amount of letters": ("12a", "195", "", "The amount of a line is not a whole number."),
    "an amount with a point": ("12.50", "195", "", "The amount of a line is not a whole number."),
    "digits of another script": ("١٢", "195", "", "The amount of a line is not a whole number."),
    "an underscore": ("1_0", "195", "", "The amount of a line is not a whole number."),
    "no amount": ("", "195", "", "A line has no amount."),
    "an amount with a sign": (
        "-5",
        "195",
        "",
        "The amount of a line has a sign, but its type code says if money came or went.",
    ),
    "an amount beyond all money": (
        "9" * 17,
        "195",
        "",
        "The amount of a line is larger than any amount of money.",
    ),
    "a number without end": ("9" * 5000, "195", "", "The amount of a line is not a whole number."),
    "a type code of letters": ("5", "1x5", "", "The type code of a line is not three digits."),
    "no type code": ("5", "", "", "The type code of a line is not three digits."),
    "a type code without direction": (
        "5",
        "905",
        "",
        "The type code 905 does not say whether money came or went.",
    ),
    "an unknown funds type": ("5", "195", "Q", "The funds type of an amount is none of BAI2."),
    "a bad day of value": ("5", "195", "V,260230,", "A date in the file is no day of the calendar."),
    "a day of value that is none": ("5", "195", "V,soon,", "A date in the file is not written as YYMMDD."),
    "parts that are not there": ("5", "195", "D,99,0", "An amount has fewer parts than it says."),
    "a part of letters": ("5", "195", "S,a,b,c", "The day or the parts of a line's amount cannot be read."),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_line_that_cannot_be_read_is_refused_and_the_others_are_kept(name: str) -> None:
    amount, code, funds, reason = REFUSED[name]
    bad = transaction(amount, code, funds=funds)
    whole = only(bai2(Stated(entries=[transaction("7"), bad, transaction("8", bank="B-3")])))
    assert [line.amount.minor for line in whole.lines] == [7, 8]
    assert [(one.position, one.reason, one.line) for one in whole.refused] == [(2, reason, 5)]
    assert (whole.statement.refused, str(whole.refused[0]) in whole.statement.problems) == (1, True)


def test_a_control_total_over_an_unreadable_amount_is_said_not_to_be_proved() -> None:
    sentence = "The control total of the account cannot be proved, for not all its amounts can be read."
    assert sentence in problems_of(bai2(Stated(entries=[transaction("12a")])))


def test_a_file_with_more_than_a_thousand_refused_lines_is_refused() -> None:
    bad = [transaction("12a")] * 1001
    assert only(bai2(Stated(entries=bad[:1000]))).statement.refused == 1000
    assert refusal_of(bai2(Stated(entries=bad))).message == "More than 1000 lines of the file cannot be read."


# --- refused files ---

GOOD = bai2(PROVED)


def changed(old: bytes, new: bytes) -> bytes:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


PLACE = "A record of the file stands where none of its kind can."
CUT_OFF = "The file ends in the middle: it was cut off on its way."
NO_RECORD = "A line of the file is no record of BAI2."
TRANSACTION = b"16,195,1250,,B-1,,Invoice RE-1\n"

BAD: dict[str, tuple[bytes, str, int | None]] = {
    "an empty file": (b"", "The file holds no account.", None),
    "a file without groups": (f"{HEADER}\n99,0,0,2/\n".encode(), "The file holds no account.", 2),
    "a group without accounts": (bai2(Grouped()), "A group of the file holds no account.", 3),
    "a PDF": (b"%PDF-1.7\n" + GOOD, NO_RECORD, 1),
    "another first record": (GOOD.partition(b"\n")[2], PLACE, 1),
    "a continuation first": (b"88,x\n" + GOOD, NO_RECORD, 1),
    "a line that is none": (changed(TRANSACTION, TRANSACTION + b"more text\n"), NO_RECORD, 5),
    "an unknown record": (changed(TRANSACTION, TRANSACTION + b"17,5/\n"), NO_RECORD, 5),
    "version 1": (changed(b",,,2/", b",,,1/"), "The file is not written in version 2 of the format.", 1),
    "no version": (changed(b",,,2/", b"/"), "The file is not written in version 2 of the format.", 1),
    "a group without a day": (
        changed(b",261119,", b",,"),
        "A group of the file does not say of which day it is.",
        2,
    ),
    "the thirtieth of February": (
        changed(b",261119,", b",260230,"),
        "A date in the file is no day of the calendar.",
        2,
    ),
    "a day of five digits": (
        changed(b",261119,", b",26119,"),
        "A date in the file is not written as YYMMDD.",
        2,
    ),
    "an unknown currency": (changed(b",EUR,", b",XYZ,"), "'XYZ' is not an ISO 4217 currency code.", 3),
    "no account number": (changed(b"03,0532013000", b"03,"), "An account of the file has no number.", 3),
    "a balance of letters": (
        changed(b"010,100000", b"010,ten"),
        "A balance of the account is not a whole number.",
        3,
    ),
    "a balance with decimals": (
        changed(b"010,100000", b"010,1000.00"),
        "A balance of the account is not a whole number.",
        3,
    ),
    "a balance without its code": (
        changed(b"010,100000", b"10,100000"),
        "The type code of a balance is not three digits.",
        3,
    ),
    "a total of letters": (
        changed(b"49,202500", b"49,x"),
        "A control total of the file is not a whole number.",
        6,
    ),
    "an account in an account": (changed(TRANSACTION, b"03,2,EUR,,,,/\n"), PLACE, 4),
    "a group in an account": (changed(TRANSACTION, b"02,a,b,1,261119,,,2/\n"), PLACE, 4),
    "no end of an account": (changed(b"49,202500,4/\n", b""), PLACE, 6),
    "no end of a group": (changed(b"98,202500,1,6/\n", b""), PLACE, 7),
    "no end of the file": (changed(b"99,202500,1,8/\n", b""), CUT_OFF, None),
    "a transaction outside": (changed(b"98,202500", TRANSACTION + b"98,202500"), PLACE, 7),
    "text behind the end": (GOOD + b"more\n", NO_RECORD, 9),
    "a zero byte": (
        changed(b"Invoice RE-1\n16", b"Inv\0ice\n16"),
        "The file holds a zero byte, which no text does.",
        4,
    ),
    "bytes of no encoding": (
        changed(b"Invoice RE-1\n16", b"Inv\x81ice\n16"),
        "The file holds bytes that belong to no encoding it can be in.",
        4,
    ),
    "a record too long": (
        changed(TRANSACTION, TRANSACTION + (b"88," + b"x" * 60_000 + b"\n") * 2),
        "A record of the file is too long to be one.",
        4,
    ),
    "a line too long": (
        changed(b"Invoice RE-1\n16", b"x" * 200_000 + b"\n16"),
        "A line of the file is longer than 65536 bytes.",
        4,
    ),
}


def refusal_of(content: bytes) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as refusal:
        read(content)
    return refusal.value


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_its_sentence(name: str) -> None:
    content, sentence, line = BAD[name]
    refusal = refusal_of(content)
    assert (refusal.message, refusal.line) == (sentence, line)


def test_a_file_cut_off_anywhere_is_refused() -> None:
    for end in range(len(GOOD) - len(b"99,202500,1,8/\n")):
        refusal_of(GOOD[:end])


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_file_is_read_or_refused_but_never_breaks_the_reader(seed: int) -> None:
    chance = random.Random(seed)
    rich = bai2(
        PROVED, Stated(entries=[transaction(funds="D,2,0,5,1,6"), transaction(funds="V,261120,0900")])
    )
    for _ in range(100):
        content = bytearray(rich)
        for _ in range(chance.randrange(1, 6)):
            content[chance.randrange(len(content))] = chance.choice(b",/\n0189SVD-\x00\xff x")
        with contextlib.suppress(UnreadableFile):
            read(bytes(content))


class Endless(io.RawIOBase):
    """A hundred million bytes of one kind behind the beginning of a file; it knows how much was read."""

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


@pytest.mark.parametrize("filling", [b"x", b"88,x\n", b"88,", b"16,195\n"])
def test_a_file_without_end_is_refused_long_before_it_is_read(filling: bytes) -> None:
    endless = Endless(GOOD[: GOOD.index(TRANSACTION)], filling)
    with pytest.raises(UnreadableFile):
        list(reader.read(endless))  # type: ignore[arg-type]
    assert endless.given <= 2_000_000


# --- streaming, fragments, oracle ---


def test_memory_does_not_grow_with_the_file() -> None:
    content = bai2(Stated(entries=[transaction(str(number)) for number in range(1, 20_001)]))
    stream = io.BytesIO(content)
    tracemalloc.start()
    assert sum(1 for item in reader.read(stream) if isinstance(item, Line)) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_a_header_stands_before_the_lines_and_the_statement_behind() -> None:
    kinds = [type(item) for item in reader.read(io.BytesIO(bai2(PROVED, PROVED)))]
    assert kinds == [Header, Line, Line, Statement] * 2


def test_a_fragment_is_a_transaction_with_all_that_continues_it() -> None:
    entries = [transaction("1"), transaction("2", text=["a", "b"]), transaction("3")]
    content = bai2(Stated(entries=entries), line_end="\r\n")
    assert reader.fragment(io.BytesIO(content), 2) == b"16,195,2,,B-1,,a\r\n88,b\r\n"
    for position in (-1, 0, 4):
        with pytest.raises(NoSuchLine):
            reader.fragment(io.BytesIO(content), position)


def test_the_fragment_of_a_refused_line_shows_what_cannot_be_read() -> None:
    content = bai2(Stated(entries=[transaction("1"), transaction("12a")]))
    assert b"12a" in reader.fragment(io.BytesIO(content), 2)


@pytest.mark.parametrize("seed", range(5))
def test_the_library_that_reads_whole_files_finds_the_same(seed: int) -> None:
    chance = random.Random(seed)
    accounts = [Stated(account=str(n), entries=list(random_entries(chance)), closing=n) for n in range(1, 4)]
    content = bai2(Grouped(accounts=accounts, currency="EUR"), Grouped(accounts=accounts))
    theirs = parse_from_string(content.decode(), check_integrity=True)
    ours = read(content)
    their_accounts = [account for group in theirs.children for account in group.children]
    assert len(ours) == len(their_accounts) == 6
    for whole, account in zip(ours, their_accounts, strict=True):
        assert not [problem for problem in whole.statement.problems if "control total" in problem]
        assert [
            (abs(line.amount.minor), line.transaction_code, line.bank_reference) for line in whole.lines
        ] == [(one.amount, one.type_code.code, one.bank_reference) for one in account.children]
        assert [line.amount.minor > 0 for line in whole.lines] == [
            one.type_code.transaction.value == "credit" for one in account.children
        ]
        assert [line.remittance for line in whole.lines] == [one.text for one in account.children]


def random_entries(chance: random.Random) -> list[list[str]]:
    funds = ["", "0", "Z", "V,261120,0900", "S,1,2,3", "D,1,0,5"]
    return [
        transaction(
            str(chance.randrange(1, 10**6)),
            chance.choice(["142", "165", "195", "455", "475", "555"]),
            funds=chance.choice(funds),
            bank=f"B-{number}",
            text=[f"Invoice RE-{number}", "of November"][: chance.randrange(1, 3)],
        )
        for number in range(20)
    ]


# --- identifying ---


def test_a_bai2_file_is_known_by_its_first_records() -> None:
    for content in (GOOD, b"\xef\xbb\xbf" + GOOD, bai2(PROVED, line_end="\r\n"), b"\n" + GOOD):
        assert reader.identify(content) == "bai2"
        assert detect.read_file(io.BytesIO(content))[0] == "bai2"


@pytest.mark.parametrize(
    "head", [b"", b"01,a,b\n", b"01;x\n02;y\n", b"01,2026,x,y,z\n03,a,b\n", b"!Type:Bank\n"]
)
def test_other_files_are_not_taken_for_bai2(head: bytes) -> None:
    assert reader.identify(head) is None


@pytest.mark.parametrize("filling", [b" ", b"\n", b" \n", b"88,\n", b"88, ", b","])
def test_a_head_of_nothing_but_filling_is_decided_at_once(filling: bytes) -> None:
    head = HEADER.encode() + filling * (64 * 1024 // len(filling))
    begin = time.process_time()
    assert reader.identify(head) is None
    assert time.process_time() - begin < 0.5
