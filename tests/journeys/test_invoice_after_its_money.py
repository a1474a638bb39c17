"""Money that came before what explains it: an invoice or a customer that the ERP pushes later re-opens its line."""

from __future__ import annotations

from collections.abc import Callable

from tests.factories.api import Caller
from tests.factories.books import debtor_iban
from tests.factories.journey import Story, transfer


def test_an_invoice_pushed_after_its_money_is_paid_at_once(
    admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller, work: Callable[[], None]
) -> None:
    story = Story(admin, erp, treasury, second_treasurer)
    story.invoice(5_000)  # shows what our numbers look like
    story.bank_books(transfer(23_990, "Rechnung RE-2026-00003"))
    work()
    assert treasury.all("/v1/payments") == []
    invoice = story.invoice(23_990)
    work()
    assert (invoice["number"], story.status(invoice)) == ("RE-2026-00003", "paid")


def test_a_payer_whose_account_becomes_known_pays_at_once(
    admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller, work: Callable[[], None]
) -> None:
    story = Story(admin, erp, treasury, second_treasurer)
    invoice = story.invoice(23_990)
    entry = transfer(23_990, "Danke")
    story.bank_books(entry)
    work()
    assert story.status(invoice) == "due"
    assert entry.counterparty is not None
    erp.patch(f"/v1/customers/{invoice['customer_id']}", {"iban": entry.counterparty.iban or debtor_iban(1)})
    work()
    assert story.status(invoice) == "paid"
