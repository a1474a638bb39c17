"""A customer is told fourteen days before, and only then the money is collected."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from gateway.runtime import Runtime
from mandates.invariants import INVARIANTS
from tests.conftest import Clock
from tests.factories.api import Caller
from tests.factories.books import debtor_iban
from tests.factories.journey import TODAY, Story
from tests.factories.letters import opened, part
from tests.factories.mail_server import MailServer, reached_at, serving
from tests.factories.processes import PATIENCE


def at_nine(clock: Clock, *day: int) -> None:
    clock.instant = datetime(*day, 8, tzinfo=UTC)  # type: ignore[misc]


def test_no_money_is_collected_before_the_customer_was_told(
    admin: Caller,
    erp: Caller,
    treasury: Caller,
    second_treasurer: Caller,
    runtime: Runtime,
    clock: Clock,
    work: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = Story(admin, erp, treasury, second_treasurer)
    terms = f"/v1/creditors/{story.creditor['id']}/terms"
    admin.client.patch(terms, json={"announced_by": "duecourse"}, headers=admin.headers).raise_for_status()
    who = erp.post("/v1/customers", {"name": "Erika Beispiel", "email": "erika@example.org", "country": "AT"})
    erp.post("/v1/mandates", {"customer_id": who["id"], "iban": debtor_iban(7), "signed_on": "2025-06-01"})
    bill = {
        "number": "RE-2026-0815", "customer_id": who["id"], "total_minor": 12_345, "issued_on": "2026-11-04",
        "due_on": str(TODAY),
    }  # fmt: skip
    invoice = erp.post("/v1/invoices", bill)
    erp.post("/v1/debits/due", {"due_until": str(TODAY)})

    refused = treasury.post("/v1/debit-batches", {}, status=422)
    assert refused["code"] == "nothing_to_collect"

    with serving(MailServer()) as post:
        for name, value in reached_at(post, smtp_timeout_seconds=float(PATIENCE)).items():
            monkeypatch.setattr(runtime.settings, name, value)
        work()
    (told,) = post.taken
    for said in ("123,45\xa0€", "Mittwoch, 2. Dezember 2026", "RE-2026-0815", "DE98ZZZ09999999999"):
        assert said in part(opened(told[1]), "plain")

    at_nine(clock, 2026, 12, 1)
    batch = treasury.post("/v1/debit-batches", {})
    second_treasurer.post(f"/v1/debit-batches/{batch['id']}/approve", status=200)
    second_treasurer.post(f"/v1/debit-batches/{batch['id']}/release", status=200)
    story.bank_answers(batch)
    work()

    assert story.status(invoice) == "paid_provisional"
    (debit,) = erp.all("/v1/debits", invoice_id=invoice["id"])
    assert (debit["collect_on"], debit["noticed_on"], debit["state"]) == (
        "2026-12-02",
        "2026-11-18",
        "collected",
    )
    (announced,) = (one for one in INVARIANTS if one.name == "debits_announced_in_time")
    with runtime.engine.connect() as connection:
        assert tuple(connection.exec_driver_sql(announced.sql).one()) == (1, 0)
