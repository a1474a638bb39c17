"""Money is exact: it is read without rounding, written without loss, and parts always add up to the whole."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import currencies
from ledger.errors import Rejected
from ledger.money import (
    LARGEST_MINOR,
    CurrencyMismatch,
    Money,
    UnreadableAmount,
    minor_units,
    total,
)

CURRENCIES = st.sampled_from(["EUR", "CHF", "JPY", "ISK", "KWD", "TND"])
AMOUNTS = st.integers(-LARGEST_MINOR, LARGEST_MINOR)
MONEY = st.builds(Money, AMOUNTS, CURRENCIES)
WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=40).filter(any)


def euro(minor: int) -> Money:
    return Money(minor, "EUR")


# Reading


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.5", "EUR", 1250),
        ("1234,56", "EUR", 123456),
        ("0.01", "EUR", 1),
        ("0", "EUR", 0),
        ("-0", "EUR", 0),
        ("-0,07", "EUR", -7),
        ("+3", "EUR", 300),
        ("3.", "EUR", 300),
        ("3,", "EUR", 300),
        (".5", "EUR", 50),
        ("-.5", "EUR", -50),
        (" 7.00 ", "EUR", 700),
        ("12\u00a0", "EUR", 1200),
        ("000012.50", "EUR", 1250),
        ("12.50000", "EUR", 1250),
        ("12", "JPY", 12),
        ("12.000", "JPY", 12),
        ("12.345", "KWD", 12345),
        ("12.3450", "KWD", 12345),
        ("1000000000000.00", "EUR", LARGEST_MINOR),
        ("-1000000000000", "EUR", -LARGEST_MINOR),
    ],
)
def test_plain_decimals_are_read_to_the_cent(text: str, currency: str, minor: int) -> None:
    assert Money.parse(text, currency) == Money(minor, currency)
    assert minor_units(text, currency) == minor


@pytest.mark.parametrize(
    "text",
    ["", " ", ".", ",", "+", "-", "-.", "--5", "+-5", "5-", "1.234,56", "1,234.56", "1 234", "1'234", "1_000",
     "12.5 EUR", "€12", "0x10", "1e3", "1E3", "NaN", "Infinity", "-inf", "١٢", "１２", "1\n2",
     "1.2.3", "½", "²", "12\u200b", "12\x00"],
)  # fmt: skip
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(UnreadableAmount, match="is not an amount"):
        minor_units(text, "EUR")


@pytest.mark.parametrize(
    ("text", "currency"),
    [("0.001", "EUR"), ("12.345", "EUR"), ("0.5", "JPY"), ("12.3456", "KWD"), ("0.00000000000000001", "EUR")],
)
def test_a_part_of_a_cent_is_refused_and_never_rounded(text: str, currency: str) -> None:
    with pytest.raises(UnreadableAmount, match=r"more than the [023] decimals"):
        Money.parse(text, currency)


@pytest.mark.parametrize("text", ["1000000000000.01", "-1000000000000.01", "9" * 18])
def test_more_than_a_trillion_is_a_typing_error(text: str) -> None:
    with pytest.raises(UnreadableAmount, match="larger than any amount"):
        Money.parse(text, "EUR")


@pytest.mark.parametrize("text", ["9" * 19, "0." + "0" * 18, "9" * 1_000_000])
def test_endless_digits_are_refused_at_once_with_a_short_message(text: str) -> None:
    with pytest.raises(UnreadableAmount) as refusal:
        Money.parse(text, "EUR")
    assert len(str(refusal.value)) < 80


def test_a_refused_amount_names_its_field() -> None:
    with pytest.raises(UnreadableAmount) as refusal:
        Money.parse("twelve", "EUR", field="total")
    assert refusal.value.field == "total"
    assert refusal.value.code == "unreadable_amount"
    assert isinstance(refusal.value, Rejected)


@given(MONEY)
def test_what_is_written_is_read_back_the_same(money: Money) -> None:
    assert Money.parse(money.decimal(), money.currency) == money


@given(MONEY)
def test_a_decimal_comma_reads_like_a_point(money: Money) -> None:
    assert Money.parse(money.decimal().replace(".", ","), money.currency) == money


@given(st.decimals(-(10**9), 10**9, places=4), CURRENCIES)
def test_reading_agrees_with_exact_decimals_or_refuses(number: Decimal, currency: str) -> None:
    scaled = number.scaleb(currencies.decimals(currency))
    if scaled == scaled.to_integral_value():
        assert minor_units(f"{number:f}", currency) == int(scaled)
    else:
        with pytest.raises(UnreadableAmount):
            minor_units(f"{number:f}", currency)


@given(st.text(max_size=30) | st.text("0123456789.,+- ", max_size=20), CURRENCIES)
def test_any_text_is_an_amount_or_refused(text: str, currency: str) -> None:
    try:
        minor = minor_units(text, currency)
    except UnreadableAmount:
        assert not text.isascii() or not text.isdigit() or len(text) > 13
    else:
        assert abs(minor) <= LARGEST_MINOR
        assert minor_units(Money(minor, currency).decimal(), currency) == minor


# Writing


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (1250, "EUR", "12.50"),
        (-7, "EUR", "-0.07"),
        (0, "EUR", "0.00"),
        (100, "EUR", "1.00"),
        (12, "JPY", "12"),
        (0, "JPY", "0"),
        (-12, "JPY", "-12"),
        (1, "KWD", "0.001"),
        (-12345, "KWD", "-12.345"),
        (99999999999, "EUR", "999999999.99"),
    ],
)
def test_amounts_are_written_with_the_decimals_of_their_currency(
    minor: int, currency: str, text: str
) -> None:
    assert Money(minor, currency).decimal() == text
    assert str(Money(minor, currency)) == f"{text} {currency}"


# Reckoning


def test_sums_and_differences_are_exact() -> None:
    assert euro(10) + euro(20) == euro(30)
    assert euro(10) - euro(20) == euro(-10)
    assert -euro(10) == euro(-10)
    assert abs(euro(-10)) == euro(10)
    assert total([euro(1)] * 1_000_000, "EUR") == euro(1_000_000)


def test_the_sum_of_nothing_is_zero_of_the_currency() -> None:
    assert total([], "CHF") == Money.zero("CHF")


def test_only_zero_counts_as_no_money() -> None:
    assert not euro(0)
    assert euro(1)
    assert euro(-1)


def test_amounts_order_by_size() -> None:
    assert sorted([euro(5), euro(-5), euro(0)]) == [euro(-5), euro(0), euro(5)]
    assert euro(1) <= euro(1)
    assert euro(2) >= euro(2)
    assert euro(2) > euro(1)
    assert not euro(1) < euro(1)


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__le__", "__gt__", "__ge__"])
def test_euro_and_yen_are_never_put_together(operation: str) -> None:
    with pytest.raises(CurrencyMismatch, match="EUR and JPY"):
        getattr(euro(1), operation)(Money(1, "JPY"))


def test_a_sum_over_two_currencies_is_refused() -> None:
    with pytest.raises(CurrencyMismatch):
        total([euro(1), Money(1, "CHF")], "EUR")
    with pytest.raises(CurrencyMismatch):
        total([euro(1)], "CHF")


def test_a_hundred_yen_are_not_a_euro() -> None:
    assert Money(100, "JPY") != euro(100)
    assert len({euro(100), Money(100, "JPY"), euro(100)}) == 2


def test_an_amount_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        euro(1).minor = 2  # type: ignore[misc]


@given(AMOUNTS, AMOUNTS)
def test_adding_and_taking_away_again_changes_nothing(left: int, right: int) -> None:
    assert euro(left) + euro(right) - euro(right) == euro(left)


# Splitting


@pytest.mark.parametrize(
    ("minor", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (5, [3, 7], [2, 3]),
        (1, [1, 1], [1, 0]),
        (1000, [19, 81], [190, 810]),
        (100, [0, 1, 0], [0, 100, 0]),
        (2, [1, 1, 1], [1, 1, 0]),
        (100, [1, 2, 3], [17, 33, 50]),
        (0, [1, 1], [0, 0]),
        (7, [5], [7]),
    ],
)
def test_leftover_cents_go_to_the_largest_remainders(
    minor: int, weights: list[int], parts: list[int]
) -> None:
    assert euro(minor).split(weights) == tuple(map(euro, parts))


@given(MONEY, WEIGHTS)
def test_the_parts_add_up_to_the_whole(money: Money, weights: list[int]) -> None:
    parts = money.split(weights)
    assert len(parts) == len(weights)
    assert total(parts, money.currency) == money


@given(MONEY, WEIGHTS)
def test_each_part_is_within_a_cent_of_its_exact_share(money: Money, weights: list[int]) -> None:
    whole = sum(weights)
    for part, weight in zip(money.split(weights), weights, strict=True):
        assert abs(part.minor * whole - money.minor * weight) < whole


@given(MONEY, WEIGHTS)
def test_who_weighs_nothing_gets_nothing_and_nobody_owes(money: Money, weights: list[int]) -> None:
    for part, weight in zip(money.split(weights), weights, strict=True):
        assert part.minor == 0 or (weight > 0 and (part.minor > 0) == (money.minor > 0))


@given(st.integers(0, LARGEST_MINOR), st.lists(st.integers(0, 50), min_size=2, max_size=9).filter(any))
def test_a_larger_weight_never_gets_less(minor: int, weights: list[int]) -> None:
    paired = sorted(zip(weights, euro(minor).split(weights), strict=True), key=lambda pair: pair[0])
    for (lighter, less), (heavier, more) in pairwise(paired):
        assert lighter == heavier or less <= more


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [-1, 2], [1, -1]])
def test_a_split_without_a_share_for_anybody_is_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        euro(100).split(weights)
