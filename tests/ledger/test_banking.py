"""Bank words are refused when they are wrong in form, kept in one form when right, and shown with care."""

from __future__ import annotations

import dataclasses
import string

import pytest
import stdnum.eu.at_02
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.banking import (
    Bic,
    CreditorIdentifier,
    Iban,
    InvalidBic,
    InvalidCreditorIdentifier,
    InvalidIban,
    mask,
)
from ledger.errors import Rejected
from tests.factories.check_digits import check_digits_by_hand

GERMAN = "DE02120300000000202051"
DOCUMENTED = [
    "AL47212110090000000235698741",
    "BE68539007547034",
    "CH9300762011623852957",
    "DE89370400440532013000",
    "ES9121000418450200051332",
    "FR1420041010050500013M02606",
    "GB29NWBK60161331926819",
    "IT60X0542811101000000123456",
    "MD24AG000225100013104168",
    "ME25505000012345678951",
    "MK07250120000058984",
    "MT84MALT011000012345MTLCAST001S",
    "NL91ABNA0417164300",
    "NO9386011117947",
    "RS35260005601001611379",
]
LETTERS_AND_DIGITS = string.ascii_uppercase + string.digits


def refusal_of(text: str) -> InvalidIban | None:
    try:
        Iban.parse(text)
    except InvalidIban as refusal:
        return refusal
    return None


def german_iban(bank_and_account: str) -> str:
    return f"DE{check_digits_by_hand(bank_and_account + 'DE')}{bank_and_account}"


german_accounts = st.text(string.digits, min_size=18, max_size=18).map(german_iban)


# IBAN


@pytest.mark.parametrize("text", DOCUMENTED)
def test_ibans_of_the_registry_are_accepted(text: str) -> None:
    iban = Iban.parse(text)
    assert iban.compact == text
    assert iban.country == text[:2]


@pytest.mark.parametrize(
    "text",
    [
        "DE02 1203 0000 0000 2020 51",
        "de02120300000000202051",
        "  DE02120300000000202051\n",
        "DE02\u00a01203\u202f0000\u20090000 2020 51",
        "DE02\t1203\t0000\t0000\t2020\t51",
    ],
)
def test_the_same_account_written_differently_is_one_account(text: str) -> None:
    assert Iban.parse(text) == Iban.parse(GERMAN)
    assert hash(Iban.parse(text)) == hash(Iban.parse(GERMAN))


def test_an_iban_is_printed_in_groups_of_four() -> None:
    assert Iban.parse(GERMAN).pretty == "DE02 1203 0000 0000 2020 51"
    assert Iban.parse("NO9386011117947").pretty == "NO93 8601 1117 947"


def test_an_iban_shows_itself_masked_wherever_text_is_made_of_it() -> None:
    iban = Iban.parse(GERMAN)
    assert str(iban) == "DE02…2051"
    assert repr(iban) == "Iban(DE02…2051)"
    assert f"{iban} {iban!r} {[iban]}" == "DE02…2051 Iban(DE02…2051) [Iban(DE02…2051)]"


def test_an_iban_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Iban.parse(GERMAN).compact = "DE89370400440532013000"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "only letters and digits"),
        ("   ", "only letters and digits"),
        ("DE", "does not have the form"),
        ("DE02120300000000202052", "check digits"),
        ("DE20120300000000202051", "check digits"),
        ("DE021203000000002020510", "23 characters"),
        ("DE0212030000000020205", "21 characters"),
        ("XX02120300000000202051", "country code"),
        ("US02120300000000202051", "country code"),
        ("DE02-1203-0000-0000-2020-51", "only letters and digits"),
        ("IBAN DE02120300000000202051", "does not have the form"),
        ("DE0212030000000020205A", "does not have the form"),
        ("DE٠٢120300000000202051", "only letters and digits"),
        ("ＤＥ02120300000000202051", "only letters and digits"),
        ("DE02120300000000202051\u200b", "only letters and digits"),
        ("DE0212030000000020205ı", "only letters and digits"),
        ("DE" + "0" * 1_000_000, "only letters and digits"),
        ("NOTPROVIDED", "does not have the form"),
    ],
)
def test_what_is_no_iban_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidIban, match=reason) as refusal:
        Iban.parse(text, field="customer_iban")
    assert refusal.value.field == "customer_iban"
    assert isinstance(refusal.value, Rejected)


