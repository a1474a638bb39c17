"""Whether a text is an IBAN as files write it, told quickly for the many that are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from schwifty import registry
from schwifty.exceptions import SchwiftyException

from ledger.banking import Iban
from ledger.errors import Rejected

_AS_DIGITS = {ord("A") + number: str(10 + number) for number in range(26)}


def fault_of_iban(text: str) -> str | None:
    """What is wrong with an IBAN, which a file writes in capitals without blanks; None when nothing is.

    Country, length, national form and check digits count (ISO 13616 and its registry).
    """
    if _is_iban(text):
        return None
    try:
        compact = Iban.parse(text).compact
    except Rejected as fault:
        return fault.message
    return None if compact == text else "An IBAN is written in capitals and without blanks."


def _is_iban(text: str) -> bool:
    country = text[:2]
    form = _form(country)
    if form is None or form.whole.fullmatch(text) is None:
        return False
    national = text[4:] if form.has_only_digits else text[4:].translate(_AS_DIGITS)
    return int(text[2:4]) == 98 - int(national + form.country_as_digits) % 97


@dataclass(frozen=True, slots=True)
class _Form:
    """How the IBANs of a country look, and the country with zeros behind it as ISO 7064 counts them."""

    whole: re.Pattern[str]
    has_only_digits: bool
    country_as_digits: str


@lru_cache(maxsize=256)
def _form(country: str) -> _Form | None:
    """The form that the registry gives; it fixes the length as well."""
    try:
        national = registry.get_iban_spec(country).regex.pattern.strip("^$").replace("a-z", "")
    except SchwiftyException:
        return None
    return _Form(
        whole=re.compile(f"{country}[0-9]{{2}}{national}", re.ASCII),
        has_only_digits="A-Z" not in national,
        country_as_digits=country.translate(_AS_DIGITS) + "00",
    )
