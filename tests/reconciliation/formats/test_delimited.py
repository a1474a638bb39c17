"""Tables of known banks: every fact is where the other formats put it."""

from __future__ import annotations

import io
from datetime import date

import pytest

from ledger.money import Money
from reconciliation.formats import camt, delimited, detect
from reconciliation.formats.delimited.layout import Layout
from reconciliation.formats.delimited.profiles import PROFILES
from reconciliation.statement import Account, Batch, Line, LineStatus, Party, WholeStatement, gather
from tests.factories import camt as camt_factory
from tests.factories.delimited import (
    ACCOUNT,
    BIC,
    CREDITOR,
    CUSTOMER,
    DAY,
    OTHER_ACCOUNT,
    Row,
    dkb,
    dkb_old,
    sparkasse,
    sparkasse_mt940,
    table,
    volksbank,
    volksbank_old,
)


def read(content: bytes, **wishes: object) -> list[WholeStatement]:
    return list(gather(delimited.read(io.BytesIO(content), **wishes)))  # type: ignore[arg-type]


def one(content: bytes, **wishes: object) -> WholeStatement:
    (whole,) = read(content, **wishes)
    return whole


def line_of(content: bytes) -> Line:
    (line,) = one(content).lines
    return line


COLLECTION = Row(
    amount=-4_995,
    kind="FOLGELASTSCHRIFT",
    purpose="Wartung 2026-01",
    name="Beispiel Wartung GmbH",
    mandate_id="MND-7",
    creditor_id=CREDITOR,
    end_to_end_id="E2E-1",
)


def test_a_row_of_a_sparkasse_tells_every_fact() -> None:
    assert line_of(sparkasse([COLLECTION])) == Line(
        amount=Money(-4_995, "EUR"),
        booked_on=DAY,
        valued_on=DAY,
        counterparty=Party(name="Beispiel Wartung GmbH", iban=CUSTOMER, bic=BIC),
        remittance="Wartung 2026-01",
        end_to_end_id="E2E-1",
        mandate_id="MND-7",
        creditor_id=CREDITOR,
        position=1,
    )


def test_a_table_names_its_account_and_its_layout() -> None:
    header = one(sparkasse([Row(amount=1_250)])).statement.header
    assert header.account == Account(iban=ACCOUNT, currency="EUR")
    assert (header.format, header.currency) == ("csv.sparkasse-camt", "EUR")


def test_a_row_that_is_not_booked_yet_is_pending_and_not_counted() -> None:
    whole = one(sparkasse([Row(amount=100, status="Umsatz vorgemerkt"), Row(amount=250)]))
    assert [line.status for line in whole.lines] == [LineStatus.PENDING, LineStatus.BOOKED]
    assert (whole.statement.booked, whole.statement.booked_count) == (Money(250, "EUR"), 1)


def test_a_table_of_pending_rows_alone_says_so() -> None:
    statement = one(sparkasse([Row(amount=100, status="Umsatz vorgemerkt")])).statement
    assert (
        "The statement has no booked lines, only lines that are pending or for information."
        in statement.problems
    )


def test_an_unknown_status_is_told_and_is_no_money() -> None:
    whole = one(sparkasse([Row(amount=100, status="Umsatz geparkt")]))
    assert [line.status for line in whole.lines] == [LineStatus.INFO]
    assert (
        "1 line with a status that is not known, shown for information and not counted."
        in whole.statement.problems
    )


def test_a_returned_debit_has_its_original_amount_its_charges_and_its_reason() -> None:
    line = line_of(
        sparkasse(
            [
                Row(
                    amount=-5_345,
                    kind="RUECKLASTSCHRIFT",
                    purpose="RETURN/REFUND Rueckgabegrund: MS03",
                    original=4_995,
                    charges=350,
                    mandate_id="MND-7",
                )
            ]
        )
    )
    assert (line.original, line.charges) == (Money(4_995, "EUR"), Money(350, "EUR"))
    assert (line.return_reason, line.mandate_id) == ("MS03", "MND-7")


def test_a_return_without_a_code_is_told_in_words_only() -> None:
    line = line_of(sparkasse([Row(amount=-4_995, kind="RÜCKLASTSCHRIFT", purpose="Konto erloschen")]))
    assert (line.return_reason, line.original) == ("NARR", None)


