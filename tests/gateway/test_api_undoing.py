"""Undo and memory over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.api import Caller
from tests.factories.journey import Story, transfer

WHY = {"reason": "it was somebody else's money"}


@pytest.fixture
def story(admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller) -> Story:
    return Story(admin, erp, treasury, second_treasurer)


@pytest.fixture
def line(story: Story) -> dict[str, Any]:
    """A line of 150.00 EUR that treasury gave to a customer."""
    customer = story.customer()
    story.bank_books(transfer(15_000, "Zahlung"))
    (line,) = story.treasury.all("/v1/statement-lines")
    story.treasury.post("/v1/payments", {"statement_line_id": line["id"], "customer_id": customer["id"]})
    found: dict[str, Any] = story.treasury.get(f"/v1/statement-lines/{line['id']}")
    return found


def taught(story: Story, **payer: str) -> dict[str, Any]:
    customer = story.customer()
    (creditor,) = story.treasury.all("/v1/creditors")
    body = {"creditor_id": creditor["id"], "customer_id": customer["id"], **payer}
    made: dict[str, Any] = story.treasury.post("/v1/payer-memories", body)
    return made


def test_a_match_is_shown_undone_and_its_line_released(story: Story, line: dict[str, Any]) -> None:
    match_id = line["match"]["id"]
    shown = story.treasury.get(f"/v1/matches/{match_id}")
    assert (shown["line_id"], shown["rule"], shown["undone_at"]) == (line["id"], "by_hand", None)
    (part,) = shown["parts"]
    assert (part["kind"], part["amount_minor"], shown["memory_ids"]) == ("payment", 15_000, [])
    done = story.treasury.post(f"/v1/matches/{match_id}/undo", WHY, status=200)
    assert done["refused"] == []
    assert done["undone"][0]["payment_ids"] == [part["object_id"]]
    assert story.treasury.get(f"/v1/payments/{part['object_id']}")["state"] == "cancelled"
    assert story.treasury.get(f"/v1/matches/{match_id}")["undone_because"] == WHY["reason"]
    assert story.treasury.get(f"/v1/statement-lines/{line['id']}")["match"] is None
    held = story.treasury.post(f"/v1/statement-lines/{line['id']}/release", status=200)
    assert (held["state"], held["held_by"]) == ("unexplained", None)


def test_a_refused_undo_says_what_comes_first(story: Story, line: dict[str, Any]) -> None:
    payment_id = line["match"]["parts"][0]["object_id"]
    story.treasury.post("/v1/refunds", {"payment_id": payment_id, "amount_minor": 100, "reason": "too much"})
    problem = story.treasury.post(f"/v1/matches/{line['match']['id']}/undo", WHY, status=409)
    assert (problem["code"], problem["field"]) == ("cannot_undo", "match_id")
    assert problem["detail"].endswith("cancel it first.")


def test_a_whole_file_is_undone_with_what_stays(story: Story, line: dict[str, Any]) -> None:
    (file,) = story.treasury.all("/v1/statement-files")
    done = story.treasury.post(f"/v1/statement-files/{file['id']}/undo-matching", WHY, status=200)
    assert [one["line_id"] for one in done["undone"]] == [line["id"]]
    again = story.treasury.post(f"/v1/statement-files/{file['id']}/undo-matching", WHY, status=200)
    assert again == {"undone": [], "refused": []}


def test_what_is_taught_is_listed_with_its_origin_and_revoked(story: Story) -> None:
    made = taught(story, account="DE89 3704 0044 0532 0130 00")
    assert (made["account"], made["decided"], made["match_id"]) == ("DE89…3000", 0, None)
    assert story.treasury.all("/v1/payer-memories", revoked=False) == [made]
    assert story.treasury.all("/v1/payer-memories", customer_id=made["customer_id"], kind="name") == []
    body = {**WHY, "undo": True}
    done = story.treasury.post(f"/v1/payer-memories/{made['id']}/revoke", body, status=200)
    assert (done["memory"]["revoked_because"], done["matches"]) == (WHY["reason"], [])
    assert story.treasury.get(f"/v1/payer-memories/{made['id']}")["matches"] == []
    assert len(story.treasury.all("/v1/payer-memories", revoked=True)) == 1


def test_who_pays_is_said_in_one_way(story: Story) -> None:
    customer = story.customer()
    (creditor,) = story.treasury.all("/v1/creditors")
    body = {"creditor_id": creditor["id"], "customer_id": customer["id"]}
    story.treasury.post("/v1/payer-memories", body, status=422)
    story.treasury.post("/v1/payer-memories", {**body, "name": "A", "account": "B"}, status=422)
