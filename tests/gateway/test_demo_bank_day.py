"""The demo's day of transfers: every kind of payer is there, and each says what its truth note claims."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from io import BytesIO
from random import Random

import pytest

from gateway.sandbox import texts
from gateway.sandbox.bank import simulate
from gateway.sandbox.company import CREDITOR, Company, Invoice, bank_day, build
from gateway.sandbox.entries import Entry, Truth
from ledger.banking import Iban
from ledger.money import Money, total
from reconciliation.formats import camt
from reconciliation.statement import gather
from tests.factories import pain008

TODAY = date(2026, 11, 23)
NUMBER = re.compile(r"RE-\d{4}-\d{5}(?!\d)", re.IGNORECASE)


@pytest.fixture(scope="module")
def company() -> Company:
    return build(today=TODAY, seed=1)


@pytest.fixture(scope="module")
def entries(company: Company) -> list[Entry]:
    return bank_day(company, open_invoices=company.invoices, today=TODAY, seed=1)


@pytest.fixture(scope="module")
def invoices(company: Company) -> dict[str, Invoice]:
    return {invoice.number: invoice for invoice in company.invoices}


def of(entries: list[Entry], truth: Truth) -> list[Entry]:
    found = [entry for entry in entries if entry.origin is not None and entry.origin.truth is truth]
    assert found, f"no entry of the kind {truth}"
    return found


def numbers(entry: Entry) -> tuple[str, ...]:
    """The whole invoice numbers that stand in the text, in the writing of the company."""
    return tuple(found.upper() for found in NUMBER.findall(entry.remittance or ""))


def claimed(entry: Entry) -> tuple[str, ...]:
    assert entry.origin is not None
    return entry.origin.invoices


def owed(entry: Entry, invoices: dict[str, Invoice]) -> Money:
    return total((invoices[number].total for number in claimed(entry)), "EUR")


def test_every_kind_of_payer_is_there_and_most_pay_as_they_should(entries: list[Entry]):
    kinds = Counter(entry.origin.truth for entry in entries if entry.origin)
    assert set(kinds) == set(Truth)
    assert kinds.total() == len(entries)
    assert kinds[Truth.EXACT] > len(entries) / 2


def test_exact_payer_writes_the_one_number_and_pays_the_cent(
    entries: list[Entry], invoices: dict[str, Invoice]
):
    for entry in of(entries, Truth.EXACT):
        assert numbers(entry) == claimed(entry)
        assert entry.amount == owed(entry, invoices)


def test_payer_of_two_invoices_names_both_and_pays_their_sum(
    entries: list[Entry], invoices: dict[str, Invoice]
):
    for entry in of(entries, Truth.TWO_INVOICES):
        assert numbers(entry) == claimed(entry)
        assert len(claimed(entry)) == 2
        assert entry.amount == owed(entry, invoices)
        assert len({invoices[number].customer_external_id for number in claimed(entry)}) == 1


def test_part_payer_names_the_invoice_and_pays_less(entries: list[Entry], invoices: dict[str, Invoice]):
    for entry in of(entries, Truth.PART_PAYMENT):
        assert numbers(entry) == claimed(entry)
        assert Money(0, "EUR") < entry.amount < owed(entry, invoices)


def test_number_with_blanks_is_whole_again_without_them(entries: list[Entry], invoices: dict[str, Invoice]):
    for entry in of(entries, Truth.SPACED_NUMBER):
        (number,) = claimed(entry)
        assert numbers(entry) == ()
        assert number.replace("-", "") in re.sub(r"[\s-]", "", (entry.remittance or "").upper())
        assert entry.amount == owed(entry, invoices)


def test_mistyped_number_is_no_invoice_at_all(entries: list[Entry], invoices: dict[str, Invoice]):
    for entry in of(entries, Truth.MISTYPED_NUMBER):
        assert not any(number in invoices for number in numbers(entry))
        assert entry.amount == owed(entry, invoices)


def test_customer_number_stands_in_for_the_invoice(entries: list[Entry], invoices: dict[str, Invoice]):
    for entry in of(entries, Truth.CUSTOMER_NUMBER):
        (number,) = claimed(entry)
        assert numbers(entry) == ()
        assert invoices[number].customer_external_id in (entry.remittance or "")
        assert entry.amount == owed(entry, invoices)


def test_who_pays_twice_sends_real_twins(entries: list[Entry]):
    for second in of(entries, Truth.PAID_TWICE):
        (first,) = [entry for entry in of(entries, Truth.EXACT) if claimed(entry) == claimed(second)]
        assert (first.amount, first.remittance, first.counterparty, first.end_to_end_id) == (
            second.amount,
            second.remittance,
            second.counterparty,
            second.end_to_end_id,
        )


def test_strangers_hit_amounts_and_digits_but_never_a_number(
    entries: list[Entry], invoices: dict[str, Invoice]
):
    for entry in (*of(entries, Truth.SAME_AMOUNT), *of(entries, Truth.PHONE_NUMBER)):
        assert numbers(entry) == ()
        assert entry.amount == owed(entry, invoices)
    (call,) = of(entries, Truth.PHONE_NUMBER)
    assert re.sub(r"\D", "", claimed(call)[0]) in (call.remittance or "")
    for entry in of(entries, Truth.UNKNOWN_PAYER):
        assert entry.amount not in {invoice.total for invoice in invoices.values()}


def test_bank_state_and_staff_move_money_both_ways(entries: list[Entry]):
    own = of(entries, Truth.NOT_A_CUSTOMER)
    assert {entry.code.iso for entry in own} == {
        *("ACMT/MDOP/CHRG", "ACMT/MCOP/INTR", "PMNT/ICDT/SALA", "PMNT/RDDT/ESDD"),
        *("PMNT/ICDT/ESCT", "PMNT/RCDT/BOOK", "PMNT/RCDT/ESCT"),
    }
    assert sum(entry.amount.minor < 0 for entry in own) == 5


def test_only_customers_without_a_mandate_pay_by_transfer(
    company: Company, entries: list[Entry], invoices: dict[str, Invoice]
):
    by_transfer = (Truth.EXACT, Truth.PART_PAYMENT, Truth.TWO_INVOICES, Truth.CUSTOMER_NUMBER)
    payers = {
        invoices[number].customer_external_id
        for truth in by_transfer
        for entry in of(entries, truth)
        for number in claimed(entry)
    }
    assert len(payers) > 40
    assert not payers & company.mandated()


def test_no_invoice_is_paid_by_two_different_transfers(entries: list[Entry]):
    twins = {claimed(entry) for entry in of(entries, Truth.PAID_TWICE)}
    counts = Counter(number for entry in entries for number in claimed(entry))
    assert {number for number, count in counts.items() if count > 1} == {number for (number,) in twins}


def test_invoice_that_is_no_longer_open_is_not_paid(company: Company):
    some = company.invoices[::2]
    entries = bank_day(company, open_invoices=some, today=TODAY, seed=1)
    paid = {number for entry in entries for number in claimed(entry)}
    assert paid <= {invoice.number for invoice in some}


def test_day_without_open_invoices_has_only_noise(company: Company):
    entries = bank_day(company, open_invoices=(), today=TODAY, seed=1)
    assert {entry.origin.truth for entry in entries if entry.origin} == {
        Truth.UNKNOWN_PAYER,
        Truth.NOT_A_CUSTOMER,
    }


def test_same_seed_gives_the_same_day_and_another_seed_another(company: Company):
    def day(seed: int) -> list[Entry]:
        return bank_day(company, open_invoices=company.invoices, today=TODAY, seed=seed)

    assert day(1) == day(1) != day(2)


def test_weekend_is_booked_on_monday(company: Company):
    entries = bank_day(company, open_invoices=(), today=date(2026, 11, 21), seed=1)
    assert {entry.booked_on for entry in entries} == {date(2026, 11, 23)}


def test_every_account_of_the_day_is_valid(entries: list[Entry]):
    accounts = {entry.counterparty.iban for entry in entries if entry.counterparty.iban}
    assert len(accounts) > 40
    assert all(Iban.parse(account).compact == account for account in accounts)


def test_truth_never_reaches_the_file(company: Company, entries: list[Entry]):
    creditor = pain008.creditor(name=CREDITOR.name, iban=CREDITOR.iban, bic=CREDITOR.bic)
    message = pain008.message(pain008.block(creditor=creditor, collect_on=TODAY))
    answer = simulate(message, extra_entries=entries)
    (file,) = answer.of_format("camt.053.001.08")
    (whole,) = gather(camt.read(BytesIO(file.content)))
    assert whole.statement.balanced is True
    assert whole.statement.booked_count == len(entries) + 1
    assert [line.remittance for line in whole.lines[1:]] == [entry.remittance for entry in entries]
    without_texts = re.sub(rb"<Ustrd>[^<]*</Ustrd>", b"", file.content)
    assert not any(truth.value.encode() in without_texts for truth in Truth)
    assert not any(invoice.number.encode() in without_texts for invoice in company.invoices)


def test_remittance_fits_one_line_of_every_bank(entries: list[Entry]):
    assert all(entry.remittance and len(entry.remittance) <= 140 for entry in entries)


def test_payers_write_german_french_english_and_dutch(entries: list[Entry]):
    written = " ".join(entry.remittance or "" for entry in entries).lower()
    for word in ("rechnung", "facture", "invoice", "factuur"):
        assert word in written


@pytest.mark.parametrize("number", ["RE-2026-00815", "RE-2026-11111", "RE-2020-22222"])
def test_slip_always_changes_the_number(number: str):
    for seed in range(200):
        slip = texts.mistyped(Random(seed), number, real={number})
        assert slip != number
        assert slip.startswith("RE-")