def test_a_lump_of_ours_keeps_the_reference_of_its_batch() -> None:
    line = line_of(sparkasse([Row(amount=9_900, batch_id="PMT-2026-01")]))
    assert line.batch == Batch(payment_information_id="PMT-2026-01")


def test_the_tags_in_a_purpose_are_taken_apart_as_in_mt940() -> None:
    line = line_of(
        sparkasse_mt940(
            [Row(amount=-4_995, purpose=f"EREF+E2E-1 MREF+MND-7 CRED+{CREDITOR} SVWZ+Wartung 2026-01")]
        )
    )
    assert (line.end_to_end_id, line.mandate_id, line.creditor_id) == ("E2E-1", "MND-7", CREDITOR)
    assert line.remittance == "Wartung 2026-01"


def test_a_booking_day_without_a_year_is_the_one_nearest_to_the_value_date() -> None:
    line = line_of(sparkasse_mt940([Row(amount=100, on=date(2025, 12, 31), valued_on=date(2026, 1, 2))]))
    assert (line.booked_on, line.valued_on) == (date(2025, 12, 31), date(2026, 1, 2))


def test_words_of_a_payer_before_the_tags_stay_in_the_remittance() -> None:
    line = line_of(sparkasse_mt940([Row(amount=100, purpose="Danke EREF+E2E-1 SVWZ+RE-2026-0815")]))
    assert (line.remittance, line.end_to_end_id) == ("Danke RE-2026-0815", "E2E-1")


def test_words_that_only_look_like_a_german_text_field_stay_words() -> None:
    line = line_of(sparkasse_mt940([Row(amount=100, purpose="202-15 Rechnung: 999 Stück")]))
    assert line.remittance == "202-15 Rechnung: 999 Stück"


def test_the_tags_of_atruvia_are_taken_apart() -> None:
    line = line_of(volksbank([Row(amount=100, purpose="RE-2026-0815 EREF: E2E-1 MREF: MND-7", balance=100)]))
    assert (line.remittance, line.end_to_end_id, line.mandate_id) == ("RE-2026-0815", "E2E-1", "MND-7")


def test_a_table_of_a_volksbank_is_proved_by_its_running_balance() -> None:
    rows = [
        Row(amount=-300, on=date(2026, 1, 7), balance=101_150),
        Row(amount=200, on=date(2026, 1, 6), balance=101_450),
        Row(amount=1_250, on=date(2026, 1, 5), balance=101_250),
    ]
    statement = one(volksbank(rows)).statement
    assert statement.opening is not None
    assert statement.closing is not None
    assert (statement.opening.amount, statement.opening.on) == (Money(100_000, "EUR"), date(2026, 1, 5))
    assert (statement.closing.amount, statement.closing.on) == (Money(101_150, "EUR"), date(2026, 1, 7))
    assert (statement.balanced, statement.problems) == (True, ())


def test_an_older_volksbank_marks_debits_by_a_letter_and_states_balances_in_rows() -> None:
    whole = one(volksbank_old([Row(amount=125_050), Row(amount=-2_500)], opening=100_000, closing=222_550))
    assert [line.amount.minor for line in whole.lines] == [125_050, -2_500]
    assert (whole.statement.balanced, whole.statement.problems) == (True, ())
    assert whole.statement.header.account.iban == ACCOUNT


def test_dkb_tells_payer_and_payee_apart_by_the_sign() -> None:
    whole = one(dkb([Row(amount=1_250, name="Anna Beispiel"), Row(amount=-900, name="Stadtwerke Muster")]))
    assert [line.counterparty.name for line in whole.lines] == ["Anna Beispiel", "Stadtwerke Muster"]


def test_dkb_writes_the_account_the_period_and_a_balance_in_front() -> None:
    statement = one(dkb([Row(amount=1_250)])).statement
    assert statement.header.account == Account(iban=ACCOUNT, currency="EUR")
    assert (statement.header.from_on, statement.header.to_on) == (date(2026, 1, 1), date(2026, 1, 31))
    assert statement.closing is not None
    assert (statement.closing.amount, statement.closing.on, statement.balanced) == (
        Money(101_250, "EUR"), date(2026, 1, 31), None,
    )  # fmt: skip


def test_at_dkb_a_point_groups_thousands_also_where_no_decimals_follow() -> None:
    whole = one(dkb([Row(amount=1), Row(amount=2), Row(amount=-3)], amounts=["1.000", "2,5", "-23,45 €"]))
    assert [line.amount.minor for line in whole.lines] == [100_000, 250, -2_345]


