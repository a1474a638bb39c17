"""QIF files: what is read of them, what they prove of themselves, and what is said of broken ones."""

from __future__ import annotations

import contextlib
import io
import random
import tracemalloc
from datetime import date
from typing import Any

import pytest

from ledger.money import Money, UnknownCurrency
from reconciliation import inspection
from reconciliation.formats import detect, qif
from reconciliation.formats.qif.proof import AmbiguousAmounts, AmbiguousDates
from reconciliation.formats.written import DateOrder
from reconciliation.statement import (
    Account,
    Balance,
    Header,
    Line,
    LineStatus,
    NoSuchLine,
    Statement,
    UnreadableFile,
    WholeStatement,
    gather,
)
from tests.factories.qif import account, record, section
from tests.factories.qif import qif as written

DAY = date(2026, 11, 24)
UNPROVED = "The statement has no opening and closing balance, so its lines cannot be proved."
UNNAMED = "The statement does not name its account."


def read(content: bytes, **told: Any) -> list[WholeStatement]:
    return list(gather(qif.read(io.BytesIO(content), **{"currency": "EUR"} | told)))


def only(content: bytes, **told: Any) -> WholeStatement:
    (whole,) = read(content, **told)
    return whole


def line_of(*fields: str, **told: Any) -> Line:
    (line,) = only(written(section([*fields, "^"])), **told).lines
    return line


def dates_of(*texts: str, **told: Any) -> list[date | None]:
    content = written(section(*[record(on=text) for text in texts]))
    return [line.booked_on for line in only(content, **told).lines]


def amounts_of(*texts: str, **told: Any) -> list[int]:
    content = written(section(*[record(text) for text in texts]))
    return [line.amount.minor for line in only(content, **told).lines]


# --- what is read ---


def test_a_booking_is_read_with_all_that_is_known_of_it() -> None:
    line = line_of(
        "D24/11/2026", "T-12.50", "PAnna Amsel", "MInvoice RE-1", "N1001", "LOffice:Rent", "Cx", "AStreet 1"
    )
    assert (line.amount, line.booked_on, line.status) == (Money(-1250, "EUR"), DAY, LineStatus.BOOKED)
    assert (line.counterparty.name, line.remittance) == ("Anna Amsel", "Invoice RE-1 1001")
    assert (line.transaction_code, line.reference, line.details, line.position) == (
        "Office:Rent",
        None,
        (),
        1,
    )


def test_a_number_that_is_a_creditor_reference_is_one() -> None:
    line = line_of("D24/11/2026", "T5", "NRF18539007547034")
    assert (line.reference, line.remittance) == ("RF18539007547034", None)


def test_a_number_that_the_memo_repeats_is_not_said_twice() -> None:
    assert line_of("D24/11/2026", "T5", "MCheque 1001", "N1001").remittance == "Cheque 1001"


def test_the_account_block_names_the_account_and_the_caller_its_currency() -> None:
    header = only(written(account("Girokonto"), section(record()))).statement.header
    assert header == Header(
        format="qif",
        statement_id=None,
        sequence=None,
        account=Account(other="Girokonto", currency="EUR"),
        currency="EUR",
    )


def test_an_account_that_is_called_by_its_iban_has_one() -> None:
    header = only(written(account("DE02120300000000202051"), section(record()))).statement.header
    assert (header.account.iban, header.account.other) == ("DE02120300000000202051", None)


def test_a_file_without_account_blocks_says_that_its_account_has_no_name() -> None:
    assert only(written(section(record()))).statement.problems == (UNNAMED, UNPROVED)


@pytest.mark.parametrize("kind", ["Bank", "Cash", "CCard", "Oth A", "Oth L", "bank", "BANK ", "Oth  a"])
def test_all_kinds_of_accounts_with_money_are_read(kind: str) -> None:
    assert len(only(written(section(record(), kind=kind))).lines) == 1


