"""Notices over HTTP and on the command line: what was said, how far it is, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gateway.runtime import Runtime
from tests.conftest import Clock
from tests.factories.api import Caller
from tests.factories.books import debtor_iban
from tests.factories.journey import Story
from tests.factories.letters import opened
from tests.factories.mail_server import MailServer, reached_at, serving
from tests.gateway.conftest import CommandLine

FIRST = "2026-12-02"


@pytest.fixture
def story(admin: Caller, erp: Caller, treasury: Caller, second_treasurer: Caller) -> Story:
    """A creditor whose debits Duecourse announces."""
    story = Story(admin, erp, treasury, second_treasurer)
    terms = f"/v1/creditors/{story.creditor['id']}/terms"
    reply = admin.client.patch(terms, json={"announced_by": "duecourse"}, headers=admin.headers)
    assert reply.status_code == 200, reply.text
    return story


def debit(
    story: Story, *, number: str = "1", invoice: dict[str, Any] | None = None, **customer: Any
) -> dict[str, Any]:
    """A scheduled debit of a new customer."""
    who = story.erp.post("/v1/customers", {"name": "Erika Beispiel", **customer})
    story.erp.post(
        "/v1/mandates", {"customer_id": who["id"], "iban": debtor_iban(1), "signed_on": "2025-06-01"}
    )
    body = {
        "number": f"RE-{number}", "customer_id": who["id"], "total_minor": 12_000, "issued_on": "2026-11-16",
        "due_on": "2026-11-18", **(invoice or {}),
    }  # fmt: skip
    bill = story.erp.post("/v1/invoices", body)
    return story.erp.post("/v1/debits", {"invoice_id": bill["id"]})


def test_a_notice_is_shown_without_its_address(story: Story, erp: Caller, auditor: Caller) -> None:
    made = debit(story, email="erika@example.org")
    assert (made["collect_on"], made["notice_state"], made["noticed_on"]) == (FIRST, "queued", None)
    shown = auditor.get(f"/v1/debits/{made['id']}/notice")
    assert (shown["channel"], shown["state"], shown["collect_on"], shown["days"]) == (
        "email",
        "queued",
        FIRST,
        14,
    )
    assert (shown["amount_minor"], shown["currency"], shown["attempts"]) == (12_000, "EUR", 0)
    assert shown["missing"] == "The notice has not been sent yet."
    assert "erika" not in str(shown).lower()
    assert erp.all("/v1/debits")[0]["notice_state"] == "queued"


def test_the_message_is_given_as_it_was_sent(
    story: Story, auditor: Caller, runtime: Runtime, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = debit(story, email="erika@example.org")
    message = f"/v1/debits/{made['id']}/notice/message"
    assert auditor.get(message, status=404)["code"] == "notice_not_found"
    with serving(MailServer()) as post:
        for name, value in reached_at(post).items():
            monkeypatch.setattr(runtime.settings, name, value)
        work()
    reply = auditor.client.get(message, headers=auditor.headers)
    shown = auditor.get(f"/v1/debits/{made['id']}/notice")
    assert (reply.status_code, reply.content) == (200, post.taken[0][1])
    assert reply.headers["content-type"] == "message/rfc822"
    assert reply.headers["content-disposition"] == f'attachment; filename="{shown["id"]}.eml"'
    assert reply.headers["x-content-sha256"] == shown["sha256"]
    assert opened(reply.content)["Message-ID"] == f"<{shown['message_id']}>"
    assert (shown["state"], shown["noticed_on"], shown["missing"]) == ("sent", "2026-11-18", None)
    found = story.erp.get(f"/v1/debits/{made['id']}")
    assert (found["notice_state"], found["noticed_on"]) == ("sent", "2026-11-18")


def test_a_letter_is_recorded_where_there_is_no_address(story: Story, clock: Clock) -> None:
    made = debit(story)
    notice = f"/v1/debits/{made['id']}/notice"
    assert (
        story.erp.get(notice)["missing"]
        == "The notice could not be sent: The customer has no e-mail address."
    )
    clock.forward(days=1)
    refused = story.erp.post(notice, {"channel": "letter", "sent_on": "2026-11-19"}, status=409)
    assert (refused["code"], refused["field"]) == ("letter_too_late", "sent_on")
    letter = {"channel": "letter", "sent_on": "2026-11-19", "collect_on": "2026-12-03"}
    shown = story.erp.post(notice, letter)
    assert (shown["channel"], shown["state"], shown["missing"]) == ("letter", "sent", None)
    found = story.erp.get(f"/v1/debits/{made['id']}")
    assert (found["collect_on"], found["noticed_on"]) == ("2026-12-03", "2026-11-19")
    assert story.erp.get(f"{notice}/message", status=404)["code"] == "notice_not_found"


def test_what_failed_is_tried_again_when_a_person_asks(story: Story) -> None:
    made = debit(story, email="erika")
    notice = f"/v1/debits/{made['id']}/notice"
    assert story.erp.get(notice)["state"] == "failed"
    assert story.erp.post(notice, {"channel": "email"})["last_error"] == (
        "The customer's e-mail address cannot be written to."
    )
    story.erp.post(f"/v1/debits/{made['id']}/cancel", {"reason": "paid"}, status=200)
    assert story.erp.post(notice, {"channel": "email"}, status=409)["code"] == "not_to_be_announced"
    assert story.erp.get(notice)["state"] == "superseded"


@pytest.mark.parametrize(
    "body",
    [
        {}, {"channel": "fax"}, {"channel": "letter"}, {"channel": "email", "sent_on": "2026-11-18"},
        {"channel": "letter", "sent_on": 1}, {"channel": "letter", "sent_on": "2026-11-18", "to": "x"},
    ],
)  # fmt: skip
def test_a_notice_that_cannot_be_meant_is_refused(story: Story, body: dict[str, Any]) -> None:
    made = debit(story)
    assert story.erp.post(f"/v1/debits/{made['id']}/notice", body, status=422)["code"] == "invalid_request"


def test_what_the_customer_agreed_to_and_the_invoice_announced_counts(story: Story) -> None:
    agreed = debit(story, number="2", email="erika@example.org", notice_days=1)
    assert agreed["collect_on"] == "2026-11-19"
    mailed = debit(story, number="3", invoice={"due_on": FIRST, "pre_notified_on": "2026-11-16"})
    assert (mailed["collect_on"], mailed["notice_state"], mailed["noticed_on"]) == (
        FIRST,
        "sent",
        "2026-11-16",
    )


def test_an_invoice_mailed_after_its_debit_was_scheduled_announces_it(story: Story) -> None:
    made = debit(story, invoice={"due_on": FIRST}, email="erika@example.org")
    path = f"/v1/invoices/{made['invoice_id']}/pre-notified"
    for wrong in ("2026-11-15", "2026-11-19"):
        assert story.erp.post(path, {"on": wrong}, status=422)["code"] == "mail_rejected"
    assert story.erp.post(path, {"on": "2026-11-18"}, status=200)["pre_notified_on"] == "2026-11-18"
    shown = story.erp.get(f"/v1/debits/{made['id']}/notice")
    assert (shown["channel"], shown["state"], shown["missing"]) == ("invoice", "sent", None)


def test_the_same_invoice_pushed_again_with_the_day_of_its_mail_is_the_same(story: Story) -> None:
    customer = story.customer()
    body = {
        "number": "RE-9", "external_id": "ERP-9", "customer_id": customer["id"], "total_minor": 100,
        "issued_on": "2026-11-16", "due_on": FIRST,
    }  # fmt: skip
    first = story.erp.post("/v1/invoices", body)
    again = story.erp.post("/v1/invoices", {**body, "pre_notified_on": "2026-11-17"})
    assert again["id"] == first["id"]


def test_the_command_sends_what_is_due(
    story: Story, cli: CommandLine, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    debit(story, email="erika@example.org")
    debit(story, number="2")
    told = cli("notice", "send", "--json", code=1).json
    assert told["trouble"].startswith("No mail server is set (DUECOURSE_SMTP_HOST)")
    assert told["waiting"] == {"queued": 1, "failed": 1}
    assert doctor(cli)["mail"] == (
        False, "no mail server (DUECOURSE_SMTP_HOST); 1 notices queued, 1 wait for a person",
    )  # fmt: skip
    with serving(MailServer()) as post:
        for name, value in reached_at(post).items():
            monkeypatch.setenv(f"DUECOURSE_{name.upper()}", str(value))
        assert doctor(cli)["mail"][0] is True
        told = cli("notice", "send", "--json").json
        assert told == {
            "taken": 1, "deferred": 0, "refused": 0, "waiting": {"queued": 0, "failed": 1}, "trouble": None,
        }  # fmt: skip
        assert post.recipients == ["erika@example.org"]
        assert "still queued" in cli("notice", "send").out
    assert doctor(cli)["mail"] == (
        False, "The mail server refused the connection. 0 notices queued, 1 wait for a person",
    )  # fmt: skip


def doctor(cli: CommandLine) -> dict[str, tuple[bool, str]]:
    return {one["check"]: (one["fine"], one["says"]) for one in cli("doctor", "--json", code=1).json}
