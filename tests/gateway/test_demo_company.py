"""The demo's invented company: complete, unique, valid, and the same for the same seed."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
import schwifty

from exporters.pain008.message import Scheme
from gateway.sandbox.company import CREDITOR, Company, build
from ledger.banking import Bic, CreditorIdentifier, Iban
from ledger.money import Money

TODAY = date(2026, 11, 21)


@pytest.fixture(scope="module")
def company() -> Company:
    return build(today=TODAY, seed=1)


def test_company_has_as_much_of_everything_as_asked(company: Company):
    assert (len(company.customers), len(company.mandates), len(company.invoices)) == (300, 250, 1500)
    small = build(today=TODAY, seed=1, customers=3, mandates=1, invoices=2)
    assert (len(small.customers), len(small.mandates), len(small.invoices)) == (3, 1, 2)


def test_company_may_be_much_larger_than_the_demo():
    large = build(today=TODAY, seed=1, customers=2000, mandates=1500, invoices=10_000)
    assert len({customer.name for customer in large.customers}) == 2000


@pytest.mark.parametrize(("customers", "mandates", "invoices"), [(1, 2, 0), (0, 0, 1)])
def test_company_that_cannot_be_is_refused(customers: int, mandates: int, invoices: int):
    with pytest.raises(ValueError, match="customer"):
        build(today=TODAY, seed=1, customers=customers, mandates=mandates, invoices=invoices)


def test_more_customers_than_names_are_refused():
    with pytest.raises(ValueError, match="no more names"):
        build(today=TODAY, seed=1, customers=20_000, mandates=0, invoices=0)


def test_same_seed_builds_the_same_company():
    again = [build(today=TODAY, seed=seed, customers=30, mandates=20, invoices=50) for seed in (4, 4, 5)]
    assert again[0] == again[1] != again[2]


def test_customers_stay_the_same_on_another_day():
    companies = [
        build(today=day, seed=4, customers=30, mandates=20, invoices=50) for day in (TODAY, date(2027, 3, 1))
    ]
    assert companies[0].customers == companies[1].customers
    assert companies[0].invoices != companies[1].invoices


@pytest.mark.parametrize("field", ["external_id", "name", "email", "iban"])
def test_no_two_customers_share_anything_that_identifies_them(company: Company, field: str):
    assert len({getattr(customer, field) for customer in company.customers}) == 300


@pytest.mark.parametrize("field", ["external_id", "number"])
def test_no_two_invoices_share_a_number(company: Company, field: str):
    assert len({getattr(invoice, field) for invoice in company.invoices}) == 1500


def test_every_account_is_valid_down_to_its_national_check_digits(company: Company):
    for customer in company.customers:
        assert Iban.parse(customer.iban).country == customer.country
        assert schwifty.IBAN(customer.iban, validate_bban=True).is_valid
    assert Iban.parse(CREDITOR.iban).compact == CREDITOR.iban
    assert Bic.parse(CREDITOR.bic).country == "DE"
    assert CreditorIdentifier.parse(CREDITOR.creditor_id).compact == CREDITOR.creditor_id


def test_no_customers_account_is_at_a_real_bank(company: Company):
    assert [customer.country for customer in company.customers if schwifty.IBAN(customer.iban).bank] == []


def test_customers_are_firms_and_consumers_in_seven_countries(company: Company):
    countries = Counter(customer.country for customer in company.customers)
    assert set(countries) == {"DE", "AT", "FR", "NL", "BE", "IT", "ES"}
    assert countries["DE"] > 150
    firms = sum(customer.is_company for customer in company.customers)
    assert 100 < firms < 200
    assert all(
        customer.email.endswith(".example") and customer.email.isascii() for customer in company.customers
    )


def test_mandate_was_signed_by_its_customer_in_the_past_and_has_not_lapsed(company: Company):
    for mandate in company.mandates:
        customer = company.customer(mandate.customer_external_id)
        assert (mandate.debtor_name, mandate.debtor_iban) == (customer.name, customer.iban)
        assert TODAY - timedelta(days=730) <= mandate.signed_on < TODAY
        assert len(mandate.reference) <= 35
    assert len({mandate.reference for mandate in company.mandates}) == 250
    assert len(company.mandated()) == 250


def test_only_firms_give_business_mandates(company: Company):
    business = [mandate for mandate in company.mandates if mandate.scheme is Scheme.B2B]
    assert 10 < len(business) < 100
    assert all(company.customer(mandate.customer_external_id).is_company for mandate in business)


def test_invoices_are_one_series_in_order_of_issue(company: Company):
    assert company.invoices[14].number == "RE-2026-00815"
    assert [int(invoice.number[-5:]) for invoice in company.invoices] == list(range(801, 2301))
    issued = [invoice.issued_on for invoice in company.invoices]
    assert issued == sorted(issued)
    assert all(TODAY - timedelta(days=60) <= day < TODAY for day in issued)


def test_series_runs_on_over_new_year():
    company = build(today=date(2027, 1, 10), seed=1, customers=10, mandates=5, invoices=100)
    assert {invoice.number[:8] for invoice in company.invoices} == {"RE-2026-", "RE-2027-"}
    assert [int(invoice.number[-5:]) for invoice in company.invoices] == list(range(801, 901))


def test_invoices_are_due_after_the_customers_term_some_already_and_some_not_yet(company: Company):
    for invoice in company.invoices:
        term = company.customer(invoice.customer_external_id).term_days
        assert invoice.due_on == invoice.issued_on + timedelta(days=term)
    overdue = sum(invoice.due_on < TODAY for invoice in company.invoices)
    assert 500 < overdue < 1300


def test_every_customer_owes_something_believable(company: Company):
    assert {invoice.customer_external_id for invoice in company.invoices} == {
        customer.external_id for customer in company.customers
    }
    for invoice in company.invoices:
        assert Money(1000, "EUR") < invoice.total < Money(300_000, "EUR")


def test_some_invoices_happen_to_be_equal_in_amount(company: Company):
    assert len({invoice.total for invoice in company.invoices}) < 1500


def test_firms_abroad_pay_without_german_tax(company: Company):
    """All net prices end in 0 or 5 cents; tax of 19 percent leaves other ends."""
    ends: dict[bool, set[int]] = {True: set(), False: set()}
    for invoice in company.invoices:
        customer = company.customer(invoice.customer_external_id)
        if customer.is_company:
            ends[customer.country == "DE"].add(invoice.total.minor % 5)
    assert ends == {False: {0}, True: {0, 1, 2, 3, 4}}


def test_unknown_customer_number_is_an_error(company: Company):
    with pytest.raises(KeyError):
        company.customer("K-1")


def test_nobodys_account_or_name_shows_when_a_customer_is_printed(company: Company):
    customer = company.customers[0]
    for shown in (repr(customer), repr(company.mandates[0])):
        assert customer.iban not in shown
        assert customer.name not in shown
