"""A remittance text falls into pieces, and what can be no invoice number is marked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.transfers.vocabulary import Role
from reconciliation.transfers.words import LONGEST, Mark, Words


def _marked(text: str) -> dict[str, Mark]:
    words = Words.of(text)
    return {words.pieces[place]: mark for place, mark in words.marks.items()}


def test_a_text_falls_into_runs_of_letters_and_digits_with_what_stands_between() -> None:
    words = Words.of("Rückzahlung: re-2026/0815\nDanke")
    assert words.pieces == ["RUCKZAHLUNG", "RE", "2026", "0815", "DANKE"]
    assert words.gaps == ["", ": ", "-", "/", "\n", ""]
    assert words.standing(1, 3) == "re-2026/0815"
    assert words.position(1) == 13


def test_a_text_is_shown_as_it_stood_whatever_capitals_do_to_its_length() -> None:
    words = Words.of("Straße weiß re 1001")
    assert words.standing(2, 3) == "re 1001"


@pytest.mark.parametrize("nothing", [None, "", "  ", "...", "\ud800"])
def test_a_text_without_pieces_has_none_that_say_anything(nothing: str | None) -> None:
    assert Words.of(nothing).numeric == []


@pytest.mark.parametrize(
    "text",
    [
        "Tel. 0171 815 4711",
        "Rückruf unter 089/1234-815",
        "Telefonnummer 0171-815",
        "Fon: 030 1234567",
        "téléphone n° 01 23 45 67 89",
        "Phone +44 20 7946 0958",
        "+49 171 1234567",
        "(+31) 20 1234567",
        "0049 171 1234567",
        "0049171123456789",
    ],
)
def test_a_telephone_number_is_marked_to_its_end(text: str) -> None:
    words = Words.of(text)
    assert [words.marks.get(place) for place in words.numeric] == [Mark.TELEPHONE] * len(words.numeric)


@pytest.mark.parametrize(
    "text",
    [
        "1001+1002",
        "RE 1001 +1002",
        "00123 RE 1001",
        "00491001",
        "RE-2026-00353",
        "RE 2026 00328",
        "Nr 00353",
        "R26-0031 09",
        "Rechnung 0031 09",
        "+++ 1001",
    ],
)
def test_a_plus_or_two_zeros_alone_make_no_telephone_number(text: str) -> None:
    assert _marked(text) == {}


def test_a_telephone_number_ends_at_the_next_word() -> None:
    assert _marked("Tel 0171 1234567 RE 1001") == {"0171": Mark.TELEPHONE, "1234567": Mark.TELEPHONE}


def test_a_telephone_number_ends_where_digits_enough_are_followed_by_another_number() -> None:
    assert set(_marked("Tel. 0403/203996 2025/1511")) == {"0403", "203996"}
    assert set(_marked("Tel. 0171 234 5678 901")) == {"0171", "234", "5678", "901"}


@pytest.mark.parametrize(
    "text", ["15.03.2026", "15/03/2026", "15-03-26", "5.3.26", "2026-03-15", "2026/03/15", "vom 15.03.2026."]
)
def test_a_day_with_its_year_is_marked(text: str) -> None:
    words = Words.of(text)
    assert [words.marks.get(place) for place in words.numeric] == [Mark.DATE] * 3


@pytest.mark.parametrize(
    "text", ["32.03.2026", "15.13.2026", "2026-0815", "1.2.3.4", "12/2026", "15.03/2026", "15.03.1826"]
)
def test_what_is_no_day_is_not_marked_as_one(text: str) -> None:
    assert Mark.DATE not in Words.of(text).marks.values()


@pytest.mark.parametrize(
    "text",
    [
        "1.234,56",
        "1.234,56 EUR",
        "1'234.50",
        "50,00",
        "50,-",
        "50.00EUR",
        "1.234.567,89",
        "EUR 120",
        "120 EUR",
        "€ 120",
        "120 €",
        "120EUR",
        "CHF 120.00",
        "$120",
    ],
)
def test_money_is_marked(text: str) -> None:
    words = Words.of(text)
    assert [words.marks.get(place) for place in words.numeric] == [Mark.AMOUNT] * len(words.numeric)


def test_a_currency_belongs_to_the_amount_with_decimals() -> None:
    assert _marked("RE 1001 EUR 50,00") == {"50": Mark.AMOUNT, "00": Mark.AMOUNT}


@pytest.mark.parametrize("text", ["1.001", "2026.0815", "1001,1002", "1,2345"])
def test_marks_between_digits_alone_make_no_money(text: str) -> None:
    assert _marked(text) == {}


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("DE89370400440532013000", Mark.ACCOUNT),
        ("de89 3704 0044 0532 0130 00", Mark.ACCOUNT),
        ("BE68 5390 0754 7034", Mark.ACCOUNT),
        ("RF18539007547034", Mark.REFERENCE),
        ("RF18 5390 0754 7034", Mark.REFERENCE),
        ("+++010/8068/17183+++", Mark.REFERENCE),
        ("***010/8068/17183***", Mark.REFERENCE),
        ("info@x20260815.de", Mark.ADDRESS),
        ("www.example.com/20260815", Mark.ADDRESS),
        ("https://example.com/pay?i=20260815", Mark.ADDRESS),
    ],
)
def test_accounts_references_and_addresses_are_marked_and_what_follows_is_not(text: str, mark: Mark) -> None:
    words = Words.of(f"{text} 1001")
    assert {words.marks.get(place) for place in words.numeric[:-1]} == {mark}
    assert words.numeric[-1] not in words.marks


def test_wrong_check_digits_make_no_account() -> None:
    assert _marked("DE88370400440532013000") == {}
    assert _marked("RE20 2608 1500 1234") == {}


@pytest.mark.parametrize(
    ("word", "role"),
    [
        ("Rechnungsnummer", Role.INVOICE),
        ("facture", Role.INVOICE),
        ("FATTURA", Role.INVOICE),
        ("factuurnr", Role.INVOICE),
        ("Kundennr", Role.OTHERWISE),
        ("contrat", Role.OTHERWISE),
        ("pedido", Role.OTHERWISE),
        ("klantnummer", Role.OTHERWISE),
        ("Téléphone", Role.TELEPHONE),
        ("bis", Role.UNTIL),
        ("und", Role.AND),
        ("nº", Role.NUMBER),
        ("vom", Role.DATE),
    ],
)
def test_words_have_roles_in_the_languages_of_payers(word: str, role: Role) -> None:
    assert Words.of(word).roles == [role]


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("0123456789 +-./,@€RFDE")), max_size=300))
def test_any_text_is_kept_whole_in_pieces_and_gaps(text: str) -> None:
    words = Words.of(text)
    assert sum(map(len, words.parts)) == len(text)
    assert all(piece.isascii() and piece.isalnum() and piece == piece.upper() for piece in words.pieces)
    assert set(words.marks) <= set(range(len(words.pieces)))


@pytest.mark.parametrize(
    "unit", ["1", "1 ", "a.a@", "+49 ", "RF18 ", "DE89 3704 ", "1,1", "EUR 5 ", "15.03.", "ß1 "]
)
def test_of_a_text_without_end_only_the_beginning_is_read(unit: str) -> None:
    words = Words.of(unit * 10_000)
    assert len(words.text) == LONGEST
    assert len(words.pieces) <= 601


@pytest.mark.parametrize("text", ["X-0030", "Re N-0049", "Rechnung 0033", "0041 12", "1.", "RE-2026-00815."])
def test_a_number_that_begins_like_the_code_of_a_country_is_no_telephone_number(text: str) -> None:
    assert Mark.TELEPHONE not in Words.of(text).marks.values()


@pytest.mark.parametrize(
    ("text", "is_amount"),
    [
        ("120 EUR", True),
        ("EUR 1200", True),
        ("Invoice 100982 GBP", False),
        ("101687 CHF", False),
        ("101687,50 CHF", True),
    ],
)
def test_many_digits_without_a_mark_beside_a_currency_are_no_amount(text: str, is_amount: bool) -> None:
    assert (Mark.AMOUNT in Words.of(text).marks.values()) is is_amount
