"""Whether a text is an IBAN as files write it, told quickly for the many that are."""

from __future__ import annotations

import re
from functools import lru_cache

from schwifty import registry
from schwifty.exceptions import SchwiftyException

from ledger.banking import Iban
from ledger.errors import Rejected

_FORM = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
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
    if _FORM.fullmatch(text) is None:
        return False
    national = _national_form(text[:2])
    if national is None or national.fullmatch(text, 4) is None:
        return False
    return check_digits_fit(text)


def check_digits_fit(text: str) -> bool:
    """Whether the digits behind the country are those that ISO 7064 MOD 97-10 gives, always 02 to 98."""
    rest = int((text[4:] + text[:2] + "00").translate(_AS_DIGITS)) % 97
    return int(text[2:4]) == 98 - rest


@lru_cache(maxsize=256)
def _national_form(country: str) -> re.Pattern[str] | None:
    """What follows the check digits, by the registry; its form fixes the length as well."""
    try:
        return re.compile(registry.get_iban_spec(country).regex.pattern.strip("^$"))
    except SchwiftyException:
        return None
