"""Rules for the people, accounts and banks in a pain.008 file, for debtor and creditor alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TypeAlias

from exporters.pain008 import places
from exporters.pain008.fields import Fields
from exporters.pain008.findings import Case, Fault
from exporters.pain008.profiles import Profile
from ledger.banking import Bic, CreditorIdentifier, Iban, is_eea_country, is_sepa_country
from ledger.errors import Rejected

Faults: TypeAlias = Callable[[Case], Iterable[Fault]]

_LONGEST = 40  # longer than any BIC or creditor identifier; what is remembered of a file stays small


def name_given(party: str) -> Faults:
    """The party has a name."""
    path = f"{party}/Nm"

    def faults(case: Case) -> Iterator[Fault]:
        if case.fields.get(path) is None:
            yield path, "The name is missing."

    return faults


def name_length(*parties: str) -> Faults:
    """No name is longer than the rulebook allows, which is less than the schema does."""
    paths = [f"{party}/Nm" for party in parties]

    def faults(case: Case) -> Iterator[Fault]:
        for path in paths:
            name = case.fields.get(path)
            if name is not None and len(name) > case.profile.name_length:
                yield path, f"The name has {len(name)} characters; SEPA allows {case.profile.name_length}."

    return faults


def account_is_iban(account: str) -> Faults:
    """The account is given as an IBAN whose form and check digits are right."""
    path = f"{account}/Id/IBAN"

    def faults(case: Case) -> Iterator[Fault]:
        text = case.fields.get(path)
        if text is None:
            yield f"{account}/Id", "The account must be given as an IBAN."
        elif (fault := fault_of_iban(text)) is not None:
            yield path, fault

    return faults


def account_in_sepa(account: str) -> Faults:
    """The country of the IBAN belongs to SEPA."""
    path = f"{account}/Id/IBAN"

    def faults(case: Case) -> Iterator[Fault]:
        country = (case.fields.get(path) or "")[:2]
        if country.isalpha() and not is_sepa_country(country):
            yield path, "The account lies in a country outside SEPA."

    return faults


def fault_of_iban(text: str) -> str | None:
    """What is wrong with an IBAN, which a file writes in capitals without blanks; None when nothing is."""
    try:
        compact = Iban.parse(text).compact
    except Rejected as fault:
        return fault.message
    return None if compact == text else "An IBAN is written in capitals and without blanks."


def agent(path: str) -> Faults:
    """The bank is a BIC, or `NOTPROVIDED` under Othr/Id; as a BIC that word would be taken for a bank."""
    bics = (f"{path}/FinInstnId/BICFI", f"{path}/FinInstnId/BIC")
    other = f"{path}/FinInstnId/Othr/Id"

    def faults(case: Case) -> Iterator[Fault]:
        fields = case.fields
        given = [bic for bic in bics if bic in fields]
        if not given and fields.get(other) != places.NOT_PROVIDED:
            yield f"{path}/FinInstnId", f"The bank must be a BIC, or {places.NOT_PROVIDED} under Othr/Id."
        for bic in given:
            if (fault := _fault_of_bic((fields[bic] or "")[:_LONGEST])) is not None:
                yield bic, fault
            if other in fields:
                yield other, "The bank is either a BIC or an entry under Othr/Id, not both."

    return faults


@lru_cache(maxsize=1024)
def _fault_of_bic(text: str) -> str | None:
    try:
        compact = Bic.parse(text).compact
    except Rejected as fault:
        return fault.message
    return None if compact == text else "A BIC is written in capitals and without blanks."


def debtor_address_given(case: Case) -> Iterator[Fault]:
    """A debtor whose bank lies outside the EEA needs an address; without it the bank returns RR02 or RR03."""
    country = (case.fields.get(places.DEBTOR_IBAN) or "")[:2]
    outside = is_sepa_country(country) and not is_eea_country(country)
    if outside and places.DEBTOR_ADDRESS not in case.fields:
        yield (
            places.DEBTOR_ADDRESS,
            "The debtor's bank lies outside the EEA, so the debtor's address is required.",
        )


def structured(address: str) -> Faults:
    """The address has town and country as elements; lines alone are the old, unstructured form."""

    def faults(case: Case) -> Iterator[Fault]:
        missing = [name for name in ("TwnNm", "Ctry") if f"{address}/{name}" not in case.fields]
        if not missing or not case.profile.structured_address:
            return
        if f"{address}/AdrLine" in case.fields:
            yield address, "The address is unstructured; town and country must be elements of their own."
        else:
            yield address, f"The address lacks {' and '.join(missing)}."

    return faults


def known_elements(address: str) -> Faults:
    """Only the rulebook's elements stand in the address, none longer than allowed, and at most two lines."""
    prefix = f"{address}/"

    def faults(case: Case) -> Iterator[Fault]:
        for path, value in case.fields.items():
            if path.startswith(prefix):
                yield from _element_faults(path, value, case.profile)

    return faults


def _element_faults(path: str, value: str | None, profile: Profile) -> Iterator[Fault]:
    element, _, number = path.split("/PstlAdr/")[1].rstrip("]").partition("[")
    limit = profile.address_lengths.get(element)
    if limit is None:
        yield path, f"An address of {profile.name} under SEPA has no {element}."
    elif len(value or "") > limit:
        yield path, f"{element} has {len(value or '')} characters; SEPA allows {limit}."
    if element == "AdrLine" and number and int(number) > profile.address_lines:
        yield path, f"An address has at most {profile.address_lines} free lines."


def not_repeated(address: str) -> Faults:
    """In a hybrid address the lines hold only what has no element of its own."""
    lines = (f"{address}/AdrLine", f"{address}/AdrLine[2]")

    def faults(case: Case) -> Iterator[Fault]:
        said = _said_by_elements(case.fields, address)
        for path in lines:
            if (case.fields.get(path) or "").casefold() in said:
                yield path, "The line repeats what the elements for town, postcode or country say."

    return faults


def _said_by_elements(fields: Fields, address: str) -> set[str]:
    town, postcode, country = (
        (fields.get(f"{address}/{name}") or "").casefold() for name in ("TwnNm", "PstCd", "Ctry")
    )
    return {town, country, postcode, f"{postcode} {town}", f"{country}-{postcode} {town}"} - {""}


def creditor_identifier(place: str) -> Faults:
    """A creditor identifier is a right one, and its scheme is SEPA (EPC262-08)."""
    path, scheme = f"{place}/{places.IDENTIFIER}", f"{place}/{places.IDENTIFIER_SCHEME}"

    def faults(case: Case) -> Iterator[Fault]:
        text = case.fields.get(path)
        if text is None:
            return
        if (fault := _fault_of_creditor_identifier(text[:_LONGEST])) is not None:
            yield path, fault
        if case.fields.get(scheme) != "SEPA":
            yield scheme, "The creditor identifier must be marked as one of the scheme SEPA."

    return faults


@lru_cache(maxsize=1024)
def _fault_of_creditor_identifier(text: str) -> str | None:
    try:
        CreditorIdentifier.parse(text)
    except Rejected as fault:
        return fault.message
    return None
