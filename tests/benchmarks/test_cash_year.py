"""The generated year: every class is there, its truth adds up, and the same seed gives the same year."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import islice

import pytest

from benchmarks.cash import mixes, year
from benchmarks.cash.business import Business
from benchmarks.cash.facts import Closes, Customer, Invoice, Line, Month, Nature
from benchmarks.cash.mixes import Case
from ledger.banking import Iban

MANY = 12_000


def _months(
    seed: int, *, mix: str = "hard", lines: int = MANY, months: int = 12
) -> tuple[list[Customer], list[Month]]:
    played = year.generated(seed=seed, lines=lines, mix=mixes.MIXES[mix], months=months)
    return played.customers, list(played.months)


@pytest.fixture(scope="module")
def played() -> tuple[list[Customer], list[Month]]:
    return _months(1)


def _lines(months: list[Month]) -> list[Line]:
    return [line for month in months for line in month.lines]


def _invoices(months: list[Month]) -> dict[str, Invoice]:
    return {one.number: one for month in months for one in month.invoices}


@pytest.mark.parametrize("mix", mixes.MIXES)
def test_shares_of_a_mix_add_up_to_all_lines_and_leave_no_class_out(mix: str) -> None:
    assert sum(mixes.MIXES[mix].values()) == mixes.WHOLE
    assert set(mixes.MIXES[mix]) == set(Case) == set(year.PLAYED)


def test_six_of_ten_lines_of_the_standard_mix_name_one_whole_number() -> None:
    lines = _lines(_months(2, mix="standard")[1])
    cases = Counter(line.truth.case for line in lines)
    assert cases[Case.EXACT_REFERENCE] / len(lines) == pytest.approx(0.6, abs=0.02)
    assert len(lines) == pytest.approx(MANY, rel=0.05)


@pytest.mark.parametrize("case", Case)
def test_every_class_is_in_a_year(case: Case, played: tuple[list[Customer], list[Month]]) -> None:
    assert any(line.truth.case is case for line in _lines(played[1]))


def test_the_same_seed_gives_the_same_year_and_another_seed_another() -> None:
    first, again, other = (list(islice(_months(seed, lines=600, months=3)[1], 3)) for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_the_truth_of_a_payment_is_its_whole_money(played: tuple[list[Customer], list[Month]]) -> None:
    for line in _lines(played[1]):
        truth = line.truth
        money = sum(share.amount_minor for share in truth.shares if share.closes is Closes.PAYMENT)
        is_payment = truth.nature is Nature.PAYMENT
        assert (money + truth.on_account_minor == line.amount_minor) is is_payment, line
        assert (truth.customer is not None) is is_payment, line


def test_the_truth_closes_no_invoice_twice_and_no_more_of_a_credit_note_than_there_is(
    played: tuple[list[Customer], list[Month]],
) -> None:
    invoices = _invoices(played[1])
    notes = {one.number: one for month in played[1] for one in month.credit_notes}
    closed: Counter[str] = Counter()
    used: Counter[str] = Counter()
    for line in _lines(played[1]):
        for share in line.truth.shares:
            assert share.amount_minor > 0
            closed[share.invoice] += share.amount_minor
            if share.credit_note is not None:
                used[share.credit_note] += share.amount_minor
    assert all(amount <= invoices[number].total_minor for number, amount in closed.items())
    assert all(amount == notes[number].total_minor for number, amount in used.items())


def test_what_a_line_pays_is_its_customers_own(played: tuple[list[Customer], list[Month]]) -> None:
    invoices = _invoices(played[1])
    for line in _lines(played[1]):
        assert {invoices[share.invoice].customer for share in line.truth.shares} <= {line.truth.customer}


def test_numbers_and_keys_are_given_once(played: tuple[list[Customer], list[Month]]) -> None:
    numbers = [one.number for month in played[1] for one in month.invoices]
    numbers += [one.number for month in played[1] for one in month.credit_notes]
    keys = [line.key for line in _lines(played[1])]
    assert len(set(numbers)) == len(numbers)
    assert len(set(keys)) == len(keys)
    assert len({one.number for one in played[0]}) == len(played[0])


def test_lines_stand_in_the_month_that_tells_them_in_order_of_days(
    played: tuple[list[Customer], list[Month]],
) -> None:
    for month in played[1]:
        days = [line.booked_on for line in month.lines]
        assert days == sorted(days)
        assert month.first <= days[0]
        assert days[-1] <= month.last
        assert all(day.weekday() < 5 for day in days)


def test_only_advances_come_before_their_invoice(played: tuple[list[Customer], list[Month]]) -> None:
    invoices = _invoices(played[1])
    early = {
        line.truth.case
        for line in _lines(played[1])
        if any(invoices[share.invoice].issued_on > line.booked_on for share in line.truth.shares)
    }
    assert early == {Case.ADVANCE}


def test_discounts_are_in_time_where_the_truth_grants_them(
    played: tuple[list[Customer], list[Month]],
) -> None:
    invoices = _invoices(played[1])
    for line in _lines(played[1]):
        if line.truth.case in (Case.DISCOUNT_RIGHT, Case.DISCOUNT_LATE):
            invoice = invoices[line.truth.shares[0].invoice]
            in_time = (line.booked_on - invoice.issued_on).days <= (invoice.discount_days or 0)
            assert in_time is (line.truth.case is Case.DISCOUNT_RIGHT), line


def test_a_subscriber_pays_one_invoice_after_the_other(played: tuple[list[Customer], list[Month]]) -> None:
    """Of two equal invoices without a number the older one is paid, as the law has it: the truth must not differ."""
    invoices = _invoices(played[1])
    subscribers = {one.index for one in played[0] if one.subscription_minor is not None}
    latest: dict[int, date] = {}
    for line in _lines(played[1]):
        if line.truth.customer in subscribers and line.truth.shares and line.truth.case is not Case.ADVANCE:
            issued = invoices[line.truth.shares[0].invoice].issued_on
            assert issued >= latest.get(line.truth.customer, issued)
            latest[line.truth.customer] = issued


def test_every_account_has_sound_check_digits(played: tuple[list[Customer], list[Month]]) -> None:
    for account in {one.account for one in played[0] if one.country == "DE"}:
        assert Iban.parse(account).compact == account


def test_a_working_day_is_never_on_a_weekend() -> None:
    assert [Business.working(date(2026, 8, day)).day for day in (7, 8, 9, 10)] == [7, 10, 10, 10]
