"""The same key and body: the same reply, byte for byte, and never a second effect."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from gateway import jobs
from gateway.models import IdempotentReply
from gateway.runtime import Runtime
from tests.conftest import Clock
from tests.factories.api import Caller
from tests.factories.journey import Story


@pytest.fixture
def story(admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller) -> Story:
    return Story(admin, erp, treasury, second_treasurer)


def note(story: Story, total_minor: int = 2_500, number: str = "GS-1") -> dict[str, Any]:
    """A credit note without an external id: only the key can tell that it was sent before."""
    customer = story.erp.all("/v1/customers") or [story.customer()]
    return {
        "number": number, "customer_id": customer[0]["id"], "total_minor": total_minor, "issued_on": "2026-11-18",
    }  # fmt: skip


def send(caller: Caller, body: dict[str, Any], key: str | None, path: str = "/v1/credit-notes") -> Any:
    headers = caller.headers if key is None else {**caller.headers, "Idempotency-Key": key}
    return caller.client.post(path, json=body, headers=headers)


NEED_A_KEY = [
    "/v1/invoices", "/v1/credit-notes", "/v1/debits", "/v1/debits/due", "/v1/debit-batches",
    "/v1/debit-batches/bat_01jz3q5v9yfk2a8m4t6w7x1c0d/release", "/v1/payments", "/v1/allocations", "/v1/refunds",
]  # fmt: skip


def test_what_creates_money_or_a_file_needs_a_key(treasury: Caller) -> None:
    for path in NEED_A_KEY:
        reply = send(treasury, {}, None, path)
        assert (reply.status_code, reply.json()["code"]) == (400, "idempotency_key_missing")
        assert reply.json()["field"] == "Idempotency-Key"


def test_a_key_has_1_to_255_characters(erp: Caller) -> None:
    for key in ("", "x" * 256):
        reply = send(erp, {}, key)
        assert (reply.status_code, reply.json()["field"]) == (400, "Idempotency-Key")


def test_the_same_request_again_gets_the_same_reply_byte_for_byte(story: Story) -> None:
    body, longest = note(story), "x" * 255
    first = send(story.erp, body, longest)
    again = send(story.erp, body, longest)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert first.headers["content-type"] == again.headers["content-type"]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.headers["X-Request-ID"] != again.headers["X-Request-ID"]
    assert len(story.erp.all("/v1/credit-notes")) == 1


def test_the_first_reply_is_given_even_when_the_thing_has_changed_since(story: Story) -> None:
    invoice = story.invoice(12_000, mandate=True)
    first = send(story.erp, {"invoice_id": invoice["id"]}, "debit-1", "/v1/debits")
    debit = first.json()
    story.erp.post(f"/v1/debits/{debit['id']}/cancel", {"reason": "wrong day"}, status=200)
    again = send(story.erp, {"invoice_id": invoice["id"]}, "debit-1", "/v1/debits")
    assert again.content == first.content
    assert again.json()["state"] == "scheduled"
    assert [one["state"] for one in story.erp.all("/v1/debits")] == ["cancelled"]


def test_the_same_key_with_another_body_is_refused(story: Story) -> None:
    send(story.erp, note(story), "key-1")
    other = send(story.erp, note(story, 2_501), "key-1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert other.json()["field"] == "Idempotency-Key"
    assert [one["total_minor"] for one in story.erp.all("/v1/credit-notes")] == [2_500]


def test_a_key_belongs_to_one_caller_and_one_address(story: Story) -> None:
    body = note(story)
    assert send(story.erp, body, "key-1").status_code == 201
    other_caller = send(story.treasury, {**body, "number": "GS-2"}, "key-1")
    assert other_caller.status_code == 201
    other_address = send(
        story.erp,
        {**body, "number": "RE-1", "due_on": "2026-12-01", "total_minor": 12_000},
        "key-1",
        "/v1/invoices",
    )
    assert other_address.status_code == 201
    assert all("Idempotency-Replayed" not in one.headers for one in (other_caller, other_address))


def test_a_refused_request_leaves_its_key_free(story: Story) -> None:
    wrong = send(story.erp, note(story, -1), "key-1")
    assert wrong.status_code == 422
    right = send(story.erp, note(story, 2_500), "key-1")
    assert right.status_code == 201
    assert send(story.erp, note(story, 2_500), "key-1").content == right.content


def test_a_key_is_kept_where_it_is_sent_though_none_is_needed(story: Story) -> None:
    """A mandate has no natural key: sent twice without one, the customer would have two."""
    body = {
        "customer_id": story.customer()["id"],
        "iban": "DE02120300000000202051",
        "signed_on": "2025-06-01",
    }
    first = send(story.erp, body, "mandate-1", "/v1/mandates")
    again = send(story.erp, body, "mandate-1", "/v1/mandates")
    assert first.content == again.content
    assert len(story.erp.all("/v1/mandates")) == 1
    send(story.erp, body, None, "/v1/mandates")
    assert len(story.erp.all("/v1/mandates")) == 2


@pytest.mark.race
def test_twenty_callers_with_one_key_have_one_effect(story: Story) -> None:
    body, start = note(story), threading.Barrier(20)

    def together(_: int) -> Any:
        start.wait()
        return send(story.erp, body, "key-1")

    with ThreadPoolExecutor(20) as threads:
        replies = list(threads.map(together, range(20)))
    done = [reply for reply in replies if reply.status_code == 201]
    waiting = [reply for reply in replies if reply.status_code == 409]
    assert len(done) + len(waiting) == 20
    assert {reply.json()["code"] for reply in waiting} <= {"still_running"}
    assert len({reply.content for reply in done}) == 1
    assert [("Idempotency-Replayed" in reply.headers) for reply in done].count(False) == 1
    assert len(story.erp.all("/v1/credit-notes")) == 1
    assert send(story.erp, body, "key-1").content == done[0].content


def test_replies_are_forgotten_after_thirty_days(story: Story, runtime: Runtime, clock: Clock) -> None:
    def kept() -> set[str]:
        with runtime.sessions() as session:
            return set(session.scalars(select(IdempotentReply.key)))

    send(story.erp, note(story), "old")
    earlier = kept()
    clock.forward(days=29, hours=23)
    assert jobs.forget_replies(runtime) == 0
    send(story.erp, note(story, number="GS-2"), "new")
    assert kept() == {*earlier, "new"}
    clock.forward(hours=2)
    assert jobs.forget_replies(runtime) == len(earlier)
    assert kept() == {"new"}