def test_several_accounts_are_statements_of_their_own() -> None:
    parts = [
        account("A"),
        section(record("1.00")),
        account("B"),
        section(record("2.00"), record("3.00"), kind="Cash"),
    ]
    wholes = read(written(*parts))
    assert [whole.statement.header.account.other for whole in wholes] == ["A", "B"]
    assert [(line.amount.minor, line.position) for whole in wholes for line in whole.lines] == [
        (100, 1),
        (200, 2),
        (300, 3),
    ]


def test_a_list_of_accounts_is_no_statement_and_the_last_one_before_a_section_names_it() -> None:
    options, back = ["!Option:AutoSwitch"], ["!Clear:AutoSwitch"]
    listed = [*account("A"), "NB", "TBank", "^"]
    wholes = read(written(options, listed, back, account("A"), section(record())))
    assert [whole.statement.header.account.other for whole in wholes] == ["A"]


def test_a_type_that_is_repeated_before_each_record_goes_on_with_its_account() -> None:
    whole = only(written(account("A"), section(record("1.00")), section(record("2.00"))))
    assert [line.amount.minor for line in whole.lines] == [100, 200]


def test_another_type_without_an_account_block_is_another_account() -> None:
    wholes = read(written(section(record()), section(record(), kind="Cash")))
    assert len(wholes) == 2


def test_a_section_without_records_is_a_statement_without_lines() -> None:
    assert "The statement has no lines." in only(written(account(), section())).statement.problems


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\n\n", " \t\r\n"])
def test_any_line_end_is_read(line_end: str) -> None:
    assert len(only(written(account(), section(record(), record()), line_end=line_end)).lines) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_letters_are_read_as_their_bytes_show(encoding: str) -> None:
    line = only(written(section(record(payee="Änne Müller")), encoding=encoding)).lines[0]
    assert line.counterparty.name == "Änne Müller"


# --- balances ---


def opened(amount: str = "100.00") -> list[str]:
    return record(amount, "24/11/2026", "L[Girokonto]", payee="Opening Balance")


def test_the_opening_balance_is_no_booking_and_names_the_account() -> None:
    whole = only(written(section(opened(), record("12.50"))))
    assert whole.statement.header.account.other == "Girokonto"
    assert whole.statement.opening == Balance(amount=Money(10000, "EUR"), on=DAY, kind="Opening Balance")
    assert whole.statement.booked == Money(1250, "EUR")
    assert [(line.status, line.amount.minor, line.position) for line in whole.lines] == [
        (LineStatus.INFO, 10000, 1),
        (LineStatus.BOOKED, 1250, 2),
    ]


def test_only_the_first_record_can_be_the_opening_balance() -> None:
    whole = only(written(section(record("12.50"), opened())))
    assert (whole.statement.opening, whole.statement.booked) == (None, Money(11250, "EUR"))


@pytest.mark.parametrize(("stated", "balanced"), [("112.50", True), ("112.51", False)])
def test_the_balance_of_the_account_proves_the_lines(stated: str, balanced: bool) -> None:
    block = account("Girokonto", "Bank", f"${stated}", "/24/11/2026")
    assert only(written(block, section(opened(), record("12.50")))).statement.balanced is balanced


def test_a_balance_of_a_day_before_the_last_line_proves_nothing() -> None:
    block = account("Girokonto", "Bank", "$112.50", "/23/11/2026")
    statement = only(written(block, section(opened(), record("12.50")))).statement
    assert (statement.closing, statement.balanced) == (None, None)
    sentence = "The balance of the account is of a day before its last line, so it proves nothing."
    assert sentence in statement.problems


@pytest.mark.parametrize("block", [["$x", "/24/11/2026"], ["$112.50"], ["$112.50", "/30/02/2026"]])
def test_a_balance_that_cannot_be_read_is_named(block: list[str]) -> None:
    statement = only(written(account("Girokonto", "Bank", *block), section(record()))).statement
    assert "The balance of the account or its day cannot be read." in statement.problems


# --- splits ---


