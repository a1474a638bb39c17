"""What each version of pain.008 calls things and how long they may be, as data with its sources."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

from exporters.pain008.characters import LATIN, Characters
from exporters.pain008.message import Scheme, SequenceType
from ledger.errors import NotFound

_ISO = "urn:iso:std:iso:20022:tech:xsd:"


class UnknownProfile(NotFound):
    """No profile has this name."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """The limits of one message version under the SEPA rulebooks; amounts are EUR cents, lengths characters.

    `address_lengths` names every address element that is allowed and its length. Lengths below those of the
    ISO schema are the rulebook's (EPC130-08 and EPC131-08 of 2025, quoted in Anlage 3 of the DFÜ agreement).
    """

    name: str
    namespace: str
    schema_file: str  # as the package sepaxml names it
    bic_element: str
    retiring: bool  # some banks have stopped taking this version
    structured_address: bool  # an address has town and country as elements of their own
    address_lengths: Mapping[str, int]
    characters: Characters = LATIN  # what the bank takes; see `taking`
    address_lines: int = 2
    name_length: int = 70
    identifier_length: int = 35
    remittance_length: int = 140
    purpose_length: int = 4
    smallest_minor: int = 1
    largest_minor: int = 99_999_999_999
    schemes: frozenset[str] = frozenset(Scheme)
    sequence_types: frozenset[str] = frozenset(SequenceType)  # RPRE of the ISO schema is not part of SEPA


# Message version of 2019, required by the rulebooks of 2025 (EPC016-06 and EPC222-07 version 1.1, in force
# from 2025-10-05 to 2027-11-21). Address: EPC153-22; ISO 20022 PostalAddress24; at most two lines beside town
# and country (hybrid form).
SEPA_2025 = Profile(
    name="pain.008.001.08",
    namespace=_ISO + "pain.008.001.08",
    schema_file="pain.008.001.08.xsd",
    bic_element="BICFI",
    retiring=False,
    structured_address=True,
    address_lengths=MappingProxyType(
        {
            "Dept": 70,
            "SubDept": 70,
            "StrtNm": 70,
            "BldgNb": 16,
            "BldgNm": 35,
            "Flr": 70,
            "PstBx": 16,
            "Room": 70,
            "PstCd": 16,
            "TwnNm": 35,
            "TwnLctnNm": 35,
            "DstrctNm": 35,
            "CtrySubDvsn": 35,
            "Ctry": 2,
            "AdrLine": 70,
        }
    ),
)

# Message version of 2009, of the rulebooks before 2023. German banks stopped taking it on 2026-11-14, others
# decide one by one. An address was a country and two lines.
SEPA_2009 = Profile(
    name="pain.008.001.02",
    namespace=_ISO + "pain.008.001.02",
    schema_file="pain.008.001.02.xsd",
    bic_element="BIC",
    retiring=True,
    structured_address=False,
    address_lengths=MappingProxyType({"Ctry": 2, "AdrLine": 70}),
)

PROFILES: Mapping[str, Profile] = MappingProxyType({p.name: p for p in (SEPA_2025, SEPA_2009)})
DEFAULT = SEPA_2025

# Versions of the time before structured addresses: ISO's first two and those of the German banks.
_OLD = re.compile(r"pain\.008\.(?:001\.0[12]|00[23]\.[0-9]{2})")


@lru_cache
def taking(profile: Profile, characters: Characters) -> Profile:
    """`profile` for a bank that takes `characters`."""
    return replace(profile, characters=characters)


def by_name(name: str) -> Profile:
    """The profile called `name`, as `pain.008.001.08`. Raises UnknownProfile with the names there are."""
    try:
        return PROFILES[name]
    except KeyError:
        known = ", ".join(PROFILES)
        raise UnknownProfile(
            f"There is no profile of that name; there are {known}.", field="profile"
        ) from None


def nearest(version: str | None) -> Profile:
    """The profile to which a file of `version` comes closest, for one that is no profile's own."""
    return SEPA_2009 if version is not None and _OLD.fullmatch(version) else SEPA_2025


def version_of(namespace: str | None) -> str | None:
    """`pain.008.001.08` from `urn:iso:std:iso:20022:tech:xsd:pain.008.001.08`; None for other namespaces."""
    if namespace is None or not namespace.startswith(_ISO + "pain.008."):
        return None
    return namespace.removeprefix(_ISO)
