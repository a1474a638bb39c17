"""The fourth story: nobody knows whose money it is, so it waits; a person decides, and only then it pays."""

from __future__ import annotations

from collections.abc import Callable

from tests.factories.api import Caller
from tests.factories.journey import Story, transfer


def test_money_of_an_unknown_payer_waits(
    admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller, work: Callable[[], None]
) -> None:
    story = Story(admin, erp, treasury, second_treasurer)
    invoice = story.invoice(23_990)
    story.bank_books(transfer(23_990, "Danke"))
    work()

    assert story.status(invoice) == "due"
    waiting = treasury.all("/v1/statement-lines", state="unexplained")
    assert [(line["amount_minor"], line["waiting_because"]) for line in waiting] == [
        (23_990, "Neither a reference of ours nor an invoice number stands in it.")
    ]
    assert treasury.all("/v1/payments") == []


def test_a_person_says_whose_money_it_is(
    admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller, work: Callable[[], None]
) -> None:
    story = Story(admin, erp, treasury, second_treasurer)
    invoice = story.invoice(23_990)
    story.bank_books(transfer(30_000, "Danke"))
    work()
    line = treasury.all("/v1/statement-lines", state="unexplained")[0]

    payment = treasury.post(
        "/v1/payments",
        {
            "statement_line_id": line["id"],
            "customer_id": invoice["customer_id"],
            "allocations": [{"invoice_id": invoice["id"], "amount_minor": 23_990}],
        },
    )

    assert (payment["amount_minor"], payment["unallocated_minor"]) == (30_000, 6_010)
    assert story.status(invoice) == "paid"
    assert treasury.get(f"/v1/statement-lines/{line['id']}")["state"] == "partly_matched"
    refund = treasury.post(
        "/v1/refunds", {"payment_id": payment["id"], "amount_minor": 6_010, "reason": "paid too much"}
    )
    assert refund["state"] == "requested"
    assert treasury.get(f"/v1/payments/{payment['id']}")["unallocated_minor"] == 0