@pytest.mark.parametrize("alias", ["00", "01", "99"])
def test_check_digits_that_merely_leave_the_same_remainder_are_refused(alias: str) -> None:
    """98 is the remainder's proper form for 01, 97 for 00 and 02 for 99: ISO 7064 gives out 02 to 98 only."""
    proper = {"00": "97", "01": "98", "99": "02"}[alias]
    account = next(text for number in range(10_000) if (text := german_iban(f"{number:018d}"))[2:4] == proper)
    assert Iban.parse(account).compact == account
    with pytest.raises(InvalidIban, match="check digits"):
        Iban.parse(f"DE{alias}{account[4:]}")


@given(german_accounts)
def test_an_iban_survives_being_printed_and_read_again(text: str) -> None:
    iban = Iban.parse(text)
    assert Iban.parse(iban.pretty.lower()) == iban


@given(german_accounts, st.integers(2, 21), st.integers(1, 9))
def test_one_wrong_digit_never_reaches_another_account(text: str, place: int, off_by: int) -> None:
    wrong = str((int(text[place]) + off_by) % 10)
    with pytest.raises(InvalidIban, match="check digits"):
        Iban.parse(text[:place] + wrong + text[place + 1 :])


@given(german_accounts, st.integers(4, 20))
def test_two_digits_swapped_never_reach_another_account(text: str, place: int) -> None:
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    assume(swapped != text)
    with pytest.raises(InvalidIban, match="check digits"):
        Iban.parse(swapped)


@given(st.text(max_size=40) | german_accounts | german_accounts.map(lambda text: text[:-1]))
def test_any_text_is_an_iban_or_is_refused_and_the_refusal_keeps_it_secret(text: str) -> None:
    refusal = refusal_of(text)
    if refusal is None:
        assert Iban.parse(text).compact == "".join(text.split()).upper()
    else:
        assert (refusal.__context__, refusal.facts, refusal.field) == (None, {}, "iban")


def test_a_refusal_never_repeats_the_account_number() -> None:
    with pytest.raises(InvalidIban) as refusal:
        Iban.parse("DE02120300000000202052")
    assert "1203" not in str(refusal.value)
    assert "2052" not in repr(refusal.value)
    assert refusal.value.__context__ is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (GERMAN, "DE02…2051"),
        ("DE02 1203 0000 0000 2020 51", "DE02…2051"),
        ("NO9386011117947", "NO93…7947"),
        ("NO938601111794", "…1794"),
        ("0532013000", "…3000"),
        ("12345678", "…5678"),
        ("1234567", "…"),
        ("", "…"),
    ],
)
def test_account_numbers_are_masked_by_their_length(text: str, shown: str) -> None:
    assert mask(text) == shown


@given(st.text(LETTERS_AND_DIGITS, max_size=40))
def test_a_mask_always_hides_at_least_four_characters_or_all(text: str) -> None:
    assert len(mask(text).replace("…", "")) <= max(0, len(text) - 4)


# BIC


@pytest.mark.parametrize(
    ("text", "compact", "country"),
    [
        ("BYLADEM1001", "BYLADEM1001", "DE"),
        ("cobadeff", "COBADEFF", "DE"),
        ("COBA DE FF XXX", "COBADEFFXXX", "DE"),
        ("BNPAFRPP", "BNPAFRPP", "FR"),
        ("1234DEFF", "1234DEFF", "DE"),
        ("MBKOXKPR", "MBKOXKPR", "XK"),
    ],
)
def test_bics_are_kept_in_capitals_without_blanks(text: str, compact: str, country: str) -> None:
    bic = Bic.parse(text)
    assert (bic.compact, str(bic), bic.country) == (compact, compact, country)


@pytest.mark.parametrize("text", ["NOTPROVIDED", "notprovided", "NOT PROVIDED", " NotProvided\n"])
def test_a_missing_bic_is_not_a_bank_in_romania(text: str) -> None:
    with pytest.raises(InvalidBic, match="stands for a missing BIC"):
        Bic.parse(text)