def test_the_older_table_of_dkb_is_read_too() -> None:
    whole = one(dkb_old([Row(amount=-114_341, mandate_id="MND-7")]))
    (line,) = whole.lines
    assert (line.amount, line.mandate_id, line.booked_on) == (Money(-114_341, "EUR"), "MND-7", DAY)
    assert whole.statement.header.account.iban == ACCOUNT
    assert (whole.statement.header.from_on, whole.statement.header.to_on) == (
        date(2026, 1, 1), date(2026, 1, 31),
    )  # fmt: skip


def test_a_table_and_a_camt_of_one_booking_tell_the_same() -> None:
    entry = camt_factory.credit(
        1_250, name="Anna Beispiel", iban=CUSTOMER, remittance="RE-2026-0815", end_to_end_id="E2E-1"
    )
    (whole,) = gather(camt.read(io.BytesIO(camt_factory.camt053([entry]))))
    (theirs,) = whole.lines
    ours = line_of(sparkasse([Row(amount=1_250, end_to_end_id="E2E-1", on=theirs.booked_on or DAY)]))
    for fact in ("amount", "status", "booked_on", "remittance", "end_to_end_id", "mandate_id", "reversal"):
        assert getattr(ours, fact) == getattr(theirs, fact), fact
    assert (ours.counterparty.name, ours.counterparty.iban) == (
        theirs.counterparty.name, theirs.counterparty.iban,
    )  # fmt: skip


def test_columns_are_found_by_their_titles_in_any_order() -> None:
    content = table(
        "Betrag;Valuta;Buchungstext;Datum",
        [["12.50", "06.01.26", "RE-2026-0815", "05.01.26"]],
    )
    line = line_of(content)
    assert (line.amount.minor, line.booked_on, line.valued_on) == (1_250, DAY, date(2026, 1, 6))


def test_each_account_in_a_table_has_a_statement_of_its_own() -> None:
    rows = [Row(amount=100), Row(amount=200), Row(amount=300, account=OTHER_ACCOUNT)]
    first, second = read(sparkasse(rows))
    assert (first.statement.header.account.iban, first.statement.booked.minor) == (ACCOUNT, 300)
    assert (second.statement.header.account.iban, second.statement.booked.minor) == (OTHER_ACCOUNT, 300)
    assert [line.position for line in (*first.lines, *second.lines)] == [1, 2, 3]


def test_accounts_whose_rows_are_mixed_are_read_one_after_the_other() -> None:
    rows = [Row(amount=100), Row(amount=200, account=OTHER_ACCOUNT), Row(amount=300), Row(amount=400)]
    first, second = read(sparkasse(rows))
    assert [(line.amount.minor, line.position) for line in first.lines] == [(100, 1), (300, 3), (400, 4)]
    assert [(line.amount.minor, line.position) for line in second.lines] == [(200, 2)]


def test_each_currency_of_a_wallet_is_an_account_of_its_own() -> None:
    titles = (
        "DATE;ACTIVITY TYPE;ACTIVITY NAME;DEBIT;DEBIT CURRENCY;CREDIT;CREDIT CURRENCY;CARD NUMBER;LOCALITY;"
        "RECIPIENT;SENDER;FEES/COMMISSION;BUY/SELL;QUANTITY;ASSET;PRICE PER UNIT"
    )
    rows = [
        ["15/01/2026", "IN", "a", "", "", "10.00", "CHF", *[""] * 9],
        ["16/01/2026", "OUT", "b", "-4.00", "EUR", "", "", *[""] * 9],
        ["17/01/2026", "OUT", "c", "-1.00", "CHF", "", "", *[""] * 9],
    ]
    assert [(whole.statement.currency, whole.statement.booked.minor) for whole in read(table(titles, rows))] == [
        ("CHF", 900), ("EUR", -400),
    ]  # fmt: skip


def test_rows_below_a_booking_go_on_with_it_and_are_its_parts_where_they_add_up() -> None:
    titles = "Datum;Buchungstext;Betrag Detail;Belastung CHF;Gutschrift CHF;Valuta;Saldo CHF"
    rows = [
        ["05.01.2026", "Sammelgutschrift", "", "", "100.00", "05.01.2026", "1100.00"],
        ["", "Anna Beispiel RE-1", "60.00", "", "", "", ""],
        ["", "Bert Muster RE-2", "40.00", "", "", "", ""],
    ]
    line = line_of(table(titles, rows))
    assert line.remittance == "Sammelgutschrift Anna Beispiel RE-1 Bert Muster RE-2"
    assert [(part.amount.minor, part.remittance) for part in line.details] == [
        (6_000, "Anna Beispiel RE-1"), (4_000, "Bert Muster RE-2"),
    ]  # fmt: skip


