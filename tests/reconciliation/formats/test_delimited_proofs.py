"""What a table proves by itself: the order of its dates, its decimal sign, its signs, its running balance."""

from __future__ import annotations

import io
from datetime import date

import pytest

from ledger.money import Money
from reconciliation.formats import delimited
from reconciliation.formats.delimited import LayoutDrifted, UnknownLayout
from reconciliation.formats.delimited.values import NoAmount, day, marks, minor, near, orders
from reconciliation.formats.written import DateOrder, DecimalMark
from reconciliation.statement import WholeStatement, gather
from tests.factories.delimited import Row, sparkasse, table, volksbank

COMMA, POINT = DecimalMark.COMMA, DecimalMark.POINT
DMY, MDY, YMD = DateOrder.DMY, DateOrder.MDY, DateOrder.YMD

# A shipped layout that leaves dates and decimal sign to the file: five columns, a running balance.
TITLES = "Datum;Buchungstext;Betrag;Saldo;Valuta"


def read(rows: list[list[str]], titles: str = TITLES, currency: str = "EUR") -> WholeStatement:
    (whole,) = gather(delimited.read(io.BytesIO(table(titles, rows)), currency=currency))
    return whole


def row(on: str, amount: str, balance: str = "", text: str = "RE-1") -> list[str]:
    return [on, text, amount, balance, on]


# --- dates ---


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("05.01.2026", DMY, date(2026, 1, 5)),
        ("5.1.26", DMY, date(2026, 1, 5)),
        ("01/05/2026", MDY, date(2026, 1, 5)),
        ("26-01-05", YMD, date(2026, 1, 5)),
        ("2026-01-05", None, date(2026, 1, 5)),
        ("2026/1/5", None, date(2026, 1, 5)),
        ("2026.01.05", None, date(2026, 1, 5)),
        ("2026-01-05T23:59:59+01:00", None, date(2026, 1, 5)),
        ("2026-01-05 23:59:59.123", DMY, date(2026, 1, 5)),
        ("20260105", None, date(2026, 1, 5)),
        ("05 Jan 2026", None, date(2026, 1, 5)),
        ("5. März 2026", None, date(2026, 3, 5)),
        ("January 5, 2026", None, date(2026, 1, 5)),
        ("31.12.80", DMY, date(1980, 12, 31)),
        ("31.12.79", DMY, date(2079, 12, 31)),
        ("30.02.2026", DMY, None),
        ("05.13.2026", DMY, None),
        ("01/05/2026", None, None),
        ("05.01.", DMY, None),
        ("0000-00-00", None, None),
        ("05.01.202", DMY, None),
        ("yesterday", DMY, None),
    ],
)
def test_a_date_is_read_in_the_order_that_is_known(
    text: str, order: DateOrder | None, expected: date | None
) -> None:
    assert day(text, order) == expected


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("31/12/2026", {DMY}),
        ("12/31/2026", {MDY}),
        ("01/02/2026", {DMY, MDY}),
        ("01.02.2026", {DMY}),
        ("26-01-05", {DMY, YMD}),
        ("2026-01-05", set()),
        ("RE-2026", set()),
    ],
)
def test_a_date_proves_only_what_it_excludes(text: str, possible: set[DateOrder]) -> None:
    assert orders(text) == possible


def test_a_day_without_a_year_belongs_to_the_turn_of_the_year() -> None:
    assert near("31.12", date(2026, 1, 2)) == date(2025, 12, 31)
    assert near("01.01.", date(2025, 12, 31)) == date(2026, 1, 1)
    assert near("30.02.", date(2026, 1, 2)) is None


def test_one_date_proves_the_order_of_all() -> None:
    whole = read([row("01/02/2026", "1.00"), row("01/31/2026", "2.00")])
    assert [line.booked_on for line in whole.lines] == [date(2026, 1, 2), date(2026, 1, 31)]


def test_the_value_dates_prove_it_too() -> None:
    whole = read([["01/02/2026", "RE-1", "1.00", "", "01/31/2026"]])
    assert [line.booked_on for line in whole.lines] == [date(2026, 1, 2)]


def test_an_order_that_nothing_proves_is_asked_for_and_never_guessed() -> None:
    with pytest.raises(UnknownLayout) as refusal:
        read([row("01/02/2026", "1.00"), row("03/04/2026", "2.00")])
    (question,) = refusal.value.proposal.asks
    assert (question.about, question.choices) == ("date_order", ("DMY", "MDY", "YMD"))


def test_dates_that_prove_two_orders_are_asked_for() -> None:
    with pytest.raises(UnknownLayout) as refusal:
        read([row("01/31/2026", "1.00"), row("31/01/2026", "2.00")])
    assert refusal.value.proposal.asks[0].choices == ("MDY", "DMY")


