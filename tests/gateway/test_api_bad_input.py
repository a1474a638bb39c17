"""What an ERP sends wrongly is refused with the field and the reason, and nothing of it is kept."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.api import Caller
from tests.factories.books import OUR_IBAN, debtor_iban
from tests.factories.journey import Story, transfer


@pytest.fixture
def story(admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller) -> Story:
    return Story(admin, erp, treasury, second_treasurer)


def body_for(customer: dict[str, Any], **changes: Any) -> dict[str, Any]:
    plain = {
        "number": "RE-2026-0815", "external_id": "ERP-0815", "customer_id": customer["id"], "currency": "EUR",
        "total_minor": 12_000, "issued_on": "2026-11-04", "due_on": "2026-11-18",
    }  # fmt: skip
    return {**plain, **changes}


# What is changed in a sound invoice, the code of the refusal, and the field that it names.
WRONG_INVOICES: list[tuple[dict[str, Any], str, str]] = [
    ({"currency": "EURO"}, "unknown_currency", "currency"),
    ({"currency": "XYZ"}, "unknown_currency", "currency"),
    ({"currency": "eur"}, "unknown_currency", "currency"),
    ({"currency": ""}, "unknown_currency", "currency"),
    ({"currency": "E\0R"}, "unknown_currency", "currency"),
    ({"total_minor": -12_000}, "invoice_rejected", "total_minor"),
    ({"total_minor": 0}, "invoice_rejected", "total_minor"),
    ({"total_minor": 10**14 + 1}, "invoice_rejected", "total_minor"),
    ({"total_minor": 10**40}, "invoice_rejected", "total_minor"),
    ({"total_minor": 120.0}, "invalid_request", "total_minor"),
    ({"total_minor": 120.5}, "invalid_request", "total_minor"),
    ({"total_minor": "12000"}, "invalid_request", "total_minor"),
    ({"total_minor": True}, "invalid_request", "total_minor"),
    ({"total_minor": None}, "invalid_request", "total_minor"),
    ({"customer_id": "cus_01jz3q5v9yfk2a8m4t6w7x1c0d"}, "invoice_rejected", "customer_id"),
    ({"customer_id": "K-1"}, "invalid_request", "customer_id"),
    ({"creditor_id": "crd_01jz3q5v9yfk2a8m4t6w7x1c0d"}, "creditor_not_found", "creditor_id"),
    ({"number": ""}, "invalid_request", "number"),
    ({"number": "   "}, "unreadable_text", "number"),
    ({"number": " RE-1"}, "invoice_rejected", "number"),
    ({"number": "RE-1\0"}, "unreadable_text", "number"),
    ({"number": "x" * 61}, "invalid_request", "number"),
    ({"external_id": ""}, "invalid_request", "external_id"),
    ({"external_id": "x" * 101}, "invalid_request", "external_id"),
    ({"issued_on": 0}, "invalid_request", "issued_on"),
    ({"issued_on": "1700006400"}, "invalid_request", "issued_on"),
    ({"issued_on": "2026-11-04T00:00:00"}, "invalid_request", "issued_on"),
    ({"issued_on": "2026-02-30"}, "invalid_request", "issued_on"),
    ({"issued_on": "04.11.2026"}, "invalid_request", "issued_on"),
    ({"due_on": "9999-12-31"}, "invalid_request", "due_on"),
    ({"due_on": "2026-11-03"}, "invoice_rejected", "due_on"),
    ({"reference": "RF00 0815"}, "invalid_reference", "reference"),
    ({"discount_percent": "100"}, "invalid_request", "discount_percent"),
    ({"discount_percent": "NaN"}, "invalid_request", "discount_percent"),
    ({"discount_percent": "2.555"}, "invalid_request", "discount_percent"),
    ({"discount_days": 366}, "invalid_request", "discount_days"),
    ({"total": 12_000}, "invalid_request", "total"),
]


def test_an_invoice_that_is_wrong_is_refused_with_its_field(story: Story) -> None:
    customer, told = story.customer(), []
    for wrong, code, _ in WRONG_INVOICES:
        status = 404 if code.endswith("not_found") else 422
        refused = story.erp.post("/v1/invoices", body_for(customer, **wrong), status=status)
        told.append((wrong, refused["code"], refused["field"]))
    assert told == WRONG_INVOICES
    assert story.erp.all("/v1/invoices") == []


CHANGES: list[dict[str, Any]] = [
    {"total_minor": 12_001}, {"due_on": "2026-11-19"}, {"number": "RE-2026-0816"}, {"currency": "CHF"},
    {"purchase_order": "PO-1"}, {"discount_days": 10},
]  # fmt: skip


def test_a_known_external_id_with_other_content_is_a_clash(story: Story) -> None:
    customer = story.customer()
    first = story.erp.post("/v1/invoices", body_for(customer))
    for change in CHANGES:
        refused = story.erp.post("/v1/invoices", body_for(customer, **change), status=409)
        assert (refused["code"], refused["field"]) == ("invoice_clash", "external_id")
    assert [one["total_minor"] for one in story.erp.all("/v1/invoices")] == [12_000]
    assert story.erp.post("/v1/invoices", body_for(customer)) == first


def test_a_number_is_used_once(story: Story) -> None:
    customer = story.customer()
    story.erp.post("/v1/invoices", body_for(customer))
    refused = story.erp.post("/v1/invoices", body_for(customer, external_id="ERP-0816"), status=409)
    assert (refused["code"], refused["field"]) == ("invoice_clash", "number")


def test_without_a_creditor_nothing_can_be_billed(erp: Caller) -> None:
    customer = erp.post("/v1/customers", {"name": "Erika Beispiel"})
    refused = erp.post("/v1/invoices", body_for(customer), status=404)
    assert (refused["field"], refused["detail"]) == ("creditor_id", "Name the creditor: there is none yet.")


WRONG_MANDATES: list[tuple[dict[str, Any], str, str]] = [
    ({"iban": OUR_IBAN[:-1]}, "invalid_iban", "iban"),
    ({"iban": "\0"}, "invalid_iban", "iban"),
    ({"iban": "US64SVBKUS6S3300958879"}, "invalid_iban", "iban"),
    ({"signed_on": "2026-11-19"}, "mandate_rejected", "signed_on"),
    ({"signed_on": 1}, "invalid_request", "signed_on"),
    ({"reference": "Mandat_1"}, "mandate_rejected", "reference"),
    ({"reference": "M" * 36}, "invalid_request", "reference"),
    ({"debtor_name": "a\0b"}, "invalid_request", "debtor_name"),
    ({"debtor_name": " "}, "mandate_rejected", "debtor_name"),
    ({"signed_at_place": "a\0b"}, "invalid_request", "signed_at_place"),
    ({"bic": "NOBANK"}, "invalid_bic", "bic"),
    ({"scheme": "COR1"}, "invalid_request", "scheme"),
    ({"state": "active"}, "invalid_request", "state"),
]


def test_a_mandate_that_is_wrong_is_refused_with_its_field(story: Story) -> None:
    plain, told = (
        {"customer_id": story.customer()["id"], "iban": debtor_iban(1), "signed_on": "2025-06-01"},
        [],
    )
    for wrong, _, _ in WRONG_MANDATES:
        refused = story.erp.post("/v1/mandates", {**plain, **wrong}, status=422)
        told.append((wrong, refused["code"], refused["field"]))
    assert told == WRONG_MANDATES
    assert story.erp.all("/v1/mandates") == []


def test_a_mandate_reference_is_used_once(story: Story) -> None:
    body = {
        "customer_id": story.customer()["id"], "iban": debtor_iban(1), "signed_on": "2025-06-01",
        "reference": "M-1",
    }  # fmt: skip
    story.erp.post("/v1/mandates", body)
    refused = story.erp.post("/v1/mandates", body, status=409)
    assert (refused["code"], refused["field"]) == ("reference_taken", "reference")


def test_nothing_is_debited_on_a_cancelled_mandate(story: Story) -> None:
    invoice = story.invoice(12_000, mandate=True)
    mandate = story.erp.all("/v1/mandates")[0]
    story.erp.post(
        f"/v1/mandates/{mandate['id']}/cancel", {"reason": "the customer asked for it"}, status=200
    )
    body = {"invoice_id": invoice["id"], "mandate_id": mandate["id"]}
    refused = story.erp.post("/v1/debits", body, status=409)
    assert (refused["code"], refused["field"]) == ("mandate_not_active", "mandate_id")
    assert refused["detail"] == f"Mandate {mandate['id']} is cancelled; only an active one can be debited."
    refused = story.erp.post("/v1/debits", {"invoice_id": invoice["id"]}, status=409)
    assert refused["detail"] == "The customer has no active mandate."


def test_nothing_is_debited_before_the_bank_knows_a_business_mandate(story: Story) -> None:
    invoice = story.invoice(12_000)
    mandate = story.erp.post(
        "/v1/mandates",
        {
            "customer_id": invoice["customer_id"], "iban": debtor_iban(1), "signed_on": "2025-06-01",
            "scheme": "B2B",
        },
    )  # fmt: skip
    assert mandate["state"] == "pending_bank"
    body = {"invoice_id": invoice["id"], "mandate_id": mandate["id"]}
    assert story.erp.post("/v1/debits", body, status=409)["code"] == "mandate_not_active"
    story.erp.post(f"/v1/mandates/{mandate['id']}/activate", status=200)
    assert story.erp.post("/v1/debits", body)["amount_minor"] == 12_000


def test_nothing_is_debited_on_a_paid_invoice(story: Story, work: Any) -> None:
    invoice = story.invoice(12_000, mandate=True)
    story.bank_books(transfer(12_000, f"Rechnung {invoice['number']}"))
    work()
    assert story.status(invoice) == "paid"
    refused = story.erp.post("/v1/debits", {"invoice_id": invoice["id"]}, status=409)
    assert (refused["code"], refused["field"]) == ("invoice_not_open", "invoice_id")
    assert refused["detail"] == f"Invoice {invoice['id']} has nothing left to collect."


def test_an_invoice_has_one_live_debit(story: Story) -> None:
    invoice = story.invoice(12_000, mandate=True)
    debit = story.erp.post("/v1/debits", {"invoice_id": invoice["id"]})
    refused = story.erp.post("/v1/debits", {"invoice_id": invoice["id"]}, status=409)
    assert (refused["code"], refused["field"]) == ("already_collecting", "invoice_id")
    story.erp.post(f"/v1/debits/{debit['id']}/cancel", {"reason": "wrong day"}, status=200)
    again = story.erp.post("/v1/debits", {"invoice_id": invoice["id"]})
    assert again["amount_minor"] == 12_000
    assert [one["state"] for one in story.erp.all("/v1/debits")] == ["cancelled", "scheduled"]


def test_a_debit_on_an_impossible_day_is_refused(story: Story) -> None:
    invoice = story.invoice(12_000, mandate=True)
    for day, code in (("2026-11-18", "date_impossible"), ("9999-12-31", "invalid_request")):
        body = {"invoice_id": invoice["id"], "collect_on": day}
        refused = story.erp.post("/v1/debits", body, status=422)
        assert (refused["code"], refused["field"]) == (code, "collect_on")


def test_why_due_invoices_are_not_debited_is_said_one_by_one(story: Story) -> None:
    collected, busy = story.invoice(12_000, mandate=True), story.invoice(4_950, mandate=True)
    story.erp.post("/v1/debits", {"invoice_id": busy["id"]})
    without_mandate = story.invoice(7_000)
    done = story.erp.post("/v1/debits/due", {"due_until": "2026-11-18"})
    assert done["scheduled"] == 1
    assert done["refused"] == {busy["id"]: "it is being collected already"}
    assert story.status(collected) == "collecting"
    assert story.status(without_mandate) == "due"


def test_a_reason_is_a_line_that_can_be_read(story: Story) -> None:
    story.invoice(12_000, mandate=True)
    mandate = story.erp.all("/v1/mandates")[0]
    for reason in ("", "x" * 201, "a\0b", "line\nbreak"):
        refused = story.erp.post(f"/v1/mandates/{mandate['id']}/cancel", {"reason": reason}, status=422)
        assert (refused["code"], refused["field"]) == ("invalid_request", "reason")
    assert story.erp.get(f"/v1/mandates/{mandate['id']}")["state"] == "active"


ODD_FILTERS: list[tuple[str, dict[str, Any]]] = [
    ("/v1/customers", {"external_id": "\0"}), ("/v1/invoices", {"number": "a\0"}),
    ("/v1/invoices", {"external_id": "a\0"}), ("/v1/invoices", {"customer_id": "' OR 1=1 --"}),
    ("/v1/invoices", {"collection_status": "lost"}), ("/v1/mandates", {"reference": "a\0"}),
    ("/v1/mandates", {"state": ""}), ("/v1/debits", {"end_to_end_id": "a\0"}),
    ("/v1/debits", {"invoice_id": "x" * 5_000}), ("/v1/events", {"type": "a\0"}),
    ("/v1/events", {"after": 2**63}), ("/v1/events", {"after": -1}), ("/v1/events", {"after": "9" * 5_000}),
    ("/v1/payments", {"customer_id": "ä" * 40}), ("/v1/statement-lines", {"state": "gone"}),
    ("/v1/customers", {"after": "\0"}), ("/v1/customers", {"after": "cus_"}),
]  # fmt: skip


def test_filters_that_cannot_be_meant_are_refused(erp: Caller) -> None:
    for path, filters in ODD_FILTERS:
        refused = erp.get(path, status=422, **filters)
        assert (refused["code"], refused["field"]) == ("invalid_request", next(iter(filters)))


def test_money_is_not_given_away_twice(story: Story, work: Any) -> None:
    first, second = story.invoice(10_000), story.invoice(10_000)
    story.bank_books(transfer(15_000, "Danke"))
    work()
    line = story.treasury.all("/v1/statement-lines")[0]
    shares = [{"invoice_id": one["id"], "amount_minor": 10_000} for one in (first, second)]
    body = {"statement_line_id": line["id"], "customer_id": first["customer_id"], "allocations": shares}
    refused = story.treasury.post("/v1/payments", body, status=409)
    assert (refused["code"], refused["field"]) == ("over_allocated", "amount_minor")
    assert story.treasury.all("/v1/payments") == []
    assert story.treasury.get(f"/v1/statement-lines/{line['id']}")["state"] == "unexplained"

    payment = story.treasury.post("/v1/payments", {**body, "allocations": shares[:1]})
    again = story.treasury.post("/v1/payments", {**body, "allocations": []}, status=409)
    assert again["code"] == "line_not_waiting"
    for amount, code in ((5_001, "over_allocated"), (0, "rejected"), (-1, "rejected")):
        wish = {"source_id": payment["id"], "invoice_id": second["id"], "amount_minor": amount}
        refused = story.treasury.post("/v1/allocations", wish, status=409 if amount > 0 else 422)
        assert (refused["code"], refused["field"]) == (code, "amount_minor")
    refund = {"payment_id": payment["id"], "amount_minor": 5_001, "reason": "paid too much"}
    assert story.treasury.post("/v1/refunds", refund, status=409)["code"] == "not_enough_left"


def test_an_allocation_is_taken_back_once(story: Story, work: Any) -> None:
    invoice = story.invoice(10_000)
    story.bank_books(transfer(10_000, f"Rechnung {invoice['number']}"))
    work()
    allocation = story.treasury.all("/v1/allocations", invoice_id=invoice["id"])[0]
    path = f"/v1/allocations/{allocation['id']}/reverse"
    taken_back = story.treasury.post(path, {"reason": "wrong customer"}, status=200)
    assert (taken_back["amount_minor"], taken_back["reversed_because"]) == (10_000, "wrong customer")
    assert story.status(invoice) == "due"
    payment = story.treasury.all("/v1/payments")[0]
    assert (payment["allocated_minor"], payment["unallocated_minor"]) == (0, 10_000)
    assert (
        story.treasury.post(path, {"reason": "wrong customer"}, status=404)["code"] == "allocation_not_found"
    )
    given = story.treasury.post(
        "/v1/allocations", {"source_id": payment["id"], "invoice_id": invoice["id"], "amount_minor": 10_000}
    )
    assert given["decided_by"].startswith("key_")
    assert story.status(invoice) == "paid"


def test_a_credit_note_lowers_what_an_invoice_still_has_open(story: Story) -> None:
    invoice = story.invoice(10_000)
    note = story.erp.post(
        "/v1/credit-notes",
        {
            "number": "GS-1", "customer_id": invoice["customer_id"], "total_minor": 2_500,
            "issued_on": "2026-11-18",
        },
    )  # fmt: skip
    wish = {"source_id": note["id"], "invoice_id": invoice["id"], "amount_minor": 2_500}
    assert story.treasury.post("/v1/allocations", wish)["kind"] == "credit_note"
    shown = story.erp.get(f"/v1/invoices/{invoice['id']}")
    assert (shown["open_minor"], shown["collection_status"]) == (7_500, "partly_paid")
    assert story.erp.get(f"/v1/credit-notes/{note['id']}")["open_minor"] == 0
    assert story.erp.all("/v1/credit-notes")[0]["id"] == note["id"]


def test_bulk_says_of_every_row_what_became_of_it(story: Story) -> None:
    rows = (
        b'{"number":"B1","external_id":"E1","customer_external_id":"C1","customer_name":"Max Mustermann",'
        b'"currency":"EUR","total_minor":5000,"issued_on":"2026-11-04","due_on":"2026-12-01","colour":"red"}\n'
        b'{"number":"B2","external_id":"E2","customer_external_id":"C1","currency":"EUR","total_minor":true,'
        b'"issued_on":"2026-11-04","due_on":"2026-12-01"}\n'
        b"[1, 2]\n\n"
        b'{"number":"B3","external_id":"E3","customer_external_id":"\\u0000","currency":"EUR","total_minor":1,'
        b'"issued_on":"2026-11-04","due_on":"2026-12-01"}\n'
        b'{"number":"B4","external_id":"E4","customer_external_id":"C9","customer_name":"Nie Angelegt",'
        b'"currency":"EURO","total_minor":1,"issued_on":"2026-11-04","due_on":"2026-12-01"}\n'
    )
    told = []
    for _ in range(2):
        reply = story.erp.client.post("/v1/invoices/bulk", content=rows, headers=story.erp.headers)
        assert reply.status_code == 200
        told.append(reply.json())
    first, second = told
    assert (first["created"], first["unchanged"], first["refused"]) == (1, 0, 4)
    assert (second["created"], second["unchanged"], second["refused"]) == (0, 1, 4)
    assert first["unknown_columns"] == ["colour"]
    assert [(row["row"], row["status"], row["field"]) for row in first["rows"]] == [
        (1, "created", None), (2, "refused", "total_minor"), (3, "refused", None),
        (5, "refused", "customer_external_id"), (6, "refused", "currency"),
    ]  # fmt: skip
    assert first["rows"][0]["invoice_id"] == second["rows"][0]["invoice_id"]
    assert [one["name"] for one in story.erp.all("/v1/customers")] == ["Max Mustermann"]
