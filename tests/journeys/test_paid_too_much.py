"""A customer pays too much: the invoice is paid, the rest goes back, and the bank is seen sending it."""

from __future__ import annotations

from collections.abc import Callable

from gateway.sandbox import transaction_codes
from gateway.sandbox.entries import Entry
from ledger.money import Money
from tests.factories.api import Caller
from tests.factories.journey import TODAY, Story, transfer


def test_what_was_paid_too_much_goes_back_and_nothing_is_left_over(
    admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller, work: Callable[[], None]
) -> None:
    story = Story(admin, erp, treasury, second_treasurer)
    invoice = story.invoice(23_990)
    story.bank_books(transfer(30_000, "Danke"))
    work()
    line = treasury.all("/v1/statement-lines", state="unexplained")[0]
    share = {"invoice_id": invoice["id"], "amount_minor": 23_990}
    payment = treasury.post(
        "/v1/payments",
        {"statement_line_id": line["id"], "customer_id": invoice["customer_id"], "allocations": [share]},
    )
    refund = treasury.post(
        "/v1/refunds", {"payment_id": payment["id"], "amount_minor": 6_010, "reason": "paid too much"}
    )
    assert treasury.all("/v1/refunds") == [refund]

    story.bank_books(
        Entry(
            amount=Money(-6_010, "EUR"), booked_on=TODAY, code=transaction_codes.TRANSFER_OUT,
            end_to_end_id=refund["end_to_end_id"], remittance="Erstattung",
        )
    )  # fmt: skip
    work()

    assert [one["state"] for one in treasury.all("/v1/refunds")] == ["paid"]
    assert treasury.all("/v1/statement-lines", state="unexplained") == []
    gone = treasury.all("/v1/statement-lines")[1]
    match = treasury.get(f"/v1/statement-lines/{gone['id']}")["match"]
    assert (match["rule"], match["parts"]) == (
        "own_refund", [{"kind": "refund", "object_id": refund["id"], "amount_minor": -6_010}],
    )  # fmt: skip
    shown = treasury.get(f"/v1/payments/{payment['id']}")
    assert (shown["allocated_minor"], shown["refunded_minor"], shown["unallocated_minor"]) == (
        23_990,
        6_010,
        0,
    )
    assert story.status(invoice) == "paid"