def test_the_parts_of_a_split_are_its_details() -> None:
    line = line_of("D24/11/2026", "T-10.00", "L--Split--", "SOffice", "ERent", "$-9.00", "SBank", "$-1.00")
    assert [(part.amount.minor, part.remittance, part.transaction_code) for part in line.details] == [
        (-900, "Rent", "Office"),
        (-100, None, "Bank"),
    ]


def test_parts_that_do_not_add_up_are_named() -> None:
    whole = only(written(section(record("-10.00", "24/11/2026", "SOffice", "$-9.00"))))
    assert "1 line whose parts do not add up to the whole." in whole.statement.problems
    assert len(whole.lines[0].details) == 1


@pytest.mark.parametrize("parts", [["SOffice", "$nine"], ["SOffice"], ["SOffice", "%50"]])
def test_parts_that_cannot_be_read_leave_the_whole(parts: list[str]) -> None:
    whole = only(written(section(record("-10.00", "24/11/2026", *parts))))
    assert (
        "1 line with parts that cannot all be read; only the whole is taken in." in whole.statement.problems
    )
    assert [(line.amount.minor, line.details) for line in whole.lines] == [(-1000, ())]


# --- what a file proves: the order of its days ---


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        (["24/11/2026", "03/04/2026"], [DAY, date(2026, 4, 3)]),
        (["11/24/2026", "03/04/2026"], [DAY, date(2026, 3, 4)]),
        (["2026-11-24", "2026-03-04"], [DAY, date(2026, 3, 4)]),
        (["2026/11/24"], [DAY]),
        (["20261124"], [DAY]),
        (["24.11.2026"], [DAY]),
        (["24-11-26", "3-4-26"], [DAY, date(2026, 4, 3)]),
        (["11/24/26", "03/04/26"], [DAY, date(2026, 3, 4)]),
        (["11/24'26", " 3/ 4'26"], [DAY, date(2026, 3, 4)]),
        (["24/11' 6"], [date(2006, 11, 24)]),
        (["31/12/69", "31/12/70"], [date(2069, 12, 31), date(1970, 12, 31)]),
        (["01/01/2026", "02/02/2026"], [date(2026, 1, 1), date(2026, 2, 2)]),
    ],
)
def test_the_order_of_days_is_what_the_dates_prove(texts: list[str], days: list[date]) -> None:
    assert dates_of(*texts) == days


@pytest.mark.parametrize(
    ("texts", "orders"),
    [
        (["03/04/2026"], ["DMY", "MDY"]),
        (["01/01/2026", "03/04/2026", "12/12/2026"], ["DMY", "MDY"]),
        (["24/11/26"], ["DMY", "YMD"]),
        (["03/04/05"], ["DMY", "MDY", "YMD"]),
        (["3/4'26"], ["DMY", "MDY"]),
    ],
)
def test_dates_that_fit_several_orders_are_refused_and_the_orders_named(
    texts: list[str], orders: list[str]
) -> None:
    with pytest.raises(AmbiguousDates) as refusal:
        dates_of(*texts)
    assert refusal.value.facts["orders"] == orders
    assert refusal.value.code == "ambiguous_dates"
    assert refusal.value.message == (
        f"The dates of the file can be read as {' and as '.join(orders)}, and nothing in it shows which: "
        "tell in which order they are."
    )


@pytest.mark.parametrize(
    ("order", "day"),
    [
        (DateOrder.DMY, date(2005, 4, 3)),
        (DateOrder.MDY, date(2005, 3, 4)),
        (DateOrder.YMD, date(2003, 4, 5)),
    ],
)
def test_the_caller_can_tell_the_order_of_days(order: DateOrder, day: date) -> None:
    assert dates_of("03/04/05", date_order=order) == [day]


def test_what_the_caller_tells_is_not_overruled_by_a_date_that_does_not_fit() -> None:
    whole = only(written(section(record(on="24/11/2026"), record(on="11/25/2026"))), date_order=DateOrder.DMY)
    assert ([line.booked_on for line in whole.lines], len(whole.refused)) == ([DAY], 1)


