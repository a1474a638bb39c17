"""The words banks use, as values that cannot be wrong in form: IBAN, BIC, creditor identifier, reference."""

from __future__ import annotations

import re
from dataclasses import dataclass

import schwifty
from schwifty.exceptions import InvalidChecksumDigits, InvalidCountryCode, InvalidLength, SchwiftyException

from ledger.errors import Rejected
from ledger.references import InvalidReference, RfReference, check_digits, compacted, in_groups_of_four
from ledger.sepa_countries import is_eea_country, is_sepa_country

__all__ = [
    "NOT_PROVIDED",
    "Bic",
    "CreditorIdentifier",
    "Iban",
    "InvalidBic",
    "InvalidCreditorIdentifier",
    "InvalidIban",
    "InvalidReference",
    "RfReference",
    "is_eea_country",
    "is_sepa_country",
    "mask",
]

# What files write where a BIC or a reference is not known. It has the form of a BIC in Romania.
NOT_PROVIDED = "NOTPROVIDED"

_LONGEST_IBAN = 34

# The country is followed by check digits, the business code and the national part. Beside letters and
# digits the last two may hold the other characters of the SEPA set (EPC217-08) except the blank.
_CREDITOR_IDENTIFIER = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9/\-?:().,'+]{4,31}")
_NOT_CHECKED = re.compile(r"[^A-Z0-9]")

# Whole length by country, where the national rule is fixed; elsewhere 8 to 35 characters (EPC262-08).
_CREDITOR_IDENTIFIER_LENGTHS = {"DE": 18}

# ISO 9362 uses this code for Kosovo, which has none in ISO 3166.
_KOSOVO = "XK"


class InvalidIban(Rejected):
    """The text is not an IBAN of ISO 13616."""


class InvalidBic(Rejected):
    """The text is not a BIC of ISO 9362."""


class InvalidCreditorIdentifier(Rejected):
    """The text is not a SEPA creditor identifier."""


def mask(text: str) -> str:
    """An account number as it may be shown: the ends of an IBAN, the last four of anything shorter.

    `DE02…2051` for 15 characters and more (the shortest IBAN), `…5678` from 8 on, and nothing below.
    """
    compact = "".join(text.split())
    if len(compact) >= 15:
        return f"{compact[:4]}…{compact[-4:]}"
    return f"…{compact[-4:]}" if len(compact) >= 8 else "…"


@dataclass(frozen=True, slots=True, repr=False)
class Iban:
    """An International Bank Account Number (ISO 13616); `str` and `repr` show it masked."""

    compact: str

    @classmethod
    def parse(cls, text: str, *, field: str = "iban") -> Iban:
        """The IBAN in `text`, in capitals and without blanks.

        Country, length, national form and check digits are checked (ISO 13616 and its registry).
        Raises InvalidIban; the message never holds the text.
        """
        compact = compacted(text)
        fault = _fault_of_iban(compact)
        if fault is not None:
            raise InvalidIban(fault, field=field)
        return cls(compact)

    @property
    def country(self) -> str:
        """ISO 3166 code the account is registered under; Jersey shows GB and Saint Pierre shows FR."""
        return self.compact[:2]

    @property
    def pretty(self) -> str:
        """The whole number in groups of four, for the pages of those who may see it."""
        return in_groups_of_four(self.compact)

    def __str__(self) -> str:
        return mask(self.compact)

    def __repr__(self) -> str:
        return f"Iban({mask(self.compact)})"


def _fault_of_iban(compact: str) -> str | None:
    """What is wrong with the number as a sentence; None when nothing is."""
    if not compact.isascii() or not compact.isalnum() or len(compact) > _LONGEST_IBAN:
        return f"An IBAN has only letters and digits, at most {_LONGEST_IBAN} of them."
    try:
        schwifty.IBAN(compact)
    except InvalidCountryCode:
        return "The IBAN begins with a country code for which there are no IBANs."
    except InvalidLength:
        return (
            f"The IBAN has {len(compact)} characters, which is not the length for its country {compact[:2]}."
        )
    except InvalidChecksumDigits:
        return "The check digits of the IBAN do not fit; look for a typing error."
    except SchwiftyException:
        return "The IBAN does not have the form that its country uses."
    return None


