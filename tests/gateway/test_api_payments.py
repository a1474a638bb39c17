"""Payments told before their line, write-offs and reversals over HTTP, and what the exports tell of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.factories.api import Caller
from tests.factories.journey import TODAY, Story, transfer

NOWHERE = dict.fromkeys(
    ("statement_file", "line_id", "bank_reference", "end_to_end_id", "booked_on", "line_amount_minor")
)


@pytest.fixture
def story(admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller) -> Story:
    return Story(admin, erp, treasury, second_treasurer)


def _record(story: Story, invoice: dict[str, Any], amount_minor: int, status: int = 201, **more: Any) -> Any:
    body = {
        "customer_id": invoice["customer_id"], "amount_minor": amount_minor, "received_on": str(TODAY),
    } | more  # fmt: skip
    return story.treasury.post("/v1/payments", body, status=status)


def _exported(caller: Caller, what: str, **query: str) -> list[dict[str, Any]]:
    reply = caller.client.get(f"/v1/exports/{what}", params=query, headers=caller.headers)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "application/jsonl"
    return [json.loads(line) for line in reply.text.splitlines()]


def test_a_payment_is_recorded_with_what_it_pays_and_withdrawn_when_it_never_comes(story: Story) -> None:
    invoice = story.invoice(12_000)
    share = {"invoice_id": invoice["id"], "amount_minor": 11_640, "discount_minor": 360}
    made = _record(story, invoice, 12_000, allocations=[share], reference="Cheque 77", method="other")
    assert (made["state"], made["unallocated_minor"], made["met_at"], made["method"]) == (
        "provisional", 360, None, "other",
    )  # fmt: skip
    assert made["recorded_at"] == made["created_at"]
    assert story.status(invoice) == "paid_provisional"
    listed = story.treasury.get("/v1/payments", in_transit=True)["data"]
    assert [one["id"] for one in listed] == [made["id"]]
    assert story.treasury.get("/v1/payments", in_transit=False)["data"] == []
    standing = story.treasury.get("/v1/allocations", payment_id=made["id"])["data"]
    assert [(one["kind"], one["amount_minor"], one["beside_payment_id"]) for one in standing] == [
        ("payment", 11_640, None), ("discount", 360, made["id"]),
    ]  # fmt: skip
    gone = story.treasury.post(
        f"/v1/payments/{made['id']}/withdraw", {"reason": "the cheque bounced"}, status=200
    )
    assert (gone["state"], gone["unallocated_minor"]) == ("cancelled", 0)
    assert story.status(invoice) == "due"
    again = story.treasury.post(f"/v1/payments/{made['id']}/withdraw", {"reason": "again"}, status=409)
    assert again["code"] == "not_in_transit"


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_minor": None},
        {"received_on": None},
        {"received_on": "2026-11-19"},
        {"amount_minor": -1},
        {"statement_line_id": "lin_00000000000000000000000000"},
        {"allocations": [{"invoice_id": "inv_00000000000000000000000000", "amount_minor": -1}]},
        {"method": "barter"},
    ],
)
def test_a_payment_that_cannot_be_is_refused(story: Story, wrong: dict[str, Any]) -> None:
    body = {"customer_id": story.customer()["id"], "amount_minor": 12_000, "received_on": str(TODAY)} | wrong
    story.treasury.post("/v1/payments", body, status=422)
    assert story.treasury.get("/v1/payments")["data"] == []


def test_a_rest_is_written_off_with_a_reason_and_reopens_when_that_is_reversed(story: Story) -> None:
    invoice = story.invoice(12_000)
    path = f"/v1/invoices/{invoice['id']}/write-off"
    assert story.treasury.post(path, {"amount_minor": 12_001, "reason": "x"}, status=409)["code"] == (
        "over_allocated"
    )
    story.treasury.post(path, {"amount_minor": 1}, status=422)
    made = story.treasury.post(path, {"amount_minor": 12_000, "reason": "insolvent"})
    assert (made["kind"], made["reason"], made["payment_id"]) == ("write_off", "insolvent", None)
    assert story.status(invoice) == "written_off"
    story.treasury.post(f"/v1/allocations/{made['id']}/reverse", {"reason": "money came"}, status=200)
    assert story.status(invoice) == "due"


def test_allocations_are_found_by_the_line_whose_money_they_are(
    story: Story, work: Callable[[], None]
) -> None:
    one, other = story.invoice(12_000), story.invoice(500)
    story.bank_books(transfer(12_000, one["number"]), transfer(500, other["number"]))
    work()
    for invoice in (one, other):
        (line,) = [
            line
            for line in story.treasury.all("/v1/statement-lines")
            if line["amount_minor"] == invoice["total_minor"]
        ]
        found = story.treasury.get("/v1/allocations", statement_line_id=line["id"])["data"]
        assert [found["invoice_id"] for found in found] == [invoice["id"]]


def test_exported_allocations_say_which_line_paid_what_and_why(
    story: Story, auditor: Caller, work: Callable[[], None]
) -> None:
    paid, partly, written_off, told = (story.invoice(total) for total in (12_000, 5_000, 300, 800))
    story.bank_books(transfer(12_000, paid["number"]), transfer(4_000, "Zahlung"))
    work()
    (line,) = [one for one in story.treasury.all("/v1/statement-lines") if one["amount_minor"] == 4_000]
    story.treasury.post(
        "/v1/payments",
        {
            "statement_line_id": line["id"],
            "customer_id": partly["customer_id"],
            "allocations": [{"invoice_id": partly["id"], "amount_minor": 3_000}],
        },
    )
    story.treasury.post(
        f"/v1/invoices/{written_off['id']}/write-off", {"amount_minor": 300, "reason": "gone"}
    )
    _record(story, told, 800, allocations=[{"invoice_id": told["id"], "amount_minor": 500}])
    found = _exported(auditor, "allocations")
    assert [(row["invoice_number"], row["kind"], row["amount_minor"]) for row in found] == [
        (paid["number"], "payment", 12_000), (partly["number"], "payment", 3_000),
        (written_off["number"], "write_off", 300), (told["number"], "payment", 500),
        (None, "on_account", 1_000), (None, "on_account", 300),
    ]  # fmt: skip
    automatic, by_hand, alone, in_transit, rest, _ = found
    assert set(automatic) == {*NOWHERE, "currency", "invoice_number", "invoice_external_id", "kind", "amount_minor",
                              "decided_by", "evidence"}  # fmt: skip
    assert (automatic["line_amount_minor"], automatic["booked_on"], automatic["currency"]) == (
        12_000, str(TODAY), "EUR",
    )  # fmt: skip
    assert automatic["invoice_external_id"] == paid["external_id"]
    assert automatic["evidence"]
    assert (by_hand["line_id"], by_hand["line_amount_minor"]) == (line["id"], 4_000)
    assert (rest["line_id"], rest["statement_file"]) == (line["id"], by_hand["statement_file"])
    assert alone == alone | NOWHERE
    assert in_transit == in_transit | NOWHERE
    assert by_hand["decided_by"] == rest["decided_by"] == alone["decided_by"]
    assert by_hand["decided_by"].startswith("key_")
    reply = auditor.client.get("/v1/exports/allocations", params={"format": "csv"}, headers=auditor.headers)
    assert reply.headers["content-disposition"] == 'attachment; filename="allocations.csv"'
    table = list(csv.DictReader(io.StringIO(reply.text)))
    assert [(row["invoice_number"] or None, row["amount_minor"]) for row in table] == [
        (row["invoice_number"], str(row["amount_minor"])) for row in found
    ]


def test_exported_lines_say_what_each_became_or_waits_for(
    story: Story, auditor: Caller, work: Callable[[], None]
) -> None:
    invoice = story.invoice(12_000)
    story.bank_books(transfer(12_000, invoice["number"]), transfer(4_000, "Zahlung"))
    work()
    matched, waiting = sorted(_exported(auditor, "lines"), key=lambda row: -row["line_amount_minor"])
    assert (matched["state"], matched["waiting_because"], matched["proposals"]) == ("matched", None, [])
    assert matched["rule"]
    assert matched["evidence"]
    assert waiting["rule"] is None
    assert waiting["waiting_because"]
    assert "iban" not in json.dumps([matched, waiting]).lower()
    assert "counterparty" not in json.dumps([matched, waiting])


def test_an_unknown_format_is_misuse(auditor: Caller) -> None:
    for what in ("allocations", "lines"):
        auditor.get(f"/v1/exports/{what}", format="xlsx", status=422)


def test_an_invoice_says_which_instalments_it_may_be_paid_in(story: Story) -> None:
    customer = story.customer()
    parts = [
        {"due_on": "2026-12-01", "amount_minor": 7_000},
        {"due_on": "2027-01-01", "amount_minor": 5_000},
    ]
    body = {
        "number": "RE-1", "customer_id": customer["id"], "total_minor": 12_000, "issued_on": "2026-11-04",
        "due_on": "2026-12-01", "instalments": parts,
    }  # fmt: skip
    made = story.erp.post("/v1/invoices", body)
    assert made["instalments"] == parts
    assert story.erp.get(f"/v1/invoices/{made['id']}")["instalments"] == parts
    assert story.invoice(500)["instalments"] is None
    for wrong in (parts[:1], parts * 31, [{"due_on": "2026-12-01"}]):
        story.erp.post("/v1/invoices", body | {"number": "RE-2", "instalments": wrong}, status=422)
