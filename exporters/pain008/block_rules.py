"""Rules for what a payment block says of all its collections together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from exporters.pain008 import places
from exporters.pain008.findings import Case, Fault
from exporters.pain008.values import day
from ledger.business_days import is_business_day


def method_is_direct_debit(case: Case) -> Iterator[Fault]:
    """The payment method is DD."""
    if case.fields.get(places.METHOD) != "DD":
        yield places.METHOD, "The payment method must be DD."


def service_level_is_sepa(case: Case) -> Iterator[Fault]:
    """The service level is SEPA and nothing else."""
    fields, path = case.fields, places.SERVICE_LEVEL
    if fields.get(f"{path}/Cd") != "SEPA" or f"{path}[2]" in fields:
        yield path, "The service level must be SEPA and nothing else."


def local_instrument_is_scheme(case: Case) -> Iterator[Fault]:
    """The local instrument names one of the two schemes; COR1 ended in 2016."""
    if case.fields.get(places.SCHEME) not in case.setting.profile.schemes:
        yield places.LOCAL_INSTRUMENT, "The local instrument must be CORE or B2B."


def sequence_type_in_sepa(case: Case) -> Iterator[Fault]:
    """The sequence type is FRST, RCUR, OOFF or FNAL; the schema has RPRE as well."""
    if case.fields.get(places.SEQUENCE_TYPE) not in case.setting.profile.sequence_types:
        yield places.SEQUENCE_TYPE, "The sequence type must be FRST, RCUR, OOFF or FNAL."


def collected_on_a_day(case: Case) -> Iterator[Fault]:
    """The day of collection is a date."""
    if day(case.fields.get(places.COLLECT_ON)) is None:
        yield places.COLLECT_ON, "The day of collection is missing or no date."


def collected_on_business_day(case: Case) -> Iterator[Fault]:
    """T2 settles on the day of collection; otherwise the bank moves it to the next day that T2 is open."""
    collected = day(case.fields.get(places.COLLECT_ON))
    if collected is not None and not _settles(collected):
        yield (
            places.COLLECT_ON,
            "T2 is closed on the day of collection; the bank will collect on its next open day.",
        )


def _settles(collected: date) -> bool:
    try:
        return is_business_day(collected)
    except ValueError:
        return False


def collected_in_time(case: Case) -> Iterator[Fault]:
    """The debtor's bank needs the collection on the business day before."""
    collected = day(case.fields.get(places.COLLECT_ON))
    if collected is not None and case.setting.today is not None and collected <= case.setting.today:
        yield places.COLLECT_ON, "The day of collection must lie after today."


def charges_are_shared(case: Case) -> Iterator[Fault]:
    """Each side pays its own bank (SLEV)."""
    if case.fields.get(places.CHARGES) != "SLEV":
        yield places.CHARGES, "The charge bearer must be SLEV."
