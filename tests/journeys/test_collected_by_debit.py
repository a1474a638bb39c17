"""The first story: an invoice is debited, the bank books the lump, the invoice is paid until the window closes."""

from __future__ import annotations

from collections.abc import Callable

from tests.factories.api import Caller
from tests.factories.journey import Story


def test_an_invoice_is_paid_by_debit(
    admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller, work: Callable[[], None]
) -> None:
    story = Story(admin, erp, treasury, second_treasurer)
    first, second = story.invoice(12_000, mandate=True), story.invoice(4_950, mandate=True)
    batch = story.collect()
    assert (batch["debit_count"], batch["total_minor"], batch["state"]) == (2, 16_950, "released")
    assert story.status(first) == "collecting"

    story.bank_answers(batch)
    work()

    assert [story.status(invoice) for invoice in (first, second)] == ["paid_provisional"] * 2
    lines = treasury.all("/v1/statement-lines")
    assert [(line["amount_minor"], line["state"]) for line in lines] == [(16_950, "batch_booking")]
    found = treasury.get(f"/v1/statement-lines/{lines[0]['id']}")["match"]
    assert found["rule"] == "payment_block"
    assert sorted(part["amount_minor"] for part in found["parts"]) == [4_950, 12_000]
    assert treasury.get(f"/v1/debit-batches/{batch['id']}")["state"] == "booked"
