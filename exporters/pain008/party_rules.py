"""Rules for the people, accounts and banks in a pain.008 file, for debtor and creditor alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from typing import TypeAlias

from exporters.pain008 import places
from exporters.pain008.fields import Fields
from exporters.pain008.findings import Case, Elements, Fault, Quick, Setting, Verdict
from exporters.pain008.ibans import fault_of_iban
from exporters.pain008.profiles import Profile
from exporters.pain008.text_rules import at_most
from ledger.banking import Bic, CreditorIdentifier, is_eea_country, is_sepa_country
from ledger.errors import Rejected

ByElements: TypeAlias = Callable[[Elements, Profile], Iterable[Fault]]

_LONGEST = 40  # longer than any BIC or creditor identifier; what is remembered of a file stays small


def present(path: str, sentence: str, *, blames: str | None = None) -> ByElements:
    """The element is there and holds text."""

    def faults(elements: Elements, profile: Profile) -> Iterator[Fault]:
        if not elements.get(path, False):
            yield blames or path, sentence

    return faults


def name_length(setting: Setting, path: str) -> Verdict:
    """No name is longer than the rulebook allows, which is less than the schema does."""
    limit = setting.profile.name_length
    return at_most(limit, lambda length: f"The name has {length} characters; SEPA allows {limit}.")


def iban(setting: Setting, path: str) -> Verdict:
    """The form and the check digits of an IBAN are right."""
    return fault_of_iban


def in_sepa(setting: Setting, path: str) -> Verdict:
    """The country of the IBAN belongs to SEPA."""
    return _by_country(_fault_of_country)


def _by_country(fault: Callable[[str], str | None]) -> Verdict:
    """A verdict on the country of an IBAN, of which many have few."""
    return Quick(
        lambda text: fault(text[:2]),
        lambda texts: not any(map(fault, {text[:2] for text in texts})),
    )


@lru_cache(maxsize=1024)
def _fault_of_country(country: str) -> str | None:
    if is_sepa_country(country) or not country.isalpha():
        return None
    return "The account lies in a country outside SEPA."


def within_eea(sentence: str) -> Callable[[Setting, str], Verdict]:
    """The account does not lie in SEPA outside the EEA, where more is needed than an IBAN."""
    return lambda setting, path: _by_country(lambda country: sentence if _is_beyond_eea(country) else None)


@lru_cache(maxsize=1024)
def _is_beyond_eea(country: str) -> bool:
    return is_sepa_country(country) and not is_eea_country(country)


def bics(agent: str) -> tuple[str, str]:
    """Where the BIC of a bank stands, in either version."""
    return f"{agent}/FinInstnId/BICFI", f"{agent}/FinInstnId/BIC"


def bic(setting: Setting, path: str) -> Verdict:
    """A bank is a BIC; the word `NOTPROVIDED` would be taken for one and has a place of its own."""
    return lambda text: _fault_of_bic(text[:_LONGEST])


@lru_cache(maxsize=1024)
def _fault_of_bic(text: str) -> str | None:
    try:
        compact = Bic.parse(text).compact
    except Rejected as fault:
        return fault.message
    return None if compact == text else "A BIC is written in capitals and without blanks."


_NO_BANK = f"The bank must be a BIC, or {places.NOT_PROVIDED} under Othr/Id."


def bank_once(agent: str) -> ByElements:
    """The bank is named in one way, which is there."""
    other = f"{agent}/FinInstnId/Othr/Id"

    def faults(elements: Elements, profile: Profile) -> Iterator[Fault]:
        given = any(path in elements for path in bics(agent))
        if not given and not elements.get(other, False):
            yield f"{agent}/FinInstnId", _NO_BANK
        if given and other in elements:
            yield other, "The bank is either a BIC or an entry under Othr/Id, not both."

    return faults


def not_provided(setting: Setting, path: str) -> Verdict:
    """What stands in the place of a BIC is the word for none."""
    return Quick(
        lambda text: None if text == places.NOT_PROVIDED else _NO_BANK,
        lambda texts: set(texts) == {places.NOT_PROVIDED},
    )


def structured(address: str) -> ByElements:
    """The address has town and country as elements; lines alone are the old, unstructured form."""

    def faults(elements: Elements, profile: Profile) -> Iterator[Fault]:
        missing = [name for name in ("TwnNm", "Ctry") if f"{address}/{name}" not in elements]
        if address not in elements or not missing or not profile.structured_address:
            return
        if f"{address}/AdrLine" in elements:
            yield address, "The address is unstructured; town and country must be elements of their own."
        else:
            yield address, f"The address lacks {' and '.join(missing)}."

    return faults


def known_elements(address: str) -> ByElements:
    """Only the rulebook's elements stand in the address, and at most two lines."""

    def faults(elements: Elements, profile: Profile) -> Iterator[Fault]:
        for path in elements:
            if path.startswith(address + "/"):
                element, number = _element(path)
                if element not in profile.address_lengths:
                    yield path, f"An address of {profile.name} under SEPA has no {element}."
                if element == "AdrLine" and number > profile.address_lines:
                    yield path, f"An address has at most {profile.address_lines} free lines."

    return faults


def address_length(setting: Setting, path: str) -> Verdict:
    """No element of an address is longer than the rulebook allows."""
    element, _ = _element(path)
    limit = setting.profile.address_lengths.get(element)
    if limit is None:
        return lambda text: None  # that there is such an element is said by itself
    return at_most(limit, lambda length: f"{element} has {length} characters; SEPA allows {limit}.")


def _element(path: str) -> tuple[str, int]:
    """Name and number of an element below an address: `AdrLine`, 2 of `Dbtr/PstlAdr/AdrLine[2]`."""
    element, _, number = path.split("/PstlAdr/")[1].rstrip("]").partition("[")
    return element, int(number) if number.isdigit() else 1


def not_repeated(address: str) -> Callable[[Case], Iterable[Fault]]:
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


def creditor_identifier(place: str) -> Callable[[Case], Iterable[Fault]]:
    """A creditor identifier is a right one, and its scheme is SEPA (EPC262-08)."""
    return partial(
        _creditor_identifier, f"{place}/{places.IDENTIFIER}", f"{place}/{places.IDENTIFIER_SCHEME}"
    )


def _creditor_identifier(path: str, scheme: str, case: Case) -> Iterator[Fault]:
    text = case.fields.get(path)
    if text is None:
        return
    if (fault := _fault_of_creditor_identifier(text[:_LONGEST])) is not None:
        yield path, fault
    if case.fields.get(scheme) != "SEPA":
        yield scheme, "The creditor identifier must be marked as one of the scheme SEPA."


@lru_cache(maxsize=1024)
def _fault_of_creditor_identifier(text: str) -> str | None:
    try:
        CreditorIdentifier.parse(text)
    except Rejected as fault:
        return fault.message
    return None
