"""Rules for what a single collection says of its amount, its mandate and its purpose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from exporters.pain008 import places
from exporters.pain008.fields import Fields
from exporters.pain008.findings import Case, Elements, Fault, Quick, Setting, Verdict
from exporters.pain008.ibans import fault_of_iban
from exporters.pain008.profiles import Profile
from exporters.pain008.text_rules import at_most
from exporters.pain008.values import PURPOSE, all_cents, cents, day, decimal, is_true
from ledger.banking import RfReference
from ledger.errors import Rejected

NO_CENTS = "The amount must be digits with a point and at most two decimals."
NOT_EURO = "The currency of a collection must be EUR."

_DAYS = 4096  # different dates remembered; more than eleven years of them


def amount_has_cents(setting: Setting, path: str) -> Verdict:
    """The amount is a decimal of at most two places; the schema lets five through."""
    return Quick(
        lambda text: NO_CENTS if cents(text) is None else None,
        lambda texts: None not in all_cents(tuple(texts)),
    )


def amount_in_range(setting: Setting, path: str) -> Verdict:
    """The amount is neither zero nor beyond what the schemes carry."""
    lowest, highest = setting.profile.smallest_minor, setting.profile.largest_minor
    sentence = f"The amount must be from {decimal(lowest)} to {decimal(highest)}."

    def verdict(text: str) -> str | None:
        minor = cents(text)
        return None if minor is None or lowest <= minor <= highest else sentence

    def all_pass(texts: Sequence[str]) -> bool:
        known = [minor for minor in all_cents(tuple(texts)) if minor is not None]
        return not known or (lowest <= min(known) and max(known) <= highest)

    return Quick(verdict, all_pass)


def amount_in_euro(setting: Setting, path: str) -> Verdict:
    """SEPA moves euro only."""
    return lambda text: None if text == "EUR" else NOT_EURO


def mandate_given(elements: Elements, profile: Profile) -> Iterator[Fault]:
    """Mandate reference and date of signature are there; the schema lets both be left out."""
    if not elements.get(places.MANDATE_ID, False):
        yield places.MANDATE_ID, "The mandate reference is missing."
    if not elements.get(places.SIGNED_ON, False):
        yield places.SIGNED_ON, "The date of the mandate's signature is missing."


def signed_before_collection(setting: Setting, path: str) -> Verdict:
    """The mandate was signed on the day of collection at the latest."""

    @lru_cache(_DAYS)
    def verdict(text: str) -> str | None:
        signed, collected = day(text), setting.collect_on
        if signed is None or collected is None or signed <= collected:
            return None
        return "The mandate was signed after the day of collection."

    return verdict


def signed_already(setting: Setting, path: str) -> Verdict:
    """The mandate was signed today at the latest."""

    @lru_cache(_DAYS)
    def verdict(text: str) -> str | None:
        signed, today = day(text), setting.today
        if signed is None or today is None or signed <= today:
            return None
        return "The date of the mandate's signature lies in the future."

    return verdict


def amendment_indicated(case: Case) -> Iterator[Fault]:
    """The indicator is true exactly when something is said to have changed."""
    indicated = is_true(case.fields.get(places.AMENDED))
    if indicated and case.fields.get(places.AMENDMENT, "") == "":
        yield places.AMENDED, "The mandate is marked as amended, but nothing says what changed."
    if not indicated and places.AMENDMENT in case.fields:
        yield places.AMENDMENT, "The mandate has amendment details, but is not marked as amended."


def amendment_sound(case: Case) -> Iterator[Fault]:
    """The old account is an IBAN, or SMNDA for a debtor at a new bank; then the old bank is not named."""
    iban, other = case.fields.get(places.ORIGINAL_IBAN), case.fields.get(places.ORIGINAL_OTHER)
    if iban is not None and (fault := fault_of_iban(iban)) is not None:
        yield places.ORIGINAL_IBAN, fault
    if other is not None and other != places.SMNDA:
        yield (
            places.ORIGINAL_OTHER,
            f"The old account is an IBAN, or {places.SMNDA} when the debtor has a new bank.",
        )
    if other == places.SMNDA and places.ORIGINAL_AGENT in case.fields:
        yield places.ORIGINAL_AGENT, f"Together with {places.SMNDA} the old bank is not named."


def amendment_of_today(case: Case) -> Iterator[Fault]:
    """SMNDA stands in the place of the old account; until November 2016 it stood in that of the old bank."""
    if case.fields.get(places.OLD_PLACE_OF_SMNDA) == places.SMNDA:
        yield (
            places.OLD_PLACE_OF_SMNDA,
            f"{places.SMNDA} stands in the place of the old account since November 2016, not of the old bank.",
        )


def remittance_once(elements: Elements, profile: Profile) -> Iterator[Fault]:
    """There is one text or one structured reference, never both nor several."""
    given = [path for path in (places.UNSTRUCTURED, places.STRUCTURED) if path in elements]
    if len(given) > 1 or any(f"{path}[2]" in elements for path in given):
        yield (
            places.REMITTANCE,
            "A collection has one remittance text or one structured reference, not several.",
        )


def text_length(setting: Setting, path: str) -> Verdict:
    """A remittance text has at most 140 characters."""
    limit = setting.profile.remittance_length
    return at_most(limit, lambda length: f"The remittance text has more than {limit} characters.")


def structured_length(case: Case) -> Iterator[Fault]:
    """A structured reference has at most 140 characters together with its tags."""
    limit = case.setting.profile.remittance_length
    if _length_with_tags(case.fields, places.STRUCTURED + "/") > limit:
        yield places.STRUCTURED, f"The structured remittance has more than {limit} characters with its tags."


def _length_with_tags(fields: Fields, prefix: str) -> int:
    """Characters of everything below `prefix` as XML: for every element `<name>`, `</name>` and its text."""
    names = (
        (path.rpartition("/")[2].partition("[")[0], value)
        for path, value in fields.items()
        if path.startswith(prefix)
    )
    return sum(2 * len(name) + len("<></>") + len(value or "") for name, value in names if name[0] != "@")


def creditor_reference_sound(case: Case) -> Iterator[Fault]:
    """A structured reference marked as SCOR has the check digits of ISO 11649."""
    text = case.fields.get(places.REFERENCE)
    if text is None or case.fields.get(places.REFERENCE_CODE) != "SCOR":
        return
    try:
        RfReference.parse(text)
    except Rejected as fault:
        yield places.REFERENCE, fault.message


def purpose_is_code(setting: Setting, path: str) -> Verdict:
    """A purpose is a code of four characters (external code list of ISO 20022)."""
    return lambda text: None if PURPOSE.pattern.fullmatch(text) else PURPOSE.sentence
