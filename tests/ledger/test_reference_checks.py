"""Structured references of single countries are proven by the digits their own rule asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import reference_checks as checks


def test_a_qr_reference_of_the_swiss_guidelines_is_sound() -> None:
    assert checks.is_qrr("210000000003139471430009017")
    assert not checks.is_qrr("210000000003139471430009018")
    assert not checks.is_qrr("21000000000313947143000901")
    assert not checks.is_qrr("0" * 27)


def test_an_ogm_carries_the_remainder_by_97_and_97_for_none() -> None:
    assert checks.is_ogm("010806817183")
    assert checks.is_ogm("000000009797")
    assert not checks.is_ogm("010806817184")
    assert not checks.is_ogm("000000000000")


@pytest.mark.parametrize("sound", ["123453", "1232", "2348236", "00000000000000123453"])
def test_a_viitenumero_ends_with_its_digit_by_7_3_and_1(sound: str) -> None:
    assert checks.is_viitenumero(sound)
    assert not checks.is_viitenumero(sound[:-1] + str((int(sound[-1]) + 1) % 10))


def test_a_viitenumero_has_4_to_20_digits() -> None:
    assert not checks.is_viitenumero("123")
    assert not checks.is_viitenumero("0" * 4)
    assert not checks.is_viitenumero("0" * 15 + "123453")


def test_a_kid_ends_with_its_digit_by_modulo_10_or_11() -> None:
    assert checks.is_kid("2345676")
    assert checks.is_kid("12345674")
    assert not checks.is_kid("2345677")
    assert not checks.is_kid("1")
    assert not checks.is_kid("1" * 26)
    assert not checks.is_kid("00")


@given(st.integers(1, 10**23).map(str))
def test_every_number_has_a_kid_by_either_rule(body: str) -> None:
    assert any(checks.is_kid(body + last) for last in "0123456789-")


@pytest.mark.parametrize("sound", ["5000056789012345", "12234534622567", "1234567"])
def test_a_betalingskenmerk_of_the_dutch_association_is_sound(sound: str) -> None:
    assert checks.is_betalingskenmerk(sound)


@pytest.mark.parametrize(
    "wrong", ["6000056789012345", "22234534622567", "13234534622567", "12345678", "123456", "0" * 16]
)
def test_a_betalingskenmerk_has_its_length_and_check_digit_in_front(wrong: str) -> None:
    assert not checks.is_betalingskenmerk(wrong)
