"""The worklist over HTTP: what waits, found and read, and decided in one call each."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest
from sqlalchemy import text

from gateway import jobs
from gateway.api.statements import WantedState
from gateway.runtime import Runtime
from ledger import credit_notes, invoices
from ledger.acts import Act
from ledger.credit_notes import CreditNoteFacts
from ledger.invoices import InvoiceFacts
from reconciliation.models import LineState
from tests.factories.api import Caller
from tests.factories.bank import match
from tests.factories.books import Books
from tests.factories.paying import received
from tests.factories.proposing import full, proposed

LINES = "/v1/statement-lines"


def amounts(found: list[dict[str, Any]]) -> list[int]:
    return [one["amount_minor"] for one in found]


def test_every_state_of_a_line_can_be_asked_for() -> None:
    assert set(get_args(WantedState)) == {*LineState, "waiting"}


def test_what_waits_is_listed_in_any_order_and_page_by_page(books: Books, treasury: Caller, act: Act) -> None:
    wanted = [500, 3_000, 3_000, 200, 40_000]
    for one in wanted:
        received(books, one)
    match(books.session, act)
    books.session.commit()
    assert amounts(treasury.all(LINES, state="waiting", limit=2)) == wanted
    for order, expected in (
        ("amount", sorted(wanted)), ("-amount", sorted(wanted, reverse=True)), ("-id", wanted[::-1]),
        ("age", wanted), ("-age", wanted[::-1]),
    ):  # fmt: skip
        for limit in (1, 2, 50):
            found = treasury.all(LINES, state="waiting", order=order, limit=limit)
            assert amounts(found) == expected, (order, limit)
            assert len({one["id"] for one in found}) == len(wanted)
    gone = treasury.get(LINES, order="amount", after="lin_01jz3q5v9yfk2a8m4t6w7x1c0d")
    assert gone == {"data": [], "next": None}


def test_lines_are_found_by_amount_day_text_account_and_customer(
    books: Books, treasury: Caller, act: Act
) -> None:
    customer = books.customer()
    received(books, 1_000, "Miete Mai 100%")
    line = received(books, 2_000, "Strom_Juni")
    customer.iban = line.counterparty_account
    other = received(books, 3_000, "Spende")
    invoice = books.invoice(3_000, customer=customer)
    proposed(books, other, full(invoice))
    books.session.commit()
    for query, expected in (
        ({"q": "miete"}, [1_000]), ({"q": "100%"}, [1_000]), ({"q": "0%0"}, []), ({"q": "m_J"}, [2_000]),
        ({"q": "_"}, [2_000]), ({"q": "mustermann"}, [1_000, 2_000, 3_000]),
        ({"least_minor": 2_000}, [2_000, 3_000]), ({"least_minor": 2_000, "most_minor": 2_000}, [2_000]),
        ({"first_on": str(act.today)}, [1_000, 2_000, 3_000]), ({"last_on": "2026-11-17"}, []),
        ({"bank_account_id": books.account.id}, [1_000, 2_000, 3_000]),
        ({"customer_id": customer.id}, [2_000, 3_000]), ({"state": "proposed"}, [3_000]),
    ):  # fmt: skip
        assert amounts(treasury.all(LINES, **query)) == expected, query
    treasury.post(f"{LINES}/{line.id}/put-on-account", {"customer_id": customer.id}, status=200)
    customer.iban = None
    books.session.commit()
    assert amounts(treasury.all(LINES, customer_id=customer.id)) == [2_000, 3_000]
    assert amounts(treasury.all(LINES, customer_id=customer.id, state="waiting")) == [3_000]


def test_a_line_is_listed_with_its_proposals_and_their_reasons(
    books: Books, treasury: Caller, act: Act
) -> None:
    invoice, other = books.invoice(3_000, number="RE-1"), books.invoice(3_000, number="RE-2")
    line = received(books, 3_000)
    second = proposed(books, line, full(other), rank=2)
    first = proposed(books, line, full(invoice))
    received(books, 10)
    books.session.commit()
    found = treasury.all(LINES, state="waiting", expand="proposals")
    assert [[one["id"] for one in line["proposals"]] for line in found] == [[first.id, second.id], []]
    best = found[0]["proposals"][0]
    assert best["shares"] == [
        {
            "invoice_id": invoice.id, "invoice_number": "RE-1", "kind": "payment", "amount_minor": 3_000,
            "credit_note_id": None, "credit_note_number": None, "reason": None,
        }
    ]  # fmt: skip
    assert (best["customer_name"], best["currency"], best["on_account_minor"]) == ("Erika Beispiel", "EUR", 0)
    assert (best["supports"], best["contradicts"], best["because"]) == (
        ["Exactly the open amount was paid."], ["The payer is not known to us."],
        "Only the amount speaks for it.",
    )  # fmt: skip
    assert treasury.all(LINES)[0]["proposals"] is None
    shown = treasury.get(f"{LINES}/{line.id}")
    assert [one["id"] for one in shown["proposals"]] == [first.id, second.id]
    assert treasury.get(f"/v1/proposals/{first.id}") == best
    assert [one["id"] for one in treasury.all("/v1/proposals", line_id=line.id)] == [second.id, first.id]


def test_a_confirmed_proposal_shows_what_its_line_became(books: Books, treasury: Caller) -> None:
    invoice = books.invoice(3_000)
    line = received(books, 3_000)
    first = proposed(books, line, full(invoice))
    books.session.commit()
    done = treasury.post(f"/v1/proposals/{first.id}/confirm", status=200)
    assert (done["state"], done["obstacles"]) == ("confirmed", [])
    again = treasury.post(f"/v1/proposals/{first.id}/confirm", status=409)
    assert again["code"] == "proposal_decided"
    shown = treasury.get(f"{LINES}/{line.id}")
    assert (shown["state"], shown["held_by"], shown["match"]["rule"]) == (
        "matched", done["decided_by"], "proposal_confirmed",
    )  # fmt: skip
    (given,) = shown["allocations"]
    assert (given["invoice_id"], given["amount_minor"]) == (invoice.id, 3_000)


def test_a_proposal_that_became_stale_says_so_before_and_when_it_is_confirmed(
    books: Books, treasury: Caller
) -> None:
    invoice = books.invoice(3_000, number="RE-1")
    lines = [received(books, 3_000) for _ in range(2)]
    ones = [proposed(books, line, full(invoice)).id for line in lines]
    books.session.commit()
    treasury.post(f"/v1/proposals/{ones[0]}/confirm", status=200)
    says = "Invoice RE-1 is paid now: nothing of it is open, and 30.00 EUR were to be closed."
    assert treasury.get(f"/v1/proposals/{ones[1]}")["obstacles"] == [says]
    refused = treasury.post(f"/v1/proposals/{ones[1]}/confirm", status=409)
    assert (refused["code"], refused["detail"]) == ("stale_proposal", says)
    rejected = treasury.post(f"/v1/proposals/{ones[1]}/reject", {"reason": "paid already"}, status=200)
    assert (rejected["state"], rejected["decided_because"]) == ("rejected", "paid already")


def test_a_line_is_split_in_one_call(books: Books, treasury: Caller) -> None:
    customer = books.customer()
    one, two = (books.invoice(amount, customer=customer) for amount in (10_000, 5_000))
    note = credit_notes.issue(
        books.session,
        CreditNoteFacts(
            creditor_id=books.creditor.id, customer_id=customer.id, number="GS-1", currency="EUR",
            total_minor=1_000, issued_on=books.act.today,
        ),
        act=books.act,
    )  # fmt: skip
    line = received(books, 13_900)
    books.session.commit()
    body = {
        "customer_id": customer.id, "on_account_minor": 400,
        "shares": [
            {"invoice_id": one.id, "amount_minor": 9_500},
            {"invoice_id": one.id, "kind": "discount", "amount_minor": 300},
            {"invoice_id": one.id, "kind": "write_off", "amount_minor": 200, "reason": "a broken pallet"},
            {"invoice_id": two.id, "amount_minor": 4_000},
            {"invoice_id": two.id, "kind": "credit_note", "amount_minor": 1_000, "credit_note_id": note.id},
        ],
    }  # fmt: skip
    wrong = treasury.post(f"{LINES}/{line.id}/split", {**body, "on_account_minor": 0}, status=422)
    assert (wrong["code"], wrong["field"]) == ("sums_differ", "on_account_minor")
    done = treasury.post(f"{LINES}/{line.id}/split", body, status=200)
    assert (done["state"], len(done["allocations"])) == ("partly_matched", 5)
    assert [treasury.get(f"/v1/invoices/{bill.id}")["open_minor"] for bill in (one, two)] == [0, 0]
    payment = treasury.get(f"/v1/payments/{done['match']['parts'][0]['object_id']}")
    assert payment["unallocated_minor"] == 400


def test_each_other_decision_is_one_call(books: Books, treasury: Caller, runtime: Runtime) -> None:
    customer = books.customer()
    lines = [received(books, amount).id for amount in (100, 200, 300, 400, 500, 600)]
    books.session.commit()
    decisions = [
        ("put-on-account", {"customer_id": customer.id}, "matched"),
        ("assign", {"customer_id": customer.id}, "new"),
        ("refund", {"reason": "not for us"}, "matched"),
        ("ignore", {"reason": "a test of the bank"}, "ignored"),
        ("mark", {"kind": "payout"}, "payout"),
        ("mark-transfer", {}, "matched"),
    ]
    for line_id, (path, body, state) in zip(lines, decisions, strict=True):
        done = treasury.post(f"{LINES}/{line_id}/{path}", body, status=200)
        assert (done["state"], done["held_by"] is not None) == (state, True), path
    (refund,) = treasury.all("/v1/refunds")
    assert (refund["amount_minor"], refund["payee_name"]) == (
        300,
        treasury.get(f"{LINES}/{lines[2]}")["counterparty_name"],
    )
    taken_back = treasury.post(f"{LINES}/{lines[3]}/undo", {"reason": "it was real"}, status=200)
    assert [one["line_id"] for one in taken_back["undone"]] == [lines[3]]
    with runtime.sessions() as session:
        said = session.scalars(text("SELECT body FROM audit_records")).all()
    audited = [one for one in said if "statement_line.decided" in one or "statement_line.assigned" in one]
    assert len(audited) == 6


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("mark", {"kind": "transfer"}, "invalid_request"), ("mark", {}, "invalid_request"),
        ("ignore", {"reason": ""}, "invalid_request"), ("split", {"shares": []}, "invalid_request"),
        ("refund", {"reason": "x", "payee_name": "Erika"}, "invalid_request"),
        ("refund", {"reason": "x", "payee_name": "Erika", "payee_iban": "DE1"}, "invalid_iban"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(
    books: Books, treasury: Caller, path: str, body: dict[str, Any], code: str
) -> None:
    line = received(books, 100)
    books.session.commit()
    assert treasury.post(f"{LINES}/{line.id}/{path}", body, status=422)["code"] == code


def bill(books: Books, number: str, **facts: Any) -> Any:
    return invoices.issue(
        books.session,
        InvoiceFacts(
            creditor_id=books.creditor.id, number=number, currency="EUR", total_minor=10_000,
            issued_on=books.act.today, due_on=books.act.today + timedelta(days=30), **facts,
        ),
        act=books.act,
    )  # fmt: skip


def test_open_items_are_found_by_number_order_name_and_customer(books: Books, treasury: Caller) -> None:
    customer = books.customer("Müller Maschinenbau GmbH", external_id="K-0815")
    other = books.customer("Erika Beispiel")
    terms = {"discount_days": 10, "discount_percent": Decimal("2.00")}
    one = bill(books, "RE-2026-0001", customer_id=customer.id, purchase_order="PO 77/1", **terms)
    two = bill(books, "RE-2026-0002", customer_id=other.id)
    note = credit_notes.issue(
        books.session,
        CreditNoteFacts(
            creditor_id=books.creditor.id, customer_id=customer.id, number="GS-9", currency="EUR",
            total_minor=500, issued_on=books.act.today,
        ),
        act=books.act,
    )  # fmt: skip
    books.session.commit()
    his = {one.id, note.id}
    for query, expected in (
        ({"customer_id": customer.id}, his), ({"q": "maschinenbau"}, his), ({"q": "Mueller Maschinenbau"}, his),
        ({"q": "k0815"}, his), ({"q": "2026-0001"}, {one.id}), ({"q": "po77/1"}, {one.id}),
        ({"q": "gs 9"}, {note.id}), ({"q": "re 2026 0002"}, {two.id}), ({"q": "%"}, set()), ({}, his | {two.id}),
    ):  # fmt: skip
        assert {item["id"] for item in treasury.all("/v1/open-items", limit=1, **query)} == expected, query
    found = {item["id"]: item for item in treasury.all("/v1/open-items", customer_id=customer.id)}
    assert found[one.id]["discount"] == {
        "percent": "2.00", "amount_minor": 200, "last_on": str(books.act.today + timedelta(days=10)),
    }  # fmt: skip
    assert (found[note.id]["kind"], found[note.id]["open_minor"], found[note.id]["due_on"]) == (
        "credit_note", 500, None,
    )  # fmt: skip
    line = received(books, 9_800)
    books.session.commit()
    body = {
        "customer_id": customer.id,
        "shares": [
            {"invoice_id": one.id, "amount_minor": 9_800},
            {"invoice_id": one.id, "kind": "discount", "amount_minor": 200},
        ],
    }
    treasury.post(f"{LINES}/{line.id}/split", body, status=200)
    assert {item["id"] for item in treasury.all("/v1/open-items", customer_id=customer.id)} == {note.id}
    missing = treasury.get("/v1/open-items", customer_id="cus_01jz3q5v9yfk2a8m4t6w7x1c0d", status=404)
    assert missing["code"] == "customer_not_found"


def waiting(treasury: Caller, runtime: Runtime) -> dict[str, Any]:
    """The one line that waits after a run, with its proposals."""
    jobs.match_everything(runtime, actor="test")
    (line,) = treasury.all(LINES, state="waiting", expand="proposals")
    return line


def test_what_an_assigned_line_pays_is_looked_for_among_its_customers_invoices_and_only_proposed(
    books: Books, treasury: Caller, runtime: Runtime
) -> None:
    customer = books.customer("Müller Maschinenbau GmbH")
    invoice, _ = books.invoice(7_000, customer=customer, number="RE-1"), books.invoice(7_000)
    received(books, 7_000, "Danke")
    books.session.commit()
    line = waiting(treasury, runtime)
    assert line["state"] == "unexplained"
    treasury.post(f"{LINES}/{line['id']}/assign", {"customer_id": customer.id}, status=200)
    line = waiting(treasury, runtime)
    assert line["state"] == "proposed"
    best = line["proposals"][0]
    assert [(one["invoice_id"], one["amount_minor"]) for one in best["shares"]] == [(invoice.id, 7_000)]
    assert {one["customer_id"] for one in line["proposals"]} == {customer.id}
    treasury.post(f"/v1/proposals/{best['id']}/confirm", status=200)
    assert treasury.get(f"/v1/invoices/{invoice.id}")["open_minor"] == 0


def test_what_matching_proposed_and_a_person_rejected_is_not_proposed_again(
    books: Books, treasury: Caller, runtime: Runtime
) -> None:
    line = received(books, 10_000, "Danke")
    books.invoice(9_000, customer=books.customer(str(line.counterparty_name)))
    books.session.commit()
    found = waiting(treasury, runtime)["proposals"]
    assert found
    for one in found:
        treasury.post(f"/v1/proposals/{one['id']}/reject", {"reason": "somebody else's"}, status=200)
    again = waiting(treasury, runtime)
    assert (again["state"], again["proposals"]) == ("unexplained", [])
    assert {one["state"] for one in treasury.all("/v1/proposals")} == {"rejected"}