def test_dates_of_different_orders_are_refused() -> None:
    with pytest.raises(AmbiguousDates, match="not all in one order"):
        dates_of("24/11/2026", "11/25/2026")


def test_a_day_that_is_none_in_any_order_proves_nothing() -> None:
    content = written(section(record(on="30/02/2026"), record(on="11/24/2026")))
    assert [line.booked_on for line in only(content).lines] == [DAY]


def test_one_account_of_a_file_proves_the_order_of_the_other() -> None:
    parts = [account("A"), section(record(on="03/04/2026")), account("B"), section(record(on="11/24/2026"))]
    assert [line.booked_on for whole in read(written(*parts)) for line in whole.lines] == [
        date(2026, 3, 4),
        DAY,
    ]


def test_investments_prove_the_order_of_days_too() -> None:
    parts = [section(record(on="03/04/2026")), section(["D11/24/2026", "NBuy", "^"], kind="Invst")]
    assert [line.booked_on for whole in read(written(*parts)) for line in whole.lines] == [date(2026, 3, 4)]


# --- what a file proves: its decimal mark ---


@pytest.mark.parametrize(
    ("texts", "minors"),
    [
        (["12.50", "-0.05", "7", "+3.00", ".5", "3."], [1250, -5, 700, 300, 50, 300]),
        (["12,50", "-0,05", "7", "+3,00"], [1250, -5, 700, 300]),
        (["1,234.50", "1,234,567.00"], [123450, 123456700]),
        (["1.234,50", "1.234.567,00"], [123450, 123456700]),
        (["1'234.50", "1 234.50", "1\u00a0234.50"], [123450] * 3),
        (["1 234,50"], [123450]),
        (["1,234", "12.50"], [123400, 1250]),
        (["1.234", "12,50"], [123400, 1250]),
        (["1,234"], [123400]),
        (["1.234"], [123400]),
        (["12.5000"], [1250]),
        (["0.500"], [50]),
        (["100", "2000"], [10000, 200000]),
    ],
)
def test_the_decimal_mark_is_what_the_amounts_prove(texts: list[str], minors: list[int]) -> None:
    assert amounts_of(*texts) == minors


def test_three_decimals_or_thousands_are_refused_where_the_currency_has_three() -> None:
    with pytest.raises(AmbiguousAmounts, match="decimals or thousands"):
        amounts_of("1.234", currency="KWD")
    assert amounts_of("1.234", "0.5", currency="KWD") == [1234, 500]


def test_amounts_of_different_marks_are_refused() -> None:
    with pytest.raises(AmbiguousAmounts, match="Some amounts of the file have a decimal point"):
        amounts_of("12.50", "12,50")


# --- the currency ---


def test_without_a_currency_the_file_can_be_shown_but_has_none() -> None:
    whole = only(written(account(), section(record())), currency=None)
    assert (whole.statement.header.currency, whole.statement.header.account.currency) == (None, None)
    assert (whole.statement.currency, whole.lines[0].amount) == ("XXX", Money(1250, "XXX"))
    assert whole.statement.problems == ("The file does not name the currency of its amounts.", UNPROVED)


def test_a_currency_that_is_none_is_refused() -> None:
    with pytest.raises(UnknownCurrency):
        only(written(section(record())), currency="XYZ")


def test_decimals_are_those_of_the_currency() -> None:
    assert amounts_of("1250", currency="JPY") == [1250]
    whole = only(written(section(record("12.50"), record("1"))), currency="JPY")
    assert ([line.amount.minor for line in whole.lines], len(whole.refused)) == ([1], 1)


def test_a_file_is_inspected_without_anyone_telling_its_currency() -> None:
    (found,) = inspection.inspect(io.BytesIO(written(account(), section(record()))), name="a.qif")
    assert (found["format"], found["account"]["currency"], found["currency"]) == ("qif", None, "XXX")
    assert (found["lines"][0]["amount_minor"], found["lines"][0]["booked_on"]) == (1250, "2026-11-24")


