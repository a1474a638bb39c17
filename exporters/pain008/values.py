"""Single values as a pain.008 file writes them, each in its form or refused, and the way back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache

from exporters.pain008.characters import shortened
from exporters.pain008.profiles import Profile
from ledger.errors import Rejected
from ledger.money import Money
from ledger.sepa_text import is_sepa_reference


class Unwritable(Rejected):
    """A part of a message has no form in the file; `field` is its path, as `blocks[0].creditor.iban`."""

    def within(self, outer: str) -> Unwritable:
        """The same refusal, its field seen from one level further out."""
        return Unwritable(self.message, field=f"{outer}.{self.field}")


@dataclass(frozen=True, slots=True)
class Form:
    """What a value must look like, and how to say so."""

    pattern: re.Pattern[str]
    sentence: str


# Shapes of the ISO 20022 schemas. Check digits are for the rules, which name them better.
IBAN = Form(
    re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}"),
    "An IBAN is a country, two check digits and 11 to 30 capital letters or digits, without blanks.",
)
BIC = Form(
    re.compile(r"(?!NOTPROVIDED)[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?"),
    "A BIC has 8 or 11 capital letters and digits; one that is not known is left out.",
)
COUNTRY = Form(re.compile(r"[A-Z]{2}"), "A country is its code of two capital letters.")
PURPOSE = Form(re.compile(r"[A-Z0-9]{4}"), "A purpose is a code of four capital letters or digits.")
RF_REFERENCE = Form(
    re.compile(r"RF[0-9]{2}[A-Z0-9]{1,21}"),
    "A creditor reference is RF, two check digits and 1 to 21 capital letters or digits.",
)


_CENTS = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,2}))?")
_TWO_PLACES = re.compile(r"[0-9]{1,16}\.[0-9]{2}")
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})?")


def shaped(value: str, form: Form, field: str) -> str:
    """`value` itself when it has the form; no form lets through what means something to XML."""
    if form.pattern.fullmatch(value) is None:
        raise Unwritable(form.sentence, field=field)
    return value


def text(value: str, limit: int, profile: Profile, field: str) -> str:
    """Text that the bank takes, at most `limit` characters of it; of those only `&` means anything to XML."""
    written = shortened(value, limit, profile.characters)
    if not written:
        raise Unwritable("A text must hold more than blanks.", field=field)
    return written.replace("&", "&amp;") if "&" in written else written


def name(value: str, profile: Profile, field: str) -> str:
    """The name of a party."""
    return text(value, profile.name_length, profile, field)


def reference(value: str, profile: Profile, field: str) -> str:
    """An identifier exactly as it is: whoever reads the bank's answer compares it character by character."""
    if not is_sepa_reference(value, profile.identifier_length):
        raise Unwritable(
            f"An identifier has 1 to {profile.identifier_length} of the letters, digits and signs that every "
            "bank takes, with slashes and blanks only inside and no two slashes in a row.",
            field=field,
        )
    return value


def amount(money: Money, profile: Profile, field: str) -> str:
    """A collection in EUR within the limits of the profile, with a point and two decimals."""
    if money.currency != "EUR" or not profile.smallest_minor <= money.minor <= profile.largest_minor:
        raise Unwritable(
            f"A collection is in EUR, from {decimal(profile.smallest_minor)} "
            f"to {decimal(profile.largest_minor)}.",
            field=field,
        )
    return decimal(money.minor)


def decimal(minor: int) -> str:
    """EUR cents, not below zero, as `12.50`."""
    return f"{minor // 100}.{minor % 100:02d}"


def instant(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second. Raises ValueError for a moment without time zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment without time zone is not an instant")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=8)
def all_cents(texts: tuple[str, ...]) -> Sequence[int | None]:
    """`cents` of many texts, remembered for a moment, because the same are asked for several times."""
    if all(map(_TWO_PLACES.fullmatch, texts)):
        return [int(text.replace(".", "")) for text in texts]
    return [cents(text) for text in texts]


def cents(text: str | None) -> int | None:
    """A decimal with a point and at most two decimals as cents; None when it is not one."""
    found = _CENTS.fullmatch(text.strip()) if text else None
    if found is None:
        return None
    whole, fraction = found.groups()
    return int(whole) * 100 + int((fraction or "").ljust(2, "0"))


def day(text: str | None) -> date | None:
    """A date of ISO 8601, with or without the time zone that XML allows; None when it is not one."""
    found = _DAY.fullmatch(text.strip()) if text else None
    if found is None:
        return None
    try:
        return date.fromisoformat(found[1])
    except ValueError:
        return None


def is_true(text: str | None) -> bool:
    """Whether an indicator of XML says yes."""
    return (text or "").strip() in ("true", "1")