def test_the_currency_of_a_title_is_that_of_the_amounts() -> None:
    content = table(
        "Buchung;Valuta;Buchungstext;Belastung;Gutschrift;Saldo EUR",
        [["26.01.2026", "26.01.2026", "RE-1", "", "10.00", "110.00"]],
    )
    assert one(content).statement.currency == "EUR"


def test_the_caller_names_the_currency_where_the_table_does_not() -> None:
    content = table("Datum;Buchungstext;Betrag;Valuta", [["05.01.26", "RE-1", "10.00", "05.01.26"]])
    assert one(content, currency="CHF").statement.booked == Money(1_000, "CHF")


def test_a_table_without_any_currency_can_be_shown_and_says_so() -> None:
    content = table("Datum;Buchungstext;Betrag;Valuta", [["05.01.26", "RE-1", "10.00", "05.01.26"]])
    statement = one(content).statement
    assert (statement.booked, statement.header.currency) == (Money(1_000, "XXX"), None)
    assert "The table does not name the currency of its amounts." in statement.problems


def test_a_header_without_rows_says_so() -> None:
    statement = one(sparkasse([])).statement
    assert statement.lines == 0
    assert "The statement has no lines." in statement.problems


def test_a_cell_that_looks_like_a_formula_is_text() -> None:
    assert line_of(sparkasse([Row(amount=100, purpose="=1+1", name="@cmd")])).remittance == "=1+1"


def test_a_table_is_found_among_the_formats_by_its_head() -> None:
    content = sparkasse([Row(amount=number) for number in range(1, 4)])
    name, items = detect.read_file(io.BytesIO(content))
    assert (name, sum(1 for item in items if isinstance(item, Line))) == ("csv.sparkasse-camt", 3)


@pytest.mark.parametrize("layout", PROFILES, ids=lambda layout: layout.name)
def test_a_shipped_layout_has_a_source_and_survives_json(layout: Layout) -> None:
    assert layout.source.strip()[-1].isdigit()
    assert Layout.from_json(layout.to_json()) == layout


def test_no_two_shipped_layouts_have_the_same_titles() -> None:
    assert len({layout.signature for layout in PROFILES}) == len(PROFILES)
    assert len({layout.name for layout in PROFILES}) == len(PROFILES)


def test_a_table_may_begin_with_many_lines_and_have_two_columns_of_one_title() -> None:
    content = table(
        "Buchung;Wertstellungsdatum;Auftraggeber/Empfänger;Buchungstext;Verwendungszweck;Saldo;Währung;Betrag;Währung",
        [
            [
                "06.01.2026",
                "06.01.2026",
                "Anna Beispiel",
                "Gutschrift",
                "RE-1",
                "110,00",
                "EUR",
                "20,00",
                "EUR",
            ],
            [
                "05.01.2026",
                "05.01.2026",
                "Stadtwerke",
                "Lastschrift",
                "RE-2",
                "90,00",
                "EUR",
                "-10,00",
                "EUR",
            ],
        ],
        before=[
            "Umsatzanzeige;Datei erstellt am: 10.01.2026 09:00",
            "",
            f"IBAN;{ACCOUNT}",
            "Zeitraum;01.01.2026 - 10.01.2026",
            "Saldo;110,00;EUR",
            "",
        ],
        encoding="cp1252",
    )
    statement = one(content).statement
    assert statement.header.format == "csv.ing"
    assert statement.header.account == Account(iban=ACCOUNT, currency="EUR")
    assert (statement.header.from_on, statement.header.to_on) == (date(2026, 1, 1), date(2026, 1, 10))
    assert (statement.balanced, statement.problems) == (True, ())


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_any_delimiter_is_found(delimiter: str) -> None:
    content = table(
        "Datum;Buchungstext;Betrag;Valuta",
        [["05.01.26", "a, b; c", "10.00", "05.01.26"]],
        delimiter=delimiter,
    )
    assert line_of(content).remittance == "a, b; c"
