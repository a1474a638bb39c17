"""A currency is one of ISO 4217, with its own number of decimals."""

from __future__ import annotations

import pycountry
import pytest

from ledger import currencies
from ledger.money import Money, UnknownCurrency, checked_currency


@pytest.mark.parametrize("code", ["", "eur", "EU", "EURO", "XXX", "XTS", "XAU", "123", "EU\u00d6", "EUR "])
def test_what_is_no_currency_is_refused(code: str) -> None:
    with pytest.raises(UnknownCurrency, match="not an ISO 4217 currency") as refusal:
        checked_currency(code)
    assert refusal.value.field == "currency"
    with pytest.raises(UnknownCurrency):
        Money.parse("1", code)


def test_a_long_wrong_code_is_cut_in_the_message() -> None:
    with pytest.raises(UnknownCurrency) as refusal:
        checked_currency("E" * 10_000)
    assert len(str(refusal.value)) < 80


def test_every_active_currency_is_one_of_iso_4217() -> None:
    iso = {currency.alpha_3 for currency in pycountry.currencies}
    later_than_the_list = {"XCG", "ZWG", "VED", "SLE"}
    assert currencies.ACTIVE - later_than_the_list <= iso


def test_old_money_is_still_read_from_archives() -> None:
    assert checked_currency("DEM") == "DEM"
    assert not currencies.ACTIVE & currencies.WITHDRAWN


@pytest.mark.parametrize(
    ("currency", "places"),
    [("EUR", 2), ("USD", 2), ("JPY", 0), ("CLP", 0), ("KWD", 3), ("TND", 3), ("HUF", 2)],
)
def test_currencies_have_the_decimals_of_the_standard(currency: str, places: int) -> None:
    assert currencies.decimals(currency) == places