@dataclass(frozen=True, slots=True)
class Bic:
    """A Business Identifier Code (ISO 9362): a bank by 8 characters, or one of its branches by 11."""

    compact: str

    @classmethod
    def parse(cls, text: str, *, field: str = "bic") -> Bic:
        """The BIC in `text`, in capitals and without blanks.

        The form is that of ISO 9362:2022, the country one of ISO 3166 or Kosovo. Raises InvalidBic, also for
        the placeholder NOTPROVIDED: no BIC is not a BIC.
        """
        compact = compacted(text)
        if compact == NOT_PROVIDED:
            raise InvalidBic(
                f"{NOT_PROVIDED} stands for a missing BIC; leave the BIC out instead.", field=field
            )
        if not _has_form_of_bic(compact):
            raise InvalidBic(
                "A BIC has 8 or 11 letters and digits, the fifth and sixth being the country.", field=field
            )
        return cls(compact)

    @property
    def country(self) -> str:
        """ISO 3166 code of the bank's country."""
        return self.compact[4:6]

    def __str__(self) -> str:
        return self.compact


def _has_form_of_bic(compact: str) -> bool:
    try:
        schwifty.BIC(compact)
    except InvalidCountryCode:
        return compact[4:6] == _KOSOVO
    except SchwiftyException:
        return False
    return True


@dataclass(frozen=True, slots=True)
class CreditorIdentifier:
    """The number under which a creditor collects by SEPA direct debit (EPC262-08): `DE98ZZZ09999999999`.

    Two letters of the country, two check digits, three characters the creditor may choose (ZZZ when
    unused) and the national number.
    """

    compact: str

    @classmethod
    def parse(cls, text: str, *, field: str = "creditor_identifier") -> CreditorIdentifier:
        """The identifier in `text`, in capitals and without blanks, so that equal ones compare equal.

        Form, country, length and check digits are checked. Raises InvalidCreditorIdentifier.
        """
        compact = compacted(text)
        fault = _fault_of_creditor_identifier(compact)
        if fault is not None:
            raise InvalidCreditorIdentifier(fault, field=field)
        return cls(compact)

    @property
    def country(self) -> str:
        """ISO 3166 code of the country that gave the identifier out."""
        return self.compact[:2]

    def __str__(self) -> str:
        return self.compact


def _fault_of_creditor_identifier(compact: str) -> str | None:
    """What is wrong with the identifier as a sentence; None when nothing is.

    The check digits (EPC262-08) leave out the business code and all that is neither letter nor digit.
    """
    if _CREDITOR_IDENTIFIER.fullmatch(compact) is None or "//" in compact or compact.endswith("/"):
        return "A creditor identifier is a country, two check digits, a business code of three and a number."
    country = compact[:2]
    if not is_sepa_country(country):
        return f"{country} is not a country of SEPA, so it has no creditor identifiers."
    length = _CREDITOR_IDENTIFIER_LENGTHS.get(country)
    if length is not None and len(compact) != length:
        return f"A creditor identifier of {country} has {length} characters, not {len(compact)}."
    checked = _NOT_CHECKED.sub("", compact[7:]) + country
    if check_digits(checked) != compact[2:4]:
        return "The check digits of the creditor identifier do not fit; look for a typing error."
    return None


def same_bank(one: str, other: str) -> bool:
    """Whether two compact IBANs are of the same bank, by country and bank code."""
    return _bank_of(one) == _bank_of(other)


def _bank_of(iban: str) -> tuple[str, str]:
    found = schwifty.IBAN(iban, allow_invalid=True)
    return found.country_code, found.bank_code