def test_an_inspection_says_that_the_order_of_days_is_not_proved() -> None:
    (found,) = inspection.inspect(io.BytesIO(written(section(record(on="03/04/2026")))), name="a.qif")
    assert found["error"]["code"] == "ambiguous_dates"


# --- what is not imported ---


def test_investments_are_counted_and_said_not_to_be_imported() -> None:
    trade = ["D24/11/2026", "NBuy", "YShares", "I10.5", "Q3", "T31.50", "^"]
    parts = [
        account("Giro"),
        section(record()),
        account("Depot", "Invst"),
        section(trade, trade, kind="Invst"),
    ]
    bank, depot = read(written(*parts))
    assert (len(bank.lines), depot.lines, depot.statement.header.account.other) == (1, (), "Depot")
    assert (
        "The account holds investments: 2 investment transactions not imported." in depot.statement.problems
    )


def test_lists_are_counted_and_said_not_to_be_imported() -> None:
    categories = section(["NFood", "E", "^"], ["NRent", "E", "^"], kind="Cat")
    whole = only(written(categories, section(record())))
    assert "2 records of lists, such as of categories, not imported." in whole.statement.problems


def test_records_without_fields_are_no_lines_but_are_told() -> None:
    whole = only(written(section(["^"], record(), ["^"])))
    assert ([line.position for line in whole.lines], whole.statement.refused) == ([1], 0)
    assert "2 records without any field." in whole.statement.problems


def test_fields_that_nobody_knows_are_told() -> None:
    whole = only(written(section(record("12.50", "24/11/2026", "ZWhat"), record())))
    assert "1 line with fields that QIF does not know, which are left out." in whole.statement.problems


# --- refused lines ---

NO_DAY = "The date of a line is no day, or not written as the others of the file."
NO_AMOUNT = "An amount of a line is no number that fits the account's currency."

