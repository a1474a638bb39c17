"""Rules for what a single collection says of its amount, its mandate and its purpose."""

from __future__ import annotations

from collections.abc import Iterator

from exporters.pain008 import party_rules, places
from exporters.pain008.fields import Fields
from exporters.pain008.findings import Case, Fault
from exporters.pain008.values import PURPOSE, cents, day, decimal, is_true
from ledger.banking import RfReference
from ledger.errors import Rejected


def amount_has_cents(case: Case) -> Iterator[Fault]:
    """The amount is a decimal of at most two places; the schema lets five through."""
    if cents(case.fields.get(places.AMOUNT)) is None:
        yield places.AMOUNT, "The amount must be digits with a point and at most two decimals."


def amount_in_range(case: Case) -> Iterator[Fault]:
    """The amount is neither zero nor beyond what the schemes carry."""
    minor = cents(case.fields.get(places.AMOUNT))
    if minor is not None and not case.profile.smallest_minor <= minor <= case.profile.largest_minor:
        lowest, highest = decimal(case.profile.smallest_minor), decimal(case.profile.largest_minor)
        yield places.AMOUNT, f"The amount must be from {lowest} to {highest}."


def amount_in_euro(case: Case) -> Iterator[Fault]:
    """SEPA moves euro only."""
    if case.fields.get(places.CURRENCY) != "EUR":
        yield places.AMOUNT, "The currency of a collection must be EUR."


def mandate_given(case: Case) -> Iterator[Fault]:
    """Mandate reference and date of signature are there; the schema lets both be left out."""
    if case.fields.get(places.MANDATE_ID) is None:
        yield places.MANDATE_ID, "The mandate reference is missing."
    if case.fields.get(places.SIGNED_ON) is None:
        yield places.SIGNED_ON, "The date of the mandate's signature is missing."


def signed_before_collection(case: Case) -> Iterator[Fault]:
    """The mandate was signed on the day of collection at the latest."""
    signed, collected = day(case.fields.get(places.SIGNED_ON)), day(case.block.get(places.COLLECT_ON))
    if signed is not None and collected is not None and signed > collected:
        yield places.SIGNED_ON, "The mandate was signed after the day of collection."


def signed_already(case: Case) -> Iterator[Fault]:
    """The mandate was signed today at the latest."""
    signed = day(case.fields.get(places.SIGNED_ON))
    if signed is not None and case.today is not None and signed > case.today:
        yield places.SIGNED_ON, "The date of the mandate's signature lies in the future."


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
    if iban is not None and (fault := party_rules.fault_of_iban(iban)) is not None:
        yield places.ORIGINAL_IBAN, fault
    if other is not None and other != places.SMNDA:
        yield (
            places.ORIGINAL_OTHER,
            f"The old account is an IBAN, or {places.SMNDA} when the debtor has a new bank.",
        )
    if other == places.SMNDA and places.ORIGINAL_AGENT in case.fields:
        yield places.ORIGINAL_AGENT, f"Together with {places.SMNDA} the old bank is not named."


def remittance_once(case: Case) -> Iterator[Fault]:
    """There is one text or one structured reference, never both nor several."""
    given = [path for path in (places.UNSTRUCTURED, places.STRUCTURED) if path in case.fields]
    if len(given) > 1 or any(f"{path}[2]" in case.fields for path in given):
        yield (
            places.REMITTANCE,
            "A collection has one remittance text or one structured reference, not several.",
        )


def remittance_length(case: Case) -> Iterator[Fault]:
    """A text, or a structured reference together with its tags, has at most 140 characters."""
    limit = case.profile.remittance_length
    if len(case.fields.get(places.UNSTRUCTURED) or "") > limit:
        yield places.UNSTRUCTURED, f"The remittance text has more than {limit} characters."
    if places.STRUCTURED in case.fields and _length_with_tags(case.fields, places.STRUCTURED + "/") > limit:
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


def purpose_is_code(case: Case) -> Iterator[Fault]:
    """A purpose is a code of four characters (external code list of ISO 20022)."""
    code = case.fields.get(places.PURPOSE)
    if code is not None and PURPOSE.pattern.fullmatch(code) is None:
        yield places.PURPOSE, PURPOSE.sentence
