"""What tells bookings apart: the same one is the same in every file, real twins are two."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from ledger.money import Money
from reconciliation.identity import Identities, fingerprint
from reconciliation.statement import Batch, Line, LineStatus, Party

LINE = Line(
    amount=Money(12_000, "EUR"), booked_on=date(2026, 11, 18), valued_on=date(2026, 11, 18),
    counterparty=Party(name="Max Mustermann", iban="DE02120300000000202051"), remittance="RE-2026-0815",
    reference="RF18539007547034", end_to_end_id="E2E-1", bank_reference="2026111800001",
    batch=Batch(payment_information_id="PI1", message_id="MSG1", count=2), position=1,
)  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Money(12_001, "EUR")},
        {"amount": Money(-12_000, "EUR")},
        {"amount": Money(12_000, "USD")},
        {"booked_on": date(2026, 11, 19)},
        {"status": LineStatus.PENDING},
        {"bank_reference": "2026111800002"},
        {"bank_reference": None},
        {"end_to_end_id": "E2E-2"},
        {"counterparty": Party(name="Max Mustermann", iban="DE89370400440532013000")},
        {"reference": None},
        {"remittance": "RE-2026-0816"},
        {"batch": Batch(payment_information_id="PI2", message_id="MSG1", count=2)},
        {"batch": None},
    ],
)
def test_bookings_that_differ_in_a_fact_are_different(change: dict[str, object]) -> None:
    assert fingerprint(replace(LINE, **change)) != fingerprint(LINE)


@pytest.mark.parametrize(
    "change",
    [
        {"position": 99},
        {"valued_on": None},
        {"counterparty": Party(name="MAX MUSTERMANN", iban="DE02120300000000202051", bic="BYLADEM1001")},
        {"transaction_code": "PMNT/RCDT/ESCT"},
        {"batch": Batch(payment_information_id="PI1")},
        {"details": (LINE,)},
    ],
)
def test_what_banks_say_differently_in_another_file_does_not_make_another_booking(
    change: dict[str, object],
) -> None:
    assert fingerprint(replace(LINE, **change)) == fingerprint(LINE)


def test_a_fact_in_another_place_is_another_booking() -> None:
    plain = Line(amount=Money(1, "EUR"), booked_on=date(2026, 11, 18))
    assert fingerprint(replace(plain, reference="A")) != fingerprint(replace(plain, remittance="A"))


def test_real_twins_have_names_of_their_own_and_the_same_ones_in_the_next_file() -> None:
    day, week = Identities(), Identities()
    other = replace(LINE, bank_reference="other")
    in_day = [day.name(line) for line in (LINE, other, LINE)]
    in_week = [week.name(line) for line in (other, LINE, LINE, LINE)]
    assert len(set(in_day)) == 3
    assert set(in_day) < set(in_week)
    assert len(set(in_week)) == 4
    assert all(len(name) == 64 for name in in_week)