@pytest.mark.parametrize(
    "text",
    ["", "COBADEF", "COBADEFFX", "COBADEFFXX", "COBADEFFXXXX", "COBAXXFF", "COBAZZFF", "COBA1EFF", "COBADE-F",
     "COBADEFF١١١", "CÖBADEFF", "DE02120300000000202051", "XKXKXK"],
)  # fmt: skip
def test_what_is_no_bic_is_refused(text: str) -> None:
    with pytest.raises(InvalidBic) as refusal:
        Bic.parse(text, field="creditor_bic")
    assert refusal.value.field == "creditor_bic"
    assert refusal.value.__context__ is None


# Creditor identifier


@pytest.mark.parametrize(
    ("text", "compact", "country"),
    [
        ("DE98ZZZ09999999999", "DE98ZZZ09999999999", "DE"),
        ("DE98ABC09999999999", "DE98ABC09999999999", "DE"),
        ("de98 zzz 0999 9999 999", "DE98ZZZ09999999999", "DE"),
        ("FR72ZZZ123456", "FR72ZZZ123456", "FR"),
        ("NL43ZZZ332211000000", "NL43ZZZ332211000000", "NL"),
        ("ES23ZZZ47690558N", "ES23ZZZ47690558N", "ES"),
        ("ES23Z+Z47690-558N", "ES23Z+Z47690-558N", "ES"),
    ],
)
def test_creditor_identifiers_are_kept_in_one_form(text: str, compact: str, country: str) -> None:
    found = CreditorIdentifier.parse(text)
    assert (found.compact, str(found), found.country) == (compact, compact, country)


def test_the_business_code_is_the_creditors_own_and_not_checked() -> None:
    sales, rents = (
        CreditorIdentifier.parse("DE98ABC09999999999"),
        CreditorIdentifier.parse("DE98ZZZ09999999999"),
    )
    assert sales != rents


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is a country, two check digits"),
        ("DE98ZZZ", "is a country, two check digits"),
        ("DE97ZZZ09999999999", "check digits of the creditor identifier do not fit"),
        ("DE01ZZZ09999999999", "check digits of the creditor identifier do not fit"),
        ("DE98ZZZ9999999999", "has 18 characters, not 17"),
        ("DE98ZZZ009999999999", "has 18 characters, not 19"),
        ("XX67ZZZ123", "XX is not a country of SEPA"),
        ("US98ZZZ09999999999", "US is not a country of SEPA"),
        ("NC98ZZZ09999999999", "NC is not a country of SEPA"),
        ("D198ZZZ09999999999", "is a country, two check digits"),
        ("DEXXZZZ09999999999", "is a country, two check digits"),
        ("DE98ZZZ0999999999_", "is a country, two check digits"),
        ("DE98ZZZ0999999999ß", "is a country, two check digits"),
        ("FR72ZZZ123456/", "is a country, two check digits"),
        ("FR72ZZZ123//456", "is a country, two check digits"),
        ("FR72ZZZ" + "0" * 29, "is a country, two check digits"),
    ],
)
def test_what_is_no_creditor_identifier_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidCreditorIdentifier, match=reason) as refusal:
        CreditorIdentifier.parse(text)
    assert refusal.value.field == "creditor_identifier"


def test_a_creditor_identifier_of_35_characters_is_the_longest() -> None:
    number = "1" * 28
    digits = check_digits_by_hand(number + "FR")
    assert len(CreditorIdentifier.parse(f"FR{digits}ZZZ{number}").compact) == 35


@given(
    st.sampled_from(["AT", "CH", "ES", "FR", "GB", "RS"]),
    st.text(LETTERS_AND_DIGITS, min_size=3, max_size=3),
    st.text(LETTERS_AND_DIGITS, min_size=1, max_size=28),
)
def test_creditor_identifiers_agree_with_an_independent_library(country: str, code: str, number: str) -> None:
    digits = stdnum.eu.at_02.calc_check_digits(f"{country}00{code}{number}")
    assert CreditorIdentifier.parse(f"{country}{digits}{code}{number}").compact[2:4] == digits
    wrong = f"{(int(digits) - 1) % 97 + 2:02d}"
    assume(wrong != digits)
    with pytest.raises(InvalidCreditorIdentifier, match="do not fit"):
        CreditorIdentifier.parse(f"{country}{wrong}{code}{number}")
