"""The third story: a customer without a mandate transfers the money and names the invoice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.factories.api import Caller
from tests.factories.journey import Story, transfer


@pytest.mark.parametrize(
    "remittance",
    ["Rechnung {number} vom 04.11.2026", "Facture {number}, merci", "Invoice no. {number}"],
)
def test_a_transfer_that_names_its_invoice_pays_it(
    remittance: str,
    admin: Caller,
    erp: Caller,
    treasury: Caller,
    second_treasurer: Caller,
    work: Callable[[], None],
) -> None:
    story = Story(admin, erp, treasury, second_treasurer)
    invoice = story.invoice(23_990)
    story.bank_books(transfer(23_990, remittance.format(number=invoice["number"])))
    work()

    shown = erp.get(f"/v1/invoices/{invoice['id']}")
    assert (shown["collection_status"], shown["open_minor"]) == ("paid", 0)
    allocation = treasury.all("/v1/allocations", invoice_id=invoice["id"])[0]
    assert (allocation["amount_minor"], allocation["decided_by"]) == (23_990, "invoice_number")
    assert allocation["evidence"][0] == f"The text names invoice {invoice['number']}."


def test_importing_the_same_statement_again_changes_nothing(
    admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller, work: Callable[[], None]
) -> None:
    story = Story(admin, erp, treasury, second_treasurer)
    invoice = story.invoice(23_990)
    files = story.bank_books(transfer(23_990, f"Rechnung {invoice['number']}"))
    work()
    before = erp.get("/v1/events", limit=1000)["next"]

    again = treasury.upload(files[0].content)
    work()

    assert [(one["duplicate"], one["imported"]) for one in again] == [(True, 0)]
    assert erp.get("/v1/events", limit=1000)["next"] == before
    assert len(treasury.all("/v1/payments")) == 1