def test_the_answer_makes_the_table_readable() -> None:
    content = table(TITLES, [row("01/02/2026", "1.00")])
    with pytest.raises(UnknownLayout) as refusal:
        list(delimited.read(io.BytesIO(content)))
    layout = refusal.value.proposal.confirmed({"date_order": "MDY"})
    (whole,) = gather(delimited.read(io.BytesIO(content), layouts=[layout]))
    assert whole.lines[0].booked_on == date(2026, 1, 2)


def test_a_table_that_proves_another_order_than_its_bank_writes_is_an_alarm() -> None:
    content = sparkasse([Row(amount=100)]).replace(b"05.01.26", b"01.31.26")
    with pytest.raises(LayoutDrifted) as alarm:
        list(delimited.read(io.BytesIO(content)))
    assert (alarm.value.layout, alarm.value.missing, alarm.value.added) == ("sparkasse-camt", (), ())
    assert "with its dates in another order" in alarm.value.message


# --- amounts ---


@pytest.mark.parametrize(
    ("text", "mark", "expected"),
    [
        ("1143,41", COMMA, 114_341),
        ("-1143,41", COMMA, -114_341),
        ("1.143,41-", COMMA, -114_341),
        ("+1.143,41", COMMA, 114_341),
        ("1.000", COMMA, 100_000),
        ("1.000", POINT, 100),
        ("1,000.5", POINT, 100_050),
        ("1'000.50", POINT, 100_050),
        ("1’000.50", POINT, 100_050),
        ("1 000,50", COMMA, 100_050),
        ("1\xa0000,50", COMMA, 100_050),
        ("-.46", POINT, -46),
        ("(1,936.76)", POINT, -193_676),
        ("-$4000.00", POINT, -400_000),
        ("($300.00)", POINT, -30_000),
        ("−12,50", COMMA, -1_250),
        ("12,50 €", COMMA, 1_250),
        ("EUR 12,50", COMMA, 1_250),
        ("7", COMMA, 700),
        ("1041.150000000", POINT, 104_115),
        ("0,00", COMMA, 0),
    ],
)
def test_an_amount_is_read_to_the_cent(text: str, mark: DecimalMark, expected: int) -> None:
    assert minor(text, mark, 2)[0] == expected


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("12..34", POINT),
        ("1.23,4.5", COMMA),
        ("1.50", COMMA),
        ("1,50", POINT),
        ("10,00,00", POINT),
        ("1.0000", COMMA),
        ("12 34,50", COMMA),
        ("--5", COMMA),
        ("-5-", COMMA),
        ("(5", COMMA),
        ("-(5)", COMMA),
        ("12,345", COMMA),
        ("0,1234567890123", COMMA),
        ("1e5", POINT),
        ("5.52E+22", POINT),
        ("=1+1", POINT),
        ("", COMMA),
        ("EUR", COMMA),
        ("٣", COMMA),
        ("9" * 41, COMMA),
        ("1" + "0" * 15, COMMA),
    ],
)
def test_what_is_no_amount_to_the_cent_is_refused(text: str, mark: DecimalMark) -> None:
    with pytest.raises(NoAmount):
        minor(text, mark, 2)


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("1.234,56", {COMMA}),
        ("1,234.56", {POINT}),
        ("12.5", {POINT}),
        ("1.000", {COMMA, POINT}),
        ("1000", {COMMA, POINT}),
        ("1.000.000", {COMMA}),
        ("1'000.00", {POINT}),
        ("RE-1", set()),
    ],
)
def test_an_amount_proves_only_what_it_excludes(text: str, possible: set[DecimalMark]) -> None:
    assert marks(text) == possible


def test_one_amount_proves_the_decimal_sign_of_all() -> None:
    whole = read([row("05.01.2026", "1.000"), row("06.01.2026", "2,5")])
    assert [line.amount.minor for line in whole.lines] == [100_000, 250]


def test_a_decimal_sign_that_nothing_proves_is_asked_for() -> None:
    with pytest.raises(UnknownLayout) as refusal:
        read([row("05.01.2026", "1.000"), row("06.01.2026", "2.000")])
    assert [question.about for question in refusal.value.proposal.asks] == ["decimal_mark"]


def test_whole_numbers_need_no_decimal_sign() -> None:
    assert read([row("05.01.2026", "1000")]).lines[0].amount == Money(100_000, "EUR")


def test_the_other_decimal_sign_than_the_banks_is_an_alarm() -> None:
    content = sparkasse([Row(amount=1_250)]).replace(b'"12,50"', b'"12.50"')
    with pytest.raises(LayoutDrifted, match="another decimal sign"):
        list(delimited.read(io.BytesIO(content)))


# --- signs ---

SIDES = "Buchung;Valuta;Buchungstext;Belastung;Gutschrift;Saldo"


def sides(debit: str, credit: str, balance: str = "") -> list[str]:
    return ["26.01.2026", "26.01.2026", "RE-1", debit, credit, balance]


@pytest.mark.parametrize("debit", ["4.00", "-4.00"])
def test_a_column_of_debits_means_money_out_with_a_minus_or_without(debit: str) -> None:
    whole = read([sides(debit, ""), sides("", "10.00")], SIDES)
    assert [line.amount.minor for line in whole.lines] == [-400, 1_000]


