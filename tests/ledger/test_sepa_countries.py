"""Which countries money can be collected in, and in which of them an IBAN is enough."""

from __future__ import annotations

import pycountry
import pytest

from ledger.banking import is_eea_country, is_sepa_country


@pytest.mark.parametrize(
    "code", ["AL", "MD", "ME", "MK", "RS", "CH", "GB", "AD", "MC", "SM", "VA", "GG", "PM"]
)
def test_sepa_reaches_beyond_the_economic_area(code: str) -> None:
    assert is_sepa_country(code)
    assert not is_eea_country(code)


@pytest.mark.parametrize("code", ["DE", "FR", "NO", "IS", "LI", "BG", "HR", "AX", "RE"])
def test_the_economic_area_is_in_sepa(code: str) -> None:
    assert is_sepa_country(code)
    assert is_eea_country(code)


@pytest.mark.parametrize("code", ["NC", "PF", "WF", "TF", "US", "TR", "UA", "XK", "XX", "UK", "EL", "de", ""])
def test_other_countries_are_not_in_sepa(code: str) -> None:
    assert not is_sepa_country(code)
    assert not is_eea_country(code)


def test_sepa_has_54_iso_codes_of_which_37_in_the_economic_area() -> None:
    codes = [country.alpha_2 for country in pycountry.countries]
    assert sum(map(is_sepa_country, codes)) == 54
    assert sum(map(is_eea_country, codes)) == 37
    assert all(is_sepa_country(code) for code in codes if is_eea_country(code))
