"""The second story: a collected debit comes back, and the invoice is open again by exactly what was collected."""

from __future__ import annotations

from collections.abc import Callable

from tests.factories.api import Caller
from tests.factories.journey import Story


def test_a_returned_debit_reopens_its_invoice(
    admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller, work: Callable[[], None]
) -> None:
    story = Story(admin, erp, treasury, second_treasurer)
    returned, kept = story.invoice(7_197, mandate=True), story.invoice(4_950, mandate=True)
    batch = story.collect()
    debit = erp.all("/v1/debits", invoice_id=returned["id"])[0]

    story.bank_answers(batch, outcomes={debit["end_to_end_id"]: "AM04"})
    work()

    assert story.status(returned) == "collecting"  # open again, and tried again by itself
    assert story.status(kept) == "paid_provisional"
    assert erp.get(f"/v1/invoices/{returned['id']}")["open_minor"] == 7_197
    debit = erp.get(f"/v1/debits/{debit['id']}")
    assert (debit["state"], debit["reason_code"]) == ("returned", "AM04")
    payment = treasury.get(f"/v1/payments/{debit['payment_id']}")
    assert (payment["state"], payment["returned_minor"], payment["allocated_minor"]) == ("returned", 7_197, 0)
    (again,) = erp.all("/v1/debits", invoice_id=returned["id"], state="scheduled")
    assert (again["retry_of"], again["attempt"], again["amount_minor"]) == (debit["id"], 2, 7_197)
    assert again["collect_on"] > debit["collect_on"]


def test_the_return_is_one_booking_of_amount_and_fee(
    admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller, work: Callable[[], None]
) -> None:
    story = Story(admin, erp, treasury, second_treasurer)
    invoice = story.invoice(7_197, mandate=True)
    batch = story.collect()
    debit = erp.all("/v1/debits", invoice_id=invoice["id"])[0]
    story.bank_answers(batch, outcomes={debit["end_to_end_id"]: "AM04"})
    work()

    line = treasury.all("/v1/statement-lines", state="returned_debit")[0]
    assert (line["amount_minor"], line["original_minor"], line["return_reason"]) == (-7_497, 7_197, "AM04")
    parts = treasury.get(f"/v1/statement-lines/{line['id']}")["match"]["parts"]
    assert [(part["kind"], part["amount_minor"]) for part in parts] == [
        ("returned_debit", -7_197),
        ("fee", -300),
    ]


def test_the_event_says_why_and_what_follows(
    admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller, work: Callable[[], None]
) -> None:
    story = Story(admin, erp, treasury, second_treasurer)
    invoice = story.invoice(7_197, mandate=True)
    batch = story.collect()
    debit = erp.all("/v1/debits", invoice_id=invoice["id"])[0]
    story.bank_answers(batch, outcomes={debit["end_to_end_id"]: "AC04"})
    work()

    told = erp.get("/v1/events", object_id=debit["id"])["data"]
    assert [event["type"] for event in told] == [
        "debit.scheduled", "debit.submitted", "debit.collected", "debit.returned",
    ]  # fmt: skip
    assert told[-1]["reason_code"] == "AC04"
    assert told[-1]["data"]["next_step"] == "stop"
    assert [event["type"] for event in erp.get("/v1/events", object_id=invoice["id"])["data"]][-2:] == [
        "invoice.paid", "invoice.reopened",
    ]  # fmt: skip
    refused = erp.post("/v1/debits", {"invoice_id": invoice["id"]}, status=409)
    assert refused["code"] == "gate_says_no"
    assert "AC04" in refused["detail"]