def test_a_zero_on_the_other_side_is_no_amount() -> None:
    assert read([sides("4.00", "0.00")], SIDES).lines[0].amount.minor == -400


def test_both_a_credit_and_a_debit_are_refused() -> None:
    whole = read([sides("4.00", "1.00")], SIDES)
    assert [refused.reason for refused in whole.refused] == ["it has both a credit and a debit."]


def test_a_column_with_both_signs_is_asked_for() -> None:
    with pytest.raises(UnknownLayout) as refusal:
        read([sides("4.00", ""), sides("-1.00", "")], SIDES)
    (question,) = refusal.value.proposal.asks
    assert (question.about, question.choices) == ("signs", ("size", "arithmetic"))


@pytest.mark.parametrize(("answer", "expected"), [("size", [-400, -100]), ("arithmetic", [-400, 100])])
def test_the_answer_says_what_a_minus_among_debits_means(answer: str, expected: list[int]) -> None:
    content = table(SIDES, [sides("4.00", ""), sides("-1.00", "")])
    with pytest.raises(UnknownLayout) as refusal:
        list(delimited.read(io.BytesIO(content)))
    layout = refusal.value.proposal.confirmed({"signs": answer})
    (whole,) = gather(delimited.read(io.BytesIO(content), layouts=[layout]))
    assert [line.amount.minor for line in whole.lines] == expected


# --- the running balance ---


def test_a_step_that_breaks_is_told_with_its_line_and_the_difference() -> None:
    rows = [
        Row(amount=1_250, on=date(2026, 1, 5), balance=101_250),
        Row(amount=200, on=date(2026, 1, 6), balance=101_450),
        Row(amount=-300, on=date(2026, 1, 7), balance=101_151),
    ]
    (whole,) = gather(delimited.read(io.BytesIO(volksbank(rows))))
    assert whole.statement.balanced is False
    assert whole.statement.problems[0] == (
        "The running balance does not follow from the amounts in 1 place: line 4 of the file."
    )
    assert whole.statement.difference == Money(1, "EUR")


def test_a_row_that_is_left_out_breaks_the_proof() -> None:
    rows = [
        Row(amount=1_250, on=date(2026, 1, 5), balance=101_250),
        Row(amount=-300, on=date(2026, 1, 7), balance=101_150),
    ]
    (whole,) = gather(delimited.read(io.BytesIO(volksbank(rows))))
    assert (whole.statement.balanced, whole.statement.difference) == (False, Money(200, "EUR"))


def test_a_bank_may_state_the_balance_once_a_day() -> None:
    rows = [
        row("07.01.2026", "1.00", "16.00"),
        row("07.01.2026", "2.00"),
        row("06.01.2026", "3.00", "13.00"),
        row("06.01.2026", "4.00"),
    ]
    statement = read(rows).statement
    assert (statement.opening and statement.opening.amount.minor, statement.balanced) == (600, True)
    assert statement.closing is not None
    assert statement.closing.amount.minor == 1_600


def test_without_the_balance_of_the_newest_row_nothing_is_proved_and_that_is_said() -> None:
    rows = [
        row("08.01.2026", "5.00"),
        row("07.01.2026", "1.00", "16.00"),
        row("06.01.2026", "3.00", "15.00"),
    ]
    statement = read(rows).statement
    assert (statement.closing, statement.balanced) == (None, None)
    assert "The newest booking states no balance, so the closing balance is not known." in statement.problems


def test_a_pending_row_is_no_part_of_the_running_balance() -> None:
    titles = "Date;Status;Type;CheckNumber;Description;Withdrawal;Deposit;RunningBalance"
    rows = [
        ["01/31/2026", "Posted", "ACH", "", "a", "$2.00", "", "$8.00"],
        ["01/30/2026", "Pending", "ACH", "", "b", "$5.00", "", ""],
        ["01/29/2026", "Posted", "ACH", "", "c", "", "$10.00", "$10.00"],
    ]
    assert read(rows, titles, "USD").statement.balanced is True


def test_a_balance_beside_the_table_that_is_not_that_of_the_newest_row_is_told() -> None:
    content = table(
        TITLES,
        [row("05.01.2026", "1.00", "16.00")],
        before=["Kontonummer: 12-345;;;;", "Saldo: CHF 17.00;;;;"],
    )
    (whole,) = gather(delimited.read(io.BytesIO(content)))
    assert (
        "The balance stated beside the table is 17.00 CHF, but that of the newest booking 16.00 CHF."
        in whole.statement.problems
    )


def test_a_booking_that_is_refused_breaks_the_proof_by_itself() -> None:
    rows = [
        row("05.01.2026", "1.00", "11.00"),
        row("06.01.2026", "2.0.0", "13.00"),
        row("07.01.2026", "3.00", "16.00"),
    ]
    whole = read(rows)
    assert [(refused.position, refused.line) for refused in whole.refused] == [(2, 3)]
    assert whole.statement.difference == Money(200, "EUR")
