"""Money back over HTTP: refunds with their payees, reversals, four eyes, and a file that leaves once, unchanged."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from exporters import pain001
from exporters.pain007 import reader, rules
from gateway.runtime import Runtime
from gateway.sandbox.entries import Entry
from gateway.sandbox.transaction_codes import TransactionCode
from ledger.banking import mask
from ledger.money import Money
from tests.conftest import Clock
from tests.factories.api import Caller
from tests.factories.books import debtor_iban
from tests.factories.journey import Story, transfer

COLLECTED_ON, NEXT_DAY = date(2026, 11, 19), date(2026, 11, 20)
REVERSED = TransactionCode("PMNT/IDDT/RCDD", "NMSC+193", "SEPA-Lastschrift Storno")


@pytest.fixture
def story(admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller) -> Story:
    return Story(admin, erp, treasury, second_treasurer)


@pytest.fixture
def payment(story: Story) -> dict[str, Any]:
    """150.00 EUR of a customer, none of it allocated."""
    customer = story.customer()
    story.bank_books(transfer(15_000, "Zahlung"))
    (line,) = story.treasury.all("/v1/statement-lines")
    made: dict[str, Any] = story.treasury.post(
        "/v1/payments", {"statement_line_id": line["id"], "customer_id": customer["id"]}
    )
    return made


def ask(story: Story, payment: dict[str, Any], amount_minor: int = 3_100, **more: Any) -> dict[str, Any]:
    body = {"payment_id": payment["id"], "amount_minor": amount_minor, "reason": "paid twice", **more}
    made: dict[str, Any] = story.treasury.post("/v1/refunds", body)
    return made


def draft(story: Story, *refunds: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"kind": "pain.001", "refund_ids": [one["id"] for one in refunds], **more}
    made: dict[str, Any] = story.treasury.post("/v1/payback-batches", body)
    return made


def do(caller: Caller, payback: dict[str, Any], what: str, status: int = 200, **body: str) -> dict[str, Any]:
    done: dict[str, Any] = caller.post(
        f"/v1/payback-batches/{payback['id']}/{what}", body or None, status=status
    )
    return done


def file_of(caller: Caller, payback: dict[str, Any]) -> Any:
    return caller.client.get(f"/v1/payback-batches/{payback['id']}/file", headers=caller.headers)


def collected(story: Story, clock: Clock, work: Callable[[], None], *amounts: int) -> list[dict[str, Any]]:
    """Debits that were collected, on the morning of that day."""
    for amount in amounts:
        story.invoice(amount, mandate=True)
    story.bank_answers(story.collect())
    work()
    clock.forward(days=1)
    return story.erp.all("/v1/debits")


def test_a_refund_goes_to_whom_the_money_came_from_and_shows_no_account_whole(
    story: Story, payment: dict[str, Any]
) -> None:
    made = ask(story, payment)
    assert (made["payee_name"], made["payee_iban"]) == ("Max Mustermann", mask(debtor_iban(701)))
    assert (made["state"], made["payback_batch_id"]) == ("requested", None)
    assert story.treasury.get(f"/v1/refunds/{made['id']}") == made
    assert story.treasury.all("/v1/refunds", state="requested") == [made]
    assert story.treasury.all("/v1/refunds", state="paid") == []
    other = ask(story, payment, 100, payee_name="Erika Beispiel", payee_iban=debtor_iban(9))
    assert (other["payee_name"], other["payee_iban"]) == ("Erika Beispiel", mask(debtor_iban(9)))


@pytest.mark.parametrize(
    ("payee", "code", "field"),
    [
        ({"payee_name": "Erika"}, "invalid_request", "body"),
        ({"payee_iban": debtor_iban(9)}, "invalid_request", "body"),
        ({"payee_bic": "COBADEFF"}, "invalid_request", "body"),
        ({"payee_name": "Erika", "payee_iban": "DE00120300000000202051"}, "invalid_iban", "payee_iban"),
        ({"payee_name": "Erika", "payee_iban": debtor_iban(9), "payee_bic": "X"}, "invalid_bic", "payee_bic"),
    ],
)
def test_half_a_payee_is_none(
    story: Story, payment: dict[str, Any], payee: dict[str, str], code: str, field: str
) -> None:
    body = {"payment_id": payment["id"], "amount_minor": 100, "reason": "paid twice", **payee}
    refused = story.treasury.post("/v1/refunds", body, status=422)
    assert (refused["code"], refused["field"]) == (code, field)
    assert debtor_iban(9) not in str(refused)


def test_a_refund_is_given_up_unless_a_batch_holds_it(story: Story, payment: dict[str, Any]) -> None:
    made = ask(story, payment)
    payback = draft(story, made)
    path = f"/v1/refunds/{made['id']}"
    assert story.treasury.get(path)["payback_batch_id"] == payback["id"]
    assert story.treasury.post(f"{path}/cancel", {"reason": "a mistake"}, status=409)["code"] == "in_batch"
    do(story.treasury, payback, "discard", reason="a mistake")
    assert story.treasury.post(f"{path}/cancel", {"reason": "a mistake"}, status=200)["state"] == "cancelled"
    assert story.treasury.get(f"/v1/payments/{payment['id']}")["unallocated_minor"] == 15_000


def test_a_draft_shows_what_it_holds_and_its_sealed_file(story: Story, payment: dict[str, Any]) -> None:
    first, other = ask(story, payment), ask(story, payment, 4_500)
    payback = draft(story, first, other)
    assert (payback["state"], payback["part_count"], payback["total_minor"]) == ("draft", 2, 7_600)
    assert (payback["refund_ids"], payback["debit_ids"]) == ([first["id"], other["id"]], [])
    assert (payback["execute_on"], payback["one_person"]) == ("2026-11-18", False)
    file = payback["file"]
    assert (file["kind"], file["payback_id"], file["batch_id"]) == ("pain.001", payback["id"], None)
    assert story.treasury.get(f"/v1/payback-batches/{payback['id']}") == payback
    assert story.treasury.all("/v1/payback-batches") == [payback]
    assert story.treasury.get(f"/v1/payback-batches/{payback['id']}/findings") == {"findings": []}


def test_two_persons_let_a_file_go_and_it_is_the_one_that_was_sealed(
    story: Story, payment: dict[str, Any], runtime: Runtime
) -> None:
    payback = draft(story, ask(story, payment))
    assert do(story.treasury, payback, "approve", 409)["code"] == "second_person_needed"
    assert do(story.second_treasurer, payback, "release", 409)["code"] == "illegal_move"
    approved = do(story.second_treasurer, payback, "approve")
    assert approved["approved_sha256"] == payback["file"]["sha256"]
    assert file_of(story.treasury, payback).json()["code"] == "not_released"
    assert do(story.treasury, payback, "release", 409)["code"] == "second_person_needed"
    released = do(story.second_treasurer, payback, "release")
    assert (released["state"], released["approved_by"] != released["drafted_by"]) == ("released", True)
    reply = file_of(story.treasury, payback)
    assert hashlib.sha256(reply.content).hexdigest() == payback["file"]["sha256"]
    assert reply.headers["Content-Disposition"] == f'attachment; filename="{payback["file"]["name"]}"'
    assert pain001.fits_schema(reply.content)
    for what in ("approve", "release"):
        assert do(story.admin, payback, what, 409)["code"] == "illegal_move"
    assert do(story.admin, payback, "discard", 409, reason="too late")["code"] == "illegal_move"
    with runtime.sessions() as session:
        fetched = session.execute(text("SELECT by, sha256 FROM file_downloads")).all()
    assert [tuple(row) for row in fetched] == [(payback["drafted_by"], payback["file"]["sha256"])]


def test_an_erp_moves_no_money_back(story: Story, payment: dict[str, Any]) -> None:
    made = ask(story, payment)
    body = {"kind": "pain.001", "refund_ids": [made["id"]]}
    assert story.erp.post("/v1/payback-batches", body, status=403)["code"] == "forbidden"
    payback = draft(story, made)
    for what in ("approve", "release"):
        assert do(story.erp, payback, what, 403)["code"] == "forbidden"
    assert file_of(story.erp, payback).status_code == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "kind"),
        ({"kind": "pain.008"}, "kind"),
        ({"kind": "pain.001", "debit_ids": ["deb_01jz3q5v9yfk2a8m4t6w7x1c0d"]}, "body"),
        ({"kind": "pain.001", "reason": "AM05"}, "body"),
        ({"kind": "pain.007", "reason": "AM05"}, "body"),
        ({"kind": "pain.007", "debit_ids": ["deb_01jz3q5v9yfk2a8m4t6w7x1c0d"]}, "body"),
        ({"kind": "pain.007", "debit_ids": ["deb_01jz3q5v9yfk2a8m4t6w7x1c0d"], "reason": "MD06"}, "reason"),
        ({"kind": "pain.007", "batch_id": "bat_01jz3q5v9yfk2a8m4t6w7x1c0d", "reason": "AM05",
          "execute_on": "2026-11-20"}, "body"),
        ({"kind": "pain.001", "refund_ids": ["x"]}, "refund_ids.0"),
    ],
)  # fmt: skip
def test_a_wish_that_makes_no_sense_is_refused(story: Story, body: dict[str, Any], field: str) -> None:
    refused = story.treasury.post("/v1/payback-batches", body, status=422)
    assert (refused["code"], refused["field"]) == ("invalid_request", field)


def test_the_same_request_again_makes_no_second_batch(story: Story, payment: dict[str, Any]) -> None:
    body = {"kind": "pain.001", "refund_ids": [ask(story, payment)["id"]]}
    first = story.treasury.post("/v1/payback-batches", body, key="once")
    assert story.treasury.post("/v1/payback-batches", body, key="once") == first
    assert len(story.treasury.all("/v1/payback-batches")) == 1
    assert story.treasury.post("/v1/payback-batches", body, status=409)["code"] == "in_batch"


def test_money_that_may_be_taken_back_needs_an_explicit_wish(
    story: Story, clock: Clock, work: Callable[[], None]
) -> None:
    (debit,) = collected(story, clock, work, 12_000)
    (allocation,) = story.treasury.all("/v1/allocations", payment_id=debit["payment_id"])
    story.treasury.post(
        f"/v1/allocations/{allocation['id']}/reverse", {"reason": "paid by transfer"}, status=200
    )
    payback = draft(story, ask(story, {"id": debit["payment_id"]}, 12_000))
    (finding,) = story.treasury.get(f"/v1/payback-batches/{payback['id']}/findings")["findings"]
    assert (finding["rule"], finding["severity"]) == ("provisional", "error")
    assert finding["object_id"] == payback["refund_ids"][0]
    assert do(story.second_treasurer, payback, "approve", 422)["code"] == "bank_would_refuse"
    do(story.treasury, payback, "discard", reason="say it")
    wanted = draft(story, {"id": payback["refund_ids"][0]}, accept_provisional=True)
    assert do(story.second_treasurer, wanted, "approve")["accept_provisional"] is True


def test_a_wrong_collection_is_reversed_and_its_invoice_open_again(
    story: Story, clock: Clock, work: Callable[[], None]
) -> None:
    wrong, right = sorted(collected(story, clock, work, 7_197, 4_950), key=lambda one: -one["amount_minor"])
    body = {"kind": "pain.007", "debit_ids": [wrong["id"]], "reason": "AM05"}
    payback = story.treasury.post("/v1/payback-batches", body)
    assert (payback["debit_ids"], payback["total_minor"]) == ([wrong["id"]], 7_197)
    do(story.second_treasurer, payback, "approve")
    do(story.second_treasurer, payback, "release")
    content = file_of(story.treasury, payback).content
    assert rules.check(content, today=COLLECTED_ON) == ()
    said = reader.read(content)
    assert (said.count, said.control_sum_minor) == (1, 7_197)

    refused = story.treasury.post(
        "/v1/refunds",
        {"payment_id": wrong["payment_id"], "amount_minor": 1, "reason": "paid twice"}, status=409,
    )  # fmt: skip
    assert refused["code"] == "being_reversed"
    story.bank_books(
        Entry(
            amount=Money(-7_197, "EUR"), booked_on=NEXT_DAY, valued_on=NEXT_DAY, code=REVERSED,
            end_to_end_id=wrong["end_to_end_id"],
        )
    )  # fmt: skip
    work()
    debit = story.erp.get(f"/v1/debits/{wrong['id']}")
    assert (debit["state"], debit["reason_code"]) == ("refunded", "AM05")
    assert story.erp.get(f"/v1/invoices/{wrong['invoice_id']}")["open_minor"] == 7_197
    assert story.erp.get(f"/v1/invoices/{right['invoice_id']}")["open_minor"] == 0
    assert story.treasury.get(f"/v1/payback-batches/{payback['id']}")["state"] == "booked"


def test_a_whole_batch_is_reversed_by_its_id(story: Story, clock: Clock, work: Callable[[], None]) -> None:
    collected(story, clock, work, 7_197, 4_950)
    (batch,) = story.treasury.all("/v1/debit-batches")
    body = {"kind": "pain.007", "batch_id": batch["id"], "reason": "MS02"}
    payback = story.treasury.post("/v1/payback-batches", body)
    assert (payback["batch_id"], payback["part_count"], payback["total_minor"]) == (batch["id"], 2, 12_147)
    again = {**body, "batch_id": batch["id"]}
    assert story.treasury.post("/v1/payback-batches", again, status=409)["code"] == "already_reversed"


def test_no_money_back_event_names_a_person_or_an_account(story: Story, payment: dict[str, Any]) -> None:
    payback = draft(story, ask(story, payment))
    do(story.second_treasurer, payback, "approve")
    do(story.second_treasurer, payback, "release")
    told = story.treasury.get("/v1/events", limit=500)["data"]
    kinds = [one["type"] for one in told if one["object_id"] == payback["id"]]
    assert kinds == ["payback.approved", "payback.released"]
    assert "Mustermann" not in str(told)
    assert debtor_iban(701) not in str(told)