REFUSED = {
    "no date": (["T5.00", "PX"], "A line has no date."),
    "a blank date": (["D", "T5.00"], "A line has no date."),
    "the thirtieth of February": (["D30/02/2026", "T5.00"], NO_DAY),
    "a date of letters": (["Dyesterday", "T5.00"], NO_DAY),
    "a date with text behind": (["D24/11/2026 Transfer", "T5.00"], NO_DAY),
    "a year of three digits": (["D24/11/026", "T5.00"], NO_DAY),
    "digits of another script": (["D٢٤/١١/٢٠٢٦", "T5.00"], NO_DAY),
    "the year zero": (["D24/11/0000", "T5.00"], NO_DAY),
    "no amount": (["D24/11/2026", "PX"], "A line has no amount."),
    "a blank amount": (["D24/11/2026", "T "], "A line has no amount."),
    "an amount of letters": (["D24/11/2026", "Tfive"], NO_AMOUNT),
    "a currency in the amount": (["D24/11/2026", "T5.00 EUR"], NO_AMOUNT),
    "two signs": (["D24/11/2026", "T--5.00"], NO_AMOUNT),
    "the sign behind": (["D24/11/2026", "T5.00-"], NO_AMOUNT),
    "a fraction of a cent": (["D24/11/2026", "T5.0005"], NO_AMOUNT),
    "thirteen decimals": (["D24/11/2026", "T5.0000000000001"], NO_AMOUNT),
    "thousands of two digits": (["D24/11/2026", "T1,23,456.00"], NO_AMOUNT),
    "an amount beyond all money": (["D24/11/2026", f"T{'9' * 17}"], NO_AMOUNT),
    "an exponent": (["D24/11/2026", "T1e5"], NO_AMOUNT),
    "not a number": (["D24/11/2026", "TNaN"], NO_AMOUNT),
    "two amounts": (["D24/11/2026", "T5.00", "U6.00"], "A line states two amounts."),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_line_that_cannot_be_read_is_refused_and_the_others_are_kept(name: str) -> None:
    fields, reason = REFUSED[name]
    whole = only(written(section(record("7.00"), [*fields, "^"], record("8.00"))))
    assert [line.amount.minor for line in whole.lines] == [700, 800]
    assert [(one.position, one.reason, one.line) for one in whole.refused] == [(2, reason, 6)]
    assert (whole.statement.refused, str(whole.refused[0]) in whole.statement.problems) == (1, True)


def test_an_amount_that_is_said_twice_the_same_is_one() -> None:
    assert line_of("D24/11/2026", "U-5.00", "T-5.00").amount == Money(-500, "EUR")
    assert line_of("D24/11/2026", "U-5.00").amount == Money(-500, "EUR")


def test_a_file_with_more_than_a_thousand_refused_lines_is_refused() -> None:
    bad = [record("five")] * 1001
    assert only(written(section(*bad[:1000]))).statement.refused == 1000
    assert refusal_of(written(section(*bad))).message == "More than 1000 lines of the file cannot be read."


# --- refused files ---

GOOD = written(account(), section(record("1.00"), record("2.00")))

NO_QIF = "The file does not begin as a QIF file does."
NO_ACCOUNT = "The file holds no bank account, only lists such as of categories."
CUT_OFF = "The file ends in the middle: it was cut off on its way."
UNKNOWN = "The file has a section of a kind that QIF does not know."

BAD: dict[str, tuple[bytes, str, int | None]] = {
    "an empty file": (b"", NO_ACCOUNT, None),
    "only blanks": (b" \n\n", NO_ACCOUNT, None),
    "a PDF": (b"%PDF-1.7\n", NO_QIF, 1),
    "a record before any section": (b"D24/11/2026\n^\n" + GOOD, NO_QIF, 1),
    "only an end": (b"^\n", NO_QIF, 1),
    "an unknown section": (b"!Type:Weather\n^\n", UNKNOWN, 1),
    "an unknown header": (b"!Hello\n^\n", UNKNOWN, 1),
    "a header without a type": (b"!Type:\n^\n", UNKNOWN, 1),
    "only a list": (written(section(["NFood", "^"], kind="Cat")), NO_ACCOUNT, None),
    "only an account": (written(account()), NO_ACCOUNT, None),
    "a last record without an end": (GOOD[: GOOD.rindex(b"^")], CUT_OFF, 10),
    "a record without an end before a section": (
        GOOD[: GOOD.rindex(b"^")] + GOOD,
        "A record of the file is not closed (^) before the next section.",
        13,
    ),
    "a zero byte": (GOOD.replace(b"Anna", b"An\0a"), "The file holds a zero byte, which no text does.", 8),
    "bytes of no encoding": (
        GOOD.replace(b"Anna", b"An\x81a"),
        "The file holds bytes that belong to no encoding it can be in.",
        8,
    ),
    "two encodings": (
        GOOD.replace(b"Anna", "Änne".encode(), 1) + written(section(record(payee="Änne")), encoding="cp1252"),
        "The file holds bytes that belong to no encoding it can be in.",
        17,
    ),
    "a field too long": (
        GOOD.replace(b"Anna", b"x" * 200_000),
        "A line of the file is longer than 65536 bytes.",
        8,
    ),
    "a record too long": (
        GOOD.replace(b"PAnna", b"M" + b"x" * 60_000 + b"\nM" + b"x" * 60_000 + b"\nPAnna"),
        "A record of the file is too long to be one, or never ends.",
        6,
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


def test_a_file_cut_off_within_a_record_is_refused() -> None:
    start = GOOD.index(b"!Type")
    for end in range(start + len(b"!Type:Bank\nD2"), len(GOOD) - 2):
        if not GOOD[:end].rstrip(b"\n").endswith(b"^"):
            refusal_of(GOOD[:end])


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_file_is_read_or_refused_but_never_breaks_the_reader(seed: int) -> None:
    chance = random.Random(seed)
    rich = written(
        account("A", "Bank", "$5.00", "/24/11/2026"),
        section(opened(), record("1,234.50", "24/11'26", "SA", "$1")),
    )
    for _ in range(100):
        content = bytearray(rich)
        for _ in range(chance.randrange(1, 6)):
            content[chance.randrange(len(content))] = chance.choice(b"!^\nDT$S/'.,-0139\x00\xff x")
        with contextlib.suppress(UnreadableFile):
            read(bytes(content))


class Endless(io.RawIOBase):
    """A hundred million bytes of one kind behind the beginning of a file; it knows how much was read."""

    def __init__(self, start: bytes, filling: bytes) -> None:
        self._start, self._filling, self.given = start, filling, 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return 0

    def read(self, size: int = -1) -> bytes:
        if self.given >= 100_000_000:
            return b""
        data = (self._start + self._filling * (size // len(self._filling) + 1))[:size]
        self._start = self._start[size:]
        self.given += len(data)
        return data


@pytest.mark.parametrize("filling", [b"x", b"Mx\n", b"S"])
def test_a_record_without_end_is_refused_long_before_it_is_read(filling: bytes) -> None:
    endless = Endless(GOOD[: GOOD.index(b"Anna")], filling)
    with pytest.raises(UnreadableFile):
        list(qif.read(endless))  # type: ignore[arg-type]
    assert endless.given <= 1_000_000


# --- streaming and fragments ---


def test_memory_does_not_grow_with_the_file() -> None:
    content = written(account(), section(*[record(f"{number}.00") for number in range(1, 20_001)]))
    stream = io.BytesIO(content)
    tracemalloc.start()
    assert sum(1 for item in qif.read(stream) if isinstance(item, Line)) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000


def test_a_header_stands_before_the_lines_and_the_statement_behind() -> None:
    parts = [account("A"), section(record()), account("B"), section(record())]
    kinds = [type(item) for item in qif.read(io.BytesIO(written(*parts)))]
    assert kinds == [Header, Line, Statement] * 2


def test_a_fragment_is_a_record_up_to_its_end() -> None:
    parts = [
        account("A"),
        section(record("1.00"), ["^"]),
        account("B"),
        section(record("2.00", payee="Änne")),
    ]
    content = written(*parts, line_end="\r\n", encoding="cp1252")
    assert qif.fragment(io.BytesIO(content), 2) == "D24/11/2026\r\nT2.00\r\nPÄnne\r\n^\r\n".encode("cp1252")
    for position in (-1, 0, 3):
        with pytest.raises(NoSuchLine):
            qif.fragment(io.BytesIO(content), position)


def test_the_fragment_of_a_refused_line_shows_what_cannot_be_read() -> None:
    content = written(section(record(), record("five")))
    assert b"Tfive" in qif.fragment(io.BytesIO(content), 2)


def test_what_investments_and_lists_hold_are_no_lines_and_have_no_fragment() -> None:
    parts = [
        section(["NFood", "^"], kind="Cat"),
        section(["D24/11/2026", "^"], kind="Invst"),
        section(record()),
    ]
    assert qif.fragment(io.BytesIO(written(*parts)), 1).startswith(b"D24/11/2026\nT12.50")


# --- identifying ---


@pytest.mark.parametrize(
    "first", ["!Type:Bank", "!Account", "!Option:AutoSwitch", "!type:CCard", "!Clear:AutoSwitch"]
)
def test_a_qif_file_is_known_by_its_first_header(first: str) -> None:
    for start in (b"", b"\xef\xbb\xbf", b"\r\n"):
        assert qif.identify(start + first.encode() + b"\r\n") == "qif"
    assert detect.read_file(io.BytesIO(GOOD))[0] == "qif"


@pytest.mark.parametrize("head", [b"", b"!", b"!Accounts", b"D24/11/2026\n", b"01,a,b\n", b"# !Type:Bank\n"])
def test_other_files_are_not_taken_for_qif(head: bytes) -> None:
    assert qif.identify(head) is None
